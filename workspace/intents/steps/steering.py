"""Somebody who sees the agent at work adds to its task: not a conflict but a conversation (semantics §3, L0; story S3).

An instruction that names a live one in `refs`, whose author had seen it and has at least its author's rank, joins it:
the agent begins again with both, one commit serves both, and the one that joined ends `merged`. Where that cannot be,
or where it expects something of its own that the other does not, it stays an instruction of its own, which waits for
the other and is planned on its result.
"""

from __future__ import annotations

from workspace.intents.model.bodies import OracleBody
from workspace.intents.model.causality import happened_before
from workspace.intents.model.intent import INSTRUCTIONS, State, States
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.planning import stop
from workspace.intents.steps.turn import AGENT, Turn

STEERABLE = frozenset({States.QUEUED, States.PLANNING, States.READY})
STEERS_MAX = 8


def steer(kernel: KernelState, turn: Turn, entry: Entry) -> None:
    """Let a fresh instruction join the one it refers to, if it may."""
    target = next((t for ref in entry.body.refs if (t := kernel.fold.board.live.get(ref)) is not None), None)
    if target is None or not may_steer(entry, target, kernel.lives.of(target).state):
        return
    assert target is not entry, "nothing joins itself"
    stop(kernel, turn, target)
    body = OracleBody(oracle="steered", intent=target.id, source=entry.id, reason=f"{entry.actor} added to it")
    turn.append(body, AGENT)
    assert entry.id in target.steers, "who joins is part of it"
    assert target.plan is None, "what it was asked has changed: it is planned anew"
    turn.state(target, "queued", reason=f"{entry.actor} added: {entry.body.text[:200]}")
    reason = f"Joins {target.actor}'s instruction: the agent begins again with both."
    turn.state(entry, "queued", waits_for=(target.id,), reason=reason)


def may_steer(entry: Entry, target: Entry, state: State) -> bool:
    """Tell whether an instruction may change the course of another: it knew of it, and overrules no superior."""
    return (
        target.body.kind in INSTRUCTIONS
        and state in STEERABLE
        and not target.joins
        and len(target.steers) < STEERS_MAX
        # Decision 55: under another's plan its own condition would end that one's work, or be dropped.
        and not entry.body.expects
        and happened_before(target.stamp, entry.stamp)
        and (entry.actor == target.actor or entry.rank >= target.rank)
    )
