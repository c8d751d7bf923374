"""The tables on PostgreSQL: asked for their number, made where there are none, migrated where they are old.

What tables there are is `workspace.store.tables`; text is stored with U+0000, which PostgreSQL refuses, escaped by
`workspace.store.postgres.link`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from workspace.errors import DatabaseMissing, StoreFault
from workspace.late import load
from workspace.store.postgres.link import Connect
from workspace.store.schema import (
    FORMAT_SINCE,
    MIGRATION_SECONDS,
    SCHEMA_VERSION,
    SELECT_FORMAT,
    SELECT_VERSION,
    check_format,
    check_schema,
    definition,
)

# Any number will do, as long as every server takes the same: two may start at once on an empty database.
LOCK = 0x666F6C6B6D6F6F74
# Not to_regclass: who waited for the lock would be answered from a cache that does not know what was made meanwhile.
HAS_VERSION = """SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
    WHERE relname = 'schema_version' AND nspname = ANY(current_schemas(false)))"""


async def prepare(connection: Any, *, connect_patient: Connect, must_exist: bool = False) -> None:
    """Leave tables of this version's schema, made unless they `must_exist`.

    `connect_patient` returns a connection whose statements may take long: a migration takes as long as the tables are
    large, and who comes second waits for it.

    Raises:
        DatabaseMissing: they must exist, and there are none; nothing was made.
        DatabaseNewer: a newer version has written them; nothing was changed.
        MigrationFailed: they are old and cannot be migrated; nothing was changed.
        StoreFault: the database has another encoding.
    """
    encoding = await connection.fetchval("SELECT current_setting('server_encoding')")
    if encoding != "UTF8":
        raise StoreFault(f"its encoding is {encoding}, which cannot hold every text: make it with ENCODING 'UTF8'")
    # Asked first, without a lock: who has no right to make tables may still use those there are.
    version = await _version(connection)
    if version is None and must_exist:
        raise DatabaseMissing(
            "there is no database of Folkmoot's in it: it has no tables. Is --database right? Nothing was made; "
            "`folkmoot serve` makes them, and so does `folkmoot token --new`."
        )
    if version is None:
        version = await _make(connection)
    if version < SCHEMA_VERSION:
        # Loaded here: an old database is migrated once, and alembic takes half a second to import.
        module = await asyncio.to_thread(load, "workspace.store.postgres.migration")
        await module.migrate(connect_patient)
        return
    check_schema("it", version)
    if version >= FORMAT_SINCE:
        check_format("it", await connection.fetchval(SELECT_FORMAT) or 0)


async def _version(connection: Any) -> int | None:
    if not await connection.fetchval(HAS_VERSION):
        return None
    found: int | None = await connection.fetchval(SELECT_VERSION)
    return found


async def _make(connection: Any) -> int:
    """Make the tables, once: of many servers that start at once the others find them. Return their number."""
    statements = await asyncio.to_thread(definition, "postgresql")
    async with connection.transaction():
        for statement in lock_statements():
            await connection.execute(statement)
        version = await _version(connection)
        if version is None:
            for statement in statements:
                await connection.execute(statement)
            version = SCHEMA_VERSION
    return version


def lock_statements() -> list[str]:
    """Return what holds the one place where tables are made and migrated until the transaction ends."""
    wait = f"SET LOCAL lock_timeout = '{MIGRATION_SECONDS:.0f}s'"
    return [wait, f"SELECT pg_advisory_xact_lock({LOCK:d})"]
