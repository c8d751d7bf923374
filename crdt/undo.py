"""Take back one edit of the agent by operations on the document as it is now (semantics F7, invariant I15).

Only what the edit itself inserted is removed, only what it removed is put back; what others typed inside or around
stays. What others have set since is not reverted: it is named instead. Refused: pycrdt's `UndoManager`, which falls
through to older edits when an item was overwritten and needs every update ever made (dependencies, trap 14).
Values are taken back here, words in `crdt.undo_text`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crdt.anchor import Anchor
from crdt.digest import canonical
from crdt.document import Document
from crdt.hunks import Rival
from crdt.ops import (
    Check,
    CreateDocument,
    DeleteValue,
    Increment,
    ListAdd,
    ListMove,
    ListRemove,
    Op,
    SetValue,
    hash_of_value,
    is_writable,
)
from crdt.paths import ABSENT, Path, dotted, find_item, item_anchor, list_at, read_path
from crdt.standing import Spans
from crdt.values import for_people


class Emptied(NamedTuple):
    """Words of an edit that were only taken out, by these records, and what comes back at their place."""

    words: str
    back: str
    seqs: tuple[int, ...]
    at: int


@dataclass(slots=True)
class Undo:
    """What takes an edit back: operations, in order, and what cannot be taken back, in words.

    Ranges are code points of the text as it is now. `inside` was typed into the edit's words: it stays, without what
    stood around it. `replaced` are the edit's words in whose place others stand: those stay. `emptied` were only taken
    out. `taken` are words that come not back, because another record took them out again. `grown` are words written
    since that would make one word with what comes back. `orphans` come back although what wrote them was taken back.
    """

    ops: list[Op] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    inside: list[tuple[int, int]] = field(default_factory=list)
    replaced: list[Rival] = field(default_factory=list)
    emptied: list[Emptied] = field(default_factory=list)
    taken: list[tuple[str, int]] = field(default_factory=list)
    orphans: list[Emptied] = field(default_factory=list)
    grown: list[tuple[int, int]] = field(default_factory=list)


def undo_values(
    doc: str,
    before: Document,
    after: Document,
    now: Document,
    ops: Sequence[Op],
    *,
    inserted: Spans,
    added: Mapping[Path, float],
) -> Undo:
    """Return what takes edits of values back, the last one first.

    `after` is the document just after the edit, `added` what later edits of the agent have added to each number.
    """
    undo, spans = Undo(), list(inserted)
    for op in reversed(ops):
        if op.doc != doc:
            continue
        match op:
            case Increment(_, path, by):
                _undo_increment(undo, doc, path, by, after, now, added.get(path, 0))
            case DeleteValue(_, (*holder, int() as at)):  # the item is gone: another one may stand there now
                _undo_item(undo, doc, tuple(holder), at, before, after, now)
            case SetValue(_, path) | DeleteValue(_, path):
                _undo_set(undo, doc, path, before, after, now)
            case ListAdd(_, path) if _is_plain_list(before, path):  # it was written anew as a whole
                _undo_set(undo, doc, path, before, after, now)
            case ListAdd(_, path):
                _undo_add(undo, doc, path, after, now, spans)
            case ListRemove(_, path, item):
                _undo_remove(undo, doc, path, item, before, now)
            case ListMove(_, path):
                undo.lost.append(f"an item of {doc}.{dotted(path)} stays where it was moved to")
            case _:
                pass
    return undo


def _undo_increment(undo: Undo, doc: str, path: Path, by: float, after: Document, now: Document, added: float) -> None:
    """Subtract what was added, unless somebody has set the number since: then it says nothing of what was added."""
    made, here = read_path(after, path), read_path(now, path)
    numbers = isinstance(made, int | float) and isinstance(here, int | float)
    if not numbers or not math.isclose(float(made) + added, float(here)):  # type: ignore[arg-type]
        undo.lost.append(f"{doc}.{dotted(path)} has been set since")
        return
    undo.ops += [Check(doc, hash_of_value(now, path), path), Increment(doc, path, -by)]


def _undo_set(undo: Undo, doc: str, path: Path, before: Document, after: Document, now: Document) -> None:
    old, made, here = (read_path(document, path) for document in (before, after, now))
    where = f"{doc}.{dotted(path)}"
    if _text(here) != _text(made):
        undo.lost.append(f"{where} has been changed since")
    elif _text(here) == _text(old):
        return
    elif old is ABSENT:
        undo.ops.append(DeleteValue(doc, path, hash_of_value(now, path)))
    else:
        old = for_people(old)
        if not is_writable(old):
            undo.lost.append(f"what stood at {where} can only be made by an editor")
            return
        undo.ops.append(SetValue(doc, path, old, hash_of_value(now, path)))


def _undo_item(undo: Undo, doc: str, path: Path, at: int, before: Document, after: Document, now: Document) -> None:
    """Put back an item of a list that was taken out by its number."""
    anchor = item_anchor(before, path, at)
    if anchor is None:
        _undo_set(undo, doc, path, before, after, now)
    else:
        _undo_remove(undo, doc, path, anchor, before, now)


def _text(value: object) -> bytes:
    return b"" if value is ABSENT else canonical(value)


def _undo_add(
    undo: Undo, doc: str, path: Path, after: Document, now: Document, spans: list[tuple[int, int, int]]
) -> None:
    """Take an added item out again, unless somebody has changed something inside it since."""
    known = {op.item for op in undo.ops if isinstance(op, ListRemove)}
    for at, item in enumerate(_items(now, path) if list_at(now, path) is not None else ()):
        anchor = item_anchor(now, path, at)
        id = Anchor.decode(anchor).item if anchor is not None else None
        if id is None or not any(client == id.client and low <= id.clock < high for client, low, high in spans):
            continue
        if anchor is None or anchor in known:
            continue
        made = find_item(after, path, anchor)
        if made is None or canonical(_items(after, path)[made]) != canonical(item):
            undo.lost.append(f"an item added to {doc}.{dotted(path)} has been changed since")
        else:
            undo.ops.append(ListRemove(doc, path, anchor, hash_of_value(now, (*path, at))))
        return
    undo.lost.append(f"an item added to {doc}.{dotted(path)} is not there any more")


def _undo_remove(undo: Undo, doc: str, path: Path, item: str, before: Document, now: Document) -> None:
    """Put a removed item back behind the nearest item that is left."""
    items = read_path(before, path)
    anchors = [item_anchor(before, path, at) for at in range(len(items) if isinstance(items, list) else 0)]
    if item not in anchors or list_at(now, path) is None:
        undo.lost.append(f"an item removed from {doc}.{dotted(path)} cannot be put back: the list is another one")
        return
    at = anchors.index(item)
    there = {item_anchor(now, path, index) for index in range(len(_items(now, path)))}
    after = next((anchor for anchor in reversed(anchors[:at]) if anchor in there), None)
    value = for_people(items[at]) if isinstance(items, list) else None
    if not is_writable(value):
        undo.lost.append(f"an item removed from {doc}.{dotted(path)} can only be made by an editor")
        return
    undo.ops.append(ListAdd(doc, path, value, after))


def _is_plain_list(document: Document, path: Path) -> bool:
    return isinstance(read_path(document, path), list) and list_at(document, path) is None


def _items(document: Document, path: Path) -> list[object]:
    value = read_path(document, path)
    return value if isinstance(value, list) else []


def made_documents(ops: Sequence[Op]) -> list[str]:
    """Return the documents that an edit made: they stay, empty, because others may use them by now."""
    return [op.doc for op in ops if isinstance(op, CreateDocument)]
