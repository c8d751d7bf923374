"""What a room has done outside: planners and judges asked, effects sent. Wishes begin it, events report its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from workspace.intents.model.requests import (
    AskJudge,
    AskMerger,
    AskPlanner,
    HaltAgent,
    ResumeAgent,
    SendEffect,
    StopPlanner,
    Wish,
)
from workspace.ports import Courier, Judge, Planner
from workspace.workers.effect_delivery import Sending
from workspace.workers.judge_calls import JudgeCalls
from workspace.workers.plan_context import Office, OpenCalls
from workspace.workers.planner_calls import PlannerCalls


class Errands:
    """Everything of one workspace that is under way outside it."""

    def __init__(
        self, office: Office, *, planner: Planner | None, judge: Judge | None, couriers: Mapping[str, Courier] | None
    ) -> None:
        self._calls = OpenCalls()
        self.planning = PlannerCalls(planner, office, self._calls)
        self._judging = JudgeCalls(judge, office, self._calls)
        self._sending = Sending(couriers or {}, office)

    def start(self, wish: Wish) -> None:
        """Begin what is wished for, or end it."""
        match wish:
            case AskPlanner():
                self.planning.start(wish)
            case StopPlanner():
                self.planning.stop(wish.intent)
            case AskJudge() | AskMerger():
                self._judging.start(wish)
            case SendEffect():
                self._sending.start(wish)
            case HaltAgent():
                self._judging.stop()
                self._calls.halt()
                self._sending.hold()
            case ResumeAgent():
                self._calls.resume()
                self._sending.resume()
            case _:
                assert_never(wish)

    async def close(self) -> None:
        """End all of it; what is not settled is begun again when the workspace opens."""
        for part in (self.planning, self._judging, self._sending):
            await part.close()
