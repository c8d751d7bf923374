"""The numbers of a database: its schema's, and its logs' highest format. What both stores ask before anything else.

A database whose numbers are this version's is opened after two short reads. Only one that is new or old loads more:
the tables to make it from, or the migrations with alembic.
"""

from __future__ import annotations

from typing import cast

from workspace.errors import DatabaseNewer
from workspace.intents.model.log_format import LOG_FORMAT
from workspace.late import load

# The number of the last migration: `workspace.store.migrations.versions` has one for each.
SCHEMA_VERSION = 8
# The first schema whose workspaces say in what format their logs are.
FORMAT_SINCE = 5
SELECT_VERSION = "SELECT max(version) FROM schema_version"
SELECT_FORMAT = "SELECT max(format) FROM workspace"
INSERT_VERSION = f"INSERT INTO schema_version (version) VALUES ({SCHEMA_VERSION:d})"
# How long a server waits for another that migrates the same database.
MIGRATION_SECONDS = 600.0


def check_schema(name: str, number: int) -> None:
    """Raise `DatabaseNewer` unless this version knows the schema of the database called `name`."""
    if number > SCHEMA_VERSION:
        raise DatabaseNewer(
            f"{name} is from a newer Folkmoot: its schema is {number}, this version knows {SCHEMA_VERSION}. "
            "Nothing was changed. Start the newer version, or go back to a copy (docs/upgrading.md)."
        )


def check_format(name: str, number: int) -> None:
    """Raise `DatabaseNewer` unless this version knows the format of every log in the database called `name`."""
    if number > LOG_FORMAT:
        raise DatabaseNewer(
            f"{name} is from a newer Folkmoot: a log in it has format {number}, this version knows {LOG_FORMAT}. "
            "Nothing was changed. Start the newer version, or go back to a copy (docs/upgrading.md)."
        )


def definition(database: str) -> list[str]:
    """Return the statements that fill an empty database, "sqlite" or "postgresql"; see `tables.definition`."""
    # Loaded here: SQLModel is a third of a server's start, and only an empty database needs it.
    module = load("workspace.store.tables")
    return [*cast("list[str]", module.definition(database)), INSERT_VERSION]
