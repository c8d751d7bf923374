"""A workspace from Python: stamps, acks, verdicts, questions, and a lane that outlives its sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.relay import Relay
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.client import (
    Disconnected,
    FellBehind,
    Message,
    Overdue,
    Refused,
    RoomClient,
    Unusable,
    connect,
    connect_document,
)


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

        followed = list[int]()

        async def follow() -> None:
            async for record in ana.log(after=2):
                followed.append(record["seq"])

        following = asyncio.create_task(follow())
        await (await ana.intent("set budget.n to 2")).verdict()
        await ana.until(lambda room: room.records[-1]["kind"] == "verdict")
        await server.registry.revoke("demo", actor="ana", token_id=None)
        with pytest.raises(Disconnected):
            await following
        assert followed == list(range(3, ana.seen + 1))
        assert ana.seen > last


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


async def test_a_client_knows_its_role_when_that_becomes_another() -> None:
    async with served("ana") as (server, (ana,)):
        await server.token("olga", "owner")
        assert ana.role == "editor"
        for role in ("viewer", "owner"):
            assert await server.registry.people.set_role("demo", "ana", role, by="olga") is None
            await ana.until(lambda room, role=role: room.role == role)


async def test_the_link_that_a_person_gets_opens_the_workspace() -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        link = f"{server.url}/w/demo#token={await server.token('ana')}"
        async with connect(link) as room, connect_document(link, "plan") as plan:
            assert room.actor == "ana"
            assert "fm_" not in repr(room)
            await (await room.intent('append "By link" to plan', doc="plan")).verdict()
            await plan.until(lambda client: "By link" in client.text())


async def test_an_intent_whose_author_stopped_waiting_is_done_once_and_the_next_has_the_next_number() -> None:
    async with served("ana") as (_, (ana,)):
        for at in range(5):
            waiting = asyncio.create_task(ana.intent(f"set budget.k{at} to {at}"))
            await until(lambda at=at: ana.n == at + 1)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        with pytest.raises(Refused):
            await ana.intent("x" * 9_000)
        last = await ana.intent("set budget.m to 2")
        assert last.n == 6
        await last.verdict()
        own = [r["body"]["n"] for r in ana.records if r["kind"] == "intent"]
        assert own == [1, 2, 3, 4, 5, 6]
        await ana.until(lambda room: sum(r["kind"] == "verdict" for r in room.records) == 6)
        assert ana._intents == {}, "what has ended is kept by its author alone"


async def test_an_author_who_stops_waiting_while_the_server_is_away_has_said_it_or_has_not() -> None:
    async with served() as (server, _):
        async with Relay(server.port) as relay:
            url, token = f"ws://127.0.0.1:{relay.port}/ws/demo", await server.token("ben")
            async with connect(url, token=token, away_seconds=30) as ben:
                first = await ben.intent("set budget.a to 1")
                relay.cut()
                await until(lambda: ben._socket is None)
                relay.is_open = False
                with pytest.raises(Overdue) as raised:
                    await ben.intent("set budget.b to 2", seconds=0.05)
                assert "not said" in raised.value.remedy
                relay.is_open = True
                second = await ben.intent("set budget.c to 3")
                await second.verdict()
                assert (first.n, second.n) == (1, 2)


async def test_an_answer_that_was_lost_is_asked_for_again_and_the_intent_is_done_once() -> None:
    async with served("ana") as (server, (ana,)):
        async with Relay(server.port) as relay:
            url, token = f"ws://127.0.0.1:{relay.port}/ws/demo", await server.token("ben")
            async with connect(url, token=token) as ben:
                for at in range(6):
                    relay.is_deaf = True  # from here on the server's words do not arrive
                    saying = asyncio.create_task(ben.intent(f"set budget.k{at} to {at}"))
                    await ana.until(lambda room, at=at: said_in(room) == at + 1)
                    relay.cut()
                    relay.is_deaf = False
                    assert ((await (await saying).verdict())["state"], (await saying).n) == ("done", at + 1)
                assert said_in(ben) == 6


def said_in(room: RoomClient) -> int:
    return sum(record["kind"] == "intent" and record["actor"] == "ben" for record in room.records)


async def test_whoever_waits_when_the_room_is_left_is_told_and_loops_end() -> None:
    async with served("ana") as (server, _):
        async with connect(f"{server.ws_url}/ws/demo", token=await server.token("ben")) as ben:
            asked = await ben.intent('ask "Which?"; set budget.n to 1')

            async def count(things: AsyncIterator[object]) -> int:
                return len([1 async for _ in things])

            waiting = [
                asyncio.create_task(work)
                for work in (
                    asked.verdict(), ben.until(lambda room: room.seen > 1_000), ben.caught_up(1_000),
                )
            ]  # fmt: skip
            loops = [asyncio.create_task(count(ben.log())), asyncio.create_task(count(ben.messages()))]
            await ben.until(lambda room: bool(room.open_questions))
        for error in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(error, Disconnected)
            assert error.code == "left"
        assert (await asyncio.gather(*loops))[0] == ben.seen
        with pytest.raises(Disconnected):
            await ben.intent("too late")


async def test_records_that_are_kept_no_more_come_from_the_server_again() -> None:
    async with served("ana") as (_, (ana,)):
        ana.records.count_max = 3
        for at in range(8):
            await (await ana.intent(f"set budget.k{at} to {at}")).verdict()
        last = ana.seen
        assert len(ana.records) == 3
        seqs = list[int]()
        async for record in ana.log():
            seqs.append(record["seq"])
            if record["seq"] == last // 2:  # more comes while somebody reads
                await (await ana.intent("set budget.m to 1")).verdict()
            if record["seq"] == ana.seen:
                break
        assert seqs == list(range(1, ana.seen + 1))
        assert ana.seen > last


async def test_who_knows_the_log_up_to_a_record_gets_the_rest_and_may_ask_for_what_was_before() -> None:
    async with served("ana") as (server, (ana,)):
        await (await ana.intent("set budget.n to 1")).verdict()
        url, token = f"{server.ws_url}/ws/demo", await server.token("ben")
        async with connect(url, token=token, seen=ana.seen) as ben:
            assert (ben.seen, ben.head, len(ben.records)) == (ana.seen, ana.seen, 0)
            past = [record["seq"] async for record in first(ben.log(), ana.seen)]
            assert past == list(range(1, ana.seen + 1))
        with pytest.raises(Disconnected) as raised:
            async with connect(url, token=token, seen=1_000):
                raise AssertionError("it was opened")
        assert raised.value.code == "log_shorter"
        for seen in (-1, 2**53):
            with pytest.raises(Unusable):
                RoomClient(url, token, seen=seen)


async def first(things: AsyncIterator[Message], count: int) -> AsyncIterator[Message]:
    async for thing in things:
        yield thing
        count -= 1
        if not count:
            return


async def test_messages_that_are_not_read_are_bounded_and_the_reader_is_told_how_many_are_missing() -> None:
    async with served("ana") as (_, (ana,)):
        ana._messages.count_max = 4
        messages = ana.messages()
        await (await ana.intent("set budget.n to 1")).verdict()
        begun = ana._messages.end
        with pytest.raises(FellBehind) as raised:
            async for _ in messages:
                pass
        assert raised.value.missed > 0
        assert begun > 4
        ana._messages.count_max = 100
        kinds, more = list[str](), ana.messages()
        await ana.intent("set budget.n to 2")
        async for message in more:
            kinds.append(message["type"])
            if "ack" in kinds:
                break
        assert "ack" in kinds
