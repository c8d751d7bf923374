"""What operations mean: how a document must read once they were carried out, worked out without the CRDT.

A commit is read back and held against this before anybody is told that it was done (decision 84); an audit does the
same from the log. Plain arithmetic on what the document read before: nothing here executes, counts bytes or asks pycrdt
to write, so that a fault there cannot agree with itself here. Sequence: `predict` before, `find_difference` after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from crdt.digest import Json, canonical
from crdt.documents.anchor import Anchor, resolve_anchor, resolve_range
from crdt.documents.document import Document
from crdt.documents.paths import ABSENT, Path, anchor_item, dotted, find_list
from crdt.documents.ruler import EMBED
from crdt.documents.values import from_stored, to_stored
from crdt.errors import CrdtError
from crdt.operations.json_tree import ListItems, apply_op, change_at, find_child
from crdt.operations.ops import (
    Delete,
    Insert,
    ListAdd,
    ListMove,
    ListOp,
    ListRemove,
    Op,
    Replace,
    ValueOp,
    decode_range,
)

MarksJson = bytes  # canonical JSON of the marks of a character
ANY: MarksJson = b"*"  # words that took the place of others may look like either
NO_MARKS: MarksJson = b"{}"


@dataclass(frozen=True, slots=True)
class ExpectedText:
    """A text as people read it: `EMBED` for each of `embeds`; `marks` as runs of (code points, marks)."""

    text: str
    embeds: tuple[bytes, ...] = ()
    marks: tuple[tuple[int, MarksJson], ...] = ()

    def __post_init__(self) -> None:
        assert sum(length for length, _ in self.marks) == len(self.text), "each character has its marks"


@dataclass(frozen=True, slots=True)
class ExpectedValue:
    """A data document as people read it, and where the operations write in it."""

    tree: Json
    paths: frozenset[Path] = frozenset()


# A text may have two readings that are both right, where words come to stand beside words of the same plan.
Postcondition = tuple[ExpectedText, ...] | ExpectedValue


def predict(before: Document, ops: Sequence[Op]) -> Postcondition:
    """Return how a document reads after `ops` of one plan, all about it and valid on `before`.

    Raises:
        CrdtError: an operation does not fit the document: then nothing was meant.
    """
    if before.kind == "text":
        return _predict_texts(before, ops)
    return _predict_values(before, ops) if before.kind == "data" else ExpectedValue(before.value())


def find_difference(expected: Postcondition, after: Document) -> str:
    """Return in words where a document is not what was meant; "" where it is."""
    if isinstance(expected, ExpectedValue):
        return _compare_values(expected, after.value())
    now = read_text(after)
    assert expected, "a text has at least one reading"
    told = [_compare_texts(words, now) for words in expected]
    return "" if "" in told else told[0]


# ---------------------------------------------------------------- texts


def read_text(document: Document) -> ExpectedText:
    """Return how a text document reads."""
    text = document.text()
    if document.is_plain:
        return ExpectedText(text, (), ((len(text), NO_MARKS),) if text else ())
    embeds, marks = list[bytes](), list[tuple[int, MarksJson]]()
    for stretch in document.ruler().between(0, len(text)):
        if stretch.is_embed:
            embeds.append(_encode(stretch.value))
        else:
            embeds += [b""] * stretch.text.count(EMBED)  # a person typed the character that stands for embeds
        marks.append((len(stretch.text), _encode_marks(stretch.marks or {})))
    return ExpectedText(text, tuple(embeds), _join_runs(marks))


def _encode(value: object) -> bytes:
    """Return the canonical bytes of a stored value, so that keys in another order are the same."""
    return canonical(from_stored(value))


def _encode_marks(marks: Mapping[str, object]) -> MarksJson:
    """Return the canonical bytes of stored marks. They are no value: one may have a name that is a tag in a value."""
    return canonical({name: from_stored(value) for name, value in marks.items()})


def _join_runs(runs: Sequence[tuple[int, MarksJson]]) -> tuple[tuple[int, MarksJson], ...]:
    joined = list[tuple[int, MarksJson]]()
    for length, marks in runs:
        if joined and joined[-1][1] == marks:
            joined[-1] = (joined[-1][0] + length, marks)
        elif length:
            joined.append((length, marks))
    return tuple(joined)


@dataclass(slots=True)
class _Slot:
    """What comes to stand before a code point of the old text, in order: clings left, is put in place, clings right."""

    left: list[ExpectedText]
    placed: list[ExpectedText]
    right: list[ExpectedText]


def _predict_texts(before: Document, ops: Sequence[Op]) -> tuple[ExpectedText, ...]:
    """Return the readings: one, or two where an insert stands at the edge of words that are replaced."""
    # Inserts and replacements are hung at the code points of the old text; the new one is put together in one go.
    old, slots, gone = read_text(before), dict[int, _Slot](), list[tuple[int, int]]()
    for op in ops:
        if isinstance(op, Insert):
            anchor = Anchor.decode(op.at)
            slot = slots.setdefault(resolve_anchor(before, anchor), _Slot([], [], []))
            # Of several at one place each pushes what stands there already away from the neighbour that it clings to.
            if anchor.assoc < 0:
                slot.left.insert(0, _predict_insert(op))
            else:
                slot.right.append(_predict_insert(op))
        elif isinstance(op, Replace | Delete):
            start, end = resolve_range(before, decode_range(op.from_, op.to))
            is_kept = isinstance(op, Replace) and EMBED in op.text  # then embeds stay, in their order
            assert start <= end <= len(old.text), "a range lies in the text"
            gone.append((start, end))
            if isinstance(op, Replace) and op.text:
                embeds = _cut(old, start, end).embeds if is_kept else ()
                words = ExpectedText(op.text, embeds, ((len(op.text), ANY),))
                slots.setdefault(start, _Slot([], [], [])).placed.append(words)
    replaced = [(start, end) for start, end in gone if start in slots and slots[start].placed]
    is_tied = any(
        start <= point <= end for start, end in replaced for point, slot in slots.items() if slot.left or slot.right
    )
    # Beside replaced words the order of what is new is not fixed by any anchor: both orders are right.
    one = _assemble(old, slots, gone, is_behind=False)
    return (one, _assemble(old, slots, gone, is_behind=True)) if is_tied else (one,)


def _predict_insert(op: Insert) -> ExpectedText:
    """Return the words of an insert. Without marks of its own it looks like what stands around it."""
    # As they will be stored: a tag stands for what it names, and more than one may name the same.
    marks = ANY if op.marks is None else _encode_marks({name: to_stored(value) for name, value in op.marks.items()})
    embeds = tuple(_encode(to_stored(embed)) for embed in op.embeds)
    return ExpectedText(op.text, embeds, ((len(op.text), marks),))


def _assemble(
    old: ExpectedText, slots: dict[int, _Slot], gone: Sequence[tuple[int, int]], *, is_behind: bool
) -> ExpectedText:
    """Return the text in one of its readings: `is_behind` where inserts stand behind words put in place of others."""
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
        _join_runs([run for part in parts for run in part.marks]),
    )


def _cut(words: ExpectedText, start: int, end: int) -> ExpectedText:
    """Return a stretch of a text, with its embeds and marks."""
    assert 0 <= start <= end <= len(words.text), "a stretch lies in the text"
    first = words.text.count(EMBED, 0, start)
    count = words.text.count(EMBED, start, end)
    runs, at = list[tuple[int, MarksJson]](), 0
    for length, marks in words.marks:
        low, high = max(start, at), min(end, at + length)
        runs += [(high - low, marks)] if low < high else []
        at += length
    return ExpectedText(words.text[start:end], words.embeds[first : first + count], tuple(runs))


def _compare_texts(words: ExpectedText, now: ExpectedText) -> str:
    if words.text != now.text:
        at = next((at for at, (a, b) in enumerate(zip(words.text, now.text, strict=False)) if a != b), None)
        at = min(len(words.text), len(now.text)) if at is None else at
        return f"the text reads otherwise from character {at} on"
    if words.embeds != now.embeds:
        return "what is embedded in the text is not what was meant"
    # From the end: runs are cut to the shorter of the two, wherever one side has joined what the other has not.
    mine, theirs = list(words.marks), list(now.marks)
    while mine and theirs:
        (length, marks), (other, shown) = mine.pop(), theirs.pop()
        if marks not in (ANY, shown):
            return "words that were to stay as they were look otherwise"
        mine += [(length - other, marks)] if length > other else []
        theirs += [(other - length, shown)] if other > length else []
    return ""


# ---------------------------------------------------------------- values


def _predict_values(before: Document, ops: Sequence[Op]) -> ExpectedValue:
    # Lists get the identity of their items before the first operation: operations name items, not places.
    tree: Json = before.value()
    for path in {op.path for op in ops if isinstance(op, ListAdd | ListMove | ListRemove)}:
        now = find_child(tree, path)
        if isinstance(now, list):
            items = _read_items(before, path, now)
            tree = change_at(tree, path, partial(_instead, items))
    for op in ops:
        tree = apply_op(tree, op)
    return ExpectedValue(tree, frozenset(op.path for op in ops if isinstance(op, ValueOp | ListOp)))


def _instead(items: ListItems, _: object) -> object:
    return items


def _read_items(before: Document, path: Path, now: list[Json]) -> ListItems:
    """Return a list with the identity of its items, as the document has them."""
    try:
        is_plain = find_list(before, path) is None
        ids = [None if is_plain else anchor_item(before, path, at) for at in range(len(now))]
    except CrdtError:
        return ListItems(now)
    return ListItems(now, ids=[Anchor.decode(id).item if id is not None else None for id in ids], is_plain=is_plain)


def _compare_values(expected: ExpectedValue, now: Json) -> str:
    # Equal in Python is not yet the same: True is 1 there, and where something was written that counts.
    if expected.tree == now:
        places = [(path, find_child(expected.tree, path), find_child(now, path)) for path in expected.paths]
        if all(mine is theirs is ABSENT or canonical(mine) == canonical(theirs) for _, mine, theirs in places):
            return ""
    return _compare_at(expected.tree, now, ())


def _compare_at(expected: Json, now: Json, path: Path) -> str:
    """Return in words the first place at which two values differ; the same number may be written in two ways."""
    if isinstance(expected, dict) and isinstance(now, dict):
        for key in sorted({*expected, *now}):
            if key not in expected or key not in now:
                return f"{dotted((*path, key))} {'was not meant to be there' if key in now else 'is missing'}"
            told = "" if expected[key] is now[key] else _compare_at(expected[key], now[key], (*path, key))
            if told:
                return told
        return ""
    if isinstance(expected, list) and isinstance(now, list) and len(expected) == len(now):
        found = (
            _compare_at(one, other, (*path, at)) for at, (one, other) in enumerate(zip(expected, now, strict=True))
        )
        return next((told for told in found if told), "")
    return "" if canonical(expected) == canonical(now) else f"{dotted(path)} reads otherwise"
