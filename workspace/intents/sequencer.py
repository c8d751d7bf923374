"""The one writer of a workspace: event in, records and wishes out (semantics §2 to §5).

Decides what an event means and asks nobody: what is wanted from outside comes back as wishes, what people are told as
outlets. Deterministic: the same events at the same times give the same log, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

import msgspec

from crdt.document import EMPTY_UPDATE, Document
from crdt.errors import CrdtError
from crdt.scan import scan_update
from workspace.errors import LogCorrupt
from workspace.intents import accounting, admission, committing, judging, merging, outside, planning
from workspace.intents.core import Core, Quick, Work, writer_client
from workspace.intents.events import (
    CallEnded,
    CallOpening,
    Closing,
    Configured,
    DocumentDoubted,
    DocumentsChanged,
    Drafted,
    DraftShown,
    Edited,
    EditRefused,
    EffectSettled,
    Event,
    Judged,
    LaneChanged,
    MergeProposed,
    Outcome,
    PlanFailed,
    Proposed,
    ReadFrom,
    Resynced,
    SendEffect,
    ShadowCompared,
    SocketOpened,
    Spread,
    Stepped,
    Submitted,
    Ticked,
    ToolDenied,
)
from workspace.intents.expiring import expire_questions
from workspace.intents.failing import end_failed, subject_of
from workspace.intents.fold import UNREADABLE, Break, Fold, JournalLike, words_of
from workspace.intents.plan import whole
from workspace.intents.quarantine import put_aside, secure
from workspace.intents.record import CheckpointBody, ConfigBody, Row
from workspace.intents.replay import Replay, start_replay
from workspace.intents.turn import AGENT, Turn, unix_time

STEPS_MAX = 10_000
CHECKPOINT_RECORDS = 1_000
DOCUMENT_BYTES_MAX = 16 << 20
MEASURE_EVERY_BYTES = 256 << 10
DRAFT_POINTS_MAX = 20_000
IDLE_LANE_SECONDS = 86_400.0
UNSETTLING = (Drafted, Stepped, CallOpening, CallEnded, ToolDenied, ShadowCompared)


class Sequencer:
    """Orders, compares, settles and commits. One per workspace and epoch; never awaits, never raises for bad input.

    What comes out of `handle` is a bug or a poisoned document: nothing of that turn may be made durable, and the room
    must be opened again from its log. `core.subject` is then the intent that was worked on, "" for none.
    """

    def __init__(
        self,
        ws: str,
        *,
        epoch: int,
        fold: Fold,
        document_bytes_max: int = DOCUMENT_BYTES_MAX,
        has_judge: bool = False,
        quick: Quick | None = None,
    ) -> None:
        client = writer_client(epoch)
        self.core = Core(ws=ws, epoch=epoch, client=client, fold=fold, has_judge=has_judge, quick=quick)
        self.document_bytes_max = document_bytes_max
        self._changed: set[str] = set()
        self._sizes: dict[str, tuple[int, int]] = {}
        self._documents = len(fold.documents)

    @property
    def fold(self) -> Fold:
        """The state of the log: documents, board, history, set-up."""
        return self.core.fold

    @property
    def client(self) -> int:
        """The Yjs client id under which the agent's commits are written in this epoch."""
        return self.core.client

    def handle(self, event: Event, now: float) -> Outcome:
        """Return what one event leads to. `now` is unix seconds and never goes back within one room."""
        core = self.core
        core.turn += 1
        core.now = max(core.now, now)
        core.subject = subject_of(event, core.fold)
        turn = Turn(core.fold, core.epoch, core.now)
        self._enter(turn, event)
        self._stir(turn, event)
        due = core.runs.due_at()
        if due is not None and due <= core.now:
            core.runs.close(turn)
        if self._may_settle(event):
            self._settle(turn)
        core.forget_ended()
        if core.fold.seq - core.fold.checkpoint >= CHECKPOINT_RECORDS:
            self._checkpoint(turn)
        return turn.outcome()

    def next_deadline(self) -> float | None:
        """Return when a `Ticked` is wanted next, in unix seconds; None when nothing waits for time."""
        core = self.core
        times = [
            core.runs.due_at(),
            planning.overdue_at(core),
            planning.parked_deadline(core),
            committing.release_deadline(core),
        ]
        times += [question.deadline for question in core.fold.board.questions.values()]
        return min((at for at in times if at is not None), default=None)

    def changed_documents(self) -> tuple[str, ...]:
        """Return the documents that a checkpoint has to keep, changed since the one before; asked again, none."""
        due = tuple(sorted(self._changed & self.fold.documents.keys()))
        self._changed.clear()
        return due

    def _may_settle(self, event: Event) -> bool:
        """Tell whether an event can move an intent: a person's edit only one that waits for its author's edits."""
        board = self.core.fold.board
        if isinstance(event, UNSETTLING) or not (board.live or board.questions):
            return False
        return not isinstance(event, Edited) or board.shelves.count("parked") > 0

    def _stir(self, turn: Turn, event: Event | None = None) -> None:
        """Wake the waiting intents that what has just happened may free."""
        fold, shelves = self.core.fold, self.core.fold.board.shelves
        has_new, self._documents = len(fold.documents) != self._documents, len(fold.documents)
        if not shelves.asleep:
            return
        match event:
            case SocketOpened(lane=lane) | Resynced(lane=lane) | LaneChanged(lane=lane):
                shelves.wake_where(lambda entry: entry.body.lane == lane)
            case Configured():
                shelves.wake_where(lambda _: True)
            case _:
                pass
        if has_new:
            shelves.wake_where(lambda _: True)
        shelves.wake_tied({row.doc for row in turn.journal})

    def _settle(self, turn: Turn) -> None:
        core = self.core
        for _ in range(STEPS_MAX):
            moved = planning.expire_overdue(core, turn)
            moved = expire_questions(core, turn) or moved
            moved = planning.park(core, turn) or moved
            moved = planning.start(core, turn) or moved
            moved = committing.commit_ready(core, turn) or moved
            if not moved:
                return
            self._stir(turn)
        raise AssertionError("the round does not come to rest")

    def _enter(self, turn: Turn, event: Event) -> None:
        core = self.core
        match event:
            case Submitted():
                admission.submit(core, turn, event)
            case Edited():
                self._edit(turn, event)
            case Proposed():
                planning.proposed(core, turn, event)
            case PlanFailed():
                planning.failed(core, turn, event)
            case Drafted():
                self._draft(turn, event)
            case Stepped():
                accounting.step(core, turn, event)
            case CallOpening():
                accounting.open_call(core, turn, event)
            case CallEnded():
                accounting.close_call(core, turn, event)
            case ToolDenied():
                accounting.deny(core, turn, event)
            case ShadowCompared():
                accounting.compare(core, turn, event)
            case Judged():
                judging.judged(core, turn, event)
            case MergeProposed():
                merging.proposed(core, turn, event)
            case EffectSettled():
                outside.settled(core, turn, event)
            case Configured():
                self._configure(turn, event)
            case LaneChanged():
                (core.online.add if event.online else core.online.discard)(event.lane)
            case SocketOpened():
                core.sent[(event.lane, event.doc)] = 0
            case Resynced():
                key = (event.lane, event.doc)
                core.sent[key], core.synced[key] = core.sent.get(key, 0) + 1, core.turn
            case DocumentDoubted():
                secure(core, turn, encoded=core.fold.documents)
            case ReadFrom():
                core.runs.close(turn)
            case Closing():
                self._checkpoint(turn)
            case Ticked():
                pass
            case _:
                assert_never(event)

    def _edit(self, turn: Turn, event: Edited) -> None:
        core, fold = self.core, self.core.fold
        document = fold.documents.get(event.doc)
        key = (event.lane, event.doc)
        if document is None:
            turn.tell(EditRefused(event.lane, event.doc, "close_malformed", "There is no such document."))
            return
        state = document.state_vector()
        fresh = [client for client, (_, end) in event.scan.inserted.items() if end > state.get(client, 0)]
        for client in fresh:
            owner = fold.owners.get((event.doc, client), event.actor)
            if client == core.client or client in fold.history.agents or owner != event.actor:
                reason = f"Yjs client id {client} belongs to another actor."
                turn.tell(EditRefused(event.lane, event.doc, "close_foreign_client", reason))
                return
        if document.missing(event.scan):
            turn.tell(EditRefused(event.lane, event.doc, "resync", "The update refers to edits that are not here."))
            return
        if event.scan.inserted and self._is_full(event.doc, document, len(event.update)):
            reason = f"{event.doc} would have more than {self.document_bytes_max} bytes: begin another document."
            turn.tell(EditRefused(event.lane, event.doc, "close_too_large", reason))
            return
        try:
            applied = document.apply(event.update, event.scan)
        except CrdtError as error:
            if error.code == "broken_document":
                raise
            turn.tell(EditRefused(event.lane, event.doc, "close_malformed", error.reason))
            return
        core.sent[key] = core.sent.get(key, 0) + event.count
        if event.step2:
            core.synced[key] = core.turn
        if applied is None:
            return
        for client in fresh:
            fold.owners.setdefault((event.doc, client), event.actor)
        jid = turn.journal_row(event.doc, lane=event.lane, actor=event.actor, update=applied.update)
        core.runs.add(turn, jid, applied, event.scan, doc=event.doc, lane=event.lane, actor=event.actor)
        turn.tell(Spread(event.doc, applied.update, event.lane))
        turn.applied = applied

    def _is_full(self, doc: str, document: Document, more: int) -> bool:
        """Tell whether an update takes a document over its bound; its state is measured every 256 KiB of growth."""
        measured, grown = self._sizes.get(doc, (0, MEASURE_EVERY_BYTES))
        if grown + more > MEASURE_EVERY_BYTES or measured + grown + more > self.document_bytes_max:
            measured, grown = len(document.encode()), 0
        self._sizes[doc] = (measured, grown + more)
        return measured + grown + more > self.document_bytes_max

    def _draft(self, turn: Turn, event: Drafted) -> None:
        entry = self.core.fold.board.live.get(event.intent)
        if entry is None or entry.state != "planning":
            return
        work = self.core.work_of(entry)
        if work.attempt != event.attempt:
            return
        work.draft_docs.add(event.draft.doc)
        name = planning.draft_name(entry.id, work.attempt)
        turn.tell(DraftShown(name, (entry.id,), event.draft.doc, whole(event.draft.text)[:DRAFT_POINTS_MAX]))

    def _configure(self, turn: Turn, event: Configured) -> None:
        created = tuple(doc for doc in event.config.documents if doc not in self.core.fold.documents)
        self.core.runs.close(turn)
        turn.append(event.config, event.actor)
        if created:
            turn.tell(DocumentsChanged(created, ()))

    def _checkpoint(self, turn: Turn) -> None:
        fold, self.core.subject = self.core.fold, ""
        self.core.runs.close(turn)
        self._changed |= fold.touched
        secure(self.core, turn, encoded=self._changed)
        digests = fold.digests()
        done = tuple(fold.segments.waiting) or msgspec.UNSET
        body = CheckpointBody(head=fold.seq, state=fold.state(), documents=digests, jid=fold.jid, segments=done)
        turn.append(body, AGENT)


def open_sequencer(
    ws: str,
    *,
    epoch: int,
    rows: Sequence[Row],
    journal: Iterable[JournalLike],
    now: float,
    versions: dict[str, str],
    has_judge: bool = False,
    quick: Quick | None = None,
) -> tuple[Sequencer, Outcome]:
    """Return a sequencer that goes on where the log ends, and what must be made durable before it opens.

    Closes what was journaled and not yet sequenced, in journal order, and records the versions of this server. Chain
    and bytes are verified all the way, the documents' state at the last record that holds one: it is the sum of all
    before it. `verify` checks every one.

    Raises:
        LogCorrupt: the log does not verify; nothing may be written on top of it.
    """
    last = next((row.seq for row in reversed(rows) if row.kind in ("commit", "checkpoint")), 0)
    replay = start_replay(journal, client=writer_client(epoch), states_from=last)
    for row in rows:
        replay.step(row)
    fold = replay.fold
    sequencer = Sequencer(ws, epoch=epoch, fold=fold, has_judge=has_judge, quick=quick)
    core = sequencer.core
    core.now = now
    turn = Turn(fold, epoch, now)
    for waiting in replay.index.unsequenced():
        if waiting.update != EMPTY_UPDATE:  # a fork leaves out what came after it
            _resume_run(core, turn, waiting)
    core.runs.close(turn)
    _put_lost_aside(replay, turn)
    accounting.close_lost(core, turn, is_crash=not rows or rows[-1].kind != "checkpoint")
    end_failed(core, turn)
    for entry in core.live():
        core.work[entry.id] = Work(since=now, turn=core.turn, ready_at=now)
    idle = _idle_lanes(fold, now)
    if fold.versions != versions or idle:
        turn.append(ConfigBody(versions=versions, retired=idle), AGENT)
    for outgoing in fold.outbox.values():
        turn.wish(SendEffect(outgoing, openings=epoch - outgoing.epoch))
    return sequencer, turn.outcome()


def _put_lost_aside(replay: Replay, turn: Turn) -> None:
    """Open without the documents that cannot be rebuilt or read: everything else goes on."""
    fold = replay.fold
    replay.doubt(fold.seq)
    lost = {doc: fold.breaks[doc].words for doc in sorted(fold.unsettled)}
    if lost:
        put_aside(turn, lost)


def _idle_lanes(fold: Fold, now: float) -> tuple[str, ...]:
    """Return lanes without an intent for a day: they leave the derived clock, which bounds it (semantics §1.3)."""
    lanes, entries = fold.board.lanes, fold.board.entries
    return tuple(
        lane
        for lane, places in sorted(lanes.places.items())
        if lane not in lanes.retired and now - unix_time(entries[f"i{places[-1]}"].at) > IDLE_LANE_SECONDS
    )


def _resume_run(core: Core, turn: Turn, row: JournalLike) -> None:
    """Apply a journal row that no record names yet, as it was applied before the crash."""
    fold = core.fold
    fold.jid = max(fold.jid, row.jid)
    document = fold.documents.get(row.doc)
    if document is None and row.doc in fold.kinds:
        return  # put aside: its rows stay in the journal, and no record will name this one
    if document is None:
        raise LogCorrupt(f"journal row {row.jid} is of no document")
    try:
        scan = scan_update(row.update)
        applied = document.apply(row.update, scan)
    except UNREADABLE as error:
        core.runs.close(turn, doc=row.doc)
        fold.lose(Break(row.doc, fold.seq + 1, row.jid, words_of(error)))
        return
    if applied is None:
        raise LogCorrupt(f"journal row {row.jid} holds nothing new")
    for client in applied.inserted:
        core.fold.owners.setdefault((row.doc, client), row.actor)
    core.runs.add(turn, row.jid, applied, scan, doc=row.doc, lane=row.lane, actor=row.actor)
