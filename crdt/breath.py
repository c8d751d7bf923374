"""Moments between the steps of long work, at which whoever has it done in a thread of its own may let others go on.

Python's threads share one interpreter: a loop that is asked something while a thread works has every second turn at
best. Work that takes long says so between its steps; what happens then is its caller's to say. By default nothing does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Each thread has its own.
_REST: ContextVar[Callable[[], None] | None] = ContextVar("rest", default=None)


def take_breath() -> None:
    """Let others go on, where what this thread works at is done so."""
    rest = _REST.get()
    if rest is not None:
        rest()


@contextmanager
def breathing(rest: Callable[[], None]) -> Iterator[None]:
    """Have `rest` called between the steps of what this thread does until the block is left."""
    token = _REST.set(rest)
    try:
        yield
    finally:
        _REST.reset(token)
