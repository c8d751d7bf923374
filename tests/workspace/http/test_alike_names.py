"""No door gives anybody a new name with what nobody sees, or one that people would take for somebody else's."""

from __future__ import annotations

import httpx2
import pytest

from tests.support.http import WS, http, problem
from tests.support.server import running_server
from workspace.registry.people import refuse_new_name
from workspace.sockets.guests import open_identity

UNSEEN = (
    "Be\u034fn",
    "Ben\ufe0e",
    "B\ufe0fen",
    "Ana\u17b4",
    "Ana\U000e0100",
    "a\u034fgent",
    "agent\ufe0f",
    "Zoe\u2800",
)
MIXED = ("\u0412\u0435n", "\u0430gent", "\u043eperator")


@pytest.mark.parametrize("name", [*UNSEEN, *MIXED])
async def test_a_new_name_shows_each_character_in_one_script(name: str) -> None:
    async with http("owner") as (server, owner), httpx2.AsyncClient(base_url=server.url) as page:
        problem(await owner.post(f"{WS}/tokens", json={"actor": name, "role": "editor"}), 400, "malformed")
        problem(await owner.put(f"{WS}/config", json={"members": {name: "editor"}}), 400, "malformed")
        problem(await owner.patch("/api/me?ws=demo", json={"name": name}), 400, "malformed")
        key = (await owner.post(f"{WS}/invitations", json={"role": "editor"})).json()["invitation"]
        problem(await page.post("/api/invitation/accept", json={"invitation": key, "name": name}), 400, "malformed")
        assert open_identity(name, "guest-0011aaff").actor == "guest-0011aaff"


async def test_a_twin_of_a_known_name_is_taken_and_the_known_one_goes_on() -> None:
    async with http("owner") as (server, owner), httpx2.AsyncClient(base_url=server.url) as page:
        for name in ("Ben", "Cope"):
            assert (await owner.post(f"{WS}/tokens", json={"actor": name, "role": "editor"})).status_code == 201
        key = (await owner.post(f"{WS}/invitations", json={"role": "editor"})).json()["invitation"]
        for twin, known in (("ben", "Ben"), ("BEN", "Ben"), ("\u0421\u043e\u0440\u0435", "Cope")):
            refused = await owner.post(f"{WS}/tokens", json={"actor": twin, "role": "editor"})
            problem(refused, 409, "name_taken")
            assert known in refused.json()["detail"]
            accepted = await page.post("/api/invitation/accept", json={"invitation": key, "name": twin})
            problem(accepted, 409, "name_taken")
        assert (await owner.post(f"{WS}/tokens", json={"actor": "Ben", "role": "editor"})).status_code == 201


async def test_a_name_of_an_older_database_keeps_its_doors() -> None:
    async with running_server() as server, httpx2.AsyncClient(base_url=server.url) as client:
        await server.token("Ben", "owner")
        token = await server.token("Be\u034fn", "owner")
        mine = {"authorization": f"Bearer {token}"}
        again = await client.post(f"{WS}/tokens", json={"actor": "Be\u034fn", "role": "owner"}, headers=mine)
        assert again.status_code == 201
        same = await client.patch("/api/me?ws=demo", json={"name": "Be\u034fn", "colour": "#00ff00"}, headers=mine)
        assert same.json() == {"name": "Be\u034fn", "colour": "#00ff00"}


async def test_a_workspace_is_called_what_is_seen() -> None:
    async with http("owner", ws=None) as (_, owner):
        made = await owner.post("/api/workspaces", json={"id": "x", "name": "Pla\u034fn", "documents": {}})
        problem(made, 400, "malformed")
        problem(await owner.put(f"{WS}/config", json={"name": "Plan\u2800"}), 400, "malformed")
        assert (await owner.put(f"{WS}/config", json={"name": "Plan ☀\ufe0f"})).status_code == 200


def test_of_two_that_are_known_already_each_is_itself() -> None:
    assert refuse_new_name("ben", {"Ben", "ben"}) is None
    assert refuse_new_name("ben", {"Zoe"}, {"ben", "Ben"}) is None
    refusal = refuse_new_name("BEN", {"Zoe"}, {"ben"})
    assert refusal is not None
    assert refusal.code == "name_taken"
