"""What ends by itself: questions that nobody answers, that are moot or about what has changed (semantics §4).

And instructions whose authors' rights are over (C5): the agent never has more than the author has at the commit.
"""

from __future__ import annotations

from workspace.intents.model.bodies import DecisionBody, OracleBody, Question, VerdictBody, VerdictCodes
from workspace.intents.model.events import RightsChanged
from workspace.intents.model.ids import decision_id
from workspace.intents.model.intent import Role, rank_of
from workspace.intents.model.policies import NONE, Fate, RuledBy
from workspace.intents.rules.decision_words import at_deadline, moot, silent_of, taken_back
from workspace.intents.rules.groups import ALONE, is_standing
from workspace.intents.rules.policy import Ruling
from workspace.intents.rules.votes import elected, fallback, is_changed
from workspace.intents.state.board import Entry
from workspace.intents.steps.admission import withdraw
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.planning import stop
from workspace.intents.steps.resolution import rule
from workspace.intents.steps.turn import AGENT, Turn


def expire_overdue(kernel: KernelState, turn: Turn) -> bool:
    """End intents whose authors wanted them by a time that is over."""
    moved = False
    for entry in list(kernel.lives.index.timed.values()):
        deadline = entry.body.deadline
        if deadline is None or turn.now < deadline or not entry.is_live:
            continue
        moved, kernel.subject = True, entry.id
        stop(kernel, turn, entry)
        kernel.runs.close(turn)
        turn.append(OracleBody(oracle="timer", intent=entry.id, reason="deadline"), AGENT)
        turn.verdict(
            VerdictBody(
                intent=entry.id,
                state="expired",
                code="deadline",
                reason="It was not done by the time its author gave.",
                remedy="Ask again with more time.",
                can=("resend",),
            )
        )
    return moved


def overdue_at(kernel: KernelState) -> float | None:
    """Return when the next intent is overdue, in unix seconds."""
    timed = kernel.lives.index.timed.values()
    return min((entry.body.deadline for entry in timed if entry.body.deadline is not None), default=None)


def expire_questions(kernel: KernelState, turn: Turn) -> bool:
    """Settle what nobody answered in time by the question's default."""
    moved = False
    for question in list(kernel.fold.board.questions.values()):
        opened = kernel.fold.board.layers.get(question.id)
        group, kernel.subject = tuple(kernel.fold.board.entries[id] for id in question.group), question.group[0]
        standing = [entry for entry in group if is_standing(entry)]
        is_moot = opened is not None and len(standing) < min(2, len(group))
        # Decision 67: it asks about a plan that is gone; an answer would choose what nobody was shown.
        if opened is not None and is_changed(opened, group):
            _withdraw(kernel, turn, question, opened)
            moved = True
            continue
        if (turn.now < question.deadline or kernel.fold.stops.is_on) and not is_moot:
            continue
        moved = True
        kernel.runs.close(turn)
        if opened is None:
            _unanswered(turn, question, group[0])
            continue
        ids = [entry.id for entry in standing] or [NONE]
        winner = question.default if opened.layer in ALONE else fallback(question.default, group, ids)
        votes = tuple(kernel.fold.board.votes.get(question.id, ()))
        board, policy = kernel.fold.board, opened.policy
        chosen = None if is_moot else elected(policy, list(votes), ids)
        winner = winner if chosen is None else chosen
        why = (
            moot(group, board, winner=winner)
            if is_moot
            else at_deadline(opened, group, votes, board, winner=winner, is_elected=chosen is not None)
        )
        assert winner, "a question ends with something, if only with nothing"
        ruling = Ruling(policy, winner, why)
        rule(
            kernel,
            turn,
            group,
            ruling,
            layer=opened.layer,
            evidence=question.evidence,
            by="policy" if is_moot else "timer",
            of=question.id,
            answers=votes,
            silent=silent_of(opened, group, votes),
        )
    return moved


def _withdraw(kernel: KernelState, turn: Turn, question: Question, opened: DecisionBody) -> None:
    """Take a question back, deciding nothing: what comes of the changed instruction is compared anew."""
    kernel.runs.close(turn)
    group = [kernel.fold.board.entries[id] for id in question.group]
    ends: dict[str, Fate] = {
        entry.id: "open" if entry.is_live else "kept" if entry.commit is not None else "withdrawn" for entry in group
    }
    assert "run" not in ends.values(), "what is taken back decides nothing"
    votes = tuple(kernel.fold.board.votes.get(question.id, ()))
    decision = DecisionBody(
        decision=decision_id(turn.fold.seq + 1),
        group=question.group,
        layer=opened.layer,
        policy=RuledBy.CHANGED,
        by="policy",
        outcome=ends,
        reason=taken_back(group, votes),
        of=question.id,
        answers=votes,
        silent=silent_of(opened, group, votes),
    )
    turn.append(decision, AGENT)
    assert question.id not in kernel.fold.board.questions, "it is asked no more"
    for entry in group:
        if entry.is_live:
            turn.state(entry, "ready" if entry.plan is not None else "queued", reason=decision.reason)


def _unanswered(turn: Turn, question: Question, asked: Entry) -> None:
    turn.verdict(
        VerdictBody(
            intent=question.group[0],
            state="expired",
            code=VerdictCodes.NO_ANSWER,
            reason=f"Nobody answered in time what {asked.actor} was asked: {question.text}",
            remedy="Ask again, and answer the question.",
            can=("override",),
        )
    )


def end_unentitled(kernel: KernelState, turn: Turn, event: RightsChanged) -> None:
    """End what people asked for with rights that they have no more: nothing of it is planned on, or committed.

    Not only what they may not do any more: decisions were made by the rank that the log gives their instruction, and
    it would win by a rank that its author has lost. They may ask again with the rights they have.
    """
    for entry in kernel.live():
        if entry.actor not in event.roles or not entry.is_live:
            continue
        role = event.roles[entry.actor]
        if rank_of(role or "") < entry.rank:
            kernel.subject = entry.id
            kernel.runs.close(turn)
            withdraw(kernel, turn, entry, _unentitled(entry, role))


def _unentitled(entry: Entry, role: Role | None) -> VerdictBody:
    if role is None:
        reason = f"{entry.actor}'s access here ended before this was done."
        remedy = "Ask the owner for access, and ask again."
    else:
        reason = f"{entry.actor} asked for this as {entry.role}, and is {role} now."
        remedy = "Ask again: it is taken with the rights there are now."
    return VerdictBody(
        intent=entry.id,
        state="rejected",
        code=VerdictCodes.RIGHTS_ENDED,
        reason=reason,
        remedy=remedy,
        can=("resend",) if role is not None else (),
    )
