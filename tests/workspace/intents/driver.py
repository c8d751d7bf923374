"""A whole workspace without sockets or disk: the real sequencer, a clock moved by hand, a planner that answers on call.

Everything the sequencer lets out is kept; what would be on disk is kept too, so that a run can crash and recover.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from crdt.digest import digest_text
from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.documents.pycrdt_document import DocumentKind
from crdt.operations.item_readings import Reading
from crdt.operations.ops import Increment, Op, Replace, SetValue, hash_of_value
from crdt.updates.scan import scan_update
from tests.support.live_board import shown_amiss, unlike_the_log
from tests.support.screen import Screen
from workspace.intents.audit.verify import verify
from workspace.intents.audit.what_if import decide_again
from workspace.intents.model.bodies import ConfigBody, PolicyConfig, VerdictBody
from workspace.intents.model.document_acts import ActName, DocumentAct
from workspace.intents.model.events import (
    Acked,
    Configured,
    Edited,
    Event,
    Nacked,
    Notice,
    Outcome,
    PlanFailed,
    Proposed,
    Submitted,
    Ticked,
)
from workspace.intents.model.intent import IntentFrame, Role, Scope
from workspace.intents.model.oracle import JudgeTask, MergeTask
from workspace.intents.model.plan import Planned, Task
from workspace.intents.model.record import Row, read_row
from workspace.intents.model.requests import AskJudge, AskMerger, AskPlanner
from workspace.intents.model.role_rules import RoleRule
from workspace.intents.recovery import open_sequencer
from workspace.intents.rules.document_acts import changes_nothing, refuse_act
from workspace.intents.sequencer import Sequencer
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.replay import fold_log
from workspace.ports import JournalRow, SnapshotRow, WorkspaceRow
from workspace.store.memory import MemoryStore

DOCUMENTS: dict[str, DocumentKind] = {"plan": "text", "budget": "data"}
# How much a page holds for what is looked at after every event to be as fast as the tests.
LOOKED_AT_MAX, ROWS_LOOKED_AT_MAX = 40, 300
TEXT = "First line.\nSecond line.\nThird line.\n"
PLACES = (Scope("plan"), Scope("budget"))


def joined(one: Outcome, other: Outcome) -> Outcome:
    """Return what two turns of one round led to, as one."""
    parts = ("records", "journal", "notices", "requests", "blobs")
    return msgspec.structs.replace(one, **{part: getattr(one, part) + getattr(other, part) for part in parts})


@dataclass
class Driver:
    """One workspace in memory. `now` is moved by `wait`."""

    policy: PolicyConfig = field(default_factory=PolicyConfig)
    now: float = 1_000.0
    rows: list[Row] = field(default_factory=list)
    journal: list[JournalRow] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    hands: dict[tuple[str, str], Document] = field(default_factory=dict)
    epoch: int = 0
    start: int = 0
    has_judge: bool = False
    judge_tasks: list[JudgeTask] = field(default_factory=list)
    merge_tasks: list[MergeTask] = field(default_factory=list)
    snapshots: list[SnapshotRow] = field(default_factory=list)
    # A page that is open all the time, while there is not too much on it.
    screen: Screen = field(default_factory=Screen)
    # The records so far, folded by themselves; no document is needed for who stands where.
    folded: WorkspaceState = field(default_factory=lambda: WorkspaceState(client=2))

    def __post_init__(self) -> None:
        self.open()
        self.handle(Configured("Owner", ConfigBody(name="w", documents=DOCUMENTS, policy=self.policy)))
        self.type("Owner", "plan", lambda document: document.insert_text(0, TEXT))
        self.type("Owner", "budget", lambda document: set_path(document, ("price",), 100))
        self.wait(0.3)
        self.start = self.sequencer.fold.seq

    def open(self) -> None:
        """Open (again) from what is on disk; everything else is forgotten, as after a crash."""
        self.epoch += 1
        self.tasks.clear()
        self.sequencer, outcome = open_sequencer(
            "w",
            epoch=self.epoch,
            rows=self.rows,
            journal=self.journal,
            now=self.now,
            versions={"test": "1", "documents": "2", "plans": "2"},
            has_judge=self.has_judge,
        )
        self.screen, self.folded = Screen(), WorkspaceState(client=2)
        self._keep(outcome)
        if len(self.rows) <= ROWS_LOOKED_AT_MAX:
            self.screen = Screen.opened(self.sequencer, self.rows, 0)

    def handle(self, event: Event) -> Outcome:
        """Put one event through, and make its outcome durable."""
        outcome = self.sequencer.handle(event, self.now)
        self._keep(outcome)
        # As a room does: a round that has not come to rest goes on.
        while not self.sequencer.is_settled:
            more = self.sequencer.handle(Ticked(), self.now)
            self._keep(more)
            outcome = joined(outcome, more)
        self._look()
        return outcome

    def _look(self) -> None:
        """The board is the log's, and a page opened at this moment shows what one does that was open all the time."""
        board = self.sequencer.fold.board
        if len(board.live) > LOOKED_AT_MAX or len(self.rows) > ROWS_LOOKED_AT_MAX:
            return
        moved = [entry.id for row in self.rows[self.folded.seq :] for entry in self.folded.apply(read_row(row))]
        looked_at = board.entries if len(board.entries) <= LOOKED_AT_MAX else {*board.live, *moved}
        amiss = unlike_the_log(board, self.folded.board, looked_at) + shown_amiss(self.sequencer)
        assert not amiss, amiss
        for seen in (self.sequencer.fold.seq, self.start):
            late = Screen.opened(self.sequencer, self.rows, seen)
            shown, there = late.live(), self.screen.live()
            assert shown == there, f"after {seen}: {differing(shown, there)}"

    def _keep(self, outcome: Outcome) -> None:
        self.rows += [record.row for record in outcome.records]
        self.journal += [JournalRow(r.jid, r.doc, r.lane, r.actor, r.update) for r in outcome.journal]
        self.notices += outcome.notices
        for notice in outcome.notices if len(self.rows) <= ROWS_LOOKED_AT_MAX else ():
            self.screen.tell(notice)
        if any(record.kind == "checkpoint" for record in outcome.records):
            self._snapshot()
        for wish in outcome.requests:
            if isinstance(wish, AskPlanner):
                self.tasks[wish.task.intent] = wish.task
            elif isinstance(wish, AskJudge):
                self.judge_tasks.append(wish.task)
            elif isinstance(wish, AskMerger):
                self.merge_tasks.append(wish.task)

    def _snapshot(self) -> None:
        """Keep the states of what has changed, as a room does with a checkpoint."""
        fold = self.sequencer.fold
        for doc in self.sequencer.changed_documents():
            document = fold.documents[doc]
            self.snapshots.append(SnapshotRow(doc, fold.jid, document.encode(), document.digest()))

    async def stored(self) -> MemoryStore:
        """Return a store that holds everything so far."""
        store = MemoryStore()
        await store.create_workspace(WorkspaceRow("w", "w", "now"))
        kept = store._workspaces["w"]
        kept.log, kept.journal, kept.snapshots = list(self.rows), list(self.journal), list(self.snapshots)
        return store

    def wait(self, seconds: float) -> None:
        """Let time pass, ticking whenever the sequencer wants it."""
        end = self.now + seconds
        while (due := self.sequencer.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.handle(Ticked())
        self.now = end
        self.handle(Ticked())

    # ------------------------------------------------------------ people

    def ask(
        self, actor: str, text: str = "do it", *, seen: int | None = None, role: str = "editor", **more: object
    ) -> str:
        """Send an intent on the actor's lane; return its id, or the nack's code in capitals."""
        lane = str(more.pop("lane", f"L{actor}"))
        n = int(str(more.pop("n", self.counts.get(lane, 0) + 1)))
        stamp = self.sequencer.fold.seq if seen is None else seen
        frame = IntentFrame(n=n, text=text, seen=stamp, **more)  # type: ignore[arg-type]
        delivered = self.sequencer.fold.seq
        outcome = self.handle(Submitted(lane, actor, role, frame, delivered, "r"))  # type: ignore[arg-type]
        for notice in outcome.notices:
            if isinstance(notice, Acked):
                self.counts[lane] = n
                return notice.id
            if isinstance(notice, Nacked):
                return notice.refusal.code.upper()
        raise AssertionError("an intent is answered")

    def type(self, actor: str, doc: str, change: object, *, role: Role = "editor") -> Outcome | None:
        """Edit a document by hand, as a client in sync would."""
        live = self.sequencer.fold.documents[doc]
        key = (actor, doc)
        if key not in self.hands:
            self.hands[key] = Document(live.kind, client=1_000_000 + len(self.hands))
        hand = self.hands[key]
        hand.apply(live.encode(hand.encode_state_vector()))
        with hand.transaction() as done:
            change(hand)  # type: ignore[operator]
        outcome = None
        for applied in done:
            event = Edited(f"S{actor}", actor, doc, applied.update, scan_update(applied.update), role=role)
            outcome = self.handle(event)
        return outcome

    def rule(self, place: str, *rules: RoleRule) -> None:
        """Give a place its rules of rights, as an owner would; none takes them back."""
        self.handle(Configured("Olga", ConfigBody(rights={place: rules}), "owner"))

    def act(self, do: ActName, doc: str = "plan", name: str = "") -> None:
        """Do something with a document as a whole, as its owner would over HTTP, where that may be and changes it."""
        catalog = self.sequencer.fold.catalog
        act = DocumentAct(do, doc, name, was=catalog.name_of(doc))
        if refuse_act(catalog, act, documents_max=200) is None and not changes_nothing(catalog, act):
            self.handle(Configured("Olga", ConfigBody(acts=(act,)), "owner"))

    # ------------------------------------------------------------ the planner

    def plan(
        self,
        intent: str,
        ops: list[Op] | None = None,
        *,
        reads: tuple[Reading, ...] = (),
        serves: tuple[str, ...] | None = None,
        acts: tuple[DocumentAct, ...] = (),
    ) -> None:
        """Answer the planner's open task for an intent; without a word about it, for all that joined it, too."""
        task = self.tasks.pop(intent)
        served = tuple(steer.intent for steer in task.steers) if serves is None else serves
        planned = Planned(ops=tuple(ops or ()), summary="planned", reads=reads, serves=served, acts=acts)
        self.handle(Proposed(intent, task.attempt, planned))

    def fail(self, intent: str) -> None:
        """Let the planner fail."""
        task = self.tasks.pop(intent)
        self.handle(PlanFailed(intent, task.attempt, "the model is away"))

    def replace(self, intent: str, old: str, new: str) -> None:
        """Plan a text replacement on the task's own snapshot."""
        image = self.tasks[intent].snapshot.documents["plan"]
        document = Document("text", client=6, updates=(image.state,))
        start = document.text().index(old)
        place = place_range(document, start, start + len(old))
        op = Replace("plan", place.start.encode(), place.end.encode(), digest_text(old), new)
        self.plan(intent, [op])

    def set(self, intent: str, key: str, value: object) -> None:
        """Plan to set a value, on the task's own snapshot."""
        image = self.tasks[intent].snapshot.documents["budget"]
        document = Document("data", client=6, updates=(image.state,))
        self.plan(intent, [SetValue("budget", (key,), value, hash_of_value(document, (key,)))])

    def add(self, intent: str, key: str, by: int) -> None:
        """Plan to add to a number."""
        self.plan(intent, [Increment("budget", (key,), by)])

    # ------------------------------------------------------------ looking

    def state(self, intent: str) -> str:
        """Return where an intent stands."""
        return self.sequencer.lives.state_of(self.sequencer.fold.board.entries[intent])

    def stands(self, intent: str) -> tuple[str, tuple[str, ...], str]:
        """Return where an intent stands, whom it waits for, and why."""
        return self.sequencer.lives.stands(self.sequencer.fold.board.entries[intent])

    def verdict(self, intent: str) -> VerdictBody:
        """Return an intent's verdict."""
        verdict = self.sequencer.fold.board.entries[intent].verdict
        assert verdict is not None, self.state(intent)
        return verdict

    def text(self) -> str:
        """Return the text document."""
        return self.sequencer.fold.documents["plan"].text()

    def value(self, key: str) -> object:
        """Return one value."""
        value = self.sequencer.fold.documents["budget"].value()
        return value.get(key)

    @property
    def question(self) -> str:
        """The id of the only open question."""
        (id,) = self.sequencer.fold.board.questions
        return id


def two_prices(driver: Driver) -> tuple[str, str]:
    """Let Ana and Ben set one price, unseen by each other."""
    seen = driver.sequencer.fold.seq
    ana, ben = driver.ask("Ana", "set 1", seen=seen), driver.ask("Ben", "set 2", seen=seen)
    driver.set(ana, "price", 1)
    driver.set(ben, "price", 2)
    driver.wait(0.4)
    return ana, ben


def sound(driver: Driver) -> None:
    """The log verifies, replays to the same state and the same ends, and its policies decide the same again."""
    report = verify(driver.rows, driver.journal)
    assert report.ok, report
    fold, live = fold_log(driver.rows, driver.journal), driver.sequencer.fold
    assert fold.state() == live.state()
    assert [one.verdict for one in fold.board.entries.values()] == [one.verdict for one in live.board.entries.values()]
    again = decide_again(driver.rows, driver.journal)
    assert (again.first, again.unsound) == (None, ())


def differing(late: dict[str, Any], open: dict[str, Any]) -> list[Any]:
    """Return what two screens show otherwise."""
    return [(late[part].get(id), open[part].get(id)) for part in late for id in {**late[part], **open[part]}
            if late[part].get(id) != open[part].get(id)]  # fmt: skip


__all__ = ["Driver", "Sequencer"]
