"""What shares a transaction is told what it would have been told alone, in order, and after the commit."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.contracts.test_store import journal, rows
from tests.support.homes import Home, home_of, opened
from workspace.errors import Deposed, StoreFault
from workspace.intents.model.calls import Blob
from workspace.ports import Batch, JournalRow, SnapshotRow, Store, WorkspaceRow

Job = Callable[[Store], "asyncio.Future[Any]"]


@pytest.fixture
async def store(home: Home) -> AsyncIterator[Store]:
    made: Store = await opened(home)
    for ws in ("w", "v"):
        await made.create_workspace(WorkspaceRow(ws, ws, "now"))
    yield made
    await made.close()


async def together(home: Home, store: Store, jobs: list[Job]) -> list[object]:
    """Run jobs in one transaction: the writer is held until all of them wait."""
    futures = []
    async with home.hold(store):
        for job in jobs:
            futures.append(job(store))
            await asyncio.sleep(0)  # a job that is a task has submitted now
    return await asyncio.gather(*futures, return_exceptions=True)


def batch(ws: str, epoch: int, **parts: Any) -> Job:
    return lambda store: store.submit(Batch(ws, epoch, **parts))


def claim(ws: str) -> Job:
    return lambda store: asyncio.ensure_future(store.claim(ws))


def nameless(jid: int) -> JournalRow:
    """Return a row that the database itself refuses: its document has no name."""
    return JournalRow(jid, None, "L", "ana", b"x")  # type: ignore[arg-type]


async def test_a_claim_deposes_what_comes_behind_it_in_the_same_transaction(home: Home, store: Store) -> None:
    assert await store.claim("w") == 1
    told = await together(
        home,
        store,
        [
            batch("w", 1, journal=journal(1, 1)),
            claim("w"),
            batch("w", 1, journal=journal(2, 1)),
            batch("w", 2, journal=journal(2, 1)),
        ],
    )
    assert told[:2] == [None, 2]
    assert isinstance(told[2], Deposed)
    assert told[3] is None
    assert [row.jid for row in await store.journal("w")] == [1, 2]


@pytest.mark.parametrize("more", [{}, {"blobs": (Blob("s", b"c"),)}, {"rows": "one"}])
async def test_what_the_database_refuses_harms_nobody_beside_it(home: Home, store: Store, more: dict[str, Any]) -> None:
    await store.claim("w")
    if more.get("rows"):
        more = {"rows": tuple(rows(1))}
    told = await together(
        home,
        store,
        [
            batch("w", 1, journal=journal(1, 1)),
            batch("w", 1, journal=(nameless(2),), **more),
            batch("w", 1, journal=journal(2, 2), rows=tuple(rows(1))),
        ],
    )
    assert told[0] is told[2] is None
    assert isinstance(told[1], StoreFault)
    assert [row.jid for row in await store.journal("w")] == [1, 2, 3]
    assert await store.blob("w", "s") is None


async def test_a_future_resolves_after_the_commit_and_in_order(home: Home, store: Store) -> None:
    await store.claim("w")
    order: list[int] = []
    seen: dict[int, int] = {}

    def note(at: int) -> Callable[[object], None]:
        def call(_: object) -> None:
            order.append(at)
            if at % 20 == 0:
                seen[at] = home.ask("SELECT count(*) FROM journal")[0][0]

        return call

    futures = [store.submit(Batch("w", 1, journal=journal(at + 1, 1))) for at in range(100)]
    for at, future in enumerate(futures):
        future.add_done_callback(note(at))
    futures[50].cancel()  # nobody waits for it any more: it is written all the same
    await asyncio.gather(*futures, return_exceptions=True)
    assert [at for at in order if at != 50] == [at for at in range(100) if at != 50]
    assert seen.keys() == {0, 20, 40, 60, 80}
    assert all(count > at for at, count in seen.items())
    assert len(await store.journal("w")) == 100


def any_job(chance: random.Random, state: dict[str, list[int]]) -> Job:
    """Draw a job; `state` is where each workspace would stand if all went well: epoch, seq, jid."""
    ws = chance.choice("wv")
    epoch, seq, jid = own = state[ws]
    written = rows(seq + 3, epoch=max(epoch, 1))
    match chance.randrange(14):
        case 0:
            own[0] += 1
            return claim(ws)
        case 1:
            return batch(ws, epoch, journal=journal(jid + chance.choice([0, 2]), 1))
        case 2:
            return batch(ws, epoch - 1, journal=journal(jid + 1, 1))
        case 3:
            return batch(ws, epoch, journal=(nameless(jid + 1),))
        case 4:
            return batch(ws, epoch, journal=(*journal(jid + 1, 1), nameless(jid + 2)), rows=(written[seq],))
        case 5:
            return batch(ws, epoch, rows=(written[seq + 1],))
        case 6:
            return batch(ws, epoch, head=(seq, jid + chance.choice([0, 1])))
        case 7:
            return batch("nowhere", 1, journal=journal(1, 1))
        case 8 if chance.random() < 0.3:
            own[:] = [0, 0, 0]
            return lambda store: asyncio.ensure_future(store.delete_workspace(ws))
        case 9:
            own[1:] = [seq + 2, jid + 1]
            snapshot = (SnapshotRow("plan", jid, b"s", "d"),)
            return batch(ws, epoch, rows=tuple(written[seq : seq + 2]), journal=journal(jid + 1, 1), snapshots=snapshot)
        case 10:
            return batch(ws, epoch, is_busy=chance.random() < 0.5)
        case _:
            own[2] = jid + 1
            return batch(ws, epoch, journal=journal(jid + 1, 1), head=(seq, jid + 1))


TABLES = ("workspace", "log", "journal", "snapshot", "archive")


SEEDS = [*(("sqlite", seed) for seed in range(25)), *(("postgres", seed) for seed in range(8))]


@pytest.mark.parametrize("kind, seed", SEEDS)
async def test_a_group_is_told_what_its_jobs_would_be_told_alone(
    kind: str, seed: int, request: pytest.FixtureRequest
) -> None:
    chance = random.Random(seed)
    state = {"w": [1, 0, 0], "v": [1, 0, 0]}
    jobs = [any_job(chance, state) for _ in range(60)]
    told: list[list[tuple[type, str]]] = []
    held: list[list[list[tuple[object, ...]]]] = []
    for name in ("alone", "together"):
        home = home_of(kind, request, name)
        store = await opened(home)
        for ws in ("w", "v"):
            await store.create_workspace(WorkspaceRow(ws, ws, "now"))
            await store.claim(ws)
        if name == "alone":
            answers = [(await asyncio.gather(job(store), return_exceptions=True))[0] for job in jobs]
        else:
            answers = await together(home, store, jobs)
        told.append([(type(answer), str(answer)) for answer in answers])
        await store.close()
        held.append([home.ask(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES])
    assert told[0] == told[1]
    assert held[0] == held[1]
    assert len({kind for kind, _ in told[0]}) > 1, "some jobs fail"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize("bad", [None, "a row that is refused", "half a character", "deposed", "gone"])
async def test_many_batches_are_written_together_and_each_is_told_its_own(
    kind: str, bad: str | None, request: pytest.FixtureRequest
) -> None:
    home = home_of(kind, request, "many")
    store = await opened(home)
    names = [f"w{at}" for at in range(70)]
    for ws in names:
        await store.create_workspace(WorkspaceRow(ws, ws, "now"))
        await store.claim(ws)
    # Each has a row before, so that the heads are not all alike.
    await asyncio.gather(*(store.submit(Batch(ws, 1, journal=journal(1, 1))) for ws in names[::2]))
    first = dict.fromkeys(names, 1) | dict.fromkeys(names[::2], 2)
    jobs = [
        batch(ws, 1, journal=journal(first[ws], 1), rows=tuple(rows(1)) if at % 3 == 0 else (), is_busy=at % 5 == 0)
        for at, ws in enumerate(names)
    ]
    worse = {
        "a row that is refused": batch("w7", 1, journal=(nameless(2),)),
        "half a character": batch("w7", 1, journal=(JournalRow(2, "\ud83d", "L", "ana", b"x"),)),
        "deposed": batch("w7", 7, journal=journal(2, 1)),
        "gone": batch("nowhere", 1, journal=journal(1, 1)),
    }
    if bad is not None:
        jobs.insert(40, worse[bad])
    told = await together(home, store, jobs)
    assert [at for at, answer in enumerate(told) if answer is not None] == ([40] if bad is not None else [])
    held = home.ask("SELECT ws, jid FROM journal ORDER BY 1, 2")
    assert sorted(map(tuple, held)) == sorted((ws, jid) for ws in names for jid in range(1, first[ws] + 1))
    assert len(home.ask("SELECT ws FROM log")) == 24
    assert len(home.ask("SELECT id FROM workspace WHERE is_busy")) == 14
    await store.close()


async def test_a_group_of_batches_takes_few_statements(request: pytest.FixtureRequest) -> None:
    home = home_of("sqlite", request)
    store = await opened(home)
    await store.create_workspace(WorkspaceRow("w", "w", "now"))
    await store.claim("w")
    ran: list[str] = []
    await store._write(lambda connection: connection.set_trace_callback(ran.append))  # type: ignore[attr-defined]
    told = await together(home, store, [batch("w", 1, journal=journal(at, 1)) for at in range(1, 151)])
    assert told == [None] * 150
    # The transaction, where the workspace stands, and 144 + 4 + 1 + 1 rows.
    last = len(ran) - ran[::-1].index("BEGIN IMMEDIATE") - 1
    assert len(ran[last:]) == 2 + 1 + 4
    await store.close()
