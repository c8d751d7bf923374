"""What a sequencer holds beside the fold: everything that is not in the log and need not be.

All of it can be lost at any moment: after a crash it is rebuilt empty, and every live intent goes on from its records.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field

from crdt.operations.execute import Executed
from workspace.errors import LogCorrupt
from workspace.intents.model.bodies import PlanBody
from workspace.intents.model.bounds import DEFAULT_BOUNDS, RESERVED_IDS, Bounds
from workspace.intents.model.intent import Kinds
from workspace.intents.model.oracle import Item, Judgement, Pair
from workspace.intents.model.plan import Snapshot
from workspace.intents.rules.conflict import Area, areas_of, do_collide, overlap
from workspace.intents.state.board import Entry
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.live_board import LiveBoard
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
    tried: tuple[int, PlanBody | None] = (-1, None)
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
    has_judge: bool = False
    quick: Quick | None = None
    bounds: Bounds = DEFAULT_BOUNDS
    harmless: set[Pair] = field(default_factory=set)
    plans: int = 0
    areas: dict[str, tuple[int, int, PlanBody | None, tuple[Area, ...] | None]] = field(default_factory=dict)
    compared: dict[tuple[str, str], tuple[PlanBody | None, PlanBody | None, int, int, bool]] = field(
        default_factory=dict
    )
    # Whether this server has begun to send what others had left; one that opens while the agent is stopped has not.
    sends: bool = False
    judging: set[Pair] = field(default_factory=set)
    merging: set[tuple[str, ...]] = field(default_factory=set)
    turn: int = 0
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
        areas = self.areas_of(entry)
        return self.live() if areas is None else self.lives.index.near({area.doc for area in areas})

    def areas_of(self, entry: Entry) -> tuple[Area, ...] | None:
        """Return where a live intent works as the documents are now; looked up once for each state of them."""
        jid, count = self.fold.jid, len(self.fold.documents)
        kept = self.areas.get(entry.id)
        if kept is None or kept[0] != jid or kept[1] != count or kept[2] is not entry.plan:
            kept = self.areas[entry.id] = (jid, count, entry.plan, areas_of(entry, self.fold.documents))
        return kept[3]

    def may_meet(self, one: Entry, other: Entry) -> bool:
        """L1: tell whether two live intents may touch the same place."""
        return overlap(self.areas_of(one), self.areas_of(other))

    def collides(self, one: Entry, other: Entry) -> bool:
        """L2 for two planned intents, worked out once for a state of the documents.

        What was found holds within a turn, too: there only commits change the documents, and each commit is of a plan
        that was compared with both of these.
        """
        assert one is not other, "nothing collides with itself"
        kept = self.compared.get((one.id, other.id))
        is_same = kept is not None and kept[0] is one.plan and kept[1] is other.plan
        if kept is not None and is_same and (kept[2] == self.fold.jid or kept[3] == self.turn):
            return kept[4]
        self.subject = one.id
        found = do_collide(one, other, self.fold.documents, client=self.scratch_client)
        self.compared[(one.id, other.id)] = (one.plan, other.plan, self.fold.jid, self.turn, found)
        return found

    def is_halted(self, entry: Entry) -> bool:
        """Tell whether an intent waits because the agent is stopped; an undo is a person's act and goes on."""
        return self.fold.stops.is_on and entry.body.kind != Kinds.UNDO

    def forget_ended(self) -> None:
        """Let go of what was kept for intents that have their verdict."""
        live = self.fold.board.live
        if len(self.progress) != len(live):
            for id in self.progress.keys() - live.keys():
                del self.progress[id]
                self.areas.pop(id, None)
            self.compared = {pair: kept for pair, kept in self.compared.items() if pair[0] in live and pair[1] in live}
        assert len(self.progress) == len(live), "of everybody under way it is known how far that has come"

    @property
    def scratch_client(self) -> int:
        """A Yjs client id for throwaway forks, never used in a document that lives."""
        return self.client ^ 1


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
