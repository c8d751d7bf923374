"""The server's switch: kept in the store, obeyed in every open room, entered in the others' logs as they open.

Whoever throws it on this server is answered when it is in the log of every open room. A command line, or another server
on the same store, writes the same row: it is looked at every two seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from workspace.errors import WorkspaceFault
from workspace.intents.events import Configured
from workspace.intents.fold import Fold
from workspace.intents.record import ConfigBody
from workspace.intents.stop import Switch
from workspace.intents.turn import timestamp
from workspace.ports import Clock, Store, SwitchRow
from workspace.room import Room
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER

WATCH_SECONDS = 2.0
# Who a log says has thrown the server's switch where nobody ever has: it comes from another server's store.
NOBODY = "server"


class ServerSwitch:
    """The switch of all servers on one store, as it was when it was last looked at. `rooms` are the open ones."""

    def __init__(self, store: Store, clock: Clock, rooms: Mapping[str, Room]) -> None:
        self._store = store
        self._clock = clock
        self._rooms = rooms
        self._tasks = Tasks()
        self.row = SwitchRow()

    async def open(self) -> None:
        """Find out how it stands, and begin to watch it."""
        self.row = await self._store.switch()
        self._tasks.start(self._watch(), name="switch")

    async def close(self) -> None:
        """Watch no more."""
        await self._tasks.close()

    @property
    def thrown(self) -> tuple[str, Switch]:
        """Who has thrown it last, and how: what a log has to say of it."""
        row = self.row
        return row.actor or NOBODY, Switch("server", row.is_on, row.reason if row.is_on else "", row.at)

    def news_for(self, fold: Fold) -> Configured | None:
        """Return the event by which a room learns how it stands, or None where its log says so."""
        actor, switch = self.thrown
        return Configured(actor, ConfigBody(switch=switch)) if fold.stops.is_news(switch, actor) else None

    def tell(self, room: Room) -> None:
        """Let a room that has just opened learn what happened meanwhile."""
        event = self.news_for(room.sequencer.fold)
        if event is not None:
            room.report(event)

    async def throw(self, *, is_on: bool, actor: str, reason: str = "") -> None:
        """Throw it: durable, and in the log of every open room, when this returns. Thrown as it stands changes nothing.

        Raises `StoreFault`.
        """
        before = await self._store.switch()
        is_same = (before.is_on, before.actor, before.reason) == (is_on, actor, reason) if is_on else not before.is_on
        if not is_same:
            before = SwitchRow(is_on, actor, timestamp(self._clock.now()), reason)
            await self._store.put_switch(before)
        await self._obey(before)

    async def _obey(self, row: SwitchRow) -> None:
        self.row = row
        await asyncio.gather(*(self._obeyed(room) for room in list(self._rooms.values()) if room.is_open))

    async def _obeyed(self, room: Room) -> None:
        with suppress(WorkspaceFault):  # one that stops meanwhile learns of it as it opens
            await room.submit(lambda: self.news_for(room.sequencer.fold))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                row = await self._store.switch()
            except WorkspaceFault as fault:
                LOGGER.error("the server's switch cannot be looked at: %s", fault.reason)
                continue
            if row != self.row:
                await self._obey(row)


async def throw(room: Room, *, is_on: bool, actor: str, reason: str = "") -> None:
    """Throw a workspace's own switch; durable when this returns. Thrown as it stands, nothing is recorded.

    Raises:
        RoomClosed: the room stopped before.
    """
    switch = Switch("workspace", is_on, reason)

    def event() -> Configured | None:
        is_news = room.sequencer.fold.stops.is_news(switch, actor)
        return Configured(actor, ConfigBody(switch=switch)) if is_news else None

    await room.submit(event)
