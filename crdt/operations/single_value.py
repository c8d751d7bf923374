"""Two plans that each set, remove or add to one and the same value: whether their order matters, without a fork.

Almost all that meets on a key is of this kind, and of such plans all that the documents come to is what stands at that
one path. So the two orders are gone through on the value; `crdt.operations.fork.collide` carries them out on documents
and comes to the same (`tests/crdt/operations/test_single_value.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crdt.digest import EXACT_MAX, digest_value, normalise
from crdt.documents.document import Document
from crdt.documents.paths import ABSENT, Path, read_path
from crdt.documents.values import from_stored, to_stored
from crdt.operations.item_readings import Reading
from crdt.operations.ops import NOTHING, SUM_DIGITS, DeleteValue, Increment, Op, SetValue
from crdt.operations.preconditions import is_open


class Standing(NamedTuple):
    """What stands at a path: its hash, and the value itself where it is a number."""

    hash: str
    number: float | int | None = None


@dataclass(frozen=True, slots=True)
class SingleValue:
    """A plan that does one thing to one value. `after` is what it sets; nothing where it removes."""

    doc: str
    path: Path
    op: SetValue | Increment | DeleteValue
    after: Standing
    # The hashes that it has read of the very value: all of them must be what stands there.
    read: frozenset[str]


def find_single(ops: Sequence[Op], readings: Sequence[Reading]) -> SingleValue | None:
    """Return the one thing a plan does; None where it does more, reads elsewhere or goes by the number of an item."""
    strong = [reading for reading in readings if reading.strong]
    if len(ops) != 1 or not isinstance(op := ops[0], SetValue | Increment | DeleteValue):
        return None
    if not op.path or not all(isinstance(key, str) for key in op.path):
        return None
    if any((reading.doc, reading.path, reading.from_) != (op.doc, op.path, None) for reading in strong):
        return None
    after = Standing(NOTHING)
    if isinstance(op, SetValue):
        # What reads otherwise than it was written has two hashes: that is left to the documents themselves.
        found = _standing(from_stored(to_stored(op.value)))
        if found is None or found.hash != digest_value(op.value):
            return None
        after = found
    elif isinstance(op, Increment) and not abs(op.by) <= EXACT_MAX:
        return None
    return SingleValue(op.doc, op.path, op, after, frozenset(reading.hash for reading in strong))


def find_standing(document: Document, path: Path) -> Standing | None:
    """Return what stands at a path; None where a plan could not write there, or a number is too large to tell."""
    if document.kind != "data" or not is_open(document, path):
        return None
    return _standing(read_path(document, path))


def _standing(value: object) -> Standing | None:
    if value is ABSENT:
        return Standing(NOTHING)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return Standing(digest_value(value))
    return Standing(digest_value(value), normalise(value)) if abs(value) <= EXACT_MAX else None


def collide_at(now: Standing, one: SingleValue, other: SingleValue) -> bool | None:
    """Tell whether it matters which of two plans about one value comes first; None where that cannot be told so."""
    assert (one.doc, one.path) == (other.doc, other.path), "both are about one value"
    # Sums build on what they find; unless each has read what the other writes.
    if isinstance(one.op, Increment) and isinstance(other.op, Increment) and not (one.read and other.read):
        return False
    first, second = _do(_do(now, one), other), _do(_do(now, other), one)
    if first is None or second is None:
        return None
    return first.hash != second.hash


def _do(now: Standing | None, plan: SingleValue) -> Standing | None:
    """Return what stands there after a plan; a plan that does not hold changes nothing."""
    if now is None or (plan.read and plan.read != {now.hash}):
        return now
    match plan.op:
        case Increment(by=by):
            if now.hash == NOTHING:
                return _standing(normalise(by))
            return now if now.number is None else _standing(normalise(round(now.number + by, SUM_DIGITS)))
        case SetValue(old=old) | DeleteValue(old=old):
            return plan.after if old == now.hash else now
