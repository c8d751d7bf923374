"""A circuit breaker per model: after failures in a row, stop asking for a while, then let one call try. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from workspace.intents.model.calls import CallOutcome

TRIPS_AT = 5
OPEN_SECONDS = 30.0
OUTAGES: frozenset[CallOutcome] = frozenset({"overloaded", "timeout", "server_error", "unreachable", "unauthorised"})
# A limit of rate says that we ask too much, not that the model is down: it counts neither way. `backoff` waits for it.
NEUTRAL: frozenset[CallOutcome] = frozenset({"cancelled", "rate_limited"})


@dataclass(slots=True)
class Breaker:
    """One model's recent fate. `open_until` in the seconds of whoever asks; a refusal or bad answer is no outage."""

    failures: int = 0
    open_until: float = 0.0
    is_probing: bool = False

    def is_open(self, now: float) -> bool:
        """Tell whether calls must go elsewhere; once the time is over, one call at a time may try."""
        return self.failures >= TRIPS_AT and (now < self.open_until or self.is_probing)

    def begin(self) -> None:
        """A call is sent."""
        self.is_probing = self.failures >= TRIPS_AT

    def end(self, outcome: CallOutcome, now: float) -> None:
        """A call is over."""
        assert not OUTAGES & NEUTRAL, "an outcome counts one way"
        self.is_probing = False
        if outcome in OUTAGES:
            self.failures += 1
            if self.failures >= TRIPS_AT:
                self.open_until = now + OPEN_SECONDS
                assert self.is_open(now), "the failure that trips it closes the way at once"
        elif outcome not in NEUTRAL:
            self.failures = 0


@dataclass(slots=True)
class Breakers:
    """The breakers of all models."""

    models: dict[str, Breaker] = field(default_factory=dict)

    def of(self, model: str) -> Breaker:
        """Return the breaker of a model."""
        return self.models.setdefault(model, Breaker())
