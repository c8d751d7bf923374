"""A socket that follows the log has every record once, in order, from where it was."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from tests.support.until import until
from tests.workspace.room.stage import Stage, messages, stage
from workspace.errors import StoreFault
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured
from workspace.protocol.messages import Hello
from workspace.room import log_follow
from workspace.room.lane_grant import LaneGrant


async def write(one: Stage, *names: str) -> None:
    for name in names:
        await one.room.submit(Configured("olga", ConfigBody(name=name)))


def records(told: list[dict[str, object]]) -> list[object]:
    return [message["seq"] for message in told if message["type"] == "record"]


@pytest.mark.parametrize("seen", [0, 2, 5])
async def test_who_comes_late_has_the_log_from_there_and_every_record_after(
    seen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_follow, "PAGE_ROWS", 2)
    async with stage() as one:
        await write(one, *"abcd")
        peer = await one.follow(seen=seen)
        await write(one, *"ef")
        told = messages(peer)
        assert records(told) == list(range(seen + 1, one.room.durable_seq + 1))
        kinds = [message["type"] for message in told]
        assert kinds[0] == "welcome"
        assert kinds[kinds.index("board") - 1] in ("record", "welcome"), "the board comes once the log is there"


async def test_what_is_written_while_somebody_catches_up_is_neither_lost_nor_doubled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stage() as one:
        await write(one, *"abc")
        read, asked, goes_on = one.store.rows, asyncio.Event(), asyncio.Event()

        async def slowly(*args: object, **more: object) -> object:
            found = await read(*args, **more)  # type: ignore[arg-type]
            asked.set()
            await goes_on.wait()
            return found

        monkeypatch.setattr(one.store, "rows", slowly)
        peer = await one.join("ana", None)
        await one.room.read(lambda: one.room.hub.welcome(peer, Hello(), LaneGrant("Lana", "s")))
        await asked.wait()
        await write(one, *"de")
        assert records(messages(peer)) == [], "the log comes first"
        goes_on.set()
        await until(lambda: peer.following == "live")
        await write(one, "f")
        assert records(messages(peer)) == list(range(1, one.room.durable_seq + 1))


async def test_nothing_is_followed_before_it_is_durable() -> None:
    async with stage() as one:
        peer = await one.follow()
        messages(peer)
        one.store.is_held = True
        writing = asyncio.create_task(write(one, "a"))
        await until(lambda: one.store.waiting)
        assert records(messages(peer)) == []
        one.store.write()
        await writing
        assert records(messages(peer)) == [one.room.durable_seq]


async def test_a_second_socket_of_a_lane_that_asks_for_no_records_has_none() -> None:
    async with stage() as one:
        peer = await one.follow(follow=False)
        await write(one, "a")
        assert [message["type"] for message in messages(peer)] == ["welcome"]


async def test_a_lane_may_claim_what_it_was_sent_and_no_more() -> None:
    async with stage() as one:
        log, top = one.room.hub.log, one.room.durable_seq
        await one.follow("ben", seen=top + 1_000, follow=False)
        assert log.delivered["Lben"] == top, "nobody has seen what is not there"
        await one.follow("ana")
        await write(one, "a")
        assert log.delivered["Lana"] == one.room.durable_seq
        assert log.delivered["Lben"] == top


async def test_a_store_that_fails_closes_the_socket_that_catches_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage() as one:

        async def fails(*args: object, **more: object) -> None:
            raise StoreFault("no disk")

        monkeypatch.setattr(one.store, "rows", fails)
        peer = await one.join("ana", None)
        await one.room.read(lambda: one.room.hub.welcome(peer, Hello(), LaneGrant("L1", "s")))
        await until(lambda: peer.closing is not None)
        assert peer.closing is not None
        assert (peer.closing.status, peer.closing.code) == (1012, "store_fault")
        monkeypatch.undo()


async def test_who_has_left_is_told_nothing_more() -> None:
    async with stage() as one:
        peer = await one.follow()
        messages(peer)
        await one.room.read(lambda: one.room.hub.leave(peer))
        await write(one, "a")
        assert messages(peer) == []


async def test_whoever_comes_with_many_sockets_has_one_share_of_time_for_their_logs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page costs what it takes; who has used up theirs waits, and somebody else has the log at once."""
    monkeypatch.setattr(log_follow, "PAGE_ROWS", 2)
    async with stage() as one:
        await write(one, *"abcdefgh")
        work, slept, go_on = one.room.hub.work, list[float](), asyncio.Event()
        spent = dict.fromkeys(("ana", "ben"), 0)

        def spend(actor: str, seconds: float) -> None:
            spent[actor] += 1

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            await go_on.wait()

        monkeypatch.setattr(type(work), "spend", lambda _, actor, seconds: spend(actor, seconds))
        monkeypatch.setattr(
            type(work), "wait", lambda _, actor: 0.5 if spent[actor] >= 2 and not go_on.is_set() else 0.0
        )
        monkeypatch.setattr(log_follow, "asyncio", SimpleNamespace(sleep=sleep, Lock=asyncio.Lock))
        anas = []
        for number in range(3):
            peer = await one.join("ana", None)
            grant = LaneGrant(f"Lana{number}", "s")
            await one.room.read(lambda peer=peer, grant=grant: one.room.hub.welcome(peer, Hello(), grant))  # type: ignore[misc]
            anas.append(peer)
        await until(lambda: len(slept) == 3)
        assert spent["ana"] == 2, "two pages for all three sockets"
        spent["ben"] = -100
        bens = await one.join("ben", None)
        await one.room.read(lambda: one.room.hub.welcome(bens, Hello(), LaneGrant("Lben", "s")))
        await until(lambda: bens.following == "live")
        assert [peer.following for peer in anas] == ["catching_up"] * 3
        go_on.set()
        await until(lambda: all(peer.following == "live" for peer in anas))
        for peer in (*anas, bens):
            assert records(messages(peer)) == list(range(1, one.room.durable_seq + 1))
