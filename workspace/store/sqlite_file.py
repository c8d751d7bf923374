"""A SQLite file before a store opens it: made where it is missing, migrated where it is old, refused where it is newer.

What a file is, is asked first and without writing: a file of a newer version keeps every byte.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from workspace.errors import DatabaseReadOnly, StoreFault
from workspace.late import load
from workspace.store.schema import (
    FORMAT_SINCE,
    SCHEMA_VERSION,
    SELECT_FORMAT,
    SELECT_VERSION,
    check_format,
    check_schema,
    definition,
)

BUSY_MS = 5_000


def prepare(path: Path) -> None:
    """Leave a file of this version's schema at `path`, made with mode 0600.

    Raises:
        DatabaseReadOnly: this process may not write it, or not beside it; nothing was changed.
        DatabaseNewer: a newer version has written it; nothing was changed.
        CopyRefused: it is old, and there is no room for a copy; nothing was changed.
        MigrationFailed: it is old and cannot be migrated; nothing was changed.
        StoreFault: it cannot be opened, or is no database.
    """
    try:
        _check_rights(path)
        version = _version(path) if path.exists() and path.stat().st_size else None
        if version is None:
            _make(path)
        elif version < SCHEMA_VERSION:
            # Loaded here: an old file is migrated once, and alembic takes half a second to import.
            load("workspace.store.migrations.run").migrate_file(path)
    except (OSError, sqlite3.Error) as error:
        raise StoreFault(f"cannot open {path}: {error}") from error


def _check_rights(path: Path) -> None:
    """Raise `DatabaseReadOnly` unless this process may write the file, what lies beside it, and in its folder.

    SQLite would only say that it cannot open something. What is not there yet is made, or fails by its own words.
    """
    for place in (path.parent, path, Path(f"{path}-wal"), Path(f"{path}-shm"), Path(f"{path}-journal")):
        need = os.R_OK | os.W_OK | (os.X_OK if place.is_dir() else 0)
        if place.exists() and not os.access(place, need, effective_ids=os.access in os.supports_effective_ids):
            raise DatabaseReadOnly(
                f"cannot open {path}: user {os.geteuid()} may not read and write {place}. SQLite writes the file and "
                "makes others beside it. Nothing was changed. Give that user the right to, start as the user who owns "
                "them, or take another folder with --data."
            )


def _version(path: Path) -> int | None:
    """Return the number of a file's schema, None where it has no table of numbers or no number in it.

    Raises:
        DatabaseNewer: see `prepare`.
    """
    with contextlib.closing(_look_at(path)) as raw:
        version = version_in(raw)
        if version is not None:
            check_schema(str(path), version)
        if version is not None and version >= FORMAT_SINCE:
            check_format(str(path), raw.execute(SELECT_FORMAT).fetchone()[0] or 0)
        return version


def version_in(raw: sqlite3.Connection) -> int | None:
    """Return the number of the schema behind a connection, None where there is none."""
    if raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone() is None:
        return None
    found: int | None = raw.execute(SELECT_VERSION).fetchone()[0]
    return found


def _look_at(path: Path) -> sqlite3.Connection:
    """Return a connection that does not write the file."""
    uri = path.absolute().as_uri()
    if _has_bytes(f"{path}-journal"):
        mode = "rw"  # a write that a crash cut off is undone first: without that nothing in the file can be believed
    elif _has_bytes(f"{path}-wal"):
        mode = "ro"
    else:
        mode = "ro&immutable=1"  # all there is stands in the file: reading it makes no files beside it
    return sqlite3.connect(f"{uri}?mode={mode}", uri=True, timeout=BUSY_MS / 1000, isolation_level=None)


def _has_bytes(name: str) -> bool:
    path = Path(name)
    return path.exists() and path.stat().st_size > 0


def _make(path: Path) -> None:
    """Make the file and its tables, once: of two servers that start at once the second finds them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    statements = definition("sqlite")
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("BEGIN IMMEDIATE")
        if version_in(raw) is None:
            for statement in statements:
                raw.execute(statement)
        raw.execute("COMMIT")
