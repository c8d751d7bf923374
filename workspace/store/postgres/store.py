"""The store on PostgreSQL: one writing connection with group commit, a few to read on.

Several servers may share one database: each workspace has one owner at a time, by its epoch. What is acknowledged is
on the database's disk; what is there is a whole prefix of what was submitted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import msgspec

from workspace.errors import StoreFault, WorkspaceExists, WorkspaceMissing
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
    TokenRow,
    WorkspaceRow,
)
from workspace.store.postgres.link import COMMAND_SECONDS, FAULTS, connect, connect_readers, fault_of, words_of
from workspace.store.postgres.schema import prepare
from workspace.store.postgres.segments import first_hot, move, read_hot, read_log, read_rows, rewrite_packed
from workspace.store.postgres.writer import PostgresWriter, lock_epoch
from workspace.store.segments import SEQ_MAX, Packed, Window, pack_due, pack_rows
from workspace.store.sql import ROWS_MAX, SWITCH_COLUMNS, TOKEN_COLUMNS, WORKSPACE_COLUMNS

T = TypeVar("T")
READERS = 4
JOURNAL_COLUMNS = "jid, doc, lane, actor, content"
RAISE_EPOCH = "UPDATE workspace SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch, is_busy"


class PostgresStore:
    """`workspace.ports.Store` on one PostgreSQL database; `shown` is its address without secrets."""

    def __init__(self, url: str, *, shown: str) -> None:
        self._url = url
        self._shown = shown
        self._writer: PostgresWriter | None = None
        self._readers: Any = None

    def __repr__(self) -> str:
        return f"PostgresStore({self._shown})"

    async def open(self) -> None:
        """Connect, making the tables where they are missing. Raises `StoreFault`."""
        try:
            connection = await connect(self._url)
            try:
                await prepare(connection)
            finally:
                await connection.close()
            self._readers = await connect_readers(self._url, READERS)
        except ValueError as error:
            # The text of this one may repeat the address, and with it the password; so may its cause.
            raise StoreFault(f"the address of the database {self._shown} is wrong: {type(error).__name__}") from None
        except (*FAULTS, StoreFault) as error:
            raise StoreFault(f"cannot open {self._shown}: {words_of(error)}", retry=fault_of(error).retry) from error
        self._writer = PostgresWriter(lambda: connect(self._url))

    async def close(self) -> None:
        """Write what waits and close."""
        if self._writer is not None:
            await self._writer.close()
            self._writer = None
        if self._readers is not None:
            readers, self._readers = self._readers, None
            try:
                async with asyncio.timeout(2):
                    await readers.close()
            except FAULTS:
                readers.terminate()

    def submit(self, batch: Batch) -> asyncio.Future[None]:
        """Queue a batch; see `Store.submit`."""
        return cast("asyncio.Future[None]", self._open_writer().submit(batch))

    def _open_writer(self) -> PostgresWriter:
        if self._writer is None:
            raise StoreFault("the store is not open")
        return self._writer

    async def _write(self, work: Callable[[Any], Awaitable[T]]) -> T:
        return cast("T", await self._open_writer().submit(work))

    async def _read(self, work: Callable[[Any], Awaitable[T]]) -> T:
        if self._readers is None:
            raise StoreFault("the store is not open")
        try:
            async with self._readers.acquire(timeout=COMMAND_SECONDS) as connection:
                return await work(connection)
        except FAULTS as error:
            raise fault_of(error) from error

    # ------------------------------------------------------------ workspaces

    async def create_workspace(self, row: WorkspaceRow) -> None:
        """Add a workspace. Raises `WorkspaceExists`."""
        statement = f"""INSERT INTO workspace ({WORKSPACE_COLUMNS}) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING RETURNING id"""
        values = (row.id, row.name, row.created_at, row.epoch, row.is_busy)
        if await self._write(lambda c: c.fetchval(statement, *values)) is None:
            raise WorkspaceExists(f"a workspace {row.id} exists already")

    async def workspaces(self) -> list[WorkspaceRow]:
        """Return all workspaces, by id."""
        rows = await self._read(lambda c: c.fetch(f"SELECT {WORKSPACE_COLUMNS} FROM workspace ORDER BY id"))
        return [WorkspaceRow(*row) for row in rows]

    async def workspace(self, id: str) -> WorkspaceRow | None:
        """Return one workspace."""
        row = await self._read(lambda c: c.fetchrow(f"SELECT {WORKSPACE_COLUMNS} FROM workspace WHERE id = $1", id))
        return WorkspaceRow(*row) if row else None

    async def delete_workspace(self, id: str) -> None:
        """Remove a workspace with everything in it."""

        async def work(connection: Any) -> None:
            # The row first: whoever appends holds it, and finds it gone afterwards.
            await connection.execute("DELETE FROM workspace WHERE id = $1", id)
            for table in ("log", "segment", "journal", "snapshot", "archive", "lane", "inbox", "token", "switch"):
                await connection.execute(f"DELETE FROM {table} WHERE ws = $1", id)

        await self._write(work)

    async def claim(self, ws: str) -> int:
        """Raise the epoch by one and return it. Raises `WorkspaceMissing`."""
        epoch = await self._write(lambda c: c.fetchval(RAISE_EPOCH, ws))
        if epoch is None:
            raise WorkspaceMissing(f"there is no workspace {ws}")
        return int(epoch)

    async def take(self, ws: str, *, short: int) -> Taken:
        """Claim a workspace and read a short log, in one transaction. Raises `WorkspaceMissing`."""

        async def work(connection: Any) -> Taken | None:
            found = await connection.fetchrow(RAISE_EPOCH, ws)
            if found is None:
                return None
            rows = await read_log(connection, ws, Window(1, SEQ_MAX, None, short + 1), short + 1)
            query = f"SELECT {JOURNAL_COLUMNS} FROM journal WHERE ws = $1 ORDER BY jid LIMIT $2"
            journal = [JournalRow(*row) for row in await connection.fetch(query, ws, short + 1)]
            is_whole = max(len(rows), len(journal)) <= short and (not rows or rows[0].seq == 1)
            return Taken(found["epoch"], found["is_busy"], (rows, journal) if is_whole else None)

        taken = await self._write(work)
        if taken is None:
            raise WorkspaceMissing(f"there is no workspace {ws}")
        return taken

    # ------------------------------------------------------------ log and journal

    async def pack(self, ws: str, epoch: int, segments: Sequence[Segment]) -> int:
        """Pack sealed segments: compressed beside the writer, then moved by it, each in a transaction of its own."""
        hot = await self._read(lambda c: first_hot(c, ws))
        return await pack_due(segments, hot=hot, pack=partial(self._pack, ws, epoch))

    async def _pack(self, ws: str, epoch: int, segment: Segment) -> bool:
        rows = await self._read(lambda c: read_hot(c, ws, segment))
        packed = Packed(segment, tuple(rows), await asyncio.to_thread(pack_rows, rows, segment))
        return await self._write(lambda c: move(c, ws, epoch, packed))

    async def rewrite(self, ws: str, epoch: int, bodies: Mapping[int, str], blobs: Sequence[str]) -> None:
        """Put blanked bodies in place of records and forget parts of the archive."""

        async def work(connection: Any) -> None:
            await lock_epoch(connection, ws, epoch)
            new = [(ws, seq, body) for seq, body in bodies.items()]
            await connection.executemany("UPDATE log SET body = $3 WHERE ws = $1 AND seq = $2", new)
            await rewrite_packed(connection, ws, bodies)
            await connection.executemany("DELETE FROM archive WHERE ws = $1 AND sha = $2", [(ws, sha) for sha in blobs])

        await self._write(work)

    async def head(self, ws: str) -> tuple[int, str, int]:
        """Return the last `seq`, its hash and the last `jid`."""
        query = """SELECT seq, hash, (SELECT max(jid) FROM journal WHERE ws = $1) AS jid FROM (SELECT) AS one
            LEFT JOIN LATERAL (SELECT seq, hash FROM log WHERE ws = $1 ORDER BY seq DESC LIMIT 1) AS last ON true"""
        row = await self._read(lambda c: c.fetchrow(query, ws))
        return row["seq"] or 0, row["hash"] or "", row["jid"] or 0

    async def rows(
        self, ws: str, *, first: int = 1, last: int | None = None, kind: str | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return log rows in ascending order, at most 100,000."""
        window = Window(first, last if last is not None else SEQ_MAX, kind, min(limit, ROWS_MAX))
        return await self._read(lambda c: read_rows(c, ws, window))

    async def journal(self, ws: str, *, first: int = 1, last: int | None = None, limit: int = 5000) -> list[JournalRow]:
        """Return journal rows in ascending order, at most 100,000."""
        query = f"SELECT {JOURNAL_COLUMNS} FROM journal WHERE ws = $1 AND jid BETWEEN $2 AND $3 ORDER BY jid LIMIT $4"
        upto = last if last is not None else JID_MAX
        rows = await self._read(lambda c: c.fetch(query, ws, first, upto, min(limit, ROWS_MAX)))
        return [JournalRow(*row) for row in rows]

    async def snapshots(self, ws: str, *, jid: int = JID_MAX) -> list[SnapshotRow]:
        """Return the newest snapshot of each document that is not newer than journal row `jid`."""
        query = """SELECT DISTINCT ON (doc) doc, jid, state, digest FROM snapshot
            WHERE ws = $1 AND jid <= $2 ORDER BY doc, jid DESC"""
        return [SnapshotRow(*row) for row in await self._read(lambda c: c.fetch(query, ws, jid))]

    async def blob(self, ws: str, sha: str) -> bytes | None:
        """Return what the archive keeps under a SHA-256."""
        found = await self._read(
            lambda c: c.fetchval("SELECT content FROM archive WHERE ws = $1 AND sha = $2", ws, sha)
        )
        return bytes(found) if found is not None else None

    # ------------------------------------------------------------ lanes and tokens

    async def put_lane(self, row: LaneRow) -> None:
        """Remember a lane."""
        statement = """INSERT INTO lane (ws, lane, actor, secret_hash, created_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (ws, lane) DO UPDATE SET actor = excluded.actor, secret_hash = excluded.secret_hash,
            created_at = excluded.created_at"""
        values = (row.ws, row.lane, row.actor, row.secret_hash, row.created_at)
        await self._write(lambda c: c.execute(statement, *values))

    async def lane(self, ws: str, lane: str) -> LaneRow | None:
        """Return one lane."""
        query = "SELECT ws, lane, actor, secret_hash, created_at FROM lane WHERE ws = $1 AND lane = $2"
        row = await self._read(lambda c: c.fetchrow(query, ws, lane))
        return LaneRow(*row) if row else None

    async def put_inbox(self, row: InboxRow, epoch: int) -> None:
        """Remember what an actor has acknowledged."""
        statement = """INSERT INTO inbox (ws, actor, upto, open) VALUES ($1, $2, $3, $4)
            ON CONFLICT (ws, actor) DO UPDATE SET upto = excluded.upto, open = excluded.open"""
        values = (row.ws, row.actor, row.upto, msgspec.json.encode(row.open).decode())

        async def work(connection: Any) -> None:
            await lock_epoch(connection, row.ws, epoch)
            await connection.execute(statement, *values)

        await self._write(work)

    async def inbox(self, ws: str, actor: str) -> InboxRow:
        """Return what an actor has acknowledged; an own row comes before everybody's."""
        query = "SELECT upto, open FROM inbox WHERE ws = $1 AND actor IN ($2, $3) ORDER BY actor DESC LIMIT 1"
        row = await self._read(lambda c: c.fetchrow(query, ws, actor, EVERYBODY))
        if row is None:
            return InboxRow(ws, actor)
        return InboxRow(ws, actor, row["upto"], msgspec.json.decode(row["open"], type=tuple[str, ...]))

    async def put_token(self, row: TokenRow) -> None:
        """Remember a token."""
        statement = f"INSERT INTO token ({TOKEN_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        values = (row.id, row.ws, row.actor, row.role, row.secret_hash, row.expires, row.revoked, row.created_at)
        await self._write(lambda c: c.execute(statement, *values))

    async def token(self, id: str) -> TokenRow | None:
        """Return one token, revoked or not."""
        row = await self._read(lambda c: c.fetchrow(f"SELECT {TOKEN_COLUMNS} FROM token WHERE id = $1", id))
        return TokenRow(*row) if row else None

    async def tokens(self, ws: str) -> list[TokenRow]:
        """Return the tokens of one workspace."""
        query = f"SELECT {TOKEN_COLUMNS} FROM token WHERE ws = $1 ORDER BY created_at, id"
        return [TokenRow(*row) for row in await self._read(lambda c: c.fetch(query, ws))]

    async def revoke(self, ws: str, *, actor: str | None = None, token_id: str | None = None) -> list[str]:
        """Revoke tokens of a workspace by actor or id; return the ids revoked now."""
        statement = """UPDATE token SET revoked = true
            WHERE ws = $1 AND NOT revoked AND (actor = $2 OR id = $3) RETURNING id"""
        return [row["id"] for row in await self._write(lambda c: c.fetch(statement, ws, actor, token_id))]

    async def switches(self) -> list[SwitchRow]:
        """Return the server's switch and the orders that nobody has taken yet."""
        rows = await self._read(lambda c: c.fetch(f"SELECT {SWITCH_COLUMNS} FROM switch ORDER BY ws"))
        return [SwitchRow(*row) for row in rows]

    async def put_switch(self, row: SwitchRow) -> None:
        """Throw a switch."""
        statement = f"""INSERT INTO switch ({SWITCH_COLUMNS}) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (ws) DO UPDATE SET is_on = excluded.is_on, actor = excluded.actor, at = excluded.at,
            reason = excluded.reason"""
        await self._write(lambda c: c.execute(statement, row.ws, row.is_on, row.actor, row.at, row.reason))

    async def drop_switch(self, row: SwitchRow) -> None:
        """Forget an order."""
        statement = "DELETE FROM switch WHERE ws = $1 AND at = $2 AND is_on = $3"
        await self._write(lambda c: c.execute(statement, row.ws, row.at, row.is_on))

    async def touch(self) -> None:
        """Write one row durably: its new version is one, though it says the same."""
        await self._write(lambda c: c.execute("UPDATE schema_version SET version = version"))

    async def count_tokens(self) -> int:
        """Return how many tokens were ever made."""
        return int(await self._read(lambda c: c.fetchval("SELECT count(*) FROM token")))
