"""The round: ready plans become commits, one at a time, when nothing speaks against it (semantics §3, §5).

Between the checks and the records there is no await: the room makes the outcome durable in one transaction and lets
nothing out before. Order among ready intents: who reads comes before who writes what was read, then log order.
"""

from __future__ import annotations

from math import inf

from crdt.operations.fork import Ran
from crdt.operations.ops import Insert
from workspace.errors import Refusal
from workspace.intents.model.bodies import PlanBody, VerdictBody
from workspace.intents.model.causality import are_concurrent
from workspace.intents.model.effects import refuse_effects
from workspace.intents.model.intent import Kinds, States
from workspace.intents.rules.conflict import late_rivals, unseen_by
from workspace.intents.rules.document_acts import done_by, refuse_made
from workspace.intents.rules.gate import docs_of, try_plan, unmet_expectation
from workspace.intents.state.board import Entry
from workspace.intents.steps.commit import enter_commit, tell_done
from workspace.intents.steps.effects import ask_approval, to_approve
from workspace.intents.steps.fence_questions import asks_beyond
from workspace.intents.steps.human_edits import is_settled, protect
from workspace.intents.steps.invariant_guard import guard_rules
from workspace.intents.steps.judging import contradictions, without_judgement
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.planning import plan_again
from workspace.intents.steps.quarantine import (
    ends_for_rights,
    enter_acts,
    is_suggested,
    reject_lost,
    reject_put_away,
    stops_acts,
)
from workspace.intents.steps.resolution import settle, settle_ready
from workspace.intents.steps.turn import Turn
from workspace.intents.steps.variants import archive_variants
from workspace.intents.steps.waiting import rivals_to_await, wait_again


def commit_ready(kernel: KernelState, turn: Turn) -> bool:
    """Take one step with the ready intents: a decision, a re-plan or one commit. True when anything moved."""
    ready = [entry for entry in kernel.lives.index.of(States.READY) if not kernel.is_halted(entry)]
    if not ready:
        return False
    kernel.runs.close(turn)
    if _has_moved_with_documents(kernel, turn, ready):
        return True
    # The rules of rights as they stand now: they may have changed since any of these was planned.
    if kernel.fold.rights and any(ends_for_rights(kernel, turn, entry) for entry in ready):
        return True
    # Each ready plan is tried once; then it is what it stands on that is looked at as the documents change.
    tried: tuple[Entry, Ran] | None = None
    for entry in kernel.trials.due(ready, kernel.fold.documents, jid=kernel.fold.jid):
        kernel.subject = entry.id
        ran = _try(kernel, turn, entry)
        if ran is None:
            return True
        kernel.trials.passed(entry, kernel.fold.documents)
        tried = entry, ran
    released = [entry for entry in ready if _is_released(kernel, turn, entry)]
    # Collisions are settled before the judge is asked: whoever loses need not be compared.
    moved, waiting = settle_ready(kernel, turn, ready, released=frozenset(entry.id for entry in released))
    if moved:
        return True
    known = len(kernel.fold.judged)
    released = [entry for entry in released if entry.id not in waiting]
    unjudged, is_all = without_judgement(kernel, turn, released)
    if not is_all:
        return True
    released = [entry for entry in released if entry.id not in unjudged]
    if len(kernel.fold.judged) > known:
        return True
    # Only a rule looks beyond the one that comes next.
    ordered, ran = _in_order(released, kernel) if kernel.fold.invariants else _first_of(released, kernel)
    guarded = guard_rules(kernel, turn, ordered)
    if guarded != "clear":
        return guarded == "moved"
    assert ordered or not released, "of those who may go one goes first"
    for entry in ordered[:1]:
        kernel.subject = entry.id
        if ran is None:
            # What was tried in this very step was tried on the same documents: to fork a large one costs the most.
            ran = tried[1] if tried is not None and tried[0] is entry else _try(kernel, turn, entry)
        if ran is not None:
            _send_back_halted(kernel, turn, entry)
            _finish(kernel, turn, entry, ran)
    return bool(released)


def _has_moved_with_documents(kernel: KernelState, turn: Turn, ready: list[Entry]) -> bool:
    """End one of the ready plans whose documents are gone, or send back one that must wait; tell whether there was one.

    Looked at in every step and for all of them: that a document was put away or restored changes nothing that a plan
    which was tried before stands on, and whoever is chosen among several is not tried again.
    """
    if not kernel.fold.has_gone and not kernel.fold.catalog.returned:
        return False
    for entry in ready:
        assert entry.plan is not None, "a ready intent has a plan"
        kernel.subject = entry.id
        if reject_lost(kernel, turn, entry, docs_of(entry.plan)):
            return True
        if reject_put_away(kernel, turn, entry, entry.plan.docs):
            return True
        waits = wait_again(kernel, entry)
        if waits is not None:
            plan_again(kernel, turn, entry, waits)
            return True
    return False


def _send_back_halted(kernel: KernelState, turn: Turn, going: Entry) -> None:
    """Have planned again what waits for the agent to go on and collides with an undo that goes now.

    It could not be compared with it and decided (C3): nothing of it runs, and nobody is asked for it, until then.
    """
    if not kernel.fold.stops.is_on:
        return
    for entry in list(kernel.lives.index.of(States.READY)):
        pair = frozenset((entry.id, going.id))
        if not kernel.is_halted(entry) or entry is going or pair in kernel.fold.board.cleared:
            continue
        if are_concurrent(entry.stamp, going.stamp) and kernel.collides(entry, going):
            reason = f"{going.actor}'s undo changed the same place while the agent was stopped."
            plan_again(
                kernel, turn, entry, Refusal("stale_read", reason, "It is planned again when the agent goes on.")
            )


def _try(kernel: KernelState, turn: Turn, entry: Entry) -> Ran | None:
    """Execute a plan on forks of now; None when it no longer holds and was sent elsewhere."""
    assert entry.plan is not None, "a ready intent has a plan"
    ran = refuse_made(kernel.fold.catalog, entry.plan.ops) or try_plan(
        entry.plan, kernel.fold.documents, client=kernel.client
    )
    if isinstance(ran, Ran):
        return ran
    footprint = kernel.progress_of(entry).footprint
    late = late_rivals(entry, footprint, kernel.fold.board, since=entry.plan.snapshot) if footprint else ()
    if late:
        settle(kernel, turn, (*late, entry), layer="L2")
        if entry.is_live and kernel.lives.of(entry).state == States.READY:
            plan_again(kernel, turn, entry, ran)
    else:
        plan_again(kernel, turn, entry, ran)
    return None


def _is_released(kernel: KernelState, turn: Turn, entry: Entry) -> bool:
    """Tell whether the batch window is over and nobody who came in time is still being planned or asked about."""
    work, live_index, policy = kernel.progress_of(entry), kernel.lives.index, kernel.fold.policy
    if turn.now < work.since + policy.window_ms / 1000:
        return False
    # Looked for again only where somebody has moved for whom it waited, or may have come to be in its way.
    places = kernel.places_at()
    if live_index.awaits(entry) and turn.now < work.awaits_until and work.awaits_at == places:
        return False
    if work.free_at == (live_index.unrest, *places) and not kernel.lives.of(entry).waits_for:
        return True
    kernel.subject = entry.id
    awaited = rivals_to_await(kernel, entry, now=turn.now)
    if awaited:
        names = tuple(other.id for other in awaited)
        turn.state(entry, "ready", waits_for=names, reason="Waits for overlapping instructions.")
        live_index.hold_up(entry, names)
        patient = work.ready_at + policy.overlap_wait_ms / 1000
        work.awaits_until, work.awaits_at = patient if turn.now < patient else inf, kernel.places_at()
        return False
    if kernel.lives.of(entry).waits_for:
        turn.state(entry, "ready", reason=entry.plan.summary if entry.plan else "")
    work.free_at = (live_index.unrest, *kernel.places_at())
    return True


def release_deadline(kernel: KernelState) -> float | None:
    """Return when the next ready intent may be released by time alone, in unix seconds."""
    policy, times = kernel.fold.policy, []
    for entry in kernel.lives.index.of(States.READY):
        work = kernel.progress_of(entry)
        times += [work.since + policy.window_ms / 1000, work.ready_at + policy.overlap_wait_ms / 1000]
    return min((at for at in times if at > kernel.settled), default=None)


def _in_order(entries: list[Entry], kernel: KernelState) -> tuple[list[Entry], Ran | None]:
    """Return readers before the writers of what they read; log order where that leaves a choice or a cycle.

    And what the first of them does, where that was found out.
    """
    rest, ordered, first = list(entries), list[Entry](), None
    while rest:
        (chosen,), ran = _first_of(rest, kernel)
        first = first if ordered else ran
        rest.remove(chosen)
        ordered.append(chosen)
    assert len(ordered) == len(entries), "everybody has one place"
    return ordered, first


def _first_of(entries: list[Entry], kernel: KernelState) -> tuple[list[Entry], Ran | None]:
    """Return the one that comes first in that order, or nothing; and what it does, where that was found out."""
    by_id = {entry.id: entry for entry in entries}
    ran: Ran | None = None
    for entry in entries if len(entries) > 1 else ():
        assert entry.plan is not None, "only planned intents are ordered"
        kernel.subject = entry.id
        after = try_plan(entry.plan, kernel.fold.documents, client=kernel.client)
        if isinstance(after, Refusal):
            return [entry], None
        spoilt = kernel.trials.spoilt_by(entry.id, kernel.fold.documents, after.documents)
        if not any(_reads_after(by_id[id], entry, after, kernel) for id in spoilt if id in by_id):
            return [entry], after
        ran = ran or after
    return entries[:1], ran


def _reads_after(reader: Entry, writer: Entry, after: Ran, kernel: KernelState) -> bool:
    """Tell whether committing `writer` first, whose plan comes to `after`, would make `reader`'s plan stale."""
    assert reader.plan is not None, "only planned intents are ordered"
    if _is_steadfast(reader.plan) or not kernel.may_meet(reader, writer):
        return False
    kernel.subject, documents = reader.id, {**kernel.fold.documents, **after.documents}
    return isinstance(try_plan(reader.plan, documents, client=kernel.scratch_client), Refusal)


def _is_steadfast(plan: PlanBody) -> bool:
    """Tell whether nothing that others write can make a plan stale: it only puts text in, and read nothing strongly."""
    return all(isinstance(op, Insert) for op in plan.ops) and not any(reading.strong for reading in plan.reads)


def _undone_meanwhile(kernel: KernelState, entry: Entry, plan: PlanBody) -> Refusal | None:
    """Return why an undo must be looked at again: another one of the same commit came in after it was planned."""
    board = kernel.fold.board
    subject = board.subject_of(entry)
    if subject.body.kind != Kinds.UNDO:
        return None
    for seq, commit in reversed(board.commits.values()):
        if seq <= plan.snapshot:
            return None
        other = board.subject_of(board.entries[commit.intents[0]])
        if other.body.kind == Kinds.UNDO and other.body.refs[0] == subject.body.refs[0]:
            return Refusal("stale_read", f"{subject.body.refs[0]} has been taken back meanwhile.")
    return None


def _rejected_apart(kernel: KernelState, turn: Turn, entry: Entry, ran: Ran) -> bool:
    """End an intent that would change a document of which no copy is alike; tell whether it ended."""
    apart = sorted(
        doc for doc in ran.executed if doc in kernel.fold.documents and kernel.fold.documents[doc].is_apart()
    )
    if not apart:
        return False
    turn.verdict(
        VerdictBody(
            intent=entry.id,
            state="failed",
            code="document_apart",
            reason=f"{apart[0]} holds edits that no client makes: no copy of it is like it.",
            remedy="Copy its text into a new document and ask there.",
        )
    )
    return True


def _finish(kernel: KernelState, turn: Turn, entry: Entry, ran: Ran) -> None:
    """Commit, or end or hold the intent for what speaks against it."""
    assert entry.plan is not None, "a ready intent has a plan"
    kernel.subject = entry.id
    # What speaks against it, from what nobody decides to what people may: effects, rights, expectations, the fence.
    gone = refuse_effects(entry.plan.effects, kernel.fold.receivers) or _undone_meanwhile(kernel, entry, entry.plan)
    if gone is not None:  # a receiver was renamed, removed or changed while the plan waited
        plan_again(kernel, turn, entry, gone)
        return
    if is_suggested(kernel, turn, entry) or stops_acts(kernel, turn, entry, entry.plan):
        return
    if _rejected_apart(kernel, turn, entry, ran):
        return
    subject = kernel.fold.board.subject_of(entry)
    unmet = unmet_expectation(subject.body.expects, kernel.fold.documents)
    if unmet is not None:
        where = "/".join(map(str, (unmet.doc, *unmet.path)))
        turn.verdict(
            VerdictBody(
                intent=entry.id,
                state="rejected",
                code="expectation",
                reason=f"{where} is not what {subject.actor} expected it to be.",
                remedy="Look at the current value and ask again.",
                can=("override",),
            )
        )
        return
    if asks_beyond(kernel, turn, entry, kernel.fold.documents):
        return
    # Then whose work it would replace, by identity: bytes merge always, and say nothing (semantics §3).
    unseen = unseen_by(entry, ran.executed, kernel.fold.board, kernel.fold.history)
    opposed = [id for pair in contradictions(kernel, [entry]) if entry.id in pair for id in pair if id != entry.id]
    if unseen.rivals:
        settle(kernel, turn, (*unseen.rivals, entry), layer="L2")
    elif opposed:
        settle(kernel, turn, (*(kernel.fold.board.entries[id] for id in dict.fromkeys(opposed)), entry), layer="L3")
    elif unseen.human and not is_settled(entry, unseen.human):
        protect(kernel, turn, entry, unseen.human)
    elif final := to_approve(kernel, entry):
        ask_approval(kernel, turn, entry, final)
    else:
        documents, plan = kernel.fold.documents, entry.plan
        did = done_by(kernel.fold.catalog, plan, plan.ops_on(documents), documents, ran.documents)
        commit = enter_commit(kernel, turn, entry, ran)
        if isinstance(commit, Refusal):
            plan_again(kernel, turn, entry, commit)
            return
        tell_done(kernel, turn, entry, commit, did)
        enter_acts(kernel, turn, entry, commit)
        archive_variants(kernel, turn, entry)
