"""Policy `merge`: one instruction that serves a whole group, written by the agent, run when its authors agree (§4).

The merger is asked once per group and its answer logged; where it finds no honest middle the next policy in the chain
decides. When the authors agree, the first of them carries the merged words, the others join, and all end `merged`.
"""

from __future__ import annotations

from workspace.intents.model.bodies import OracleBody
from workspace.intents.model.events import MergeProposed
from workspace.intents.model.oracle import MERGED_POINTS_MAX, Merged, MergeTask, group_key
from workspace.intents.model.plan import is_expressible
from workspace.intents.model.requests import AskMerger
from workspace.intents.state.board import Entry
from workspace.intents.steps.judging import item_of
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import AGENT, Turn


def awaits_merger(kernel: KernelState, turn: Turn, group: tuple[Entry, ...]) -> bool:
    """Tell whether a group must wait for the merger; asks it once. Committed rivals cannot be merged any more."""
    assert len(group) > 1, "one alone is merged with nobody"
    ids = tuple(entry.id for entry in group)
    if any(entry.commit is not None for entry in group):
        if group_key(ids) not in kernel.fold.merges:
            _enter(kernel, turn, Merged(ids, "", reason="One of them is done already."))
        return False
    if group_key(ids) in kernel.fold.merges:
        return False
    # Decision 55: one instruction cannot keep what only some of its authors expect.
    if any(kernel.fold.board.subject_of(entry).body.expects for entry in group):
        _enter(kernel, turn, Merged(ids, "", reason="One of them expects something that the others do not."))
        return False
    if not kernel.has_judge:
        _enter(kernel, turn, Merged(ids, "", reason="No merger is connected to this server."))
        return False
    if ids not in kernel.merging and not kernel.fold.stops.is_on:
        kernel.merging[ids] = None
        turn.request(AskMerger(MergeTask(tuple(item_of(entry) for entry in group))))
    for entry in group:
        if entry.is_live:
            turn.state(entry, "ready", reason="The agent looks for one instruction that serves all.")
    return True


def proposed(kernel: KernelState, turn: Turn, event: MergeProposed) -> None:
    """Enter the merger's answer."""
    kernel.merging.pop(event.merged.group, None)
    if kernel.fold.stops.is_on:
        return  # it is asked again when the agent goes on
    if group_key(event.merged.group) not in kernel.fold.merges:
        answer = event.merged
        if not is_expressible(answer):
            answer = Merged(answer.group, "", reason="The merger answered with what no text can hold.")
        _enter(kernel, turn, answer)


def _enter(kernel: KernelState, turn: Turn, merged: Merged) -> None:
    kernel.runs.close(turn)
    bounded = Merged(merged.group, merged.text[:MERGED_POINTS_MAX], merged.gives_up, merged.reason[:300])
    turn.append(OracleBody(oracle="merged", intent=merged.group[0], merged=bounded), AGENT)


def carry(kernel: KernelState, turn: Turn, group: tuple[Entry, ...]) -> None:
    """Send the merged instruction to the planner: the first standing one carries it, the others join."""
    merged = kernel.fold.merges[group_key(tuple(entry.id for entry in group))]
    assert merged.text, "without an honest middle nothing is carried"
    live = [entry for entry in group if entry.is_live]
    if not live:
        return
    first, *rest = live
    turn.append(OracleBody(oracle="carries", intent=first.id, reason=merged.text), AGENT)
    for other in rest:
        turn.append(OracleBody(oracle="steered", intent=first.id, source=other.id, reason="merged"), AGENT)
        turn.state(other, "queued", waits_for=(first.id,), reason=f"Is done together with {first.actor}'s instruction.")
    turn.state(first, "queued", reason=f"Merged: {merged.text[:200]}")
