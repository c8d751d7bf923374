"""A SQLite file before a store opens it: made where it is missing, migrated where it is old, refused where it is newer.

Who only looks into one has it refused where it is missing: a typo in a folder's name must not make a second database.

What a file is, is asked first and without writing: a file of a newer version keeps every byte.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from pathlib import Path

from workspace.errors import DatabaseMissing, DatabaseReadOnly, StoreFault
from workspace.late import load
from workspace.store.advice import advice, lowest_there_is
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


def prepare(path: Path, *, must_exist: bool = False) -> None:
    """Leave a file of this version's schema at `path`, made with mode 0600, folders and all, unless it `must_exist`.

    Raises:
        DatabaseMissing: it must exist, and nothing is there, or an empty file; nothing was made.
        DatabaseReadOnly: this process may not write it, or not beside it; nothing was changed.
        DatabaseNewer: a newer version has written it; nothing was changed.
        CopyRefused: it is old, and there is no room for a copy; nothing was changed.
        MigrationFailed: it is old and cannot be migrated; nothing was changed.
        StoreFault: it cannot be opened, or is no database.
    """
    try:
        _check_rights(path)
        is_there = path.exists() and path.stat().st_size > 0
        version = _version(path) if is_there else None
        if must_exist and version is None:
            what = f"{path.name} is no database of Folkmoot's" if is_there else f"{path.name} is not there, or is empty"
            raise DatabaseMissing(
                f"there is no database in {path.parent}: {what}. Is --data right? (Or --database, FOLKMOOT_DATA, "
                "FOLKMOOT_DATABASE.) Nothing was made; `folkmoot serve` makes one, and so does `folkmoot token --new`."
            )
        if version is None:
            _make(path)
        elif version < SCHEMA_VERSION:
            # Loaded here: an old file is migrated once, and alembic takes half a second to import.
            load("workspace.store.migrations.run").migrate_file(path)
    except (OSError, sqlite3.Error) as error:
        raise StoreFault(f"cannot open {path}: {error}. {advice(error)}") from error


def _check_rights(path: Path) -> None:
    """Raise `DatabaseReadOnly` unless this process may write the file, what lies beside it, and in its folder.

    Where there is no folder yet, it may write in the one in which that would be made. SQLite and the system would only
    say that they cannot open something.

    Raises:
        OSError: a file stands where a folder must be or the other way round, or a folder cannot be looked into.
    """
    folder = lowest_there_is(path.parent)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is no folder", str(folder))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    for place in (folder, path, Path(f"{path}-wal"), Path(f"{path}-shm"), Path(f"{path}-journal")):
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
