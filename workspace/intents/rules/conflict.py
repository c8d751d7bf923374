"""Do these two collide? Layers L1 and L2, late conflicts and the human-edit rule (semantics §3).

L1 is only a filter: two concurrent intents whose areas overlap are worth looking at. L2 is exact: both plans are
executed in both orders on forks, by value, never by watching whether CRDT bytes merge, which they always do. Against
what is already in the document (a committed rival, a human's edit) the test is by identity: would this commit delete
or overwrite characters or values that its author has not seen?
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile

from crdt.documents.anchor import Anchor, TextRange, resolve_range
from crdt.documents.document import Document
from crdt.errors import CrdtError
from crdt.operations.execute import Executed
from crdt.operations.fork import collide
from crdt.operations.item_readings import Reading, follow_items
from crdt.operations.ops import CreateDocument, ListOp, Op, Touch, ValueOp, find_touch
from workspace.intents.model.causality import happened_before
from workspace.intents.model.intent import Path, Scope
from workspace.intents.state.board import Board, Entry
from workspace.intents.state.history import Edit, History

Documents = Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class Area:
    """A stretch of a document as it is now: a span of code points, a value path, or (both None) all of it."""

    doc: str
    span: tuple[int, int] | None = None
    path: Path | None = None


def areas_of_scope(scope: tuple[Scope, ...] | None, documents: Documents) -> tuple[Area, ...] | None:
    """Return where an instruction points now; None is unknown and overlaps everything."""
    if scope is None:
        return None
    found: list[Area] = []
    for part in scope:
        document = documents.get(part.doc)
        if document is None or part.is_whole:
            found.append(Area(part.doc))
        elif part.keys:
            found.extend(Area(part.doc, path=path) for path in part.keys)
        else:
            found.append(Area(part.doc, span=_span(document, part)))
    return tuple(found)


def _span(document: Document, part: Scope) -> tuple[int, int] | None:
    """Return the range of a text scope now; a range that cannot be resolved widens to the whole document."""
    try:
        anchors = TextRange(Anchor.decode(part.from_ or ""), Anchor.decode(part.to or part.from_ or ""))
        start, end = resolve_range(document, anchors)
    except CrdtError:
        return None
    assert start <= end, "a range runs forwards"
    return start, end


def areas_of_plan(ops: Sequence[Op], reads: Sequence[Reading], documents: Documents) -> tuple[Area, ...]:
    """Return where a plan writes and strongly reads now."""
    found: list[Area] = []
    with suppress(CrdtError):  # an item is gone: where it was is as near as one can tell
        ops = follow_items(documents, ops, reads)
    for op in ops:
        document = documents.get(op.doc)
        if document is None or isinstance(op, CreateDocument):
            found.append(Area(op.doc))
            continue
        try:
            found.append(_area_of_touch(find_touch(document, op)))
        except CrdtError:
            found.append(Area(op.doc))
    found.extend(_area_of_reading(reading, documents) for reading in reads if reading.strong and not reading.is_of_item)
    return tuple(found)


def _area_of_touch(touch: Touch) -> Area:
    if touch.kind == "text":
        return Area(touch.doc, span=(touch.start, touch.end))
    if touch.kind == "document":
        return Area(touch.doc)
    return Area(touch.doc, path=tuple(touch.path))


def _area_of_reading(reading: Reading, documents: Documents) -> Area:
    document = documents.get(reading.doc)
    if document is not None and reading.from_ is not None:
        return Area(reading.doc, span=_span(document, Scope(reading.doc, from_=reading.from_, to=reading.to)))
    return Area(reading.doc, path=tuple(reading.path) or None)


def overlap(one: tuple[Area, ...] | None, other: tuple[Area, ...] | None) -> bool:
    """Tell whether two sets of areas share a place; the edges of text spans count as shared (L1 may be generous)."""
    # An instruction that points nowhere may work anywhere: to leave it out would hide a conflict.
    if one is None or other is None:
        return True
    return any(_meet(a, b) for a in one for b in other)


def _meet(a: Area, b: Area) -> bool:
    if a.doc != b.doc:
        return False
    if a.span is not None and b.span is not None:
        return a.span[0] <= b.span[1] and b.span[0] <= a.span[1]
    if a.path is not None and b.path is not None:
        shorter = min(len(a.path), len(b.path))
        return a.path[:shorter] == b.path[:shorter]
    return True


def areas_of(entry: Entry, documents: Documents) -> tuple[Area, ...] | None:
    """Return where an intent works as far as is known: by its plan, else by its scope."""
    if entry.plan is not None:
        return areas_of_plan(entry.plan.ops, entry.plan.reads, documents)
    return areas_of_scope(entry.body.scope, documents)


def anchored_docs(entry: Entry) -> set[str]:
    """Return the documents whose changes may move where an intent works: there its places are given by anchors."""
    if entry.plan is not None:
        return entry.plan.docs
    return {part.doc for part in entry.body.scope or () if not part.is_whole and not part.keys}


def is_fixed(entry: Entry) -> bool:
    """Tell whether no edit moves where an intent works: its places are given by names alone."""
    if entry.plan is None:
        return all(part.is_whole or part.keys for part in entry.body.scope or ())
    is_named = all(isinstance(op, ValueOp | ListOp | CreateDocument) for op in entry.plan.ops)
    return is_named and not any(reading.from_ is not None for reading in entry.plan.reads)


def do_collide(one: Entry, other: Entry, documents: Documents, *, client: int) -> bool:
    """L2: tell whether two planned, concurrent intents exclude each other or depend on which comes first."""
    assert one.plan is not None, "L2 compares plans"
    assert other.plan is not None, "L2 compares plans"
    assert one is not other, "nothing collides with itself"
    # Decision 6: compared by value, so two people who ask for the same thing are not asked.
    mine = (one.plan.ops, one.plan.reads)
    theirs = (other.plan.ops, other.plan.reads)
    return collide(documents, mine, theirs, client=client)


def components(ids: Iterable[str], edges: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return the groups of two or more that the edges connect, each in the order of `ids`."""
    order = list(ids)
    leader = {id: id for id in order}

    def find(id: str) -> str:
        while leader[id] != id:
            leader[id] = leader[leader[id]]
            id = leader[id]
        return id

    for one, other in edges:
        leader[find(other)] = find(one)
    groups: dict[str, list[str]] = {}
    for id in order:
        groups.setdefault(find(id), []).append(id)
    assert sum(map(len, groups.values())) == len(order), "everybody is in one group"
    return [tuple(group) for group in groups.values() if len(group) > 1]


@dataclass(frozen=True, slots=True)
class Unseen:
    """What a commit would overwrite without its author having seen it."""

    human: tuple[Edit, ...] = ()
    rivals: tuple[Entry, ...] = ()


def unseen_by(entry: Entry, executed: Mapping[str, Executed], board: Board, history: History) -> Unseen:
    """Return whose work the executed plan would delete or overwrite unseen (E-rule and late conflicts, §3, §4)."""
    human: set[Edit] = set()
    rivals: dict[str, Entry] = {}
    for doc, part in executed.items():
        for edit in history.writers(doc, part.absolute_deleted):
            if edit.is_human:
                if is_unseen(edit, entry):
                    human.add(edit)
                continue
            for id in edit.intents:
                rival = board.entries[id]
                if is_rival(rival, entry, board):
                    rivals[id] = rival
        # Decision 5: a key that somebody had emptied holds no id that the plan deletes; it is found by what is filled.
        human.update(edit for edit in _removed(doc, part, history) if edit.is_human and is_unseen(edit, entry))
    assert entry.id not in rivals, "nobody is a rival of itself"
    return Unseen(tuple(sorted(human, key=lambda edit: edit.seq)), tuple(rivals.values()))


def _removed(doc: str, part: Executed, history: History) -> set[Edit]:
    """Return the edits that had emptied a key which the plan fills again: a removal is an edit too."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for id in part.overwritten:
        spans.setdefault(id.client, []).append((id.clock, id.clock + 1))
    gone = {
        client: [span for span in own if not _share(part.absolute_deleted, [(client, *span)])]
        for client, own in spans.items()
    }
    return history.deleters(doc, gone, after=0)


def is_unseen(edit: Edit, entry: Entry) -> bool:
    """Tell whether a human's edit is outside an intent's past: after the stamp by another, after sending by oneself."""
    assert edit.is_human, "what the agent wrote is its intents' and asked about as theirs"
    return edit.seq > (entry.seq if edit.actor == entry.actor else entry.body.seen)


def is_rival(other: Entry, entry: Entry, board: Board) -> bool:
    """Tell whether an intent may not touch what `other` did unasked: unknown to its author, and nobody has settled it.

    `other` is concurrent, or it knew of this one and was done first, because nothing showed that they would meet: it
    is the later word. Who added to this one may have known of it; then the whole was asked for knowingly.
    """
    if other.id == entry.id or frozenset((other.id, entry.id)) in board.cleared:
        return False
    # Decision 65: whoever knew of this one and was done first has the later word; by the clocks alone it would lose it.
    if happened_before(entry.stamp, other.stamp):
        return not any(happened_before(other.stamp, board.entries[id].stamp) for id in entry.steers)
    return not happened_before(other.stamp, entry.stamp)


def late_rivals(entry: Entry, footprint: Mapping[str, Executed], board: Board, *, since: int) -> tuple[Entry, ...]:
    """Return committed intents, unknown to its author, that changed what this plan was about to change (§4, late).

    `footprint` is the plan executed on the snapshot it was made on; `since` is that snapshot's `seq`.
    """
    found: dict[str, Entry] = {}
    for commit in reversed(list(takewhile(lambda commit: commit[0] > since, reversed(board.commits.values())))):
        for id in commit[1].intents:
            rival = board.entries[id]
            if not is_rival(rival, entry, board):
                continue
            for doc, part in footprint.items():
                theirs = commit[1].docs.get(doc)
                if theirs is not None and _share(part.absolute_deleted, theirs.deleted):
                    found[id] = rival
    return tuple(found.values())


def _share(ranges: Mapping[int, Iterable[tuple[int, int]]], spans: Iterable[tuple[int, int, int]]) -> bool:
    return any(start < high and low < end for client, low, high in spans for start, end in ranges.get(client, ()))
