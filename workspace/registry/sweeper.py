"""Close rooms that nobody needs, and give back the memory of what was closed and of documents that rest."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from contextlib import suppress

from workspace.errors import CLOSE_RESTART, RoomClosed
from workspace.ports import Clock
from workspace.registry.heap import give_back
from workspace.room.room import Room
from workspace.telemetry import Metrics

SWEEP_SECONDS = 5.0
# Giving memory back takes some milliseconds of a thread, and what was freed is often needed again soon.
GIVE_BACK_SECONDS = 60.0


class Sweeper:
    """Looks at all open rooms every five seconds. `rooms` are the registry's; what is closed is taken out of them."""

    __slots__ = ("_clock", "_given_back", "_idle_seconds", "_metrics", "_rooms", "_since")

    def __init__(
        self, rooms: MutableMapping[str, Room], *, clock: Clock, metrics: Metrics, idle_seconds: float
    ) -> None:
        self._rooms = rooms
        self._clock = clock
        self._metrics = metrics
        self._idle_seconds = idle_seconds
        self._given_back, self._since = self._freed(), clock.now()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self.sweep()
            await self.give_back()

    async def sweep(self) -> None:
        """Close the rooms that nobody needs, and forget those that have stopped."""
        for ws, room in list(self._rooms.items()):
            if room.is_open and not self._is_due(room):
                continue
            # Before it is closed: whoever comes meanwhile opens it anew, and the new epoch shuts this one out.
            self._rooms.pop(ws, None)
            self._metrics.add("rooms_closed_total")
            if room.is_open:
                with suppress(RoomClosed):  # it stops meanwhile
                    await room.close(CLOSE_RESTART)
            assert not room.is_open, "what is forgotten takes nothing more"

    async def give_back(self) -> None:
        """Give freed memory back to the system, once a minute at most and only where something was freed."""
        now = self._clock.now()
        if self._freed() != self._given_back and not 0 <= now - self._since < GIVE_BACK_SECONDS:
            self._given_back, self._since = self._freed(), now
            await asyncio.to_thread(give_back)

    def _is_due(self, room: Room) -> bool:
        """Tell whether nobody is there, nothing goes on, and both for a while."""
        is_idle = not room.hub.peers and not room.sequencer.fold.is_busy
        return is_idle and self._clock.now() - room.hub.empty_since > self._idle_seconds

    def _freed(self) -> int:
        return self._metrics.value("rooms_closed_total") + self._metrics.value("documents_rested_total")
