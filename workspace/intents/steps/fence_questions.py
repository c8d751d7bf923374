"""A plan that writes outside the place its author pointed at waits for a yes, and else ends (semantics §1.2).

One that makes more documents than are its author's share ends at once: nothing of it is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crdt.documents.document import Document
from crdt.operations.ops import CreateDocument, Op
from workspace.intents.model.bodies import VerdictBody
from workspace.intents.model.plan import Option
from workspace.intents.model.policies import NONE, RuledBy
from workspace.intents.rules.fence import LAYER, allowed, outside, pointed
from workspace.intents.rules.shares import refuse_documents
from workspace.intents.state.board import Board, Entry
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.questions import hold
from workspace.intents.steps.turn import Turn

DOES_SHOWN_MAX, DOES_POINTS_MAX = 4, 160
CONSENT_BYTES_MAX = 65_536


def asks_beyond(kernel: KernelState, turn: Turn, entry: Entry, documents: Mapping[str, Document]) -> bool:
    """Hold a plan that writes outside its scope, and ask; True when it must wait. `documents` are as it was made on.

    What is more than can be shown is not asked about: it is refused.
    """
    assert entry.plan is not None, "a plan is held against the fence"
    board = kernel.fold.board
    beyond = [one for one in outside(entry.plan, entry, board, documents) if one not in allowed(entry, board)]
    if not beyond:
        return False
    kernel.runs.close(turn)
    if sum(len(one.encode()) for one in beyond) > CONSENT_BYTES_MAX:
        reason = f"the plan does {len(beyond)} things there, more than can be shown"
        not_allowed(turn, entry, reason, by="")
        return True
    shown = "; ".join(
        one if len(one) <= DOES_POINTS_MAX else f"{one[:DOES_POINTS_MAX]}…" for one in beyond[:DOES_SHOWN_MAX]
    )
    more = len(beyond) - DOES_SHOWN_MAX
    hold(
        kernel,
        turn,
        (entry,),
        text=(
            f"{_told(board, entry)}: {shown}" + (f"; and {more} more, listed below" if more > 0 else "") + ". Do it?"
        ),
        options=(Option(entry.id, "Yes, do all of it"), Option(NONE, "No, do nothing")),
        default=NONE,
        because="outside of where somebody pointed nothing is written without a word",
        layer=LAYER,
        policy=RuledBy.SCOPE,
        evidence={"does": list(beyond)},
    )
    return True


def _told(board: Board, entry: Entry) -> str:
    subject = board.subject_of(entry)
    if subject.body.scope is None:
        return f"{subject.actor} has named no such document, and the agent would do more than write in it"
    return f"{subject.actor} pointed at {pointed(entry, board)}. The agent would also write elsewhere"


def not_allowed(turn: Turn, entry: Entry, reason: str, *, by: str) -> None:
    """End an intent whose plan was not allowed to write outside its scope."""
    turn.verdict(
        VerdictBody(
            intent=entry.id,
            state="rejected",
            code="outside_scope",
            reason=f"Nothing was changed, because the plan also writes outside of where it points: {reason}.",
            remedy="Point at all of the places, or ask for less.",
            by=by,
            can=("override",),
        )
    )


def reject_made(kernel: KernelState, turn: Turn, entry: Entry, ops: Sequence[Op]) -> bool:
    """End an intent whose plan makes more documents than it may; tell whether it ended."""
    new = len({op.doc for op in ops if isinstance(op, CreateDocument)} - kernel.fold.kinds.keys())
    if not new:
        return False
    refusal = refuse_documents(kernel.fold, kernel.bounds, actor=entry.actor, rank=entry.rank, new=new)
    if refusal is None:
        return False
    kernel.runs.close(turn)
    verdict = VerdictBody(
        intent=entry.id,
        state="rejected",
        code=refusal.code,
        reason=refusal.reason,
        remedy=refusal.remedy,
        can=("override",),
    )
    turn.verdict(verdict)
    assert not entry.is_live, "it has its verdict"
    return True
