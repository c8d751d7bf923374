"""What the world knows to be true, whatever a log says: who knew and did what, and what must not be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Violation(AssertionError):
    """An invariant does not hold; `invariant` names it."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant


@dataclass(frozen=True, slots=True)
class Sent:
    """The truth about one intent: what its author had noticed, by record and by lane, and had done, when beginning."""

    actor: str
    lane: str
    n: int
    frame: dict[str, Any]
    noticed: int
    clock: dict[str, int]
    own: dict[str, tuple[int, int]]
    removed: frozenset[str]
    shown: dict[str, int] = field(default_factory=dict)
    emptied: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote a cell or a line last: the record, the person, and the intents when it was the agent."""

    seq: int
    actor: str
    intents: tuple[str, ...]


@dataclass(slots=True)
class Known:
    """One intent as the monitor knows it: the record's `seq`, and the truth about its author."""

    id: str
    seq: int
    actor: str
    body: dict[str, Any]
    truth: Sent
    verdict: str = ""
    commits: int = 0
    steers: list[str] = field(default_factory=list)
    carried: str = ""
    commit_seq: int = 0


def said(frame: dict[str, Any]) -> tuple[Any, ...]:
    """Return the words of an intent, as sent or as logged."""
    expects = [(one["doc"], one.get("path", []), one.get("equals")) for one in frame.get("expects", ())]
    return frame["kind"], frame["text"], frame["seen"], frame.get("refs", []), expects
