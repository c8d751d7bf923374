"""Who knew what: stamps `(seen, n)`, happens-before and the derived vector clock (semantics §1.3).

The pair is the vector clock in normal form, because every intent passes one log:
`past(I) = {A : seq(A) <= I.seen} ∪ {A : lane(A) = lane(I), A.n < I.n}`. It costs two integers for ever; the full map
is derived for people and for the record. `tests/workspace/intents/model/test_causality.py` holds it against full vector
clocks.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from workspace.errors import Refusal

N_MAX = 2**31


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where an intent stands: its place in the log, its lane's count, and what its author had seen."""

    seq: int
    lane: str
    n: int
    seen: int


@dataclass(frozen=True, slots=True)
class LaneClock:
    """The last accepted count and stamp of one lane."""

    n: int = 0
    seen: int = 0


def happened_before(first: Stamp, second: Stamp) -> bool:
    """Tell whether the author of `second` knew of `first` when composing."""
    return first.seq <= second.seen or (first.lane == second.lane and first.n < second.n)


def are_concurrent(one: Stamp, other: Stamp) -> bool:
    """Tell whether neither author knew of the other's intent."""
    return not happened_before(one, other) and not happened_before(other, one)


@dataclass(slots=True)
class Lanes:
    """Every lane's accepted intents, a fold of the log: `places[lane][n - 1]` is the `seq` of its n-th intent."""

    places: dict[str, list[int]] = field(default_factory=dict)
    clocks: dict[str, LaneClock] = field(default_factory=dict)
    # Seldom any, and so no set of its own: 216 bytes in every room.
    retired: frozenset[str] = frozenset()

    def clock(self, lane: str) -> LaneClock:
        """Return the lane's clock; a lane nobody heard of stands at zero."""
        return self.clocks.get(lane, LaneClock())

    def seq_of(self, lane: str, n: int) -> int | None:
        """Return the `seq` of the intent with this dot, or None."""
        places = self.places.get(lane, ())
        return places[n - 1] if 1 <= n <= len(places) else None

    def accept(self, stamp: Stamp) -> None:
        """Enter an intent of the log. Its dot must be the lane's next."""
        places = self.places.setdefault(stamp.lane, [])
        assert stamp.n == len(places) + 1, f"lane {stamp.lane} skips from {len(places)} to {stamp.n}"
        # `vector_clock` looks places up by bisection.
        assert not places or stamp.seq > places[-1], f"lane {stamp.lane} goes back from {places[-1]} to {stamp.seq}"
        places.append(stamp.seq)
        self.clocks[stamp.lane] = LaneClock(stamp.n, stamp.seen)
        if stamp.lane in self.retired:
            self.retired -= {stamp.lane}

    def vector_clock(self, lane: str, *, n: int, seen: int) -> dict[str, int]:
        """Return how many intents of each lane lie in the past of the lane's n-th intent stamped `seen`.

        Retired lanes are left out: that bounds the map and changes no comparison, which uses `(seen, n)`.
        """
        clock = {
            other: count
            for other, places in self.places.items()
            if places[0] <= seen and other not in self.retired and (count := bisect_right(places, seen))
        }
        # A lane knows what it has said itself, whether or not its records had come back to it yet.
        if n > 1:
            clock[lane] = max(n - 1, clock.get(lane, 0))
        return clock

    def refuse_stamp(self, lane: str, *, n: int, seen: int, delivered: int) -> Refusal | None:
        """Return why a new stamp may not be: the next dot, a past that only grows, nothing claimed that was not sent.

        `delivered` is the highest `seq` this lane was ever sent. A claim to have seen less is always possible and only
        leads to more questions; a claim to have seen more would silence a conflict.
        """
        assert delivered >= 0, f"nobody was sent {delivered} records"
        clock = self.clock(lane)
        # A gap is not filled later: what is missing may be what this one is about.
        if not 1 <= n <= N_MAX or n != clock.n + 1:
            return Refusal("gap", f"This lane's next intent is number {clock.n + 1}, not {n}.", "Resend in order.")
        if seen < clock.seen:
            return Refusal(
                "bad_clock",
                f"seen {seen} is before this lane's last stamp {clock.seen}.",
                "Stamp with what was shown last.",
            )
        if seen > delivered:
            return Refusal(
                "bad_clock",
                f"seen {seen} was never sent to this lane; it got {delivered}.",
                "Stamp with what was shown.",
            )
        return None
