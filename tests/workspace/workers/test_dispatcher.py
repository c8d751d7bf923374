"""Each request goes to the worker whose it is; a stop holds all of them, and what was held goes on."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.until import until
from tests.workspace.workers.test_judge_calls import COMPARE, Judge
from tests.workspace.workers.test_planner_calls import Planner, asking
from workspace.intents.model.effects import Effect, Outgoing, Receiver
from workspace.intents.model.events import EffectSettled, Event
from workspace.intents.model.requests import HaltAgent, ResumeAgent, SendEffect, StopPlanner
from workspace.ports import Delivery
from workspace.workers.dispatcher import Dispatcher
from workspace.workers.plan_context import WorkerContext

SEND = SendEffect(
    Outgoing(
        "c1", "sha256:0", Effect(0, "r", "reversible", {}), Receiver("webhook", "https://x", "reversible", keys=True), 3
    )
)


class Sender:
    """Keeps what it delivered."""

    def __init__(self) -> None:
        self.letters: list[Delivery] = []

    async def deliver(self, letter: Delivery) -> str:
        self.letters.append(letter)
        return "204"


@pytest.fixture
def told() -> list[Event]:
    return []


def dispatcher(told: list[Event], planner: Planner, judge: Judge, sender: Sender) -> Dispatcher:
    context = WorkerContext("w", None, lambda: 7, told.append, None)  # type: ignore[arg-type]
    return Dispatcher(context, planner=planner, judge=judge, senders={"webhook": sender})  # type: ignore[arg-type]


async def test_every_request_reaches_its_worker(told: list[Event]) -> None:
    planner, judge, sender = Planner(), Judge(), Sender()
    started = dispatcher(told, planner, judge, sender)
    for request in (asking(), COMPARE, SEND):
        started.start(request)
    await until(lambda: len(told) == 3)
    assert (len(planner.asked), judge.is_asked.is_set(), len(sender.letters)) == (1, True, 1)
    await started.close()


async def test_a_stop_ends_the_judge_and_holds_effects_until_the_agent_goes_on(told: list[Event]) -> None:
    judge, sender = Judge(), Sender()
    judge.hangs = True
    started = dispatcher(told, Planner(), judge, sender)
    started.start(COMPARE)
    await judge.is_asked.wait()
    started.start(HaltAgent())
    started.start(SEND)
    for _ in range(20):
        await asyncio.sleep(0)
    assert (sender.letters, told) == ([], [])
    started.start(ResumeAgent())
    await until(lambda: told)
    (settled,) = told
    assert isinstance(settled, EffectSettled)
    assert (settled.status, settled.begun) == ("sent", 7)
    await started.close()


async def test_a_plan_that_is_not_wanted_any_more_is_not_reported(told: list[Event]) -> None:
    planner, request = Planner(hangs=True), asking()
    started = dispatcher(told, planner, Judge(), Sender())
    started.start(request)
    await until(lambda: planner.asked)
    started.start(StopPlanner(request.task.intent))
    await until(lambda: planner.cancelled)
    await started.close()
    assert told == []
