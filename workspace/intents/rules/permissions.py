"""Who may do what to whose instruction (semantics §2, §4): definitions, for admission and for the audit alike.

Ranks are those of `intent.rank_of`, 0 to 30. Nothing here decides or changes anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from workspace.intents.model.bodies import Layers, Question, VerdictCodes
from workspace.intents.model.intent import Role, rank_of
from workspace.intents.model.policies import RuledBy
from workspace.intents.rules.gate import EDIT_RANK
from workspace.intents.state.board import Board, Entry


def may_answer(question: Question, actor: str, rank: int, board: Board) -> bool:
    """Tell whether somebody is among those asked: the authors, and everybody of at least the highest author's rank.

    What the agent asks about one instruction is for its author; only somebody above may answer instead.
    """
    group = [board.entries[id] for id in question.group]
    assert group, "a question is about somebody"
    opened = board.layers.get(question.id)
    if opened is None:
        return actor == group[0].actor or rank > group[0].rank
    if opened.policy == RuledBy.VOTE:
        return True
    if opened.layer == Layers.RIGHTS:
        group = group[:1]
    return actor in {entry.actor for entry in group} or rank >= max(entry.rank for entry in group)


def may_replace(target: Entry, actor: str, rank: int) -> bool:
    """Tell whether somebody may override an intent without its author's consent."""
    return target.actor == actor or rank >= target.rank


def may_cancel(target: Entry, actor: str, rank: int) -> bool:
    """Tell whether somebody may end an intent: its author, and whoever stands above."""
    return target.actor == actor or rank > target.rank


def may_undo(authors: Sequence[Entry], actor: str, rank: int) -> bool:
    """Tell whether somebody may take back a commit: its authors, and whoever stands at least as high as all of them."""
    assert authors, "a commit has an author"
    return actor in {entry.actor for entry in authors} or rank >= max(entry.rank for entry in authors)


def may_approve(rank: int) -> bool:
    """Tell whether somebody may approve a suggestion, a variant or what is sent."""
    return rank >= EDIT_RANK


def refuse_sending(actor: str, role: Role | None) -> str:
    """Return why nothing leaves on somebody's word who is `role` now (None: nobody any more), "" where it may."""
    if role is not None and rank_of(role) >= EDIT_RANK:
        return ""
    now = f"{actor} is {role} now" if role is not None else f"{actor} has no access any more"
    return f"not sent, {VerdictCodes.RIGHTS_ENDED}: {now}"
