"""Look at a room between two of its turns, from a task of one's own: readers beside the writer.

What a reader raises is the reader's: the room goes on. Only a turn of the sequencer that raises stops a room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from crdt.errors import BrokenDocument
from workspace.errors import RoomClosed, TurnFailed
from workspace.room.failures import place_of

T = TypeVar("T")


class Visited(Protocol):
    """What a visitor needs of a room."""

    stopped: asyncio.Future[None]

    async def post(self, job: Callable[[], object]) -> None:
        """Queue work for the room's loop."""

    def after_durable(self, job: Callable[[], object]) -> None:
        """Do something once everything before it is durable."""

    def doubt(self, bug: BaseException) -> None:
        """Have the documents looked at where somebody could not read one."""


async def visit(room: Visited, call: Callable[[], T]) -> T:
    """Run `call` in the room's loop and return its result once everything before it is durable.

    Raises:
        RoomClosed: the room stopped before the result was safe to show.
        Exception: what `call` raised.
    """
    future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def job() -> None:
        try:
            result = call()
        except (TurnFailed, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as bug:  # noqa: BLE001  a root: it is who asked that hears of it; a panic is no Exception
            room.doubt(bug)
            if not future.done():
                future.set_exception(bug if isinstance(bug, Exception) else BrokenDocument(place_of(bug)))
        else:
            room.after_durable(lambda: None if future.done() else future.set_result(result))

    await room.post(job)
    await asyncio.wait((future, room.stopped), return_when=asyncio.FIRST_COMPLETED)
    if not future.done():
        raise RoomClosed("the workspace is restarting", retry=True)
    return future.result()
