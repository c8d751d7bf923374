"""Switches thrown outside a room's log: the server's, and orders to a workspace's from a command line.

They stand in the store. Open rooms obey within a second, or at once where this server was asked; others as they open,
before anything is begun. How a workspace's own switch stands is its log's to say: an order is dropped once it is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress

from workspace.errors import CLOSE_RESTART, WorkspaceFault
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured
from workspace.intents.model.stop import StopScope, Switch
from workspace.intents.model.times import timestamp
from workspace.ports import SERVER, Clock, Store, SwitchRow
from workspace.room.context import Handle
from workspace.room.room import Room
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER

WATCH_SECONDS = 1.0
# The server's switch where nobody has ever thrown it: a log that says otherwise comes from another server's store.
UNTOUCHED = SwitchRow(SERVER, is_on=False, actor="server", at="")


class Switches:
    """The switches in a store, as they were when it was last looked at. `rooms` are the open ones."""

    def __init__(self, store: Store, clock: Clock, rooms: Mapping[str, Room]) -> None:
        self._store = store
        self._clock = clock
        self._rooms = rooms
        self._tasks = Tasks()
        self._rows: dict[str, SwitchRow] = {}

    async def open(self) -> None:
        """Find out how they stand, and begin to watch them."""
        assert not len(self._tasks), "switches are watched by one task"
        self._rows = {row.ws: row for row in await self._store.switches()}
        self._tasks.start(self._watch(), name="switches")

    async def close(self) -> None:
        """Watch no more."""
        await self._tasks.close()

    @property
    def server(self) -> SwitchRow:
        """The switch of all servers on this store."""
        return self._rows.get(SERVER, UNTOUCHED)

    def order(self, ws: str) -> SwitchRow | None:
        """Return the order to a workspace that its log does not hold yet, as far as this server knows."""
        assert ws != SERVER, "the server's own switch is no order"
        return self._rows.get(ws)

    def thrown(self, ws: str) -> list[tuple[str, Switch]]:
        """Return what the log of a workspace is to say, if it does not yet: each switch, and who has thrown it."""
        return [(row.actor, _switch(row)) for row in self._rows_for(ws)]

    def _rows_for(self, ws: str) -> Iterator[SwitchRow]:
        yield self.server
        if ws in self._rows:
            yield self._rows[ws]

    def greet(self, room: Room) -> None:
        """Let a room that has just opened learn what was thrown meanwhile, and drop the order it was opened with."""
        stops = room.sequencer.fold.stops
        if room.ws in self._rows or any(stops.is_news(switch, actor) for actor, switch in self.thrown(room.ws)):
            self._tasks.start(self._obeyed(room), name=f"switches of {room.ws}")

    async def throw(self, *, is_on: bool, actor: str, reason: str = "") -> None:
        """Throw the server's: durable, and in the log of every open room, when this returns.

        Thrown as it stands it changes nothing. Raises `StoreFault`.
        """
        rows = {row.ws: row for row in await self._store.switches()}
        stands = rows.get(SERVER, UNTOUCHED)
        is_same = stands.is_on and (stands.actor, stands.reason) == (actor, reason) if is_on else not stands.is_on
        if not is_same:
            rows[SERVER] = SwitchRow(SERVER, is_on, actor, timestamp(self._clock.now()), reason)
            await self._store.put_switch(rows[SERVER])
        await self._obey(rows)

    async def _obey(self, rows: dict[str, SwitchRow]) -> None:
        before, self._rows = self._rows, rows
        changed = {ws for ws in before.keys() | rows.keys() if before.get(ws) != rows.get(ws)}
        told = [room for room in self._rooms.values() if room.is_open and not changed.isdisjoint((SERVER, room.ws))]
        await asyncio.gather(*(self._obeyed(room) for room in told))

    async def _obeyed(self, room: Room) -> None:
        """Have a room's log say how the switches stand; one that stops meanwhile learns of it as it opens again."""
        with suppress(WorkspaceFault):
            for row in list(self._rows_for(room.ws)):
                is_news = room.sequencer.fold.stops.is_news(_switch(row), row.actor)
                await _enter(room, _switch(row), row.actor)
                if row.ws == room.ws:
                    if not is_news:
                        await self._look_whether_it_leads(room)
                    await self._store.drop_switch(row)
                    if self._rows.get(row.ws) == row:
                        del self._rows[row.ws]

    async def _look_whether_it_leads(self, room: Room) -> None:
        """Close a room that was claimed by somebody else; without a write it would not learn of it for a while.

        Who changes a workspace from outside (`registry/outside.py`) asks for this look by an order that says what
        stands already. Raises `StoreFault`.
        """
        row = await self._store.workspace(room.ws)
        if room.is_open and row is not None and row.epoch > room.sequencer.kernel.epoch:
            await room.close(CLOSE_RESTART)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                rows = {row.ws: row for row in await self._store.switches()}
            except WorkspaceFault as fault:
                LOGGER.error("the switches cannot be looked at: %s", fault.reason)
                continue
            await self._obey(rows)


async def throw(room: Room, *, is_on: bool, actor: str, reason: str = "") -> None:
    """Throw a workspace's own switch; durable when this returns. Thrown as it stands, nothing is recorded.

    Raises:
        RoomClosed: the room stopped before.
    """
    await _enter(room, Switch("workspace", is_on, reason), actor)


async def _enter(room: Room, switch: Switch, actor: str) -> None:
    if not room.sequencer.fold.stops.is_news(switch, actor):
        await room.read(lambda: None)  # what it says already is durable when this returns
        return

    def enter(handle: Handle) -> None:
        # Looked at again in the turn itself: what came between may have said the same.
        if room.sequencer.fold.stops.is_news(switch, actor):
            handle(Configured(actor, ConfigBody(switch=switch), "owner"))

    await room.write(enter)


def _switch(row: SwitchRow) -> Switch:
    scope: StopScope = "server" if row.ws == SERVER else "workspace"
    return Switch(scope, row.is_on, row.reason if row.is_on else "", row.at)
