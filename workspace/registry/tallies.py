"""Keep a tally of each workspace for whoever looks at the server as a whole (`workspace.oversight`).

Every few seconds the open rooms that have changed are asked what they are, and their bytes are measured from where the
last look stopped; now and then also workspaces that nobody has open, until all is measured. For people's eyes alone:
nothing is decided by it, so what was not written when a server is killed is some seconds old.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from workspace.errors import WorkspaceFault
from workspace.intents.model.times import timestamp
from workspace.intents.state.fold import WorkspaceState
from workspace.oversight import QUARANTINED_MAX, Facts, Sizes, Tally, WorkspaceLine
from workspace.ports import Clock, Store
from workspace.room.room import Room
from workspace.telemetry import LOGGER

LOOK_SECONDS = 5.0
# Of one look: rooms that have changed, the longest unseen first; and workspaces that nobody has open.
ROOMS_MAX, CLOSED_MAX = 100, 20
# How long the closed ones are left alone once all are measured: only another server changes them.
REST_SECONDS = 60.0


class _Seen(NamedTuple):
    """What an open room was when it was looked at last, and when, on the loop's clock."""

    seq: int
    jid: int
    sizes: Sizes
    facts: Facts
    at: float


class Tallies:
    """The tallies of a server. `rooms` are the open ones."""

    def __init__(self, store: Store, clock: Clock, rooms: Mapping[str, Room]) -> None:
        self._store = store
        self._clock = clock
        self._rooms = rooms
        self._seen: dict[str, _Seen] = {}
        self._rests_until = 0.0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    def facts(self, room: Room) -> Facts:
        """Return what an open room is now: as it was seen last, where it has not changed since."""
        seen, fold = self._seen.get(room.ws), room.sequencer.fold
        return seen.facts if seen is not None and seen.facts.seq == fold.seq else facts_of(fold)

    async def look(self) -> None:
        """Write what has changed since the last look."""
        try:
            await self._look_at_rooms()
            await self._look_at_closed()
        except WorkspaceFault as fault:
            LOGGER.error("what workspaces are is not written for the operator: %s", fault.reason)

    async def _look_at_rooms(self) -> None:
        self._seen = {ws: seen for ws, seen in self._seen.items() if ws in self._rooms}
        due = sorted((room for room in self._rooms.values() if self._is_due(room)), key=self._when_seen)[:ROOMS_MAX]
        written = []
        for room in due:
            ws, fold = room.ws, room.sequencer.fold
            facts = facts_of(fold)
            since = self._seen[ws].sizes if ws in self._seen else await self._measured(ws)
            sizes = await self._store.measure(ws, since)
            self._seen[ws] = _Seen(facts.seq, sizes.jid, sizes, facts, asyncio.get_running_loop().time())
            written.append(Tally(ws, fold.name, timestamp(self._clock.now()), sizes, facts))
        await self._store.put_tallies(written)

    def _is_due(self, room: Room) -> bool:
        seen, fold = self._seen.get(room.ws), room.sequencer.fold
        return room.is_open and (seen is None or (seen.seq, seen.jid) != (fold.seq, fold.jid))

    def _when_seen(self, room: Room) -> float:
        return self._seen[room.ws].at if room.ws in self._seen else 0.0

    async def _measured(self, ws: str) -> Sizes:
        kept = await self._store.tally(ws)
        return kept.sizes if kept is not None else Sizes()

    async def _look_at_closed(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._rests_until:
            return
        found = await self._store.unmeasured(CLOSED_MAX + len(self._rooms))
        closed = [ws for ws in found if ws not in self._rooms][:CLOSED_MAX]
        await measure_further(self._store, self._clock, closed)
        if not closed:
            self._rests_until = now + REST_SECONDS


async def measure_further(store: Store, clock: Clock, names: Sequence[str]) -> None:
    """Measure workspaces a part further than they are, and keep it; what they are stays as the last server said."""
    written = []
    for ws in names:
        kept, row = await store.tally(ws), await store.workspace(ws)
        if row is not None:
            sizes = await store.measure(ws, kept.sizes if kept is not None else Sizes())
            name = kept.name if kept is not None else row.name
            written.append(Tally(ws, name, timestamp(clock.now()), sizes))
    await store.put_tallies(written)


def is_measured(line: WorkspaceLine) -> bool:
    """Tell whether the bytes of a workspace are known up to its last record and journal row."""
    sizes = line.tally.sizes if line.tally is not None else Sizes()
    return sizes.seq >= line.seq and sizes.jid >= line.jid


def facts_of(fold: WorkspaceState) -> Facts:
    """Return what a workspace is."""
    states = Counter(away.state for away in fold.catalog.put_away.values())
    first = islice(fold.quarantined.items(), QUARANTINED_MAX)
    return Facts(
        seq=fold.seq,
        living=fold.catalog.living,
        archived=states["archived"],
        deleted=states["deleted"],
        live=len(fold.board.live),
        questions=len(fold.board.questions),
        aside=len(fold.quarantined),
        quarantined={fold.catalog.name_of(doc): reason for doc, reason in first},
        stops=fold.stops.all,
    )
