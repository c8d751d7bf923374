"""Planner calls on behalf of a room: started by requests, bounded in time, cancelled at once, answered as events."""

from __future__ import annotations

import asyncio

from workspace.errors import CallRefused, PlannerFault, RoomClosed
from workspace.history.log_reads import LogReads
from workspace.intents.model.events import PlanFailed, Proposed
from workspace.intents.model.plan import PlanRefused, Proposal, Task
from workspace.intents.model.requests import AskPlanner
from workspace.ports import Planner
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER
from workspace.workers.plan_context import OpenCalls, RoomPlanContext, WorkerContext
from workspace.workers.undo_planner import UndoPlanner


class PlannerCalls:
    """The planner calls under way in one workspace; at most one per intent. Their ends are reported to the room."""

    __slots__ = ("_calls", "_context", "_open", "_planner", "_report", "_tasks", "_undoing")

    def __init__(self, planner: Planner | None, context: WorkerContext, calls: OpenCalls) -> None:
        self._planner = planner
        self._open = calls
        self._context = context
        self._report = context.post_event
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._undoing = UndoPlanner(context.reads or LogReads(context.store), context.ws)
        self._tasks = Tasks()

    @property
    def name(self) -> str | None:
        """The planner's name and version, None without one."""
        return self._planner.name if self._planner is not None else None

    def start(self, request: AskPlanner) -> None:
        """Begin a call; an older one for the same intent is cancelled."""
        self.stop(request.task.intent)
        assert request.task.intent not in self._calls, "one call for an intent"
        call = self._tasks.start(self._call(request), name=f"plan {request.task.intent}")
        self._calls[request.task.intent] = call
        call.add_done_callback(lambda done: self._forget(request.task.intent, done))

    def stop(self, intent: str) -> None:
        """Cancel the call for an intent, if any."""
        call = self._calls.pop(intent, None)
        if call is not None:
            call.cancel()

    async def close(self) -> None:
        """Cancel every call and wait until they are gone."""
        await self._tasks.close()

    def _forget(self, intent: str, call: asyncio.Task[None]) -> None:
        if self._calls.get(intent) is call:
            del self._calls[intent]

    async def _proposal(self, planner: Planner, task: Task) -> Proposal:
        if task.undo:
            return await self._undoing.plan(task)
        return await planner.plan(task, RoomPlanContext(self._context, self._open, task.intent, task.attempt))

    async def _call(self, request: AskPlanner) -> None:
        task = request.task
        assert request.seconds_max > 0, "a planner has some time"
        if self._planner is None:
            self._fail(request, "no planner is connected to this server")
            return
        try:
            async with asyncio.timeout(request.seconds_max):
                proposal = await self._proposal(self._planner, task)
        except TimeoutError:
            self._fail(request, f"no plan within {request.seconds_max:g} seconds")
        except CallRefused as refused:
            what = refused.refusal
            self._answer(request, PlanRefused(what.code, what.reason, what.remedy))
        except (PlannerFault, RoomClosed) as fault:
            self._fail(request, fault.reason)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as bug:  # noqa: BLE001  a task root: a bug, or a native panic, must not leave an intent hanging
            LOGGER.exception("planner failed on %s", task.intent)
            self._fail(request, f"the planner broke: {type(bug).__name__}")
        else:
            self._answer(request, proposal)

    def _answer(self, request: AskPlanner, proposal: Proposal) -> None:
        self._report(Proposed(request.task.intent, request.task.attempt, proposal, request.ask))

    def _fail(self, request: AskPlanner, reason: str) -> None:
        self._report(PlanFailed(request.task.intent, request.task.attempt, reason, request.ask))
