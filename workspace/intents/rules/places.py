"""What somebody is at a place, and so what they may do there: every door asks here (semantics §1.5).

The most specific place that has a rule for somebody decides: the document, then its folders from the deepest on, then
the role in the workspace. Within a place a rule for the person comes before one for their role, and that before one
for everybody. Of a guest no rule for a person speaks, because the name was never shown to be theirs. Of the agent only
rules for the agent speak: without one it may do what its authors may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from crdt.operations.ops import Check
from workspace.errors import Refusal
from workspace.intents.model.bodies import PlanBody
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.intent import Role, rank_of
from workspace.intents.model.role_rules import (
    LEAST,
    OWNERS_ALWAYS,
    RULES_MAX,
    Groups,
    RoleRule,
    Verb,
    folders_of,
    is_folder,
)
from workspace.intents.rules.document_acts import acts_of
from workspace.intents.state.board import Entry
from workspace.intents.state.fold import WorkspaceState

READ_ONLY, AGENT_DENIED = "document_read_only", "agent_denied"
ASK_RULE = "Ask an owner, who makes the rules of rights."


class Spot(msgspec.Struct, frozen=True):
    """A document by its id, under the name that it has there: its own, or the one a rename would give it."""

    doc: str
    name: str


class Found(msgspec.Struct, frozen=True):
    """The rule that decides what somebody is at a spot, and the place under which it stands."""

    place: str
    rule: RoleRule


# ---------------------------------------------------------------- what somebody is


def spot(fold: WorkspaceState, doc: str, name: str = "") -> Spot:
    """Return where a document is; `name` is the one it would be given."""
    return Spot(doc, name or fold.catalog.name_of(doc))


def rule_at(fold: WorkspaceState, at: Spot, *, actor: str, role: Role) -> Found | None:
    """Return the rule that decides what a person, who is `role` in the workspace, is at a spot; None without one."""
    rights = fold.rights
    for place in _ruled(fold, at):
        # No person's role is the agent's: nobody is met by the rules for the agent who is not the agent.
        of_role = rights.of_group(place, role) if role != Groups.AGENT else None
        of_person = rights.of_person(place, actor) if role != Groups.GUEST else None
        decides = of_person or of_role or rights.of_group(place, Groups.EVERYONE)
        if decides is not None:
            return Found(place, decides)
    return None


def rule_for_agent(fold: WorkspaceState, at: Spot) -> Found | None:
    """Return the rule that decides what the agent may at a spot; None without one."""
    for place in _ruled(fold, at):
        rule = fold.rights.of_group(place, Groups.AGENT)
        if rule is not None:
            return Found(place, rule)
    return None


def _ruled(fold: WorkspaceState, at: Spot) -> Iterator[str]:
    """Yield the places of a spot that have rules, the most specific first."""
    places = fold.rights.places
    if places:
        yield from (place for place in (at.doc, *folders_of(at.name)) if place in places)


def role_at(fold: WorkspaceState, at: Spot, *, actor: str, role: Role) -> Role:
    """Return what a person, who is `role` in the workspace, is at a spot."""
    found = rule_at(fold, at, actor=actor, role=role)
    return found.rule.role if found is not None else role


def role_somewhere(fold: WorkspaceState, *, actor: str, role: Role) -> Role:
    """Return the most that a person may be anywhere here: who is nothing anywhere need not be asked where."""
    if rank_of(role) >= rank_of("editor"):
        return role  # no rule gives more
    groups = (role, Groups.EVERYONE)
    given = [rule.role for rule in fold.rights.all() if rule.actor == actor or rule.group in groups]
    return max((role, *given), key=rank_of)


def may(fold: WorkspaceState, verb: Verb, at: Spot, *, actor: str, role: Role) -> bool:
    """Tell whether somebody may do something at a spot."""
    if role == "owner" and verb in OWNERS_ALWAYS:
        return True
    here = role_at(fold, at, actor=actor, role=role)
    # What only owners may no rule gives: a rule speaks of editors at most.
    return rank_of(here) >= rank_of(LEAST[verb])


def may_somewhere(fold: WorkspaceState, verb: Verb, *, actor: str, role: Role) -> bool:
    """Tell whether somebody may do something anywhere."""
    return rank_of(role_somewhere(fold, actor=actor, role=role)) >= rank_of(LEAST[verb])


# ---------------------------------------------------------------- what that refuses


def words_at(fold: WorkspaceState, at: Spot, *, actor: str, role: Role) -> str:
    """Return in words what somebody is at a spot, and by which rule."""
    found = rule_at(fold, at, actor=actor, role=role)
    if found is None:
        return f"{actor} is {role} here"
    return f"{actor} is {found.rule.role} in {at.name}, by {_named(fold, found)}"


def _named(fold: WorkspaceState, found: Found) -> str:
    place = found.place if is_folder(found.place) else fold.catalog.name_of(found.place)
    return f"the rule for {found.rule.who} at {place}"


def refuse_edit(fold: WorkspaceState, at: Spot, *, actor: str, role: Role) -> Refusal | None:
    """Return why somebody's own words are not taken at a spot, or None."""
    if may(fold, "edit", at, actor=actor, role=role):
        return None
    return Refusal(READ_ONLY, f"{words_at(fold, at, actor=actor, role=role)}: nothing is typed there.", ASK_RULE)


def refuse_instruct(fold: WorkspaceState, docs: Iterable[str], *, actor: str, role: Role) -> Refusal | None:
    """Return why somebody may not ask for anything in these documents, or None."""
    for doc in docs:
        at = spot(fold, doc)
        if not may(fold, "instruct", at, actor=actor, role=role):
            reason = f"{words_at(fold, at, actor=actor, role=role)}: nothing is asked for there."
            return Refusal(READ_ONLY, reason, ASK_RULE)
    return None


def refuse_act_at(fold: WorkspaceState, act: DocumentAct, *, actor: str, role: Role) -> Refusal | None:
    """Return why somebody may not do this with a document as a whole, or None: a new name is a place of its own."""
    for at in spots_of_act(fold, act):
        if not may(fold, act.do, at, actor=actor, role=role):
            if rule_at(fold, at, actor=actor, role=role) is None or LEAST[act.do] == "owner":
                reason = f"A {role} may not {act.do} documents."
                return Refusal("forbidden", reason, f"Ask somebody who is {LEAST[act.do]}.")
            reason = f"{words_at(fold, at, actor=actor, role=role)}: it takes an editor to {act.do} it."
            return Refusal(READ_ONLY, reason, ASK_RULE)
    return None


# ---------------------------------------------------------------- what a plan does


def spots_of_act(fold: WorkspaceState, act: DocumentAct) -> tuple[Spot, ...]:
    """Return where an act on a document counts: where it is, and where its new name puts it."""
    here = spot(fold, act.doc)
    return (here, Spot(act.doc, act.name)) if act.name and act.name != here.name else (here,)


def written_by(fold: WorkspaceState, plan: PlanBody) -> tuple[Spot, ...]:
    """Return the documents in which a plan changes something, in the order of its operations."""
    docs = dict.fromkeys(op.doc for op in plan.ops if not isinstance(op, Check))
    return tuple(spot(fold, doc) for doc in docs)


def refuse_agent(fold: WorkspaceState, plan: PlanBody) -> Refusal | None:
    """Return why the agent may not carry out a plan, whoever asks and whoever approves; or None."""
    acted = (at for act in acts_of(plan) for at in spots_of_act(fold, act))
    spots = (*written_by(fold, plan), *acted) if fold.rights else ()
    return next((refusal for at in spots if (refusal := refuse_agent_at(fold, at)) is not None), None)


def refuse_agent_at(fold: WorkspaceState, at: Spot) -> Refusal | None:
    """Return why the agent may not change what is at a spot, or None."""
    found = rule_for_agent(fold, at)
    if found is None or rank_of(found.rule.role) >= rank_of(LEAST["edit"]):
        return None
    reason = f"The agent may not change {at.name}: {_named(fold, found)} says {found.rule.role}."
    return Refusal(AGENT_DENIED, reason, f"Write it by hand, where that is allowed. {ASK_RULE}")


def refuse_reader(fold: WorkspaceState, plan: PlanBody, *, actor: str, role: Role) -> Refusal | None:
    """Return why a plan is not even a suggestion: its author may only read where it writes; or None."""
    asked = [act.doc for act in acts_of(plan) if refuse_act_at(fold, act, actor=actor, role=role) is not None]
    return refuse_instruct(fold, [*(at.doc for at in written_by(fold, plan)), *asked], actor=actor, role=role)


def short_of(fold: WorkspaceState, plan: PlanBody, *, actor: str, role: Role) -> str | None:
    """Return in words where the rights of an author fall short of a plan, so that it is a suggestion; None nowhere.

    What a plan sends leaves the workspace: no rule gives the right to that, and the author's role in it must, too.
    """
    spots = written_by(fold, plan)
    for at in spots:
        if not may(fold, "edit", at, actor=actor, role=role):
            return _short(fold, at, actor, role)
    if (plan.effects or (plan.ops and not spots)) and rank_of(role) < rank_of(LEAST["edit"]):
        return f"A {role} may suggest; an editor decides."
    return None


def _short(fold: WorkspaceState, at: Spot, actor: str, role: Role) -> str:
    if rule_at(fold, at, actor=actor, role=role) is None:
        return f"A {role} may suggest; an editor decides."
    return f"{words_at(fold, at, actor=actor, role=role)}, and may suggest there; an editor decides."


def places_of(fold: WorkspaceState, entries: Sequence[Entry]) -> tuple[Spot, ...]:
    """Return where intents work, as far as is known: where their plans write and where they point."""
    found: dict[Spot, None] = {}
    for entry in entries:
        plan = entry.branched or entry.plan
        found.update(dict.fromkeys(spot(fold, part.doc) for part in entry.body.scope or ()))
        found.update(dict.fromkeys(written_by(fold, plan) if plan is not None else ()))
    return tuple(found)


def rank_over(fold: WorkspaceState, entries: Sequence[Entry], *, actor: str, role: Role) -> int:
    """Return the rank of somebody over others' intents, 0 to 30: a rule where those work takes from it, never adds.

    Decisions were made by the ranks that the log gives intents: a higher one here would be theirs alone.
    """
    if role == "owner" or not fold.rights:
        return rank_of(role)
    here = [rank_of(role_at(fold, at, actor=actor, role=role)) for at in places_of(fold, entries)]
    return min([rank_of(role), *here])


# ---------------------------------------------------------------- giving rules


def refuse_rules(fold: WorkspaceState, given: Mapping[str, tuple[RoleRule, ...]]) -> Refusal | None:
    """Return why these rules may not be, or None. What names and folders look like is looked at where they come in."""
    for place, rules in given.items():
        if not is_folder(place) and place not in fold.catalog.ids:
            return Refusal("not_found", f"There is no document {place}.", "A folder's name ends with a slash.")
        for rule in rules:
            if bool(rule.actor) == (rule.group is not None):
                return Refusal("malformed", f"A rule at {place} is for a person or for a group.", "Name one of them.")
        whom = [(rule.actor, rule.group) for rule in rules]
        if len(set(whom)) < len(whom):
            return Refusal("malformed", f"Two rules at {place} are for the same.", "Give each one role.")
    after = sum(len(given.get(place, rules)) for place, rules in fold.rights.places.items())
    after += sum(len(rules) for place, rules in given.items() if place not in fold.rights.places)
    if after > RULES_MAX:
        return Refusal("too_large", f"A workspace has at most {RULES_MAX} rules of rights.", "Give a folder one rule.")
    return None
