"""What is kept of workspaces for the operator: of open ones as they change, of closed ones until all is measured."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.http import WS, client_of
from tests.support.server import Running, running_server
from tests.workspace.room.stage import HandClock
from workspace.errors import StoreFault
from workspace.intents.state.fold import WorkspaceState
from workspace.oversight import QUARANTINED_MAX, Sizes, Tally, WorkspaceLine
from workspace.ports import WorkspaceRow
from workspace.registry import tallies
from workspace.registry.tallies import Tallies, facts_of, is_measured, measure_further
from workspace.store.memory import MemoryStore


class CountingStore(MemoryStore):
    """Counts what is measured and written."""

    def __init__(self) -> None:
        super().__init__()
        self.measured: list[str] = []
        self.written: list[str] = []

    async def measure(self, ws: str, since: Sizes) -> Sizes:
        self.measured.append(ws)
        return await super().measure(ws, since)

    async def put_tallies(self, tallies: object) -> None:
        self.written += [tally.ws for tally in tallies]  # type: ignore[attr-defined]
        await super().put_tallies(tallies)  # type: ignore[arg-type]


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Running, CountingStore, Tallies]]:
    """Yield a server whose tallies are looked at by hand."""
    store = CountingStore()
    async with running_server(store=store) as server:
        registry = server.registry
        yield server, store, Tallies(store, registry.clock, registry.rooms)


async def test_an_open_room_is_written_when_it_has_changed_and_not_otherwise() -> None:
    async with serving() as (server, store, kept), client_of(server, "ana", "owner") as ana:
        await kept.look()
        first = await store.tally("demo")
        assert first is not None
        assert first.facts is not None
        assert (first.name, first.facts.living, first.facts.seq) == ("Demo", 2, first.sizes.seq)
        store.measured.clear()
        await kept.look()
        assert store.measured == []
        room = await server.registry.room("demo")
        assert kept.facts(room) is kept.facts(room), "what has not changed is not counted again"
        await ana.put(f"{WS}/documents/more", json={"kind": "text", "content": "Zoë"})
        assert kept.facts(room).living == 3, "what has changed since the last look is told as it is"
        await kept.look()
        second = await store.tally("demo")
        assert second is not None
        assert second.facts is not None
        assert (second.facts.living, second.sizes.log > first.sizes.log) == (3, True)
        assert second.sizes.journal > first.sizes.journal


async def test_those_seen_longest_ago_come_first_and_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "ROOMS_MAX", 2)
    async with serving() as (server, store, kept):
        for ws in ("a", "b", "c"):
            await server.registry.create(ws, name=ws, actor="ana")
        await kept.look()
        await kept.look()
        assert sorted(store.written[:4]) == ["a", "b", "c", "demo"]


async def test_closed_workspaces_are_measured_to_their_end_and_then_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workspace.store.memory_overview.MEASURED_ROWS_MAX", 1)
    async with serving() as (server, store, kept), client_of(server, "ana", "owner") as ana:
        for name in ("one", "two", "three"):
            await ana.put(f"{WS}/documents/{name}", json={"kind": "text", "content": name})
        room = server.registry.rooms.pop("demo")
        await room.close()
        looks = 0
        while not is_measured((await store.lines(now=0))[0]):
            await kept.look()
            looks += 1
        assert looks >= 3, "a part at a time"
        tally = await store.tally("demo")
        assert tally is not None
        assert tally.facts is None, "nobody has said what it is"
        await kept.look()
        store.measured.clear()
        await store.create_workspace(WorkspaceRow("later", "Later", "now"))
        await kept.look()
        assert store.measured == [], "it rests"


async def test_what_a_server_said_stays_when_others_measure_on() -> None:
    async with serving() as (server, store, kept):
        await kept.look()
        said = await store.tally("demo")
        await measure_further(store, HandClock(), ["demo", "gone"])
        tally = await store.tally("demo")
        assert tally is not None
        assert said is not None
        assert (tally.facts, tally.name, tally.at) == (said.facts, "Demo", "1970-01-01T00:16:40.000Z")
        assert await store.tally("gone") is None
        assert server.registry.rooms.keys() == {"demo"}


async def test_a_fault_is_told_in_the_log_and_the_next_look_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as (_, store, kept):
        fails = True
        measure = store.measure

        async def faulty(ws: str, since: Sizes) -> Sizes:
            if fails:
                raise StoreFault("no disk")
            return await measure(ws, since)

        store.measure = faulty  # type: ignore[method-assign]
        await kept.look()
        assert "no disk" in caplog.text
        assert await store.tally("demo") is None
        fails = False
        await kept.look()
        assert await store.tally("demo") is not None


async def test_a_server_that_stops_in_good_order_leaves_what_was_last() -> None:
    store = MemoryStore()
    async with running_server(store=store) as server, client_of(server, "ana", "owner") as ana:
        await ana.put(f"{WS}/documents/last", json={"kind": "text"})
    tally = await store.tally("demo")
    assert tally is not None
    assert tally.facts is not None
    assert tally.facts.living == 3


def test_documents_put_aside_are_counted_all_and_named_in_part() -> None:
    fold = WorkspaceState(client=1)
    for at in range(QUARANTINED_MAX + 5):
        fold.create(f"d{at:02}", "text")
        fold.quarantined[f"d{at:02}"] = "it cannot be read"
    facts = facts_of(fold)
    assert (facts.aside, len(facts.quarantined)) == (QUARANTINED_MAX + 5, QUARANTINED_MAX)
    assert facts.quarantined["d00"] == "it cannot be read"


def test_it_is_measured_when_nothing_is_behind() -> None:
    line = WorkspaceLine("w", "W", "", 1, 5, 7, "", 0)
    assert not is_measured(line)
    for sizes, is_all in ((Sizes(5, 7), True), (Sizes(4, 7), False), (Sizes(5, 6), False), (Sizes(6, 8), True)):
        found = WorkspaceLine("w", "W", "", 1, 5, 7, "", 0, (), Tally("w", "W", "", sizes))
        assert is_measured(found) == is_all
