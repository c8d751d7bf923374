"""Work that is done one piece at a time, by turns: who asks for much waits for the own, not others for theirs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Whose turn it is. More threads do not do more: they share Python's lock with the loop that all wait for."""

    __slots__ = ("_is_busy", "_waiting")

    def __init__(self) -> None:
        self._is_busy = False
        # Those who wait, by person; the first person is next.
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, person: str) -> AsyncIterator[None]:
        """Have the one turn there is; of those who wait each person has one before anybody has a second."""
        if self._is_busy:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(person, deque()).append(mine)
            try:
                await mine
            except BaseException:
                if mine.done() and not mine.cancelled():
                    self._pass_on()
                raise
        self._is_busy = True
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        assert self._is_busy, "a turn is passed on by who had it"
        while self._waiting:
            person = next(iter(self._waiting))
            theirs = self._waiting.pop(person)
            first = theirs.popleft()
            if theirs:
                self._waiting[person] = theirs
            if not first.done():
                first.set_result(None)
                return
        self._is_busy = False
