"""Every log that a test writes is replayed and audited when the test is over, with the network blocked (I12).

Stores in this process are remembered as they are made; a test that damages a log on purpose says so with the marker
`damages_logs`.
"""

from __future__ import annotations

import contextlib
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

from tests.support.postgres import elsewhere
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.model.record import Row
from workspace.ports import JournalRow
from workspace.store.memory import MemoryStore
from workspace.store.postgres.store import PostgresStore
from workspace.store.segments import SEQ_MAX, Window, read_rows
from workspace.store.sql import SqlStore


class Ledger:
    """The stores made while it is open, and what replaying and auditing them found."""

    def __init__(self) -> None:
        self.memory: list[MemoryStore] = []
        self.urls: set[str] = set()
        self.databases: dict[str, PostgresStore] = {}
        self.logs = self.records = self.states = 0

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Remember every store that is made until the block is left."""
        made, opened, connected = MemoryStore.__init__, SqlStore.open, PostgresStore.open

        def remember(store: MemoryStore, *args: Any, **named: Any) -> None:
            made(store, *args, **named)
            self.memory.append(store)

        async def remember_url(store: SqlStore) -> None:
            await opened(store)
            self.urls.add(store._path)

        async def remember_database(store: PostgresStore) -> None:
            await connected(store)
            self.databases[store._url] = store

        with (
            patch.object(MemoryStore, "__init__", remember),
            patch.object(SqlStore, "open", remember_url),
            patch.object(PostgresStore, "open", remember_database),
        ):
            yield

    def forget(self) -> None:
        """Begin again with no store."""
        self.memory.clear()
        self.urls.clear()
        self.databases.clear()

    def replay(self) -> None:
        """Replay every log: each recorded state comes out again, every commit was allowed. No socket can be made."""
        fetched = [log for url in self.databases for log in elsewhere(_fetch(url))]  # before the network is blocked
        with patch.object(socket, "socket", _blocked), patch.object(socket, "create_connection", _blocked):
            for store in self.memory:
                for name, kept in store._workspaces.items():
                    self._one(name, kept.log, kept.journal)
            for path in self.urls:
                for name, rows, journal in _read(path):
                    self._one(name, rows, journal)
            for name, rows, journal in fetched:
                self._one(name, rows, journal)
        self.forget()

    def _one(self, name: str, rows: list[Row], journal: list[JournalRow]) -> None:
        if not rows or rows[0].kind != "config" or rows[0].at == "t":
            return  # a store's own test writes rows that are no workspace
        report = verify(rows, journal)
        assert report.ok, f"the log of {name} does not replay: {report.reason} {report.breaches}"
        self.logs, self.records, self.states = self.logs + 1, self.records + report.checked, self.states + report.states


def _blocked(*args: Any, **named: Any) -> NoReturn:
    raise AssertionError("replay opened a socket")


def _read(path: str) -> Iterator[tuple[str, list[Row], list[JournalRow]]]:
    if not Path(path).exists():
        return  # the test took its folder away
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'workspace'").fetchone() is None:
            return  # it was opened no further
        for (ws,) in connection.execute("SELECT id FROM workspace").fetchall():
            rows = read_rows(connection, ws, Window(1, SEQ_MAX, None, SEQ_MAX))
            written = "SELECT jid, doc, lane, actor, content FROM journal WHERE ws = ? ORDER BY jid"
            yield ws, rows, [JournalRow(*row) for row in connection.execute(written, (ws,))]


async def _fetch(url: str) -> list[tuple[str, list[Row], list[JournalRow]]]:
    store = PostgresStore(url, shown="a test's database")
    await store.open()
    try:
        return [(row.id, *await read_all(store, row.id)) for row in await store.workspaces()]
    finally:
        await store.close()


__all__ = ["Ledger"]
