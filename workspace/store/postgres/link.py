"""Connections to PostgreSQL: what each is told at its beginning, how text is carried, what its errors mean.

Text goes both ways with U+0000 escaped, since PostgreSQL stores every character but that one. JSON escapes it
itself, so no record is changed by this; names, titles and what somebody looks up may hold it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from workspace.errors import StoreFault, WorkspaceFault

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0
# Fencing reads the epoch again after it waited for its row, which is what READ COMMITTED does. A server that is cut
# off in mid-transaction must not hold the row for longer than its successor's people wait.
SESSION = {
    "application_name": "folkmoot",
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "lock_timeout": "3s",
    "idle_in_transaction_session_timeout": "10s",
}
Connect = Callable[[], Awaitable[Any]]
_MARK, _MARKED, _NUL = "\x1a", "\x1a1", "\x1a0"

# What the database says no to because of what a batch holds; anything else is about the database.
REFUSALS = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.DataError,
    asyncpg.exceptions.ProgramLimitExceededError,
)
LOCKED = asyncpg.exceptions.LockNotAvailableError
# `InternalClientError` is what asyncpg makes of a statement that comes after the server's farewell (FATAL, while
# nothing was asked) and before the end of the stream.
FAULTS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_LOST = (
    OSError,  # TimeoutError too: what became of the statement is not known
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.AdminShutdownError,
    asyncpg.exceptions.CrashShutdownError,
    asyncpg.exceptions.CannotConnectNowError,
    asyncpg.exceptions.IdleInTransactionSessionTimeoutError,
)
_PASSING = (
    asyncpg.exceptions.InsufficientResourcesError,  # a full disk, no memory, too many connections
    asyncpg.exceptions.ObjectNotInPrerequisiteStateError,  # a lock that was not given in time
    asyncpg.exceptions.TransactionRollbackError,
    asyncpg.exceptions.OperatorInterventionError,
)


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection whose session nobody changes: a pool need not ask the server to reset it after each use."""

    def get_reset_query(self) -> str:
        """Return nothing to run."""
        return ""


def escape(text: str) -> str:
    """Return text as it is stored. A list of texts must be escaped by who asks: only single ones are on their way."""
    if "\0" in text or _MARK in text:
        return text.replace(_MARK, _MARKED).replace("\0", _NUL)
    return text


def unescape(text: str) -> str:
    """Return what `escape` was given."""
    return text.replace(_NUL, "\0").replace(_MARKED, _MARK) if _MARK in text else text


async def carry_text(connection: Any) -> None:
    """Have a new connection carry text escaped."""
    await connection.set_type_codec(
        "text",
        schema="pg_catalog",
        encoder=lambda text: escape(text).encode(),
        decoder=lambda stored: unescape(bytes(stored).decode()),
        format="binary",
    )


async def connect(url: str, *, command_seconds: float = COMMAND_SECONDS) -> Any:
    """Return a connection to write on. Raises one of `FAULTS`."""
    connection = await asyncpg.connect(
        url, timeout=CONNECT_SECONDS, command_timeout=command_seconds, server_settings=SESSION
    )
    await carry_text(connection)
    return connection


async def connect_readers(url: str, count: int) -> Any:
    """Return a pool of connections to read on. Raises one of `FAULTS`."""
    return await asyncpg.create_pool(
        url,
        min_size=0,  # a floor would be restored by a task that logs each failure
        max_size=count,
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        server_settings=SESSION,
        connection_class=Connection,
        init=carry_text,
    )


def is_lost(error: Exception) -> bool:
    """Tell whether the connection is of no more use after an error."""
    return isinstance(error, _LOST) or (isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError))


def words_of(error: Exception) -> str:
    """Return what an error says, on one line: the detail of a PostgreSQL error quotes the row that failed."""
    if isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        return "it was closed"  # asyncpg says which of its own methods or states noticed
    return getattr(error, "message", None) or str(error).partition("\n")[0] or type(error).__name__


def advice(error: BaseException) -> str:
    """Return a sentence that says what to do where a database does not open, empty where its own words say it."""
    if isinstance(error, asyncpg.exceptions.InvalidCatalogNameError):
        return "Make it, empty, with ENCODING 'UTF8', or name another with --database."
    if isinstance(error, asyncpg.exceptions.InvalidAuthorizationSpecificationError):
        return "Mend the user in --database, or the password in PGPASSWORD or ~/.pgpass."
    if isinstance(error, asyncpg.exceptions.InsufficientPrivilegeError):
        return "Give that user the right to, or name another user or database with --database."
    if isinstance(error, asyncpg.exceptions.DiskFullError):
        return "Make room on the disk of the PostgreSQL server and start again."
    if isinstance(error, OSError):
        return "See that PostgreSQL runs there and takes connections, and that host and port of --database are right."
    return ""


def fault_of(error: Exception) -> WorkspaceFault:
    """Return a database error as a fault that says whether trying again is safe; never with words of a row in it."""
    if isinstance(error, WorkspaceFault):
        return error
    text = words_of(error)
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return StoreFault(f"a row exists already: {text}")
    if is_lost(error):
        return StoreFault(f"the connection to the database is lost: {text}. Nothing acknowledged is.", retry=True)
    if isinstance(error, LOCKED):
        return StoreFault(f"the workspace is locked by another process: {text}", retry=True)
    return StoreFault(f"the database failed: {text}", retry=isinstance(error, _PASSING))
