"""Work that computes for long, in a thread beside the event loop, which has its turns all the same.

A thread of Python holds the interpreter for as long as a turn lasts whenever the loop lets go of it, which a keystroke
makes it do several times. So turns are short while something computes beside the loop, and what computes rests as
long as it works: the loop finds the interpreter free. Long work says itself where it may rest (`crdt.breath`): between
two structs of an update, two values of a document, two records of a log.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from crdt.breath import breathing

T = TypeVar("T")
P = ParamSpec("P")
WORK_SECONDS, REST_SECONDS = 0.004, 0.004
# Half a millisecond: a loop that nobody computes beside would lose a fifth of what it can do by them (decision 125).
SHORT_TURN_SECONDS = 0.0005


class _Turns:
    """How many compute beside the loop now, and how long turns are while nobody does."""

    computing = 0
    usual = 0.0


async def compute(call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """Return what a call comes to that computes for long, made in a thread. Raises what it raises."""
    with short_turns():
        return await asyncio.to_thread(_breathe, partial(call, *args, **more))


def _breathe(call: Callable[[], T]) -> T:
    with breathing(_rests()):
        return call()


def _rests() -> Callable[[], None]:
    """Return what rests, called between two steps, once there was work for a while."""
    began = time.perf_counter()

    def rest() -> None:
        nonlocal began
        if time.perf_counter() - began >= WORK_SECONDS:
            time.sleep(REST_SECONDS)
            began = time.perf_counter()

    return rest


@contextmanager
def short_turns() -> Iterator[None]:
    """Let Python's threads take short turns until the block is left; called in the thread of the loop."""
    if _Turns.computing == 0:
        _Turns.usual = sys.getswitchinterval()
        sys.setswitchinterval(min(_Turns.usual, SHORT_TURN_SECONDS))
    _Turns.computing += 1
    try:
        yield
    finally:
        _Turns.computing -= 1
        if _Turns.computing == 0:
            sys.setswitchinterval(_Turns.usual)
