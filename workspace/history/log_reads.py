"""Reads of whole logs, one at a time on a server: to verify, to decide again, to stand in the past, to take back.

Each costs as much as the log is long. Who asks for what somebody else has asked for already waits for the same answer,
and who asks again within ten seconds has the last one, as long as nothing was written since. People take turns: who
asks for much waits for the own reads, not others for theirs.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from workspace.errors import ReadsFull
from workspace.history.turns import Turns
from workspace.ports import Store
from workspace.tasks import Tasks

T = TypeVar("T")
Key = tuple[Hashable, ...]
KEPT_MAX, KEPT_SECONDS = 16, 10.0
# Of one person, those that wait included.
READS_MAX = 8


class LogReads(Turns):
    """Whose turn it is to read a whole log, what is being read, and what was read lately. `folds` counts reads."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.folds = 0
        self._reading: dict[Key, asyncio.Task[Any]] = {}
        self._of: Counter[str] = Counter()
        self._kept: dict[Key, tuple[float, Any]] = {}
        self._tasks = Tasks()

    async def close(self) -> None:
        """End every read that nobody can be told of any more."""
        await self._tasks.close()

    async def head(self, ws: str) -> Key:
        """Return what is another once anything was written to a workspace. One cheap read."""
        return (ws, *await self.store.head(ws))

    async def once(self, key: Key, person: str, read: Callable[[], Awaitable[T]], *, is_kept: bool = False) -> T:
        """Return what `read` returns for a key: now, with somebody who asks for the same, or lately where `is_kept`.

        A read goes on when who began it leaves: others may wait for it.

        Raises:
            ReadsFull: this person has eight reads under way.
        """
        kept = self._kept.get(key)
        if kept is not None and asyncio.get_running_loop().time() - kept[0] < KEPT_SECONDS:
            found: T = kept[1]
            return found
        reading = self._reading.get(key)
        if reading is None:
            if self._of[person] >= READS_MAX:
                raise ReadsFull(f"{READS_MAX} of your reads of whole logs are under way", retry=True)
            self._of[person] += 1
            work = self._read(key, person, read, is_kept=is_kept)
            reading = self._reading[key] = self._tasks.start(work, name=f"read {key[0]}", is_awaited=True)
        result: T = await asyncio.shield(reading)
        return result

    async def _read(self, key: Key, person: str, read: Callable[[], Awaitable[T]], *, is_kept: bool) -> T:
        try:
            async with self.turn(person):
                self.folds += 1
                found = await read()
            if is_kept:
                self._keep(key, found)
            return found
        finally:
            self._reading.pop(key, None)
            self._of[person] -= 1
            if not self._of[person]:
                del self._of[person]

    def _keep(self, key: Key, found: object) -> None:
        now = asyncio.get_running_loop().time()
        self._kept = {other: kept for other, kept in self._kept.items() if now - kept[0] < KEPT_SECONDS}
        while len(self._kept) >= KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = now, found
