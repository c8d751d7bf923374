"""One contract for every context of a planner: a call is closed under its name, and showing never fails."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.model.shadow import ShadowPlanContext
from tests.support.plan_context import FakePlanContext
from workspace.intents.model.calls import Blob, CallClosed, CallOpened
from workspace.intents.model.events import Event, Outcome
from workspace.intents.model.plan import Draft
from workspace.ports import PlanContext
from workspace.store.memory import MemoryStore
from workspace.workers.plan_context import OpenCalls, RoomPlanContext, WorkerContext

OPENED = CallOpened(("i1",), "Ana", "plan", "plan@1", "s", "r", "small", "m", 5)
KEPT = b"what a model said"


@asynccontextmanager
async def context_of(kind: str) -> AsyncIterator[PlanContext]:
    fake = FakePlanContext()
    if kind == "shadow":
        yield ShadowPlanContext(fake)
    elif kind == "room":
        events: list[Event] = []

        async def submit(event: Event) -> Outcome:
            events.append(event)
            return Outcome(call="k1")

        yield RoomPlanContext(WorkerContext("w", MemoryStore(), lambda: 0, events.append, submit), OpenCalls(), "i1")
    else:
        yield fake


KINDS = pytest.mark.parametrize("kind", ["fake", "shadow", "room"])


@KINDS
async def test_a_call_has_a_name_and_is_closed_under_it(kind: str) -> None:
    async with context_of(kind) as context:
        blob = Blob(hashlib.sha256(KEPT).hexdigest(), KEPT)
        call = await context.open_call(OPENED, [blob])
        assert call
        context.close_call(CallClosed(call=call, outcome="ok"))


@KINDS
async def test_what_is_shown_and_said_never_waits_and_never_fails(kind: str) -> None:
    async with context_of(kind) as context:
        context.show(Draft("plan", "words"))
        context.step("looks at the plan")
        context.deny(tool="insert", arguments="{}", code="forbidden", reason="no", model="m")
