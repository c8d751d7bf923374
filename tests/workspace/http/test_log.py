"""The log over HTTP: read, followed, streamed as events, verified, redacted and decided again."""

from __future__ import annotations

import asyncio
import json
from unittest.mock import patch

import pytest

import workspace.intents.steps.commit_round as commit_round
from tests.support.http import WS, client_of, http, problem
from tests.support.until import until
from workspace.history.log_reads import READS_MAX
from workspace.intents.model.bodies import BODIES


async def test_the_log_is_read_in_parts_followed_and_streamed_as_events() -> None:
    async with http() as (_, client):
        lines = (await client.get(f"{WS}/log")).text.strip().split("\n")
        assert [json.loads(line)["seq"] for line in lines] == [1, 2]
        assert {json.loads(line)["kind"] for line in lines} <= set(BODIES)
        assert (await client.get(f"{WS}/log?kind=verdict")).text == ""
        seen: list[int] = []

        async def follow() -> None:
            async with client.stream("GET", f"{WS}/log?from=2&follow=true") as response:
                async for line in response.aiter_lines():
                    if line.strip():
                        seen.append(json.loads(line)["seq"])
                    if len(seen) == 5:
                        return

        following = asyncio.create_task(follow())
        await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.n to 1"})
        async with asyncio.timeout(20):
            await following
        assert seen == [2, 3, 4, 5, 6]
        events = await client.get(f"{WS}/log?to=4", headers={"accept": "text/event-stream", "last-event-id": "2"})
        assert [line for line in events.text.split("\n") if line.startswith("id:")] == ["id: 3", "id: 4"]


async def test_what_if_takes_some_fields_and_leaves_the_others() -> None:
    async with http() as (_, client):
        await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.food to 5"})
        order = {"mode": "what-if", "policy": {"human_edit": "ask"}}
        found = (await client.post(f"{WS}/replay", json=order)).json()
        assert found["mode"] == "what-if"
        assert "first" not in found["decisions"] or found["decisions"]["first"] is None
        assert "report" not in found
        unknown = await client.post(f"{WS}/replay", json={"mode": "what-if", "policy": {"quorum": 3}})
        problem(unknown, 400, "unknown_field")
        for policy in ({"vote_quorum": "many"}, {"chain": ["dice"]}, {"ask_seconds": 1e9}):
            refused = await client.post(f"{WS}/replay", json={"mode": "what-if", "policy": policy})
            problem(refused, 400, "malformed")
        problem(await client.post(f"{WS}/replay", json={"mode": "what-if"}), 400, "malformed")


@pytest.mark.damages_logs
async def test_an_audit_names_the_record_that_should_not_be() -> None:
    order = {
        "text": "set budget.food to 6",
        "expects": [{"doc": "budget", "path": ["food"], "equals": 1}],
    }
    async with http() as (_, client):
        with patch.object(commit_round, "unmet_expectation", lambda *args: None):
            done = (await client.post(f"{WS}/intents?wait=20", json=order)).json()
        assert done["state"] == "done"
        report = (await client.post(f"{WS}/replay", json={"mode": "audit"})).json()["report"]
        assert (report["ok"], report["code"]) == (False, "gate_breached")
        (breach,) = report["breaches"]
        assert breach["condition"] == "C5"
        assert breach["seq"] == report["first_bad"]
        assert "budget/food" in breach["reason"]
        assert not (await client.get(f"{WS}/verify")).json()["ok"]
        before = {"mode": "audit", "to": breach["seq"] - 1}
        assert (await client.post(f"{WS}/replay", json=before)).json()["report"]["ok"]


async def test_only_an_owner_takes_words_out_of_the_log_and_the_chain_stays_valid() -> None:
    async with http() as (server, client):
        done = (await client.post(f"{WS}/intents?wait=20", json={"text": 'append "4711 secret" to plan'})).json()
        problem(await client.post(f"{WS}/redact", json={"intent": done["id"]}), 403, "forbidden")
        async with client_of(server, "olga", "owner") as owner:
            problem(await owner.post(f"{WS}/redact", json={"intent": "i999"}), 404, "not_found")
            cut = (await owner.post(f"{WS}/redact", json={"intent": done["id"]})).json()
            assert cut["intent"] == done["id"]
            assert cut["records"] >= 1
        assert "4711" not in "".join(line for line in (await client.get(f"{WS}/log?kind=intent")).text.splitlines())
        assert (await client.get(f"{WS}/verify")).json()["ok"]


@pytest.mark.parametrize("last", ["²", "9" * 5_000, "x"])
async def test_an_event_id_that_is_none_begins_at_the_beginning(last: str) -> None:
    async with http() as (_, client):
        headers = {"accept": "text/event-stream", "last-event-id": last.encode("latin-1").decode("latin-1")}
        answer = await client.get(f"{WS}/log?to=1", headers={k: v.encode("latin-1") for k, v in headers.items()})
        assert [line for line in answer.text.split("\n") if line.startswith("id:")] == ["id: 1"]


async def test_a_kind_of_record_that_there_is_not_is_named() -> None:
    async with http() as (_, client):
        problem(await client.get(f"{WS}/log?kind=dance"), 400, "malformed")
        problem(await client.get(f"{WS}/log?from=0"), 400, "malformed")


async def test_those_who_verify_at_once_read_the_log_once_and_again_only_when_something_was_written() -> None:
    async with http("viewer") as (server, client), client_of(server, "eva") as editor:
        reads = server.registry.reads

        async def verified(count: int) -> list[dict[str, object]]:
            return [one.json() for one in await asyncio.gather(*(client.get(f"{WS}/verify") for _ in range(count)))]

        first = await verified(8)
        assert reads.folds == 1
        assert all(report == first[0] for report in first)
        assert await verified(1) == first[:1]
        assert reads.folds == 1
        await editor.put(f"{WS}/documents/more", json={"kind": "text"})
        again = await verified(2)
        assert reads.folds == 2
        assert all(report["head"] == 3 for report in again)


async def test_one_person_has_so_many_logs_read_at_once_and_others_are_read_for() -> None:
    async with http("viewer") as (server, client), client_of(server, "olga", "owner") as owner:
        asked = [{"mode": "what-if", "policy": {"ask_seconds": 30 + at}} for at in range(READS_MAX + 4)]
        async with server.registry.reads.turn("somebody"):
            posts = [asyncio.create_task(client.post(f"{WS}/replay", json=body)) for body in asked]
            await until(lambda: sum(post.done() for post in posts) == 4)
            refused = [post.result() for post in posts if post.done()]
            hers = asyncio.create_task(owner.get(f"{WS}/verify"))
            await until(lambda: "demo/olga" in server.registry.reads._waiting)
        for response in refused:
            problem(response, 429, "too_many_reads")
            assert response.headers["retry-after"]
        assert (await hers).status_code == 200
        assert [post.status_code for post in await asyncio.gather(*posts)].count(200) == READS_MAX
