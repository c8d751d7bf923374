"""Approvals: a suggestion runs once, and of variants side by side one is picked (semantics §2, §4).

Two people may approve one suggestion at once: the second waits, and ends with the first. Two people who pick different
variants without knowing of each other contradict each other like any two instructions; whoever knew of the first pick
comes too late when that one is done.
"""

from __future__ import annotations

from collections.abc import Iterator

from workspace.intents.model.bodies import VerdictBody
from workspace.intents.model.causality import happened_before
from workspace.intents.model.intent import Kinds, States
from workspace.intents.rules.groups import beside
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import AGENT, Turn


def is_free(kernel: KernelState, turn: Turn, entry: Entry) -> bool:
    """Tell whether an approval may go on; it waits for an earlier one like it, and ends with what that one did."""
    if entry.body.kind != Kinds.APPROVE:
        return True
    assert entry.is_live, "who has ended asks for nothing"
    target = entry.body.refs[0]
    for other in _others(kernel, entry):
        # What was approved and then taken back may be approved again: so an undone one is in nobody's way.
        is_same = other.body.refs[0] == target
        if other.state == States.DONE and not other.undone_by:
            _end(kernel, turn, entry, other, is_same=is_same)
            return False
        if other.is_live and other.seq < entry.seq and (is_same or happened_before(other.stamp, entry.stamp)):
            turn.state(entry, "queued", waits_for=(other.id,), reason=f"Waits: {other.actor} approved before.")
            kernel.lives.index.sleep(entry, behind=(other.id,), tied=())
            return False
    return True


def _others(kernel: KernelState, entry: Entry) -> Iterator[Entry]:
    """Yield the other approvals of the same suggestion, and of variants beside the one that is approved."""
    board, target = kernel.fold.board, entry.body.refs[0]
    for id in sorted(beside(board.entries[target]) | {target}):
        for approval in board.approvals.get(id, ()):
            if approval != entry.id:
                yield board.entries[approval]


def _end(kernel: KernelState, turn: Turn, entry: Entry, first: Entry, *, is_same: bool) -> None:
    """End an approval that another one has made needless, or impossible."""
    assert first is not entry, "nothing is in its own way"
    picked = kernel.fold.board.entries[first.body.refs[0]]
    commit = first.commit.commit if first.commit is not None else ""
    if is_same:
        reason = f"{first.actor} had approved it, and it was done once."
        body = VerdictBody(
            intent=entry.id, state="merged", code="already_approved", reason=reason, winner=first.id, commit=commit
        )
    else:
        body = VerdictBody(
            intent=entry.id,
            state="overruled",
            code="already_picked",
            reason=f"{first.actor} had picked {picked.actor}'s variant.",
            remedy="Look at the result; undo it, or override it knowingly.",
            winner=first.id,
            commit=commit,
            can=("override",),
        )
    turn.verdict(body, AGENT)
