"""Where the items of a document hang: which shared type holds each, of what kind, how deep.

pycrdt does not say, and what may come in depends on it: an item whose parent is no shared type, types nested without
end, values in a text that counts them and never shows them. Kept beside every document that is more than plain text,
packed: two numbers for each run of a client's items that hang from one type, all under keys or none.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Mapping
from typing import Literal, NamedTuple

from crdt.documents.pycrdt_document import DATA_ROOT, RICH_ROOT, TEXT_ROOT, DocumentKind
from crdt.updates.structs import Struct, in_causal_order, read_sections
from crdt.updates.summary import GC, SKIP, TYPE, Id

# What is known of an update before it is applied: new words of a plain text and no more; or entered in the shape.
Known = Literal["", "typing", "entered"]
TYPE_DEPTH_MAX = 32  # pycrdt reads nested types recursively: without a bound they end the process (trap 19)
ARRAY, MAP, TEXT, XML_ELEMENT, XML_FRAGMENT, XML_HOOK, XML_TEXT = range(7)
# A root says nothing of its kind in the bytes: `ROOTS` knows it of those that documents have, and of others nobody.
ANY_ROOT = 7
TEXTS, XML_NODES = frozenset({TEXT, XML_TEXT}), frozenset({XML_ELEMENT, XML_TEXT})
ROOTS: Mapping[tuple[DocumentKind, str], int] = {
    ("text", TEXT_ROOT): TEXT,
    ("data", DATA_ROOT): MAP,
    ("rich", RICH_ROOT): XML_FRAGMENT,
}
GONE = 0  # the number of what hangs from nothing that is known: its place was collected


class SharedType(NamedTuple):
    """A shared type: its kind and how many others it lies in. Roots have depth 0."""

    kind: int
    depth: int


class Shape:
    """The shared types of one document and what hangs from each."""

    __slots__ = ("_holders", "_kind", "_roots", "_runs", "_types", "has_gone", "has_sequences")

    def __init__(self, kind: DocumentKind) -> None:
        self._kind = kind
        self._holders = [SharedType(ANY_ROOT, 0)]  # what is collected hangs from number 0, `GONE`
        self._roots: dict[str, int] = {}
        self._types: dict[Id, int] = {}
        self._runs: dict[int, tuple[array[int], array[int]]] = {}
        self.has_gone = False  # something of it was collected
        self.has_sequences = False  # something of it stands in an order, not under a key, or says so

    @classmethod
    def of_text(cls, state: Mapping[int, int]) -> Shape:
        """Return the shape of a text document into which nothing but words was written, by its state vector."""
        shape = cls("text")
        number = shape._root(TEXT_ROOT)
        for client in state:
            # One run: all that was written hangs from the text, under no key.
            shape._runs[client] = (array("L", (0,)), array("L", (number << 1,)))
        assert number != GONE, "the text is no collected place"
        return shape

    @classmethod
    def of_state(cls, kind: DocumentKind, state: bytes) -> Shape:
        """Return the shape of a whole document state."""
        shape = cls(kind)
        shape.add_all(read_sections(state), {})
        return shape

    def add_all(self, sections: Mapping[int, list[Struct]], known: Mapping[int, int]) -> None:
        """Enter the structs of an update to a document that holds `known`."""
        for struct in in_causal_order(sections, known):
            self.add(struct)

    def add(self, struct: Struct) -> None:
        """Enter one struct; what it needs must have been entered, and what its client made before it.

        Entering it again changes nothing.
        """
        place = self._place(struct)
        assert place >> 1 < len(self._holders), "what a struct hangs from was entered before it"
        self.has_gone = self.has_gone or place == GONE
        self.has_sequences = self.has_sequences or struct.right is not None or (place != GONE and not place & 1)
        if struct.kind == TYPE and not self.is_type(Id(struct.client, struct.clock)):
            self._types[Id(struct.client, struct.clock)] = len(self._holders)
            assert struct.ref >= 0, "a struct of a shared type says which"
            self._holders.append(SharedType(struct.ref, self._holders[place >> 1].depth + 1))
        run = self._runs.get(struct.client)
        if run is None:
            self._runs[struct.client] = (array("L", (struct.clock,)), array("L", (place,)))
        # Where a client goes on in the same type nothing is kept: a long text by one author is one run.
        elif run[1][-1] != place and struct.clock >= run[0][-1]:
            run[0].append(struct.clock)
            run[1].append(place)

    def holder_of(self, struct: Struct) -> int:
        """Return the number of what a struct hangs from; `GONE` where that was collected or is no shared type."""
        return self._place(struct) >> 1

    def is_keyed(self, struct: Struct) -> bool:
        """Tell whether a struct stands under a key: its neighbour's, where it has one, whatever its flags say."""
        return bool(self._place(struct) & 1)

    def _place(self, struct: Struct) -> int:
        """Return the place of a struct: twice the number of what it hangs from, and one more under a key."""
        if struct.kind in (GC, SKIP):
            return GONE
        if struct.parent is not None:
            number = (
                self._root(struct.parent) if isinstance(struct.parent, str) else self._types.get(struct.parent, GONE)
            )
            return number << 1 | (struct.key is not None)
        left = self._of(struct.origin) if struct.origin is not None else None
        right = self._of(struct.right) if struct.right is not None else None
        # Yjs collects what comes to stand beside something collected, whichever side it is on.
        for place in (left, right):
            if place is not None and place >> 1 == GONE:
                return GONE
        return left if left is not None else right if right is not None else GONE

    def holder(self, number: int) -> SharedType:
        """Return the shared type of a number."""
        assert 0 <= number < len(self._holders), "numbers are given by this shape"
        return self._holders[number]

    def is_gone(self, id: Id | None) -> bool:
        """Tell whether an item was collected; not where it is None."""
        return id is not None and self._of(id) == GONE

    def is_torn(self, struct: Struct) -> bool:
        """Tell whether the neighbours of a struct are one, hang from different types, or under a key and under none.

        Yjs itself puts such an item at one place where it comes as an edit and at another where it comes in a state
        (decision 83).
        """
        if struct.origin is None or struct.right is None:
            return False
        return struct.origin == struct.right or self._of(struct.origin) != self._of(struct.right)

    def is_type(self, id: Id) -> bool:
        """Tell whether an item is or was a shared type."""
        return id in self._types

    def type_of(self, id: Id) -> Id | None:
        """Return the shared type that an item hangs from; None for a root, or where it was collected."""
        number = self._of(id) >> 1
        assert number < len(self._holders), "a run names a type that was entered"
        return next((type for type, own in self._types.items() if own == number), None)

    def is_in_root(self, id: Id, kind: int) -> bool:
        """Tell whether an item hangs from the root of this kind, or was collected where that cannot be told."""
        place = self._of(id)
        return place >> 1 == GONE or (self._holders[place >> 1] == SharedType(kind, 0) and not place & 1)

    def _root(self, name: str) -> int:
        """Return the number of a root, a new one where it was not met before."""
        number = self._roots.get(name)
        if number is None:
            number = self._roots[name] = len(self._holders)
            assert number != GONE, "that number is taken from the start"
            self._holders.append(SharedType(ROOTS.get((self._kind, name), ANY_ROOT), 0))
        return number

    def _of(self, id: Id) -> int:
        """Return the place of an item by its id; `GONE` where it is not here."""
        run = self._runs.get(id.client)
        at = bisect_right(run[0], id.clock) - 1 if run is not None else -1
        return run[1][at] if run is not None and at >= 0 else GONE
