"""Which words stand for which: what an undo puts back is new to Yjs, and is the same words to people.

The words that were there first are the *root* of all that were put back for them. Here is also when each id came and
went, as far as a log says. Both are folds of the log; here they are plain values.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from crdt.undo.positions import IdSpans
from crdt.updates.summary import Id, IdSpan

Mapped = tuple[int, int, int, int]  # first clock, end clock, and the client and first clock that these stand for
NEVER = 1 << 53  # behind every record, and every clock


class Lineage:
    """Ids that stand for others, by what was there first: their *root*. What stands for nothing is its own."""

    __slots__ = ("_heirs", "_roots")

    def __init__(self) -> None:
        self._roots: dict[int, list[Mapped]] = {}
        # What one undo has put back for ids of a client is disjoint; what several have is not.
        self._heirs: dict[int, list[list[Mapped]]] = {}

    def __bool__(self) -> bool:
        return bool(self._roots)

    def enter(self, new: IdSpans, old: IdSpans) -> bool:
        """Note that new ids stand for old ones, one by one; False, and nothing noted, where their number differs.

        Logs are data from outside: a plan may claim to put back more than it writes.
        """
        news, olds = list(new), list(old)
        if sum(end - start for _, start, end in news) != sum(end - start for _, start, end in olds):
            return False
        # Entered under the root, not under what stood for it: so each look-up is one step, however often it was undone.
        heirs: dict[int, list[Mapped]] = {}
        for (client, first, _), (older, low, high) in _align(news, list(self.roots(olds))):
            insort(self._roots.setdefault(client, []), (first, first + high - low, older, low))
            insort(heirs.setdefault(older, []), (low, high, client, first))
        for older, own in heirs.items():
            self._heirs.setdefault(older, []).append(own)
        return True

    def root(self, id: Id) -> Id:
        """Return what an id stands for."""
        return _find(self._roots.get(id.client, ()), id.clock) or id

    def line(self, id: Id) -> list[Id]:
        """Return what an id stands for and all that ever stood for that, the first first."""
        root = self.root(id)
        # Each undo has its own list, in the order of the log: so the last one found is the latest.
        found = (_find(own, root.clock) for own in self._heirs.get(root.client, ()))
        return [root, *(heir for heir in found if heir is not None)]

    def latest(self, id: Id) -> Id:
        """Return the last that was put there for an id, or for what it stands for."""
        line = self.line(id)
        assert line, "an id stands at least for itself"
        return line[-1]

    def roots(self, spans: IdSpans) -> Iterator[IdSpan]:
        """Yield what these ids stand for, in their order."""
        for client, start, end in spans:
            at = start
            for low, high, older, first in _cut(self._roots.get(client, ()), start, end):
                assert at <= low < high, "mapped spans are disjoint and ascend"
                if low > at:  # what stands for nothing is its own root
                    yield client, at, low
                yield older, first, first + high - low
                at = high
            if at < end:
                yield client, at, end

    def instances(self, spans: IdSpans) -> list[IdSpan]:
        """Return these ids, what they stand for, and all that ever stood for it."""
        found = list[IdSpan]()
        for client, start, end in self.roots(spans):
            found.append((client, start, end))
            for own in self._heirs.get(client, ()):
                found += [(heir, first, first + high - low) for low, high, heir, first in _cut(own, start, end)]
        return found

    def heirs(self) -> list[IdSpan]:
        """Return every id that stands for another."""
        return [(client, start, end) for client, own in self._roots.items() for start, end, _, _ in own]


def _start(mapped: Mapped) -> int:
    return mapped[0]


def _find(own: Sequence[Mapped], clock: int) -> Id | None:
    """Return what one clock stands for, by disjoint spans; None where none of them holds it."""
    at = bisect_right(own, clock, key=_start) - 1
    if at < 0 or own[at][1] <= clock:
        return None
    start, _, client, first = own[at]
    assert start <= clock, "the span that begins last before a clock"
    return Id(client, first + clock - start)


def _cut(own: Sequence[Mapped], start: int, end: int) -> Iterator[Mapped]:
    """Yield what of disjoint spans lies between two clocks, cut to it."""
    # The span before may reach in; whether it does is looked at below.
    at = max(0, bisect_right(own, start, key=_start) - 1)
    while at < len(own) and own[at][0] < end:
        low, high, client, first = own[at]
        at += 1
        if high > start:
            cut = max(low, start)
            yield cut, min(high, end), client, first + cut - low


def _align(news: list[IdSpan], olds: list[IdSpan]) -> Iterator[tuple[IdSpan, IdSpan]]:
    """Yield stretches of both that are equally long, in order."""
    # As stacks, the first on top: what is left of a longer one goes back.
    left, right = news[::-1], olds[::-1]
    while left and right:
        (client, start, end), (older, low, high) = left.pop(), right.pop()
        size = min(end - start, high - low)
        if size > 0:
            yield (client, start, start + size), (older, low, low + size)
        if start + size < end:
            left.append((client, start + size, end))
        if low + size < high:
            right.append((older, low + size, high))


class Dated:
    """The number of the record that brought, or took, each id: every id comes once and goes once."""

    __slots__ = ("_spans",)

    def __init__(self, spans: Iterable[tuple[int, int, int, int]] = ()) -> None:
        self._spans: dict[int, list[tuple[int, int, int]]] = {}
        for client, start, end, seq in spans:
            self._spans.setdefault(client, []).append((start, end, seq))
        for own in self._spans.values():
            own.sort()
        assert all(self._spans.values()), "a client is kept for what it has written"

    def at(self, id: Id) -> int | None:
        """Return the number of that record; None where no record says so."""
        found = self._find(id)
        return found[2] if found is not None else None

    def span(self, id: Id) -> IdSpan | None:
        """Return the ids that came, or went, with one in a row; None where no record says so."""
        found = self._find(id)
        return (id.client, found[0], found[1]) if found is not None else None

    def _find(self, id: Id) -> tuple[int, int, int] | None:
        own = self._spans.get(id.client, [])
        at = bisect_right(own, (id.clock, NEVER, 0)) - 1
        return own[at] if at >= 0 and id.clock < own[at][1] else None


@dataclass(frozen=True, slots=True)
class Past:
    """What a log knows about the ids of one document, for the undo of the edit that record `since` holds.

    `undos` are records that took an edit back, `writers` those of edits that put words in, `undone` those that are
    taken back now, this edit aside. Where this edit is an undo, of an undo and so on, `origin` is the edit behind.
    An empty past knows nothing: then all that is not from before the edit counts as written after all that was deleted.
    """

    since: int = 0
    brought: Dated = field(default_factory=Dated)
    taken: Dated = field(default_factory=Dated)
    undos: frozenset[int] = frozenset()
    writers: frozenset[int] = frozenset()
    undone: frozenset[int] = frozenset()
    origin: int = 0
    lineage: Lineage = field(default_factory=Lineage)

    def taker(self, id: Id) -> int | None:
        """Return the last record, beside this edit, that took out what an id stands for and is in force; or None."""
        # An undo that took words out is no later edit of them, nor is an edit that was itself taken back.
        for one in reversed(self.lineage.line(id)):
            seq = self.taken.at(one)
            if seq is not None and seq != self.since and seq not in self.undos and seq not in self.undone:
                return seq
        return None

    def met(self, left: Id, right: Id) -> tuple[Id, Id] | None:
        """Return ids that stood in the text together, of what two ids stand for; the last such; None without any."""
        for one in reversed(self.lineage.line(left)):
            for other in reversed(self.lineage.line(right)):
                # Two lives overlap where each began before the other ended.
                if self._start(one) < self._end(other) and self._start(other) < self._end(one):
                    return one, other
        return None

    def _start(self, id: Id) -> int:
        """Return the record that brought an id; one before the end of all where no record says so."""
        at = self.brought.at(id)
        return NEVER - 1 if at is None else at

    def _end(self, id: Id) -> int:
        """Return the record that took an id; the end of all where it stands."""
        at = self.taken.at(id)
        return NEVER if at is None else at

    def came(self, id: Id) -> int:
        """Return which record brought what an id stands for; one after all others where none says so."""
        at = self.brought.at(self.lineage.root(id))
        return NEVER if at is None else at
