"""A token bucket: what flows in by time, and is spent by what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(slots=True)
class Allowance:
    """`rate` a second flow in, up to `most`; `left` may stand below nothing, then one waits. `at` is the last look.

    Times are in seconds, from anywhere: a clock that goes back gives nothing and takes nothing.
    """

    rate: float
    most: float
    left: float
    at: float = 0.0

    @classmethod
    def full(cls, rate: float, now: float, *, most: float | None = None) -> Self:
        """Return one that holds all it may: `most`, or what flows in within a second."""
        assert rate > 0, "without any flow nothing is ever allowed"
        held = rate if most is None else most
        return cls(rate, held, held, now)

    def spend(self, amount: float, now: float) -> None:
        """Take something out: what is owed then is waited for before the next."""
        assert amount >= 0, "nothing is given back"
        self._gain(now)
        self.left -= amount

    def owed(self, now: float) -> float:
        """Return how many seconds it takes until something may be spent again, 0 for at once."""
        self._gain(now)
        return max(0.0, -self.left / self.rate)

    def is_full(self, now: float) -> bool:
        """Tell whether it says no more than a new one."""
        self._gain(now)
        return self.left >= self.most

    def _gain(self, now: float) -> None:
        self.left = min(self.most, self.left + max(0.0, now - self.at) * self.rate)
        self.at = now
