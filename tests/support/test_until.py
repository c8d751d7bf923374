"""Waiting ends when the state is there, and says what was awaited where it never comes."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.support.until import until, until_blocking


async def test_what_is_so_already_is_returned_without_a_pause() -> None:
    assert await until(lambda: "here", seconds=0.0) == "here"


async def test_what_comes_later_is_returned_as_it_was_seen() -> None:
    seen: list[int] = []
    asyncio.get_running_loop().call_later(0.01, seen.append, 7)
    assert await until(lambda: list(seen)) == [7]
    asyncio.get_running_loop().call_later(0.01, seen.append, 8)
    assert await until(lambda: list(seen), lambda numbers: len(numbers) == 2) == [7, 8]


async def test_a_look_may_be_awaited() -> None:
    numbers = iter(range(100))

    async def look() -> int:
        return next(numbers)

    assert await until(look, lambda number: number > 20) == 21


async def test_what_never_comes_is_told_with_what_was_seen_last() -> None:
    state = "queued"
    with pytest.raises(AssertionError) as failed:
        await until(lambda: state, lambda found: found == "done", seconds=0.01)
    told = str(failed.value)
    assert 'found == "done"' in told
    assert "within 0.01 s" in told
    assert told.endswith("seen last: 'queued'")


async def test_a_look_that_hangs_ends_with_the_deadline() -> None:
    async def hangs() -> bool:
        await asyncio.Event().wait()
        return True

    with pytest.raises(AssertionError, match=r"hangs.*\nthe first look did not return"):
        await until(hangs, seconds=0.01)


async def test_what_a_look_raises_is_raised_and_a_timeout_of_its_own_too() -> None:
    for error in (KeyError("gone"), TimeoutError("of the database")):

        def look(error: Exception = error) -> bool:
            raise error

        with pytest.raises(type(error), match=str(error)):
            await until(look)


def test_a_thread_waits_the_same_way() -> None:
    happened = threading.Event()
    threading.Timer(0.01, happened.set).start()
    assert until_blocking(happened.is_set) is True
    with pytest.raises(AssertionError, match=r"not within 0 s: .*\nseen last: 3") as failed:
        until_blocking(lambda: 3, lambda number: number > 3, seconds=0.0)
    assert "number > 3" in str(failed.value)
