"""Into the documents and the log: one plan becomes one commit, in one transaction with its verdicts (semantics §5)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

import msgspec

from crdt.documents.backing import Applied
from crdt.documents.pycrdt_document import DocumentKind
from crdt.operations.fork import Ran, find_weakly_changed
from workspace.errors import Refusal
from workspace.intents.model.bodies import CommitBody, CommitDoc, PlanBody, VerdictBody
from workspace.intents.model.events import DocumentsChanged, UpdateRelayed
from workspace.intents.model.ids import commit_id, commit_origin
from workspace.intents.model.record import sha_of
from workspace.intents.model.requests import SendEffect
from workspace.intents.model.wording import NOTHING_CHANGED, with_agents_words
from workspace.intents.rules.readback import meanings, unlike
from workspace.intents.state.board import VARIANT_PLANNER, Entry
from workspace.intents.state.fold import AGENT_LANE, WorkspaceState
from workspace.intents.state.history import spans_of, spans_of_ranges
from workspace.intents.steps.human_edits import flagged
from workspace.intents.steps.judging import notes_for
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.quarantine import secure
from workspace.intents.steps.turn import AGENT, Turn


def enter_commit(kernel: KernelState, turn: Turn, entry: Entry, ran: Ran) -> CommitBody | Refusal:
    """Enter a plan carried out on forks of now: journal rows, then the commit record; its verdict must follow.

    Returns why not, where the documents do not read afterwards as the plan meant: they are what they were then, and
    nothing was recorded.
    """
    assert entry.plan is not None, "a ready intent has a plan"
    secure(kernel, turn, besides=ran.documents)
    fold, number = kernel.fold, turn.fold.seq + 1
    weak = find_weakly_changed(fold.documents, entry.plan.reads)
    created = {doc: ran.documents[doc].kind for doc in ran.documents if doc not in fold.documents}
    whole = {doc for doc in ran.executed if doc in fold.documents and fold.documents[doc].is_known_whole}
    changes = _carry_in(fold, ran, entry.plan, created)
    if isinstance(changes, Refusal):
        return changes
    docs: dict[str, CommitDoc] = {}
    for doc, (before, applied) in changes.items():
        jid = turn.journal_row(doc, lane=AGENT_LANE, actor=AGENT, update=applied.update)
        docs[doc] = CommitDoc(
            jid=jid,
            sha=sha_of((applied.update,)),
            before=b64encode(before).decode(),
            after=b64encode(fold.documents[doc].encode_state_vector()).decode(),
            inserted=spans_of(applied.inserted),
            deleted=spans_of_ranges(applied.deleted),
        )
        turn.tell(UpdateRelayed(doc, applied.update, AGENT_LANE))
        if doc in whole:
            fold.documents[doc].stays_whole()
    commit = CommitBody(
        commit=commit_id(number),
        plan=entry.plan.plan,
        intents=(entry.id, *entry.steers),
        base=entry.plan.snapshot,
        decisions=tuple(decision.decision for decision in entry.decisions),
        docs=docs,
        created=created,
        state=fold.state(),
        origin=commit_origin(commit_id(number)),
        summary=entry.plan.summary,
        effects=entry.plan.effects if entry.plan.planner != VARIANT_PLANNER else (),
        weak_changed=weak or msgspec.UNSET,
    )
    turn.append(commit, AGENT)
    assert entry.commit is commit, "its verdict will name what was done"
    for effect in commit.effects:
        turn.request(SendEffect(kernel.fold.outbox[(commit.commit, effect.i)]))
    if created:
        turn.tell(DocumentsChanged(tuple(created), ()))
    return commit


def _carry_in(
    fold: WorkspaceState, ran: Ran, plan: PlanBody, created: Mapping[str, DocumentKind]
) -> dict[str, tuple[bytes, Applied]] | Refusal:
    """Give the live documents what a plan wrote and read them; they are put back where they do not read as meant.

    Returns, for each document that changed, its state vector before and what came in.
    """
    # Decision 84: worked out on plain values before anything is written, so that one mistake cannot be in both.
    meant = meanings(plan.ops_on(fold.documents), fold.documents)
    for doc, kind in created.items():
        fold.create(doc, kind)
    held: dict[str, bytes] = {}
    changes: dict[str, tuple[bytes, Applied]] = {}
    for doc, part in sorted(ran.executed.items()):
        if not part.inserted and not part.deleted:
            continue
        document = fold.documents[doc]
        held[doc], before = document.encode(), document.encode_state_vector()
        applied = document.apply(part.update)
        assert applied is not None, "an executed edit is new to the live document"
        changes[doc] = before, applied
    assert changes.keys() <= plan.docs, "a plan changes what it names"
    told = unlike(meant, fold.documents)
    if not told:
        return changes
    for doc in created:
        fold.uncreate(doc)
    for doc, state in held.items():
        if doc not in created:
            fold.put_back(doc, state)
    return Refusal("read_back", f"It does not read as it was meant: {told}.", "Ask for it in smaller steps.")


def tell_done(kernel: KernelState, turn: Turn, entry: Entry, commit: CommitBody, did: tuple[str, ...]) -> None:
    """Append the verdict of a committed intent and of those that joined it; `did` names what was done and read."""
    assert entry.id == commit.intents[0], "a commit stands for its first intent"
    has_changed = bool(did or commit.effects)
    # What was done with documents as a whole is not taken back by an undo, but by doing the contrary.
    is_undoable = has_changed and bool(commit.docs or commit.created or commit.effects)
    summary = commit.summary
    if not has_changed and not summary.startswith(NOTHING_CHANGED):
        summary = with_agents_words(NOTHING_CHANGED, summary)
    turn.verdict(
        VerdictBody(
            intent=entry.id,
            state="merged" if entry.carried else "done",
            code="merged" if entry.carried else "done" if has_changed else "unchanged",
            reason=summary + flagged(entry) + notes_for(kernel, entry),
            commit=commit.commit,
            can=("override", "undo") if is_undoable else ("override",),
            did=did,
        )
    )
    for id in entry.steers:
        turn.verdict(
            VerdictBody(
                intent=id,
                state="merged",
                code="merged" if entry.carried else "steered",
                reason=f"Done with {entry.actor}'s instruction: {summary}",
                winner=entry.id,
                commit=commit.commit,
                can=("override", "undo"),
                did=did,
            )
        )
