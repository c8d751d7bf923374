"""Think on copies: run plans on forks, compare what two plans do in both orders (semantics §3, L2).

`digest_effect` looks at values, never at whether CRDT bytes merge: they always do, and say nothing about whether the
result is one that any order of the instructions explains (semantics §0.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crdt.digest import digest_text, digest_value
from crdt.documents.document import Document
from crdt.errors import CrdtError, PathMissing, StaleRead
from crdt.operations.execute import Executed, execute
from crdt.operations.item_readings import Reading, follow_items
from crdt.operations.ops import (
    CreateDocument,
    Op,
    Touch,
    find_touch,
    find_touch_of_place,
    hash_of_range,
    hash_of_value,
    overlap,
)

Documents = Mapping[str, Document]


Plan = tuple[Sequence[Op], Sequence[Reading]]  # what a plan writes, and what it stands on


@dataclass(frozen=True, slots=True)
class Ran:
    """A plan carried out on forks: the forks by name, and what was done to each."""

    documents: dict[str, Document]
    executed: dict[str, Executed]


def hash_reading(documents: Documents, reading: Reading) -> str | None:
    """Return the hash of what a reading names now; None when its document is gone."""
    document = documents.get(reading.doc)
    if document is None:
        return None
    if reading.is_of_item:
        return reading.hash  # an item is followed, not compared
    if reading.from_ is not None:
        return hash_of_range(document, reading.from_, reading.to or reading.from_)
    if document.kind == "data":
        return hash_of_value(document, reading.path)
    return digest_text(document.text()) if document.kind == "text" else digest_value(document.value())


def find_weakly_changed(documents: Documents, readings: Iterable[Reading]) -> tuple[str, ...]:
    """Return the documents of which a plan had seen no more than an outline, and which are not what they were then."""
    changed = set()
    for reading in readings:
        # One look at a document is enough to name it (decision 66: recorded, not defended).
        if not reading.strong and reading.doc not in changed:
            try:
                now = hash_reading(documents, reading)
            except CrdtError:
                now = None
            if now != reading.hash:
                changed.add(reading.doc)
    return tuple(sorted(changed))


def check_readings(documents: Documents, readings: Iterable[Reading]) -> None:
    """Raise `StaleRead` where a strong reading of a plan does not hold any more."""
    for reading in readings:
        if reading.strong and hash_reading(documents, reading) != reading.hash:
            raise StaleRead(f"{reading.doc} is not what the plan was made on")


def run(documents: Documents, ops: Sequence[Op], readings: Sequence[Reading], *, client: int) -> Ran:
    """Carry out a plan on forks of the documents it writes to, under the Yjs client id `client`.

    Items that its paths name by number are followed to where they stand now.

    Raises:
        StaleRead: a strong reading or an old value does not hold any more, or an item is gone.
        CrdtError: an operation does not fit the documents.
    """
    # Before anything is copied: a stale plan costs a few hashes.
    check_readings(documents, readings)
    forks: dict[str, Document] = {}
    by_doc: dict[str, list[Op]] = {}
    for op in follow_items(documents, ops, readings):
        if isinstance(op, CreateDocument):
            if op.doc in documents or op.doc in forks:
                raise StaleRead(f"a document {op.doc} exists already")
            # Made on the spot: later operations of the same plan write into it.
            forks[op.doc] = Document(op.kind, client=client)
        elif op.doc not in forks and op.doc not in documents:
            raise PathMissing(f"there is no document {op.doc}")
        else:
            by_doc.setdefault(op.doc, []).append(op)
    executed: dict[str, Executed] = {}
    for doc, own in by_doc.items():
        if doc not in forks:
            forks[doc] = documents[doc].fork(client)
        assert own, "a document is forked for what is written to it"
        executed[doc] = execute(forks[doc], own)
        assert forks[doc] is not documents.get(doc), "only copies are written to"
    return Ran(forks, executed)


def digest_effect(documents: Documents, first: Plan, second: Plan, *, client: int) -> str:
    """Return the digest of what the documents are after `first` and then `second`; a stale plan changes nothing.

    Which plan no longer applied is left out: two people who wish for the same are no conflict (decision 6).
    """
    now = dict(documents)
    # Under two ids: one id with two contents would be a clash inside pycrdt, not a conflict of plans.
    for at, (ops, readings) in enumerate((first, second)):
        try:
            now.update(run(now, ops, readings, client=client + 2 * at).documents)
        except CrdtError:
            continue
    assert set(now) >= set(documents), "a plan makes documents and removes none"
    touched = {op.doc for ops, _ in (first, second) for op in ops}
    return digest_value({doc: now[doc].value() for doc in touched if doc in now})


def commute(documents: Documents, a: Plan, b: Plan, *, client: int) -> bool:
    """Tell whether two plans give the same documents in both orders."""
    return digest_effect(documents, a, b, client=client) == digest_effect(documents, b, a, client=client)


def collide(documents: Documents, a: Plan, b: Plan, *, client: int) -> bool:
    """L2: tell whether two plans write the same place, or each what the other read, and their order matters."""
    writes_a, writes_b = _find_writes(documents, a), _find_writes(documents, b)
    both_write = _meet(writes_a, writes_b)
    # Each plan writes what the other has read: alone both are right, and together neither.
    skew = not both_write and _meet(writes_a, _find_reads(documents, b)) and _meet(writes_b, _find_reads(documents, a))
    return (both_write or skew) and not commute(documents, a, b, client=client)


def _meet(one: list[Touch], other: list[Touch]) -> bool:
    return any(overlap(a, b) for a in one for b in other)


def _find_writes(documents: Documents, plan: Plan) -> list[Touch]:
    """Return where a plan writes; a place that cannot be found any more is the whole document."""
    found: list[Touch] = []
    try:
        ops = follow_items(documents, *plan)
    except CrdtError:
        ops = plan[0]
    for op in ops:
        document = documents.get(op.doc)
        try:
            found.append(find_touch(document, op) if document is not None else Touch(op.doc, "document"))
        except CrdtError:
            found.append(Touch(op.doc, "document"))
    assert len(found) == len(plan[0]), "each operation writes somewhere"
    return found


def _find_reads(documents: Documents, plan: Plan) -> list[Touch]:
    """Return what a plan stands on now; a place that cannot be found any more is the whole document."""
    found = []
    for reading in plan[1]:
        document = documents.get(reading.doc)
        if not reading.strong or document is None or reading.is_of_item:
            continue
        try:
            found.append(find_touch_of_place(document, reading.doc, reading.path, reading.from_, reading.to))
        except CrdtError:
            found.append(Touch(reading.doc, "document"))
    return found
