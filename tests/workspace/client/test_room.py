"""A workspace from Python: stamps, acks, verdicts, questions, and a lane that outlives its sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.server import Running, running_server
from workspace.client import Disconnected, Refused, RoomClient, connect
from workspace.client.dial import offer


@asynccontextmanager
async def served(*people: str, role: str = "editor") -> AsyncIterator[tuple[Running, list[RoomClient]]]:
    async with running_server(planner=BuiltinPlanner()) as server:
        rooms, opened = [], []
        try:
            for who in people:
                opened.append(connect(f"{server.ws_url}/ws/demo", token=await server.token(who, role)))
                rooms.append(await opened[-1].__aenter__())
            yield server, rooms
        finally:
            for connection in opened:
                await connection.__aexit__(None, None, None)


async def test_an_intent_carries_the_stamp_of_the_moment_it_was_begun() -> None:
    async with served("ana", "ben") as (_, (ana, ben)):
        begun = ana.compose()
        done = await ben.intent("set budget.n to 1")
        verdict = await done.verdict()
        await ana.until(lambda room: room.seen > done.seq)
        own = await ana.intent("set budget.m to 2")
        await own.verdict()
        stamps = {r["body"]["id"]: r["body"]["seen"] for r in ana.records if r["kind"] == "intent"}
        assert verdict["state"] == "done"
        assert stamps[own.id] == begun < done.seq
        later = await ana.intent("set budget.m to 3")
        await ana.caught_up(later.seq)
        assert next(r for r in ana.records if r["seq"] == later.seq)["body"]["seen"] >= own.seq


async def test_a_lane_lives_on_over_a_lost_socket_and_nothing_is_asked_twice() -> None:
    async with served("ana") as (_, (ana,)):
        lane, first = ana.lane, await ana.intent("set budget.n to 1")
        socket = ana._socket
        assert socket is not None
        await socket.close()
        second = await ana.intent("increase budget.n by 1")
        await second.verdict()
        assert (ana.lane, first.n, second.n) == (lane, 1, 2)
        seqs = [record["seq"] for record in ana.records]
        assert seqs == list(range(1, len(seqs) + 1)), "no record twice, none missing"


async def test_what_is_refused_is_not_counted() -> None:
    async with served("ana") as (_, (ana,)):
        with pytest.raises(Refused) as raised:
            await ana.intent("x" * 9_000)
        assert raised.value.code == "too_large"
        assert ana.n == 0
        assert (await (await ana.intent("set budget.n to 1")).verdict())["state"] == "done"
        with pytest.raises(Refused):
            await ana.acknowledge(["i999"])


async def test_a_question_is_open_until_it_is_answered() -> None:
    async with served("ana") as (_, (ana,)):
        asked = await ana.intent('ask "Which?"; set budget.n to 1')
        question = await ana.question()
        assert question["group"] == [asked.id]
        await ana.answer(question["id"], "this")
        assert (await asked.verdict())["state"] == "done"
        assert ana.open_questions == {}


async def test_past_records_come_first_and_then_those_that_come() -> None:
    async with served("ana") as (server, (ana,)):
        done = await ana.intent("set budget.n to 1")
        await done.verdict()
        last = ana.seen

        async def follow() -> list[int]:
            return [record["seq"] async for record in ana.log(after=2) if record["seq"] > last]

        following = asyncio.create_task(follow())
        await (await ana.intent("set budget.n to 2")).verdict()
        await ana.until(lambda room: room.records[-1]["kind"] == "verdict")
        await server.registry.revoke("demo", actor="ana", token_id=None)
        assert await following == list(range(last + 1, ana.seen + 1))


async def test_whoever_waits_when_the_socket_is_closed_for_good_is_told() -> None:
    async with served("ana") as (server, (ana,)):
        waiting = asyncio.create_task(ana.until(lambda room: room.seen > 1_000))
        await asyncio.sleep(0)
        await server.registry.revoke("demo", actor="ana", token_id=None)
        with pytest.raises(Disconnected) as raised:
            await waiting
        assert raised.value.status == 4401
        with pytest.raises(Disconnected):
            await ana.intent("set budget.n to 1")


async def test_a_workspace_that_is_not_ones_own_is_never_opened() -> None:
    async with running_server() as server:
        for url, token in ((f"{server.ws_url}/ws/demo", "fm_wrong"), (f"{server.ws_url}/ws/nowhere", None)):
            with pytest.raises(Disconnected) as raised:
                async with connect(url, token=token):
                    raise AssertionError("it was opened")
            assert 4400 <= raised.value.status < 4500


def test_a_token_is_offered_as_a_subprotocol_and_never_in_the_address() -> None:
    assert offer("fm_x") == ["folkmoot", "token.fm_x"]
    assert offer(None) == ["folkmoot"]


async def test_a_client_knows_its_role_when_that_becomes_another() -> None:
    async with served("ana") as (server, (ana,)):
        await server.token("olga", "owner")
        assert ana.role == "editor"
        for role in ("viewer", "owner"):
            assert await server.registry.people.set_role("demo", "ana", role, by="olga") is None
            await ana.until(lambda room, role=role: room.role == role)
