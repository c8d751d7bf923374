"""How much of what a workspace takes at once is one person's: half of what the others have left, and the owner's rest.

Whoever has much leaves as much again, and the next half of that: nobody who comes finds nothing. An eighth is kept for
owners, whose share is all that is left.
"""

from __future__ import annotations

from workspace.errors import Refusal
from workspace.intents.model.bounds import Bounds
from workspace.intents.model.intent import Role, rank_of
from workspace.intents.rules.document_acts import refuse_more
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.usage import Usage

OVER_SHARE, OVER_CALLS = "over_share", "over_calls"
# One of so many is the owners'.
KEPT_FOR_OWNERS = 8


def share_of(bound: int, *, others: int, rank: int) -> int:
    """Return how many of `bound` somebody of this rank may have, of which others have `others`."""
    assert bound > 0, "a bound lets something through"
    assert others >= 0, "others have none at least"
    if rank >= rank_of("owner"):
        return max(0, bound - others)
    left = bound - bound // KEPT_FOR_OWNERS - others
    return (left + 1) // 2 if left > 0 else 0


def refuse_instruction(fold: WorkspaceState, bounds: Bounds, *, actor: str, role: Role) -> Refusal | None:
    """Return why somebody may give no further instruction now: they have their share of those, or of open questions."""
    live, rank = fold.board.live, rank_of(role)
    if len(live) >= bounds.live_intents:
        reason = f"{bounds.live_intents} instructions are under way here."
        return Refusal("rate_limited", reason, "Try again shortly.")
    own = sum(entry.actor == actor for entry in live.values())
    if own >= share_of(bounds.live_intents, others=len(live) - own, rank=rank):
        reason = f"{own} of {actor}'s instructions are under way here: the rest is for the others."
        return Refusal(OVER_SHARE, reason, "Wait until some have ended, or cancel some of yours.")
    asked = _questions_of(fold, actor)
    if asked >= share_of(bounds.open_questions, others=len(fold.board.questions) - asked, rank=rank):
        reason = f"{asked} questions about {actor}'s instructions are open here."
        return Refusal(OVER_SHARE, reason, "Answer some of them first, or cancel what they are about.")
    return None


def _questions_of(fold: WorkspaceState, actor: str) -> int:
    entries = fold.board.entries
    return sum(any(entries[id].actor == actor for id in question.group) for question in fold.board.questions.values())


def refuse_documents(fold: WorkspaceState, bounds: Bounds, *, actor: str, rank: int, new: int) -> Refusal | None:
    """Return why somebody may not make `new` more documents, by hand or by the agent. Those that live count."""
    full = refuse_more(fold.catalog, documents_max=bounds.documents, count=new)
    if full is not None:
        return full
    most, there = bounds.documents, fold.catalog.living
    own = sum(maker == actor and fold.catalog.is_living(doc) for doc, maker in fold.catalog.makers.items())
    if own + new > share_of(most, others=there - own, rank=rank):
        reason = (
            f"{actor} has made {own} of the {most} documents that a workspace has at most: the rest is for the others."
        )
        return Refusal(OVER_SHARE, reason, "Write into one that is there, or ask the owner to make it.")
    return None


def refuse_call(usage: Usage, bounds: Bounds, intent: str) -> Refusal | None:
    """Return why no model may be asked once more for an instruction: it came to no end in all calls that it has.

    Its rounds, tries and new plans have a bound each, and their product is hundreds.
    """
    if usage.asked.get(intent, 0) < bounds.calls:
        return None
    reason = f"Models were asked {bounds.calls} times for this one instruction, and came to no end."
    return Refusal(OVER_CALLS, reason, "Ask for less at once, or for one part after the other.")
