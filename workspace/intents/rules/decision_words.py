"""What a decision says of people: who answered what, who did not, what stands without that, and why.

Made of the facts in the decision's own record and those it names, so that the words are true for every reader: the
author, the others, whoever reads the log in a year. People have names here, never "you". Only the last word of each
person counts, as it does in `votes.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workspace.intents.model.bodies import Answer, DecisionBody, Layers, Question
from workspace.intents.model.intent import States
from workspace.intents.model.policies import BRANCH, MERGE, NONE
from workspace.intents.rules.groups import is_standing
from workspace.intents.rules.votes import is_vote
from workspace.intents.state.board import Board, Entry

NAMED_MAX = 6
CHOICE_POINTS_MAX = 80
BY_RULE = {MERGE: "together", BRANCH: "the variants side by side", NONE: "none of them"}


def in_words(actors: Iterable[str]) -> str:
    """Return people's names as a sentence has them: each once, `A, B and C`, at most six and how many more."""
    unique = list(dict.fromkeys(actors))
    assert unique, "a sentence about people names somebody"
    if len(unique) > NAMED_MAX:
        unique = [*unique[:NAMED_MAX], f"{len(unique) - NAMED_MAX} more"]
    return unique[0] if len(unique) == 1 else ", ".join(unique[:-1]) + " and " + unique[-1]


def silent_of(opened: DecisionBody, group: Sequence[Entry], votes: Sequence[Answer]) -> tuple[str, ...]:
    """Return whom a question was put to and who has not answered: the authors of what still stands.

    Everybody who stands as high may answer too, and in a vote everybody: nobody waits for them by name.
    """
    if is_vote(opened.policy):
        return ()
    asked = group[:1] if opened.layer == Layers.RIGHTS else group
    has_answered = {vote.actor for vote in votes}
    return tuple(dict.fromkeys(e.actor for e in asked if is_standing(e) and e.actor not in has_answered))


def choice(opened: DecisionBody, group: Sequence[Entry], value: str) -> str:
    """Return how people read one answer to a question: by whose instruction it is for, or by the option's label."""
    entry = next((entry for entry in group if entry.id == value), None)
    if opened.layer == Layers.RIGHTS:
        return "yes" if entry is group[-1] else "no"
    options = opened.question.options if opened.question is not None else ()
    if entry is not None and opened.layer not in (Layers.EDIT, Layers.EFFECTS, Layers.SCOPE):
        is_only = sum(other.actor == entry.actor for other in group) == 1
        is_late = entry.id in _late(opened.question)
        return f"{'keep' if is_late else 'run'} {entry.actor}'s" + ("" if is_only else f" ({entry.id})")
    if value in (MERGE, BRANCH):
        return BY_RULE[value]
    label = next((option.label for option in options if option.value == value), BY_RULE.get(value, value))
    return label if len(label) <= CHOICE_POINTS_MAX else f"{label[: CHOICE_POINTS_MAX - 1]}…"


def _late(question: Question | None) -> Sequence[object]:
    late = question.evidence.get("late") if question is not None else None
    return late if isinstance(late, list) else ()


def answers_in_words(opened: DecisionBody, group: Sequence[Entry], votes: Sequence[Answer], *, first: str = "") -> str:
    """Return who answered what, by their last words; the answer `first` in front. Empty where nobody did."""
    last = {vote.actor: vote.value for vote in votes}
    said = "voted" if is_vote(opened.policy) else "answered"
    values = sorted(dict.fromkeys(last.values()), key=lambda value: value != first)
    return ", ".join(
        f"{in_words(actor for actor in last if last[actor] == value)} {said} “{choice(opened, group, value)}”"
        for value in values
    )


def at_deadline(
    opened: DecisionBody,
    group: Sequence[Entry],
    votes: Sequence[Answer],
    board: Board,
    *,
    winner: str,
    is_elected: bool,
) -> str:
    """Return why something stands that the answers alone did not settle in time."""
    assert winner, "something stands when the time is up, if only that nothing does"
    told = answers_in_words(opened, group, votes, first=winner)
    silent, question = silent_of(opened, group, votes), opened.question
    parts = [*left_out(group, board), *([told] if told else [])]
    if is_elected:
        return "; ".join([*parts, "most votes at the deadline"])
    if not told:
        parts.append("nobody voted in time" if is_vote(opened.policy) else "nobody answered in time")
    elif silent:
        parts.append(f"{in_words(silent)} did not answer in time")
    elif is_vote(opened.policy):
        parts.append("no answer that can be had has most votes at the deadline")
    else:
        parts.append("that did not settle it in time")
    is_default = question is not None and question.default == winner
    why = (question.because if question is not None else "") if is_default else "the first that still stands"
    by_default = f"by default “{choice(opened, group, winner)}”"
    return "; ".join([*parts, f"{by_default}, because {why}" if why else by_default])


def left_out(group: Sequence[Entry], board: Board) -> list[str]:
    """Return, for each of a group that does not stand any more, what became of it and by whom."""
    return [_gone(entry, board) for entry in group if not is_standing(entry)]


def _gone(entry: Entry, board: Board) -> str:
    assert not entry.is_live, "what goes on has not gone"
    by = board.entries.get(entry.verdict.by) if entry.verdict is not None else None
    if by is None:
        return f"{entry.actor}'s instruction has ended {entry.state}"
    verb = {States.CANCELLED: "cancelled", States.SUPERSEDED: "replaced"}.get(entry.state, "ended")
    whose = "the own" if by.actor == entry.actor else f"{entry.actor}'s"
    return f"{by.actor} {verb} {whose} instruction"


def moot(group: Sequence[Entry], board: Board, *, winner: str) -> str:
    """Return why a question needs no answer any more: what it was about has gone, all or all but one."""
    gone = "; ".join(left_out(group, board))
    assert gone, "a question that is still about everybody needs its answer"
    left = next((entry for entry in group if entry.id == winner and is_standing(entry)), None)
    return f"{gone}; {left.actor}'s is what is left" if left is not None else f"{gone}; nothing is left to decide"


def taken_back(group: Sequence[Entry], votes: Sequence[Answer]) -> str:
    """Return why a question was taken back undecided."""
    names = in_words(entry.actor for entry in group if entry.is_live and entry.plan is None)
    reason = f"What {names} asked for has changed meanwhile: it is planned again"
    return f"{reason}, and what {in_words(v.actor for v in votes)} answered decides nothing" if votes else reason
