"""What happens in a room, as messages of the control channel: for everybody who follows, and for who comes late."""

from __future__ import annotations

from typing import assert_never

from workspace.intents.model.bodies import Question
from workspace.intents.model.events import Acked, DraftShown, Nacked, QuestionOpened, StateChanged, StopsChanged
from workspace.intents.state.fold import WorkspaceState
from workspace.protocol.messages import Ack, DraftMessage, Nack, QuestionMessage, StateMessage, StopsMessage, encode

Shown = StateChanged | QuestionOpened | DraftShown | StopsChanged


def notice_of(notice: Shown) -> bytes:
    """Return what everybody who follows is told of a notice."""
    match notice:
        case StateChanged():
            return encode(StateMessage(notice.id, notice.state, notice.waits_for, notice.reason))
        case QuestionOpened():
            return encode(question_message(notice.question))
        case DraftShown():
            return encode(DraftMessage(notice.plan, notice.intents, notice.doc, notice.text))
        case StopsChanged():
            return encode(StopsMessage(notice.stops))
        case _:
            assert_never(notice)


def standing(fold: WorkspaceState) -> tuple[bytes, ...]:
    """Return what a newcomer is told behind the welcome: who has stopped the agent, what is under way and asked."""
    stops = [encode(StopsMessage(fold.stops.all))] if fold.stops.is_on else []
    live = [encode(StateMessage(one.id, one.state, one.waits_for, one.reason)) for one in fold.board.live.values()]
    asked = [encode(question_message(question)) for question in fold.board.questions.values()]
    return (*stops, *live, *asked)


def question_message(question: Question) -> QuestionMessage:
    """Return an open question as it is shown to people."""
    return QuestionMessage(
        question.id,
        question.group,
        question.text,
        question.options,
        question.deadline,
        question.default,
        question.evidence,
        question.because,
    )


def answer_of(notice: Acked | Nacked) -> Ack | Nack:
    """Return what the sender of an intent is answered."""
    if isinstance(notice, Acked):
        return Ack(notice.n, notice.id, notice.seq, notice.state)
    refusal = notice.refusal
    return Nack(notice.n, refusal.code, refusal.reason, refusal.remedy)
