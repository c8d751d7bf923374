"""Background tasks with an owner: each has a name, its error is told at its root, and its owner ends and awaits it.

The one place below the endpoints where tasks are made. A task that nobody owns dies unheard: its error is told when the
collector comes, or never, and what it holds goes on behind the end of its room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any, TypeVar

from workspace.errors import WorkspaceFault
from workspace.telemetry import LOGGER

T = TypeVar("T")
NONE: frozenset[asyncio.Task[Any]] = frozenset()


class Tasks:
    """The tasks of one owner. How many there may be is for the owner to say."""

    __slots__ = ("_running",)

    def __init__(self) -> None:
        # A room has four owners, most of them idle: an empty set is 216 bytes.
        self._running: set[asyncio.Task[Any]] | frozenset[asyncio.Task[Any]] = NONE

    def __len__(self) -> int:
        return len(self._running)

    def __iter__(self) -> Iterator[asyncio.Task[Any]]:
        return iter(tuple(self._running))

    def start(self, work: Coroutine[Any, Any, T], *, name: str, is_awaited: bool = False) -> asyncio.Task[T]:
        """Begin `work` and return its task; an error is logged unless somebody awaits it and hears of it there."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        if isinstance(self._running, frozenset):
            self._running = set()
        self._running.add(task)
        task.add_done_callback(partial(self._ended, is_awaited=is_awaited))
        return task

    async def close(self) -> None:
        """Cancel every task and wait until all are gone; the one that calls is left out."""
        here = asyncio.current_task()
        while others := [task for task in self._running if task is not here]:
            for task in others:
                task.cancel()
            await asyncio.wait(others)

    def _ended(self, task: asyncio.Task[Any], *, is_awaited: bool) -> None:
        assert isinstance(self._running, set), "what ends was started"
        self._running.discard(task)
        if not self._running:
            self._running = NONE
        error = None if task.cancelled() else task.exception()
        if error is None or is_awaited:
            return
        if isinstance(error, WorkspaceFault):
            LOGGER.error("%s: %s: %s", task.get_name(), error.code, error.reason)
        else:
            LOGGER.error("%s broke", task.get_name(), exc_info=error)
