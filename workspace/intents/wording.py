"""What operations do, in plain words: made from the operations themselves, never from what a planner says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crdt.anchor import Anchor, TextRange, resolve_range
from crdt.digest import canonical
from crdt.document import Document
from crdt.errors import CrdtError
from crdt.ops import (
    Check,
    CreateDocument,
    Delete,
    DeleteValue,
    Increment,
    Insert,
    ListAdd,
    ListMove,
    ListRemove,
    Op,
    Replace,
    SetValue,
)
from crdt.paths import dotted, find_item, read_path

WORDS_POINTS_MAX = 400
VALUE_POINTS_MAX = 60
TOLD_MAX, TOLD_POINTS_MAX, TOLD_WORDS_MAX = 12, 200, 70


def told(ops: Sequence[Op], before: Mapping[str, Document]) -> tuple[str, ...]:
    """Return what a plan's operations do, one sentence each, at most 12; `before` are the documents without them."""
    doing = [op for op in ops if not isinstance(op, Check)]
    said = [_short(words_of(op, before.get(op.doc), points=TOLD_WORDS_MAX), TOLD_POINTS_MAX) for op in doing[:TOLD_MAX]]
    more = len(doing) - TOLD_MAX
    return (*said, *([f"and {more} more"] if more > 0 else ()))


def words_of(op: Op, before: Document | None, *, points: int = WORDS_POINTS_MAX) -> str:
    """Return an operation in words; `before` is the document it was made on, where that is still known."""
    match op:
        case Replace(doc, _, _, _, new) if new:
            return f"{doc}: replaced {_range(op, before, points)} by {_quoted(new, points)}"
        case Replace() | Delete():
            return f"{op.doc}: deleted {_range(op, before, points)}"
        case Insert(doc, _, text):
            return f"{doc}: inserted {_quoted(text, points)}"
        case SetValue(doc, path, value):
            return f"{doc}.{dotted(path)}: set to {brief(value)}"
        case Increment(doc, path, by):
            return f"{doc}.{dotted(path)}: added {brief(by)}"
        case DeleteValue(doc, path):
            return f"{doc}.{dotted(path)}: removed"
        case ListAdd(doc, path, value):
            return f"{doc}.{dotted(path)}: added item {brief(value)}"
        case ListMove(doc, path, item) | ListRemove(doc, path, item):
            what = "moved" if isinstance(op, ListMove) else "removed"
            return f"{doc}.{dotted(path)}: {what} {_item(before, op.path, item)}"
        case CreateDocument(doc, kind):
            return f"made the {kind} document {doc}"
        case _:
            return f"{op.doc}: checked"


def _range(op: Replace | Delete, before: Document | None, points: int) -> str:
    if before is None:
        return "a passage"
    try:
        start, end = resolve_range(before, TextRange(Anchor.decode(op.from_), Anchor.decode(op.to)))
        return _quoted(before.text()[start:end], points)
    except CrdtError:
        return "a passage"


def _item(before: Document | None, path: tuple[str | int, ...], item: str) -> str:
    if before is None:
        return "an item"
    try:
        at = find_item(before, path, item)
        return f"item {brief(read_path(before, (*path, at)))}" if at is not None else "an item"
    except CrdtError:
        return "an item"


def _quoted(text: str, points: int) -> str:
    return f"“{_short(text, points)}”"


def _short(text: str, points: int) -> str:
    return text if len(text) <= points else text[: points - 1] + "…"


def brief(value: object) -> str:
    """Return a value as people write it, shortened for a sentence."""
    return _short(value if isinstance(value, str) else canonical(value).decode(), VALUE_POINTS_MAX)
