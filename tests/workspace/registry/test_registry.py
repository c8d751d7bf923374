"""Rooms are opened once, whoever asks and whoever goes again; names of nothing leave nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.workspace.intents.driver import Driver
from tests.workspace.intents.steps.test_effects import RECEIVERS, declare, hook
from workspace.clock import SystemClock
from workspace.errors import LogCorrupt, RoomClosed, StoreFault, WorkspaceFault, WorkspaceMissing
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured
from workspace.ports import Batch, Taken, WorkspaceRow
from workspace.registry.registry import RoomRegistry
from workspace.room.failures import Failures
from workspace.settings import Settings
from workspace.store.memory import MemoryStore


class SlowStore(MemoryStore):
    """Takes a workspace when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[bool | None] = []
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def take(self, ws: str, *, short: int) -> Taken:
        self.asked.set()
        await self.goes_on.wait()
        return await super().take(ws, short=short)

    def submit(self, batch: Batch) -> asyncio.Future[None]:
        self.told.append(batch.is_busy)
        return super().submit(batch)


@pytest.fixture
async def store() -> SlowStore:
    made = SlowStore()
    await made.create_workspace(WorkspaceRow("w", "w", "now"))
    return made


@pytest.fixture
async def registry(store: SlowStore) -> AsyncIterator[RoomRegistry]:
    made = RoomRegistry(store=store, planner=None, clock=SystemClock(), settings=Settings())
    await made.start()
    yield made
    await made.stop()


async def test_who_came_first_and_went_again_does_not_end_the_opening_for_the_others(
    store: SlowStore, registry: RoomRegistry
) -> None:
    first = asyncio.create_task(registry.room("w"))
    await store.asked.wait()
    others = [asyncio.create_task(registry.room("w")) for _ in range(3)]
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    store.goes_on.set()
    rooms = await asyncio.gather(*others)
    assert {id(room) for room in rooms} == {id(registry.rooms["w"])}
    row = await store.workspace("w")
    assert row is not None
    assert row.epoch == 1, "claimed once"


async def test_names_of_nothing_leave_nothing_behind(store: SlowStore, registry: RoomRegistry) -> None:
    store.goes_on.set()
    for at in range(100):
        with pytest.raises(WorkspaceMissing):
            await registry.room(f"nothing{at}")
    await registry.room("w")
    assert (list(registry.rooms), registry._opening) == (["w"], {})


async def test_rooms_share_the_table_of_their_attributes(store: SlowStore, registry: RoomRegistry) -> None:
    """From thirty attributes on Python keeps a table for each instance: 1.3 kB of every idle room."""
    store.goes_on.set()
    room = await registry.room("w")
    for part in (room, room.hub, room.sequencer, room.sequencer.fold, room.sequencer.fold.board):
        assert len(getattr(part, "__dict__", ())) < 30, type(part).__name__


async def test_a_server_that_stops_waits_for_no_opening(store: SlowStore, registry: RoomRegistry) -> None:
    asking = asyncio.create_task(registry.room("w"))
    await store.asked.wait()
    await registry.stop()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not registry.rooms


async def test_whether_something_goes_on_is_written_when_it_turns(store: SlowStore, registry: RoomRegistry) -> None:
    """A letter waits, which a server must know that wakes; nobody carries it here, and that ends it."""
    driver = Driver()
    receivers = {name: type(one)(one.kind, one.address, "reversible") for name, one in RECEIVERS.items()}
    driver.handle(Configured("Owner", ConfigBody(receivers=receivers)))
    declare(driver, driver.ask("Ana"), hook())
    epoch = await store.claim("w")
    await store.submit(Batch("w", epoch, tuple(driver.rows), tuple(driver.journal)))
    store.told.clear()
    store.goes_on.set()
    room = await registry.room("w")
    for name in ("A", "B", "C"):
        await room.submit(Configured("Owner", ConfigBody(name=name)))
    assert not room.sequencer.fold.is_busy
    assert [told for told in store.told if told is not None] == [True, False]
    assert len(store.told) > 4, "other records say nothing of it"


class FailingStore(MemoryStore):
    """Counts how often a workspace is taken, and fails at it."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0
        self.error: Exception | None = LogCorrupt("a record is another")

    async def take(self, ws: str, *, short: int) -> Taken:
        self.taken += 1
        if self.error is not None:
            raise self.error
        return await super().take(ws, short=short)


@pytest.mark.parametrize("error", [LogCorrupt("a record is another"), StoreFault("the disk is full"), KeyError("bug")])
async def test_a_workspace_that_does_not_open_is_not_tried_again_at_once(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FailingStore()
    store.error = error
    await store.create_workspace(WorkspaceRow("w", "w", "now"))
    registry = RoomRegistry(store=store, planner=None, clock=SystemClock(), settings=Settings())
    await registry.start()
    with pytest.raises(type(error) if isinstance(error, WorkspaceFault) else RoomClosed):
        await registry.room("w")
    for _ in range(50):
        lasts = isinstance(error, LogCorrupt)
        with pytest.raises(RoomClosed, match="does not open" if lasts else "opens in") as refused:
            await registry.room("w")
        assert refused.value.retry is not lasts, "nobody is sent round in a circle"
    assert store.taken == 1
    store.error = None
    monkeypatch.setattr(Failures, "pause", lambda *args: (0.0, ""))
    assert (await registry.room("w")).is_open
    await registry.stop()
