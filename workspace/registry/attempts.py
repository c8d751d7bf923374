"""How fast somebody may try keys from one address, or change as one person what is kept on record for good."""

from __future__ import annotations

import math

from workspace.ports import Clock
from workspace.room.allowance import Allowance

# A class that comes through one address joins within a minute; whoever guesses gets nowhere in a lifetime.
PER_SECOND, AT_ONCE = 2.0, 60.0
# Each change is a row of the record of access, which is kept: an owner lets a school in at once, nobody fills it.
CHANGES_PER_SECOND, CHANGES_AT_ONCE = 0.1, 200.0
NAMES_MAX = 10_000


class Attempts:
    """What is left to each address, or person; at most 10,000 are remembered, those that have not come back to full."""

    __slots__ = ("_at_once", "_by_name", "_clock", "_per_second")

    def __init__(self, clock: Clock, per_second: float = PER_SECOND, at_once: float = AT_ONCE) -> None:
        self._clock = clock
        self._per_second, self._at_once = per_second, at_once
        self._by_name: dict[str, Allowance] = {}

    def is_allowed(self, name: str) -> bool:
        """Tell whether one more attempt of an address, or a person, is taken, and count it."""
        now = self._clock.now()
        left = self._by_name.get(name)
        if left is None:
            if len(self._by_name) >= NAMES_MAX:
                self._by_name = {one: kept for one, kept in self._by_name.items() if not kept.is_full(now)}
            if len(self._by_name) >= NAMES_MAX:
                return False
            left = self._by_name[name] = Allowance.full(self._per_second, now, most=self._at_once)
        if left.owed(now) > 0:
            return False
        left.spend(1.0, now)
        return True

    def wait(self, name: str) -> int:
        """Return after how many whole seconds, 1 at least, the next attempt is worth making."""
        left = self._by_name.get(name)
        return max(1, math.ceil(left.owed(self._clock.now()))) if left is not None else 1
