"""Would it have mattered which of two plans ran first? The audit's own comparison (semantics §3, L2; §6).

It carries both orders out and looks at what stands there afterwards. It uses nothing of the sequencer's comparison
(`crdt.operations.fork.collide`): where that is wrong, or does not run, this still says so. Who executes an operation is
the same for both: what a commit did is compared with the journal's bytes elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from crdt.digest import Json, canonical
from crdt.documents.anchor import Anchor, TextRange, resolve_anchor, resolve_range
from crdt.documents.document import Document
from crdt.documents.paths import Path
from crdt.errors import CrdtError
from crdt.operations.fork import Ran, run
from crdt.operations.item_readings import Reading, read_items
from crdt.operations.ops import Check, CreateDocument, Delete, Insert, ListMove, ListRemove, Op, Replace, is_relative
from workspace.intents.model.bodies import PlanBody

Documents = Mapping[str, Document]
Whole = tuple[Sequence[Op], Sequence[Reading]]
SCRATCH_CLIENT = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plan works: code points of a text, a path in values, or (both None) a whole document."""

    doc: str
    span: tuple[int, int] | None = None
    path: Path | None = None
    is_relative: bool = False


def do_cross(documents: Documents, one: PlanBody, other: PlanBody) -> bool:
    """Tell whether two plans exclude each other, or the documents come out otherwise when the other one is first.

    Relative operations build on what they find, and their order is nobody's question. Who only read what the other
    writes goes first and loses nothing; where each read what the other writes, one of them is wrong in any order.
    """
    one, other = _on(documents, one), _on(documents, other)
    if not _may_meet(documents, one, other):
        return False
    mine, theirs = (one.ops, one.reads), (other.ops, other.reads)
    if not _holds(documents, mine) or not _holds(documents, theirs):
        return False
    first, second = _both(documents, mine, theirs), _both(documents, theirs, mine)
    if first.values == second.values:
        return False
    # Decision 87: both orders are carried out and looked at, beside the sequencer's own comparison and not with it.
    if not first.did_all and not second.did_all:
        return True
    first_bare, second_bare = (one.ops, _items_read(one)), (other.ops, _items_read(other))
    bare, turned = _both(documents, first_bare, second_bare), _both(documents, second_bare, first_bare)
    if all(is_relative(op) for op in (*one.ops, *other.ops)):
        return False
    if not bare.did_all or not turned.did_all:
        return True
    return _share_an_item(one, other) or _share_a_value(one, other) or _clings(documents, one, other)


def _on(documents: Documents, plan: PlanBody) -> PlanBody:
    """Return a plan with the numbers that its items have in these documents, as far as they are there."""
    if not _items_read(plan):
        return plan
    try:
        ops = tuple(plan.ops_on(documents))
    except CrdtError:
        return plan
    by_doc = {doc: [op for op in ops if op.doc == doc] for doc in {op.doc for op in ops} & documents.keys()}
    items = (reading for doc, own in sorted(by_doc.items()) for reading in read_items(documents[doc], own))
    others = (reading for reading in plan.reads if not reading.is_of_item)
    return msgspec.structs.replace(plan, ops=ops, reads=(*others, *items))


def _items_read(plan: PlanBody) -> tuple[Reading, ...]:
    return tuple(reading for reading in plan.reads if reading.is_of_item)


@dataclass(frozen=True, slots=True)
class _Came:
    """What stood in the documents after two plans, and whether the second could be carried out at all."""

    values: bytes
    did_all: bool


def _both(documents: Documents, first: Whole, second: Whole) -> _Came:
    now, did_all = dict(documents), True
    for at, (ops, reads) in enumerate((first, second)):
        try:
            now.update(run(now, ops, reads, client=SCRATCH_CLIENT + 2 * at).documents)
        except CrdtError:
            did_all = False
    touched = sorted({op.doc for ops, _ in (first, second) for op in ops} & now.keys())
    values: dict[str, Json] = {doc: now[doc].value() for doc in touched}
    return _Came(canonical(values), did_all)


def _holds(documents: Documents, work: Whole) -> bool:
    return isinstance(_alone(documents, work), Ran)


def _alone(documents: Documents, work: Whole) -> Ran | None:
    try:
        return run(documents, *work, client=SCRATCH_CLIENT)
    except CrdtError:
        return None


def _share_an_item(one: PlanBody, other: PlanBody) -> bool:
    """Tell whether both move or remove the same item of a list."""
    return bool(_items(one) & _items(other))


def _items(plan: PlanBody) -> set[tuple[str, Path, str]]:
    return {(op.doc, op.path, op.item) for op in plan.ops if isinstance(op, ListMove | ListRemove)}


def _share_a_value(one: PlanBody, other: PlanBody) -> bool:
    """Tell whether both write a value, one inside the other or the same; a list is added to and moved in by item."""
    return any(
        doc == its and not (is_adding and adds) and _is_within(path, there)
        for doc, path, is_adding in _values_of(one)
        for its, there, adds in _values_of(other)
    )


def _values_of(plan: PlanBody) -> Iterator[tuple[str, Path, bool]]:
    for op in plan.ops:
        if not isinstance(op, Insert | Replace | Delete | CreateDocument | Check | ListMove | ListRemove):
            yield op.doc, op.path, is_relative(op)


def _clings(documents: Documents, one: PlanBody, other: PlanBody) -> bool:
    """Tell whether one puts text beside a character that the other takes away."""
    for mine, its in ((one, other), (other, one)):
        ran = _alone(documents, (its.ops, its.reads))
        for op in mine.ops if ran is not None else ():
            part = ran.executed.get(op.doc) if ran is not None and isinstance(op, Insert) else None
            item = Anchor.decode(op.at).item if isinstance(op, Insert) else None
            if part is None or item is None:
                continue
            if any(start <= item.clock < end for start, end in part.absolute_deleted.get(item.client, ())):
                return True
    return False


def _is_within(one: Path, other: Path) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


# ---------------------------------------------------------------- a first look, which costs little


def _may_meet(documents: Documents, one: PlanBody, other: PlanBody) -> bool:
    """Tell whether two plans may share a place; generous by a character on either side."""
    return are_near(list(places_of(documents, one)), list(places_of(documents, other)))


def are_near(some: Sequence[Place], others: Sequence[Place], *, by: int = 1) -> bool:
    """Tell whether one of these places may be one of those."""
    return any(is_near(a, b, by=by) for a in some for b in others)


def is_near(a: Place, b: Place, *, by: int = 1) -> bool:
    """Tell whether two places may be the same, or lie no more than so many characters apart."""
    if a.doc != b.doc or (a.is_relative and b.is_relative):
        return False
    if a.span is not None and b.span is not None:
        return a.span[0] <= b.span[1] + by and b.span[0] <= a.span[1] + by
    if a.path is not None and b.path is not None:
        return _is_within(a.path, b.path)
    return True


def places_of(documents: Documents, plan: PlanBody) -> Iterator[Place]:
    """Yield where a plan writes and what it read strongly, as the documents are now."""
    for op in plan.ops:
        yield _place_of(documents.get(op.doc), op)
    for reading in plan.reads:
        if reading.strong and not reading.is_of_item:
            span = (reading.from_, reading.to or reading.from_) if reading.from_ is not None else None
            yield place_at(documents.get(reading.doc), reading.doc, span, reading.path)


def _place_of(document: Document | None, op: Op) -> Place:
    match op:
        case CreateDocument():
            return Place(op.doc)
        case Insert() if document is not None:
            try:
                at = resolve_anchor(document, Anchor.decode(op.at))
            except CrdtError:
                return Place(op.doc)
            return Place(op.doc, span=(at, at), is_relative=True)
        case Insert():
            return Place(op.doc)
        case Replace() | Delete():
            return place_at(document, op.doc, (op.from_, op.to), ())
        case Check():
            return place_at(document, op.doc, None if op.from_ is None else (op.from_, op.to or op.from_), op.path)
        case _:
            return Place(op.doc, path=op.path, is_relative=is_relative(op))


def place_at(document: Document | None, doc: str, span: tuple[str, str] | None, path: Path) -> Place:
    """Return a range between two anchors, or a path, as a place; what cannot be found is the whole document."""
    if span is not None and document is not None:
        try:
            return Place(doc, span=resolve_range(document, TextRange(*map(Anchor.decode, span))))
        except CrdtError:
            return Place(doc)
    is_value = document is not None and document.kind == "data" and span is None
    return Place(doc, path=path) if is_value else Place(doc)
