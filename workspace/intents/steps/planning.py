"""Intents on their way to a plan: parked, queued, planning, ready (semantics §2).

A plan is made on a snapshot that closes every open run first, so that one `seq` names the state it was made on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from crdt.documents.document import Document
from crdt.operations.item_readings import Reading, read_items
from workspace.errors import Refusal
from workspace.intents.model.bodies import OracleBody, PlanBody, Question, VerdictBody
from workspace.intents.model.document_acts import new_id
from workspace.intents.model.effects import refuse_effects
from workspace.intents.model.events import DraftShown, PlanFailed, Proposed
from workspace.intents.model.ids import draft_id, plan_id, question_id
from workspace.intents.model.intent import RUNNING_KINDS, Kinds, States
from workspace.intents.model.plan import (
    OPS_MAX,
    OPTIONS_MAX,
    QUESTION_POINTS_MAX,
    READS_MAX,
    SUMMARY_POINTS_MAX,
    Asked,
    Image,
    Planned,
    PlanRefused,
    Repair,
    Snapshot,
    Steer,
    Task,
    is_expressible,
    whole,
)
from workspace.intents.model.requests import AskPlanner, StopPlanner
from workspace.intents.model.times import day_of
from workspace.intents.rules.fence import reaches
from workspace.intents.rules.gate import try_plan
from workspace.intents.rules.translation import by_id, by_name
from workspace.intents.state.board import Entry
from workspace.intents.steps.approvals import is_free
from workspace.intents.steps.fence_questions import asks_beyond, reject_made
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.quarantine import ends_for_rights, reject_lost, reject_put_away, secure
from workspace.intents.steps.scope import ask_where, earlier_of, scope_of, seconds_left
from workspace.intents.steps.turn import AGENT, Turn
from workspace.intents.steps.variants import approved_plan, left_out, parts_of
from workspace.intents.steps.waiting import in_turns, is_blocked

FAULTS_MAX = 2
WAITS_FOR_SLOT = "Waits for a free planner."


def start(kernel: KernelState, turn: Turn) -> bool:
    """Ask the planner for every queued intent whose predecessors are settled, as slots allow."""
    live_index = kernel.lives.index
    busy, moved = live_index.count("planning"), False
    for entry in in_turns(kernel):
        if (
            kernel.lives.state_of(entry) != States.QUEUED
            or entry.body.kind not in RUNNING_KINDS
            or entry.joins
            or kernel.is_halted(entry)
        ):
            continue
        kernel.subject = entry.id
        is_full = busy >= kernel.fold.policy.slots
        if (is_full and entry.id in live_index.short) or is_blocked(kernel, turn, entry):
            continue
        if not is_free(kernel, turn, entry):
            moved = moved or not entry.is_live
            continue
        if is_full:
            turn.state(entry, "queued", reason=WAITS_FOR_SLOT)
            live_index.short[entry.id] = None
        else:
            moved = True
            if kernel.fold.has_gone and _points_at_what_is_gone(kernel, turn, entry):
                continue
            # Decision 32: who picks a variant gets the very plan that was looked at, and no planner is asked.
            approved = approved_plan(kernel, entry)
            if approved is not None:
                _adopt(kernel, turn, entry, approved)
                continue
            if ask_where(kernel, turn, entry):
                continue
            busy += 1
            _ask(kernel, turn, entry)
    return moved


def _ask(kernel: KernelState, turn: Turn, entry: Entry) -> None:
    kernel.runs.close(turn)
    secure(kernel, turn, encoded=kernel.fold.listed(), is_digested=False)
    assert not entry.joins, "what has joined another is planned with it"
    work = kernel.progress_of(entry)
    work.attempt, work.ask, work.footprint, work.steps = entry.attempts, kernel.turn, None, ()
    repair = repair_of(entry, kernel)
    work.base = snapshot(kernel)
    turn.state(entry, "planning")
    # An approval is planned with the words of what it approves, and with what had been said about them.
    subject = kernel.fold.board.subject_of(entry)
    # A variant holds what had joined it: whoever picks it asks for that, too.
    joined = parts_of(kernel, entry) or (() if entry.carried or subject.carried else entry.steers)
    task = Task(
        workspace=kernel.ws,
        intent=entry.id,
        actor=entry.actor,
        role=entry.role,
        text=entry.carried or subject.carried or subject.body.text,
        scope=scope_of(entry, kernel) if subject is entry else subject.body.scope,
        snapshot=work.base,
        attempt=work.attempt,
        repair=repair,
        exchanges=entry.exchanges + (subject.exchanges if subject is not entry else ()),
        steers=tuple(
            Steer(other.id, other.actor, other.body.text, other.body.scope)
            for other in (kernel.fold.board.entries[id] for id in joined)
        ),
        earlier=earlier_of(subject, kernel),
        writers=kernel.fold.history.writers_by_doc(),
        fault=entry.faults,
        recorded=tuple(kernel.fold.usage.recorded.get(entry.id, ())),
        routes=kernel.fold.routes,
        budget_left=kernel.fold.usage.left(
            kernel.fold.budget, day=day_of(turn.now), author=entry.actor, intent=entry.id
        )[0],
        strict=bool(subject.body.expects),
        undo=subject.body.refs[0] if subject.body.kind == Kinds.UNDO else "",
        receivers=kernel.fold.receivers,
        seconds_max=seconds_left(entry, kernel, turn.now),
    )
    if not task.undo:  # an undo is planned from the log, which knows ids
        task = by_name(task, kernel.fold.catalog)
    turn.request(AskPlanner(task, kernel.fold.policy.plan_seconds_max, work.ask))


def _points_at_what_is_gone(kernel: KernelState, turn: Turn, entry: Entry) -> bool:
    """End an intent that points at a document which was put aside, archived or deleted; tell whether it ended."""
    docs = [part.doc for part in entry.body.scope or ()]
    return reject_lost(kernel, turn, entry, docs) or reject_put_away(kernel, turn, entry, docs)


def _adopt(kernel: KernelState, turn: Turn, entry: Entry, plan: PlanBody) -> None:
    """Give an approval the very plan whose variant was looked at: nobody is asked again."""
    kernel.runs.close(turn)
    secure(kernel, turn, encoded=kernel.fold.listed(), is_digested=False)
    work, number = kernel.progress_of(entry), turn.fold.seq
    work.base, work.ready_at = snapshot(kernel), turn.now
    body = msgspec.structs.replace(plan, plan=plan_id(number + 1), intents=(entry.id,), snapshot=number, attempt=0)
    turn.append(body, AGENT)
    ran = try_plan(body, kernel.fold.documents, client=kernel.scratch_client)
    work.footprint = None if isinstance(ran, Refusal) else dict(ran.executed)
    turn.state(entry, "ready", reason=body.summary)


def snapshot(kernel: KernelState) -> Snapshot:
    """Return all documents as of now; every open run must be closed."""
    assert not kernel.runs.open, "a snapshot closes every run first"
    documents = kernel.fold.documents
    images = {
        name: Image(kind, documents[name].encode(), documents[name].exact_values())
        for name, kind in kernel.fold.listed().items()
    }
    catalog = kernel.fold.catalog
    return Snapshot(kernel.fold.seq, images, {catalog.name_of(doc): doc for doc in images}, catalog.called())


def is_undo(kernel: KernelState, entry: Entry) -> bool:
    """Tell whether an intent takes a commit back, or approves that."""
    return kernel.fold.board.subject_of(entry).body.kind == Kinds.UNDO


def repair_of(entry: Entry, kernel: KernelState) -> Repair | None:
    """Return what a second attempt should know about the first: its operations, and the snapshot they were made on."""
    if entry.plan is None or entry.attempts == 0:
        return None
    work = kernel.progress_of(entry)
    reason = work.stale or "The documents changed meanwhile."
    return Repair("stale_read", reason, entry.plan.ops, entry.plan.summary, work.base)


def plan_again(kernel: KernelState, turn: Turn, entry: Entry, why: Refusal) -> None:
    """Send a plan that no longer holds back to the planner, at most `replans_max` times; then suggest it."""
    assert entry.plan is not None, "only planned intents are planned again"
    assert kernel.lives.of(entry).state == States.READY, "only what was ready can have become stale"
    # A restart is no failed attempt: what was asked had changed.
    if entry.plan.attempt - entry.restarts >= kernel.fold.policy.replans_max:
        is_stale = why.code != "read_back"
        turn.verdict(
            VerdictBody(
                intent=entry.id,
                state="suggested",
                code="stale" if is_stale else why.code,
                reason=f"The documents kept changing while the agent worked: {why.reason}" if is_stale else why.reason,
                remedy="Run it again when it is quieter." if is_stale else why.remedy,
                can=("approve", "override"),
            )
        )
        return
    # No record says so: it is known here alone, and looked at again by value where it is lost.
    kernel.progress_of(entry).stale = why.reason
    kernel.lives.move(entry, "queued", waits_for=kernel.lives.of(entry).waits_for, reason=why.reason)


def proposed(kernel: KernelState, turn: Turn, event: Proposed) -> None:
    """Enter what the planner answered; an answer nobody waits for any more is dropped."""
    entry = awaited(kernel, event.intent, event.attempt, event.ask)
    if entry is None:
        return
    if not is_expressible(event.proposal):
        failed(kernel, turn, PlanFailed(entry.id, event.attempt, "The planner answered with what no text can hold."))
        return
    _end_drafts(kernel, turn, entry)
    kernel.progress_of(entry).stale = ""
    match event.proposal:
        case Planned() as planned:
            _enter_plan(kernel, turn, entry, planned)
        case Asked() as asked:
            _enter_question(kernel, turn, entry, asked)
        case PlanRefused() as refused:
            oracle = OracleBody(
                oracle="planner_refused",
                intent=entry.id,
                code=refused.code,
                reason=refused.reason,
                remedy=refused.remedy,
                source=refused.planner,
            )
            turn.append(oracle, AGENT)
            turn.verdict(
                VerdictBody(
                    intent=entry.id,
                    state="rejected",
                    code=refused.code,
                    reason=refused.reason,
                    remedy=refused.remedy,
                    can=("override",),
                )
            )


def _enter_plan(kernel: KernelState, turn: Turn, entry: Entry, planned: Planned) -> None:
    work = kernel.progress_of(entry)
    assert work.base is not None, "an awaited plan has its snapshot"
    base = work.base
    if not is_undo(kernel, entry):
        fold = kernel.fold
        planned = by_id(planned, base, catalog=fold.catalog, new=lambda name: new_id(name, fold.kinds, fold.seq + 1))
    strong = {op.doc for op in planned.ops} | {reading.doc for reading in planned.reads if reading.strong}
    if reject_put_away(kernel, turn, entry, strong) or reject_lost(
        kernel, turn, entry, {op.doc for op in planned.ops} | {reading.doc for reading in planned.reads}
    ):
        return
    if reject_made(kernel, turn, entry, planned.ops):
        return
    fault = _fault_of(kernel, entry, planned)
    if fault:
        failed(kernel, turn, PlanFailed(entry.id, work.attempt, fault))
        return
    kernel.runs.close(turn)
    before = opened(kernel, base, {op.doc for op in planned.ops})
    body = PlanBody(
        plan=plan_id(turn.fold.seq + 1),
        intents=(entry.id,),
        snapshot=base.seq,
        attempt=work.attempt,
        ops=planned.ops,
        reads=(*planned.reads, *_items_named(planned, before)),
        summary=planned.summary[:SUMMARY_POINTS_MAX],
        effects=planned.effects,
        tokens=planned.tokens,
        planner=planned.planner,
        serves=_served(kernel, entry, planned, base),
        acts=planned.acts or msgspec.UNSET,
    )
    joined = entry.steers
    turn.append(body, AGENT)
    assert entry.plan is body, "what is looked at from here on is what was answered"
    for id in joined:
        if id not in entry.steers:
            turn.show(kernel.fold.board.entries[id])
    # The judge compares each pair once: a new plan makes new pairs.
    kernel.plans += 1
    work.ready_at = turn.now
    # What it would have overwritten is remembered by what stood there when it was made: a rival may replace it since.
    ran = try_plan(body, before, client=kernel.scratch_client)
    work.footprint = None if isinstance(ran, Refusal) else dict(ran.executed)
    if not ends_for_rights(kernel, turn, entry) and not asks_beyond(kernel, turn, entry, before):
        turn.state(entry, "ready", reason=body.summary)


def _fault_of(kernel: KernelState, entry: Entry, planned: Planned) -> str:
    """Return why a plan may not be at all: it is the planner's failure, and asked for again. "" where it may."""
    if len(planned.ops) > OPS_MAX or len(planned.reads) > READS_MAX:
        return f"The plan has {len(planned.ops)} operations and {len(planned.reads)} reads."
    refused = refuse_effects(planned.effects, kernel.fold.receivers)
    return refused.reason if refused is not None else left_out(kernel, entry, planned.serves)


def _items_named(planned: Planned, before: Mapping[str, Document]) -> tuple[Reading, ...]:
    """Return which items the operations name by number, as the documents were when they were planned (decision 101).

    A plan that is approved again says so itself: it was made on an earlier state.
    """
    told = {(reading.doc, reading.path, reading.hash) for reading in planned.reads if reading.is_of_item}
    found = list[Reading]()
    for doc, document in sorted(before.items()):
        found += read_items(document, [op for op in planned.ops if op.doc == doc])
    return tuple(reading for reading in found if (reading.doc, reading.path, reading.hash) not in told)


def _served(kernel: KernelState, entry: Entry, planned: Planned, base: Snapshot) -> tuple[str, ...]:
    """Return which of those that joined a plan serves: those it names, as far as it does anything where they point."""
    if entry.carried:
        return entry.steers
    named = [kernel.fold.board.entries[id] for id in entry.steers if id in planned.serves]
    return tuple(
        one.id for one in named if reaches(planned.ops, one, opened(kernel, base, {op.doc for op in planned.ops}))
    )


def opened(kernel: KernelState, base: Snapshot, names: Collection[str]) -> dict[str, Document]:
    """Return documents as they were in a snapshot, to be read and forked; those that are so still are themselves."""
    found = dict[str, Document]()
    for name in base.documents.keys() & names:
        image, live = base.documents[name], kernel.fold.documents.get(name)
        # A snapshot holds the very bytes that the document gave: while it gives these, it has not changed.
        is_same = live is not None and live.kind == image.kind and live.encode() is image.state
        opened = (
            live
            if is_same
            else Document.of_state(image.kind, image.state, client=kernel.scratch_client, exact=image.exact)
        )
        assert opened is not None, "what is the same is there"
        found[name] = opened
    return found


def _enter_question(kernel: KernelState, turn: Turn, entry: Entry, asked: Asked) -> None:
    kernel.runs.close(turn)
    question = Question(
        id=question_id(turn.fold.seq + 1),
        group=(entry.id,),
        text=asked.question[:QUESTION_POINTS_MAX],
        options=asked.options[:OPTIONS_MAX],
        deadline=turn.now + kernel.fold.policy.ask_seconds,
        default="",
    )
    turn.append(OracleBody(oracle="question", intent=entry.id, question=question, source=asked.planner), AGENT)
    turn.show(entry)
    turn.ask(question)


def failed(kernel: KernelState, turn: Turn, event: PlanFailed) -> None:
    """Enter a planner's failure: try again at most twice, then say so."""
    entry = awaited(kernel, event.intent, event.attempt, event.ask)
    if entry is None:
        return
    _end_drafts(kernel, turn, entry)
    kernel.runs.close(turn)
    turn.append(OracleBody(oracle="planner_failed", intent=entry.id, reason=whole(event.reason)), AGENT)
    assert entry.faults > 0, "the record has counted it"
    if entry.faults > FAULTS_MAX:
        turn.verdict(
            VerdictBody(
                intent=entry.id,
                state="failed",
                code="planner_failed",
                reason=f"The planner failed {entry.faults} times: {whole(event.reason)}",
                remedy="Try again later, or ask the owner to check the planner.",
                can=("override",),
            )
        )


def stop(kernel: KernelState, turn: Turn, entry: Entry) -> None:
    """Tell the planner that nobody wants its answer for this intent any more."""
    if kernel.lives.state_of(entry) == States.PLANNING:
        turn.request(StopPlanner(entry.id))
        _end_drafts(kernel, turn, entry)


def _end_drafts(kernel: KernelState, turn: Turn, entry: Entry) -> None:
    work = kernel.progress_of(entry)
    for doc in sorted(work.drafts):
        turn.tell(DraftShown(draft_id(entry.id, work.attempt), (entry.id,), doc, ""))
    work.drafts.clear()


def awaited(kernel: KernelState, intent: str, attempt: int, ask: int = 0) -> Entry | None:
    """Return an intent whose answer of this attempt, to this `ask` (0: any), is still wanted, or None."""
    entry = kernel.fold.board.live.get(intent)
    if entry is None:
        return None
    work, is_planned = kernel.progress_of(entry), kernel.lives.of(entry).state == States.PLANNING
    return entry if is_planned and work.attempt == attempt and ask in (0, work.ask) else None
