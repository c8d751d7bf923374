"""Where intents may work, laid out so that those which may meet are found without passing the others by.

A shelf is a document and the first key of a path in it, or a document and None: any place in it. What lies on the shelf
of one key can meet what lies on the same one and what may be anywhere in the document, and nothing else; a first key is
never a number, so no edit moves an intent to another shelf. Nothing here decides anything (invariant I32: what is named
may be too much, never too little).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

Shelf = tuple[str, str | int | None]


class Indexed(Protocol):
    """What is laid out: a live intent."""

    id: str
    seq: int


E = TypeVar("E", bound=Indexed)
in_order = attrgetter("seq")


@dataclass(slots=True)
class InOrder(Generic[E]):
    """Some intents in log order."""

    by_seq: dict[int, E] = field(default_factory=dict)
    seqs: list[int] = field(default_factory=list)

    def put(self, entry: E) -> None:
        """Lay an intent here; nothing happens where it lies here already."""
        if entry.seq not in self.by_seq:
            self.by_seq[entry.seq] = entry
            insort(self.seqs, entry.seq)

    def take(self, entry: E) -> None:
        """Take an intent away; it must lie here."""
        del self.by_seq[entry.seq]
        del self.seqs[bisect_right(self.seqs, entry.seq) - 1]
        assert len(self.seqs) == len(self.by_seq), "each lies here once"

    def until(self, seq: int) -> Iterator[E]:
        """Yield those up to a place in the log, the latest first."""
        for at in range(bisect_right(self.seqs, seq) - 1, -1, -1):
            yield self.by_seq[self.seqs[at]]

    def latest(self) -> Iterator[E]:
        """Yield those that were laid here last first."""
        return reversed(self.by_seq.values())


@dataclass(slots=True)
class Shelves(Generic[E]):
    """Live intents by where they may work."""

    everybody: InOrder[E] = field(default_factory=InOrder)
    anywhere: InOrder[E] = field(default_factory=InOrder)
    by_shelf: dict[Shelf, InOrder[E]] = field(default_factory=dict)
    by_doc: dict[str, InOrder[E]] = field(default_factory=dict)

    def put(self, entry: E, shelves: Iterable[Shelf] | None) -> None:
        """Lay an intent where it may work; None is anywhere."""
        self.everybody.put(entry)
        if shelves is None:
            self.anywhere.put(entry)
            return
        for shelf in shelves:
            self.by_shelf.setdefault(shelf, InOrder()).put(entry)
            self.by_doc.setdefault(shelf[0], InOrder()).put(entry)

    def take(self, entry: E, shelves: Iterable[Shelf]) -> None:
        """Take an intent away from these shelves, on which it lies, and from anywhere."""
        self.everybody.take(entry)
        if entry.seq in self.anywhere.by_seq:
            self.anywhere.take(entry)
        docs = set[str]()
        for shelf in shelves:
            docs.add(shelf[0])
            _take(self.by_shelf, shelf, entry)
        for doc in docs:
            _take(self.by_doc, doc, entry)

    def rows(self, shelves: Iterable[Shelf] | None) -> list[InOrder[E]]:
        """Return the rows in which all lie who may work at one of these places, some in several; None is any place."""
        if shelves is None:
            return [self.everybody]
        rows = {id(self.anywhere): self.anywhere}
        for doc, key in shelves:
            # What may be anywhere in a document may meet whatever lies in it.
            found = (
                (self.by_doc.get(doc),)
                if key is None
                else (self.by_shelf.get((doc, key)), self.by_shelf.get((doc, None)))
            )
            rows.update((id(row), row) for row in found if row is not None)
        return list(rows.values())

    def near(self, shelves: Iterable[Shelf] | None) -> list[E]:
        """Return who may work at one of these places, in log order; some may turn out not to."""
        found = dict[int, E]()
        for row in self.rows(shelves):
            found |= row.by_seq
        return sorted(found.values(), key=in_order)


Key = TypeVar("Key")


def _take(rows: dict[Key, InOrder[E]], key: Key, entry: E) -> None:
    row = rows[key]
    row.take(entry)
    if not row.seqs:
        del rows[key]
