"""The one way in which a test waits: for a state that can be looked at, with a deadline.

Who waits says what is looked at and when it is enough; a failure says both, and what was seen last. A test that sleeps
for a time instead is too slow on a fast machine and wrong on a slow one.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar, overload

T = TypeVar("T")
WAIT_SECONDS = 20.0
# The first looks are a turn of the loop apart: what happens inside the process has happened by then.
TURNS = 10
PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX = 0.001, 0.05
SHOWN = 2_000


@overload
async def until(
    look: Callable[[], Awaitable[T]], holds: Callable[[T], object] = bool, *, seconds: float = WAIT_SECONDS
) -> T: ...


@overload
async def until(look: Callable[[], T], holds: Callable[[T], object] = bool, *, seconds: float = WAIT_SECONDS) -> T: ...


async def until(
    look: Callable[[], Any], holds: Callable[[Any], object] = bool, *, seconds: float = WAIT_SECONDS
) -> Any:
    """Look until what is seen holds, and return it. `look` may be a coroutine function; what it raises is raised.

    Raises:
        AssertionError: it did not hold in time.
    """
    seen: list[Any] = []
    try:
        async with asyncio.timeout(seconds) as deadline:
            for pause in _pauses():
                found = look()
                seen[:] = [await found if inspect.isawaitable(found) else found]
                if holds(seen[0]):
                    return seen[0]
                await asyncio.sleep(pause)
    except TimeoutError:
        if not deadline.expired():
            raise
    raise AssertionError(_told(look, holds, seen, seconds))


def until_blocking(look: Callable[[], T], holds: Callable[[T], object] = bool, *, seconds: float = WAIT_SECONDS) -> T:
    """Do the same where there is no event loop."""
    end = time.monotonic() + seconds
    seen: list[T] = []
    for pause in _pauses():
        seen[:] = [look()]
        if holds(seen[0]):
            return seen[0]
        if time.monotonic() >= end:
            break
        time.sleep(pause)
    raise AssertionError(_told(look, holds, seen, seconds))


def _pauses() -> Iterator[float]:
    yield from [0.0] * TURNS
    pause = PAUSE_SECONDS_MIN
    while True:
        yield pause
        pause = min(2 * pause, PAUSE_SECONDS_MAX)


def _told(look: Callable[..., object], holds: Callable[..., object], seen: list[Any], seconds: float) -> str:
    awaited = [_source(look)]
    # Two lambdas of one call stand in the same lines.
    if holds is not bool and _source(holds) not in awaited:
        awaited.append(_source(holds))
    last = f"seen last: {repr(seen[0])[:SHOWN]}" if seen else "the first look did not return"
    return f"not within {seconds:g} s: {' … '.join(awaited)}\n{last}"


def _source(function: Callable[..., object]) -> str:
    """Return the lines in which a function is written, or its name."""
    try:
        return " ".join(inspect.getsource(function).split())
    except (OSError, TypeError):
        return getattr(function, "__qualname__", repr(function))
