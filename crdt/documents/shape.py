"""Where the items of a document hang: which shared type holds each, of what kind, how deep.

pycrdt does not say, and what may come in depends on it: an item whose parent is no shared type, types nested without
end, values in a text that counts them and never shows them. Kept beside every document that is more than plain text,
packed: two numbers for each run of a client's items that hang from one type, all under keys or none.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from crdt.documents.pycrdt_document import DATA_ROOT, RICH_ROOT, TEXT_ROOT, DocumentKind
from crdt.updates.structs import Struct, in_causal_order, sections_of
from crdt.updates.summary import GC, SKIP, TYPE, Id

TYPE_DEPTH_MAX = 32
ARRAY, MAP, TEXT, XML_ELEMENT, XML_FRAGMENT, XML_HOOK, XML_TEXT = range(7)
# A root says nothing of its kind in the bytes; `Document` knows it of its own.
ANY_ROOT = 7
TEXTS, XML_NODES = frozenset({TEXT, XML_TEXT}), frozenset({XML_ELEMENT, XML_TEXT})
ROOTS: Mapping[tuple[DocumentKind, str], int] = {
    ("text", TEXT_ROOT): TEXT,
    ("data", DATA_ROOT): MAP,
    ("rich", RICH_ROOT): XML_FRAGMENT,
}
GONE = 0


class SharedType(NamedTuple):
    """A shared type: its kind and how many others it lies in. Roots have depth 0."""

    kind: int
    depth: int


class Shape:
    """The shared types of one document and what hangs from each."""

    __slots__ = ("_holders", "_kind", "_roots", "_runs", "_types", "has_gone", "has_xml")

    def __init__(self, kind: DocumentKind) -> None:
        self._kind = kind
        self.has_xml = False
        self._holders = [SharedType(ANY_ROOT, 0)]  # what is collected hangs from number 0
        self._roots: dict[str, int] = {}
        self._types: dict[Id, int] = {}
        self._runs: dict[int, tuple[array[int], array[int]]] = {}
        self.has_gone = False  # something of it was collected

    @classmethod
    def of_text(cls, state: Mapping[int, int]) -> Shape:
        """Return the shape of a text document into which nothing but words was written, by its state vector."""
        shape = cls("text")
        number = shape._root(TEXT_ROOT)
        for client in state:
            shape._runs[client] = (array("L", (0,)), array("L", (number << 1,)))
        return shape

    @classmethod
    def of_state(cls, kind: DocumentKind, state: bytes) -> Shape:
        """Return the shape of a whole document state."""
        shape = cls(kind)
        shape.add_all(sections_of(state), {})
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
        self.has_gone = self.has_gone or place == GONE
        if struct.kind == TYPE and not self.is_type(Id(struct.client, struct.clock)):
            self._types[Id(struct.client, struct.clock)] = len(self._holders)
            self._holders.append(SharedType(struct.ref, self._holders[place >> 1].depth + 1))
            self.has_xml = self.has_xml or struct.ref >= XML_ELEMENT
        run = self._runs.get(struct.client)
        if run is None:
            self._runs[struct.client] = (array("L", (struct.clock,)), array("L", (place,)))
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
        """Return twice the number of what a struct hangs from, and one more under a key."""
        if struct.kind in (GC, SKIP):
            return GONE
        if struct.parent is not None:
            number = (
                self._root(struct.parent) if isinstance(struct.parent, str) else self._types.get(struct.parent, GONE)
            )
            return number << 1 | (struct.key is not None)
        left = self._of(struct.origin) if struct.origin is not None else None
        right = self._of(struct.right) if struct.right is not None else None
        for place in (left, right):
            if place is not None and place >> 1 == GONE:
                return GONE
        return left if left is not None else right if right is not None else GONE

    def holder(self, number: int) -> SharedType:
        """Return the shared type of a number."""
        return self._holders[number]

    def is_gone(self, id: Id | None) -> bool:
        """Tell whether an item was collected; not where it is None."""
        return id is not None and self._of(id) == GONE

    def is_torn(self, struct: Struct) -> bool:
        """Tell whether the neighbours of a struct are one, hang from different types, or under a key and under none.

        Yjs itself puts such an item at one place where it comes as an edit and at another where it comes in a state.
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
        return next((type for type, own in self._types.items() if own == number), None)

    def is_in_root(self, id: Id, kind: int) -> bool:
        """Tell whether an item hangs from the root of this kind, or was collected where that cannot be told."""
        place = self._of(id)
        return place >> 1 == GONE or (self._holders[place >> 1] == SharedType(kind, 0) and not place & 1)

    def _root(self, name: str) -> int:
        number = self._roots.get(name)
        if number is None:
            number = self._roots[name] = len(self._holders)
            self._holders.append(SharedType(ROOTS.get((self._kind, name), ANY_ROOT), 0))
        return number

    def _of(self, id: Id) -> int:
        run = self._runs.get(id.client)
        at = bisect_right(run[0], id.clock) - 1 if run is not None else -1
        return run[1][at] if run is not None and at >= 0 else GONE
