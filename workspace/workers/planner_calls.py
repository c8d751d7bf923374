"""Planner calls on behalf of a room: started by wishes, bounded in time, cancelled at once, answered as events."""

from __future__ import annotations

import asyncio

from workspace.errors import CallRefused, PlannerFault, RoomClosed
from workspace.intents.model.events import PlanFailed, Proposed
from workspace.intents.model.plan import Proposal, Refused, Task
from workspace.intents.model.requests import AskPlanner
from workspace.ports import Planner
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER
from workspace.workers.plan_context import Office, OpenCalls, RoomDesk
from workspace.workers.undo_planner import plan_undo


class PlannerCalls:
    """The planner calls under way in one workspace; at most one per intent. Their ends are reported to the room."""

    def __init__(self, planner: Planner | None, office: Office, calls: OpenCalls) -> None:
        self._planner = planner
        self._open = calls
        self._office = office
        self._report = office.report
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._tasks = Tasks()

    @property
    def name(self) -> str | None:
        """The planner's name and version, None without one."""
        return self._planner.name if self._planner is not None else None

    def start(self, wish: AskPlanner) -> None:
        """Begin a call; an older one for the same intent is cancelled."""
        self.stop(wish.task.intent)
        call = self._tasks.start(self._call(wish), name=f"plan {wish.task.intent}")
        self._calls[wish.task.intent] = call
        call.add_done_callback(lambda done: self._forget(wish.task.intent, done))

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
            return await plan_undo(self._office.store, self._office.ws, task)
        return await planner.plan(task, RoomDesk(self._office, self._open, task.intent, task.attempt))

    async def _call(self, wish: AskPlanner) -> None:
        task = wish.task
        if self._planner is None:
            self._fail(wish, "no planner is connected to this server")
            return
        try:
            async with asyncio.timeout(wish.seconds_max):
                proposal = await self._proposal(self._planner, task)
        except TimeoutError:
            self._fail(wish, f"no plan within {wish.seconds_max:g} seconds")
        except CallRefused as refused:
            what = refused.refusal
            self._answer(wish, Refused(what.code, what.reason, what.remedy))
        except (PlannerFault, RoomClosed) as fault:
            self._fail(wish, fault.reason)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as bug:  # noqa: BLE001  a task root: a bug, or a native panic, must not leave an intent hanging
            LOGGER.exception("planner failed on %s", task.intent)
            self._fail(wish, f"the planner broke: {type(bug).__name__}")
        else:
            self._answer(wish, proposal)

    def _answer(self, wish: AskPlanner, proposal: Proposal) -> None:
        self._report(Proposed(wish.task.intent, wish.task.attempt, proposal, wish.ask))

    def _fail(self, wish: AskPlanner, reason: str) -> None:
        self._report(PlanFailed(wish.task.intent, wish.task.attempt, reason, wish.ask))
