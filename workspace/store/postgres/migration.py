"""The migrations on PostgreSQL: alembic wants a connection that does not await, which SQLAlchemy makes of asyncpg's."""

from __future__ import annotations

from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from workspace.errors import MigrationFailed
from workspace.store.migrations.run import upgrade, version_behind, words_of
from workspace.store.postgres.link import Connect, advice
from workspace.store.postgres.schema import lock_statements
from workspace.store.schema import SCHEMA_VERSION, check_schema
from workspace.telemetry import LOGGER


async def migrate(connect: Connect) -> None:
    """Bring the tables behind a connection to this version's schema, in one transaction.

    Raises:
        DatabaseNewer: another server has made them newer meanwhile.
        MigrationFailed: nothing was changed.
    """
    # The address is not SQLAlchemy's to read: the connection is made as all others are.
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
    except SQLAlchemyError as error:
        words = f"{words_of(error)}. {advice(_cause_of(error))}".rstrip()
        raise MigrationFailed(f"it cannot be migrated, nothing was changed: {words}") from error
    finally:
        await engine.dispose()


def _cause_of(error: SQLAlchemyError) -> BaseException:
    """Return the driver's own error: SQLAlchemy wraps it twice."""
    return getattr(getattr(error, "orig", None), "__cause__", None) or error


def _migrate(connection: Connection) -> None:
    for statement in lock_statements():
        connection.execute(text(statement))
    old = version_behind(connection)
    check_schema("it", old)
    if old < SCHEMA_VERSION:
        upgrade(connection, old)
        LOGGER.warning("the database was migrated from schema %d to %d", old, SCHEMA_VERSION)
