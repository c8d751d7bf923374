"""One call for an intent, bounded in time; the room is told how it ended, unless it has ended it itself."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.until import until
from tests.workspace.intents.driver import Driver
from workspace.errors import CallRefused, PlannerFault, Refusal
from workspace.intents.model.events import Event, PlanFailed, Proposed
from workspace.intents.model.plan import Planned, PlanRefused, Task
from workspace.intents.model.requests import AskPlanner
from workspace.workers.plan_context import OpenCalls, WorkerContext
from workspace.workers.planner_calls import PlannerCalls


class Panic(BaseException):
    """What a native library raises."""


class Planner:
    """Plans, fails, breaks or hangs, as told."""

    name = "planner@1"

    def __init__(self, error: BaseException | None = None, *, hangs: bool = False) -> None:
        self.error, self.hangs = error, hangs
        self.asked: list[Task] = []
        self.cancelled = 0

    async def plan(self, task: Task, desk: object) -> Planned:
        self.asked.append(task)
        try:
            if self.hangs:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return Planned((), summary="nothing")

    async def open(self) -> None: ...

    async def close(self) -> None: ...


def asking(seconds: float = 10.0) -> AskPlanner:
    driver = Driver()
    return AskPlanner(driver.tasks[driver.ask("Ana")], seconds, ask=3)


def calls(planner: Planner | None) -> tuple[PlannerCalls, list[Event]]:
    told = list[Event]()
    context = WorkerContext("w", None, lambda: 0, told.append, None)  # type: ignore[arg-type]
    return PlannerCalls(planner, context, OpenCalls()), told  # type: ignore[arg-type]


async def test_a_plan_is_reported_for_the_attempt_it_was_asked_for() -> None:
    planner, request = Planner(), asking()
    called, told = calls(planner)
    called.start(request)
    await until(lambda: told and not called._calls)
    assert told == [Proposed(request.task.intent, request.task.attempt, Planned((), summary="nothing"), 3)]


@pytest.mark.parametrize("error", [PlannerFault("the model is away"), KeyError("a bug"), Panic("native")])
async def test_a_planner_that_fails_or_breaks_leaves_no_intent_hanging(error: BaseException) -> None:
    called, told = calls(Planner(error))
    called.start(asking())
    await until(lambda: told)
    (failed,) = told
    assert isinstance(failed, PlanFailed)
    assert failed.reason


async def test_a_call_that_may_not_be_made_is_a_refusal_with_its_remedy() -> None:
    called, told = calls(Planner(CallRefused(Refusal("over_budget", "the budget is spent", "Wait."))))
    called.start(asking())
    await until(lambda: told)
    (refused,) = told
    assert isinstance(refused, Proposed)
    assert refused.proposal == PlanRefused("over_budget", "the budget is spent", "Wait.")


async def test_without_a_planner_and_without_time_it_fails_at_once() -> None:
    for planner, seconds, why in ((None, 10.0, "no planner"), (Planner(hangs=True), 0.001, "no plan within")):
        called, told = calls(planner)
        called.start(asking(seconds))
        await until(lambda told=told: told)
        assert isinstance(told[0], PlanFailed)
        assert why in told[0].reason
        assert called.name == (planner.name if planner else None)


async def test_a_second_call_for_an_intent_ends_the_first_and_a_stopped_one_says_nothing() -> None:
    planner, request = Planner(hangs=True), asking()
    called, told = calls(planner)
    called.start(request)
    await until(lambda: len(planner.asked) == 1)
    called.start(request)
    await until(lambda: len(planner.asked) == 2)
    assert planner.cancelled == 1
    assert len(called._calls) == 1
    called.stop(request.task.intent)
    called.stop("unknown")
    await until(lambda: planner.cancelled == 2)
    called.start(request)
    await until(lambda: len(planner.asked) == 3)
    await called.close()
    assert (planner.cancelled, told) == (3, [])
