"""Bring an old database to this version's schema: one transaction, under a lock, whatever happens all or nothing.

Loaded for old databases only: alembic takes half a second to import.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection, NullPool, create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from workspace.access import AccessRow
from workspace.clock import SystemClock
from workspace.errors import MigrationFailed
from workspace.intents.model.times import timestamp
from workspace.store.advice import advice, is_full
from workspace.store.copies import check_room, copy_before, refused
from workspace.store.schema import MIGRATION_SECONDS, SCHEMA_VERSION, SELECT_VERSION, check_schema
from workspace.store.statements import PUT_ACCESS, for_sqlite
from workspace.telemetry import LOGGER

FOLDER = Path(__file__).parent
# Alembic keeps what it works on in the module: one migration at a time in a process.
_ALONE = threading.Lock()


def migrate_file(path: Path) -> None:
    """Migrate a SQLite file, after a copy of it was made beside it. A file that is migrated already stays as it is.

    Raises:
        CopyRefused: there is no room for the copy, or the migration met a full disk; nothing was changed.
        MigrationFailed: nothing was changed.
    """
    engine = create_engine("sqlite://", creator=lambda: _connect(path), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            # Whoever comes second waits here. Readers go on, and so does the copy, on a connection of its own.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            old = version_behind(connection)
            check_schema(str(path), old)
            if old < SCHEMA_VERSION:
                copy = copy_before(path, SCHEMA_VERSION)
                with _ALONE:
                    upgrade(connection, old)
                _note(connection, copy)
                connection.commit()
                LOGGER.warning(
                    "%s was migrated from schema %d to %d; as it was before it is in %s",
                    path,
                    old,
                    SCHEMA_VERSION,
                    copy,
                )
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error
        if is_full(cause):
            check_room(path)  # it says how much is needed; there may be as much again, now that all is undone
            raise refused(path, f"the disk took nothing more: {words_of(error)}") from error
        words = f"{words_of(error)}. {advice(cause)}" if isinstance(cause, sqlite3.Error) else words_of(error)
        raise MigrationFailed(f"{path} cannot be migrated, nothing was changed: {words}") from error
    finally:
        engine.dispose()


def _note(connection: Connection, copy: Path) -> None:
    """Enter in the record of access that a copy was made: it is the last backup there is, until there is another."""
    clock = SystemClock()
    words = f"before schema {SCHEMA_VERSION}"
    noted = AccessRow(clock.token(6), "", timestamp(clock.now()), "server", "backup", copy.name, words)
    connection.exec_driver_sql(for_sqlite(PUT_ACCESS), msgspec.structs.astuple(noted))


def _connect(path: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(path, timeout=MIGRATION_SECONDS, isolation_level=None, check_same_thread=False)
    # As in the store: what is taken away must not stay readable, and what is committed is on the disk.
    raw.execute("PRAGMA secure_delete=ON")
    raw.execute("PRAGMA synchronous=FULL")
    return raw


def version_behind(connection: Connection) -> int:
    """Return the number of the schema behind a connection."""
    found = connection.execute(text(SELECT_VERSION)).scalar()
    assert found is not None, "what has no number is made, not migrated"
    return int(found)


def upgrade(connection: Connection, old: int, *, to: int = SCHEMA_VERSION) -> None:
    """Run the migrations behind number `old` up to `to` in the connection's transaction, which stays open.

    From 0 on they make a database.
    """
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if old:
        command.stamp(config, revision_of(old), purge=True)
    command.upgrade(config, revision_of(to))


def revision_of(number: int) -> str:
    """Return what alembic calls a number."""
    return f"{number:04d}"


def record_version(
    ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: Mapping[str, Any]
) -> None:
    """Write the number of the migration that has just run, in its transaction: alembic calls this after each."""
    connection = ctx.connection
    assert connection is not None, "migrations run on a connection"
    (head,) = heads
    if inspect(connection).has_table("schema_version"):
        connection.execute(text("DELETE FROM schema_version"))
        connection.execute(text("INSERT INTO schema_version (version) VALUES (:number)"), {"number": int(head)})


def words_of(error: Exception) -> str:
    """Return the first line of what the database said: the rest repeats statements and their values."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0]
