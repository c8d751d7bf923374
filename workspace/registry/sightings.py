"""When, and from where, keys were seen last: gathered in memory, written together now and then.

For people's eyes alone: nothing is decided by it, so what was gathered when a server is killed may be lost.
"""

from __future__ import annotations

import asyncio

import msgspec

from workspace.access import TokenRow
from workspace.errors import WorkspaceFault
from workspace.intents.model.times import timestamp
from workspace.ports import Clock, Store
from workspace.telemetry import LOGGER

WRITE_SECONDS = 30.0
KEYS_MAX = 10_000
PLACE_POINTS_MAX = 64


class Sightings:
    """The keys that were used since they were written last; at most 10,000, of others it is not said this time."""

    __slots__ = ("_clock", "_seen", "_store")

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: dict[str, tuple[float, str]] = {}

    def note(self, token_id: str, place: str) -> None:
        """Note that a key was used from an address just now; a guest of an open server has none."""
        if token_id and (token_id in self._seen or len(self._seen) < KEYS_MAX):
            self._seen[token_id] = (self._clock.now(), place[:PLACE_POINTS_MAX])

    def seen(self, row: TokenRow) -> TokenRow:
        """Return a key with when it was used last, as far as this server knows."""
        if row.id not in self._seen:
            return row
        at, place = self._seen[row.id]
        return msgspec.structs.replace(row, used_at=timestamp(at), used_from=place)

    async def write(self) -> None:
        """Write what was gathered."""
        seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            await self._store.see({id: (timestamp(at), place) for id, (at, place) in seen.items()})
        except WorkspaceFault as fault:
            LOGGER.error("when keys were used is not written: %s", fault.reason)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            await self.write()
