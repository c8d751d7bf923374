"""Every database that an older version made opens, loses nothing, and is then as if this version had made it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import signal
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.homes import Home, PostgresHome, SqliteHome, opened
from tests.support.postgres import elsewhere
from tests.workspace.room.stage import HandClock
from tests.workspace.store.old_databases import DATABASES, FILES, FOLDER, dump, make_file, make_tables
from workspace.access import TOKEN, AccessRow, InvitationRow, LoginRow, MemberRow, PersonRow, TokenRow, format_key
from workspace.errors import CopyRefused, DatabaseNewer, LogNewer, MigrationFailed
from workspace.intents.audit.verify import verify
from workspace.intents.model.log_format import LOG_FORMAT
from workspace.ports import SERVER, Batch, InboxRow, LaneRow, SwitchRow, WorkspaceRow
from workspace.registry.tokens import AccessTokens
from workspace.store import copies, statements
from workspace.store.migrations.run import FOLDER as MIGRATIONS
from workspace.store.migrations.run import migrate_file, upgrade
from workspace.store.postgres.link import connect
from workspace.store.postgres.migration import migrate
from workspace.store.schema import SCHEMA_VERSION
from workspace.store.sql import SqlStore
from workspace.store.tables import METADATA

# The link of the token `0123456789ab` in every old database.
LINK = format_key(TOKEN, "0123456789ab", "5" * 32)
# What SQLite and PostgreSQL say of columns and indexes; a migrated table has its columns in another order.
SQLITE_COLUMNS = """SELECT m.name, c.name, c.type, "notnull", dflt_value, pk FROM sqlite_master m,
    pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, 2"""
SQLITE_INDEXES = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL ORDER BY 1"
POSTGRES_COLUMNS = """SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name
    FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2"""
POSTGRES_INDEXES = """SELECT tablename, replace(indexdef, current_schema() || '.', '') FROM pg_indexes
    WHERE schemaname = current_schema() ORDER BY 1, 2"""


def differences(connection: Connection) -> list[Any]:
    """Return what alembic would change so that the database is what the tables of this version say."""
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))


def run_on(home: Home, work: Any) -> Any:
    """Run something on a connection of SQLAlchemy's, in one transaction."""
    if isinstance(home, SqliteHome):
        engine = create_engine(home.url, poolclass=NullPool)
        with engine.begin() as connection:
            return work(connection)

    async def run() -> Any:
        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=partial(connect, home.url), poolclass=NullPool
        )
        async with engine.begin() as connection:
            return await connection.run_sync(work)

    return elsewhere(run())


def shape(home: Home) -> list[list[tuple[Any, ...]]]:
    """Return all columns and indexes, alembic's own table apart."""
    is_file = isinstance(home, SqliteHome)
    queries = (SQLITE_COLUMNS, SQLITE_INDEXES) if is_file else (POSTGRES_COLUMNS, POSTGRES_INDEXES)
    return [[row for row in home.ask(query) if "alembic_version" not in row] for query in queries]


def copies_in(folder: Path) -> list[Path]:
    """Return the copies, and what is left of any."""
    return sorted(folder.glob("*before*"))


async def check_content(home: Home, number: int) -> None:
    """Check that everything that the old version wrote is there, and that what it did not know has its beginning."""
    store = await opened(home)
    try:
        rows = [row for row in await store.workspaces() if row.id == "w"]
        assert [(row.name, row.epoch, row.format) for row in rows] == [("Zoë ✓ 😀", 1, 1)]
        log = await store.rows("w")
        assert [row.seq for row in log] == [1, 2, 3, 4, 5]
        assert verify(log, []).ok
        assert await store.lane("w", "L1") == LaneRow("w", "L1", "ana", "hash", "now")
        assert [(row.id, row.expires, row.revoked) for row in await store.tokens("w")] == [
            ("0123456789ab", None, False),
            ("t2", 5.5, True),
        ]
        members = await store.members("w")
        assert [(row.actor, row.person, row.role, row.gone) for row in members] == [
            ("ana", "0123456789ab", "", False),
            ("ben", "t2", "", False),
        ]
        assert [await store.person(row.person) for row in members] == [
            PersonRow("0123456789ab", "ana", "", "a"),
            PersonRow("t2", "ben", "", "b"),
        ]
        ana = await AccessTokens(store, HandClock()).identify(LINK, "w")
        assert ana is not None, "the link that was given out before goes on"
        assert (ana.actor, ana.role, ana.scope) == ("ana", "owner", "all")
        acknowledged = InboxRow("w", "ana", 4, ("i7",)) if number >= 3 else InboxRow("w", "ana", 5)
        assert await store.inbox("w", "ana") == acknowledged
        assert await store.switches() == ([SwitchRow(SERVER, True, "Op", "now", "checking")] if number >= 4 else [])
        if number >= 2:
            assert await store.blob("w", "sha256:00") == b"\x00\xff"
        await store.create_workspace(WorkspaceRow("new", "New", "now"))
        assert await store.claim("w") == 2
        await store.submit(Batch("w", 2, is_busy=True))
    finally:
        await store.close()
    assert home.ask("SELECT version FROM schema_version") == [(SCHEMA_VERSION,)]


@pytest.mark.parametrize("name", FILES)
async def test_a_file_of_every_older_schema_is_migrated_after_a_copy(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, number = make_file(tmp_path / "a.sqlite", name), int(name[0])
    before = dump(path)
    await check_content(SqliteHome(path), number)
    copy = tmp_path / f"a.before-{SCHEMA_VERSION}.sqlite"
    assert dump(copy) == before
    assert copy.stat().st_mode & 0o077 == 0
    told = [line for line in caplog.messages if "was migrated from schema" in line]
    assert len(told) == 1
    assert str(copy) in told[0]
    assert copies_in(tmp_path) == [copy]
    assert run_on(SqliteHome(path), differences) == []
    store = await opened(SqliteHome(path))
    backup = await store.newest("backup")
    await store.close()
    assert backup is not None, "the copy stands in the record of access"
    assert (backup.by, backup.subject, backup.detail) == ("server", copy.name, f"before schema {SCHEMA_VERSION}")


async def test_workspaces_that_could_not_say_whether_something_goes_on_are_opened_once(tmp_path: Path) -> None:
    for name, is_busy in (("2", True), ("2_busy", False)):
        store = await opened(SqliteHome(make_file(tmp_path / f"{name}.sqlite", name)))
        assert [row.is_busy for row in await store.workspaces()] == [is_busy] * 2
        await store.close()


@pytest.mark.parametrize("name", DATABASES)
async def test_a_database_of_every_older_schema_is_migrated(postgres_url: str, name: str) -> None:
    home = PostgresHome(postgres_url)
    make_tables(home, name)
    await check_content(home, int(name[0]))
    assert run_on(home, differences) == []


async def test_a_database_that_is_made_and_one_that_is_migrated_are_alike(
    home: Home, tmp_path: Path, postgres_url: str
) -> None:
    await (await opened(home)).close()
    assert run_on(home, differences) == []
    made = shape(home)
    if isinstance(home, SqliteHome):
        for name in FILES:
            old: Home = SqliteHome(make_file(tmp_path / f"old_{name}.sqlite", name))
            await (await opened(old)).close()
            assert shape(old) == made, name
    else:
        old = PostgresHome(postgres_url)
        make_tables(old, "3")
        await (await opened(old)).close()
        assert shape(old) == made


async def test_the_migrations_alone_make_a_database(home: Home, tmp_path: Path, postgres_url: str) -> None:
    run_on(home, lambda connection: upgrade(connection, 0))
    assert run_on(home, differences) == []
    other = SqliteHome(tmp_path / "other.sqlite") if isinstance(home, SqliteHome) else PostgresHome(postgres_url)
    await (await opened(other)).close()
    assert shape(home) == shape(other)
    assert home.ask("SELECT version FROM schema_version") == [(SCHEMA_VERSION,)]


def test_every_number_has_its_migration_and_every_older_one_a_database() -> None:
    found = sorted(path.name[:5] for path in (MIGRATIONS / "versions").glob("v*.py"))
    assert found == [f"v{number:04d}" for number in range(1, SCHEMA_VERSION + 1)]
    assert {int(name[0]) for name in FILES} == set(range(1, SCHEMA_VERSION))
    assert {int(name[0]) for name in DATABASES} == set(range(3, SCHEMA_VERSION))
    assert len(list(FOLDER.iterdir())) == len(FILES) + len(DATABASES)


async def test_of_servers_that_start_at_once_one_migrates(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.sqlite", "3")
    stores = await asyncio.gather(*(opened(SqliteHome(path)) for _ in range(4)))
    await asyncio.gather(*(store.close() for store in stores))
    assert len(copies_in(tmp_path)) == 1
    await check_content(SqliteHome(path), 3)


async def test_of_servers_that_start_at_once_one_migrates_the_tables(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    home = PostgresHome(postgres_url)
    make_tables(home, "3")
    stores = await asyncio.gather(*(opened(home) for _ in range(4)))
    await asyncio.gather(*(store.close() for store in stores))
    assert len([line for line in caplog.messages if "migrated" in line]) == 1
    await check_content(home, 3)


# ---------------------------------------------------------------- what goes wrong


def hashes(folder: Path) -> dict[str, str]:
    """Return what is in a folder, byte by byte; an index of a WAL that only says who reads apart."""
    found = sorted(path for path in folder.iterdir() if not path.name.endswith("-shm"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


@pytest.mark.damages_logs
@pytest.mark.parametrize("newer", ["UPDATE schema_version SET version = 99", "UPDATE workspace SET format = 99"])
@pytest.mark.parametrize("server", ["is closed", "is open", "was killed"])
async def test_a_newer_file_is_refused_and_keeps_every_byte(tmp_path: Path, newer: str, server: str) -> None:
    path, folder = make_file(tmp_path / "a.sqlite", "4"), tmp_path
    await (await opened(SqliteHome(path))).close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        if server != "is closed":
            other.execute("PRAGMA wal_autocheckpoint=0")
        other.execute(newer)
        if server == "is closed":
            other.close()
        elif server == "was killed":  # the last who closes such a file writes what its WAL holds into it
            folder = tmp_path / "after"
            folder.mkdir()
            for end in ("", "-wal"):
                shutil.copy(f"{path}{end}", folder)
        before, touched = hashes(folder), folder.stat().st_mtime_ns
        assert ("a.sqlite-wal" in before) == (server != "is closed")
        with pytest.raises(DatabaseNewer, match=r"99, this version knows .*docs/upgrading\.md") as caught:
            await opened(SqliteHome(folder / "a.sqlite"))
        assert caught.value.code == "database_newer"
        assert not caught.value.retry
        assert hashes(folder) == before
        # To read a WAL that nobody has open SQLite makes an index of it; else nothing is made, not even for a moment.
        assert (folder.stat().st_mtime_ns == touched) == (server != "was killed")


@pytest.mark.damages_logs
@pytest.mark.parametrize("newer", ["UPDATE schema_version SET version = 99", "UPDATE workspace SET format = 99"])
async def test_a_newer_database_is_refused(postgres_url: str, newer: str) -> None:
    home = PostgresHome(postgres_url)
    make_tables(home, "4")
    await (await opened(home)).close()
    home.ask(newer)
    with pytest.raises(DatabaseNewer, match="99, this version knows"):
        await opened(home)


async def test_a_log_that_becomes_newer_meanwhile_is_not_claimed(home: Home) -> None:
    store = await opened(home)
    await store.create_workspace(WorkspaceRow("w", "W", "now", format=LOG_FORMAT + 1))
    for claims in (store.claim("w"), store.take("w", short=10)):
        with pytest.raises(LogNewer, match=f"format {LOG_FORMAT + 1}"):
            await claims
    assert [(row.epoch, row.format) for row in await store.workspaces()] == [(0, LOG_FORMAT + 1)]
    await store.delete_workspace("w")
    await store.close()


async def test_no_copy_is_overwritten(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.sqlite", "4")
    taken = [tmp_path / f"a.before-{SCHEMA_VERSION}{again}.sqlite" for again in ("", ".2")]
    for at, other in enumerate(taken):
        other.write_text(f"kept {at}")
    cut_off = tmp_path / f"a.before-{SCHEMA_VERSION}.3.sqlite.part"
    cut_off.write_text("of one that was killed")
    before = dump(path)
    await (await opened(SqliteHome(path))).close()
    assert [other.read_text() for other in taken] == ["kept 0", "kept 1"]
    assert dump(tmp_path / f"a.before-{SCHEMA_VERSION}.3.sqlite") == before
    assert not cut_off.exists()


async def test_what_only_the_wal_holds_is_in_the_copy(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.sqlite", "4")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA wal_autocheckpoint=0")
        other.execute("UPDATE workspace SET name = 'in the WAL' WHERE id = 'empty'")
        before = list(other.iterdump())
        await (await opened(SqliteHome(path))).close()
        assert dump(tmp_path / f"a.before-{SCHEMA_VERSION}.sqlite") == before


async def test_without_room_for_a_copy_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_file(tmp_path / "a.sqlite", "3")
    before = hashes(tmp_path)
    monkeypatch.setattr(copies, "RESERVE_BYTES", 1 << 62)
    with pytest.raises(CopyRefused, match=r"need [0-9,]+ bytes free in .*, and [0-9,]+ are") as caught:
        await opened(SqliteHome(path))
    assert (caught.value.code, caught.value.retry) == ("copy_refused", True)
    monkeypatch.undo()
    assert hashes(tmp_path) == before
    await check_content(SqliteHome(path), 3)


FULL_DISK = """
import asyncio, resource, signal, sys
from workspace.access import TOKEN, AccessRow, InvitationRow, LoginRow, MemberRow, PersonRow, TokenRow, format_key
from workspace.errors import CopyRefused
from workspace.store.migrations import run
from workspace.store.sql import SqlStore

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
try:
    asyncio.run(SqlStore(sys.argv[1]).open())
except CopyRefused as fault:
    print(fault.reason)
"""


def test_a_disk_that_fills_while_the_copy_is_written_changes_nothing(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.sqlite", "3")
    SqliteHome(path).ask("INSERT INTO archive VALUES ('w', 'large', $1)", bytes(200_000))
    before = hashes(tmp_path)
    command = [sys.executable, "-B", "-c", FULL_DISK, f"sqlite:///{path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "Nothing was changed. Make room and start again." in done.stdout, done.stderr
    assert hashes(tmp_path) == before


def full_where(begins: str, words: str, code: int) -> type[sqlite3.Connection]:
    """Return connections that say, where a statement begins so, what SQLite says on a disk without a byte free."""

    def look(statement: str) -> None:
        if statement.startswith(begins):
            error = sqlite3.OperationalError(words)
            error.sqlite_errorcode = code
            raise error

    class Cursor(sqlite3.Cursor):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            look(statement)
            return super().execute(statement, *values)

    class Connection(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            look(statement)
            return super().execute(statement, *values)

        def cursor(self, *_: Any, **__: Any) -> sqlite3.Cursor:
            return super().cursor(Cursor)

    return Connection


@pytest.mark.parametrize("begins", ["PRAGMA synchronous", "BEGIN IMMEDIATE", "CREATE"])
@pytest.mark.parametrize(
    "words, code", [("disk I/O error", sqlite3.SQLITE_IOERR_SHMSIZE), ("database or disk is full", sqlite3.SQLITE_FULL)]
)
@pytest.mark.parametrize("free", [0, 1 << 40])
def test_a_disk_without_a_byte_is_a_refused_copy_wherever_sqlite_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begins: str, words: str, code: int, free: int
) -> None:
    path = make_file(tmp_path / "a.sqlite", "3")
    before = dump(path)
    factory, connect = full_where(begins, words, code), sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **named: connect(*args, **{"factory": factory, **named}))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    with pytest.raises(CopyRefused, match=r"Nothing was changed\. Make room and start again\.") as caught:
        migrate_file(path)
    monkeypatch.undo()
    assert ("and 0 are" if free == 0 else words) in caught.value.reason
    assert dump(path) == before


KILLED = """
import asyncio, os, signal, sys
from workspace.registry.tokens import AccessTokens
from workspace.store import copies
from workspace.store.migrations import run
from workspace.store.sql import SqlStore

def kills(work):
    def killed(*args, **named):
        work(*args, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    return killed

if sys.argv[2] == "copy":
    copies._copy = kills(copies._copy)
else:
    run.upgrade = kills(run.upgrade)
asyncio.run(SqlStore(sys.argv[1]).open())
"""


@pytest.mark.parametrize("after", ["copy", "upgrade"])
async def test_a_server_that_is_killed_while_it_migrates_leaves_the_old_file(tmp_path: Path, after: str) -> None:
    path = make_file(tmp_path / "a.sqlite", "2_busy")
    before = dump(path)
    command = [sys.executable, "-c", KILLED, f"sqlite:///{path}", after]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert dump(path) == before
    copy = tmp_path / f"a.before-{SCHEMA_VERSION}.sqlite"
    assert copy.exists() == (after == "upgrade"), "a copy has its name when it is whole"
    await check_content(SqliteHome(path), 2)
    whole = copies_in(tmp_path)
    assert len(whole) == (1 if after == "copy" else 2)
    assert [dump(one) for one in whole] == [before] * len(whole)


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = make_file(tmp_path / "a.sqlite", "3")
    SqliteHome(path).ask("DROP TABLE token")  # the last migration wants to name its index
    before = dump(path)
    with pytest.raises(MigrationFailed, match="nothing was changed") as caught:
        await opened(SqliteHome(path))
    assert caught.value.code == "migration_failed"
    assert dump(path) == before


async def test_a_migration_that_fails_on_postgresql_changes_nothing(postgres_url: str) -> None:
    home = PostgresHome(postgres_url)
    make_tables(home, "3")
    home.ask("DROP TABLE token")
    before = shape(home)
    with pytest.raises(MigrationFailed, match="nothing was changed"):
        await opened(home)
    assert shape(home) == before
    assert home.ask("SELECT version FROM schema_version") == [(3,)]


@pytest.mark.damages_logs
async def test_who_waits_for_a_migration_refuses_what_came_of_it_when_that_is_newer(postgres_url: str) -> None:
    home = PostgresHome(postgres_url)
    make_tables(home, "3")
    home.ask("UPDATE schema_version SET version = 99")
    with pytest.raises(DatabaseNewer):
        await migrate(partial(connect, home.url))


def test_a_file_that_is_current_loads_neither_alembic_nor_sqlmodel(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    asyncio.run(opened_and_closed(url))
    code = f"""if True:
        import asyncio, sys
        import agent.commands.serve, agent.commands.records
        from workspace.store.sql import SqlStore
        asyncio.run(SqlStore({url!r}).open())
        assert not {{"alembic", "sqlmodel", "sqlalchemy", "pydantic"}} & set(sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


async def opened_and_closed(url: str) -> None:
    store = SqlStore(url)
    await store.open()
    await store.close()


def test_statements_name_the_columns_there_are() -> None:
    tables = METADATA.tables
    owned = {name for name, table in tables.items() if "ws" in table.columns}
    assert set(statements.OWNED) == owned
    named_tables = ("workspace", "log", "journal", "lane", "token", "switch", "person", "member", "login")
    for name in (*named_tables, "invitation", "access"):
        named = getattr(statements, name.upper()).split(", ")
        assert {"ws", *named} == {"ws", *tables[name].columns.keys()}, name
    rows = (TokenRow, PersonRow, MemberRow, LoginRow, InvitationRow, AccessRow)
    for kind, columns in zip(rows, ("TOKEN", "PERSON", "MEMBER", "LOGIN", "INVITATION", "ACCESS"), strict=True):
        named = [name.removesuffix("_actor") for name in getattr(statements, columns).split(", ")]
        assert named == [field.name for field in msgspec.structs.fields(kind)]
