"""All intents in log order, and how far back those reach that were under way when each came (semantics §6).

Kept by the board while it folds, so that looking back at any `seq` reads no record: a walk over what had been accepted
since the oldest intent that was then under way, however long the log is. What ended for one author since some `seq` is
found without a walk: each author's verdicts are kept in log order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, NamedTuple, Protocol, TypeVar

from workspace.intents.model.intent import State


class Move(NamedTuple):
    """From record `seq` on an intent stood in `state`, before its verdict."""

    seq: int
    state: State
    reason: str


class Placed(Protocol):
    """What is in the timeline: an intent by the `seq` of its record, 0 as `verdict_seq` until it has one."""

    seq: int
    actor: str
    verdict_seq: int


E = TypeVar("E", bound=Placed)


@dataclass(slots=True)
class Timeline(Generic[E]):
    """Intents by `seq`, with the place of the oldest that was under way when each was accepted."""

    _entries: list[E] = field(default_factory=list)
    _seqs: list[int] = field(default_factory=list)
    _reach: list[int] = field(default_factory=list)
    _ended: dict[str, list[E]] = field(default_factory=dict)

    def add(self, entry: E, *, oldest: int) -> None:
        """Enter a new intent; `oldest` is the `seq` of the oldest that is under way now, perhaps its own."""
        assert not self._seqs or entry.seq > self._seqs[-1], "intents come in the order of the log"
        assert oldest <= entry.seq, "it is under way itself"
        self._entries.append(entry)
        self._seqs.append(entry.seq)
        self._reach.append(bisect_left(self._seqs, oldest))

    def end(self, entry: E) -> None:
        """Enter that an intent has its verdict, whose record is the log's last."""
        assert entry.verdict_seq > entry.seq, "an end comes after its beginning"
        self._ended.setdefault(entry.actor, []).append(entry)

    def ended(self, actor: str, *, after: int, upto: int, limit: int) -> list[E]:
        """Return an author's intents whose verdict is a record after `after` and up to `upto`, the newest first.

        At most `limit`, the newest; as fast in a long log as in a short one.
        """
        own = self._ended.get(actor, [])
        end = bisect_right(own, upto, key=_verdict_seq)
        first = max(bisect_right(own, after, key=_verdict_seq), end - limit)
        return own[first:end][::-1]

    def until(self, seq: int) -> Iterator[E]:
        """Yield the intents accepted up to record `seq`, newest first; nothing may be added while it runs."""
        entries = self._entries
        return (entries[at] for at in range(bisect_right(self._seqs, seq) - 1, -1, -1))

    def under_way(self, seq: int) -> list[E]:
        """Return the intents that were under way after record `seq`, in log order."""
        end = bisect_right(self._seqs, seq)
        first = self._reach[end - 1] if end else 0
        return [
            entry for entry in islice(self._entries, first, end) if not entry.verdict_seq or entry.verdict_seq > seq
        ]


def _verdict_seq(entry: Placed) -> int:
    return entry.verdict_seq
