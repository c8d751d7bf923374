"""Calls of a room whose agent is stopped: whoever waits is cancelled, what was just opened does not leave."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from workspace.errors import CallRefused
from workspace.intents.model.calls import CallClosed, CallOpened
from workspace.intents.model.events import CallEnded, CallOpening, Event, Outcome
from workspace.workers.plan_context import OpenCalls, RoomPlanContext, WorkerContext

OPENED = CallOpened(("i1",), "Ana", "plan", "plan@1", "s", "r", "small", "m", 5, shadow=True)


class Books:
    """A context that opens what it is asked to, once it is told to."""

    ws = "w"
    store: Any = None

    def __init__(self) -> None:
        self.closed: list[CallClosed] = []
        self.is_durable = asyncio.Event()

    def post_event(self, event: Event) -> None:
        assert isinstance(event, CallEnded)
        self.closed.append(event.closed)

    async def submit(self, event: Event) -> Outcome:
        assert isinstance(event, CallOpening)
        await self.is_durable.wait()
        return Outcome(call="k1")

    def context(self) -> WorkerContext:
        return WorkerContext(self.ws, self.store, lambda: 0, self.post_event, self.submit)


async def ask(context: RoomPlanContext) -> None:
    """Ask a model as a gateway does: whatever happens, the call is closed."""
    call = await context.open_call(OPENED, ())
    outcome = "cancelled"
    try:
        await asyncio.Event().wait()
    finally:
        context.close_call(CallClosed(call=call, outcome=outcome))  # type: ignore[arg-type]


async def test_whoever_waits_for_an_answer_is_cancelled_and_its_call_closed_once() -> None:
    books, calls = Books(), OpenCalls()
    books.is_durable.set()
    shadow = asyncio.create_task(ask(RoomPlanContext(books.context(), calls, "i1")))
    await asyncio.sleep(0)
    calls.halt()
    with pytest.raises(asyncio.CancelledError):
        await shadow
    assert [(closed.call, closed.outcome) for closed in books.closed] == [("k1", "cancelled")]
    calls.halt()


async def test_what_was_opened_in_the_moment_of_the_stop_does_not_leave() -> None:
    books, calls = Books(), OpenCalls()
    shadow = asyncio.create_task(ask(RoomPlanContext(books.context(), calls, "i1")))
    await asyncio.sleep(0)
    calls.halt()
    books.is_durable.set()
    with pytest.raises(CallRefused) as refused:
        await shadow
    assert refused.value.refusal.code == "agent_stopped"
    assert [(closed.call, closed.outcome, closed.cost) for closed in books.closed] == [("k1", "cancelled", 0)]
    calls.resume()
    again = asyncio.create_task(ask(RoomPlanContext(books.context(), calls, "i1")))
    await asyncio.sleep(0)
    assert not again.done()
    again.cancel()
