"""What a person has the server do, counted by what it costs: one account for all connections of somebody.

A unit is about the work of one byte of an answer. What costs is done and then entered, so an account may come to stand
below nothing; from then on whoever asks waits until it stands above again: sockets are not read, answers are not made.
Nobody is closed for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from crdt.updates.summary import UpdateSummary
from workspace.room.allowance import Allowance

# Measured: integrating a struct, or looking at a deleted range, takes about as long as encoding so many bytes.
UNITS_A_STRUCT = 256
# Less than this is not entered: the bound on frames is enough for what people type.
BYTES_FREE, STRUCTS_FREE = 1 << 10, 4
# Longer than this nobody waits for what was done already: a client that hears nothing for long goes away.
WAIT_SECONDS_MAX = 10.0
KEPT_MAX = 1_000


@dataclass(slots=True, weakref_slot=True)
class WorkAccount(Allowance):
    """One person's account, in units; nobody owes more than can be waited for. `waiting` are HTTP requests that do."""

    waiting: int = 0

    def spend(self, amount: float, now: float) -> None:
        """Enter what was done."""
        Allowance.spend(self, amount, now)
        self.left = max(self.left, -self.rate * WAIT_SECONDS_MAX)


def without_bound() -> WorkAccount:
    """Return the account of a connection whose work nobody counts."""
    return WorkAccount(rate=1.0, most=math.inf, left=math.inf)


def cost_of(update: bytes, scan: UpdateSummary) -> int:
    """Return what an edit costs, in units; 0 for what people type."""
    ranges = sum(map(len, scan.deleted.values())) if scan.deleted else 0
    if len(update) <= BYTES_FREE and scan.structs + ranges <= STRUCTS_FREE:
        return 0
    return len(update) + UNITS_A_STRUCT * (scan.structs + ranges)


@dataclass(slots=True)
class WorkAccounts:
    """The accounts of a server's people (`access.person_in`); each begins full, with `most` units."""

    rate: float
    most: float
    # Those that may owe something stay when nobody is connected: who comes again finds theirs as they left it.
    _kept: dict[str, WorkAccount] = field(default_factory=dict)
    _known: WeakValueDictionary[str, WorkAccount] = field(default_factory=WeakValueDictionary)

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, actor: str, now: float) -> WorkAccount:
        """Return somebody's account, the same one for each of their connections."""
        account = self._known.get(actor)
        if account is None:
            account = self._known[actor] = WorkAccount.full(self.rate, now, most=self.most)
        if len(self._kept) >= KEPT_MAX and actor not in self._kept:
            self._kept = {name: kept for name, kept in self._kept.items() if not kept.is_full(now)}
        self._kept[actor] = account
        return account
