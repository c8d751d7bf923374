"""What operations mean: how a document must read once they were carried out, worked out without the CRDT.

A commit is read back and held against this before anybody is told that it was done; an audit does the same from the
log. Plain arithmetic on what the document read before: nothing here executes, counts bytes or asks pycrdt to write, so
that a fault there cannot agree with itself here. Sequence: `meant` before, `differs` after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from crdt.digest import Json, canonical
from crdt.documents.anchor import Anchor, resolve_anchor, resolve_range
from crdt.documents.document import Document
from crdt.documents.paths import ABSENT, Path, dotted, item_anchor, list_at
from crdt.documents.ruler import EMBED
from crdt.documents.values import from_stored
from crdt.errors import CrdtError
from crdt.operations.json_tree import ListItems, after_op, changed, child
from crdt.operations.ops import Delete, Insert, ListAdd, ListMove, ListOp, ListRemove, Op, Replace, ValueOp, range_of

MarksJson = bytes  # canonical JSON of the marks of a character
ANY: MarksJson = b"*"  # words that took the place of others may look like either
NO_MARKS: MarksJson = b"{}"


@dataclass(frozen=True, slots=True)
class ExpectedText:
    """A text as people read it: `EMBED` for each of `embeds`; `marks` as runs of (code points, marks)."""

    text: str
    embeds: tuple[bytes, ...] = ()
    marks: tuple[tuple[int, MarksJson], ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectedValue:
    """A data document as people read it, and where the operations write in it."""

    tree: Json
    paths: frozenset[Path] = frozenset()


# A text may have two readings that are both right, where words come to stand beside words of the same plan.
Postcondition = tuple[ExpectedText, ...] | ExpectedValue


def meant(before: Document, ops: Sequence[Op]) -> Postcondition:
    """Return how a document reads after `ops` of one plan, all about it and valid on `before`.

    Raises:
        CrdtError: an operation does not fit the document: then nothing was meant.
    """
    if before.kind == "text":
        return _texts(before, ops)
    return _values(before, ops) if before.kind == "data" else ExpectedValue(before.value())


def differs(meaning: Postcondition, after: Document) -> str:
    """Return in words where a document is not what was meant; "" where it is."""
    if isinstance(meaning, ExpectedValue):
        return _first_difference(meaning, after.value())
    now = words_of(after)
    told = [_difference(words, now) for words in meaning]
    return "" if "" in told else told[0]


# ---------------------------------------------------------------- texts


def words_of(document: Document) -> ExpectedText:
    """Return how a text document reads."""
    text = document.text()
    if document.is_plain:
        return ExpectedText(text, (), ((len(text), NO_MARKS),) if text else ())
    embeds, marks = list[bytes](), list[tuple[int, MarksJson]]()
    for stretch in document.ruler().between(0, len(text)):
        if stretch.is_embed:
            embeds.append(_said(stretch.value))
        else:
            embeds += [b""] * stretch.text.count(EMBED)  # somebody typed the character that stands for embeds
        marks.append((len(stretch.text), _said(stretch.marks or {})))
    return ExpectedText(text, tuple(embeds), _joined(marks))


def _said(value: object) -> bytes:
    return canonical(from_stored(value))


def _joined(runs: Sequence[tuple[int, MarksJson]]) -> tuple[tuple[int, MarksJson], ...]:
    joined = list[tuple[int, MarksJson]]()
    for length, marks in runs:
        if joined and joined[-1][1] == marks:
            joined[-1] = (joined[-1][0] + length, marks)
        elif length:
            joined.append((length, marks))
    return tuple(joined)


@dataclass(slots=True)
class _Slot:
    """What comes to stand before a code point of the old text, in order: words clinging left, put in place, right."""

    left: list[ExpectedText]
    placed: list[ExpectedText]
    right: list[ExpectedText]


def _texts(before: Document, ops: Sequence[Op]) -> tuple[ExpectedText, ...]:
    """Return the readings: one, or two where an insert stands at the edge of words that are replaced."""
    old, slots, gone = words_of(before), dict[int, _Slot](), list[tuple[int, int]]()
    for op in ops:
        if isinstance(op, Insert):
            anchor = Anchor.decode(op.at)
            slot = slots.setdefault(resolve_anchor(before, anchor), _Slot([], [], []))
            if anchor.assoc < 0:
                slot.left.insert(0, _inserted(op))
            else:
                slot.right.append(_inserted(op))
        elif isinstance(op, Replace | Delete):
            start, end = resolve_range(before, range_of(op.from_, op.to))
            is_kept = isinstance(op, Replace) and EMBED in op.text  # then embeds stay, in their order
            gone.append((start, end))
            if isinstance(op, Replace) and op.text:
                embeds = _cut(old, start, end).embeds if is_kept else ()
                words = ExpectedText(op.text, embeds, ((len(op.text), ANY),))
                slots.setdefault(start, _Slot([], [], [])).placed.append(words)
    replaced = [(start, end) for start, end in gone if start in slots and slots[start].placed]
    is_tied = any(
        start <= point <= end for start, end in replaced for point, slot in slots.items() if slot.left or slot.right
    )
    one = _assembled(old, slots, gone, is_behind=False)
    return (one, _assembled(old, slots, gone, is_behind=True)) if is_tied else (one,)


def _inserted(op: Insert) -> ExpectedText:
    """Return the words of an insert. Without marks of its own it looks like what stands around it."""
    marks = ANY if op.marks is None else _said(op.marks)
    return ExpectedText(op.text, tuple(_said(embed) for embed in op.embeds), ((len(op.text), marks),))


def _assembled(
    old: ExpectedText, slots: dict[int, _Slot], gone: Sequence[tuple[int, int]], *, is_behind: bool
) -> ExpectedText:
    parts, at = list[ExpectedText](), 0
    points = sorted({*slots, *(edge for span in gone for edge in span), len(old.text)})
    for point in points:
        if not any(start <= at and point <= end for start, end in gone):
            parts.append(_cut(old, at, point))
        slot, at = slots.get(point), point
        if slot is not None:
            beside = [*slot.left, *slot.right]
            parts += [*slot.placed, *beside] if is_behind else [*slot.left, *slot.placed, *slot.right]
    return ExpectedText(
        "".join(part.text for part in parts),
        tuple(embed for part in parts for embed in part.embeds),
        _joined([run for part in parts for run in part.marks]),
    )


def _cut(words: ExpectedText, start: int, end: int) -> ExpectedText:
    first = words.text.count(EMBED, 0, start)
    count = words.text.count(EMBED, start, end)
    runs, at = list[tuple[int, MarksJson]](), 0
    for length, marks in words.marks:
        low, high = max(start, at), min(end, at + length)
        runs += [(high - low, marks)] if low < high else []
        at += length
    return ExpectedText(words.text[start:end], words.embeds[first : first + count], tuple(runs))


def _difference(words: ExpectedText, now: ExpectedText) -> str:
    if words.text != now.text:
        at = next((at for at, (a, b) in enumerate(zip(words.text, now.text, strict=False)) if a != b), None)
        at = min(len(words.text), len(now.text)) if at is None else at
        return f"the text reads otherwise from character {at} on"
    if words.embeds != now.embeds:
        return "what is embedded in the text is not what was meant"
    mine, theirs = list(words.marks), list(now.marks)
    while mine and theirs:
        (length, marks), (other, shown) = mine.pop(), theirs.pop()
        if marks not in (ANY, shown):
            return "words that were to stay as they were look otherwise"
        mine += [(length - other, marks)] if length > other else []
        theirs += [(other - length, shown)] if other > length else []
    return ""


# ---------------------------------------------------------------- values


def _values(before: Document, ops: Sequence[Op]) -> ExpectedValue:
    tree: Json = before.value()
    for path in {op.path for op in ops if isinstance(op, ListAdd | ListMove | ListRemove)}:
        now = child(tree, path)
        if isinstance(now, list):
            items = _items_of(before, path, now)
            tree = changed(tree, path, partial(_instead, items))
    for op in ops:
        tree = after_op(tree, op)
    return ExpectedValue(tree, frozenset(op.path for op in ops if isinstance(op, ValueOp | ListOp)))


def _instead(items: ListItems, _: object) -> object:
    return items


def _items_of(before: Document, path: Path, now: list[Json]) -> ListItems:
    """Return a list with the identity of its items, as the document has them."""
    try:
        is_plain = list_at(before, path) is None
        ids = [None if is_plain else item_anchor(before, path, at) for at in range(len(now))]
    except CrdtError:
        return ListItems(now)
    return ListItems(now, ids=[Anchor.decode(id).item if id is not None else None for id in ids], is_plain=is_plain)


def _first_difference(meaning: ExpectedValue, now: Json) -> str:
    # Equal in Python is not yet the same: True is 1 there, and where something was written that counts.
    if meaning.tree == now:
        places = [(path, child(meaning.tree, path), child(now, path)) for path in meaning.paths]
        if all(mine is theirs is ABSENT or canonical(mine) == canonical(theirs) for _, mine, theirs in places):
            return ""
    return _different_at(meaning.tree, now, ())


def _different_at(meaning: Json, now: Json, path: Path) -> str:
    """Return in words the first place at which two values differ; the same number may be written in two ways."""
    if isinstance(meaning, dict) and isinstance(now, dict):
        for key in sorted({*meaning, *now}):
            if key not in meaning or key not in now:
                return f"{dotted((*path, key))} {'was not meant to be there' if key in now else 'is missing'}"
            told = "" if meaning[key] is now[key] else _different_at(meaning[key], now[key], (*path, key))
            if told:
                return told
        return ""
    if isinstance(meaning, list) and isinstance(now, list) and len(meaning) == len(now):
        found = (
            _different_at(one, other, (*path, at)) for at, (one, other) in enumerate(zip(meaning, now, strict=True))
        )
        return next((told for told in found if told), "")
    return "" if canonical(meaning) == canonical(now) else f"{dotted(path)} reads otherwise"
