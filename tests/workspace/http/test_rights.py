"""The rules of rights over HTTP: shown, given, refused; and what a forged request does not change."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.support.http import WS, client_of, http, problem
from workspace.intents.model.role_rules import RULES_MAX

RIGHTS = f"{WS}/rights"
EVERYBODY: dict[str, Any] = {"group": "everyone", "role": "commenter"}


async def places(client: httpx2.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(RIGHTS)).json()["places"]
    return found


async def test_rules_are_given_by_place_and_taken_back_by_none() -> None:
    async with http("owner") as (_, client):
        zoe = {"actor": "zoe", "role": "editor"}
        given = await client.put(RIGHTS, json={"places": {"plan": [EVERYBODY, zoe], "prices/": [EVERYBODY]}})
        assert given.json()["places"] == {"plan": [EVERYBODY, zoe], "prices/": [EVERYBODY]}
        seq = (await client.get(WS)).json()["seq"]
        await client.put(RIGHTS, json={"places": {"plan": [EVERYBODY, zoe]}})
        assert (await client.get(WS)).json()["seq"] == seq, "the same again changes nothing"
        await client.put(RIGHTS, json={"places": {"plan": []}})
        assert await places(client) == {"prices/": [EVERYBODY]}
        log = (await client.get(f"{WS}/log?kind=config")).text
        assert '"rights":{"plan":[{"group":"everyone","role":"commenter"},{"actor":"zoe","role":"editor"}]' in log
        assert (await client.get(f"{WS}/verify")).json()["ok"]


async def test_a_rule_for_somebody_unknown_stands_and_says_so() -> None:
    async with http("owner") as (server, client):
        await server.token("Zoë", "editor")
        rules = [{"actor": name, "role": "viewer"} for name in ("Zoë", "zoë", "Yann", "ana")]
        given = (await client.put(RIGHTS, json={"places": {"plan": [*rules, EVERYBODY]}})).json()
        assert given["places"] == {"plan": [*rules, EVERYBODY]}
        near, far = given["notes"]
        assert near.startswith("Nobody called zoë is known here")
        assert "Zoë is" in near
        assert far == "Nobody called Yann is known here, so the rule is for whoever comes by that name."
        assert (await client.put(RIGHTS, json={"places": {"plan": [EVERYBODY]}})).json()["notes"] == []


async def test_everybody_reads_the_rules_and_what_they_are_where() -> None:
    async with http("owner") as (server, owner), client_of(server, "vic", "viewer") as vic:
        await owner.put(RIGHTS, json={"places": {"plan": [{"group": "viewer", "role": "editor"}]}})
        assert await places(vic) == await places(owner)
        here = (await vic.get(f"{RIGHTS}?document=plan")).json()["here"]
        assert (here["role"], here["id"]) == ("editor", "plan")
        assert here["reason"] == "vic is editor in plan, by the rule for every viewer at plan"
        assert (await vic.get(f"{RIGHTS}?document=budget")).json()["here"]["role"] == "viewer"
        problem(await vic.get(f"{RIGHTS}?document=nowhere"), 404, "not_found")
        problem(await vic.put(RIGHTS, json={"places": {"plan": []}}), 403, "forbidden")


@pytest.mark.parametrize(
    ("places_given", "status", "code"),
    [
        ({}, 400, "malformed"),
        ({"nowhere": [EVERYBODY]}, 404, "not_found"),
        ({"_x/": [EVERYBODY]}, 400, "bad_name"),
        ({"plan": [{"role": "owner", "actor": "zoe"}]}, 400, "malformed"),
        ({"plan": [{"role": "viewer"}]}, 400, "malformed"),
        ({"plan": [{"role": "viewer", "actor": "zoe", "group": "agent"}]}, 400, "malformed"),
        ({"plan": [{"role": "viewer", "actor": "agent"}]}, 400, "malformed"),
        ({"plan": [{"role": "viewer", "who": "zoe"}]}, 400, "unknown_field"),
        ({"plan": [{"role": "viewer", "actor": f"u{n}"} for n in range(RULES_MAX + 1)]}, 413, "too_large"),
    ],
)
async def test_what_is_no_rule_is_refused_and_nothing_is_changed(places_given: Any, status: int, code: str) -> None:
    async with http("owner") as (_, client):
        await client.put(RIGHTS, json={"places": {"budget": [EVERYBODY]}})
        problem(await client.put(RIGHTS, json={"places": {"a/": [EVERYBODY], **places_given}})
                if places_given else await client.put(RIGHTS, json={"places": {}}), status, code)  # fmt: skip
        assert await places(client) == {"budget": [EVERYBODY]}, "all of a request or nothing"


async def test_a_former_name_gives_no_rule_to_anybody() -> None:
    async with http("owner") as (_, client):
        await client.patch(f"{WS}/documents/plan", json={"name": "schedule"})
        refused = await client.put(RIGHTS, json={"places": {"plan": [EVERYBODY]}})
        problem(refused, 404, "not_found")
        assert "schedule" in refused.json()["detail"]
        await client.put(RIGHTS, json={"places": {"schedule": [EVERYBODY]}})
        assert list(await places(client)) == ["schedule"]
