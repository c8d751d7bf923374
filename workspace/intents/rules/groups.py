"""A group of colliding intents as values: who counts in it, by which chain it is settled, what a ruling makes of it.

Nothing here asks or writes (semantics §3, §4): the sequencer settles by it, a review of the log decides again by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from crdt.digest import Json
from crdt.operations.ops import Op
from workspace.intents.model.bodies import Deciders, DecisionBody, Layer, Layers, PolicyConfig, VerdictBody
from workspace.intents.model.intent import Kinds
from workspace.intents.model.policies import BOTH, BRANCH, MERGE, NONE, Fate, Fates, Policies, policy_name
from workspace.intents.rules.policy import Member, chain_for
from workspace.intents.state.board import Board, Entry

# Layers whose question is about one intent and what it may do, not about which of several.
ALONE = frozenset({Layers.EDIT, Layers.EFFECTS, Layers.SCOPE})
# Answers that are no intent's id.
SPECIAL = frozenset({NONE, BOTH, MERGE, BRANCH})


def is_standing(entry: Entry) -> bool:
    """Tell whether an intent still counts in its group: live, or in the document already."""
    return entry.is_live or entry.commit is not None


def member_of(entry: Entry) -> Member:
    """Return what a policy may know of an intent."""
    return Member(entry.id, entry.actor, entry.role, entry.rank, entry.seq, entry.commit is not None)


def ops_of(group: Iterable[Entry]) -> list[Op]:
    """Return the operations of everybody's plan."""
    return [op for entry in group if entry.plan is not None for op in entry.plan.ops]


def chain_of(policy: PolicyConfig, layer: str, group: Sequence[Entry], board: Board) -> PolicyConfig:
    """Return the policy for a group; who picks one of several variants is not answered with more variants."""
    config = chain_for(policy, layer, ops_of(group))
    if not picks_variants(group, board):
        return config
    rest = tuple(name for name in config.chain if name != Policies.BRANCH) or ("fair",)
    return msgspec.structs.replace(config, chain=rest)


def beside(target: Entry) -> frozenset[str]:
    """Return the intents whose variants stand beside a branched one's, itself included."""
    decisions = (decision for decision in target.decisions if Fates.BRANCH in decision.outcome.values())
    found = frozenset(id for decision in decisions for id in decision.group)
    assert not found or target.id in found, "a variant stands beside itself"
    return found


def picks_variants(group: Iterable[Entry], board: Board) -> bool:
    """Tell whether somebody in a group approves a variant: to branch again would be no answer."""
    return any(entry.body.kind == Kinds.APPROVE and beside(board.entries[entry.body.refs[0]]) for entry in group)


def are_rival_picks(one: Entry, other: Entry, board: Board) -> bool:
    """Tell whether two approvals pick different variants of one group: both cannot be kept, whatever they write."""
    if one.body.kind != Kinds.APPROVE or other.body.kind != Kinds.APPROVE:
        return False
    return one.body.refs[0] != other.body.refs[0] and one.body.refs[0] in beside(board.entries[other.body.refs[0]])


def losers_by(group: tuple[Entry, ...], winner: str, evidence: dict[str, Json]) -> list[Entry]:
    """Return who loses: with a winner those who collide with it, without one everybody."""
    # Two who both collide with a third need not collide with each other: who has no edge to the winner stays open.
    edges = evidence.get("edges") or []
    if winner in (BOTH, MERGE, BRANCH):
        return []
    if winner == NONE or not isinstance(edges, list) or not edges:
        return [entry for entry in group if entry.id != winner]
    assert winner, "somebody wins, or it is said that nobody does"
    against = {id for edge in edges if isinstance(edge, list) and winner in edge for id in edge}
    return [entry for entry in group if entry.id != winner and entry.id in against]


def outcome_of(group: tuple[Entry, ...], winner: str, losers: list[Entry], *, layer: Layer, by: str) -> dict[str, Fate]:
    """Return what a ruling means for each of the group."""
    # What is in the documents already is not run again: it is kept, or another takes its place.
    for_all: dict[str, Fate] = {BOTH: "run", MERGE: "merge", BRANCH: "branch"}
    losing: dict[Layer, Fate] = {
        Layers.EDIT: "suggested",
        Layers.EFFECTS: "refused",
        Layers.SCOPE: end_beyond_scope(by),
    }
    won = for_all.get(winner)
    outcome: dict[str, Fate] = {}
    for entry in group:
        if not is_standing(entry):
            outcome[entry.id] = "withdrawn"
        elif won:
            outcome[entry.id] = won if entry.is_live else "kept"
        elif not entry.is_live:
            outcome[entry.id] = "kept" if entry.id == winner else "replaced"
        elif entry.id == winner:
            outcome[entry.id] = "kept" if layer == Layers.RIGHTS and entry is group[0] else "run"
        else:
            outcome[entry.id] = losing.get(layer, "overruled") if entry in losers else "open"
    assert len(outcome) == len(group), "a ruling says something of everybody"
    return outcome


def end_beyond_scope(by: str) -> Fate:
    """Return what a no about the scope comes to: somebody's word ends it, a deadline leaves it to be looked at."""
    return "refused" if by == Deciders.PERSON else "suggested"


def overruled(entry: Entry, decision: DecisionBody, rival: Entry | None) -> VerdictBody:
    """Return the verdict of an intent that lost: to whom, why, and what its author may do now."""
    assert rival is not entry, "nobody loses against itself"
    if rival is None:
        reason, code = f"Nobody's instruction was run: {decision.reason}.", "none_chosen"
    else:
        does = "stays" if rival.commit is not None else "goes on" if decision.layer == Layers.RIGHTS else "runs instead"
        reason, code = f"{rival.actor}'s instruction {does}: {decision.reason}.", policy_name(decision.policy)
    return VerdictBody(
        intent=entry.id,
        state="overruled",
        code=code,
        reason=reason,
        remedy="Look at the result; its author may override it knowingly.",
        by=decision.decision,
        winner=rival.id if rival is not None else "",
        can=("override",),
    )
