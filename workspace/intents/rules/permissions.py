"""Who may do what to whose instruction (semantics §2, §4): definitions, for admission and for the audit alike.

Ranks are those of `intent.rank_of`, 0 to 30; where rules of rights stand, `places.py` says what somebody is where an
instruction works. Nothing here decides or changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from workspace.errors import Refusal
from workspace.intents.model.bodies import CommitBody, Layers, Question, VerdictCodes
from workspace.intents.model.effects import Outgoing, Receiver
from workspace.intents.model.intent import Role, rank_of
from workspace.intents.model.role_rules import LEAST
from workspace.intents.rules.places import (
    ASK_RULE,
    READ_ONLY,
    may,
    may_somewhere,
    places_of,
    rank_over,
    role_at,
    rule_at,
    spot,
    words_at,
    written_by,
)
from workspace.intents.rules.votes import is_vote
from workspace.intents.state.board import Entry
from workspace.intents.state.fold import WorkspaceState


def may_answer(fold: WorkspaceState, question: Question, *, actor: str, role: Role) -> bool:
    """Tell whether somebody is among those asked: the authors, and everybody of at least the highest author's rank.

    What the agent asks about one instruction is for its author; only somebody above may answer instead.
    """
    group = [fold.board.entries[id] for id in question.group]
    assert group, "a question is about somebody"
    opened, rank = fold.board.layers.get(question.id), rank_over(fold, group, actor=actor, role=role)
    if opened is None:
        return actor == group[0].actor or rank > group[0].rank
    if is_vote(opened.policy):
        is_author, spots = actor in {entry.actor for entry in group}, places_of(fold, group)
        # Who may vote has been let in to instruct: rules of rights may keep somebody from these documents alone.
        return is_author or not fold.rights or all(may(fold, "instruct", at, actor=actor, role=role) for at in spots)
    if opened.layer == Layers.RIGHTS:
        group = group[:1]
    return actor in {entry.actor for entry in group} or rank >= max(entry.rank for entry in group)


def may_replace(fold: WorkspaceState, target: Entry, *, actor: str, role: Role) -> bool:
    """Tell whether somebody may override an intent without its author's consent."""
    return target.actor == actor or rank_over(fold, (target,), actor=actor, role=role) >= target.rank


def may_cancel(fold: WorkspaceState, target: Entry, *, actor: str, role: Role) -> bool:
    """Tell whether somebody may end an intent: its author, and whoever stands above."""
    return target.actor == actor or rank_over(fold, (target,), actor=actor, role=role) > target.rank


def may_undo(fold: WorkspaceState, commit: CommitBody, *, actor: str, role: Role) -> bool:
    """Tell whether somebody may ask to take back a commit: its authors, and whoever stands as high as all of them.

    What counts is what they are where it wrote: who may only read there takes nothing back.
    """
    authors = [fold.board.entries[id] for id in commit.intents]
    assert authors, "a commit has an author"
    spots = [spot(fold, doc) for doc in dict.fromkeys((*commit.docs, *commit.created))]
    if not all(may(fold, "undo", at, actor=actor, role=role) for at in spots):
        return False
    here = min((rank_of(role_at(fold, at, actor=actor, role=role)) for at in spots), default=rank_of(role))
    return actor in {entry.actor for entry in authors} or here >= max(entry.rank for entry in authors)


def may_approve(fold: WorkspaceState, target: Entry, *, actor: str, role: Role) -> bool:
    """Tell whether somebody may approve a suggestion or a variant: who may edit wherever its plan writes."""
    plan = target.branched or target.plan
    spots = written_by(fold, plan) if plan is not None else places_of(fold, (target,))
    if not spots:
        return rank_of(role) >= rank_of(LEAST["approve"])
    return all(may(fold, "approve", at, actor=actor, role=role) for at in spots)


def refuse_approval(fold: WorkspaceState, target: Entry, *, actor: str, role: Role) -> Refusal:
    """Return why somebody may not approve what `may_approve` does not let them."""
    plan = target.branched or target.plan
    for at in written_by(fold, plan) if plan is not None else places_of(fold, (target,)):
        if rule_at(fold, at, actor=actor, role=role) is None or may(fold, "approve", at, actor=actor, role=role):
            continue
        reason = f"{words_at(fold, at, actor=actor, role=role)}: it takes an editor to approve it."
        return Refusal(READ_ONLY, reason, ASK_RULE)
    return Refusal("forbidden", f"A {role} may not approve.", "An editor or the owner may.")


def may_ask(fold: WorkspaceState, *, actor: str, role: Role) -> bool:
    """Tell whether somebody may ask the agent for anything anywhere here."""
    return may_somewhere(fold, "instruct", actor=actor, role=role)


def refuse_sending(fold: WorkspaceState, commit: CommitBody, intent: str, role: Role | None) -> str:
    """Return why nothing of a commit leaves on an author's word, who is `role` now (None: nobody); "" where it may.

    `intent` is one of those that the commit serves. Whoever joined it has to be what they were when they asked: the
    first author's right is what it is sent by.
    """
    author, least = fold.board.entries[intent], rank_of(LEAST["edit"])
    actor, needed = author.actor, least if intent == commit.intents[0] else min(least, author.rank)
    if role is None:
        return f"not sent, {VerdictCodes.RIGHTS_ENDED}: {actor} has no access any more"
    if rank_of(role) < needed:
        return f"not sent, {VerdictCodes.RIGHTS_ENDED}: {actor} is {role} now"
    for doc in (*commit.docs, *commit.created) if needed == least else ():
        at = spot(fold, doc)
        if not may(fold, "edit", at, actor=actor, role=role):
            return f"not sent, {VerdictCodes.RIGHTS_ENDED}: {words_at(fold, at, actor=actor, role=role)}"
    return ""


def refuse_receiver(receivers: Mapping[str, Receiver], outgoing: Outgoing) -> str:
    """Return why an effect does not leave any more for whom it was declared; "" where it does.

    The set-up has to have the receiver still, by its name, of the kind and at the address that the log was told.
    """
    name, meant, now = outgoing.effect.tool, outgoing.receiver, receivers.get(outgoing.effect.tool)
    if now is None:
        return f"not sent: {name} is no receiver of this workspace any more"
    if (now.kind, now.address) != (meant.kind, meant.address):
        return f"not sent: the receiver {name} is another one now"
    return ""
