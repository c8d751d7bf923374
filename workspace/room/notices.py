"""What happens in a room, as messages of the control channel: for everybody who follows, and for who comes late."""

from __future__ import annotations

from typing import assert_never

from workspace.intents.model.events import Acked, DraftShown, Nacked, QuestionOpened, StateChanged, StopsChanged
from workspace.intents.model.record import Question
from workspace.intents.state.fold import Fold
from workspace.protocol.messages import Ack, DraftMessage, Nack, QuestionMessage, StateMessage, StopsMessage, encode

Notice = StateChanged | QuestionOpened | DraftShown | StopsChanged


def notice_of(outlet: Notice) -> bytes:
    """Return what everybody who follows is told of an outlet."""
    match outlet:
        case StateChanged():
            return encode(StateMessage(outlet.id, outlet.state, outlet.waits_for, outlet.reason))
        case QuestionOpened():
            return encode(question_message(outlet.question))
        case DraftShown():
            return encode(DraftMessage(outlet.plan, outlet.intents, outlet.doc, outlet.text))
        case StopsChanged():
            return encode(StopsMessage(outlet.stops))
        case _:
            assert_never(outlet)


def standing(fold: Fold) -> tuple[bytes, ...]:
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


def answer_of(outlet: Acked | Nacked) -> Ack | Nack:
    """Return what the sender of an intent is answered."""
    if isinstance(outlet, Acked):
        return Ack(outlet.n, outlet.id, outlet.seq, outlet.state)
    refusal = outlet.refusal
    return Nack(outlet.n, refusal.code, refusal.reason, refusal.remedy)
