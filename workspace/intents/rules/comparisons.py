"""Which ready plans collide (L2, C3): compared once where they share a place, and only there.

Two plans exclude each other only where one writes what the other writes or reads; where each only adds to what it
finds, no order matters. So plans are laid out by what they write outright, what they add to and what they read, and
those that share nothing are never held against each other. What two were found to be holds for a state of the
documents, and to the end of the round (`KernelState.collides`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crdt.documents.document import Document
from crdt.documents.paths import Path
from crdt.operations.ops import ListOp, ValueOp, is_relative
from crdt.operations.single_value import SingleValue, Standing, collide_at, find_single, find_standing
from workspace.intents.model.bodies import PlanBody
from workspace.intents.model.causality import are_concurrent
from workspace.intents.rules.conflict import do_collide
from workspace.intents.state.board import Entry
from workspace.intents.state.live_board import shelf_of
from workspace.intents.state.shelves import Shelf, Shelves

Documents = Mapping[str, Document]
# So many pairs about one value are compared in a step of the round; on forks it takes as long as so many of those.
COMPARED_MAX = 500
FORK_COSTS = 25


@dataclass(frozen=True, slots=True, eq=False)
class Touched:
    """Where a ready plan works: what it writes outright, what it adds to, what it read strongly."""

    entry: Entry
    plan: PlanBody
    outright: frozenset[Shelf]
    added_to: frozenset[Shelf]
    read: frozenset[Shelf]
    single: SingleValue | None


Place = tuple[str, Path]


@dataclass(slots=True, eq=False)
class Pair:
    """Two concurrent plans that share a place, the earlier first; whether they collide, None where nobody knows."""

    one: Touched
    other: Touched
    collides: bool | None = None

    @property
    def place(self) -> Place | None:
        """The one value that both are about; None where they do more."""
        mine, theirs = self.one.single, self.other.single
        if mine is None or theirs is None or (mine.doc, mine.path) != (theirs.doc, theirs.path):
            return None
        return mine.doc, mine.path


@dataclass(slots=True)
class Comparisons:
    """The ready plans, by where they work, and what was found of those that share a place."""

    _touched: dict[str, Touched] = field(default_factory=dict)
    _outright: Shelves[Entry] = field(default_factory=Shelves)
    _added_to: Shelves[Entry] = field(default_factory=Shelves)
    _read: Shelves[Entry] = field(default_factory=Shelves)
    # Concurrent pairs that share a place: too many, never too few. Those that are still to be compared, and those that
    # collide: at the state `_jid` of the documents (-1: at several), to the end of the round begun in turn `_begun`.
    _pairs: list[Pair] = field(default_factory=list)
    _due: list[Pair] = field(default_factory=list)
    _edges: list[Pair] = field(default_factory=list)
    _jid: int = -1
    _begun: int = -1
    _gone: int = 0
    # By the two: the state of the documents, the round, and what a comparison on forks came to.
    _kept: dict[tuple[str, str], tuple[PlanBody, PlanBody, int, int, bool]] = field(default_factory=dict)
    # What stands at the path of plans that set one value, by the version of its document; what stood there as pairs
    # of such plans were compared.
    _standing: dict[Place, tuple[int, Standing | None]] = field(default_factory=dict)
    _compared_at: dict[Place, Standing | None] = field(default_factory=dict)

    def edges(
        self,
        ready: Sequence[Entry],
        documents: Documents,
        *,
        jid: int,
        begun: int,
        collides: Callable[[Entry, Entry], bool],
    ) -> list[tuple[Entry, Entry]] | None:
        """Return the concurrent pairs that collide, the earlier first; None where the next call has to compare more.

        Each is compared once while the documents are as they were (`jid`), and once in a round: in a call at most
        `COMPARED_MAX` of those about one value, fewer of others, so that the next call goes on.
        """
        self._follow(ready)
        if begun != self._begun and jid != self._jid:
            self._reopen(documents)
            self._jid, self._gone = jid, 0
        elif self._due and jid != self._jid:
            self._jid = -1
        self._begun = begun
        left = COMPARED_MAX
        while self._due and left > 0:
            pair = self._due.pop()
            if self._is_here(pair):
                place = pair.place
                left -= 1 if place is not None else FORK_COSTS
                pair.collides = collides(pair.one.entry, pair.other.entry)
                now = self._look_at(place, documents) if place is not None else None
                if place is not None and self._compared_at.setdefault(place, now) != now:
                    self._compared_at[place] = None  # at several
                if pair.collides:
                    self._edges.append(pair)
        if self._due:
            return None
        return [(pair.one.entry, pair.other.entry) for pair in self._edges if self._is_here(pair)]

    def _reopen(self, documents: Documents) -> None:
        """Have everything compared anew that the documents may have changed; plans about a value only where it has."""
        self._pairs = [pair for pair in self._pairs if self._is_here(pair)]
        same = {place: self._look_at(place, documents) == was for place, was in self._compared_at.items()}
        self._compared_at = {place: was for place, was in self._compared_at.items() if same[place]}
        for pair in self._pairs:
            place = pair.place
            if place is None or not same.get(place) or self._compared_at[place] is None:
                pair.collides = None
        self._due = [pair for pair in reversed(self._pairs) if pair.collides is None]
        self._edges = [pair for pair in self._pairs if pair.collides]

    def _look_at(self, place: Place, documents: Documents) -> Standing | None:
        """Return what stands at a place now, looked up once for a version of its document."""
        document = documents.get(place[0])
        if document is None:
            return None
        version, standing = self._standing.get(place, (-1, None))
        if version != document.version:
            standing = find_standing(document, place[1])
            self._standing[place] = (document.version, standing)
        return standing

    def collides(self, one: Entry, other: Entry, documents: Documents, *, jid: int, begun: int, client: int) -> bool:
        """Return what a comparison of two plans comes to, made once for a state of the documents or a round."""
        assert one.plan is not None, "L2 compares plans"
        assert other.plan is not None, "L2 compares plans"
        found = self._compare_values(one, other, documents)
        if found is not None:
            return found
        kept = self._kept.get((one.id, other.id))
        if kept is not None and kept[0] is one.plan and kept[1] is other.plan and (kept[2] == jid or kept[3] == begun):
            return kept[4]
        found = do_collide(one, other, documents, client=client)
        self._kept[(one.id, other.id)] = (one.plan, other.plan, jid, begun, found)
        return found

    def _compare_values(self, one: Entry, other: Entry, documents: Documents) -> bool | None:
        """Compare two plans that each do one thing to the same value; None where they are not of that kind."""
        mine, theirs = self._single(one), self._single(other)
        if mine is None or theirs is None or (mine.doc, mine.path) != (theirs.doc, theirs.path):
            return None
        standing = self._look_at((mine.doc, mine.path), documents)
        return None if standing is None else collide_at(standing, mine, theirs)

    def _single(self, entry: Entry) -> SingleValue | None:
        touched = self._touched.get(entry.id)
        return touched.single if touched is not None and touched.plan is entry.plan else None

    def forget(self, ids: Collection[str]) -> None:
        """Let go of what was kept of intents."""
        for id in ids:
            self._leave(id)
        if self._kept:
            gone = set(ids)
            self._kept = {pair: kept for pair, kept in self._kept.items() if gone.isdisjoint(pair)}

    def _follow(self, ready: Sequence[Entry]) -> None:
        """Lay out those that are ready now, and nobody else, and hold the new ones against all."""
        plans = {entry.id: entry.plan for entry in ready}
        for id in [id for id, touched in self._touched.items() if plans.get(id) is not touched.plan]:
            self._leave(id)
        for entry in ready if len(self._touched) < len(ready) else ():
            if entry.id not in self._touched:
                self._enter(touched_by(entry))
        assert len(self._touched) == len(ready), "those that are ready lie here"

    def _is_here(self, pair: Pair) -> bool:
        touched = self._touched
        return touched.get(pair.one.entry.id) is pair.one and touched.get(pair.other.entry.id) is pair.other

    def _enter(self, mine: Touched) -> None:
        entry = mine.entry
        for other in self._near(mine):
            if are_concurrent(entry.stamp, other.stamp):
                theirs = self._touched[other.id]
                pair = Pair(mine, theirs) if entry.seq < other.seq else Pair(theirs, mine)
                self._pairs.append(pair)
                self._due.append(pair)
        self._touched[entry.id] = mine
        self._outright.put(entry, mine.outright)
        self._added_to.put(entry, mine.added_to)
        self._read.put(entry, mine.read)

    def _leave(self, id: str) -> None:
        touched = self._touched.pop(id, None)
        if touched is None:
            return
        self._outright.take(touched.entry, touched.outright)
        self._added_to.take(touched.entry, touched.added_to)
        self._read.take(touched.entry, touched.read)
        # Pairs of who has left are dropped when they are as many as the others: not with each of them anew.
        self._gone += 1
        if self._gone > len(self._touched):
            self._gone = 0
            self._pairs, self._due, self._edges = (
                [pair for pair in pairs if self._is_here(pair)] for pairs in (self._pairs, self._due, self._edges)
            )
        if not self._touched:
            self._standing.clear()
            self._compared_at.clear()

    def _near(self, mine: Touched) -> Collection[Entry]:
        """Return those that write where a plan writes, or read what it writes and write what it reads."""
        found = _by_seq(self._outright, mine.outright | mine.added_to) | _by_seq(self._added_to, mine.outright)
        if mine.read:
            writers = _by_seq(self._outright, mine.read) | _by_seq(self._added_to, mine.read)
            readers = _by_seq(self._read, mine.outright | mine.added_to) if writers else {}
            found |= {seq: one for seq, one in writers.items() if seq in readers}
        return found.values()


def _by_seq(shelves: Shelves[Entry], places: Iterable[Shelf]) -> dict[int, Entry]:
    found = dict[int, Entry]()
    for row in shelves.rows(places) if places else ():
        found |= row.by_seq
    return found


def touched_by(entry: Entry) -> Touched:
    """Return where a ready plan works, as far as its names say it."""
    plan = entry.plan
    assert plan is not None, "a ready intent has a plan"
    outright, added_to = set[Shelf](), set[Shelf]()
    for op in plan.ops:
        shelf = shelf_of(op.doc, op.path if isinstance(op, ValueOp | ListOp) else ())
        (added_to if is_relative(op) else outright).add(shelf)
    read = {
        shelf_of(reading.doc, reading.path if reading.from_ is None else ())
        for reading in plan.reads
        if reading.strong and not reading.is_of_item
    }
    single = find_single(plan.ops, plan.reads)
    return Touched(entry, plan, frozenset(outright), frozenset(added_to), frozenset(read), single)
