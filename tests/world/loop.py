"""Time that is only counted: an asyncio event loop in which nothing waits and every run is the same.

Timers fire in order at once and move the clock; threads do not exist: what would go to one runs in place.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

SPINS_MAX = 50_000


class Stuck(RuntimeError):
    """Everybody waits and nothing will ever happen: a bug of the world or of what runs in it."""


class _Selector:
    """Stands where sockets would be waited for: there are none, so waiting means that the clock moves on."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._spins = 0

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Stuck("nothing is scheduled and nothing is ready")
        self._spins = 0 if timeout > 0 else self._spins + 1
        if self._spins > SPINS_MAX:
            raise Stuck("everybody is busy and time stands still")
        self._loop.now += timeout
        return []

    def get_map(self) -> dict[Any, Any]:
        return {}

    def close(self) -> None:
        return


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop on virtual time; `now` is seconds since it began."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._selector = _Selector(self)

    def time(self) -> float:
        return self.now

    def _process_events(self, event_list: list[Any]) -> None:
        return

    def _write_to_self(self) -> None:
        return

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """Run in place: the order of events then depends on nothing but the seed."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  as an executor would
            future.set_exception(error)
        return future


HOST: contextvars.ContextVar[set[asyncio.Task[Any]] | None] = contextvars.ContextVar("HOST", default=None)


def remember_tasks(loop: asyncio.AbstractEventLoop, coro: Any, *, context: Any = None) -> asyncio.Task[Any]:
    """Make a task and enter it with the process it belongs to, so that the process can be killed."""
    task = asyncio.Task(coro, loop=loop, context=context)
    kept = HOST.get() if context is None else context.get(HOST)
    if kept is not None:
        kept.add(task)
        task.add_done_callback(kept.discard)
    return task
