"""In which order things stood that may never stand together again: characters of a text, items of a list.

A document shows only what is not deleted; what is deleted keeps its place among the rest. A copy in which it stands
again says which of two came first, if both ever stood there together. What an undo has put back does not stand where
it once stood: it is compared as it was when both stood there (`crdt.undo.lineage`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crdt.documents.anchor import Anchor, item_index, resolve_anchor
from crdt.documents.backing import EMPTY_UPDATE
from crdt.documents.document import Document
from crdt.documents.paths import Path, list_at
from crdt.documents.shape import ARRAY
from crdt.errors import CrdtError
from crdt.undo.lineage import NEVER, Past
from crdt.updates.lib0 import Writer
from crdt.updates.structs import Struct, sections_of
from crdt.updates.summary import ANY, DELETED, STRING, Id

NO_DELETIONS = b"\x00"
KIND_BITS = 0xE0
UNDEFINED = b"\x7f"


class Order:
    """Where something comes back among what stands. `rank` says where an id lies among all that ever stood there."""

    def __init__(self, past: Past, rank: Callable[[Id], int]) -> None:
        self._past, self._rank = past, rank
        self._ranks: dict[Id, int] = {}

    def came(self, id: Id) -> int:
        """Return which record brought an id itself."""
        seq = self._past.brought.at(id)
        return NEVER if seq is None else seq

    def place(self, id: Id, place: int, others: Iterable[tuple[Id, int, int]]) -> int:
        """Return where an id comes back that would do so at `place`: behind and before those it once stood with.

        `others` are ids that stand, where, and which record brought them; those it stood with when it went are passed.
        """
        gone = self._past.taken.at(self._past.lineage.latest(id)) or 0
        low, high = 0, NEVER
        for other, at, came in others:
            met = self._past.met(id, other) if came >= gone else None
            if met is not None and self._of(met[1]) < self._of(met[0]):
                low = max(low, at + 1)
            elif met is not None:
                high = min(high, at)
        return max(low, min(place, high))

    def _of(self, id: Id) -> int:
        if id not in self._ranks:
            self._ranks[id] = self._rank(id)
        return self._ranks[id]


def ranked(document: Document) -> Callable[[Id], int]:
    """Return what says where an id of a text lies among all that ever stood there, deleted or not."""
    shown = _unveiled(document)

    def rank(id: Id) -> int:
        try:
            return resolve_anchor(shown, Anchor(id, None, 0))
        except CrdtError:  # it was collected
            return 0

    return rank


def ranked_items(document: Document, path: Path) -> Callable[[Id], int] | None:
    """Return what says where an id of a list lies among all its items, removed or not; None where nobody can say."""
    shown = _unveiled(document)
    try:
        array = list_at(shown, path)
    except CrdtError:  # it lies in another list, whose items have other numbers here
        return None
    if array is None:
        return None

    def rank(id: Id) -> int:
        try:
            return item_index(shown, array, Anchor(id, None, 0)) or 0
        except CrdtError:
            return 0

    return rank


def _unveiled(document: Document) -> Document:
    """Return a copy of a document in which what was deleted in texts and lists stands again, and says nothing."""
    state = document.encode()
    if state == EMPTY_UPDATE:
        return document
    sections = sections_of(state)
    writer = Writer().var_uint(len(sections))
    for client, structs in sections.items():
        writer.var_uint(len(structs)).var_uint(client).var_uint(structs[0].clock if structs else 0)
        for struct in structs:
            writer.raw(_shown(document, state, struct))
    return Document.of_state(document.kind, writer.raw(NO_DELETIONS).getvalue(), client=document.client)


def _shown(document: Document, state: bytes, struct: Struct) -> bytes:
    """Return the bytes of a struct, with content again where it was deleted."""
    if struct.kind == DELETED and document.kind == "text" and document.is_in_text(Id(struct.client, struct.clock)):
        return _head(state, struct, STRING).var_string("·" * struct.length).getvalue()
    if struct.kind == DELETED and document.kind == "data":
        shape = document.shape()
        if not shape.is_keyed(struct) and shape.holder(shape.holder_of(struct)).kind == ARRAY:
            return _head(state, struct, ANY).var_uint(struct.length).raw(UNDEFINED * struct.length).getvalue()
    return state[struct.at : struct.end]


def _head(state: bytes, struct: Struct, kind: int) -> Writer:
    return Writer().byte(state[struct.at] & KIND_BITS | kind).raw(state[struct.at + 1 : struct.body])
