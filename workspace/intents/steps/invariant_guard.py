"""No commit turns a declared rule from true to false (invariant I10): one alone is refused, several are settled.

The minimal core of a break among released plans is found by adding plans in log order until a rule breaks, then
leaving out, one by one, whoever is not needed for it: at most two evaluations a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from workspace.errors import Refusal
from workspace.intents.model.bodies import VerdictBody
from workspace.intents.model.invariant import broken
from workspace.intents.rules.gate import try_plan
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.resolution import settle
from workspace.intents.steps.turn import Turn

Guarded = Literal["clear", "moved", "waits"]


def guard_rules(kernel: KernelState, turn: Turn, released: Sequence[Entry]) -> Guarded:
    """Settle or refuse what would break a rule; `waits` when the policy wants the merger's word first."""
    if not kernel.fold.invariants:
        return "clear"
    before = broken(kernel.fold.invariants, kernel.fold.documents)
    guilty, why = _core(kernel, released, frozenset(before))
    if not guilty:
        return "clear"
    if len(guilty) > 1:
        group = tuple(sorted(guilty, key=lambda entry: entry.seq))
        return "moved" if settle(kernel, turn, group, layer="L4", rules=why) else "waits"
    (entry,) = guilty
    names = ", ".join(sorted(why))
    turn.verdict(
        VerdictBody(
            intent=entry.id,
            state="rejected",
            code="invariant",
            reason=f"It would break a rule of this workspace ({names}): {'; '.join(why.values())}.",
            remedy="Ask for less, or ask the owner to change the rule.",
            can=("override",),
        )
    )
    return "moved"


def _core(
    kernel: KernelState, released: Sequence[Entry], already: frozenset[str]
) -> tuple[list[Entry], dict[str, str]]:
    """Return the smallest set of plans that together break a rule which held; and which, why.

    They are carried out in the order given, in which they would be committed: the first alone is what commits next.
    """
    for count in range(1, len(released) + 1):
        why = _breaks(kernel, released[:count], already)
        if not why:
            continue
        kept = list(released[:count])
        for entry in released[: count - 1]:
            fewer = [other for other in kept if other is not entry]
            less = _breaks(kernel, fewer, already)
            if less:
                kept, why = fewer, less
        return kept, why
    return [], {}


def _breaks(kernel: KernelState, entries: Sequence[Entry], already: frozenset[str]) -> dict[str, str]:
    """Return the rules that these plans break, carried out in order; a plan that no longer holds is left out."""
    documents = dict(kernel.fold.documents)
    for entry in entries:
        assert entry.plan is not None, "released intents are planned"
        kernel.subject = entry.id
        ran = try_plan(entry.plan, documents, client=kernel.scratch_client)
        if not isinstance(ran, Refusal):
            documents.update(ran.documents)
    found = broken(kernel.fold.invariants, documents)
    return {name: reason for name, reason in found.items() if name not in already}
