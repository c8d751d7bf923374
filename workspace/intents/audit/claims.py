"""What an intent's record claims, held against the log before it: its stamp, its clock, its author's right (I2, C5)."""

from __future__ import annotations

from collections.abc import Iterator

from workspace.intents.model.bodies import IntentBody
from workspace.intents.model.intent import Kinds, rank_of
from workspace.intents.model.record import Record
from workspace.intents.rules.permissions import may_answer, may_approve, may_undo
from workspace.intents.state.board import Board


def false_claims(record: Record, body: IntentBody, board: Board) -> Iterator[tuple[str, str]]:
    """Yield the conditions that an intent breaks by being accepted, each with how; `board` is the one before it."""
    yield from _stamp(record.seq, body, board)
    if not _has_right(record.actor, body, board):
        yield "C5", f"{record.actor} ({body.role}) had no right to {body.kind} {body.refs[0]}"


def _stamp(seq: int, body: IntentBody, board: Board) -> Iterator[tuple[str, str]]:
    """I2: the log's order extends what authors knew, and the derived clock is the stamp's."""
    clock = board.lanes.clock(body.lane)
    if not clock.seen <= body.seen < seq:
        yield "I2", f"{body.id} has seen {body.seen}, its lane {clock.seen} before"
    if body.n != clock.n + 1:
        yield "I2", f"{body.id} is number {body.n} of its lane, after {clock.n}"
    if body.vc != board.lanes.vector_clock(body.lane, n=body.n, seen=body.seen):
        yield "I2", f"{body.id} carries another vector clock than its stamp gives"


def _has_right(actor: str, body: IntentBody, board: Board) -> bool:
    """C5: tell whether who answers, approves or takes back is somebody who may."""
    rank = rank_of(body.role)
    match body.kind:
        case Kinds.ANSWER:
            question = board.questions.get(body.refs[0])
            return question is None or may_answer(question, actor, rank, board)
        case Kinds.APPROVE:
            return may_approve(rank)
        case Kinds.UNDO:
            authors = [board.entries[id] for id in board.commits[body.refs[0]][1].intents]
            return may_undo(authors, actor, rank)
        case _:
            return True
