"""The mailbox is bounded, keeps the order, and is worked off in turns."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.until import until
from workspace.errors import RoomClosed
from workspace.room import mailbox
from workspace.room.mailbox import JOBS_MAX, TURN_JOBS_MAX, Job, Mailbox


@pytest.fixture(autouse=True)
def _without_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that does other things takes its time: what ends a turn is how many jobs it had."""
    monkeypatch.setattr(mailbox, "TURN_SECONDS_MAX", 1e8)


class Owner:
    """Works a mailbox off as a room does; keeps what was done and what went wrong."""

    def __init__(self, *, is_idle: bool = False) -> None:
        self.turns, self.is_idle = 0, is_idle
        self.done: list[object] = []
        self.caught: list[BaseException] = []
        self.mailbox = Mailbox(turn=self.turn, caught=self.caught.append)

    def turn(self) -> None:
        self.turns += 1
        if self.is_idle:
            self.mailbox.skip_turn()
            return
        self.mailbox.drain()
        if len(self.mailbox):
            self.mailbox.schedule()

    def job(self, name: object) -> Job:
        return lambda: self.done.append(name)

    async def rest(self) -> None:
        await until(lambda: len(self.mailbox), lambda count: count == 0)


@given(counts=st.lists(st.integers(0, 2 * TURN_JOBS_MAX), max_size=5))
def test_jobs_are_done_in_order_in_turns_of_a_bounded_length(counts: list[int]) -> None:
    async def run() -> None:
        owner, expected = Owner(), list[int]()
        for count in counts:
            for at in range(count):
                assert owner.mailbox.try_post(owner.job(at))
            expected += range(count)
            await owner.rest()
        assert owner.done == expected
        assert owner.turns == sum(-(-count // TURN_JOBS_MAX) for count in counts), "one turn for what comes together"

    asyncio.run(run())


async def test_who_finds_it_full_waits_and_has_its_turn() -> None:
    owner = Owner(is_idle=True)
    for at in range(JOBS_MAX):
        assert owner.mailbox.try_post(owner.job(at))
    assert not owner.mailbox.try_post(owner.job("refused"))
    waiting = asyncio.create_task(owner.mailbox.post(owner.job("last")))
    await asyncio.sleep(0)
    assert not waiting.done()
    owner.is_idle = False
    owner.mailbox.schedule()
    await waiting
    await owner.rest()
    assert owner.done[-2:] == [JOBS_MAX - 1, "last"]
    assert len(owner.done) == JOBS_MAX + 1


async def test_who_waits_for_space_in_a_room_that_stops_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "JOBS_MAX", 1)
    owner = Owner(is_idle=True)
    assert owner.mailbox.try_post(owner.job("first"))
    waiting = asyncio.create_task(owner.mailbox.post(owner.job("second")))
    await asyncio.sleep(0)
    owner.mailbox.close()
    owner.mailbox.abandon()
    with pytest.raises(RoomClosed) as closed:
        await waiting
    assert closed.value.retry
    with pytest.raises(RoomClosed):
        await owner.mailbox.post(owner.job("third"))


async def test_what_a_job_raises_is_told_and_the_next_has_its_go() -> None:
    owner = Owner()
    owner.mailbox.try_post(lambda: {}["nothing"])  # type: ignore[misc]
    owner.mailbox.try_post(owner.job("next"))
    await owner.rest()
    assert [type(bug) for bug in owner.caught] == [KeyError]
    assert owner.done == ["next"]


async def test_a_job_that_closes_it_is_the_last() -> None:
    owner = Owner()
    owner.mailbox.try_post(owner.job("first"))
    owner.mailbox.try_post(owner.mailbox.close)
    owner.mailbox.try_post(owner.job("too late"))
    await owner.rest()
    assert owner.done == ["first"]


async def test_a_turn_is_called_once_for_what_comes_before_it() -> None:
    owner = Owner()
    for _ in range(3):
        owner.mailbox.schedule()
        owner.mailbox.try_post(owner.job("x"))
    assert owner.mailbox.is_scheduled
    await owner.rest()
    assert (owner.turns, owner.mailbox.is_scheduled) == (1, False)


class HandLoop:
    """A loop whose time is moved by hand."""

    def __init__(self) -> None:
        self.at = 0.0

    def time(self) -> float:
        return self.at

    def call_soon(self, turn: object) -> None:
        """Turns are called by the test."""


async def test_a_turn_ends_where_its_jobs_take_long_and_the_rest_keeps_its_place() -> None:
    done, loop = list[int](), HandLoop()
    slow = Mailbox(turn=lambda: None, caught=lambda bug: None)
    slow._loop = loop  # type: ignore[assignment]

    def job(number: int) -> None:
        done.append(number)
        loop.at += 1e9

    for number in range(4):
        assert slow.try_post(partial(job, number))
    for turn in range(1, 5):
        slow.drain()
        assert done == list(range(turn))
    assert len(slow) == 0
