"""Which model gets a call, and which one next when it failed. Pure: the table and the signals decide, nothing else.

Difficulty is a number from 0 to 1 made of what is known before any model has looked: how long the instruction is, how
much text it may touch, how vague its scope. It errs; that is what escalation is for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.gateway.call import Signals
from workspace.intents.model.calls import CallOutcome, Purpose, RouteTable, Rule

WORDS_FULL, SIZE_FULL, DOCUMENTS_FULL = 60, 8_000, 5
FALLBACKS: dict[str, tuple[str, ...]] = {
    "overloaded": ("retry", "next", "escalate"),
    "rate_limited": ("retry", "next", "escalate"),
    "timeout": ("next", "escalate"),
    "cut": ("retry", "next", "escalate"),
    "server_error": ("retry", "next", "escalate"),
    "unreachable": ("retry", "next", "escalate"),
    "malformed": ("retry", "escalate"),
    "refused": ("escalate",),
    "too_long": ("escalate",),
    "unauthorised": ("next",),
}
RULES = (
    Rule("small", purpose="judge"),
    Rule("small", purpose="summarise"),
    Rule("small", budget_below=0.05),
    Rule("large", attempt_min=2),
    Rule("large", difficulty_min=0.5),
    Rule("medium", purpose="merge"),
    Rule("medium", attempt_min=1),
    Rule("medium", difficulty_min=0.25),
    Rule("small"),
)


def default_table(small: str, medium: str, large: str) -> RouteTable:
    """Return the table of a server whose workspaces have none of their own."""
    tiers = (("small", (small,)), ("medium", (medium,)), ("large", (large,)))
    return RouteTable(tiers=tiers, rules=RULES, fallbacks=FALLBACKS)


def difficulty(signals: Signals) -> float:
    """Return how hard a task looks, 0 to 1, from what is known before it is tried."""
    words = min(1.0, signals.words / WORDS_FULL)
    size = min(1.0, signals.size / SIZE_FULL)
    documents = min(1.0, max(0, signals.documents - 1) / (DOCUMENTS_FULL - 1))
    scope = {"range": 0.0, "document": 0.5, "unknown": 1.0}[signals.scope]
    score = 0.45 * words + 0.25 * size + 0.15 * documents + 0.1 * scope + 0.05 * signals.strict
    assert score >= 0, "nothing makes a task easier than easy"
    # Rounded, so that the same signals choose the same tier in every process: a rule compares with a bound.
    return round(min(1.0, score), 6)


def choose(table: RouteTable, purpose: Purpose, signals: Signals) -> str:
    """Return the tier for a call: the first rule that fits, raised one tier for every escalation."""
    names = [name for name, _ in table.tiers]
    assert names, "a table has a tier"
    hard = difficulty(signals)
    chosen = next((rule.tier for rule in table.rules if _fits(rule, purpose, signals, hard)), names[-1])
    return names[min(names.index(chosen) + signals.escalations, len(names) - 1)]


def _fits(rule: Rule, purpose: Purpose, signals: Signals, hard: float) -> bool:
    return (
        rule.purpose in (None, purpose)
        and hard >= rule.difficulty_min
        and signals.attempt >= rule.attempt_min
        and (rule.budget_below is None or signals.budget_left < rule.budget_below)
        and rule.latency in (None, signals.latency)
    )


@dataclass(frozen=True, slots=True)
class ChainStep:
    """Where a call stands in its chain: a tier, a model in it, and how many steps each kind of failure has used."""

    table: RouteTable
    tier: str
    at: int = 0
    used: tuple[tuple[str, int], ...] = ()
    why: str = "routed"

    @property
    def model(self) -> str:
        """The model that is next to be asked."""
        models = self.table.models(self.tier)
        assert self.at < len(models), "a step stands on a model of its tier"
        return models[self.at]

    def after(self, kind: CallOutcome) -> ChainStep | None:
        """Return the next place after a failure of this kind, or None when its chain is spent."""
        steps = self.table.fallbacks.get(kind, FALLBACKS.get(kind, ()))
        used = dict(self.used)
        for taken in range(used.get(kind, 0), len(steps)):
            used[kind] = taken + 1
            moved = self._moved(steps[taken], kind)
            if moved is not None:
                return replace(moved, used=tuple(sorted(used.items())))
        return None

    def _moved(self, step: str, kind: CallOutcome) -> ChainStep | None:
        if step == "retry":
            return replace(self, why=f"retry:{kind}")
        if step == "next":
            own = self.table.models(self.tier)
            return replace(self, at=self.at + 1, why=f"next:{kind}") if self.at + 1 < len(own) else None
        assert step == "escalate", "a chain is made of retry, next and escalate"
        names = [name for name, _ in self.table.tiers]
        above = names.index(self.tier) + 1
        return replace(self, tier=names[above], at=0, why=f"escalate:{kind}") if above < len(names) else None

    def past(self, is_open: Callable[[str], bool]) -> ChainStep | None:
        """Return the first place from here whose model's breaker lets calls through, or None."""
        names = [name for name, _ in self.table.tiers]
        for tier in names[names.index(self.tier) :]:
            first = self.at if tier == self.tier else 0
            for at in range(first, len(self.table.models(tier))):
                if not is_open(self.table.models(tier)[at]):
                    is_here = (tier, at) == (self.tier, self.at)
                    return self if is_here else replace(self, tier=tier, at=at, why="breaker")
        return None
