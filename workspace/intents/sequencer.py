"""The one writer of a workspace: event in, records and requests out (semantics §2 to §5).

Decides what an event means and asks nobody: what is wanted from outside comes back as requests, what people are told as
notices. Deterministic: the same events at the same times give the same log, byte for byte.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from crdt.documents.document import Document
from crdt.documents.intake import WORDS, Intake, Reason, take_in
from crdt.errors import CrdtError
from crdt.updates.rewrite import encode_delete_set
from workspace.intents.model.bodies import CheckpointBody
from workspace.intents.model.bounds import DEFAULT_BOUNDS, RESERVED_IDS, Bounds
from workspace.intents.model.events import (
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
    RightsChanged,
    RulesChanged,
    ShadowCompared,
    SocketOpened,
    Stepped,
    Submitted,
    Ticked,
    ToolDenied,
    UpdateRelayed,
)
from workspace.intents.model.ids import draft_id
from workspace.intents.model.intent import States
from workspace.intents.model.plan import whole
from workspace.intents.rules.document_acts import refuse_put_away
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.live_board import LiveBoard
from workspace.intents.steps import (
    accounting,
    admission,
    agent_stop,
    commit_round,
    effects,
    judging,
    merge,
    planning,
    waiting,
)
from workspace.intents.steps.expiry import end_unentitled, expire_overdue, expire_questions, overdue_at
from workspace.intents.steps.failures import subject_of
from workspace.intents.steps.kernel_state import KernelState, Quick
from workspace.intents.steps.quarantine import acted, is_barred, secure
from workspace.intents.steps.turn import AGENT, Turn

STEPS_MAX = 100_000
CHECKPOINT_RECORDS, DIGESTED_FROM = 1_000, 980
# What is refused costs a few bytes, too: a document that is over its bound by so much takes nothing any more.
OVER_BYTES_MAX = 1 << 20
MEASURE_EVERY_BYTES = 256 << 10
DRAFT_POINTS_MAX = 20_000
NOBODY: frozenset[int] = frozenset()
# Shared: an empty one takes 216 bytes, and most rooms are idle.
NOTHING: frozenset[str] = frozenset()
UNSETTLING = (Drafted, Stepped, CallOpening, CallEnded, ToolDenied, ShadowCompared)


class Sequencer:
    """Orders, compares, settles and commits. One per workspace and epoch; never awaits, never raises for bad input.

    What comes out of `handle` is a bug or a poisoned document: nothing of that turn may be made durable, and the room
    must be opened again from its log. `kernel.subject` is then the intent that was worked on, "" for none.
    """

    def __init__(
        self,
        ws: str,
        *,
        epoch: int,
        fold: WorkspaceState,
        client: int,
        bounds: Bounds = DEFAULT_BOUNDS,
        has_judge: bool = False,
        quick: Quick | None = None,
    ) -> None:
        self.kernel = KernelState(
            ws=ws, epoch=epoch, client=client, fold=fold, has_judge=has_judge, quick=quick, bounds=bounds
        )
        self._changed = NOTHING
        self._sizes: dict[str, tuple[int, int]] = {}
        self._documents = len(fold.documents)

    @property
    def fold(self) -> WorkspaceState:
        """The state of the log: documents, board, history, set-up."""
        return self.kernel.fold

    @property
    def lives(self) -> LiveBoard:
        """Where the intents under way stand, as people are shown."""
        return self.kernel.lives

    @property
    def client(self) -> int:
        """The Yjs client id under which the agent's commits are written in this epoch."""
        return self.kernel.client

    def handle(self, event: Event, now: float) -> Outcome:
        """Return what one event leads to. `now` is unix seconds and never goes back within one room."""
        kernel = self.kernel
        kernel.turn += 1
        if not (kernel.is_unsettled and isinstance(event, Ticked)):
            kernel.begun = kernel.turn
        kernel.now = max(kernel.now, now)
        kernel.subject = subject_of(event, kernel.fold)
        turn, asked = Turn(kernel.fold, kernel.lives, kernel.epoch, kernel.now), tuple(kernel.fold.board.questions)
        self._enter(turn, event)
        self._stir(turn, event)
        if (due := kernel.runs.due_at()) is not None and due <= kernel.now:
            kernel.runs.close(turn)
        if self._may_settle(event):
            self._settle(turn)
        elif not kernel.fold.board.live and not kernel.fold.board.questions:
            kernel.is_unsettled, kernel.steps = False, 0
        kernel.forget_ended()
        if kernel.fold.seq - kernel.fold.checkpoint >= CHECKPOINT_RECORDS and not kernel.awaits_readings:
            self._checkpoint(turn)
        turn.show_moved(asked)
        return turn.outcome()

    @property
    def is_settled(self) -> bool:
        """Whether the round has come to rest; else a `Ticked` takes its next step, and others may have turns before."""
        return not self.kernel.is_unsettled

    @property
    def will_digest(self) -> bool:
        """Whether a turn may soon look at all documents: for a commit, or for a checkpoint."""
        return bool(self.fold.board.live) or self.fold.seq - self.fold.checkpoint >= DIGESTED_FROM

    def bytes_of(self, doc: str) -> int | None:
        """Return about how many bytes a document has, as far as that was measured since it was opened."""
        measured, grown = self._sizes.get(doc, (0, 0))
        return measured + grown if measured else None

    def next_deadline(self) -> float | None:
        """Return when a `Ticked` is wanted next by time alone, in unix seconds; None when nothing waits for time."""
        kernel = self.kernel
        times = [kernel.runs.due_at()]
        # Asked at every turn, and most of the time of a workspace in which nothing is under way.
        if kernel.fold.board.live:
            times += [overdue_at(kernel), waiting.parked_deadline(kernel), commit_round.release_deadline(kernel)]
        if not kernel.fold.stops.is_on:
            times += [question.deadline for question in kernel.fold.board.questions.values()]
        return min((at for at in times if at is not None), default=None)

    def changed_documents(self) -> tuple[str, ...]:
        """Return the documents that a checkpoint has to keep, changed since the one before; asked again, none."""
        due, self._changed = tuple(sorted(self._changed & self.fold.documents.keys())), NOTHING
        return due

    def _may_settle(self, event: Event) -> bool:
        """Tell whether an event can move an intent: a person's edit only one that waits for its author's edits."""
        board = self.kernel.fold.board
        if isinstance(event, UNSETTLING) or not (board.live or board.questions):
            return False
        return not isinstance(event, Edited) or self.kernel.lives.index.count("parked") > 0

    def _stir(self, turn: Turn, event: Event | None = None) -> None:
        """Wake the waiting intents that what has just happened may free."""
        fold, live_index = self.kernel.fold, self.kernel.lives.index
        has_new, self._documents = len(fold.documents) != self._documents, len(fold.documents)
        if has_new or isinstance(event, Configured):
            live_index.look_again()
        if not live_index.asleep:
            return
        match event:
            case SocketOpened(lane=lane) | Resynced(lane=lane) | LaneChanged(lane=lane):
                live_index.wake_where(lambda entry: entry.body.lane == lane)
            case Configured():
                live_index.wake_where(lambda _: True)
            case _:
                pass
        if has_new:
            live_index.wake_where(lambda _: True)
        live_index.wake_tied({row.doc for row in turn.journal})

    def _settle(self, turn: Turn) -> None:
        """Take one step of the round; where it moved anybody a further turn goes on, until the round comes to rest."""
        kernel = self.kernel
        if kernel.awaits_readings:
            kernel.is_unsettled = True
            return
        kernel.settled = kernel.now
        moved = expire_overdue(kernel, turn)
        moved = expire_questions(kernel, turn) or moved
        moved = waiting.park(kernel, turn) or moved
        agent_stop.hold_back(kernel, turn)
        moved = planning.start(kernel, turn) or moved
        moved = commit_round.commit_ready(kernel, turn) or moved
        kernel.is_unsettled, kernel.steps = moved, kernel.steps + 1 if moved else 0
        if moved:
            self._stir(turn)
        assert kernel.steps < STEPS_MAX, "the round does not come to rest"

    def _enter(self, turn: Turn, event: Event) -> None:
        kernel = self.kernel
        match event:
            case Submitted():
                admission.submit(kernel, turn, event)
            case Edited():
                self._edit(turn, event)
            case Proposed():
                planning.proposed(kernel, turn, event)
            case PlanFailed():
                planning.failed(kernel, turn, event)
            case Drafted():
                self._draft(turn, event)
            case Stepped():
                accounting.step(kernel, turn, event)
            case CallOpening():
                accounting.open_call(kernel, turn, event)
            case CallEnded():
                accounting.close_call(kernel, turn, event)
            case ToolDenied():
                accounting.deny(kernel, turn, event)
            case ShadowCompared():
                accounting.compare(kernel, turn, event)
            case Judged():
                judging.judged(kernel, turn, event)
            case MergeProposed():
                merge.proposed(kernel, turn, event)
            case EffectSettled():
                effects.settled(kernel, turn, event)
            case Configured():
                self._configure(turn, event)
            case RightsChanged():
                end_unentitled(kernel, turn, event)
            case LaneChanged():
                (kernel.online.add if event.online else kernel.online.discard)(event.lane)
            case SocketOpened():
                kernel.sent[(event.lane, event.doc)] = 0
                kernel.barred_at.pop((event.lane, event.doc), None)
            case Resynced():
                key = (event.lane, event.doc)
                kernel.sent[key], kernel.synced[key] = kernel.sent.get(key, 0) + 1, kernel.turn
            case DocumentDoubted():
                secure(kernel, turn, encoded=kernel.fold.documents)
            case ReadFrom():
                kernel.runs.close(turn)
            case Closing():
                self._checkpoint(turn)
            case Ticked():
                pass
            case _:
                assert_never(event)

    def _edit(self, turn: Turn, event: Edited) -> None:
        kernel, document = self.kernel, self.kernel.fold.documents.get(event.doc)
        if document is None:
            turn.tell(EditRefused(event.lane, event.doc, "drop", "not_found", "There is no such document."))
            return
        # Looked up first: this is the way of every keystroke.
        is_put_away = event.doc in kernel.fold.catalog.put_away
        refusal = refuse_put_away(kernel.fold, (event.doc,)) if is_put_away else None
        if refusal is not None:
            turn.tell(EditRefused(event.lane, event.doc, "drop", refusal.code, refusal.reason))
            return
        if kernel.fold.rights and is_barred(kernel, turn, event, document):
            return
        left = self._left(event.doc, document, len(event.update)) if event.scan.inserted else 0
        if left < -OVER_BYTES_MAX:
            self._refused(turn, event, "too_large")
            return
        try:
            foreign, lost = self._foreign(event, document)
            intake = take_in(
                document, event.update, event.scan, foreign=foreign, unwanted=lost, is_full=left < 0,
                place_items_max=kernel.bounds.place_items,
            )  # fmt: skip
            applied = document.apply(intake.update, intake.summary, known=intake.known)
        except CrdtError as error:
            if error.code == "broken_document":
                raise
            turn.tell(EditRefused(event.lane, event.doc, "close", "malformed", error.reason))
            return
        if intake.waits:
            reason = "The update refers to edits that are not here."
            turn.tell(EditRefused(event.lane, event.doc, "resync", "missing_updates", reason))
        key = (event.lane, event.doc)
        if not event.is_part and (event.step2 or not intake.waits):
            kernel.sent[key] = kernel.sent.get(key, 0) + event.count
        if event.step2 and not event.is_part:
            kernel.synced[key] = kernel.turn
        if intake.refused:
            self._refused(turn, event, intake.refused[0].reason, intake)
        if applied is None:
            return
        jid = turn.journal_row(event.doc, lane=event.lane, actor=event.actor, update=applied.update)
        kernel.runs.add(turn, jid, applied, intake.summary, doc=event.doc, lane=event.lane, actor=event.actor,
                        role=event.role)  # fmt: skip
        turn.tell(UpdateRelayed(event.doc, applied.update, event.lane))
        turn.applied = applied

    def _foreign(self, event: Edited, document: Document) -> tuple[frozenset[int], frozenset[int]]:
        """Return the ids of an update under which its author may not write (others', the agent's, the server's).

        The second are those of the agent's earlier ids: what it wrote and this log no longer holds, after a restore, is
        nobody's to bring back. Whole documents may be brought along, with what an agent wrote elsewhere.
        """
        state, agents = document.state_vector(), self.kernel.fold.history.agents
        found, lost, brought = set(event.held), set[int](), -1
        for client, (_, end) in event.scan.inserted.items():
            if client >= RESERVED_IDS or end <= state.get(client, 0):
                continue
            if client == self.kernel.client or not event.step2:
                found.add(client)
            elif client in agents:
                lost.add(client)
            elif client not in state:
                brought = brought + 1 if brought >= 0 else sum(id < RESERVED_IDS for id in state) + 1
                if brought > self.kernel.bounds.brought_ids:
                    found.add(client)
        return (frozenset(found) if found else NOBODY), (frozenset(lost) if lost else NOBODY)

    def _refused(self, turn: Turn, event: Edited, code: Reason, intake: Intake | None = None) -> None:
        removed = intake.removed if intake is not None else {}
        removal = b"\x00" + encode_delete_set(removed) if removed else b""
        reason = f"A part of the edit was not taken: {WORDS[code]}."
        turn.tell(EditRefused(event.lane, event.doc, "drop", code, reason, removal))

    def _left(self, doc: str, document: Document, more: int) -> int:
        """Return how many bytes a document may still grow after an update; measured every 256 KiB of growth."""
        measured, grown = self._sizes.get(doc, (0, MEASURE_EVERY_BYTES))
        bound = self.kernel.bounds.document_bytes
        if grown + more > MEASURE_EVERY_BYTES or measured + grown + more > bound:
            measured, grown = len(document.encode()), 0
        self._sizes[doc] = (measured, grown + more)
        return bound - measured - grown - more

    def _draft(self, turn: Turn, event: Drafted) -> None:
        entry = self.kernel.fold.board.live.get(event.intent)
        if entry is None or self.kernel.lives.of(entry).state != States.PLANNING:
            return
        work = self.kernel.progress_of(entry)
        if work.attempt != event.attempt:
            return
        name, text = draft_id(entry.id, work.attempt), whole(event.draft.text)[:DRAFT_POINTS_MAX]
        doc = (work.base.names if work.base is not None else {}).get(event.draft.doc, event.draft.doc)
        work.drafts.pop(doc, None)
        if text:
            work.drafts[doc] = text
        turn.tell(DraftShown(name, (entry.id,), doc, text))

    def _configure(self, turn: Turn, event: Configured) -> None:
        created = tuple(doc for doc in event.config.documents if doc not in self.kernel.fold.documents)
        self.kernel.runs.close(turn)
        told = acted(self.kernel.fold.catalog, event.config.acts, event.actor)
        config = event.config
        if self.kernel.fold.rights or config.rights:
            config = msgspec.structs.replace(config, role=event.role)
        if config.switch is not None:
            agent_stop.throw(self.kernel, turn, config, event.actor)
        else:
            turn.append(config, event.actor)
        if config.rights:
            turn.tell(RulesChanged())
        if created:
            turn.tell(DocumentsChanged(created, ()))
        for notice in told:
            turn.tell(notice)

    def _checkpoint(self, turn: Turn) -> None:
        fold, self.kernel.subject = self.kernel.fold, ""
        self.kernel.runs.close(turn)
        self._changed = self._changed | fold.touched or NOTHING
        secure(self.kernel, turn, encoded=self._changed)
        digests = fold.digests()
        done = tuple(fold.segments.waiting) or msgspec.UNSET
        body = CheckpointBody(head=fold.seq, state=fold.state(), documents=digests, jid=fold.jid, segments=done)
        turn.append(body, AGENT)
