"""An event loop in a thread of its own, for programs that have none: they call, and wait for what comes back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

from workspace.client.faults import Disconnected

T = TypeVar("T")


class LoopThread:
    """A running loop. Any thread but its own may call; `close` ends what still runs, the loop and the thread."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        # A daemon: a program that ends in the middle of a block does not wait for a server.
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Have something done in the loop and return what comes of it. Who is interrupted here interrupts it there.

        Raises `Disconnected` after `close`, and what `work` raises.
        """
        if self._loop.is_closed() or threading.current_thread() is self._thread:
            work.close()
            if self._loop.is_closed():
                raise Disconnected("left", "The connection was left: this client closed it.")
            raise RuntimeError("within the client's own thread its loop would wait for itself: use `connect` there")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def look(self, at: Callable[[], T]) -> T:
        """Return what is seen in the loop, where nothing changes meanwhile."""

        async def look() -> T:
            return at()

        return self.call(look())

    def each(self, things: AsyncIterator[T]) -> Iterator[T]:
        """Yield each of what comes in the loop."""
        try:
            while True:
                try:
                    yield self.call(_next(things))
                except StopAsyncIteration:
                    return
        finally:
            if not self._loop.is_closed():
                self.call(_end(things))

    @contextmanager
    def entered(self, opened: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """Enter an asynchronous context in the loop, and leave it there."""
        entered = self.call(opened.__aenter__())
        try:
            yield entered
        except BaseException as error:
            self.call(_leave(opened, error))
            raise
        else:
            self.call(_leave(opened, None))

    def close(self) -> None:
        """End what still runs, then the loop and its thread."""
        if not self._loop.is_closed():
            self.call(_cancel_all())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


async def _next(things: AsyncIterator[T]) -> T:
    return await anext(things)


async def _end(things: AsyncIterator[T]) -> None:
    if hasattr(things, "aclose"):
        await things.aclose()


async def _leave(opened: AbstractAsyncContextManager[T], error: BaseException | None) -> None:
    try:
        await opened.__aexit__(type(error) if error else None, error, error.__traceback__ if error else None)
    except BaseException as raised:
        if raised is not error:
            raise


async def _cancel_all() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
