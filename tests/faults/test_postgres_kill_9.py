"""kill -9 of the database in full flight: what was acknowledged is there, in order; servers go on when it is back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.contracts.test_store import journal, rows
from tests.support.homes import PostgresHome, opened
from tests.support.postgres import Postgres, running_postgres
from tests.support.server import running_server
from workspace.client import connect
from workspace.errors import StoreFault
from workspace.history.read import read_all, verify_log
from workspace.intents.state.replay import fold_log
from workspace.ports import Batch, WorkspaceRow
from workspace.store.address import store_of

ROOMS = [f"r{at}" for at in range(8)]
ACKS = 500
WAIT = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL that may be killed, and writes to the disk what it says it does."""
    yield from running_postgres(fsync=True)


async def test_what_was_acknowledged_survives_a_killed_database_in_order(server: Postgres) -> None:
    home = PostgresHome(server.database())
    store = await opened(home)
    acked = dict.fromkeys(ROOMS, 0)
    written = rows(3000)
    half_way, faults = asyncio.Event(), list[StoreFault]()

    async def write(ws: str) -> None:
        at = 0
        try:
            while at < len(written):
                group = [
                    store.submit(Batch(ws, 1, (row,), journal(row.seq, 1), head=(row.seq, row.seq)))
                    for row in written[at : at + 8]
                ]
                for future in group:
                    await future
                    at += 1
                    acked[ws] = at
                    if sum(acked.values()) >= ACKS:
                        half_way.set()
        except StoreFault as fault:
            faults.append(fault)
            await asyncio.gather(*group, return_exceptions=True)

    for ws in ROOMS:
        await store.create_workspace(WorkspaceRow(ws, ws, "now"))
        await store.claim(ws)
    writing = [asyncio.create_task(write(ws)) for ws in ROOMS]
    await half_way.wait()
    await asyncio.to_thread(server.end, signal.SIGKILL)
    async with asyncio.timeout(WAIT):
        await asyncio.gather(*writing)
    with pytest.raises(StoreFault) as caught:
        await store.submit(Batch(ROOMS[0], 1))
    assert len(faults) == len(ROOMS), "it was in full flight"
    assert all(fault.retry for fault in (*faults, caught.value))
    await asyncio.to_thread(server.start)
    for ws in ROOMS:
        kept = await store.rows(ws, limit=5000)
        assert kept == written[: len(kept)]
        assert acked[ws] <= len(kept) <= acked[ws] + 8
        assert [entry.jid for entry in await store.journal(ws)] == list(range(1, len(kept) + 1)), "both or neither"
        after = written[len(kept)]
        await store.submit(Batch(ws, 1, (after,), journal(after.seq, 1), head=(after.seq, after.seq)))
    await store.close()


async def test_a_server_goes_on_when_its_database_is_back(server: Postgres) -> None:
    """Each instruction has one verdict, also those that were on their way when the database was killed."""
    intents = 30
    # The product's policy: what waits for its window is on its way when the database is killed.
    store = store_of(server.database())
    async with running_server(store=store, planner=BuiltinPlanner(), policy=None) as running:
        token = await running.token("Ana")
        async with connect(f"{running.ws_url}/ws/demo", token=token) as room:
            await (await room.intent("set budget.food to 0")).verdict(WAIT)
            for at in range(intents):
                sent = asyncio.create_task(room.intent("increase budget.food by 1"))
                if at == intents // 2:
                    await asyncio.to_thread(server.end, signal.SIGKILL)
                    with pytest.raises(StoreFault):
                        await running.registry.store.head("demo")
                    await asyncio.to_thread(server.start)
                async with asyncio.timeout(WAIT):
                    await sent
            await room.until(lambda r: sum(x["kind"] == "verdict" for x in r.records) > intents, WAIT)
        all_rows, all_journal = await read_all(running.registry.store, "demo")
        report = await verify_log(running.registry.store, "demo")
    assert report.ok, report.reason
    assert sum(row.kind == "verdict" for row in all_rows) == intents + 1
    assert fold_log(all_rows, all_journal).documents["budget"].value()["food"] == intents
