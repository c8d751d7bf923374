"""Calls to the judge and the merger on behalf of a room: bounded in time, answered whatever happens."""

from __future__ import annotations

import asyncio

from workspace.errors import CallRefused, PlannerFault, RoomClosed
from workspace.intents.model.events import Judged, MergeProposed
from workspace.intents.model.oracle import Merged
from workspace.intents.model.requests import AskJudge, AskMerger
from workspace.ports import Judge
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER
from workspace.workers.plan_context import OpenCalls, RoomPlanContext, WorkerContext, is_stopped

SECONDS_MAX = 30.0


class JudgeCalls:
    """The judge's and merger's calls under way in one workspace."""

    __slots__ = ("_context", "_judge", "_open", "_tasks")

    def __init__(self, judge: Judge | None, context: WorkerContext, calls: OpenCalls) -> None:
        self._judge = judge
        self._open = calls
        self._context = context
        self._tasks = Tasks()

    def start(self, request: AskJudge | AskMerger) -> None:
        """Begin a call; what comes of it, or that it failed, is reported to the room."""
        work = self._compare(request) if isinstance(request, AskJudge) else self._merge(request)
        self._tasks.start(work, name=f"judge for {self._context.ws}")

    def stop(self) -> None:
        """Cancel every call: what comes of it is not wanted, and is asked again when the agent goes on."""
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Cancel every call and wait until they are gone."""
        await self._tasks.close()

    async def _compare(self, request: AskJudge) -> None:
        name = self._judge.name if self._judge is not None else ""
        try:
            assert request.task.pairs, "a judge is asked about something"
            judge = self._connected()
            plan_context = RoomPlanContext(self._context, self._open, request.task.pairs[0][0])
            async with asyncio.timeout(SECONDS_MAX):
                found = await judge.judge(request.task, plan_context)
            self._context.post_event(Judged(request.task, found, name))
        except (TimeoutError, PlannerFault, CallRefused, RoomClosed) as fault:
            if is_stopped(fault):
                return
            self._context.post_event(Judged(request.task, (), name, f"the judge failed: {fault}"))
        except Exception as bug:  # noqa: BLE001  a task root: a bug of a judge means that the people are asked
            LOGGER.exception("the judge broke")
            self._context.post_event(Judged(request.task, (), name, f"the judge broke: {type(bug).__name__}"))

    async def _merge(self, request: AskMerger) -> None:
        group = tuple(item.intent for item in request.task.items)
        assert group, "a merger is asked about somebody's wishes"
        try:
            judge = self._connected()
            async with asyncio.timeout(SECONDS_MAX):
                merged = await judge.merge(request.task, RoomPlanContext(self._context, self._open, group[0]))
            self._context.post_event(MergeProposed(merged))
        except (TimeoutError, PlannerFault, CallRefused, RoomClosed) as fault:
            if is_stopped(fault):
                return
            self._context.post_event(MergeProposed(Merged(group, "", reason=f"the merger failed: {fault}")))
        except Exception as bug:  # noqa: BLE001  a task root: a bug of a merger passes to the next policy
            LOGGER.exception("the merger broke")
            self._context.post_event(MergeProposed(Merged(group, "", reason=f"the merger broke: {type(bug).__name__}")))

    def _connected(self) -> Judge:
        if self._judge is None:
            raise PlannerFault("no judge is connected to this server")
        return self._judge
