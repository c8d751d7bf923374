"""A provider that is made on first need: once, beside the loop, and closed where it was made."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from agent.gateway.assembly import Assembly, StreamPart
from agent.gateway.call import Call, Reply
from agent.gateway.provider import LateProvider, Provider
from tests.agent.gateway.test_call import CALL
from workspace.intents.model.calls import CallUsage

REPLY = Reply(({"type": "text", "text": "ok"},), "end_turn", CallUsage(1, 1))


class Made:
    """A provider that counts."""

    def __init__(self) -> None:
        self.sent = self.closed = 0

    async def send(self, call: Call, model: str, assembly: Assembly, on_part: Callable[[StreamPart], None]) -> Reply:
        self.sent += 1
        return REPLY

    async def close(self) -> None:
        self.closed += 1


async def test_many_first_calls_make_it_once_and_not_on_the_loop() -> None:
    made, threads = Made(), list[int]()

    def make() -> Provider:
        threads.append(threading.get_ident())
        return made

    late = LateProvider(make)
    await asyncio.gather(*(late.send(CALL, "m", Assembly(), lambda _: None) for _ in range(5)))
    assert made.sent == 5
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()
    await late.close()
    assert made.closed == 1


async def test_what_was_never_needed_is_never_made() -> None:
    def make() -> Provider:
        raise AssertionError("it was made")

    await LateProvider(make).close()


async def test_who_gives_up_waiting_does_not_stop_the_others() -> None:
    go, made = threading.Event(), Made()

    def make() -> Provider:
        go.wait(10)
        return made

    late = LateProvider(make)
    first, second = (asyncio.create_task(late.send(CALL, "m", Assembly(), lambda _: None)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go.set()
    assert await second is REPLY
