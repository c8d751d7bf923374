"""Take back one edit of the agent by operations on the document as it is now (semantics F7, invariant I15).

Only what the edit itself inserted is removed, only what it removed is put back; what others typed inside or around
stays. What others have set since is not reverted: it is named instead (decisions 24 and 29). Refused: pycrdt's
`UndoManager`, which falls through to older edits when an item was overwritten and needs every update ever made
(trap 14).
Values are taken back here, words in `crdt.undo.text_undo`.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crdt.digest import canonical, normalise
from crdt.documents.anchor import Anchor, locate_item
from crdt.documents.document import Document
from crdt.documents.item_numbers import list_item_ids
from crdt.documents.paths import ABSENT, Path, anchor_item, dotted, find_ids, find_list, read_path
from crdt.documents.values import for_people
from crdt.operations.ops import (
    SUM_DIGITS,
    Check,
    CreateDocument,
    DeleteValue,
    Increment,
    ListAdd,
    ListMove,
    ListOp,
    ListRemove,
    Op,
    SetValue,
    ValueOp,
    hash_of_value,
    is_writable,
)
from crdt.undo.hunks import Rival
from crdt.undo.lineage import NEVER, Lineage, Past
from crdt.undo.list_turns import encode_item, order_list_operations
from crdt.undo.moved_items import find_current_path, find_put_items
from crdt.undo.order import Order, rank_items
from crdt.undo.positions import IdSpans
from crdt.updates.summary import Id, IdSpan


class Emptied(NamedTuple):
    """Words of an edit that these records only took out, and what comes back at their place."""

    words: str
    back: str
    seqs: tuple[int, ...]
    at: int


class Reset(NamedTuple):
    """A place whose value was set by others since: what stands there now (`ABSENT` for nothing), and its ids."""

    path: Path
    value: object
    ids: tuple[IdSpan, ...]


@dataclass(slots=True)
class Undo:
    """What takes an edit back: operations, in order, and what cannot be taken back, in words.

    Ranges are code points of the text as it is now. `inside` was typed into the edit's words: it stays, without what
    stood around it. `replaced` are the edit's words in whose place others stand: those stay. `emptied` were only taken
    out. `taken` are words that come not back, because another record took them out again. `grown` are words written
    since that would make one word with what comes back. `orphans` come back although what wrote them was taken back.
    `reset` are values that stay, because others have set them since.
    """

    ops: list[Op] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    inside: list[tuple[int, int]] = field(default_factory=list)
    replaced: list[Rival] = field(default_factory=list)
    emptied: list[Emptied] = field(default_factory=list)
    taken: list[tuple[str, int]] = field(default_factory=list)
    orphans: list[Emptied] = field(default_factory=list)
    grown: list[tuple[int, int]] = field(default_factory=list)
    reset: list[Reset] = field(default_factory=list)


def undo_values(
    doc: str,
    before: Document,
    after: Document,
    now: Document,
    ops: Sequence[Op],
    *,
    inserted: IdSpans,
    added: Mapping[Path, float],
    past: Past | None = None,
    agents: Container[int] | None = None,
) -> Undo:
    """Return what takes edits of values back, the last one first.

    `after` is the document just after the edit, `added` what later edits of the agent have added to each number, `past`
    what a log knows of the ids in it. `agents` are the clients that agents wrote under: what a person has set since is
    that person's, whatever its value.
    """
    assert before.kind == after.kind == now.kind, "one document, at three times"
    undo, past = Undo(), past or Past()
    spans, put = past.lineage.instances(inserted), find_put_items(before, after, ops)
    settled: list[Path] = []  # what was put back as it was, with all that hangs from it
    for op in reversed(ops):
        if op.doc != doc or (isinstance(op, ValueOp | ListOp) and any(op.path[: len(one)] == one for one in settled)):
            continue
        if isinstance(op, ValueOp | ListOp):
            current = find_current_path(before, after, now, op, ops)
            if current != op.path:
                settled += _undo_elsewhere(undo, op, current, before, after, now, agents)
                continue
        # A number or list that the edit itself made goes as a whole, or a zero or an empty list would be left.
        match op:
            case Increment(_, path) | ListAdd(_, path) if _is_made(path, path, before, after, now):
                settled.append(_undo_set(undo, doc, path, before, after, now, agents))
            case Increment(_, path) if not added.get(path) and _is_rounded(doc, path, ops, before, now):
                settled.append(_undo_set(undo, doc, path, before, after, now, agents))
            case Increment(_, path, by):
                _undo_increment(undo, doc, path, by, after, now, added.get(path, 0), agents)
            case DeleteValue(_, (*holder, int() as at)):  # the item is gone: another one may stand there now
                _undo_item(undo, doc, tuple(holder), at, before, after, now, past, agents, put)
                settled.append(op.path)
            case SetValue(_, path) | DeleteValue(_, path):
                settled.append(_undo_set(undo, doc, path, before, after, now, agents))
            case ListAdd(_, path) if _is_plain_list(before, path):  # it was written anew as a whole
                settled.append(_undo_set(undo, doc, path, before, after, now, agents))
            case ListAdd():
                _undo_add(undo, op, after, now, spans, past.lineage, put)
            case ListRemove(_, path, item):
                _undo_remove(undo, doc, path, item, before, now, past, put)
                settled += [(*path, at) for at, id in enumerate(list_item_ids(before, path)) if encode_item(id) == item]
            case ListMove(_, path):
                undo.lost.append(f"an item of {doc}.{dotted(path)} stays where it was moved to")
            case _:
                pass
    undo.ops = order_list_operations(undo.ops, before, now)
    return undo


def _is_of_hand(now: Document, path: Path, agents: Container[int] | None) -> bool:
    """Tell whether a person has written what stands at a path, or something in it."""
    return agents is not None and any(client not in agents for client, _, _ in find_ids(now, path))


def _reset(now: Document, path: Path) -> Reset:
    """Return what stands at a path now, for the person who decides about it."""
    return Reset(path, read_path(now, path), find_ids(now, path))


def _undo_increment(
    undo: Undo,
    doc: str,
    path: Path,
    by: float,
    after: Document,
    now: Document,
    added: float,
    agents: Container[int] | None,
    current: Path | None = None,
) -> None:
    """Subtract what was added, unless others have set the number since: then it says nothing of what was added.

    `current` is the path with the numbers that items have now, where that is another one.
    """
    made, path = read_path(after, path), current or path
    here = read_path(now, path)
    numbers = isinstance(made, int | float) and isinstance(here, int | float)
    is_kept = numbers and math.isclose(float(made) + added, float(here))  # type: ignore[arg-type]
    if not is_kept or _is_of_hand(now, path, agents):
        undo.reset.append(_reset(now, path))
        return
    # The check holds the sum: set between plan and commit, the number says nothing of what was added either.
    undo.ops += [Check(doc, hash_of_value(now, path), path), Increment(doc, path, -by)]


def _is_rounded(doc: str, path: Path, ops: Sequence[Op], before: Document, now: Document) -> bool:
    """Tell whether a number would not come back by subtraction, because its sum was rounded."""
    old, here = read_path(before, path), read_path(now, path)
    assert path, "a number stands under a key"
    total = sum(op.by for op in ops if isinstance(op, Increment) and (op.doc, op.path) == (doc, path))
    numbers = isinstance(old, int | float) and isinstance(here, int | float)
    return numbers and normalise(round(here - total, SUM_DIGITS)) != old  # type: ignore[operator]


def _is_made(path: Path, current: Path, before: Document, after: Document, now: Document) -> bool:
    """Tell whether an edit has made what stands at a path, `current` by now, and nobody has changed it since."""
    here = read_path(now, current)
    return read_path(before, path) is ABSENT and here is not ABSENT and _text(here) == _text(read_path(after, path))


def _undo_set(
    undo: Undo,
    doc: str,
    path: Path,
    before: Document,
    after: Document,
    now: Document,
    agents: Container[int] | None,
    current: Path | None = None,
) -> Path:
    """Put a path back as it was; return what is settled by that: it, or an object that was made on the way to it.

    `current` is the path with the numbers that items have now, where that is another one.
    """
    current = current or path
    assert len(current) == len(path), "numbers change, not the way"
    # Objects that were made on the way go with it, as long as they hold nothing else.
    while path[:-1] and _is_made(path[:-1], current[:-1], before, after, now):
        path, current = path[:-1], current[:-1]
    assert path, "the whole document is no value that was set"
    old, made, here = read_path(before, path), read_path(after, path), read_path(now, current)
    where = f"{doc}.{dotted(current)}"
    if _text(here) == _text(old):  # it is back already, by whichever edit
        return path
    if _text(here) != _text(made) or (here is not ABSENT and _is_of_hand(now, current, agents)):
        undo.reset.append(_reset(now, current))
    elif old is ABSENT:
        undo.ops.append(DeleteValue(doc, current, hash_of_value(now, current)))
    else:
        old = for_people(old)
        if not is_writable(old):
            undo.lost.append(f"what stood at {where} can only be made by an editor")
            return path
        undo.ops.append(SetValue(doc, current, old, hash_of_value(now, current)))
    return path


def _undo_elsewhere(
    undo: Undo,
    op: ValueOp | ListOp,
    current: Path | None,
    before: Document,
    after: Document,
    now: Document,
    agents: Container[int] | None,
) -> list[Path]:
    """Put back what was done by an item's number of then, or name it; return what is settled by that."""
    match op:
        case Increment(_, path, by) if current is not None:
            _undo_increment(undo, op.doc, path, by, after, now, 0, agents, current)
            return []
        case SetValue() | DeleteValue(path=(*_, str())) if current is not None:
            return [_undo_set(undo, op.doc, op.path, before, after, now, agents, current)]
        case _:
            where = f"{op.doc}.{dotted(op.path)}"
            undo.lost.append(f"{where} stays as it is: its item is gone, or the items of its list have moved")
            return []


def _undo_item(
    undo: Undo,
    doc: str,
    path: Path,
    at: int,
    before: Document,
    after: Document,
    now: Document,
    past: Past,
    agents: Container[int] | None,
    put: Mapping[Id, int],
) -> None:
    """Put back an item of a list that was taken out by its number."""
    anchor = anchor_item(before, path, at)
    if anchor is None:
        _undo_set(undo, doc, path, before, after, now, agents)
    else:
        _undo_remove(undo, doc, path, anchor, before, now, past, put)


def _text(value: object) -> bytes:
    """Return a value as canonical bytes; none for nothing. Compared in Python, True would equal 1."""
    return b"" if value is ABSENT else canonical(value)


def _undo_add(
    undo: Undo,
    op: ListAdd,
    after: Document,
    now: Document,
    spans: list[IdSpan],
    lineage: Lineage,
    put: Container[Id],
) -> None:
    """Take an added item out again, unless others have changed something inside it since.

    `put` are the items that the edit put at the places of others: it made those, too, but did not add them.
    """
    # Of several additions each takes another item out.
    known, path = {other.item for other in undo.ops if isinstance(other, ListRemove)}, op.path
    made = {lineage.root(id): item for id, item in _items_by_id(after, path)}
    ours = [
        (at, id, item)
        for at, (id, item) in enumerate(_items_by_id(now, path))
        if any(client == id.client and low <= id.clock < high for client, low, high in spans)
        and encode_item(id) not in known
        and id not in put
    ]
    # Which of several it was is told by its value, as far as that goes.
    value = _text(normalise(op.value))
    ours.sort(key=lambda one: _text(made.get(lineage.root(one[1]), ABSENT)) != value)
    if not ours:
        undo.lost.append(f"an item added to {op.doc}.{dotted(path)} is not there any more")
        return
    at, id, item = ours[0]
    # Changed by others since, the item is theirs, too.
    if _text(made.get(lineage.root(id), ABSENT)) != _text(item):
        undo.lost.append(f"an item added to {op.doc}.{dotted(path)} has been changed since")
    else:
        undo.ops.append(ListRemove(op.doc, path, encode_item(id), hash_of_value(now, (*path, at))))


def _undo_remove(
    undo: Undo,
    doc: str,
    path: Path,
    item: str,
    before: Document,
    now: Document,
    past: Past,
    put: Mapping[Id, int],
) -> None:
    """Put a removed item back behind the nearest item that is left, in the order in which items stood.

    Where the edit `put` others at the places of items, those stand for them.
    """
    where, root = f"{doc}.{dotted(path)}", past.lineage.root
    old = _items_by_id(before, path)
    id = Anchor.decode(item).item
    at = next((at for at, (other, _) in enumerate(old) if other == id), None)
    if id is None or at is None or not _is_its_list(now, path, past.lineage.latest(id)):
        undo.lost.append(f"an item removed from {where} cannot be put back: the list is another one")
        return
    items = list_item_ids(now, path)
    if root(id) in map(root, items):
        return  # an undo has put it back already
    # Where others took it out again after an undo, their edit is the later word.
    taker = past.taker(id)
    if taker is not None:
        undo.lost.append(f"an item removed from {where} has been taken out by others since")
        return
    value = for_people(old[at][1])
    if not is_writable(value):
        undo.lost.append(f"an item removed from {where} can only be made by an editor")
        return
    if past.came(id) in past.undone:
        undo.orphans.append(Emptied("", canonical(value).decode(), (past.came(id),), 0))
    place = _place(path, id, now, past)
    for index, other in enumerate(items):
        if other in put:
            place = max(place, index + 1) if put[other] < at else min(place, index)
    assert 0 <= place <= len(items), "a place lies in the list, or at its end"
    undo.ops.append(ListAdd(doc, path, value, encode_item(items[place - 1]) if place else None, item))


def _is_its_list(now: Document, path: Path, id: Id) -> bool:
    """Tell whether the list that stands at a path is the one from which an item was removed."""
    # A list that was set anew at the same path is another list: its items never stood with this one.
    holder = now.shape().type_of(id)
    gone = now.stored_structs()[1].get(holder.client, ()) if holder is not None else ()
    is_gone = holder is None or any(start <= holder.clock < end for start, end in gone)
    return not is_gone and read_path(now, path) is not ABSENT and find_list(now, path) is not None


def _place(path: Path, id: Id, now: Document, past: Past) -> int:
    """Return where an item comes back: where it stood, behind and before all that it ever stood with."""
    array = find_list(now, path)
    assert array is not None, "that it is a shared list was looked at"
    place = locate_item(now, array, past.lineage.latest(id))
    rank = rank_items(now, path) if past.lineage else None
    if rank is None:
        return place
    return Order(past, rank).place(id, place, [(other, at, NEVER) for at, other in enumerate(list_item_ids(now, path))])


def _items_by_id(document: Document, path: Path) -> list[tuple[Id, object]]:
    """Return the items of a shared list with their ids, in order; none where there is no such list."""
    ids = list_item_ids(document, path)
    items = read_path(document, path) if ids else []
    assert isinstance(items, list), "what has items is a list"
    return list(zip(ids, items, strict=True))


def _is_plain_list(document: Document, path: Path) -> bool:
    """Tell whether a list that is one plain value stands at a path."""
    return isinstance(read_path(document, path), list) and find_list(document, path) is None


def list_made_documents(ops: Sequence[Op]) -> list[str]:
    """Return the documents that an edit made: they stay, empty, because others may use them by now."""
    return [op.doc for op in ops if isinstance(op, CreateDocument)]
