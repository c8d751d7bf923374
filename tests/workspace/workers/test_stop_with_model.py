"""A model is stopped in the middle of its work: the call is cancelled and accounted, nothing is paid twice."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tests.support.model import reply, scripted_model, use
from tests.support.server import Running, running_server
from workspace.client import connect
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import ConfigBody, OracleBody
from workspace.intents.model.calls import Shadow
from workspace.intents.model.events import Configured
from workspace.intents.model.record import read_row
from workspace.registry.switches import throw

LOOK = use("list_documents")
EDIT = use("insert", document="plan", insert_line=0, text="Once.")
DONE = use("finish", summary="Added a line.")
PLAN = [reply(LOOK, turn=1), reply(EDIT, turn=2), reply(DONE, turn=3)]


async def outcomes(server: Running) -> list[str]:
    """Return how the calls in the log ended, in order."""
    rows, _ = await read_all(server.registry.store, "demo")
    bodies = [read_row(row).body for row in rows]
    return [body.closed.outcome for body in bodies if isinstance(body, OracleBody) and body.closed is not None]


async def all_closed(server: Running, count: int) -> list[str]:
    async with asyncio.timeout(20):
        while len(found := await outcomes(server)) < count:
            await asyncio.sleep(0.01)
    return found


@pytest.mark.parametrize("turn", [1, 2, 3])
async def test_the_call_under_way_is_cancelled_and_what_was_answered_is_not_asked_again(turn: int) -> None:
    async with scripted_model(PLAN) as model:
        planner, asked, goes_on = model.planner(), asyncio.Event(), asyncio.Event()

        async def listen(now: str, _: dict[str, Any]) -> None:
            if now == "asked" and model.scripted.count == turn and not asked.is_set():
                asked.set()
                await goes_on.wait()

        model.scripted.listen = listen
        async with running_server(planner=planner) as server:
            room = await server.registry.room("demo")
            async with connect(f"{server.ws_url}/ws/demo", token=await server.token("Ana")) as ana:
                intent = await ana.intent("Add a line", doc="plan")
                await asked.wait()
                await throw(room, is_on=True, actor="owner", reason="look")
                assert await all_closed(server, turn) == ["ok"] * (turn - 1) + ["cancelled"]
                goes_on.set()
                await room.read(lambda: None)
                assert model.scripted.count == turn, "nobody asks while the agent is stopped"
                await throw(room, is_on=False, actor="owner")
                assert (await intent.verdict(20))["state"] == "done"
            assert model.scripted.count == 4, "one call more than without the stop: the one that was cut off"
            assert await outcomes(server) == ["ok"] * (turn - 1) + ["cancelled"] + ["ok"] * (4 - turn)
            report = verify(*await read_all(server.registry.store, "demo"))
            assert report.ok, report.reason


async def test_a_shadow_beside_the_users_path_is_stopped_too() -> None:
    replies = [reply(LOOK, turn=1), reply(EDIT, turn=2), reply(DONE, turn=3)]
    async with scripted_model(replies) as model:
        planner, asked, goes_on = model.planner(), asyncio.Event(), asyncio.Event()

        async def listen(now: str, request: dict[str, Any]) -> None:
            if now == "asked" and request["model"] == "candidate":
                asked.set()
                await goes_on.wait()

        model.scripted.listen = listen
        async with running_server(planner=planner) as server:
            room = await server.registry.room("demo")
            table = msgspec.structs.replace(planner._gateway.table, shadow=Shadow("candidate", 1.0))
            await room.submit(Configured("owner", ConfigBody(routes=table)))
            async with connect(f"{server.ws_url}/ws/demo", token=await server.token("Ana")) as ana:
                intent = await ana.intent("Add a line", doc="plan")
                assert (await intent.verdict(20))["state"] == "done"
                await asked.wait()
                await throw(room, is_on=True, actor="owner")
                assert await all_closed(server, 4) == ["ok"] * 3 + ["cancelled"]
            goes_on.set()
            report = verify(*await read_all(server.registry.store, "demo"))
            assert report.ok, report.reason
