"""Calls to models pass here before they leave and when they are back: reserved against the budgets, then settled.

A call is refused before it is made, so people overspend a budget by at most the error of one reservation. What a crash
cut off is closed at its full reservation: nobody knows whether the provider billed it, and the account may not be low.
"""

from __future__ import annotations

import msgspec

from workspace.errors import Refusal
from workspace.intents.model.bodies import OracleBody
from workspace.intents.model.calls import Budget, CallClosed, Purposes
from workspace.intents.model.events import CallEnded, CallOpening, ShadowCompared, Stepped, ToolDenied
from workspace.intents.model.ids import call_id
from workspace.intents.model.plan import is_expressible, whole
from workspace.intents.model.stop import STOPPED
from workspace.intents.model.times import day_of
from workspace.intents.rules.shares import refuse_call
from workspace.intents.steps.failures import failure
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.planning import awaited
from workspace.intents.steps.turn import AGENT, Turn

CALLS_OPEN_MAX = 256
STEP_POINTS_MAX = 300
STEPS_KEPT = 4
DETAIL_POINTS_MAX = 500
BUDGETS = {
    "workspace_day": "This workspace's budget for today",
    "author_day": "{author}'s budget for today",
    "intent": "The budget of one instruction",
}


def over_budget(kernel: KernelState, now: float, *, author: str, intent: str = "") -> Refusal | None:
    """Return why a call may not be made: a budget that applies is used up, reservations included."""
    budget: Budget = kernel.fold.budget
    left, name = kernel.fold.usage.left(budget, day=day_of(now), author=author, intent=intent)
    if left > 0 or not name:
        return None
    remedy = "Ask again tomorrow, or ask the owner to raise it." if name != "intent" else "Ask for less at once."
    whose = BUDGETS[name].format(author=author)
    return Refusal("over_budget", f"{whose} is used up ({getattr(budget, name):g} US dollars).", remedy)


def open_call(kernel: KernelState, turn: Turn, event: CallOpening) -> None:
    """Log a reservation, or refuse the call; the answer is the outcome's `call` or `refused`."""
    opened, usage = event.opened, kernel.fold.usage
    intent = opened.intents[0]
    is_wanted = (
        opened.shadow or opened.purpose in (Purposes.JUDGE, Purposes.MERGE) or awaited(kernel, intent, opened.attempt)
    )
    if kernel.fold.stops.is_on:
        turn.refused = Refusal(STOPPED, kernel.fold.stops.words, "It is asked again when the agent goes on.")
    elif not is_wanted:
        turn.refused = Refusal("cancelled", "Nobody waits for this answer any more.")
    elif len(usage.opened) >= CALLS_OPEN_MAX:
        turn.refused = Refusal(
            "rate_limited", f"{CALLS_OPEN_MAX} model calls are under way here.", "Try again shortly."
        )
    else:
        turn.refused = None if opened.shadow else refuse_call(usage, kernel.bounds, intent)
        turn.refused = turn.refused or over_budget(kernel, turn.now, author=opened.author, intent=intent)
    if turn.refused is not None:
        return
    kernel.runs.close(turn)
    assert opened.intents, "a call is made for somebody"
    record = turn.append(OracleBody(oracle="call_opened", intent=intent, opened=opened), AGENT)
    turn.blobs += event.blobs
    turn.call = call_id(record.seq)
    assert turn.call in usage.opened, "a call that may be made is reserved"


def close_call(kernel: KernelState, turn: Turn, event: CallEnded) -> None:
    """Log what came of a call; a call that is not open (closed at a restart) is not counted twice."""
    if event.closed.call not in kernel.fold.usage.opened:
        return
    kernel.runs.close(turn)
    _, opened = kernel.fold.usage.opened[event.closed.call]
    closed = event.closed
    if not is_expressible(closed):
        closed = msgspec.structs.replace(closed, detail=whole(closed.detail), stop_reason=whole(closed.stop_reason))
    turn.append(OracleBody(oracle="call_closed", intent=opened.intents[0], closed=closed), AGENT)
    assert closed.call not in kernel.fold.usage.opened, "a reservation gives way to what was paid"
    turn.blobs += event.blobs


def close_lost(kernel: KernelState, turn: Turn, *, is_crash: bool) -> None:
    """After a restart: close what a crash cut off, at what was reserved for it.

    Where the server died instead of closing in good order, each intent with such a call has had a try.
    """
    tried = dict.fromkeys(opened.intents[0] for _, opened in kernel.fold.usage.opened.values() if not opened.shadow)
    for call, (_, opened) in list(kernel.fold.usage.opened.items()):
        # Decision 17: nobody knows whether it was billed; the account may be too high by this, never too low.
        closed = CallClosed(
            call=call,
            outcome="lost",
            cost=opened.reserve,
            priced_by="reserved",
            detail="The server stopped before the answer was recorded.",
        )
        turn.append(OracleBody(oracle="call_closed", intent=opened.intents[0], closed=closed), AGENT)
    assert not kernel.fold.usage.opened, "nothing waits for an answer that will not come"
    for intent in tried if is_crash else ():
        if intent in kernel.fold.board.live:
            turn.append(failure(intent, "lost", "The server died while a model worked on it."), AGENT)


def deny(kernel: KernelState, turn: Turn, event: ToolDenied) -> None:
    """Log that code refused what a model tried."""
    if event.intent not in kernel.fold.board.entries:
        return
    kernel.runs.close(turn)
    body = OracleBody(
        oracle="tool_refused",
        intent=event.intent,
        code=event.code,
        reason=whole(event.reason)[:DETAIL_POINTS_MAX],
        tool=whole(event.tool)[:64],
        arguments=whole(event.arguments)[:DETAIL_POINTS_MAX],
        source=event.model[:64],
    )
    turn.append(body, AGENT)


def compare(kernel: KernelState, turn: Turn, event: ShadowCompared) -> None:
    """Log how a candidate model's plan compares with the one that served."""
    if event.intent in kernel.fold.board.entries:
        kernel.runs.close(turn)
        turn.append(OracleBody(oracle="shadow_compared", intent=event.intent, compared=event.compared), AGENT)


def step(kernel: KernelState, turn: Turn, event: Stepped) -> None:
    """Show, in plain words, what the planner does now; not part of the log."""
    entry = awaited(kernel, event.intent, event.attempt)
    words = whole(event.words)[:STEP_POINTS_MAX]
    if entry is not None and words != kernel.lives.of(entry).reason:
        work = kernel.progress_of(entry)
        work.steps = (*work.steps, words)[-STEPS_KEPT:] if words else ()
        turn.state(entry, "planning", reason=words)
