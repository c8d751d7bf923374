"""A plan that goes by the number of an item says which item that was: the commit finds it by its id, wherever it is.

Between plan and commit others take items out, put some in, move them. A number would then name a neighbour, and where
that holds an equal value nothing would tell them apart. So a plan carries a reading for every number in its paths: the
path of the list, the anchor of the item, and as its hash the number that the item had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from crdt.digest import digest_value
from crdt.documents.anchor import Anchor
from crdt.documents.document import Document
from crdt.documents.item_numbers import find_numbered_items
from crdt.documents.paths import Path, dotted, find_item
from crdt.errors import CrdtError, StaleRead
from crdt.operations.ops import ListOp, Op, ValueOp

WHOLE: Path = ()


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What a plan looked at: a range, a value, or a whole document, with its hash then. Strong ones must hold.

    Of a data document `from_` is the anchor of an item of the list at `path`, and `hash` that of its number.
    """

    doc: str
    hash: str
    path: Path = WHOLE
    from_: str | None = None
    to: str | None = None
    strong: bool = True

    @property
    def is_of_item(self) -> bool:
        """Tell whether it says which item a number names: a list has a path, a range of text has none."""
        return self.from_ is not None and self.path != WHOLE


def read_items(document: Document, ops: Sequence[Op]) -> tuple[Reading, ...]:
    """Return a reading for every item that these operations on one document name by number, each once."""
    found = dict[Reading, None]()
    for op in ops:
        if isinstance(op, ValueOp | ListOp):
            for at, id in find_numbered_items(document, op.path).items():
                anchor = Anchor(id, None, 0).encode()
                found[Reading(op.doc, digest_value(op.path[at]), op.path[:at], anchor)] = None
    return tuple(found)


def follow_items(documents: Mapping[str, Document], ops: Sequence[Op], readings: Sequence[Reading]) -> Sequence[Op]:
    """Return operations with the numbers that their items have now.

    Raises:
        StaleRead: an item is not there any more, or its list is another one.
    """
    items = {
        (reading.doc, reading.path, reading.hash): reading.from_
        for reading in readings
        if reading.from_ is not None and reading.is_of_item
    }
    if not items:
        return ops
    return [
        _follow(documents[op.doc], op, items) if isinstance(op, ValueOp | ListOp) and op.doc in documents else op
        for op in ops
    ]


def _follow(document: Document, op: ValueOp | ListOp, items: Mapping[tuple[str, Path, str], str]) -> Op:
    current = list[str | int]()
    for at, key in enumerate(op.path):
        anchor = items.get((op.doc, op.path[:at], digest_value(key))) if isinstance(key, int) else None
        if anchor is None:
            current.append(key)
            continue
        try:
            number = find_item(document, tuple(current), anchor)
        except CrdtError:
            number = None
        if number is None:
            raise StaleRead(f"{op.doc}.{dotted(op.path[: at + 1])} is not there any more")
        current.append(number)
    path = tuple(current)
    return op if path == op.path else msgspec.structs.replace(op, path=path)
