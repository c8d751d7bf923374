"""Take back one edit of the agent by operations on the document as it is now (semantics F7, invariant I15).

Only what the edit itself inserted is removed, only what it removed is put back; what others typed inside or around
stays. What others have set since is not reverted: it is named instead. Refused: pycrdt's `UndoManager`, which falls
through to older edits when an item was overwritten and needs every update ever made (dependencies, trap 14).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from crdt.anchor import Anchor, ids_of_range, place_anchors, place_range, resolve_anchor
from crdt.copying import copied
from crdt.digest import canonical, digest_text
from crdt.document import Document
from crdt.errors import CrdtError
from crdt.ops import (
    Check,
    CreateDocument,
    Delete,
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
from crdt.parts import Block
from crdt.paths import ABSENT, Path, dotted, find_item, item_anchor, list_at, read_path
from crdt.scan import Id
from crdt.scanned import EMBED, STRING, TYPE
from crdt.text import point_at_utf16
from crdt.values import for_people

Spans = Iterable[tuple[int, int, int]]  # (Yjs client id, first clock, end clock), half open
NEIGHBOURS_PROBED = 64
SHOWN = frozenset({STRING, EMBED, TYPE})


@dataclass(slots=True)
class Undo:
    """What takes an edit back: operations, in order, and what cannot be taken back, in words.

    `inside` are code point ranges of the text as it is now that were typed into the edit's words: they stay, without
    what stood around them.
    """

    ops: list[Op] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    inside: list[tuple[int, int]] = field(default_factory=list)


def visible_runs(document: Document, spans: Spans) -> list[tuple[int, int]]:
    """Return where the characters of these ids stand now, as ascending disjoint code point ranges."""
    blocks, deleted = document.blocks()
    found: list[tuple[int, int]] = []
    for client, low, high in spans:
        gone = deleted.get(client, ())
        for block in blocks.get(client, ()):
            end = block.start + block.length
            is_gone = any(start <= block.start < stop for start, stop in gone)
            if end <= low or block.start >= high or is_gone or not _is_shown(document, client, block):
                continue
            at = resolve_anchor(document, Anchor(Id(client, block.start), None, 0))
            if block.text is None:
                found.append((at, at + 1))
                continue
            first = point_at_utf16(block.text, max(0, low - block.start))
            last = point_at_utf16(block.text, min(block.length, high - block.start))
            found.append((at + first, at + last))
    return _joined(found)


def _is_shown(document: Document, client: int, block: Block) -> bool:
    """Tell whether a struct is a part of the text that people see: words, or something embedded."""
    return block.kind in SHOWN and document.is_in_text(Id(client, block.start))


def _joined(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(runs):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def undo_text(doc: str, before: Document, after: Document, now: Document, *, inserted: Spans, deleted: Spans) -> Undo:
    """Return what takes a text edit back. `before` and `after` are the document around it, `now` as it is."""
    undo, text = Undo(), now.text()
    removing = visible_runs(now, inserted)
    for start, end in visible_runs(before, deleted):
        at = _place(before, after, now, start, end, inserted)
        if at is None:
            at = _beside(before, now, start, end, removing)
        (anchor,) = place_anchors(now, [(at, -1)])
        inserts, left_out = copied(before, start, end, doc=doc, at=anchor.encode())
        # All go to the same place, the last first: each pushes what stands there to the right.
        undo.ops += reversed(inserts)
        if left_out:
            undo.lost.append(f"{left_out} embedded in {doc} cannot be put back")
    for start, end in removing:
        place = place_range(now, start, end)
        undo.ops.append(Delete(doc, place.start.encode(), place.end.encode(), digest_text(text[start:end])))
    undo.inside = _typed_into(after, now, inserted, removing)
    return undo


def _typed_into(
    after: Document, now: Document, inserted: Spans, removing: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return what stands now between words that stood side by side when the edit had put them there."""
    found: list[tuple[int, int]] = []
    if len(removing) < 2:
        return found
    for low, high in visible_runs(after, inserted):
        left = visible_runs(now, ids_of_range(after, low, high))
        found += [(end, start) for (_, end), (start, _) in pairwise(left)]
    return found


def _place(before: Document, after: Document, now: Document, start: int, end: int, inserted: Spans) -> int | None:
    """Return where the words that replaced those at `start` to `end` stand now; None when nothing of them is left."""
    ((client, first, _), *_) = ids_of_range(before, start, start + 1)
    try:
        buried = resolve_anchor(after, Anchor(Id(client, first), None, 0))
    except CrdtError:
        return None
    for low, high in visible_runs(after, inserted):
        standing = visible_runs(now, ids_of_range(after, low, high)) if low <= buried <= high else []
        if standing:
            # Replaced words are buried before or behind what replaced them: which of the two says where they belong.
            return standing[0][0] if buried <= low else standing[-1][1]
    return None


def _beside(before: Document, now: Document, start: int, end: int, removing: Sequence[tuple[int, int]]) -> int:
    """Return where words that stood at `start` to `end` belong now: behind the nearest neighbour that is left."""
    left = ids_of_range(before, max(0, start - NEIGHBOURS_PROBED), start)
    for id in reversed(left):
        at = _standing(now, id, removing)
        if at is not None:
            return at[1]
    right = ids_of_range(before, end, min(len(before.text()), end + NEIGHBOURS_PROBED))
    for id in right:
        at = _standing(now, id, removing)
        if at is not None:
            return at[0]
    return 0 if not left else len(now.text())


def _standing(now: Document, id: tuple[int, int, int], removing: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Return where a character stands now; None when it is gone or is about to go."""
    try:
        runs = visible_runs(now, [id])
    except CrdtError:
        return None
    if not runs:
        return None
    ((start, end),) = runs
    return None if any(low <= start < high for low, high in removing) else (start, end)


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
