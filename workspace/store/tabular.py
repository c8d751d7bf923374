"""What a store on tables does the same on every database: what is asked, in which order, and what the rows mean.

How a script is run, and how batches become durable, is each database's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from workspace.errors import WorkspaceExists
from workspace.intents.model.record import Row
from workspace.intents.model.segment import Segment
from workspace.ports import (
    EVERYBODY,
    JID_MAX,
    InboxRow,
    JournalRow,
    LaneRow,
    SnapshotRow,
    SwitchRow,
    Taken,
    WorkspaceRow,
)
from workspace.store import blobs, scripts, statements
from workspace.store.blobs import BlobTables
from workspace.store.overview import OversightTables
from workspace.store.people import PeopleTables
from workspace.store.scripts import Script, ask
from workspace.store.segments import SEQ_MAX, Packed, Window, pack_due, pack_rows
from workspace.threads import compute

T = TypeVar("T")
ROWS_MAX = 100_000


class TabularStore(PeopleTables, OversightTables, BlobTables):
    """`workspace.ports.Store` without its ends: a subclass opens, closes, submits, and runs scripts."""

    async def _reading(self, script: Script[T], *, is_one_moment: bool = False) -> T:
        """Run a script that only reads; `is_one_moment`: all its statements see the same state. Raises `StoreFault`."""
        raise NotImplementedError

    async def _writing(self, script: Script[T], *, is_single: bool = False) -> T:
        """Run a script in one transaction, in the order of submission; `is_single`: it writes with one statement."""
        raise NotImplementedError

    # ------------------------------------------------------------ workspaces

    async def create_workspace(self, row: WorkspaceRow) -> None:
        """Add a workspace. Raises `WorkspaceExists`."""
        made = await self._writing(ask(statements.INSERT_WORKSPACE, *msgspec.structs.astuple(row)), is_single=True)
        if not made:
            raise WorkspaceExists(f"a workspace {row.id} exists already")

    async def workspaces(self) -> list[WorkspaceRow]:
        """Return all workspaces, by id."""
        return [_workspace(*row) for row in await self._reading(ask(statements.SELECT_WORKSPACES))]

    async def workspace(self, id: str) -> WorkspaceRow | None:
        """Return one workspace."""
        rows = await self._reading(ask(statements.SELECT_WORKSPACE, id))
        return _workspace(*rows[0]) if rows else None

    async def delete_workspace(self, id: str) -> None:
        """Remove a workspace with everything in it."""
        await self._writing(blobs.delete(id))

    async def claim(self, ws: str) -> int:
        """Raise the epoch by one and return it. Raises `WorkspaceMissing`, `LogNewer`."""
        return (await self._writing(scripts.claim(ws), is_single=True))[0]

    async def take(self, ws: str, *, short: int) -> Taken:
        """Claim a workspace and read a short log, in one transaction. Raises `WorkspaceMissing`, `LogNewer`."""
        return await self._writing(scripts.take(ws, short), is_single=True)

    # ------------------------------------------------------------ log and journal

    async def pack(self, ws: str, epoch: int, segments: Sequence[Segment]) -> int:
        """Pack sealed segments: compressed beside the writer, then moved by it, each in a transaction of its own."""
        hot = await self._reading(scripts.first_hot(ws))
        return await pack_due(segments, hot=hot, pack=partial(self._pack, ws, epoch))

    async def _pack(self, ws: str, epoch: int, segment: Segment) -> bool:
        rows = await self._reading(scripts.read_hot(ws, segment))
        packed = Packed(segment, tuple(rows), await compute(pack_rows, rows, segment))
        return await self._writing(scripts.move(ws, epoch, packed))

    async def rewrite(self, ws: str, epoch: int, bodies: Mapping[int, str], blobs: Sequence[str]) -> None:
        """Put blanked bodies in place of records and forget parts of the archive."""
        await self._writing(scripts.rewrite(ws, epoch, bodies, blobs))

    async def head(self, ws: str) -> tuple[int, str, int]:
        """Return the last `seq`, its hash and the last `jid`."""
        ((seq, hash, jid),) = await self._reading(ask(statements.SELECT_ENDS, ws))
        return seq or 0, hash or "", jid or 0

    async def rows(
        self, ws: str, *, first: int = 1, last: int | None = None, kind: str | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return log rows in ascending order, at most 100,000."""
        window = Window(first, last if last is not None else SEQ_MAX, kind, min(limit, ROWS_MAX))
        return await self._reading(scripts.read_rows(ws, window), is_one_moment=True)

    async def journal(self, ws: str, *, first: int = 1, last: int | None = None, limit: int = 5000) -> list[JournalRow]:
        """Return journal rows in ascending order, at most 100,000."""
        return await self._reading(scripts.read_journal(ws, first, last, min(limit, ROWS_MAX)))

    async def snapshots(self, ws: str, *, jid: int = JID_MAX) -> list[SnapshotRow]:
        """Return the newest snapshot of each document that is not newer than journal row `jid`."""
        return [SnapshotRow(*row) for row in await self._reading(ask(statements.SELECT_SNAPSHOTS, ws, jid))]

    async def blob(self, ws: str, sha: str) -> bytes | None:
        """Return what the archive keeps under a SHA-256."""
        rows = await self._reading(ask(statements.SELECT_BLOB, ws, sha))
        return bytes(rows[0][0]) if rows else None

    # ------------------------------------------------------------ lanes, inboxes, switches

    async def put_lane(self, row: LaneRow) -> None:
        """Remember a lane."""
        await self._writing(ask(statements.PUT_LANE, *msgspec.structs.astuple(row)), is_single=True)

    async def lane(self, ws: str, lane: str) -> LaneRow | None:
        """Return one lane."""
        rows = await self._reading(ask(statements.SELECT_LANE, ws, lane))
        return LaneRow(*rows[0]) if rows else None

    async def put_inbox(self, row: InboxRow, epoch: int) -> None:
        """Remember what an actor has acknowledged."""
        values = (row.ws, row.actor, row.upto, msgspec.json.encode(row.open).decode())
        await self._writing(scripts.put_held(row.ws, epoch, statements.PUT_INBOX, *values))

    async def inbox(self, ws: str, actor: str) -> InboxRow:
        """Return what an actor has acknowledged; an own row comes before everybody's."""
        rows = await self._reading(ask(statements.SELECT_INBOX, ws, actor, EVERYBODY))
        if not rows:
            return InboxRow(ws, actor)
        upto, open = rows[0]
        return InboxRow(ws, actor, upto, msgspec.json.decode(open, type=tuple[str, ...]))

    async def switches(self) -> list[SwitchRow]:
        """Return the server's switch and the orders that nobody has taken yet."""
        rows = await self._reading(ask(statements.SELECT_SWITCHES))
        return [SwitchRow(ws, bool(is_on), *rest) for ws, is_on, *rest in rows]

    async def put_switch(self, row: SwitchRow) -> None:
        """Throw a switch."""
        await self._writing(ask(statements.PUT_SWITCH, *msgspec.structs.astuple(row)), is_single=True)

    async def drop_switch(self, row: SwitchRow) -> None:
        """Forget an order."""
        await self._writing(ask(statements.DELETE_SWITCH, row.ws, row.at, row.is_on), is_single=True)


def _workspace(id: str, name: str, created_at: str, epoch: int, is_busy: Any, format: int) -> WorkspaceRow:
    # SQLite has no booleans: they come back as 0 and 1.
    return WorkspaceRow(id, name, created_at, epoch, bool(is_busy), format)
