"""A disk that outlives its servers: batches wait, become durable in order, and are lost or kept when a server dies."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from workspace.errors import Deposed, StoreFault
from workspace.intents.model.record import Row
from workspace.intents.model.segment import Segment
from workspace.ports import Batch, JournalRow, SwitchRow
from workspace.store.memory import MemoryStore
from workspace.store.segments import pack_rows, unpack

GROUP_MAX = 8
STALL_SHARE, STALL_SECONDS = 0.02, 1.5
FAULT_SHARE = 0.002
PACK_FAULT_SHARE = 0.1


class Disk(MemoryStore):
    """The store in memory, which packs: what is read of a packed segment has gone through its packed form."""

    def __init__(self) -> None:
        super().__init__()
        self.packed = 0

    async def pack(self, ws: str, epoch: int, segments: Sequence[Segment]) -> int:
        """Put what unpacking gives in the place of the rows. Raises `Deposed`, `SegmentCorrupt`."""
        kept, moved = self._kept(ws), 0
        if kept.row.epoch != epoch:
            raise Deposed(f"workspace {ws} was claimed by another server")
        for segment in segments:
            if segment.last > self.packed:
                span = slice(segment.first - 1, segment.last)
                kept.log[span] = unpack(pack_rows(kept.log[span], segment), segment)
                self.packed, moved = segment.last, moved + 1
        return moved

    def content(self, ws: str) -> tuple[list[Row], list[JournalRow]]:
        """Return what is on the disk."""
        kept = self._kept(ws)
        return kept.log, kept.journal


class Handle:
    """One server's connection to the disk: `workspace.ports.Store` with delays, faults and a sudden end.

    A dead handle answers nobody: what waited when it died was written up to some point, and nobody was told.
    """

    def __init__(
        self,
        disk: Disk,
        chance: random.Random,
        written: Callable[[Batch], None],
        claimed: Callable[[int], None],
        packing: Callable[[Sequence[Segment]], None],
    ) -> None:
        self._disk = disk
        self._chance = chance
        self._written = written
        self._claimed = claimed
        self._packing = packing
        self._waiting: deque[tuple[Batch, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.is_alive = True
        self.has_faults = True

    def submit(self, batch: Batch) -> asyncio.Future[None]:
        """Queue a batch; it is durable some milliseconds later, or a stalled disk's second."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.is_alive:
            self._waiting.append((batch, future))
            self._arm()
        return future

    def _arm(self) -> None:
        if self._timer is None and self._waiting and self.is_alive:
            slow = self._chance.random() < STALL_SHARE
            delay = self._chance.uniform(0.0002, STALL_SECONDS if slow else 0.006)
            self._timer = asyncio.get_running_loop().call_later(delay, self._flush)

    def _flush(self) -> None:
        """Write some of what waits and tell its owners."""
        self._timer = None
        for _ in range(min(GROUP_MAX, len(self._waiting))):
            batch, future = self._waiting.popleft()
            if self.has_faults and self._chance.random() < FAULT_SHARE:
                fault: StoreFault | None = StoreFault("the disk took nothing more")
            else:
                fault = self._write(batch)
            if future.done():
                continue
            if fault is not None:
                future.set_exception(fault)
            else:
                future.set_result(None)
        self._arm()

    def _write(self, batch: Batch) -> StoreFault | None:
        try:
            self._disk._append(batch)
        except StoreFault as fault:
            return fault
        self._written(batch)
        return None

    def die(self) -> None:
        """Stop for good: a part of what waited reached the disk, nobody learns which."""
        self.is_alive = False
        if self._timer is not None:
            self._timer.cancel()
        for _ in range(self._chance.randint(0, len(self._waiting))):
            batch, _ = self._waiting.popleft()
            if self._write(batch) is not None:
                break
        self._waiting.clear()

    async def pack(self, ws: str, epoch: int, segments: Sequence[Segment]) -> int:
        """Pack after a moment, unless the disk or the server fails first."""
        await asyncio.sleep(self._chance.uniform(0.0, 0.5))
        if not self.is_alive:
            await asyncio.Event().wait()
        if self._chance.random() < PACK_FAULT_SHARE:
            raise StoreFault("the disk packed nothing")
        self._packing(segments)
        return await self._disk.pack(ws, epoch, segments)

    async def switches(self) -> list[SwitchRow]:
        """Look at the switches, which is asked so often that it takes no time; never again once dead."""
        if not self.is_alive:
            await asyncio.Event().wait()
        return await self._disk.switches()

    def __getattr__(self, name: str) -> Any:
        """Every other method of the store, after a moment; never again once dead."""
        method = getattr(self._disk, name)

        async def call(*args: Any, **named: Any) -> Any:
            await asyncio.sleep(self._chance.uniform(0.0001, 0.004))
            if not self.is_alive:
                await asyncio.Event().wait()
            result = await method(*args, **named)
            if name == "take":
                self._claimed(result.epoch)
            return result

        return call


class WorldClock:
    """`workspace.ports.Clock` on the loop's time, with jumps; tokens come from the seed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, chance: random.Random) -> None:
        self._loop = loop
        self._chance = chance
        self.jumped = 0.0

    def now(self) -> float:
        """Return wall time in unix seconds."""
        return 1_700_000_000.0 + self._loop.time() + self.jumped

    def token(self, size: int) -> str:
        """Return `size` bytes as lower-case hex."""
        return self._chance.randbytes(size).hex()
