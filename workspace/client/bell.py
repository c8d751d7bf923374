"""Waking whoever waits for a change: any number of waiters, woken by code that does not wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Bell:
    """Rung at each change. Who waits looks first, then waits, then looks again."""

    __slots__ = ("_rung",)

    def __init__(self) -> None:
        # Made by the first who waits: nobody waits for most things.
        self._rung: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake all who wait."""
        rung, self._rung = self._rung, None
        if rung is not None and not rung.done():
            rung.set_result(None)

    async def wait(self) -> None:
        """Wait until it is rung."""
        if self._rung is None:
            self._rung = asyncio.get_running_loop().create_future()
        # One future for all: who is cancelled must not cancel the others.
        await asyncio.shield(self._rung)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, looked at now and at each ring."""
        while not holds():
            await self.wait()
