"""Who wrote what: every run of Yjs ids traces to the record that brought it (semantics §1.3, §3).

Authorship is the authenticated session that delivered an update, never the Yjs client id in it. The index is a fold of
the log: `update` and `commit` records name the id spans they inserted and deleted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workspace.intents.model.bodies import Spans

Ranges = Mapping[int, Iterable[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a document in the log; `intents` is empty for a human's own edit."""

    seq: int
    doc: str
    actor: str
    lane: str
    intents: tuple[str, ...] = ()

    @property
    def is_human(self) -> bool:
        """True when a person typed it, False when the agent committed it."""
        return not self.intents


@dataclass(slots=True)
class _Column:
    """The id spans of one Yjs client in one document, ascending and disjoint."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    def add(self, start: int, end: int, edit: Edit) -> None:
        at = bisect_right(self.starts, start)
        self.starts.insert(at, start)
        self.ends.insert(at, end)
        self.edits.insert(at, edit)

    def hits(self, start: int, end: int) -> Iterable[Edit]:
        at = max(0, bisect_right(self.starts, start) - 1)
        assert start < end, "nobody is looked for in nothing"
        while at < len(self.starts) and self.starts[at] < end:
            if self.ends[at] > start:
                yield self.edits[at]
            at += 1


@dataclass(slots=True)
class History:
    """Which edit inserted and which edits deleted an id, per document and Yjs client."""

    inserted: dict[tuple[str, int], _Column] = field(default_factory=dict)
    deleted: dict[tuple[str, int], list[tuple[int, int, Edit]]] = field(default_factory=dict)
    agents: frozenset[int] = frozenset()
    names: dict[str, set[str]] = field(default_factory=dict)

    def add(self, edit: Edit, *, inserted: Spans, deleted: Spans) -> None:
        """Enter one edit of the log."""
        if inserted:
            self.names.setdefault(edit.doc, set()).add(edit.actor)
        for client, start, end in inserted:
            assert start < end, "a span holds something"
            self.inserted.setdefault((edit.doc, client), _Column()).add(start, end, edit)
            # One for each time that the workspace was opened and the agent wrote: seldom a new one.
            if not edit.is_human and client not in self.agents:
                self.agents |= {client}
        for client, start, end in deleted:
            self.deleted.setdefault((edit.doc, client), []).append((start, end, edit))

    def writers(self, doc: str, ranges: Ranges) -> set[Edit]:
        """Return the edits that inserted any of these ids."""
        return {
            edit
            for client, spans in ranges.items()
            if (column := self.inserted.get((doc, client))) is not None
            for start, end in spans
            for edit in column.hits(start, end)
        }

    def writers_by_doc(self) -> dict[str, tuple[str, ...]]:
        """Return who has written in each document, humans by name and the agent as such, sorted."""
        return {doc: tuple(sorted(names)) for doc, names in self.names.items()}

    def deleters(self, doc: str, ranges: Ranges, *, after: int) -> set[Edit]:
        """Return the edits with `seq` above `after` that deleted any of these ids."""
        found = set()
        for client, spans in ranges.items():
            for low, high, edit in reversed(self.deleted.get((doc, client), ())):
                if edit.seq <= after:
                    break
                if any(start < high and low < end for start, end in spans):
                    found.add(edit)
        return found


def spans_of(inserted: Mapping[int, tuple[int, int]]) -> Spans:
    """Return inserted ids in the form records carry, sorted."""
    return tuple(sorted((client, start, end) for client, (start, end) in inserted.items() if end > start))


def spans_of_ranges(ranges: Ranges) -> Spans:
    """Return deleted id ranges in the form records carry, sorted."""
    return tuple(sorted((client, start, end) for client, spans in ranges.items() for start, end in spans))
