"""How long to wait before a model is asked again, and how often at all: what servers ask for, jitter, a budget. Pure.

A server that says how long to wait is believed, for every call of this process. Retries are for the odd failure: they
may be a fifth of all calls and a few, so that a server in trouble is not asked more because it is in trouble.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

from agent.gateway.call import CallFailed
from workspace.intents.model.calls import CallOutcome

BACKOFF_SECONDS = (0.25, 1.0, 2.0, 4.0)
HOLDING: frozenset[CallOutcome] = frozenset({"rate_limited", "overloaded", "server_error", "timeout"})
RETRY_AFTER_SECONDS_MAX = 86_400.0
HOLD_SECONDS_MAX = 300.0
SPREAD_SHARE, SPREAD_SECONDS_MIN = 0.1, 1.0
RETRIES_SAVED_MAX = 10.0
RETRIES_PER_CALL = 0.2


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return how many seconds a server asks to wait, at most a day; None when it does not say or it cannot be read.

    It says so in milliseconds (`retry-after-ms`), in seconds, or as an HTTP date, which counts from the server's own
    `date` where there is one, else from `now` in unix seconds: clocks differ.
    """
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)
    then = _unix(headers.get("retry-after", ""))
    if then is None:
        return None
    sent = _unix(headers.get("date", ""))
    return min(max(then - (now if sent is None else sent), 0.0), RETRY_AFTER_SECONDS_MAX)


def _unix(date: str) -> float | None:
    try:
        found = parsedate_to_datetime(date)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@dataclass(slots=True)
class Backoff:
    """What all calls of a gateway share: who asked for time, and how many retries are left. `chance` is 0 to 1."""

    chance: Callable[[], float]
    saved: float = RETRIES_SAVED_MAX
    holds: dict[str, float] = field(default_factory=dict)

    def called(self) -> None:
        """A call begins: a fifth of a retry is earned."""
        self.saved = min(RETRIES_SAVED_MAX, self.saved + RETRIES_PER_CALL)

    def may_retry(self) -> bool:
        """Tell whether the same model may be asked once more, and count that."""
        assert 0 <= self.saved <= RETRIES_SAVED_MAX, "what is spent was earned before"
        if self.saved < 1:
            return False
        self.saved -= 1
        return True

    def hold(self, model: str, failed: CallFailed, now: float) -> None:
        """Remember that a model's server asked for time; others are held five minutes at most.

        What is wrong with one request says nothing about the next.
        """
        if failed.retry_after and failed.kind in HOLDING:
            assert failed.retry_after > 0, "a server asks for time, not for its return"
            # Decision 93: believed, but not for ever, because one answer of one proxy would stop a model for all.
            until = now + min(failed.retry_after, HOLD_SECONDS_MAX)
            self.holds[model] = max(until, self.holds.get(model, 0.0))

    def held(self, model: str, now: float) -> float:
        """Return how many seconds a model still wants to be left alone."""
        left = self.holds.get(model, 0.0) - now
        if left <= 0:
            self.holds.pop(model, None)
        return max(0.0, left)

    def spread(self, seconds: float) -> float:
        """Return a wait a little longer than asked for, by chance, so that those who wait do not all come at once."""
        assert seconds >= 0, "a wait is not in the past"
        return seconds + self.chance() * max(SPREAD_SECONDS_MIN, SPREAD_SHARE * seconds)

    def pause(self, tries: int) -> float:
        """Return the wait before a retry that nobody asked to delay: any time up to a bound that grows."""
        assert tries >= 0, "tries are counted from none"
        return self.chance() * BACKOFF_SECONDS[min(tries, len(BACKOFF_SECONDS) - 1)]
