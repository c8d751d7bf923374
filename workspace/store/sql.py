"""The store on SQLite: WAL, synchronous=FULL, one writing thread, reads on a connection of their own.

Several processes may open one file: a command line beside a running server reads, verifies and makes tokens. What is
acknowledged is on disk; what is on disk is a whole prefix of what was submitted.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, cast

from workspace.errors import StoreFault
from workspace.ports import Batch
from workspace.store.scripts import Ask, Beside, Each, Script
from workspace.store.sqlite_file import BUSY_MS, prepare
from workspace.store.statements import for_sqlite
from workspace.store.tabular import TabularStore
from workspace.store.writer import Writer, fault_of

T = TypeVar("T")
SCHEME = "sqlite:///"
TOUCHES_MAX = 1 << 30


def path_of(url: str) -> Path:
    """Return the file of a database URL. Raises `StoreFault` for a scheme this build does not serve."""
    if not url.startswith(SCHEME) or len(url) == len(SCHEME):
        raise StoreFault("this database is not supported: use sqlite:///PATH")
    return Path(url.removeprefix(SCHEME))


def run(connection: sqlite3.Connection, script: Script[T]) -> T:
    """Run a script on a connection, in whatever transaction it is, and return what the script returns."""
    answer: object = None
    while True:
        try:
            step = script.send(answer)
        except StopIteration as end:
            return cast("T", end.value)
        match step:
            case Ask(statement, values):
                answer = connection.execute(for_sqlite(statement), values).fetchall()
            case Each(statement, each):
                connection.executemany(for_sqlite(statement), each)
                answer = None
            case Beside(work):
                answer = work()  # this is no loop's thread


class SqlStore(TabularStore):
    """`workspace.ports.Store` on one SQLite file, which opening makes unless it `must_exist`."""

    kind = "SQLite"
    size_statement = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"

    def __init__(self, url: str, *, must_exist: bool = False) -> None:
        self._path = path_of(url)
        self._must_exist = must_exist
        self._writer: Writer | None = None
        self._reader: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="folkmoot-reader")

    async def open(self) -> None:
        """Open the file, made or migrated where it must be; once. Raises `StoreFault`: see `sqlite_file.prepare`."""
        if self._writer is not None:
            return
        await asyncio.to_thread(prepare, self._path, must_exist=self._must_exist)
        # The reader first: a file that cannot be opened after all is told here, not by the end of a thread.
        self._reader = await self._read(lambda _: self._connect())
        self._writer = Writer(self._connect)

    async def close(self) -> None:
        """Write what waits and close."""
        if self._writer is not None:
            await self._writer.close()
            self._writer = None
        if self._reader is not None:
            reader = self._reader
            await asyncio.get_running_loop().run_in_executor(self._thread, reader.close)
            self._reader = None
        self._thread.shutdown()

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

    async def touch(self) -> None:
        """Write the file's header durably: a number in it changes, for a page that stays the same is not written."""

        def work(connection: sqlite3.Connection) -> None:
            count = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute(f"PRAGMA user_version = {(count + 1) % TOUCHES_MAX:d}")

        await self._write(work, is_single=True)

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

        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _writing(self, script: Script[T], *, is_single: bool = False) -> T:
        return await self._write(lambda connection: run(connection, script), is_single=is_single)

    async def _reading(self, script: Script[T], *, is_one_moment: bool = False) -> T:
        return await self._read(_at_once(script) if is_one_moment else lambda connection: run(connection, script))


def _at_once(script: Script[T]) -> Callable[[sqlite3.Connection], T]:
    """Return work that runs a script on one state of the database."""

    def work(connection: sqlite3.Connection) -> T:
        connection.execute("BEGIN")
        try:
            return run(connection, script)
        finally:
            connection.execute("COMMIT")

    return work
