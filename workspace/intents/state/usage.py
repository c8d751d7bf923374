"""What models have cost, as a fold of the log: per intent, author, purpose, model and prompt, with what waits to close.

Nothing here is counted twice or kept elsewhere: the budget that refuses a call and the report people read are this
same fold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from workspace.intents.model.calls import ANSWERED, MICROS, Budget, CallClosed, CallOpened, Compared, Purposes, Recorded


class UsageLine(msgspec.Struct):
    """A sum over calls that share a `Key`; `cost` in millionths of a US dollar."""

    calls: int = 0
    read: int = 0
    written: int = 0
    cache_read: int = 0
    cache_written: int = 0
    cost: int = 0
    latency_ms: int = 0


class Key(msgspec.Struct, frozen=True):
    """What the calls of a line have in common; `day` counts from 1970-01-01 UTC."""

    day: int
    author: str
    purpose: str
    model: str
    prompt: str
    outcome: str
    shadow: bool


@dataclass(slots=True)
class IntentCost:
    """What one intent has cost. `serving` holds the successful calls of the newest round: (attempt, fault, round)."""

    cost: int = 0
    failed: int = 0
    shadow: int = 0
    calls: int = 0
    chain: tuple[int, int, int] = (0, 0, 0)
    strongest: int = 0

    def served(self, opened: CallOpened, closed: CallClosed) -> None:
        """Count a successful call towards what the strongest model would have cost for the same outcome."""
        chain = (opened.attempt, opened.fault, opened.round)
        if chain > self.chain:
            self.chain, self.strongest = chain, 0
        if chain == self.chain:
            self.strongest += closed.cost_strongest


@dataclass(slots=True)
class Usage:
    """The ledger of one workspace."""

    opened: dict[str, tuple[int, CallOpened]] = field(default_factory=dict)
    lines: dict[Key, UsageLine] = field(default_factory=dict)
    intents: dict[str, IntentCost] = field(default_factory=dict)
    spent: dict[tuple[int, str], int] = field(default_factory=dict)
    recorded: dict[str, list[Recorded]] = field(default_factory=dict)
    # How often a model was asked to plan a live intent, shadows apart.
    asked: dict[str, int] = field(default_factory=dict)
    compared: list[Compared] = field(default_factory=list)

    def open(self, call: str, opened: CallOpened, day: int) -> None:
        """Reserve what a call may cost."""
        assert call not in self.opened, "a call is opened once"
        self.opened[call] = (day, opened)
        self._spend(day, opened, opened.reserve)
        if not opened.shadow and opened.purpose in (Purposes.PLAN, Purposes.REPAIR):
            for intent in opened.intents:
                self.asked[intent] = self.asked.get(intent, 0) + 1

    def close(self, closed: CallClosed) -> None:
        """Replace a reservation by what the call did cost."""
        day, opened = self.opened.pop(closed.call)
        assert opened.intents, "a call is made for somebody"
        self._spend(day, opened, closed.cost - opened.reserve)
        key = Key(day, opened.author, opened.purpose, opened.model, opened.prompt, closed.outcome, opened.shadow)
        line = self.lines.setdefault(key, UsageLine())
        line.calls += 1
        line.read += closed.usage.read
        line.written += closed.usage.written
        line.cache_read += closed.usage.cache_read
        line.cache_written += closed.usage.cache_written
        line.cost += closed.cost
        line.latency_ms += closed.latency_ms
        for intent in opened.intents:
            self._of_intent(intent, opened, closed)

    def _of_intent(self, intent: str, opened: CallOpened, closed: CallClosed) -> None:
        own = self.intents.setdefault(intent, IntentCost())
        share = closed.cost // len(opened.intents)
        own.calls += 1
        own.cost += share
        if opened.shadow:
            own.shadow += share
        elif closed.outcome not in ANSWERED:
            own.failed += share
        else:
            own.served(opened, closed)
            if len(opened.intents) == 1 and opened.purpose in (Purposes.PLAN, Purposes.REPAIR):
                kept = Recorded(
                    opened.attempt, opened.fault, opened.round, opened.prompt_sha, closed.response, opened.model,
                    opened.tier,
                )  # fmt: skip
                self.recorded.setdefault(intent, []).append(kept)

    def forget(self, intent: str) -> None:
        """Drop what only a live intent needs."""
        self.recorded.pop(intent, None)
        self.asked.pop(intent, None)

    def _spend(self, day: int, opened: CallOpened, amount: int) -> None:
        for who in ("", opened.author) if opened.author else ("",):
            self.spent[(day, who)] = self.spent.get((day, who), 0) + amount

    def reserved_by(self, intent: str) -> int:
        """Return what open calls of an intent have reserved."""
        return sum(opened.reserve for _, opened in self.opened.values() if intent in opened.intents)

    def left(self, budget: Budget, *, day: int, author: str, intent: str = "") -> tuple[float, str]:
        """Return the smallest share left of the budgets that apply, 1.0 for none, and which budget it is."""
        own = self.intents.get(intent)
        used = (
            ("workspace_day", budget.workspace_day, self.spent.get((day, ""), 0)),
            ("author_day", budget.author_day, self.spent.get((day, author), 0) if author else 0),
            ("intent", budget.intent, (own.cost if own else 0) + self.reserved_by(intent) if intent else 0),
        )
        shares = [
            ((limit * MICROS - spent) / (limit * MICROS) if limit else 0.0, name)
            for name, limit, spent in used
            if limit is not None and not (name == "author_day" and not author) and not (name == "intent" and not intent)
        ]
        return min(shares, default=(1.0, ""))


def total(lines: Iterable[UsageLine]) -> UsageLine:
    """Return the sum of lines."""
    result = UsageLine()
    for line in lines:
        for name in UsageLine.__struct_fields__:
            setattr(result, name, getattr(result, name) + getattr(line, name))
    return result
