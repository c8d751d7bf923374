"""A loop in a thread does what is called in it, hands back what comes of it, and ends with all that it runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from workspace.client.faults import Disconnected
from workspace.client.loop_thread import LoopThread


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    before = threading.active_count()
    made = LoopThread("of the test")
    assert threading.active_count() == before + 1
    yield made
    made.close()
    made.close()
    assert threading.active_count() == before, "it ended"


async def word() -> str:
    return threading.current_thread().name


async def wrong() -> None:
    raise KeyError("it")


def test_what_is_called_is_done_there_and_comes_back(thread: LoopThread) -> None:
    assert thread.call(word()) == "of the test"
    with pytest.raises(KeyError):
        thread.call(wrong())
    assert thread.look(threading.current_thread) is not threading.current_thread()


def test_things_come_one_by_one_and_who_stops_ends_them(thread: LoopThread) -> None:
    ended = list[int]()

    async def numbers() -> AsyncIterator[int]:
        try:
            for at in range(3):
                yield at
        finally:
            ended.append(1)

    assert list(thread.each(numbers())) == [0, 1, 2]
    some = thread.each(numbers())
    assert next(some) == 0
    some.close()  # type: ignore[attr-defined]
    assert ended == [1, 1]


def test_a_context_is_entered_and_left_there_with_the_error_that_ends_it(thread: LoopThread) -> None:
    told = list[object]()

    @asynccontextmanager
    async def block() -> AsyncIterator[str]:
        try:
            yield await word()
        except KeyError as error:
            told.append(error)
            raise
        finally:
            told.append(await word())

    with thread.entered(block()) as entered:
        assert entered == "of the test"
    with pytest.raises(KeyError) as raised, thread.entered(block()):
        raise KeyError("it")
    assert told == ["of the test", raised.value, "of the test"]


def test_who_calls_when_it_is_closed_is_told_and_what_ran_has_ended() -> None:
    thread, ended = LoopThread("of the test"), list[int]()

    async def last() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    async def begin() -> None:
        tasks.append(asyncio.get_running_loop().create_task(last()))
        await asyncio.sleep(0)

    tasks = list[asyncio.Task[None]]()
    thread.call(begin())
    thread.close()
    assert ended == [1]
    with pytest.raises(Disconnected) as raised:
        thread.call(word())
    assert raised.value.code == "left"


def test_within_its_own_thread_it_says_that_it_would_wait_for_itself(thread: LoopThread) -> None:
    with pytest.raises(RuntimeError, match="own thread"):
        thread.look(lambda: thread.call(word()))
