"""Databases as older versions made them: what each of those wrote, as statements, with a workspace or two in it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from tests.support.homes import PostgresHome

FOLDER = Path(__file__).parent / "old"
FILES = sorted(path.stem.removeprefix("sqlite_") for path in FOLDER.glob("sqlite_*.sql"))
DATABASES = sorted(path.stem.removeprefix("postgres_") for path in FOLDER.glob("postgres_*.sql"))
BOOLEANS = {"is_busy", "revoked", "is_on", "gone"}


def make_file(path: Path, name: str) -> Path:
    """Make a SQLite file as the version made it that wrote `name`."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.executescript((FOLDER / f"sqlite_{name}.sql").read_text(encoding="utf-8"))
    return path


def dump(path: Path) -> list[str]:
    """Return everything in a SQLite file, as statements."""
    with contextlib.closing(sqlite3.connect(path)) as raw:
        return list(raw.iterdump())


def make_tables(home: PostgresHome, name: str) -> None:
    """Make tables on PostgreSQL as the version made them that wrote `name`, with the rows of the SQLite file."""
    for statement in (FOLDER / f"postgres_{name}.sql").read_text(encoding="utf-8").split(";"):
        if statement.strip():
            home.ask(statement)
    with contextlib.closing(sqlite3.connect(":memory:")) as raw:
        raw.executescript((FOLDER / f"sqlite_{name}.sql").read_text(encoding="utf-8"))
        for (table,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table == "schema_version":
                continue
            found = raw.execute(f"SELECT * FROM {table}")
            columns = [column[0] for column in found.description]
            numbers = ", ".join(f"${at}" for at, _ in enumerate(columns, 1))
            for row in found:
                values = [bool(v) if name in BOOLEANS else v for name, v in zip(columns, row, strict=True)]
                home.ask(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({numbers})", *values)
