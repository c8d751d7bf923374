"""Take away files that nothing names any more, and what is left of uploads that never ended.

A file is looked at once its days are over since it was brought in or last found named: if something names it, it has
its days again; if nothing does, its bytes go. So it is there for `blob_days_max` days at least after it was named last,
which is also as far back as what documents named in the past is sure to be there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from workspace.errors import WorkspaceFault
from workspace.history.blob_names import names_in_log
from workspace.history.log_reads import LogReads
from workspace.intents.model.blobs import Losses
from workspace.ports import Clock, Store
from workspace.registry.blob_names import LivingNames
from workspace.room.room import Room
from workspace.settings import Settings
from workspace.telemetry import LOGGER, Metrics

SWEEP_SECONDS = 300.0
DAY_SECONDS = 86_400
# Of one sweep.
FILES_MAX = 200
SWEEPER = "the sweeper of files"


class BlobSweeper:
    """Looks every five minutes at what is due. `rooms` are the open ones; no workspace is opened for it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        reads: LogReads,
        rooms: Mapping[str, Room],
        names: LivingNames,
        *,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._clock = clock
        self._reads = reads
        self._rooms = rooms
        self._names = names
        self._settings = settings
        self._metrics = metrics

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except WorkspaceFault as fault:
                LOGGER.error("files are not swept: %s", fault.reason)

    async def sweep(self) -> int:
        """Take away what is due; return how many files."""
        now = self._clock.now()
        # One that still comes in is younger, whatever its clock: nothing takes longer than this.
        await self._store.end_uploads(now - 2 * self._settings.upload_seconds_max)
        before = now - self._settings.blob_days_max * DAY_SECONDS
        due: dict[str, list[str]] = {}
        for ws, sha in await self._store.idle_blobs(before, FILES_MAX):
            due.setdefault(ws, []).append(sha)
        lost = [await self._sweep(ws, shas, before, now) for ws, shas in due.items()]
        self._metrics.add("blobs_swept_total", by=sum(lost))
        return sum(lost)

    async def _sweep(self, ws: str, shas: list[str], before: float, now: float) -> int:
        key = ("files", *await self._reads.head(ws))
        named = await self._reads.once(key, SWEEPER, lambda: names_in_log(self._store, ws))
        if named is None:
            # What cannot be read may name any of them: all are kept, and looked at when their days are over again.
            named = frozenset(shas)
        room = self._rooms.get(ws)
        if room is not None and room.is_open:
            # What was typed since, and is in no record yet.
            named = named.union(*(await self._names.of(room)).values())
        await self._store.note_named(ws, [sha for sha in shas if sha in named], now)
        unnamed = [sha for sha in shas if sha not in named]
        return len(await self._store.lose_blobs(ws, unnamed, Losses.UNNAMED, before=before))
