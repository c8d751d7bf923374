"""What a sequencer holds beside the fold: everything that is not in the log and need not be.

All of it can be lost at any moment: after a crash it is rebuilt empty, and every live intent goes on from its records.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from heapq import merge
from operator import attrgetter

from crdt.operations.execute import Executed
from workspace.errors import LogCorrupt
from workspace.intents.model.bodies import PlanBody
from workspace.intents.model.bounds import DEFAULT_BOUNDS, RESERVED_IDS, Bounds
from workspace.intents.model.intent import Kinds
from workspace.intents.model.oracle import Item, Judgement, Pair
from workspace.intents.model.plan import Snapshot
from workspace.intents.rules.comparisons import Comparisons
from workspace.intents.rules.conflict import Area, areas_of, is_fixed, overlap
from workspace.intents.state.board import Entry
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.live_board import LiveBoard, shelf_of
from workspace.intents.state.shelves import Shelf
from workspace.intents.state.trials import Trials
from workspace.intents.steps.runs import Runs

Quick = Callable[[Item, Item], Judgement | None]


@dataclass(slots=True)
class Progress:
    """How far one live intent has come since it was accepted or recovered; times in unix seconds."""

    since: float
    turn: int
    attempt: int = 0
    ask: int = 0
    ready_at: float = 0.0
    base: Snapshot | None = None
    footprint: dict[str, Executed] | None = None
    resyncs: int = 0
    # Why its last plan no longer held, until there is another: a planner that was stopped meanwhile is asked again.
    stale: str = ""
    compared: int = -1
    # What the judge was asked about it, and when that was: by the number of plans and of answers there were.
    asked: tuple[Pair, ...] = ()
    asked_at: tuple[int, int] = (-1, -1)
    # When somebody must be looked for again whom it awaits, though nobody moved; the state in which it awaited nobody.
    awaits_until: float = 0.0
    awaits_at: tuple[int, ...] = ()
    free_at: tuple[int, ...] = ()
    # What the planner shows now, by document, and what it said it was doing, newest last.
    drafts: dict[str, str] = field(default_factory=dict)
    steps: tuple[str, ...] = ()


@dataclass(slots=True)
class KernelState:
    """The sequencer's whole state. `client` is the Yjs client id under which it writes in this epoch (semantics F2)."""

    ws: str
    epoch: int
    client: int
    fold: WorkspaceState
    lives: LiveBoard = field(init=False)
    runs: Runs = field(default_factory=Runs)
    progress: dict[str, Progress] = field(default_factory=dict)
    online: set[str] = field(default_factory=set)
    sent: dict[tuple[str, str], int] = field(default_factory=dict)
    synced: dict[tuple[str, str], int] = field(default_factory=dict)
    # By document and Yjs id, up to where a rule of rights has kept edits out: nothing that builds on them ever comes.
    barred: dict[tuple[str, int], int] = field(default_factory=dict)
    # By lane and document: how much its socket had sent when an edit of it was last kept out, and in which turn.
    barred_at: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    has_judge: bool = False
    quick: Quick | None = None
    bounds: Bounds = DEFAULT_BOUNDS
    # Dicts in place of sets: an empty set takes 150 bytes more, and in most rooms nothing is under way.
    harmless: dict[Pair, None] = field(default_factory=dict)
    plans: int = 0
    areas: dict[str, tuple[tuple[int, int], PlanBody | None, tuple[Area, ...] | None]] = field(default_factory=dict)
    # Live intents of which a change of a document may move where they work.
    adrift: dict[str, None] = field(default_factory=dict)
    # Made where the first plan is ready: of most workspaces most of the time none is, and they take two kilobytes.
    _trials: Trials | None = None
    _comparisons: Comparisons | None = None
    # Whether this server has begun to send what others had left; one that opens while the agent is stopped has not.
    sends: bool = False
    judging: dict[Pair, None] = field(default_factory=dict)
    merging: dict[tuple[str, ...], None] = field(default_factory=dict)
    turn: int = 0
    # The turn in which the round was begun that goes on now, and whether it has yet to come to rest.
    begun: int = 0
    is_unsettled: bool = False
    # Whether documents are read beside the kernel without which no step is quick: the round rests until then.
    awaits_readings: bool = False
    steps: int = 0
    now: float = 0.0
    # When the round was last taken: a person's edit moves the time on without it.
    settled: float = 0.0
    # The intent that is being worked on: where a turn raises, it is the one that made it raise.
    subject: str = ""

    def __post_init__(self) -> None:
        self.lives = LiveBoard.of_board(self.fold.board)

    def progress_of(self, entry: Entry) -> Progress:
        """Return the work state of a live intent."""
        return self.progress[entry.id]

    def live(self) -> list[Entry]:
        """Return the intents without a verdict, in log order."""
        return list(self.fold.board.live.values())

    def neighbours(self, entry: Entry) -> list[Entry]:
        """Return the live intents that may work where this one does, itself included; some may turn out not to."""
        return self.lives.index.near(_shelves(self.areas_of(entry)))

    def known_near(self, entry: Entry) -> Iterator[Entry]:
        """Yield the live intents that its author knew of and that may work where it does, the latest first.

        Those of its own lane are all named: an intent's own past is little.
        """
        lives, seen, last = self.lives, min(entry.body.seen, entry.seq - 1), -1
        parts = [row.until(seen) for row in lives.index.shelves.rows(_shelves(self.areas_of(entry)))]
        for other in merge(*parts, lives.by_lane[entry.body.lane].until(entry.seq - 1), key=_later, reverse=True):
            if other.seq != last:
                last = other.seq
                yield other

    def unready_near(self, entry: Entry) -> Iterator[Entry]:
        """Yield the live intents without a ready plan that may work where this one does, newly come ones first."""
        told = set[int]()
        for row in self.lives.index.unready.rows(_shelves(self.areas_of(entry))):
            for other in row.latest():
                if other.seq not in told:
                    told.add(other.seq)
                    yield other

    def areas_of(self, entry: Entry) -> tuple[Area, ...] | None:
        """Return where a live intent works as the documents are now; looked up once where no edit can move that."""
        kept, count = self.areas.get(entry.id), len(self.fold.documents)
        state = (self.fold.jid if entry.id in self.adrift else -1, count)
        if kept is not None and kept[0] == state and kept[1] is entry.plan:
            return kept[2]
        if is_fixed(entry):
            self.adrift.pop(entry.id, None)
        else:
            self.adrift[entry.id] = None
        state = (self.fold.jid if entry.id in self.adrift else -1, count)
        areas = areas_of(entry, self.fold.documents)
        self.areas[entry.id] = (state, entry.plan, areas)
        return areas

    def places_at(self) -> tuple[int, int]:
        """Return a name of all that moves places without anybody's moving: documents come and go, anchors shift."""
        return (self.fold.jid if self.adrift else -1, len(self.fold.documents))

    @property
    def trials(self) -> Trials:
        """The ready plans that were tried, and what they stand on."""
        if self._trials is None:
            self._trials = Trials()
        return self._trials

    @property
    def comparisons(self) -> Comparisons:
        """The ready plans, held against each other."""
        if self._comparisons is None:
            self._comparisons = Comparisons()
        return self._comparisons

    def may_meet(self, one: Entry, other: Entry) -> bool:
        """L1: tell whether two live intents may touch the same place."""
        return overlap(self.areas_of(one), self.areas_of(other))

    def collides(self, one: Entry, other: Entry) -> bool:
        """L2 for two planned intents, worked out once for a state of the documents.

        What was found holds within a round, too: there only commits change the documents, and each commit is of a plan
        that was compared with both of these.
        """
        assert one is not other, "nothing collides with itself"
        self.subject = one.id
        return self.comparisons.collides(
            one, other, self.fold.documents, jid=self.fold.jid, begun=self.begun, client=self.scratch_client
        )

    def is_halted(self, entry: Entry) -> bool:
        """Tell whether an intent waits because the agent is stopped; an undo is a person's act and goes on."""
        return self.fold.stops.is_on and entry.body.kind != Kinds.UNDO

    def forget_ended(self) -> None:
        """Let go of what was kept for intents that have their verdict."""
        live = self.fold.board.live
        if len(self.progress) != len(live):
            ended = self.progress.keys() - live.keys()
            if self._comparisons is not None:
                self._comparisons.forget(ended)
            for id in ended:
                del self.progress[id]
                self.areas.pop(id, None)
                self.adrift.pop(id, None)
                if self._trials is not None:
                    self._trials.forget(id)
        assert len(self.progress) == len(live), "of everybody under way it is known how far that has come"

    @property
    def scratch_client(self) -> int:
        """A Yjs client id for throwaway forks, never used in a document that lives."""
        return self.client ^ 1


_later = attrgetter("seq")


def _shelves(areas: tuple[Area, ...] | None) -> set[Shelf] | None:
    return None if areas is None else {shelf_of(area.doc, area.path or ()) for area in areas}


def writer_client(used: Container[int], chance: int) -> int:
    """Return the Yjs client id of a workspace's sequencer in one epoch: from the server's own range, and new.

    Of two concurrent writes to one key the higher id wins (semantics F3): a hand edit that was on its way when the
    agent committed is newer to its author than the commit, so it must not lose. Within the range the id is drawn by
    lot: a server that was set back to a copy of yesterday does not write under the ids that people have of it, and
    nobody can take one before it is used. Ids are even, because forks that are thrown away use the odd one beside.
    """
    # Decision 74: by lot, so that a server set back to yesterday's copy writes under ids that nobody holds.
    first = chance % (RESERVED_IDS // 2 - 1)
    for step in range(RESERVED_IDS // 2 - 1):
        client = 2 + 2 * ((first + step) % (RESERVED_IDS // 2 - 1))
        assert client % 2 == 0, "odd ids are for forks that are thrown away"
        assert 0 < client < RESERVED_IDS, "a hand edit has the higher id, and wins"
        if client not in used:
            return client
    raise LogCorrupt("every Yjs client id of the server's range has been used in this workspace")
