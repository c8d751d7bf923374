"""One has the turn, people have theirs in order, and who stops waiting keeps it from nobody."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.until import until
from workspace.history.turns import Turns


async def test_one_at_a_time_and_each_person_once_before_anybody_twice() -> None:
    turns, order, at_once = Turns(), list[str](), [0, 0]

    async def work(name: str) -> None:
        async with turns.turn(name[0]):
            order.append(name)
            at_once[0] += 1
            at_once[1] = max(at_once)
            await asyncio.sleep(0)
            at_once[0] -= 1

    await asyncio.gather(*(work(name) for name in ("v1", "v2", "v3", "o1", "a1")))
    assert order == ["v1", "v2", "o1", "a1", "v3"]
    assert at_once == [0, 1]


async def test_work_that_fails_leaves_the_turn_to_the_next() -> None:
    turns = Turns()
    with pytest.raises(ValueError, match="bad"):
        async with turns.turn("a"):
            raise ValueError("bad")
    async with asyncio.timeout(5), turns.turn("b"):
        pass


async def test_who_stops_waiting_leaves_the_turn_to_the_next() -> None:
    turns, order = Turns(), list[str]()
    door = asyncio.Event()

    async def hold(name: str) -> None:
        async with turns.turn(name):
            order.append(name)
            await door.wait()

    first, second, third = (asyncio.create_task(hold(name)) for name in "abc")
    await until(lambda: order == ["a"])
    second.cancel()
    await asyncio.wait((second,))
    door.set()
    await asyncio.gather(first, third)
    assert order == ["a", "c"]
    async with turns.turn("d"):
        pass


async def test_who_stops_just_as_the_turn_comes_passes_it_on() -> None:
    turns, order = Turns(), list[str]()

    async def hold(name: str) -> None:
        async with turns.turn(name):
            order.append(name)

    async with turns.turn("first"):
        second, third = asyncio.create_task(hold("b")), asyncio.create_task(hold("c"))
        await until(lambda: len(turns._waiting) == 2)
    second.cancel()
    await asyncio.wait((second, third))
    assert order == ["c"]
    assert not turns._is_busy
