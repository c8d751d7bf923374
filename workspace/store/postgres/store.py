"""The store on PostgreSQL: one writing connection with group commit, a few to read on.

Several servers may share one database: each workspace has one owner at a time, by its epoch. What is acknowledged is
on the database's disk; what is there is a whole prefix of what was submitted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar, cast

from workspace.errors import StoreFault
from workspace.ports import Batch
from workspace.store.postgres.link import (
    COMMAND_SECONDS,
    FAULTS,
    advice,
    connect,
    connect_readers,
    fault_of,
    words_of,
)
from workspace.store.postgres.schema import prepare
from workspace.store.postgres.writer import PostgresWriter
from workspace.store.schema import MIGRATION_SECONDS
from workspace.store.scripts import Ask, Beside, Each, Script
from workspace.store.statements import for_postgres
from workspace.store.tabular import TabularStore

T = TypeVar("T")
READERS = 4


async def run(connection: Any, script: Script[T]) -> T:
    """Run a script on a connection, in whatever transaction it is, and return what the script returns."""
    answer: object = None
    while True:
        try:
            step = script.send(answer)
        except StopIteration as end:
            return cast("T", end.value)
        match step:
            case Ask(statement, values):
                answer = await connection.fetch(for_postgres(statement), *values)
            case Each(statement, each):
                answer = await connection.executemany(for_postgres(statement), each)
            case Beside(work):
                answer = await asyncio.to_thread(work)


class PostgresStore(TabularStore):
    """`workspace.ports.Store` on one PostgreSQL database; `shown` is its address without secrets.

    Opening it makes the tables where there are none, unless they `must_exist`.
    """

    kind = "PostgreSQL"
    size_statement = "SELECT pg_database_size(current_database())"

    def __init__(self, url: str, *, shown: str, must_exist: bool = False) -> None:
        self._url = url
        self._must_exist = must_exist
        self._shown = shown
        self._writer: PostgresWriter | None = None
        self._readers: Any = None

    def __repr__(self) -> str:
        return f"PostgresStore({self._shown})"

    async def open(self) -> None:
        """Connect, with the tables made or migrated where they must be; once. Raises `StoreFault`."""
        if self._writer is not None:
            return
        try:
            connection = await connect(self._url)
            try:
                await prepare(
                    connection,
                    connect_patient=partial(connect, self._url, command_seconds=MIGRATION_SECONDS),
                    must_exist=self._must_exist,
                )
            finally:
                await connection.close()
            self._readers = await connect_readers(self._url, READERS)
        except ValueError as error:
            # The text of this one may repeat the address, and with it the password; so may its cause.
            raise StoreFault(f"the address of the database {self._shown} is wrong: {type(error).__name__}") from None
        except (*FAULTS, StoreFault) as error:
            kind = type(error) if isinstance(error, StoreFault) else StoreFault
            words = f"{words_of(error)} {advice(error)}".rstrip()
            raise kind(f"cannot open {self._shown}: {words}", retry=fault_of(error).retry) from error
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

    async def touch(self) -> None:
        """Write one row durably: its new version is one, though it says the same."""
        await self._write(lambda c: c.execute("UPDATE schema_version SET version = version"))

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

    async def _writing(self, script: Script[T], *, is_single: bool = False) -> T:
        return await self._write(lambda connection: run(connection, script))

    async def _reading(self, script: Script[T], *, is_one_moment: bool = False) -> T:
        return await self._read(partial(_at_once if is_one_moment else run, script=script))


async def _at_once(connection: Any, script: Script[T]) -> T:
    """Run a script on one state of the database."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await run(connection, script)
