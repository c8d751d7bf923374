"""What an intent's record claims, held against the log before it: its stamp, its clock, its author's right (I2, C5)."""

from __future__ import annotations

from collections.abc import Iterator

from workspace.intents.audit.conditions import Condition
from workspace.intents.model.bodies import IntentBody
from workspace.intents.model.intent import RUNNING_KINDS, Kinds
from workspace.intents.model.record import Record
from workspace.intents.rules.permissions import may_answer, may_approve, may_ask, may_undo
from workspace.intents.rules.places import refuse_instruct
from workspace.intents.state.board import Board
from workspace.intents.state.fold import WorkspaceState


def false_claims(record: Record, body: IntentBody, fold: WorkspaceState) -> Iterator[tuple[Condition, str]]:
    """Yield the conditions that an intent breaks by being accepted, each with how; `fold` is the state before it."""
    yield from _stamp(record.seq, body, fold.board)
    if not _has_right(record.actor, body, fold):
        yield "C5", f"{record.actor} ({body.role}) had no right to {body.kind} {body.refs[0]}"
    if fold.rights and (against := _unasked(record.actor, body, fold)):
        yield "rights", f"{body.id}: {against}"


def _stamp(seq: int, body: IntentBody, board: Board) -> Iterator[tuple[Condition, str]]:
    """I2: the log's order extends what authors knew, and the derived clock is the stamp's."""
    clock = board.lanes.clock(body.lane)
    if not clock.seen <= body.seen < seq:
        yield "I2", f"{body.id} has seen {body.seen}, its lane {clock.seen} before"
    if body.n != clock.n + 1:
        yield "I2", f"{body.id} is number {body.n} of its lane, after {clock.n}"
    if body.vc != board.lanes.vector_clock(body.lane, n=body.n, seen=body.seen):
        yield "I2", f"{body.id} carries another vector clock than its stamp gives"


def _unasked(actor: str, body: IntentBody, fold: WorkspaceState) -> str:
    """Return why nothing may be asked of the agent by somebody, or where they point; "" where it may."""
    if not may_ask(fold, actor=actor, role=body.role):
        return f"{actor} ({body.role}) may ask for nothing here"
    docs = [part.doc for part in body.scope or ()] if body.kind in RUNNING_KINDS else []
    refusal = refuse_instruct(fold, docs, actor=actor, role=body.role)
    return refusal.reason if refusal is not None else ""


def _has_right(actor: str, body: IntentBody, fold: WorkspaceState) -> bool:
    """C5: tell whether who answers, approves or takes back is somebody who may."""
    board = fold.board
    match body.kind:
        case Kinds.ANSWER:
            question = board.questions.get(body.refs[0])
            return question is None or may_answer(fold, question, actor=actor, role=body.role)
        case Kinds.APPROVE:
            return may_approve(fold, board.entries[body.refs[0]], actor=actor, role=body.role)
        case Kinds.UNDO:
            return may_undo(fold, board.commits[body.refs[0]][1], actor=actor, role=body.role)
        case _:
            return True
