"""PostgreSQL: fenced by a row lock, whole after a lost connection, and able to hold every character and number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import given
from hypothesis.strategies import characters, lists, sampled_from, text

from tests.contracts.test_store import journal, rows
from tests.support.homes import PostgresHome, opened
from tests.support.postgres import Postgres, until
from tests.support.relay import Relay
from tests.workspace.store.test_segments import cut, log_of
from workspace.errors import Deposed, StoreBusy, StoreFault
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.record import Row, read_row, seal
from workspace.ports import Batch, JournalRow, LaneRow, SnapshotRow, SwitchRow, TokenRow, WorkspaceRow
from workspace.store import segments
from workspace.store.postgres import link
from workspace.store.postgres import segments as postgres_segments
from workspace.store.postgres.link import escape, unescape
from workspace.store.tables import SCHEMA_VERSION
from workspace.store.writer import QUEUE_MAX

WAITS_FOR_A_LOCK = """SELECT count(*) > 0 FROM pg_stat_activity
    WHERE application_name = 'folkmoot' AND wait_event_type = 'Lock'"""
IS_GONE = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $1"
FIELDS = (b"SFATAL", b"VFATAL", b"C57P01", b"Mterminating connection due to unexpected postmaster exit", b"")
FAREWELL = b"E" + (4 + sum(len(field) + 1 for field in FIELDS)).to_bytes(4, "big") + b"\0".join(FIELDS) + b"\0"
ODD = "a\0b\x1ac\x1a0\x1a1\0\0 Zoë 😀"


@pytest.fixture
def home(postgres_url: str) -> PostgresHome:
    return PostgresHome(postgres_url)


@pytest.fixture
async def store(home: PostgresHome) -> AsyncIterator[Any]:
    made = await opened(home)
    for ws in ("w", "v"):
        await made.create_workspace(WorkspaceRow(ws, ws, "now"))
        await made.claim(ws)
    yield made
    await made.close()


@given(text(characters(codec="utf-8")) | lists(sampled_from(["\0", "\x1a", "0", "1", "x"])).map("".join))
def test_every_text_comes_back_and_holds_no_nul_on_its_way(words: str) -> None:
    assert unescape(escape(words)) == words
    assert "\0" not in escape(words)


async def test_whatever_may_hold_u_0000_is_kept_with_it(store: Any, home: PostgresHome) -> None:
    await store.create_workspace(WorkspaceRow(f"x{ODD}", ODD, ODD))
    ws, epoch = f"x{ODD}", await store.claim(f"x{ODD}")
    row = seal(ConfigBody(name=ODD), seq=1, epoch=epoch, at="t", actor=ODD, prev="").row
    entry, kept = JournalRow(1, ODD, ODD, ODD, b"\0"), SnapshotRow(ODD, 1, b"\0", ODD)
    await store.submit(Batch(ws, epoch, (row,), (entry,), (kept,)))
    assert await store.rows(ws) == [row]
    body = read_row(row).body
    assert isinstance(body, ConfigBody)
    assert body.name == ODD
    assert b"\\u0000" in row.body.encode(), "JSON escapes it itself"
    assert await store.journal(ws) == [entry]
    assert await store.snapshots(ws) == [kept]
    lane = LaneRow(ws, ODD, ODD, ODD, ODD)
    await store.put_lane(lane)
    assert await store.lane(ws, ODD) == lane
    token = TokenRow(ODD, ws, ODD, "editor", ODD, None, revoked=False, created_at=ODD)
    await store.put_token(token)
    assert await store.tokens(ws) == [token] == [await store.token(ODD)]
    assert await store.revoke(ws, actor=ODD) == [ODD]
    assert [row.name for row in await store.workspaces()] == ["v", "w", ODD]


async def test_looking_for_u_0000_finds_nothing(store: Any) -> None:
    assert await store.workspace("w\0") is None
    assert await store.token("\0") is None
    assert await store.lane("w", "\0") is None
    assert await store.blob("w", "\0") is None
    with pytest.raises(Deposed):
        await store.submit(Batch("w\0", 1, journal=journal(1, 1)))


async def test_numbers_may_have_62_bits(store: Any, home: PostgresHome) -> None:
    far = 2**62 - 10
    home.ask("INSERT INTO journal VALUES ('w', $1, 'plan', 'L', 'ana', '')", far)
    await store.submit(Batch("w", 1, journal=journal(far + 1, 2)))
    assert (await store.head("w"))[2] == far + 2
    assert [row.jid for row in await store.journal("w", first=far + 2)] == [far + 2]


async def test_many_servers_may_start_at_once_on_an_empty_database(home: PostgresHome) -> None:
    stores = await asyncio.gather(*(opened(home) for _ in range(6)))
    assert home.ask("SELECT version FROM schema_version") == [(SCHEMA_VERSION,)]
    await asyncio.gather(*(store.close() for store in stores))


async def test_a_database_that_knew_no_switch_gets_one(home: PostgresHome) -> None:
    await (await opened(home)).close()
    home.ask("DROP TABLE switch")
    home.ask("DELETE FROM schema_version")
    home.ask("INSERT INTO schema_version VALUES (3)")
    stores = await asyncio.gather(*(opened(home) for _ in range(3)))
    await stores[0].put_switch(SwitchRow("", True, "Op", "now", ODD))
    assert await stores[1].switches() == [SwitchRow("", True, "Op", "now", ODD)]
    await asyncio.gather(*(store.close() for store in stores))


@pytest.mark.damages_logs
async def test_a_database_from_the_future_is_refused(store: Any, home: PostgresHome) -> None:
    home.ask("INSERT INTO schema_version VALUES (99)")
    with pytest.raises(StoreFault, match="newer"):
        await opened(home)


async def test_the_tables_are_those_of_the_file(store: Any, home: PostgresHome) -> None:
    from sqlmodel import SQLModel

    found = home.ask(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
    )
    held = {(table.name, column.name) for table in SQLModel.metadata.tables.values() for column in table.columns}
    assert set(found) == held


async def test_what_is_acknowledged_was_synchronous(store: Any) -> None:
    told = await store._write(lambda c: c.fetchval("SELECT current_setting('synchronous_commit')"))
    assert told == "on"


async def test_a_claim_under_way_deposes_what_waits_for_its_row(store: Any, home: PostgresHome) -> None:
    """The other server's claim is not committed when the batch arrives: the batch waits, then reads the new epoch."""
    raw = await asyncpg.connect(home.url)
    claim = raw.transaction()
    await claim.start()
    await raw.execute("UPDATE workspace SET epoch = epoch + 1 WHERE id = 'w'")
    waiting = store.submit(Batch("w", 1, tuple(rows(1)), journal(1, 1)))
    await until(home.url, WAITS_FOR_A_LOCK)
    assert not waiting.done()
    await claim.commit()
    with pytest.raises(Deposed):
        await waiting
    assert await store.head("w") == (0, "", 0)
    await raw.close()


async def test_nothing_of_the_first_owner_follows_the_claim_of_the_second(store: Any, home: PostgresHome) -> None:
    other = await opened(home)
    written: list[Row] = []
    acked = 0

    async def flood() -> None:
        """Submit until somebody else is the owner, always 64 on their way."""
        nonlocal acked
        while True:
            part = rows(64, after=written[-1] if written else None)
            written.extend(part)
            for future in [store.submit(Batch("w", 1, (row,))) for row in part]:
                await future
                acked += 1

    flooding = asyncio.create_task(flood())
    while acked == 0:
        await asyncio.sleep(0)
    then, _ = (await other.take("w", short=90_000)).log
    with pytest.raises(Deposed):
        await flooding
    assert 0 < acked <= len(then)
    assert await store.rows("w", limit=90_000) == then == written[: len(then)]
    await other.close()


async def test_a_workspace_that_is_held_harms_no_other(home: PostgresHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(link.SESSION, "lock_timeout", "200ms")
    store = await opened(home)
    for ws in ("w", "v"):
        await store.create_workspace(WorkspaceRow(ws, ws, "now"))
        await store.claim(ws)
    raw = await asyncpg.connect(home.url)
    async with raw.transaction():
        await raw.execute("SELECT FROM workspace WHERE id = 'w' FOR UPDATE")
        async with home.hold(store):
            held, free = (store.submit(Batch(ws, 1, journal=journal(1, 1))) for ws in ("w", "v"))
            gone = store.submit(Batch("nowhere", 1))
        await free
        with pytest.raises(Deposed):
            await gone
        with pytest.raises(StoreFault, match="locked") as caught:
            await held
        assert caught.value.retry
    await store.submit(Batch("w", 1, journal=journal(1, 1)))
    await raw.close()
    await store.close()


async def test_a_lost_connection_fails_what_waits_and_the_next_works(store: Any, home: PostgresHome) -> None:
    pid = await store._write(lambda c: c.fetchval("SELECT pg_backend_pid()"))
    await store.submit(Batch("w", 1, journal=journal(1, 1)))
    with pytest.raises(StoreFault, match="lost"):  # what holds the writer
        async with home.hold(store):
            waiting = [store.submit(Batch("w", 1, journal=journal(at, 1))) for at in range(2, 50)]
            home.ask("SELECT pg_terminate_backend($1)", pid)
            await until(home.url, IS_GONE, pid)
            waiting.append(store.submit(Batch("v", 1, journal=journal(1, 1))))
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(one, StoreFault) and one.retry for one in told)
    await store.submit(Batch("w", 1, journal=journal(2, 1), head=(0, 2)))
    assert (await store.head("w"))[2] == 2


async def test_a_connection_that_died_while_nothing_went_on_is_replaced_unseen(store: Any, home: PostgresHome) -> None:
    home.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'folkmoot'")
    await noticed(store)
    await store.submit(Batch("w", 1, journal=journal(1, 1)))
    assert len(await store.journal("w")) == 1


async def noticed(store: Any) -> None:
    """Wait until the writer's connection knows that it is closed."""
    async with asyncio.timeout(10):
        while not store._writer._connection.is_closed():
            await asyncio.sleep(0.01)


@pytest.mark.damages_logs  # its address ends with the relay
async def test_a_farewell_without_an_end_is_a_lost_connection(store: Any, home: PostgresHome) -> None:
    """A dying server says FATAL to who asks nothing; the end of the stream may come after the next batch."""
    port = urlsplit(home.url).port
    assert port is not None
    async with Relay(port) as relay:
        far = await opened(PostgresHome(home.url.replace(f":{port}/", f":{relay.port}/")))
        await far.submit(Batch("w", 1, journal=journal(1, 1)))
        await relay.say(FAREWELL)
        with pytest.raises(StoreFault, match="lost") as caught:
            await far.submit(Batch("w", 1, journal=journal(2, 1)))
        assert caught.value.retry
        await far.submit(Batch("w", 1, journal=journal(2, 1)))
        await far.close()
    assert len(await store.journal("w")) == 2


async def test_the_queue_has_a_bound(store: Any, home: PostgresHome) -> None:
    async with home.hold(store):
        waiting = [store.submit(Batch("w", 1)) for _ in range(QUEUE_MAX)]
        with pytest.raises(StoreBusy):
            await store.submit(Batch("w", 1))
    await asyncio.gather(*waiting)
    await store.submit(Batch("w", 1, journal=journal(1, 1)))


async def test_closing_writes_what_waits(home: PostgresHome, store: Any) -> None:
    futures = [store.submit(Batch("w", 1, journal=journal(at, 1))) for at in range(1, 1001)]
    await store.close()
    assert all(future.done() and future.exception() is None for future in futures)
    assert home.ask("SELECT max(jid) FROM journal") == [(1000,)]
    with pytest.raises(StoreFault, match="not open"):
        store.submit(Batch("w", 1))
    with pytest.raises(StoreFault, match="not open"):
        await store.rows("w")


async def test_a_connection_lost_while_packing_leaves_the_log_whole(store: Any, home: PostgresHome) -> None:
    written = log_of(["config"] * 30)
    await store.submit(Batch("w", 1, tuple(written)))
    made = cut(written, 10, 10)
    raw = await link.connect(home.url)
    await raw.execute("BEGIN")
    packed = segments.Packed(made[0], tuple(written[:10]), segments.pack_rows(written[:10], made[0]))
    assert await postgres_segments.move(raw, "w", 1, packed)
    assert await store.rows("w") == written, "nobody sees half of it"
    raw.terminate()
    assert await store.rows("w") == written
    assert home.ask("SELECT count(*) FROM segment") == [(0,)]
    assert await store.pack("w", 1, made) == 2
    assert await store.rows("w") == written


async def test_a_fault_does_not_quote_the_row(store: Any) -> None:
    with pytest.raises(StoreFault) as caught:
        await store.submit(Batch("w", 1, journal=(JournalRow(1, None, "private", "ana", b"x"),)))  # type: ignore[arg-type]
    assert "private" not in caught.value.reason


async def test_a_database_that_cannot_hold_every_text_is_refused(postgres: Postgres) -> None:
    postgres.ask("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreFault, match="UTF8"):
        await opened(PostgresHome(postgres.url("narrow")))


async def test_a_database_of_its_own_is_filled_with_tables(postgres: Postgres) -> None:
    postgres.ask("CREATE DATABASE whole")
    store = await opened(PostgresHome(postgres.url("whole")))
    await store.create_workspace(WorkspaceRow("w", "W", "now"))
    assert [row.id for row in await store.workspaces()] == ["w"]
    await store.close()
