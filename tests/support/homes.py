"""Where a test's store lives: a SQLite file or a PostgreSQL database, and a look at its tables behind its back."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.support.postgres import ask
from workspace.store.address import store_of


class Home(Protocol):
    """One database of a test's own."""

    url: str
    module: str  # the store's module

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement on a connection of its own, `$1` being the first value."""

    def hold(self, store: Any) -> contextlib.AbstractAsyncContextManager[None]:
        """Keep the store's writer busy until the block is left."""


class SqliteHome:
    """A file."""

    module = "workspace.store.sql"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.path)) as raw, raw:
            return raw.execute(query.replace("$", "?"), values).fetchall()

    @contextlib.asynccontextmanager
    async def hold(self, store: Any) -> AsyncIterator[None]:
        started, held = threading.Event(), threading.Event()

        def work(_: object) -> None:
            started.set()
            held.wait(10)

        busy = asyncio.ensure_future(store._write(work))
        await asyncio.to_thread(started.wait, 10)
        yield
        held.set()
        await busy


class PostgresHome:
    """A database of the session's server."""

    module = "workspace.store.postgres.store"

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in ask(self.url, query, *values)]

    @contextlib.asynccontextmanager
    async def hold(self, store: Any) -> AsyncIterator[None]:
        started, held = asyncio.Event(), asyncio.Event()

        async def work(_: object) -> None:
            started.set()
            await held.wait()

        busy = asyncio.ensure_future(store._write(work))
        await started.wait()
        yield
        held.set()
        await busy


def home_of(kind: str, request: pytest.FixtureRequest, name: str = "a") -> Home:
    """Return a new home, "sqlite" or "postgres"."""
    if kind == "sqlite":
        return SqliteHome(request.getfixturevalue("tmp_path") / f"{name}.sqlite")
    return PostgresHome(request.getfixturevalue("postgres").database())


async def opened(home: Home) -> Any:
    """Return the opened store of a home."""
    store = store_of(home.url)
    await store.open()
    return store
