"""The store in memory: the same contract, nothing survives. For tests and for trying things out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from workspace.errors import StoreFault, WorkspaceExists, WorkspaceMissing
from workspace.intents.model.log_format import LOG_FORMAT
from workspace.intents.model.record import Row
from workspace.intents.model.segment import Segment
from workspace.ports import (
    EVERYBODY,
    JID_MAX,
    Batch,
    InboxRow,
    JournalRow,
    LaneRow,
    SnapshotRow,
    SwitchRow,
    Taken,
    WorkspaceRow,
)
from workspace.store.checks import Head, check_head, deposed, log_newer
from workspace.store.memory_blobs import MemoryBlobs
from workspace.store.memory_overview import MemoryOversight


@dataclass(slots=True)
class _Workspace:
    row: WorkspaceRow
    log: list[Row] = field(default_factory=list)
    journal: list[JournalRow] = field(default_factory=list)
    snapshots: list[SnapshotRow] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)
    lanes: dict[str, LaneRow] = field(default_factory=dict)
    inboxes: dict[str, InboxRow] = field(default_factory=dict)


class MemoryStore(MemoryOversight, MemoryBlobs):
    """`workspace.ports.Store` in dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self._workspaces: dict[str, _Workspace] = {}
        self._switches: dict[str, SwitchRow] = {}

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close; what was stored stays until the object goes."""

    async def create_workspace(self, row: WorkspaceRow) -> None:
        """Add a workspace. Raises `WorkspaceExists`."""
        if row.id in self._workspaces:
            raise WorkspaceExists(f"a workspace {row.id} exists already")
        self._workspaces[row.id] = _Workspace(row)

    async def workspaces(self) -> list[WorkspaceRow]:
        """Return all workspaces, by id."""
        return [self._workspaces[id].row for id in sorted(self._workspaces)]

    async def workspace(self, id: str) -> WorkspaceRow | None:
        """Return one workspace."""
        kept = self._workspaces.get(id)
        return kept.row if kept else None

    async def delete_workspace(self, id: str) -> None:
        """Remove a workspace with everything in it."""
        self._workspaces.pop(id, None)
        self._switches.pop(id, None)
        self._tallies.pop(id, None)
        self.forget_people_of(id)
        self.forget_blobs_of(id)

    def has_workspace(self, ws: str) -> bool:
        """Tell whether there is such a workspace."""
        return ws in self._workspaces

    def _content(self, ws: str) -> tuple[list[Row], list[JournalRow], int]:
        kept = self._kept(ws)
        return kept.log, kept.journal, sum(len(row.state) for row in kept.snapshots)

    async def claim(self, ws: str) -> int:
        """Raise the epoch by one and return it. Raises `WorkspaceMissing`, `LogNewer`."""
        if ws not in self._workspaces:
            raise WorkspaceMissing(f"there is no workspace {ws}")
        kept = self._kept(ws)
        if kept.row.format > LOG_FORMAT:
            raise log_newer(ws, kept.row.format)
        kept.row = msgspec.structs.replace(kept.row, epoch=kept.row.epoch + 1, format=LOG_FORMAT)
        return kept.row.epoch

    async def take(self, ws: str, *, short: int) -> Taken:
        """Claim a workspace and read a short log. Raises `WorkspaceMissing`."""
        epoch = await self.claim(ws)
        kept = self._kept(ws)
        is_short = max(len(kept.log), len(kept.journal)) <= short
        return Taken(epoch, kept.row.is_busy, (list(kept.log), list(kept.journal)) if is_short else None)

    def submit(self, batch: Batch) -> asyncio.Future[None]:
        """Append a batch at once; the future resolves in the next turn of the loop, as a disk's would."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        try:
            self._append(batch)
        except StoreFault as fault:
            future.set_exception(fault)
        else:
            loop.call_soon(_resolve, future)
        return future

    def _append(self, batch: Batch) -> None:
        kept = self._workspaces.get(batch.ws)
        if kept is None:
            raise deposed(batch.ws, None)
        seq = kept.log[-1].seq if kept.log else 0
        jid = kept.journal[-1].jid if kept.journal else 0
        check_head(Head(kept.row.epoch, seq, jid), batch)
        kept.log.extend(batch.rows)
        kept.journal.extend(batch.journal)
        kept.snapshots.extend(batch.snapshots)
        kept.blobs.update({blob.sha: blob.content for blob in batch.blobs})
        if batch.is_busy is not None:
            kept.row = msgspec.structs.replace(kept.row, is_busy=batch.is_busy)

    def _kept(self, ws: str) -> _Workspace:
        if ws not in self._workspaces:
            raise StoreFault(f"there is no workspace {ws}")
        return self._workspaces[ws]

    async def pack(self, ws: str, epoch: int, segments: Sequence[Segment]) -> int:
        """Nothing is packed in memory."""
        return 0

    async def rewrite(self, ws: str, epoch: int, bodies: Mapping[int, str], blobs: Sequence[str]) -> None:
        """Put blanked bodies in place of records and forget parts of the archive."""
        kept = self._kept(ws)
        if kept.row.epoch != epoch:
            raise deposed(ws, kept.row.epoch)
        for seq, body in bodies.items():
            kept.log[seq - 1] = msgspec.structs.replace(kept.log[seq - 1], body=body)
        for sha in blobs:
            kept.blobs.pop(sha, None)

    async def head(self, ws: str) -> tuple[int, str, int]:
        """Return the last `seq`, its hash and the last `jid`."""
        kept = self._kept(ws)
        seq, hash = (kept.log[-1].seq, kept.log[-1].hash) if kept.log else (0, "")
        return seq, hash, kept.journal[-1].jid if kept.journal else 0

    async def rows(
        self, ws: str, *, first: int = 1, last: int | None = None, kind: str | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return log rows in ascending order."""
        top = last if last is not None else len(self._kept(ws).log)
        found = self._kept(ws).log[max(first, 1) - 1 : top]
        return [row for row in found if kind in (None, row.kind)][:limit]

    async def journal(self, ws: str, *, first: int = 1, last: int | None = None, limit: int = 5000) -> list[JournalRow]:
        """Return journal rows in ascending order."""
        found = self._kept(ws).journal
        return [r for r in found if r.jid >= first and (last is None or r.jid <= last)][:limit]

    async def snapshots(self, ws: str, *, jid: int = JID_MAX) -> list[SnapshotRow]:
        """Return the newest snapshot of each document that is not newer than journal row `jid`."""
        newest = {row.doc: row for row in self._kept(ws).snapshots if row.jid <= jid}
        return list(newest.values())

    async def blob(self, ws: str, sha: str) -> bytes | None:
        """Return what the archive keeps under a SHA-256."""
        return self._kept(ws).blobs.get(sha)

    async def put_lane(self, row: LaneRow) -> None:
        """Remember a lane."""
        self._kept(row.ws).lanes[row.lane] = row

    async def lane(self, ws: str, lane: str) -> LaneRow | None:
        """Return one lane."""
        return self._kept(ws).lanes.get(lane)

    async def put_inbox(self, row: InboxRow, epoch: int) -> None:
        """Remember what an actor has acknowledged."""
        kept = self._kept(row.ws)
        if kept.row.epoch != epoch:
            raise deposed(row.ws, kept.row.epoch)
        kept.inboxes[row.actor] = row

    async def inbox(self, ws: str, actor: str) -> InboxRow:
        """Return what an actor has acknowledged; an own row comes before everybody's."""
        inboxes = self._kept(ws).inboxes
        row = inboxes.get(actor) or inboxes.get(EVERYBODY)
        return msgspec.structs.replace(row, actor=actor) if row else InboxRow(ws, actor)

    async def switches(self) -> list[SwitchRow]:
        """Return the server's switch and the orders that nobody has taken yet."""
        return [self._switches[ws] for ws in sorted(self._switches)]

    async def put_switch(self, row: SwitchRow) -> None:
        """Throw a switch."""
        self._switches[row.ws] = row

    async def drop_switch(self, row: SwitchRow) -> None:
        """Forget an order."""
        if self._switches.get(row.ws) == row:
            del self._switches[row.ws]

    async def touch(self) -> None:
        """Nothing to write."""


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
