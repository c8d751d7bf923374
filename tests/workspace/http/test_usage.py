"""What models have cost a workspace, and what was said in each call, over HTTP."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.support.http import WS, client_of, http, problem
from tests.support.model import reply, scripted_model, use
from tests.support.server import running_server
from tests.support.until import until


async def test_a_call_is_read_back_whole_and_its_cost_adds_up() -> None:
    replies = [reply(use("insert", document="plan", insert_line=0, text="Hello."), turn=1),
               reply(use("finish", summary="Wrote."), turn=2)]  # fmt: skip
    async with scripted_model(replies) as model, running_server(planner=model.planner()) as server:
        async with client_of(server, "ana") as client:
            assert (await client.get(f"{WS}/usage")).json()["total"]["calls"] == 0
            done = (await client.post(f"{WS}/intents?wait=20", json={"text": "Greet them"})).json()
            assert done["state"] == "done"
            account = (await client.get(f"{WS}/usage")).json()
            assert account["total"]["calls"] == 2 == sum(line["calls"] for line in account["by_model"].values())
            records = [json.loads(line) for line in (await client.get(f"{WS}/log?kind=oracle")).text.splitlines()]
            calls = [f"k{record['seq']}" for record in records if record["body"]["oracle"] == "call_opened"]
            assert len(calls) == 2
            whole = [(await client.get(f"{WS}/calls/{call}")).json() for call in calls]
            for sent, read in zip(model.scripted.calls, whole, strict=True):
                assert read["closed"]["outcome"] == "ok"
                assert read["request"]["model"] == sent["model"]
                assert read["request"]["max_tokens"] == sent["max_tokens"]
                assert len(read["request"]["messages"]) == len(sent["messages"])
            names = [block["name"] for read in whole for block in read["response"]["content"]]
            assert names == ["insert", "finish"]


async def test_of_two_calls_at_once_each_has_its_own_end() -> None:
    done = use("finish", summary="Nothing to do.")
    replies = [reply(done, when_text="slow", latency_ms=600), reply(done, when_text="fast")]
    async with scripted_model(replies) as model, running_server(planner=model.planner()) as server:
        async with client_of(server, "ana") as client, client_of(server, "ben") as other:
            slow = asyncio.create_task(client.post(f"{WS}/intents?wait=20", json={"text": "slow"}))
            await until(lambda: model.scripted.calls)
            fast = await other.post(f"{WS}/intents?wait=20", json={"text": "fast"})
            for given in (await slow, fast):
                intent = given.json()["id"]
                records = [json.loads(line) for line in (await client.get(f"{WS}/log?kind=oracle")).text.splitlines()]
                (call,) = [r["seq"] for r in records if intent in r["body"].get("opened", {}).get("intents", ())]
                read = (await client.get(f"{WS}/calls/k{call}")).json()
                assert read["closed"]["call"] == f"k{call}"


@pytest.mark.parametrize("call", ["k1", "k999", "x1", "k", "k1x", "k²", "k" + "9" * 17])
async def test_what_is_no_call_is_not_found(call: str) -> None:
    async with http() as (_, client):
        problem(await client.get(f"{WS}/calls/{call}"), 404, "not_found")
