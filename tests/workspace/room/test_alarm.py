"""One timer, at the earliest of the times it was set to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.world.loop import VirtualLoop
from workspace.room.alarm import Alarm


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run on time that is only counted."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work)


@given(times=st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_it_rings_once_at_the_earliest_time_and_may_be_set_again(times: list[int]) -> None:
    async def play() -> None:
        loop, rung = asyncio.get_running_loop(), list[float]()
        alarm = Alarm(lambda: rung.append(loop.time()))
        for at in times:
            alarm.set(at)
        await asyncio.sleep(60)
        assert rung == [min(times)]
        alarm.set(100)
        await asyncio.sleep(60)
        assert rung == [min(times), 100]

    run(play())


def test_an_alarm_that_is_cancelled_does_not_ring() -> None:
    async def play() -> None:
        rung = list[int]()
        alarm = Alarm(lambda: rung.append(1))
        alarm.cancel()
        alarm.set(5)
        alarm.cancel()
        await asyncio.sleep(10)
        assert rung == []

    run(play())
