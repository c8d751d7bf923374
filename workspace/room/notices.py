"""What happens in a room, as messages of the control channel: for everybody who follows, and for who comes late."""

from __future__ import annotations

from typing import assert_never

from workspace.errors import CLOSE_ARCHIVED, CLOSE_BROKEN, CLOSE_DELETED, CLOSE_NOT_FOUND, CLOSE_RENAMED, Close
from workspace.intents.model.bodies import Question
from workspace.intents.model.events import (
    Acked,
    DocumentActed,
    DraftShown,
    Nacked,
    QuestionOpened,
    StateChanged,
    StopsChanged,
)
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.live_board import LiveBoard
from workspace.protocol.messages import (
    Ack,
    DocumentMessage,
    DraftMessage,
    Nack,
    QuestionMessage,
    StateMessage,
    StopsMessage,
    encode,
)

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


def standing(fold: WorkspaceState, lives: LiveBoard) -> tuple[bytes, ...]:
    """Return what a newcomer is told behind the welcome: who has stopped the agent, what is under way and asked."""
    stops = [encode(StopsMessage(fold.stops.all))] if fold.stops.is_on else []
    live = [encode(StateMessage(one.id, *lives.stands(one))) for one in fold.board.live.values()]
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


def document_message(acted: DocumentActed) -> DocumentMessage:
    """Return what everybody is told of a document that was renamed, archived, deleted or restored."""
    return DocumentMessage(acted.do, acted.doc, acted.was, acted.name, acted.actor)


def close_of(fold: WorkspaceState, doc: str) -> Close:
    """Return why nobody can be at a document: it is not there, cannot be read, or was put away."""
    if doc in fold.quarantined:
        return CLOSE_BROKEN
    return {"archived": CLOSE_ARCHIVED, "deleted": CLOSE_DELETED}.get(fold.catalog.state_of(doc), CLOSE_NOT_FOUND)


def renamed_to(name: str) -> Close:
    """Return the close of a socket whose document is called otherwise by now."""
    return Close(CLOSE_RENAMED.status, CLOSE_RENAMED.code, f"It is called {name} now.")


def answer_of(notice: Acked | Nacked) -> Ack | Nack:
    """Return what the sender of an intent is answered."""
    if isinstance(notice, Acked):
        return Ack(notice.n, notice.id, notice.seq, notice.state)
    refusal = notice.refusal
    return Nack(notice.n, refusal.code, refusal.reason, refusal.remedy)
