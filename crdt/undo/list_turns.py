"""In which turns the list operations of an undo come, so that items stand in the order in which they stood."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import accumulate

import msgspec

from crdt.documents.anchor import Anchor
from crdt.documents.document import Document
from crdt.documents.item_numbers import list_item_ids
from crdt.documents.paths import Path
from crdt.operations.ops import Check, ListAdd, ListRemove, Op, ValueOp
from crdt.updates.summary import Id


def encode_item(id: Id) -> str:
    """Return the anchor of an item as operations carry it."""
    return Anchor(id, None, 0).encode()


def order_list_operations(ops: Sequence[Op], before: Document, now: Document) -> list[Op]:
    """Return the operations so that items come back in the order in which they stood, and only then others go.

    One may come back behind one that goes: gone first, it would say nothing of a place any more.
    """
    adds = [op for op in ops if isinstance(op, ListAdd)]
    removals = [op for op in ops if isinstance(op, ListRemove)]
    paths = dict.fromkeys(op.path for op in adds)
    turns = [op for path in paths for op in _ascend(adds, path, before, now)]
    assert len(turns) == len(adds), "what comes back is moved, none of it left out"
    rest: Iterator[Op] = iter([*turns, *removals])
    ordered = [next(rest) if isinstance(op, ListAdd | ListRemove) else op for op in ops]
    # What is set by a number comes last: it puts another item there, behind which nothing else could come back. What
    # comes or goes stands behind that number, or the number would not have been told (`find_current_path`).
    lists = {*paths, *(op.path for op in removals)}
    return sorted(ordered, key=lambda op: _is_numbered(op, lists))


def _is_numbered(op: Op, lists: Container[Path]) -> bool:
    """Tell whether an operation names an item of one of these lists by its number."""
    path = op.path if isinstance(op, ValueOp | Check) else ()
    return any(isinstance(key, int) and path[:at] in lists for at, key in enumerate(path))


def _ascend(adds: Sequence[ListAdd], path: Path, before: Document, now: Document) -> Iterator[ListAdd]:
    """Yield what puts items back into one list, none of them behind one that once stood behind it."""
    numbers = {id: number for number, id in enumerate(list_item_ids(before, path))}
    anchors = [None, *map(encode_item, list_item_ids(now, path))]
    coming = sorted((op for op in adds if op.path == path), key=lambda op: numbers[_stands_for(op)])
    places = list(accumulate((anchors.index(op.after) for op in coming), max))
    # What goes to one place goes there the last first: each pushes what stands there to the right.
    for place, op in zip(reversed(places), reversed(coming), strict=True):
        yield msgspec.structs.replace(op, after=anchors[place])


def _stands_for(op: ListAdd) -> Id:
    """Return the item that an operation of an undo puts back."""
    id = Anchor.decode(op.of).item if op.of else None
    assert id is not None, "an undo says of each item which one it is"
    return id
