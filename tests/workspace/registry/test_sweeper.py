"""Rooms that nobody needs are closed; those that somebody needs, or where something goes on, are not."""

from __future__ import annotations

import pytest

from tests.support.until import until
from tests.workspace.room.stage import stage
from workspace.intents.model.events import Submitted
from workspace.intents.model.intent import IntentFrame
from workspace.registry import sweeper
from workspace.registry.sweeper import GIVE_BACK_SECONDS, Sweeper


async def test_an_idle_room_is_closed_after_its_time_and_not_before() -> None:
    async with stage() as one:
        swept, idle = one.registry._sweeper, one.room.settings.idle_seconds
        one.clock.at += idle
        await swept.sweep()
        assert one.room.is_open
        one.clock.at += 1
        await swept.sweep()
        assert (one.room.is_open, one.registry.rooms) == (False, {})
        assert one.registry.metrics.value("rooms_closed_total") == 1
        again = await one.registry.room("w")
        assert again is not one.room


async def test_somebody_who_is_there_keeps_it_open_and_when_they_leave_the_time_begins() -> None:
    async with stage() as one:
        swept, idle = one.registry._sweeper, one.room.settings.idle_seconds
        peer = await one.join()
        one.clock.at += 10 * idle
        await swept.sweep()
        assert one.room.is_open
        await one.room.read(lambda: one.room.hub.leave(peer))
        one.clock.at += idle
        await swept.sweep()
        assert one.room.is_open
        one.clock.at += 1
        await swept.sweep()
        assert not one.room.is_open


async def test_whoever_asks_without_a_socket_keeps_it_open() -> None:
    async with stage() as one:
        swept, idle = one.registry._sweeper, one.room.settings.idle_seconds
        one.clock.at += idle
        one.room.hub.note_use()
        one.clock.at += idle
        await swept.sweep()
        assert one.room.is_open
        one.clock.at += 1
        await swept.sweep()
        assert not one.room.is_open


async def test_what_goes_on_without_anybody_keeps_it_open() -> None:
    async with stage() as one:
        one.store.is_held = True
        frame = IntentFrame(n=1, text="do it", seen=0)
        one.room.post_event(Submitted("L1", "ana", "editor", frame, 0, "r"))
        await until(lambda: one.room.sequencer.fold.is_busy)
        one.clock.at += 10 * one.room.settings.idle_seconds
        await one.registry._sweeper.sweep()
        assert one.room.is_open


async def test_a_room_that_has_stopped_is_forgotten() -> None:
    async with stage() as one:
        await one.join()
        await one.room.close()
        await one.registry._sweeper.sweep()
        assert one.registry.rooms == {}


async def test_memory_is_given_back_once_a_minute_and_only_where_something_was_freed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = list[float]()
    async with stage() as one:
        monkeypatch.setattr(sweeper, "give_back", lambda: given.append(one.clock.at))
        swept = Sweeper({}, clock=one.clock, metrics=one.registry.metrics, idle_seconds=60.0)
        for second in range(200):
            one.clock.at = 5_000.0 + second
            if second in (10, 20, 100):
                one.registry.metrics.add("documents_rested_total")
            await swept.give_back()
        assert given == [5_010.0, 5_010.0 + GIVE_BACK_SECONDS, 5_130.0]
