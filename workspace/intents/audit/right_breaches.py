"""What is in the log against the rules of rights that stood then: looked at from the log alone, for the audit.

A record says which role its author had in the workspace wherever rules stood. An edit that a crash had left in the
journal does not: it is held against what any role would have allowed, a guest's if its author had asked for something
as one.
"""

from __future__ import annotations

from workspace.intents.audit.conditions import Condition
from workspace.intents.model.bodies import CommitBody, ConfigBody, UpdateBody
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.intent import Kinds, Role
from workspace.intents.model.record import Record
from workspace.intents.rules.places import (
    may,
    refuse_act_at,
    refuse_agent,
    refuse_agent_at,
    refuse_reader,
    short_of,
    spot,
)
from workspace.intents.state.board import VARIANT_PLANNER, Entry
from workspace.intents.state.fold import WorkspaceState

CONDITION: Condition = "rights"
ROLES: tuple[Role, ...] = ("owner", "editor", "commenter", "viewer")
AGENT = "agent"


def breach(record: Record, fold: WorkspaceState) -> str:
    """Return how a record that is about to be entered goes against the rules of rights, or ""."""
    match record.body:
        case ConfigBody() as body if body.rights or fold.rights:
            return _set_up(record, body, fold)
        case _ if not fold.rights:
            return ""
        case UpdateBody(doc=doc, role=role):
            roles = (role,) if isinstance(role, str) else _roles_of(record.actor, fold)
            is_allowed = any(may(fold, "edit", spot(fold, doc), actor=record.actor, role=one) for one in roles)
            return "" if is_allowed else f"{record.actor} types in {doc} against a rule"
        case CommitBody() as body:
            return _committed(body, fold)
        case _:
            return ""


def _roles_of(actor: str, fold: WorkspaceState) -> tuple[Role, ...]:
    """Return the roles that somebody may have had of whom none is said; a guest's where they asked as one."""
    was_guest = any(one.role == "guest" and one.actor == actor for one in fold.board.entries.values())
    return (*ROLES, "guest") if was_guest else ROLES


def _set_up(record: Record, body: ConfigBody, fold: WorkspaceState) -> str:
    actor, role = record.actor, body.role
    if body.commit or (actor == AGENT and not body.rights):
        return ""  # what an instruction did was held against its author's rights; or the server's own
    if not (body.rights or body.acts or body.documents):
        return ""
    if role is None:
        return f"it does not say by which role {actor} changes documents or rights"
    if body.rights and role != "owner":
        return f"{actor} ({role}) gives rights"
    return _made(fold, body, actor, role) or _acted(fold, body.acts, actor, role)


def _made(fold: WorkspaceState, body: ConfigBody, actor: str, role: Role) -> str:
    barred = [doc for doc in body.documents if not may(fold, "edit", spot(fold, doc), actor=actor, role=role)]
    return f"{actor} makes {barred[0]} against a rule" if barred else ""


def _acted(fold: WorkspaceState, acts: tuple[DocumentAct, ...], actor: str, role: Role) -> str:
    for act in acts:
        refusal = refuse_act_at(fold, act, actor=actor, role=role)
        if refusal is not None:
            return refusal.reason
    return ""


def _committed(body: CommitBody, fold: WorkspaceState) -> str:
    """C5: the agent may change what its plan writes, and so may everybody it is done for."""
    entry = fold.board.entries[body.intents[0]]
    if entry.plan is None or entry.plan.plan != body.plan:
        return ""  # C4 tells of it
    if entry.plan.planner == VARIANT_PLANNER:
        barred = sorted(doc for doc in body.created if refuse_agent_at(fold, spot(fold, doc)) is not None)
        return f"a variant is written as {barred[0]}, where the agent may not" if barred else ""
    is_undo = fold.board.subject_of(entry).body.kind == Kinds.UNDO
    refusal = refuse_agent(fold, entry.plan) if not is_undo else None
    if refusal is not None:
        return refusal.reason
    return next((why for id in body.intents if (why := _short(fold, entry, fold.board.entries[id]))), "")


def _short(fold: WorkspaceState, entry: Entry, author: Entry) -> str:
    assert entry.plan is not None, "it was looked at"
    refusal = refuse_reader(fold, entry.plan, actor=author.actor, role=author.role)
    why = refusal.reason if refusal is not None else short_of(fold, entry.plan, actor=author.actor, role=author.role)
    return f"{author.id} is carried out: {why}" if why else ""
