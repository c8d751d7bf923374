"""When keys were seen is gathered, bounded, and written together; a guest has none."""

from __future__ import annotations

import pytest

from tests.workspace.room.stage import HandClock
from workspace.access import TokenRow
from workspace.errors import StoreFault
from workspace.registry import sightings
from workspace.registry.sightings import Sightings
from workspace.store.memory import MemoryStore

TOKEN = TokenRow("t1", "w", "ana", "editor", "h", None, False, "1")


async def test_the_last_sighting_is_shown_at_once_and_written_once() -> None:
    store, clock = MemoryStore(), HandClock()
    await store.put_token(TOKEN)
    seen = Sightings(store, clock)
    for place in ("10.0.0.1", "10.0.0.2" + "x" * 500):
        clock.at += 1
        seen.note("t1", place)
    seen.note("", "10.0.0.3")
    shown = seen.seen(TOKEN)
    assert (shown.used_at, shown.used_from[:8], len(shown.used_from)) == ("1970-01-01T00:16:42.000Z", "10.0.0.2", 64)
    await seen.write()
    assert await store.token("t1") == shown
    assert seen.seen(TOKEN) == TOKEN


async def test_what_is_gathered_is_bounded_and_a_fault_loses_it_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(MemoryStore):
        async def see(self, seen: object) -> None:
            raise StoreFault("no disk")

    monkeypatch.setattr(sightings, "KEYS_MAX", 2)
    seen = Sightings(Faulty(), HandClock())
    for at in range(5):
        seen.note(f"t{at}", "here")
    assert len(seen._seen) == 2
    await seen.write()
    assert "no disk" in caplog.text
    assert seen._seen == {}
