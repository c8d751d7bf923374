"""Groups of colliding intents: found, settled by policy or by the people (semantics §3, §4).

Every group that may not simply run in log order gets one decision record before any of its members commits; an open
question is a decision too, with the outcome `held`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import msgspec

from crdt.digest import Json
from workspace.intents.model.bodies import Answer, Decider, DecisionBody, Layer, Layers, Question
from workspace.intents.model.causality import are_concurrent
from workspace.intents.model.ids import decision_id
from workspace.intents.model.intent import Kinds
from workspace.intents.model.oracle import Opinions, group_key
from workspace.intents.model.plan import Option
from workspace.intents.model.policies import BOTH, BRANCH, MERGE, NONE, Fates, Policies, RuledBy
from workspace.intents.rules.conflict import components
from workspace.intents.rules.decision_words import answers_in_words, in_words, silent_of
from workspace.intents.rules.evidence import evidence_of
from workspace.intents.rules.groups import (
    are_rival_picks,
    chain_of,
    end_beyond_scope,
    losers_by,
    member_of,
    outcome_of,
    overruled,
)
from workspace.intents.rules.policy import Ruling, decide, inputs_hash
from workspace.intents.rules.votes import is_vote, settled
from workspace.intents.state.board import Entry
from workspace.intents.steps.effects import not_approved
from workspace.intents.steps.fence_questions import not_allowed
from workspace.intents.steps.human_edits import suggest
from workspace.intents.steps.judging import contradictions
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.merge import awaits_merger, carry
from workspace.intents.steps.planning import stop
from workspace.intents.steps.questions import hold
from workspace.intents.steps.turn import AGENT, Turn
from workspace.intents.steps.variants import branch

LABEL_POINTS_MAX = 80
# A group of more, of whom each collides with each, is not told pair by pair.
EDGES_TOLD_MAX = 20


def settle_ready(
    kernel: KernelState, turn: Turn, ready: list[Entry], *, released: frozenset[str]
) -> tuple[bool, frozenset[str]]:
    """Settle every group of planned intents that holds a released one.

    Returns whether something was decided or asked, or more is to be compared, and who must wait until the merger has
    answered.
    """
    if not released:
        return False, frozenset()
    cleared = kernel.fold.board.cleared
    fold = kernel.fold
    found = kernel.comparisons.edges(ready, fold.documents, jid=fold.jid, begun=kernel.begun, collides=kernel.collides)
    if found is None:
        return True, frozenset()
    edges = [(one.id, other.id) for one, other in found if not cleared or frozenset((one.id, other.id)) not in cleared]
    picks = [entry for entry in ready if entry.body.kind == Kinds.APPROVE]
    edges += [
        (one.id, other.id)
        for one, other in combinations(picks, 2)
        if are_concurrent(one.stamp, other.stamp)
        and frozenset((one.id, other.id)) not in cleared
        and are_rival_picks(one, other, kernel.fold.board)
    ]
    order = [entry.id for entry in ready]
    ids = set(order)
    opposed = [pair for pair in contradictions(kernel, ready) if ids.issuperset(pair)]
    both = [*edges, *opposed]
    moved, waiting = False, set[str]()
    colliding = {one for one, _ in edges}
    for members in components(order, both):
        if released.isdisjoint(members):
            continue
        group = tuple(kernel.fold.board.entries[id] for id in members)
        # Who shares an edge with somebody is in one group with them.
        layer: Layer = "L3" if colliding.isdisjoint(members) else "L2"
        if settle(kernel, turn, group, layer=layer, edges=both):
            moved = True
        else:
            waiting.update(members)
    return moved, frozenset(waiting)


def settle(
    kernel: KernelState,
    turn: Turn,
    group: tuple[Entry, ...],
    *,
    layer: Layer,
    edges: Sequence[tuple[str, str]] = (),
    rules: Mapping[str, str] | None = None,
) -> bool:
    """Decide about one group, or ask. Without `edges` everybody collides with everybody.

    Returns False when the policy wants the merger's word first and has asked for it.
    """
    assert len(group) > 1, "nobody collides alone"
    assert any(entry.is_live for entry in group), "what is all over is not settled any more"
    kernel.subject = group[-1].id
    # Who settles it: the chain of the region, without variants where variants are what is picked from.
    config = chain_of(kernel.fold.policy, layer, group, kernel.fold.board)
    if Policies.MERGE in config.chain and awaits_merger(kernel, turn, group):
        return False
    kernel.runs.close(turn)
    # The ruling, over values alone: an audit makes it again from the log.
    members = tuple(member_of(entry) for entry in group)
    standing = kernel.fold.board.standing()
    ruling = decide(members, config, standing, kernel.fold.merges)
    # The evidence: what people are shown, and by what a later reader can tell why.
    evidence = evidence_of(group, kernel.fold.documents, client=kernel.scratch_client, winner=ruling.winner or "")
    ids = {member.intent for member in members}
    own = {(one, other) if one < other else (other, one) for one, other in edges if one in ids and other in ids}
    # Of a crowd in which everybody collides with everybody that is not said pair by pair (`losers_by`).
    if len(ids) <= EDGES_TOLD_MAX or len(own) < len(ids) * (len(ids) - 1) // 2:
        evidence["edges"] = [list(edge) for edge in sorted(own)]
    if rules:
        evidence["rules"] = dict(rules)
    opinions = [judgement for pair, judgement in kernel.fold.judged.items() if ids.issuperset(pair)]
    if opinions:
        evidence["judgements"] = msgspec.to_builtins(opinions)
    # Decision 21: a judge that failed or was unsure may hold nobody up: unanswered, both run.
    if layer == Layers.L3 and all(judgement.opinion != Opinions.CONTRADICT for judgement in opinions):
        ruling = Ruling(
            ruling.policy, ruling.winner, ruling.reason, default=BOTH, because="no judge has said that they contradict"
        )
    inputs = inputs_hash(members, config, standing)
    if ruling.winner:
        rule(kernel, turn, group, ruling, layer=layer, evidence=evidence, inputs=inputs)
    else:
        _ask(kernel, turn, group, ruling, layer=layer, evidence=evidence, inputs=inputs)
    return True


def _ask(
    kernel: KernelState,
    turn: Turn,
    group: tuple[Entry, ...],
    ruling: Ruling,
    *,
    layer: Layer,
    evidence: dict[str, Json],
    inputs: str,
) -> None:
    assert not ruling.winner, "what a policy has settled is not asked about"
    names = in_words(entry.actor for entry in group)
    verb = "asks" if len({entry.actor for entry in group}) == 1 else "ask"
    options = [Option(entry.id, _label(entry)) for entry in group]
    which = "Which one shall run?" if all(entry.commit is None for entry in group) else "Which one shall stand?"
    if all(entry.commit is None for entry in group):
        options.append(Option(NONE, "Neither" if len(group) == 2 else "None of them"))
    text = f"{names} {verb} for things that exclude each other. {which}"
    if layer == Layers.L4:
        text = f"{names} {verb} for what together breaks a rule of this workspace. {which}"
    if layer == Layers.L3:
        options.append(Option(BOTH, "Both: they do not contradict" if len(group) == 2 else "All of them"))
        text = f"{names} may want things that contradict each other. {which}"
    merged = kernel.fold.merges.get(group_key(tuple(entry.id for entry in group)))
    if ruling.policy == RuledBy.MERGE and merged is not None:
        options.append(Option(MERGE, f"Together: {merged.text}"))
        evidence["merged"] = msgspec.to_builtins(merged)
    hold(
        kernel,
        turn,
        tuple(entry for entry in group if entry.is_live),
        group=tuple(entry.id for entry in group),
        text=text,
        options=tuple(options),
        default=ruling.default,
        because=ruling.because,
        layer=layer,
        policy=ruling.policy,
        inputs=inputs,
        evidence=evidence,
    )


def ask_consent(kernel: KernelState, turn: Turn, target: Entry, override: Entry) -> None:
    """Hold an override from below until the one overridden, or somebody as high, has spoken (semantics §2).

    The target goes on meanwhile; without a word it stays.
    """
    assert target.is_live, "consent is asked for what goes on"
    assert override.actor != target.actor, "nobody is asked about their own"
    # Decision 27: the instruction above goes on meanwhile; only the override waits.
    kernel.runs.close(turn)
    hold(
        kernel,
        turn,
        (override,),
        group=(target.id, override.id),
        text=f"{override.actor} wants to replace {target.actor}'s instruction. May it?",
        options=(
            Option(override.id, f"Yes: {_label(override)}"),
            Option(target.id, f"No, keep: {_label(target)}"),
        ),
        default=target.id,
        because="without consent it stays",
        layer="rights",
        policy=RuledBy.RIGHTS,
        evidence={"edges": [sorted((target.id, override.id))]},
    )


def _label(entry: Entry) -> str:
    text = (
        entry.body.text if len(entry.body.text) <= LABEL_POINTS_MAX else entry.body.text[: LABEL_POINTS_MAX - 1] + "…"
    )
    return (
        f"Keep what is there, as {entry.actor} asked: {text}" if entry.commit is not None else f"{entry.actor}: {text}"
    )


def rule(
    kernel: KernelState,
    turn: Turn,
    group: tuple[Entry, ...],
    ruling: Ruling,
    *,
    layer: Layer,
    evidence: dict[str, Json],
    inputs: str = "",
    by: Decider = "policy",
    of: str = "",
    answers: tuple[Answer, ...] = (),
    silent: tuple[str, ...] = (),
) -> None:
    """Log a decision and the verdicts of those who lose by it. `ruling.winner` may be `none`."""
    assert ruling.winner, "who is asked about is not ruled over"
    losers = losers_by(group, ruling.winner, evidence)
    outcome = outcome_of(group, ruling.winner, losers, layer=layer, by=by)
    decision = DecisionBody(
        decision=decision_id(turn.fold.seq + 1),
        group=tuple(entry.id for entry in group),
        layer=layer,
        policy=ruling.policy,
        by=by,
        outcome=outcome,
        reason=ruling.reason,
        inputs=inputs,
        evidence=evidence,
        of=of,
        answers=answers,
        silent=silent,
    )
    # The decision first, then what follows from it: a reader never meets a verdict without its reason.
    turn.append(decision, AGENT)
    assert not of or of not in kernel.fold.board.questions, "a question is settled once"
    for entry in group:
        if entry in losers and entry.is_live:
            stop(kernel, turn, entry)
            _lose(kernel, turn, entry, decision, ruling)
        elif entry.is_live and outcome[entry.id] != Fates.KEPT:
            turn.state(entry, "ready" if entry.plan is not None else "queued", reason=ruling.reason)
    if ruling.winner == MERGE:
        carry(kernel, turn, group)
    elif ruling.winner == BRANCH:
        branch(kernel, turn, group, decision)


def _lose(kernel: KernelState, turn: Turn, entry: Entry, decision: DecisionBody, ruling: Ruling) -> None:
    """Append the verdict of an intent that lost by a decision."""
    match decision.layer:
        case Layers.EFFECTS:
            not_approved(turn, entry, ruling.reason, by=decision.decision)
        case Layers.SCOPE if end_beyond_scope(decision.by) == Fates.REFUSED:
            not_allowed(turn, entry, ruling.reason, by=decision.decision)
        case Layers.SCOPE:
            reason = f"It also writes outside of where it points: {ruling.reason}."
            suggest(turn, entry, "outside_scope", reason, ("approve", "override"), by=decision.decision)
        case Layers.EDIT:
            suggest(turn, entry, "human_edit", f"{ruling.reason}.", ("approve", "override"), by=decision.decision)
        case _:
            turn.verdict(overruled(entry, decision, kernel.fold.board.entries.get(ruling.winner)))


def answered(kernel: KernelState, turn: Turn, question: Question) -> None:
    """Settle an open conflict question when its answers suffice (semantics §4, `ask`)."""
    opened = kernel.fold.board.layers[question.id]
    assert opened.question is not None, "it was opened by asking"
    group = tuple(kernel.fold.board.entries[id] for id in question.group)
    votes = kernel.fold.board.votes.get(question.id, [])
    value = settled(opened.policy, group, votes, kernel.fold.board, quorum=kernel.fold.policy.vote_quorum)
    if value is None:
        return
    reason = answers_in_words(opened, group, votes, first=value)
    ruling = Ruling(opened.policy if is_vote(opened.policy) else RuledBy.ASK, value, reason)
    rule(
        kernel, turn, group, ruling, layer=opened.layer, evidence=question.evidence, by="person", of=question.id,
        answers=tuple(votes), silent=silent_of(opened, group, votes),
    )  # fmt: skip
