"""What operations do, in plain words: made from the operations themselves, never from what a planner says of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from crdt.digest import canonical, digest_text, normalise
from crdt.documents.anchor import Anchor, TextRange, resolve_range
from crdt.documents.document import Document
from crdt.documents.paths import ABSENT, Path, dotted, find_item, read_path
from crdt.errors import CrdtError
from crdt.operations.ops import (
    SUM_DIGITS,
    Check,
    CreateDocument,
    Delete,
    DeleteValue,
    Increment,
    Insert,
    ListAdd,
    ListMove,
    ListOp,
    ListRemove,
    Op,
    Replace,
    SetValue,
    ValueOp,
)

# Control characters but tab and line end, and those that turn the direction of what follows.
STEERING = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
WORDS_POINTS_MAX = 400
VALUE_POINTS_MAX = 60
CONSENT_POINTS_MAX = 2_000
TOLD_MAX, TOLD_POINTS_MAX, TOLD_WORDS_MAX = 12, 200, 70
# Decision 84: what was done is read from the operations. A plan of none is told so first, whatever its planner says.
NOTHING_CHANGED = "Nothing was changed."


def with_agents_words(account: str, said: str) -> str:
    """Return what became of a plan, followed by what its planner said of it, as the planner's own words."""
    return f"{account} The agent said: {said}" if said else account


def told(ops: Sequence[Op], before: Mapping[str, Document], after: Mapping[str, Document]) -> tuple[str, ...]:
    """Return what came of a plan's operations, one sentence each, at most 12: what stands there now and did not before.

    Operations that cancel out, or that a later one wrote over, are not named.
    """
    lines = [_short(line, TOLD_POINTS_MAX) for line in _net(ops, before, after)]
    assert all(lines), "what came of an operation has words"
    more = len(lines) - TOLD_MAX
    return (*lines[:TOLD_MAX], *([f"and {more} more"] if more > 0 else ()))


def _net(ops: Sequence[Op], before: Mapping[str, Document], after: Mapping[str, Document]) -> Iterator[str]:
    seen = set[tuple[str, Path]]()
    for op in ops:
        was, now = before.get(op.doc), after.get(op.doc)
        if isinstance(op, Check) or (isinstance(op, Replace) and _same_words(op, was)):
            continue
        path = _path(op)
        if path is None or now is None or any(isinstance(key, int) for key in path):
            yield words_of(op, was, points=TOLD_WORDS_MAX)
            continue
        old, new = (ABSENT if one is None else read_path(one, path) for one in (was, now))
        if old is new or (ABSENT not in (old, new) and canonical(old) == canonical(new)):
            continue
        if isinstance(op, ListOp) and isinstance(new, list):
            yield words_of(op, was, points=TOLD_WORDS_MAX)
        elif (op.doc, path) not in seen:
            seen.add((op.doc, path))
            is_sum = all(isinstance(one, Increment) for one in ops if one.doc == op.doc and _path(one) == path)
            yield f"{op.doc}.{dotted(path)}: {_changed(old, new, is_sum=is_sum)}"


def _path(op: Op) -> Path | None:
    return op.path if isinstance(op, ValueOp | ListOp) else None


def _changed(old: object, new: object, *, is_sum: bool) -> str:
    assert old is not new, "what did not change is not told"
    if new is ABSENT:
        return "removed"
    if is_sum and isinstance(old, int | float) and isinstance(new, int | float):
        return f"added {brief(normalise(round(new - old, SUM_DIGITS)))}, now {brief(new)}"
    return f"set to {brief(new)}" + ("" if old is ABSENT else f", it was {brief(old)}")


def _same_words(op: Replace, before: Document | None) -> bool:
    return before is not None and op.old == digest_text(op.text)


def whole_words(op: Op, before: Document | None) -> str:
    """Return an operation in words, for somebody who shall say yes to just this.

    What is too long to be shown is named by its hash, too, so that no other one reads the same; where in a text it
    stands is not said.
    """
    assert not isinstance(op, Check), "a check does nothing to which one could say yes"
    words = words_of(op, before, points=CONSENT_POINTS_MAX, value_points=CONSENT_POINTS_MAX)
    value = op.text if isinstance(op, Insert | Replace) else _value(op)
    text = value if isinstance(value, str) else canonical(value).decode()
    if len(text) >= CONSENT_POINTS_MAX or plain(text) != text:
        words = f"{words} ({len(text)} characters, {digest_text(text)[7:19]})"
    is_cut = isinstance(op, Replace | Delete | ListRemove) and words.count("…") > text.count("…")
    return f"{words} (of {op.old[7:19]})" if is_cut and isinstance(op, Replace | Delete | ListRemove) else words


def _value(op: Op) -> object:
    return op.value if isinstance(op, SetValue | ListAdd) else None


def words_of(
    op: Op, before: Document | None, *, points: int = WORDS_POINTS_MAX, value_points: int = VALUE_POINTS_MAX
) -> str:
    """Return an operation in words; `before` is the document it was made on, where that is still known."""
    match op:
        case Replace(doc, _, _, _, new) if new:
            return f"{doc}: replaced {_range(op, before, points)} by {_quoted(new, points)}"
        case Replace() | Delete():
            return f"{op.doc}: deleted {_range(op, before, points)}"
        case Insert(doc, _, text):
            return f"{doc}: inserted {_quoted(text, points)}"
        case SetValue(doc, path, value):
            return f"{doc}.{dotted(path)}: set to {brief(value, value_points)}"
        case Increment(doc, path, by):
            return f"{doc}.{dotted(path)}: added {brief(by)}"
        case DeleteValue(doc, path):
            return f"{doc}.{dotted(path)}: removed"
        case ListAdd(doc, path, value):
            return f"{doc}.{dotted(path)}: added item {brief(value, value_points)}"
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
    return f"“{_short(plain(text), points)}”"


def plain(text: str) -> str:
    """Return words of others as a sentence may hold them: nothing in them steers how the rest of it is read."""
    tame = STEERING.sub("\ufffd", text)
    # One for one: what is shortened afterwards is cut where the original would have been.
    assert len(tame) == len(text), "a character was dropped"
    return tame


def _short(text: str, points: int) -> str:
    assert points >= 1, "there is room for the sign that something was cut"
    return text if len(text) <= points else text[: points - 1] + "…"


def brief(value: object, points: int = VALUE_POINTS_MAX) -> str:
    """Return a value as people write it, shortened for a sentence."""
    return _short(plain(value if isinstance(value, str) else canonical(value).decode()), points)
