"""Long work in a thread, with rests that leave the event loop its turns.

A thread of Python holds the interpreter for 5 ms whenever the loop lets go of it, which a keystroke makes it do several
times. So work that is made of many small steps rests as long as it works: the loop finds the interpreter free.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
WORK_SECONDS, REST_SECONDS = 0.004, 0.004


async def with_rests(steps: Generator[None, None, T]) -> T:
    """Take all steps in a thread and return what they come to. Raises what they raise."""
    return await asyncio.to_thread(take_steps, steps)


def take_steps(steps: Generator[None, None, T]) -> T:
    """Take all steps here, resting in between; called in a thread of its own."""
    began = time.perf_counter()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        if time.perf_counter() - began >= WORK_SECONDS:
            time.sleep(REST_SECONDS)
            began = time.perf_counter()
