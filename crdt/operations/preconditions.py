"""What a plan stands on, piece by piece: while all of it holds, a plan that could be carried out can be again (C4).

To carry a plan out on a fork costs a copy of the document; to look whether what it read is still there costs a hash.
So a plan is carried out once, and from then on its preconditions are looked at, those that many plans share only once.
What cannot be said piece by piece stands on its document as a whole: any change of it means another trial. A
precondition may fail though the plan would still hold, never the other way round (invariant I32).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pycrdt import Map

from crdt.digest import digest_value
from crdt.documents.document import Document
from crdt.documents.paths import ABSENT, Path, child_of
from crdt.documents.ruler import EMBED
from crdt.documents.values import INT64_MAX, from_stored
from crdt.errors import CrdtError
from crdt.operations.fork import hash_reading
from crdt.operations.item_readings import Reading
from crdt.operations.ops import (
    Check,
    CreateDocument,
    Delete,
    DeleteValue,
    Increment,
    Insert,
    Op,
    Replace,
    SetValue,
    ValueOp,
    hash_of_range,
    hash_of_value,
)

Documents = Mapping[str, Document]
SUM_MAX = INT64_MAX // 4  # two numbers below it have a sum that can be stored
TEXT_OPS = Insert | Replace | Delete


@dataclass(frozen=True, slots=True)
class Precondition:
    """One thing a plan stands on in one document.

    `as_read`: a reading still has its hash; `value`: what stands at `path` has one of `hashes`; `number`: a number that
    can be added to, or nothing, stands there; `way`: only objects, or nothing, stand on the way to it; `range`: the
    text of a range has the hash; `words`: the text is nothing but words; `version`: nothing at all has changed; `new`:
    there is no such document.
    """

    doc: str
    kind: Literal["as_read", "value", "number", "way", "range", "words", "version", "new"]
    path: Path = ()
    hashes: frozenset[str] = frozenset()
    from_: str = ""
    to: str = ""
    reading: Reading | None = None
    version: int = -1


def preconditions(documents: Documents, ops: Sequence[Op], readings: Sequence[Reading]) -> tuple[Precondition, ...]:
    """Return what a plan stands on that could just be carried out on these documents; each once."""
    found = dict[Precondition, None]()
    made = {op.doc for op in ops if isinstance(op, CreateDocument)}
    found.update((Precondition(doc, "new"), None) for doc in sorted(made))
    if any(reading.is_of_item for reading in readings):
        docs = {op.doc for op in ops} | {reading.doc for reading in readings}
        return (*found, *(_version(documents, doc) for doc in sorted(docs & documents.keys())))
    for reading in readings:
        if reading.strong:
            found[Precondition(reading.doc, "as_read", reading=reading)] = None
    by_doc: dict[str, list[Op]] = {}
    for op in ops:
        by_doc.setdefault(op.doc, []).append(op)
    for doc, own in by_doc.items():
        if doc in made or doc not in documents:
            continue
        said = _of_document(documents[doc], own)
        # Said wrongly is said not at all: what does not hold now, where the plan did, is no precondition of it.
        if said is None or not all(holds(documents, one) for one in said):
            said = [_version(documents, doc)]
        found.update(dict.fromkeys(said))
    return tuple(found)


def holds(documents: Documents, one: Precondition) -> bool:
    """Tell whether a precondition holds on these documents."""
    document = documents.get(one.doc)
    if document is None:
        return one.kind == "new"
    try:
        match one.kind:
            case "as_read":
                assert one.reading is not None, "a reading is held against what it read"
                return hash_reading(documents, one.reading) == one.reading.hash
            case "value":
                return hash_of_value(document, one.path) in one.hashes
            case "number":
                return _is_number(document, one.path)
            case "way":
                return is_open(document, one.path)
            case "range":
                return hash_of_range(document, one.from_, one.to) in one.hashes
            case "words":
                return document.is_plain
            case "version":
                return document.version == one.version
            case "new":
                return False
    except CrdtError:
        return False


def _version(documents: Documents, doc: str) -> Precondition:
    return Precondition(doc, "version", version=documents[doc].version)


def _of_document(document: Document, ops: Sequence[Op]) -> list[Precondition] | None:
    """Return what the operations on one document stand on; None where that cannot be said piece by piece."""
    if all(isinstance(op, TEXT_OPS) for op in ops) and document.kind == "text":
        return _of_text(ops)
    if all(isinstance(op, ValueOp | Check) for op in ops) and document.kind == "data":
        return _of_values(ops)
    return None


def _of_text(ops: Sequence[Op]) -> list[Precondition] | None:
    found = list[Precondition]()
    for op in ops:
        # An id that was here once is here for ever, and so is the place of an insert.
        found.append(Precondition(op.doc, "words"))
        if isinstance(op, Insert) and not op.embeds and EMBED not in op.text:
            continue
        if not isinstance(op, Replace | Delete) or (isinstance(op, Replace) and EMBED in op.text):
            return None
        found.append(Precondition(op.doc, "range", hashes=frozenset({op.old}), from_=op.from_, to=op.to))
    return found


def _of_values(ops: Sequence[Op]) -> list[Precondition] | None:
    written = [op.path for op in ops if isinstance(op, ValueOp)]
    # Operations that build on one another, and items by number, have a history of their own within the plan.
    if len(set(written)) < len(written) or any(not all(isinstance(key, str) for key in path) for path in written):
        return None
    if any(path[:at] in written for path in written for at in range(len(path))):
        return None
    found = list[Precondition]()
    for op in ops:
        match op:
            case SetValue():
                hashes = frozenset({op.old, digest_value(op.value)})
                found += [Precondition(op.doc, "value", op.path, hashes), Precondition(op.doc, "way", op.path)]
            case DeleteValue():
                hashes = frozenset({op.old})
                found += [Precondition(op.doc, "value", op.path, hashes), Precondition(op.doc, "way", op.path)]
            case Increment() if abs(op.by) < SUM_MAX:
                found += [Precondition(op.doc, "number", op.path), Precondition(op.doc, "way", op.path)]
            case Check() if op.from_ is None:
                found.append(Precondition(op.doc, "value", op.path, frozenset({op.hash})))
            case _:
                return None
    return found


def _is_number(document: Document, path: Path) -> bool:
    value: object = document.data_root
    for key in path:
        value = child_of(value, key)
    if value is ABSENT:
        return True
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    now = from_stored(value)
    return isinstance(now, int | float) and abs(now) < SUM_MAX


def is_open(document: Document, path: Path) -> bool:
    """Tell whether only objects stand on the way to a path, up to where nothing does."""
    value: object = document.data_root
    for key in path[:-1]:
        value = child_of(value, key)
        if value is ABSENT:
            return True
        if not isinstance(value, Map | dict):
            return False
    return bool(path)
