"""Documents in which something may not be written: they cannot be read, were put away, or rules of rights forbid it.

A document that cannot be read any more is put aside alone: a fact of the log, and everything else goes on.

From the `config` record on that says so, the document is none of the workspace's: nobody reads, plans or writes there,
and in every state it counts as a fixed marker, so that the log after it verifies. Its rows stay in the journal.

One that was archived or deleted stays what it was, in every state after it; nobody plans or writes there until it is
restored. Everybody is told; what was under way there ends with a verdict that says so (decision 114).

Rules of rights count as they stand now, whatever held when something was typed, planned or approved (decision 118). The
agent's rights are its authors', the documents' and its own together: a plan that the agent may not carry out ends,
whoever asks and whoever approves; one whose author may only read there ends, too; one whose author may suggest there is
a suggestion. An undo is a person's act, as under a stop: rules for the agent say nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from crdt.documents.document import Document
from crdt.errors import CrdtError
from crdt.operations.ops import CreateDocument
from crdt.updates.rewrite import encode_delete_set
from workspace.errors import Refusal
from workspace.intents.model.bodies import CommitBody, ConfigBody, PlanBody, VerdictBody
from workspace.intents.model.document_acts import LEAST_ROLE, DocumentAct
from workspace.intents.model.events import DocumentActed, DocumentsChanged, Edited, EditRefused
from workspace.intents.model.intent import Kinds
from workspace.intents.rules.document_acts import (
    acts_of,
    changes_nothing,
    refuse_act,
    refuse_idle,
    refuse_more,
    refuse_put_away,
)
from workspace.intents.rules.gate import read_need, refuse_lost
from workspace.intents.rules.places import (
    READ_ONLY,
    refuse_act_at,
    refuse_agent,
    refuse_edit,
    refuse_reader,
    short_of,
    spot,
)
from workspace.intents.state.board import Entry
from workspace.intents.state.catalog import Catalog
from workspace.intents.state.fold import Break, unreadable
from workspace.intents.steps.human_edits import suggest
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import AGENT, Turn

# Of refused edits whose ids are remembered: whoever builds on older ones waits as for any that is lost.
BARRED_MAX = 4_096


def secure(
    kernel: KernelState,
    turn: Turn,
    *,
    besides: Collection[str] = (),
    encoded: Collection[str] = (),
    is_digested: bool = True,
) -> None:
    """Put aside every document whose state cannot be digested, or that cannot be encoded where that comes next.

    What is found to be well is kept by the document, so that it costs nothing to ask for it afterwards.
    """
    documents = {doc: document for doc, document in kernel.fold.documents.items() if doc not in besides}
    found = unreadable(documents, encoded=encoded, is_digested=is_digested)
    if found:
        kernel.runs.close(turn)
        seq, rows = kernel.fold.seq, kernel.fold.rows
        put_aside(
            turn, {doc: Break(doc, seq, rows.get(doc, 0), why, is_state=True).words for doc, why in found.items()}
        )


def put_aside(turn: Turn, found: dict[str, str]) -> None:
    """Enter that documents cannot be read, and have their sockets told; every open run must be closed."""
    assert found, "something cannot be read"
    turn.append(ConfigBody(quarantined=found), AGENT)
    assert turn.fold.documents.keys().isdisjoint(found), "what was put aside is nobody's to read"
    turn.tell(DocumentsChanged((), (), broken=tuple(sorted(found))))


def reject_lost(kernel: KernelState, turn: Turn, entry: Entry, docs: Iterable[str]) -> bool:
    """End an intent that cannot do without a document that was put aside; tell whether it ended."""
    refusal = refuse_lost(kernel.fold, docs)
    if refusal is None:
        return False
    reject(kernel, turn, entry, refusal)
    return True


def acted(catalog: Catalog, acts: Iterable[DocumentAct], actor: str) -> tuple[DocumentActed, ...]:
    """Return what people are told of acts that are about to be entered."""
    return tuple(
        DocumentActed(act.do, act.doc, catalog.name_of(act.doc), act.name or catalog.name_of(act.doc), actor)
        for act in acts
    )


def enter_acts(kernel: KernelState, turn: Turn, entry: Entry, commit: CommitBody) -> None:
    """Enter what a commit's plan does with documents, in the turn of the commit; its author is who did it."""
    assert entry.plan is not None, "what was committed was planned"
    catalog = kernel.fold.catalog
    acts = tuple(act for act in acts_of(entry.plan) if not changes_nothing(catalog, act))
    if acts:
        told = acted(catalog, acts, entry.actor)
        turn.append(ConfigBody(acts=acts, commit=commit.commit), AGENT)
        for notice in told:
            turn.tell(notice)


def stops_acts(kernel: KernelState, turn: Turn, entry: Entry, plan: PlanBody) -> bool:
    """End an intent whose acts on documents may not be: beyond its author's rights, or not as things stand."""
    catalog, bound = kernel.fold.catalog, kernel.bounds.documents
    # At the plan there was room; others may have made some since.
    made = sum(isinstance(op, CreateDocument) for op in plan.ops)
    full = refuse_more(catalog, documents_max=bound, count=made) if made else None
    if full is not None:
        reject(kernel, turn, entry, full)
        return True
    for act in acts_of(plan):
        refusal = refuse_act(catalog, act, documents_max=bound) or refuse_idle(catalog, act)
        if refusal is not None:
            reject(kernel, turn, entry, refusal)
            return True
    for act in acts_of(plan):
        beyond = refuse_act_at(kernel.fold, act, actor=entry.actor, role=entry.role)
        if beyond is not None:
            reason = f"A {entry.role} may suggest to {act.do} {act.was}; {LEAST_ROLE[act.do]}s decide."
            reason = beyond.reason if beyond.code == READ_ONLY else reason
            suggest(turn, entry, "needs_approval", reason, ("approve",))
            return True
    return False


def reject_put_away(kernel: KernelState, turn: Turn, entry: Entry, docs: Iterable[str]) -> bool:
    """End an intent that cannot do without a document that was archived or deleted; tell whether it ended."""
    refusal = refuse_put_away(kernel.fold, docs)
    if refusal is not None:
        reject(kernel, turn, entry, refusal)
    return refusal is not None


def reject(kernel: KernelState, turn: Turn, entry: Entry, refusal: Refusal) -> None:
    """End an intent for what refuses it."""
    kernel.runs.close(turn)
    turn.verdict(
        VerdictBody(
            intent=entry.id,
            state="rejected",
            code=refusal.code,
            reason=refusal.reason,
            remedy=refusal.remedy,
            can=("override",),
        )
    )


# ---------------------------------------------------------------- rules of rights


def ends_for_rights(kernel: KernelState, turn: Turn, entry: Entry) -> bool:
    """End an intent whose plan may not be where it writes, or part from it who has joined; tell whether it moved."""
    if not kernel.fold.rights:
        return False
    assert entry.plan is not None, "only what was planned is known to write somewhere"
    is_undo = kernel.fold.board.subject_of(entry).body.kind == Kinds.UNDO
    refusal = refuse_agent(kernel.fold, entry.plan) if not is_undo else None
    refusal = refusal or refuse_reader(kernel.fold, entry.plan, actor=entry.actor, role=entry.role)
    if refusal is not None:
        reject(kernel, turn, entry, refusal)
        return True
    return not entry.carried and _parts(kernel, turn, entry)


def _parts(kernel: KernelState, turn: Turn, entry: Entry) -> bool:
    """End those who joined an intent and may not change what its plan does; it is planned again without them."""
    assert entry.plan is not None, "only what was planned is known to write somewhere"
    for joined in [kernel.fold.board.entries[id] for id in entry.steers]:
        refusal = refuse_reader(kernel.fold, entry.plan, actor=joined.actor, role=joined.role)
        short = short_of(kernel.fold, entry.plan, actor=joined.actor, role=joined.role)
        # Who may not edit in the workspace itself has joined somebody who may not either: that one is suggested whole.
        if refusal is None and (short is None or short_of(kernel.fold, entry.plan, actor=entry.actor, role=entry.role)):
            continue
        if refusal is not None:
            reject(kernel, turn, joined, refusal)
        else:
            kernel.runs.close(turn)
            suggest(turn, joined, "needs_approval", short or "", ("approve",))
        return True
    return False


def is_suggested(kernel: KernelState, turn: Turn, entry: Entry) -> bool:
    """Make a suggestion of a plan that somebody it is done for may not have done; tell whether it became one."""
    assert entry.plan is not None, "only what was planned is suggested"
    # A merged instruction is everybody's whose words are in it.
    joined = entry.steers if entry.carried and kernel.fold.rights else ()
    for one in (entry, *(kernel.fold.board.entries[id] for id in joined)):
        short = short_of(kernel.fold, entry.plan, actor=one.actor, role=one.role)
        if short is not None:
            suggest(turn, entry, "needs_approval", short, ("approve",))
            return True
    return False


def is_barred(kernel: KernelState, turn: Turn, event: Edited, document: Document) -> bool:
    """Refuse an edit whole where a rule of rights lets its author only read or suggest; tell whether it was.

    What it had put into its author's replica is taken out there; what it had removed only a new replica has again.
    """
    refusal = refuse_edit(kernel.fold, spot(kernel.fold, event.doc), actor=event.actor, role=event.role)
    if refusal is None:
        return False
    turn.refused, key, state = refusal, (event.lane, event.doc), document.state_vector()
    # It counts as sent, and its socket as in step: an instruction behind it waits for nothing that never comes.
    if not event.is_part:
        kernel.sent[key] = kernel.sent.get(key, 0) + event.count
        if event.step2:
            kernel.synced[key] = kernel.turn
    own = {client: (max(first, state.get(client, 0)), end) for client, (first, end) in event.scan.inserted.items()}
    removed = {client: (span,) for client, span in own.items() if span[0] < span[1]}
    if not removed and event.step2 and not _brings(document, event, kernel.scratch_client):
        return True
    kernel.barred_at[key] = kernel.sent.get(key, 0), kernel.turn
    for client, span in own.items():
        kernel.barred[(event.doc, client)] = max(kernel.barred.pop((event.doc, client), 0), span[1])
    for oldest in list(kernel.barred)[:-BARRED_MAX]:
        del kernel.barred[oldest]
    removal = b"\x00" + encode_delete_set(removed) if removed else b""
    turn.tell(EditRefused(event.lane, event.doc, "drop", refusal.code, refusal.reason, removal))
    return True


def _brings(document: Document, event: Edited, client: int) -> bool:
    """Tell whether an update without new items would remove something: mostly it names what was removed long ago."""
    if not event.scan.deleted:
        return False
    try:
        return document.fork(client).apply(event.update, event.scan) is not None
    except CrdtError:
        return True


def builds_on_barred(kernel: KernelState, turn: Turn, entry: Entry) -> bool:
    """End an intent that depends on words of its author which a rule has kept out; tell whether it ended."""
    fold = kernel.fold
    for doc, need in entry.body.needs.items() if kernel.barred or kernel.barred_at else ():
        if doc not in fold.documents:
            continue
        count, at = kernel.barred_at.get((entry.body.lane, doc), (0, 0))
        is_behind = 0 < count <= need.sent and kernel.progress_of(entry).turn >= at
        known = fold.documents[doc].state_vector()
        ends = {client: clock for client, clock in read_need(need).items() if known.get(client, 0) < clock}
        here = spot(fold, doc)
        is_kept_out = refuse_edit(fold, here, actor=entry.actor, role=entry.role) is not None
        is_on_it = is_kept_out and any(clock <= kernel.barred.get((doc, one), 0) for one, clock in ends.items())
        if is_behind or is_on_it:
            reason = f"It builds on what {entry.actor} wrote in {here.name} where that may not be: nobody has it."
            reject(kernel, turn, entry, Refusal(READ_ONLY, reason, "Load the document anew, and ask again."))
            return True
    return False
