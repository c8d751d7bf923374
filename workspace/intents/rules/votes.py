"""When do the answers to a question suffice? (semantics §4, `ask` and `vote`)

Pure counting over logged answers: the last word of each person counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from workspace.intents.model.bodies import Answer, DecisionBody, Layers
from workspace.intents.model.policies import BOTH, BRANCH, MERGE, NONE, RuledBy
from workspace.intents.rules.groups import SPECIAL, is_standing
from workspace.intents.state.board import Board, Entry


def is_vote(policy: str) -> bool:
    """Tell whether a question was put by a policy that counts everybody's answer, and waits for nobody by name."""
    return policy == RuledBy.VOTE


def settled(policy: str, group: tuple[Entry, ...], votes: list[Answer], board: Board, *, quorum: int) -> str | None:
    """Return what the answers to a question of this policy settle by themselves; None while they do not."""
    value = carried(votes, quorum) if is_vote(policy) else agreed(group, votes, board)
    is_there = value in SPECIAL or (value is not None and is_standing(board.entries[value]))
    return value if is_there else None


def elected(policy: str, votes: list[Answer], standing: Sequence[str]) -> str | None:
    """Return what the answers so far choose when the time is up; None where they choose nothing that can be had."""
    value = plurality(votes) if is_vote(policy) else None
    return value if value in (*standing, NONE, BOTH) else None


def agreed(group: tuple[Entry, ...], votes: list[Answer], board: Board) -> str | None:
    """Return the settled answer: one from outside the group with at least its highest rank, or all authors agreeing.

    An author stands by the own intent until saying otherwise; an author alone at the highest rank decides at once.
    """
    assert group, "answers settle something about somebody"
    top = max(entry.rank for entry in group)
    authors = {entry.actor for entry in group}
    leaders = {entry.actor for entry in group if entry.rank == top}
    stands: dict[str, str] = {entry.actor: entry.id for entry in group}
    for vote in votes:
        rank = board.entries[vote.intent].rank
        # Decision 8: who is alone at the top answers for all; of equals, giving way settles and insisting does not.
        alone = leaders == {vote.actor} and vote.value != MERGE
        if (vote.actor not in authors and rank >= top) or alone:
            return vote.value
        if vote.actor in authors:
            stands[vote.actor] = vote.value
    assert stands.keys() == authors, "every author stands by something"
    values = set(stands.values())
    return values.pop() if len(values) == 1 and votes else None


def counted(votes: list[Answer]) -> dict[str, int]:
    """Return how many people stand for each value: the last word of each counts."""
    last = {vote.actor: vote.value for vote in votes}
    return {value: sum(other == value for other in last.values()) for value in dict.fromkeys(last.values())}


def carried(votes: list[Answer], quorum: int) -> str | None:
    """Return the value that more than half of those who voted stand for, once a quorum has voted."""
    count = counted(votes)
    total = sum(count.values())
    assert quorum >= 1, "nobody is no quorum"
    return next((value for value, own in count.items() if total >= quorum and own * 2 > total), None)


def plurality(votes: list[Answer]) -> str | None:
    """Return the value with most votes at the deadline; None for a tie or without votes."""
    count = sorted(counted(votes).items(), key=lambda pair: -pair[1])
    is_tied = len(count) > 1 and count[0][1] == count[1][1]
    return count[0][0] if count and not is_tied else None


def is_changed(opened: DecisionBody, group: Sequence[Entry]) -> bool:
    """Tell whether a question is about what is not there any more: somebody's instruction is being planned again.

    That happens to who is held where something that joined it ends. A question of rights is about no plan.
    """
    return opened.layer != Layers.RIGHTS and any(entry.is_live and entry.plan is None for entry in group)


def fallback(default: str, group: Sequence[Entry], standing: Sequence[str]) -> str:
    """Return what stands where nobody has answered: the question's default while it can still be had, else the first.

    Variants stand side by side only where nobody has left the group and nothing of it is in the documents.
    """
    assert standing, "something stands, if only that nothing does"
    # Decision 15: who has left a group cannot be what stands in it.
    still = {*standing, BOTH, *([BRANCH] if all(entry.is_live for entry in group) else ())}
    return default if default in still else standing[0]
