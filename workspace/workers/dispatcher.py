"""What a room has done outside: planners and judges asked, effects sent. Requests begin it, events report its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from workspace.intents.model.requests import (
    AskJudge,
    AskMerger,
    AskPlanner,
    HaltAgent,
    Request,
    ResumeAgent,
    SendEffect,
    StopPlanner,
)
from workspace.ports import EffectSender, Judge, Planner
from workspace.workers.effect_delivery import EffectDelivery
from workspace.workers.judge_calls import JudgeCalls
from workspace.workers.plan_context import OpenCalls, WorkerContext
from workspace.workers.planner_calls import PlannerCalls


class Dispatcher:
    """Everything of one workspace that is under way outside it."""

    __slots__ = ("_calls", "_judging", "_sending", "planning")

    def __init__(
        self,
        context: WorkerContext,
        *,
        planner: Planner | None,
        judge: Judge | None,
        senders: Mapping[str, EffectSender] | None,
    ) -> None:
        self._calls = OpenCalls()
        self.planning = PlannerCalls(planner, context, self._calls)
        self._judging = JudgeCalls(judge, context, self._calls)
        self._sending = EffectDelivery(senders or {}, context)

    def start(self, request: Request) -> None:
        """Begin what is requested, or end it."""
        match request:
            case AskPlanner():
                self.planning.start(request)
            case StopPlanner():
                self.planning.stop(request.intent)
            case AskJudge() | AskMerger():
                self._judging.start(request)
            case SendEffect():
                self._sending.start(request)
            case HaltAgent():
                self._judging.stop()
                self._calls.halt()
                self._sending.hold()
            case ResumeAgent():
                self._calls.resume()
                self._sending.resume()
            case _:
                assert_never(request)

    async def close(self) -> None:
        """End all of it; what is not settled is begun again when the workspace opens."""
        for part in (self.planning, self._judging, self._sending):
            await part.close()
