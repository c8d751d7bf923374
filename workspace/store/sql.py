"""The store on SQLite: WAL, synchronous=FULL, one writing thread, reads on a connection of their own.

Several processes may open one file: a command line beside a running server reads, verifies and makes tokens. What is
acknowledged is on disk; what is on disk is a whole prefix of what was submitted.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

import msgspec
from sqlalchemy import create_engine
from sqlmodel import SQLModel

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
from workspace.store.segments import (
    SEQ_MAX,
    Packed,
    Window,
    first_hot,
    move,
    pack_due,
    pack_rows,
    read_hot,
    read_log,
    read_rows,
    rewrite_packed,
)
from workspace.store.tables import SCHEMA_VERSION
from workspace.store.writer import Writer, check_epoch, fault_of

T = TypeVar("T")
SCHEME = "sqlite:///"
ROWS_MAX = 100_000
BUSY_MS = 5_000
TOUCHES_MAX = 1 << 30
WORKSPACE_COLUMNS = "id, name, created_at, epoch, is_busy"
RAISE_EPOCH = "UPDATE workspace SET epoch = epoch + 1 WHERE id = ? RETURNING epoch, is_busy"
SWITCH_COLUMNS = "ws, is_on, actor, at, reason"
TOKEN_COLUMNS = "id, ws, actor, role, secret_hash, expires, revoked, created_at"


def path_of(url: str) -> Path:
    """Return the file of a database URL. Raises `StoreFault` for a scheme this build does not serve."""
    if not url.startswith(SCHEME) or len(url) == len(SCHEME):
        raise StoreFault("this database is not supported: use sqlite:///PATH")
    return Path(url.removeprefix(SCHEME))


class SqlStore:
    """`workspace.ports.Store` on one SQLite file."""

    def __init__(self, url: str) -> None:
        self._path = path_of(url)
        self._writer: Writer | None = None
        self._reader: sqlite3.Connection | None = None
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="folkmoot-reader")

    async def open(self) -> None:
        """Open the file, making it (mode 0600) and its schema where they are missing. Raises `StoreFault`."""
        await asyncio.to_thread(self._prepare)
        self._writer = Writer(self._connect)
        self._reader = await self._read(lambda _: self._connect())

    async def close(self) -> None:
        """Write what waits and close."""
        if self._writer is not None:
            await self._writer.close()
            self._writer = None
        if self._reader is not None:
            reader = self._reader
            await asyncio.get_running_loop().run_in_executor(self._reading, reader.close)
            self._reader = None
        self._reading.shutdown()

    def _prepare(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            engine = create_engine(f"{SCHEME}{self._path}")
            with engine.begin() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            SQLModel.metadata.create_all(engine)
            engine.dispose()
            with sqlite3.connect(self._path, timeout=BUSY_MS / 1000) as raw:
                if raw.execute("SELECT max(version) FROM schema_version").fetchone()[0] in (1, 2):
                    # Schema 2 knew no inbox: what had ended by then waits for nobody.
                    heads = f"SELECT ws, '{EVERYBODY}', max(seq), '[]' FROM log GROUP BY ws"
                    raw.execute(f"INSERT OR IGNORE INTO inbox (ws, actor, upto, open) {heads}")
                raw.execute("INSERT OR IGNORE INTO schema_version (version) VALUES (?)", (SCHEMA_VERSION,))
                if not any(row[1] == "is_busy" for row in raw.execute("PRAGMA table_info(workspace)")):
                    # Schema 1 did not know: each workspace is opened once, which finds out.
                    raw.execute("ALTER TABLE workspace ADD COLUMN is_busy BOOLEAN NOT NULL DEFAULT 1")
                # The journal was indexed by document too: nobody asked, and every commit wrote a page for it.
                raw.execute("DROP INDEX IF EXISTS journal_by_doc")
                newest = raw.execute("SELECT max(version) FROM schema_version").fetchone()[0]
            raw.close()
        except (OSError, sqlite3.Error) as error:
            raise StoreFault(f"cannot open {self._path}: {error}") from error
        if newest > SCHEMA_VERSION:
            raise StoreFault(
                f"{self._path} is from a newer Folkmoot (schema {newest}, this one knows {SCHEMA_VERSION})"
            )

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # What is packed or taken out must not stay readable in freed pages; nothing on the hot path deletes.
        connection.execute("PRAGMA secure_delete=ON")
        return connection

    def submit(self, batch: Batch) -> asyncio.Future[None]:
        """Queue a batch; see `Store.submit`."""
        return cast("asyncio.Future[None]", self._open_writer().submit(batch))

    def _open_writer(self) -> Writer:
        if self._writer is None:
            raise StoreFault("the store is not open")
        return self._writer

    async def _write(self, work: Callable[[sqlite3.Connection], T], *, is_single: bool = False) -> T:
        return cast("T", await self._open_writer().submit(work, is_single=is_single))

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        reader = self._reader

        def call() -> T:
            try:
                return work(reader)  # type: ignore[arg-type]
            except sqlite3.Error as error:
                raise fault_of(error) from error

        return await asyncio.get_running_loop().run_in_executor(self._reading, call)

    # ------------------------------------------------------------ workspaces

    async def create_workspace(self, row: WorkspaceRow) -> None:
        """Add a workspace. Raises `WorkspaceExists`."""

        def work(connection: sqlite3.Connection) -> bool:
            made = connection.execute(
                f"INSERT OR IGNORE INTO workspace ({WORKSPACE_COLUMNS}) VALUES (?,?,?,?,?)",
                (row.id, row.name, row.created_at, row.epoch, row.is_busy),
            )
            return made.rowcount == 1

        if not await self._write(work, is_single=True):
            raise WorkspaceExists(f"a workspace {row.id} exists already")

    async def workspaces(self) -> list[WorkspaceRow]:
        """Return all workspaces, by id."""
        query = f"SELECT {WORKSPACE_COLUMNS} FROM workspace ORDER BY id"
        return await self._read(lambda c: [_workspace(row) for row in c.execute(query)])

    async def workspace(self, id: str) -> WorkspaceRow | None:
        """Return one workspace."""
        query = f"SELECT {WORKSPACE_COLUMNS} FROM workspace WHERE id = ?"
        row = await self._read(lambda c: c.execute(query, (id,)).fetchone())
        return _workspace(row) if row else None

    async def delete_workspace(self, id: str) -> None:
        """Remove a workspace with everything in it."""

        def work(connection: sqlite3.Connection) -> None:
            for table in ("log", "segment", "journal", "snapshot", "archive", "lane", "inbox", "token", "switch"):
                connection.execute(f"DELETE FROM {table} WHERE ws = ?", (id,))
            connection.execute("DELETE FROM workspace WHERE id = ?", (id,))

        await self._write(work)

    async def claim(self, ws: str) -> int:
        """Raise the epoch by one and return it. Raises `WorkspaceMissing`."""

        raised = await self._write(lambda c: c.execute(RAISE_EPOCH, (ws,)).fetchall(), is_single=True)
        if not raised:
            raise WorkspaceMissing(f"there is no workspace {ws}")
        return int(raised[0][0])

    async def take(self, ws: str, *, short: int) -> Taken:
        """Claim a workspace and read a short log, in one step of the writing thread. Raises `WorkspaceMissing`."""

        def work(connection: sqlite3.Connection) -> Taken | None:
            raised = connection.execute(RAISE_EPOCH, (ws,)).fetchall()
            if not raised:
                return None
            epoch, is_busy = raised[0]
            rows = read_log(connection, ws, Window(1, SEQ_MAX, None, short + 1), short + 1)
            query = "SELECT jid, doc, lane, actor, content FROM journal WHERE ws = ? ORDER BY jid LIMIT ?"
            journal = [JournalRow(*row) for row in connection.execute(query, (ws, short + 1))]
            is_whole = max(len(rows), len(journal)) <= short and (not rows or rows[0].seq == 1)
            return Taken(epoch, bool(is_busy), (rows, journal) if is_whole else None)

        taken = await self._write(work, is_single=True)
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

        def work(connection: sqlite3.Connection) -> None:
            check_epoch(connection, ws, epoch)
            new = [(body, ws, seq) for seq, body in bodies.items()]
            connection.executemany("UPDATE log SET body = ? WHERE ws = ? AND seq = ?", new)
            rewrite_packed(connection, ws, bodies)
            connection.executemany("DELETE FROM archive WHERE ws = ? AND sha = ?", [(ws, sha) for sha in blobs])

        await self._write(work)

    async def head(self, ws: str) -> tuple[int, str, int]:
        """Return the last `seq`, its hash and the last `jid`."""

        def work(connection: sqlite3.Connection) -> tuple[int, str, int]:
            last = connection.execute(
                "SELECT seq, hash FROM log WHERE ws=? ORDER BY seq DESC LIMIT 1", (ws,)
            ).fetchone()
            jid = connection.execute("SELECT max(jid) FROM journal WHERE ws=?", (ws,)).fetchone()[0]
            return (*(last or (0, "")), jid or 0)

        return await self._read(work)

    async def rows(
        self, ws: str, *, first: int = 1, last: int | None = None, kind: str | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return log rows in ascending order, at most 100,000."""
        window = Window(first, last if last is not None else SEQ_MAX, kind, min(limit, ROWS_MAX))
        return await self._read(lambda c: read_rows(c, ws, window))

    async def journal(self, ws: str, *, first: int = 1, last: int | None = None, limit: int = 5000) -> list[JournalRow]:
        """Return journal rows in ascending order, at most 100,000."""
        query = "SELECT jid, doc, lane, actor, content FROM journal WHERE ws = ? AND jid >= ?"
        values: list[object] = [ws, first]
        if last is not None:
            query, values = f"{query} AND jid <= ?", [*values, last]
        values.append(min(limit, ROWS_MAX))
        return await self._read(
            lambda c: [JournalRow(*row) for row in c.execute(f"{query} ORDER BY jid LIMIT ?", tuple(values))]
        )

    async def snapshots(self, ws: str, *, jid: int = JID_MAX) -> list[SnapshotRow]:
        """Return the newest snapshot of each document that is not newer than journal row `jid`."""
        query = """SELECT doc, jid, state, digest FROM snapshot s WHERE ws = ? AND jid =
            (SELECT max(jid) FROM snapshot WHERE ws = s.ws AND doc = s.doc AND jid <= ?)"""
        return await self._read(lambda c: [SnapshotRow(*row) for row in c.execute(query, (ws, jid))])

    async def blob(self, ws: str, sha: str) -> bytes | None:
        """Return what the archive keeps under a SHA-256."""
        query = "SELECT content FROM archive WHERE ws = ? AND sha = ?"
        row = await self._read(lambda c: c.execute(query, (ws, sha)).fetchone())
        return bytes(row[0]) if row else None

    # ------------------------------------------------------------ lanes and tokens

    async def put_lane(self, row: LaneRow) -> None:
        """Remember a lane."""
        statement = "INSERT OR REPLACE INTO lane (ws, lane, actor, secret_hash, created_at) VALUES (?,?,?,?,?)"
        values = (row.ws, row.lane, row.actor, row.secret_hash, row.created_at)
        await self._write(lambda c: c.execute(statement, values).rowcount, is_single=True)

    async def lane(self, ws: str, lane: str) -> LaneRow | None:
        """Return one lane."""
        query = "SELECT ws, lane, actor, secret_hash, created_at FROM lane WHERE ws = ? AND lane = ?"
        row = await self._read(lambda c: c.execute(query, (ws, lane)).fetchone())
        return LaneRow(*row) if row else None

    async def put_inbox(self, row: InboxRow, epoch: int) -> None:
        """Remember what an actor has acknowledged."""

        def work(connection: sqlite3.Connection) -> None:
            check_epoch(connection, row.ws, epoch)
            values = (row.ws, row.actor, row.upto, msgspec.json.encode(row.open).decode())
            connection.execute("INSERT OR REPLACE INTO inbox (ws, actor, upto, open) VALUES (?,?,?,?)", values)

        await self._write(work)

    async def inbox(self, ws: str, actor: str) -> InboxRow:
        """Return what an actor has acknowledged; an own row comes before everybody's."""
        query = "SELECT upto, open FROM inbox WHERE ws = ? AND actor IN (?, ?) ORDER BY actor DESC LIMIT 1"
        row = await self._read(lambda c: c.execute(query, (ws, actor, EVERYBODY)).fetchone())
        return (
            InboxRow(ws, actor, row[0], msgspec.json.decode(row[1], type=tuple[str, ...]))
            if row
            else InboxRow(ws, actor)
        )

    async def put_token(self, row: TokenRow) -> None:
        """Remember a token."""
        statement = f"INSERT INTO token ({TOKEN_COLUMNS}) VALUES (?,?,?,?,?,?,?,?)"
        values = (row.id, row.ws, row.actor, row.role, row.secret_hash, row.expires, row.revoked, row.created_at)
        await self._write(lambda c: c.execute(statement, values).rowcount, is_single=True)

    async def token(self, id: str) -> TokenRow | None:
        """Return one token, revoked or not."""
        query = f"SELECT {TOKEN_COLUMNS} FROM token WHERE id = ?"
        row = await self._read(lambda c: c.execute(query, (id,)).fetchone())
        return _token(row) if row else None

    async def tokens(self, ws: str) -> list[TokenRow]:
        """Return the tokens of one workspace."""
        query = f"SELECT {TOKEN_COLUMNS} FROM token WHERE ws = ? ORDER BY created_at, id"
        return await self._read(lambda c: [_token(row) for row in c.execute(query, (ws,))])

    async def revoke(self, ws: str, *, actor: str | None = None, token_id: str | None = None) -> list[str]:
        """Revoke tokens of a workspace by actor or id; return the ids revoked now."""

        def work(connection: sqlite3.Connection) -> list[str]:
            found = connection.execute(
                "UPDATE token SET revoked = 1 WHERE ws = ? AND revoked = 0 AND (actor = ? OR id = ?) RETURNING id",
                (ws, actor, token_id),
            )
            return [row[0] for row in found.fetchall()]

        return await self._write(work)

    async def switches(self) -> list[SwitchRow]:
        """Return the server's switch and the orders that nobody has taken yet."""
        query = f"SELECT {SWITCH_COLUMNS} FROM switch ORDER BY ws"
        return await self._read(lambda c: [SwitchRow(row[0], bool(row[1]), *row[2:]) for row in c.execute(query)])

    async def put_switch(self, row: SwitchRow) -> None:
        """Throw a switch."""
        statement = f"INSERT OR REPLACE INTO switch ({SWITCH_COLUMNS}) VALUES (?,?,?,?,?)"
        values = (row.ws, row.is_on, row.actor, row.at, row.reason)
        await self._write(lambda c: c.execute(statement, values).rowcount, is_single=True)

    async def drop_switch(self, row: SwitchRow) -> None:
        """Forget an order."""
        statement = "DELETE FROM switch WHERE ws = ? AND at = ? AND is_on = ?"
        values = (row.ws, row.at, row.is_on)
        await self._write(lambda c: c.execute(statement, values).rowcount, is_single=True)

    async def touch(self) -> None:
        """Write the file's header durably: a number in it changes, for a page that stays the same is not written."""

        def work(connection: sqlite3.Connection) -> None:
            count = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute(f"PRAGMA user_version = {(count + 1) % TOUCHES_MAX:d}")

        await self._write(work, is_single=True)

    async def count_tokens(self) -> int:
        """Return how many tokens were ever made."""
        return int(await self._read(lambda c: c.execute("SELECT count(*) FROM token").fetchone()[0]))


def _workspace(row: tuple[str, str, str, int, int]) -> WorkspaceRow:
    return WorkspaceRow(*row[:4], is_busy=bool(row[4]))


def _token(row: tuple[str, str | None, str, str, str, float | None, int, str]) -> TokenRow:
    id, ws, actor, role, secret_hash, expires, revoked, created_at = row
    return TokenRow(id, ws, actor, role, secret_hash, expires, bool(revoked), created_at)
