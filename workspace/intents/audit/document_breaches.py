"""What is in the log though a document had been put away, and acts on documents that might not be: for the audit."""

from __future__ import annotations

from workspace.intents.audit.conditions import Condition
from workspace.intents.model.bodies import CommitBody, ConfigBody, UpdateBody
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.record import Record
from workspace.intents.rules.document_acts import acts_of, refuse_logged
from workspace.intents.rules.places import refuse_act_at
from workspace.intents.state.fold import WorkspaceState

CONDITION: Condition = "document"


def breach(record: Record, fold: WorkspaceState) -> str:
    """Return how a record that is about to be entered goes against what was done with a document, or ""."""
    match record.body:
        case UpdateBody(doc=doc):
            return _written(fold, (doc,))
        case CommitBody(docs=docs):
            return _written(fold, tuple(docs))
        case ConfigBody(acts=acts, commit=commit) if acts:
            return next((why for act in acts if (why := _refused(fold, act))), "") or _asked(fold, acts, commit)
        case _:
            return ""


def _written(fold: WorkspaceState, docs: tuple[str, ...]) -> str:
    gone = sorted(doc for doc in docs if doc in fold.catalog.put_away)
    return f"{gone[0]} is written though it was {fold.catalog.state_of(gone[0])}" if gone else ""


def _refused(fold: WorkspaceState, act: DocumentAct) -> str:
    refusal = refuse_logged(fold.catalog, act)
    return f"it may not {act.do} {act.doc}: {refusal.reason}" if refusal is not None else ""


def _asked(fold: WorkspaceState, acts: tuple[DocumentAct, ...], commit: str) -> str:
    """C5: what an instruction did with documents its plan says, and its author's rights cover it."""
    if not commit:
        return ""  # a person's own act: the role they had is told where rules of rights stand (`right_breaches.py`)
    body = fold.board.commits[commit][1]
    entry = fold.board.entries[body.intents[0]]
    if entry.plan is None or not set(acts) <= set(acts_of(entry.plan)):
        return f"{commit} does with documents what its plan does not say"
    refused = {act: refuse_act_at(fold, act, actor=entry.actor, role=entry.role) for act in acts}
    beyond = next((act for act in acts if refused[act] is not None), None)
    return f"{entry.id} would {beyond.do} {beyond.doc} by the right of a {entry.role}" if beyond is not None else ""
