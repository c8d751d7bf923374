"""What people are shown of the intents under way: what the log says of each, until the sequencer knows better.

An `Entry` is a fold of the log and nobody else's to write. That an intent is being planned, waits for its author's own
edits or for those before it, is in no record and may be lost: it is kept here, beside the log, and given up as soon as
a record says where the intent stands. While nothing is in flight, what is shown is what the log says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from crdt.operations.ops import ListOp, ValueOp
from workspace.intents.model.bodies import PlanBody
from workspace.intents.model.intent import LIVE, Scope, State, States
from workspace.intents.state.board import Board, Entry
from workspace.intents.state.live_index import LiveIndex
from workspace.intents.state.shelves import InOrder, Shelf

Stand = tuple[State, tuple[str, ...], str]  # the state, whom it waits for, why


@dataclass(slots=True)
class Live:
    """Where one intent under way stands as the sequencer knows it, and as people were told last."""

    state: State
    waits_for: tuple[str, ...] = ()
    reason: str = ""
    shown: Stand = ("queued", (), "")

    @property
    def stands(self) -> Stand:
        """Where it stands now: state, whom it waits for, why."""
        return self.state, self.waits_for, self.reason


@dataclass(slots=True)
class LiveBoard:
    """Where each intent under way stands, by its id, and all of them laid out so that they are found."""

    by_id: dict[str, Live] = field(default_factory=dict)
    index: LiveIndex[Entry] = field(default_factory=LiveIndex)
    by_lane: dict[str, InOrder[Entry]] = field(default_factory=dict)
    _needy: InOrder[Entry] = field(default_factory=InOrder)

    @staticmethod
    def of_board(board: Board) -> LiveBoard:
        """Return what is known where nothing but the log is: after an opening."""
        live = LiveBoard()
        live.follow(board.live.values())
        live.all_shown()
        assert live.by_id.keys() == board.live.keys(), "everybody under way is here, and nobody else"
        return live

    def of(self, entry: Entry) -> Live:
        """Return where an intent under way stands."""
        return self.by_id[entry.id]

    def state_of(self, entry: Entry) -> State:
        """Return the state of any intent: as it is known here while it is under way, else as the log says."""
        live = self.by_id.get(entry.id)
        return entry.state if live is None else live.state

    def stands(self, entry: Entry) -> Stand:
        """Return where any intent stands: as it is known here while it is under way, else as the log says."""
        live = self.by_id.get(entry.id)
        return entry.stands if live is None else live.stands

    def follow(self, moved: Iterable[Entry]) -> None:
        """Take over what a record has made of these intents; whoever sleeps behind them looks again."""
        for entry in moved:
            live = self.by_id.get(entry.id)
            if live is None:
                if entry.is_live:
                    self._begin(entry)
                continue
            if not entry.is_live:
                self._end(entry, live.state)
                continue
            if entry.plan is not None:
                self.index.reach(entry, shelves_of_plan(entry.plan), live.state)
            # Also where the state stays: a plan may lie elsewhere now, or the words may be others.
            self.index.wake(entry.id)
            self.move(entry, entry.state, waits_for=entry.waits_for, reason=entry.reason)

    def _begin(self, entry: Entry) -> None:
        assert entry.id not in self.by_id, "an intent begins once"
        shelves = None if entry.body.scope is None else shelves_of_scope(entry.body.scope)
        self.by_id[entry.id] = Live(entry.state, entry.waits_for, entry.reason)
        self.index.add(entry, entry.state, shelves=shelves, has_deadline=entry.body.deadline is not None)
        self.by_lane.setdefault(entry.body.lane, InOrder()).put(entry)
        if entry.body.needs:
            self._needy.put(entry)
        if entry.plan is not None:
            self.index.reach(entry, shelves_of_plan(entry.plan), entry.state)

    def needy(self) -> list[Entry]:
        """Return the queued and parked intents that depend on edits of their authors, in log order; not who sleeps."""
        states, by_seq = self.index.by_state, self._needy.by_seq
        found = [by_seq[seq] for seq in self._needy.seqs]
        waiting = (states.get(States.QUEUED, {}), states.get(States.PARKED, {}))
        return [entry for entry in found if any(entry.id in here for here in waiting)]

    def _end(self, entry: Entry, state: State) -> None:
        self.index.drop(entry, state)
        del self.by_id[entry.id]
        if entry.body.needs:
            self._needy.take(entry)
        mates = self.by_lane[entry.body.lane]
        mates.take(entry)
        if not mates.seqs:
            del self.by_lane[entry.body.lane]

    def move(self, entry: Entry, state: State, *, waits_for: tuple[str, ...], reason: str) -> None:
        """Note where an intent stands now, whatever the log says; people are told by the turn."""
        assert state in LIVE, "an end is a verdict's to give"
        live = self.by_id[entry.id]
        # Who is queued behind others need not be awaited, and who is free again must be.
        if bool(live.waits_for) != bool(waits_for) and live.state == state != States.READY:
            self.index.wake(entry.id)
        old, live.state, live.waits_for, live.reason = live.state, state, waits_for, reason
        self.index.move(entry, old, state)

    def all_shown(self) -> None:
        """Take everybody to have been shown where all of these stand: whoever comes is told anew."""
        for live in self.by_id.values():
            live.shown = live.stands
        self.index.moved.clear()


def shelves_of_scope(scope: Iterable[Scope]) -> set[Shelf]:
    """Return the shelves on which an intent lies by where its author points."""
    return {shelf_of(part.doc, path) for part in scope for path in part.keys or ((),)}


def shelves_of_plan(plan: PlanBody) -> set[Shelf]:
    """Return the shelves on which a plan lies: where it writes, and what it read strongly."""
    writes = {shelf_of(op.doc, op.path if isinstance(op, ValueOp | ListOp) else ()) for op in plan.ops}
    reads = {
        shelf_of(reading.doc, reading.path if reading.from_ is None else ())
        for reading in plan.reads
        if reading.strong and not reading.is_of_item
    }
    return writes | reads


def shelf_of(doc: str, path: tuple[str | int, ...]) -> Shelf:
    """Return the shelf of a path in a document, or of any place in it."""
    # A number may come to be another one: what stands under it lies where anything of the document may.
    return (doc, path[0]) if path and isinstance(path[0], str) else (doc, None)
