"""The round: ready plans become commits, one at a time, when nothing speaks against it (semantics §3, §5).

Between the checks and the records there is no await: the room makes the outcome durable in one transaction and lets
nothing out before. Order among ready intents: who reads comes before who writes what was read, then log order.
"""

from __future__ import annotations

from base64 import b64encode

from crdt.fork import Ran
from workspace.errors import Refusal
from workspace.intents.board import Entry
from workspace.intents.conflict import late_rivals, unseen_by
from workspace.intents.core import Core
from workspace.intents.events import DocumentsChanged, Spread
from workspace.intents.evidence import evidence_of
from workspace.intents.fold import AGENT_LANE, sha_of
from workspace.intents.gate import may_edit, rivals_to_await, try_plan, unmet_expectation
from workspace.intents.guarding import guard_rules
from workspace.intents.history import Edit, spans_of, spans_of_ranges
from workspace.intents.judging import contradictions, notes_for, without_judgement
from workspace.intents.planning import plan_again, subject_of
from workspace.intents.record import CommitBody, CommitDoc, DecisionBody, VerdictBody
from workspace.intents.settling import settle, settle_ready
from workspace.intents.turn import AGENT, Turn


def commit_ready(core: Core, turn: Turn) -> bool:
    """Take one step with the ready intents: a decision, a re-plan or one commit. True when anything moved."""
    ready = [entry for entry in core.live() if entry.state == "ready"]
    if not ready:
        return False
    core.runs.close(turn)
    ran: dict[str, Ran] = {}
    for entry in ready:
        attempt = _try(core, turn, entry)
        if attempt is None:
            return True
        ran[entry.id] = attempt
    released = [entry for entry in ready if _is_released(core, turn, entry)]
    moved, waiting = settle_ready(core, turn, ready, released=frozenset(entry.id for entry in released))
    if moved:
        return True
    known = len(core.fold.judged)
    released = [entry for entry in released if entry.id not in waiting and not without_judgement(core, turn, entry)]
    if len(core.fold.judged) > known:
        return True
    ordered = _in_order(released, core)
    guarded = guard_rules(core, turn, ordered)
    if guarded != "clear":
        return guarded == "moved"
    for entry in ordered[:1]:
        _finish(core, turn, entry, ran[entry.id])
    return bool(released)


def _try(core: Core, turn: Turn, entry: Entry) -> Ran | None:
    """Execute a plan on forks of now; None when it no longer holds and was sent elsewhere."""
    assert entry.plan is not None, "a ready intent has a plan"
    ran = try_plan(entry.plan, core.fold.documents, client=core.client)
    if isinstance(ran, Ran):
        return ran
    footprint = core.work_of(entry).footprint
    late = late_rivals(entry, footprint, core.fold.board, since=entry.plan.snapshot) if footprint else ()
    if late:
        settle(core, turn, (*late, entry), layer="L2")
        if entry.state == "ready":
            plan_again(core, turn, entry, ran)
    else:
        plan_again(core, turn, entry, ran)
    return None


def _is_released(core: Core, turn: Turn, entry: Entry) -> bool:
    """Tell whether the batch window is over and nobody who came in time is still being planned or asked about."""
    work = core.work_of(entry)
    awaited = rivals_to_await(entry, core, turn.now)
    if awaited:
        turn.state(
            entry, "ready", waits_for=tuple(other.id for other in awaited), reason="Waits for overlapping instructions."
        )
        return False
    if entry.waits_for:
        turn.state(entry, "ready", reason=entry.plan.summary if entry.plan else "")
    return turn.now >= work.since + core.fold.policy.window_ms / 1000


def release_deadline(core: Core) -> float | None:
    """Return when the next ready intent may be released by time alone, in unix seconds."""
    policy, times = core.fold.policy, []
    for entry in core.live():
        if entry.state == "ready":
            work = core.work_of(entry)
            times += [work.since + policy.window_ms / 1000, work.ready_at + policy.overlap_wait_ms / 1000]
    return min((at for at in times if at > core.now), default=None)


def _in_order(entries: list[Entry], core: Core) -> list[Entry]:
    """Return readers before the writers of what they read; log order where that leaves a choice or a cycle."""
    rest, ordered = list(entries), []
    while rest:
        free = [
            entry for entry in rest if not any(_reads_after(other, entry, core) for other in rest if other is not entry)
        ]
        chosen = min(free or rest, key=lambda entry: entry.seq)
        rest.remove(chosen)
        ordered.append(chosen)
    return ordered


def _reads_after(reader: Entry, writer: Entry, core: Core) -> bool:
    """Tell whether committing `writer` first would make `reader`'s plan stale."""
    assert reader.plan is not None, "only planned intents are ordered"
    assert writer.plan is not None, "only planned intents are ordered"
    after = try_plan(writer.plan, core.fold.documents, client=core.scratch_client)
    if isinstance(after, Refusal):
        return False
    documents = {**core.fold.documents, **after.documents}
    return isinstance(try_plan(reader.plan, documents, client=core.scratch_client), Refusal)


def _finish(core: Core, turn: Turn, entry: Entry, ran: Ran) -> None:
    """Commit, or end or hold the intent for what speaks against it."""
    assert entry.plan is not None, "a ready intent has a plan"
    if not may_edit(entry) and entry.plan.ops:
        _suggest(core, turn, entry, "needs_approval", f"A {entry.role} may suggest; an editor decides.", ("approve",))
        return
    unmet = unmet_expectation(subject_of(entry, core).body.expects, core.fold.documents)
    if unmet is not None:
        where = "/".join(map(str, (unmet.doc, *unmet.path)))
        turn.verdict(
            VerdictBody(
                intent=entry.id,
                state="rejected",
                code="expectation",
                reason=f"{where} is not what you expected it to be.",
                remedy="Look at the current value and ask again.",
                can=("override",),
            )
        )
        return
    unseen = unseen_by(entry, ran.executed, core.fold.board, core.fold.history)
    opposed = [id for pair in contradictions(core, [entry]) if entry.id in pair for id in pair if id != entry.id]
    if unseen.rivals:
        settle(core, turn, (*unseen.rivals, entry), layer="L2")
    elif opposed:
        settle(core, turn, (*(core.fold.board.entries[id] for id in dict.fromkeys(opposed)), entry), layer="L3")
    elif unseen.human:
        _protect(core, turn, entry, unseen.human)
    else:
        _commit(core, turn, entry, ran)


def _protect(core: Core, turn: Turn, entry: Entry, edits: tuple[Edit, ...]) -> None:
    """E-rule: a human's edit that the author has not seen is not overwritten (semantics §3)."""
    assert entry.plan is not None, "a ready intent has a plan"
    names = sorted({edit.actor for edit in edits})
    docs = sorted({edit.doc for edit in edits})
    reason = f"{', '.join(names)} edited the same place in {', '.join(docs)} after you began to write."
    decision = DecisionBody(
        decision=f"d{turn.fold.seq + 1}",
        group=(entry.id,),
        layer="E",
        policy="human_edit:suggest@1",
        by="policy",
        outcome={entry.id: "suggested"},
        reason=reason,
        evidence={
            **evidence_of((entry,), core.fold.documents, client=core.scratch_client),
            "edits": [[edit.seq, edit.actor, edit.doc] for edit in edits],
        },
    )
    turn.append(decision, AGENT)
    _suggest(core, turn, entry, "human_edit", reason, ("approve", "override"), by=decision.decision)


def _suggest(
    core: Core, turn: Turn, entry: Entry, code: str, reason: str, can: tuple[str, ...], *, by: str = ""
) -> None:
    turn.verdict(
        VerdictBody(
            intent=entry.id,
            state="suggested",
            code=code,
            reason=reason,
            remedy="Look at what stands there now; approve to run it anyway.",
            by=by,
            can=can,
        )
    )


def _commit(core: Core, turn: Turn, entry: Entry, ran: Ran) -> None:
    """Enter the edit: journal rows, the commit record and its verdict, in this order and in one transaction."""
    assert entry.plan is not None, "a ready intent has a plan"
    fold, number = core.fold, turn.fold.seq + 1
    docs: dict[str, CommitDoc] = {}
    created = {doc: ran.documents[doc].kind for doc in ran.documents if doc not in fold.documents}
    for doc, kind in created.items():
        fold.create(doc, kind)
    for doc, part in sorted(ran.executed.items()):
        if not part.inserted and not part.deleted:
            continue
        document = fold.documents[doc]
        before = document.encode_state_vector()
        applied = document.apply(part.update)
        assert applied is not None, "an executed edit is new to the live document"
        assert document.value() == ran.documents[doc].value(), "fork and live document agree after the commit"
        jid = turn.journal_row(doc, lane=AGENT_LANE, actor=AGENT, update=applied.update)
        docs[doc] = CommitDoc(
            jid=jid,
            sha=sha_of((applied.update,)),
            before=b64encode(before).decode(),
            after=b64encode(document.encode_state_vector()).decode(),
            inserted=spans_of(applied.inserted),
            deleted=spans_of_ranges(applied.deleted),
        )
        turn.tell(Spread(doc, applied.update, AGENT_LANE))
    commit = CommitBody(
        commit=f"c{number}",
        plan=entry.plan.plan,
        intents=(entry.id, *entry.steers),
        base=entry.plan.snapshot,
        decisions=tuple(decision.decision for decision in entry.decisions),
        docs=docs,
        created=created,
        state=fold.state(),
        origin=f"commit:c{number}",
        summary=entry.plan.summary,
    )
    turn.append(commit, AGENT)
    if created:
        turn.tell(DocumentsChanged(tuple(created), ()))
    _tell_done(core, turn, entry, commit)


def _tell_done(core: Core, turn: Turn, entry: Entry, commit: CommitBody) -> None:
    """Append the verdict of a committed intent and of those that joined it."""
    turn.verdict(
        VerdictBody(
            intent=entry.id,
            state="merged" if entry.carried else "done",
            code="merged" if entry.carried else "done",
            reason=commit.summary + notes_for(core, entry),
            commit=commit.commit,
            can=("override", "undo"),
        )
    )
    for id in entry.steers:
        turn.verdict(
            VerdictBody(
                intent=id,
                state="merged",
                code="merged" if entry.carried else "steered",
                reason=f"Done with {entry.actor}'s instruction: {commit.summary}",
                winner=entry.id,
                commit=commit.commit,
                can=("override", "undo"),
            )
        )
