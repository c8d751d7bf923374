"""What an instruction refers to: what its author had said before, and the place it points at, if that is still there.

A place that was deleted while its author was away is not guessed at: the author is asked, and told who deleted it (F6).
"""

from __future__ import annotations

from itertools import islice

from crdt.documents.anchor import Anchor, TextRange, resolve_range
from crdt.errors import CrdtError
from workspace.intents.model.bodies import OracleBody, Question, VerdictBody
from workspace.intents.model.causality import happened_before
from workspace.intents.model.ids import question_id
from workspace.intents.model.intent import RUNNING_KINDS, Scope
from workspace.intents.model.plan import (
    EARLIER_LOOKED_AT,
    EARLIER_MAX,
    EARLIER_POINTS_MAX,
    NOT_AT_ALL,
    WHOLE,
    Earlier,
    Option,
)
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import AGENT, Turn

QUOTE_POINTS_SHOWN = 120
SOURCE = "scope@1"


def earlier_of(entry: Entry, kernel: KernelState) -> tuple[Earlier, ...]:
    """Return the instructions that an author had seen when composing this one, newest first: its conversation.

    At most the last 200 of the log are looked at, so that an instruction costs the same in a long log.
    """
    found: list[Earlier] = []
    for other in islice(reversed(kernel.fold.board.entries.values()), EARLIER_LOOKED_AT):
        if len(found) == EARLIER_MAX:
            break
        if other.id == entry.id or other.body.kind not in RUNNING_KINDS or other.is_live:
            continue
        if not happened_before(other.stamp, entry.stamp):
            continue
        summary = other.plan.summary if other.plan is not None else other.reason
        found.append(
            Earlier(
                other.id, other.actor, other.body.text[:EARLIER_POINTS_MAX], other.state, summary[:EARLIER_POINTS_MAX]
            )
        )
    return tuple(found)


def scope_of(entry: Entry, kernel: KernelState) -> tuple[Scope, ...] | None:
    """Return where an instruction works: where it points, or the whole document where its author has said so since."""
    if not any(exchange.answer == WHOLE for exchange in entry.exchanges):
        return entry.body.scope
    gone = {part.doc for part in gone_of(entry, kernel)}
    return tuple(Scope(part.doc) if part.doc in gone else part for part in entry.body.scope or ())


def gone_of(entry: Entry, kernel: KernelState) -> list[Scope]:
    """Return the ranges that an instruction points at and that hold nothing any more."""
    found = []
    for part in entry.body.scope or ():
        document = kernel.fold.documents.get(part.doc)
        if document is None or document.kind != "text" or part.from_ is None or part.to in (None, part.from_):
            continue
        try:
            start, end = resolve_range(document, TextRange(Anchor.decode(part.from_), Anchor.decode(part.to or "")))
        except CrdtError:
            continue
        if start == end:
            found.append(part)
    return found


def ask_where(kernel: KernelState, turn: Turn, entry: Entry) -> bool:
    """Ask the author of an instruction whose place is gone what to do instead; True when it does not go on now."""
    if any(exchange.answer == NOT_AT_ALL for exchange in entry.exchanges):
        turn.verdict(
            VerdictBody(
                intent=entry.id,
                state="rejected",
                code="empty_scope",
                reason="What it pointed at is gone, and its author does not want it elsewhere.",
                remedy="Select the place again.",
                can=("override",),
            )
        )
        return True
    gone = gone_of(entry, kernel)
    if not gone or any(exchange.answer == WHOLE for exchange in entry.exchanges):
        return False
    kernel.runs.close(turn)
    part = gone[0]
    quote = f" (“{part.quote[:QUOTE_POINTS_SHOWN]}”)" if part.quote else ""
    by = deleter_of(part, kernel)
    question = Question(
        id=question_id(turn.fold.seq + 1),
        group=(entry.id,),
        text=f"What {entry.actor} pointed at in {part.doc}{quote} was deleted{by} before this arrived. What now?",
        options=(Option(WHOLE, f"Do it in the whole of {part.doc}"), Option(NOT_AT_ALL, "Do nothing")),
        deadline=turn.now + kernel.fold.policy.ask_seconds,
        default="",
    )
    turn.append(OracleBody(oracle="question", intent=entry.id, question=question, source=SOURCE), AGENT)
    turn.show(entry)
    turn.ask(question)
    return True


def deleter_of(part: Scope, kernel: KernelState) -> str:
    """Return in words who deleted the beginning of a range, or ""."""
    item = Anchor.decode(part.from_ or "").item
    spans = {item.client: [(item.clock, item.clock + 1)]} if item is not None else {}
    edits = kernel.fold.history.deleters(part.doc, spans, after=0)
    return f" by {', '.join(sorted({edit.actor for edit in edits}))}" if edits else ""


def seconds_left(entry: Entry, kernel: KernelState, now: float) -> float:
    """Return how long a plan is waited for: as the policy says, and not beyond the intent's deadline."""
    bound = kernel.fold.policy.plan_seconds_max
    return bound if entry.body.deadline is None else max(0.001, min(bound, entry.body.deadline - now))
