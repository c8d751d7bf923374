"""The E-rule: a human's edit is an instruction too, committed already; what to do when a plan would overwrite one (§3).

`suggest` keeps the edit and shows the plan as a suggestion; `ask` holds the plan and asks its author and everybody who
stands as high; `apply_and_flag` runs it, says whose words it replaced, and one undo brings them back.
"""

from __future__ import annotations

from crdt.digest import Json
from workspace.intents.model.bodies import DecisionBody, Layers, NextAct, VerdictBody
from workspace.intents.model.ids import decision_id
from workspace.intents.model.plan import Option
from workspace.intents.model.policies import NONE, EditModes, Fates, edit_rule
from workspace.intents.rules.consent import allowed_over, edits_of
from workspace.intents.rules.evidence import evidence_of
from workspace.intents.state.board import Entry
from workspace.intents.state.history import Edit
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.questions import hold
from workspace.intents.steps.turn import AGENT, Turn


def is_settled(entry: Entry, edits: tuple[Edit, ...]) -> bool:
    """Tell whether it was decided that an intent runs over exactly these edits, or more."""
    return {edit.seq for edit in edits} <= allowed_over(entry)


def protect(kernel: KernelState, turn: Turn, entry: Entry, edits: tuple[Edit, ...]) -> None:
    """Decide about a plan that would overwrite edits its author has not seen; `is_settled` says so afterwards."""
    assert edits, "somebody's edit is protected"
    assert not is_settled(entry, edits), "what was allowed is not asked twice"
    names = sorted({edit.actor for edit in edits})
    docs = sorted({edit.doc for edit in edits})
    reason = f"{', '.join(names)} edited the same place in {', '.join(docs)} after {entry.actor} began to write."
    mode = kernel.fold.policy.human_edit
    evidence: dict[str, Json] = {
        **evidence_of((entry,), kernel.fold.documents, client=kernel.scratch_client),
        "edits": [[edit.seq, edit.actor, edit.doc] for edit in edits],
    }
    if mode == EditModes.ASK:
        _ask(kernel, turn, entry, names, docs, evidence)
        return
    runs = mode == EditModes.APPLY_AND_FLAG
    decision = DecisionBody(
        decision=decision_id(turn.fold.seq + 1),
        group=(entry.id,),
        layer="E",
        policy=edit_rule(mode),
        by="policy",
        outcome={entry.id: "run" if runs else "suggested"},
        reason=reason,
        evidence=evidence,
    )
    turn.append(decision, AGENT)
    if not runs:
        suggest(turn, entry, "human_edit", reason, ("approve", "override"), by=decision.decision)


def _ask(
    kernel: KernelState, turn: Turn, entry: Entry, names: list[str], docs: list[str], evidence: dict[str, Json]
) -> None:
    who = ", ".join(names)
    hold(
        kernel,
        turn,
        (entry,),
        text=f"{entry.actor}'s instruction would replace what {who} has typed in {', '.join(docs)} meanwhile. Run it?",
        options=(Option(entry.id, "Yes, run it"), Option(NONE, f"No, keep what {who} typed")),
        default=NONE,
        because="what people type is kept",
        layer="E",
        policy=edit_rule(EditModes.ASK),
        evidence=evidence,
    )


def suggest(turn: Turn, entry: Entry, code: str, reason: str, can: tuple[NextAct, ...], *, by: str = "") -> None:
    """End an intent as a suggestion that somebody may approve."""
    assert "approve" in can, "a suggestion is for somebody to take up"
    turn.verdict(
        VerdictBody(
            intent=entry.id,
            state="suggested",
            code=code,
            reason=reason,
            remedy="Look at what stands there now; approve to run it anyway.",
            by=by,
            can=can,
        )
    )


def flagged(entry: Entry) -> str:
    """Return what a verdict says of edits that the plan has replaced, or ""."""
    names = {
        str(edit[1])
        for decision in entry.decisions
        if decision.layer == Layers.EDIT and decision.outcome.get(entry.id) == Fates.RUN
        for edit in edits_of(decision)
    }
    return f" It replaced what {', '.join(sorted(names))} had typed meanwhile: undo brings it back." if names else ""
