"""The context in which a planner works: everything it may do with its room, for one task, while its author waits.

Reservations wait until they are on disk; everything else is reported and goes on. The context of a cancelled task
takes nothing more but the ends of calls, which must be accounted for whatever happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from workspace.errors import CallRefused, Refusal
from workspace.history.log_reads import LogReads
from workspace.intents.model.calls import Blob, CallClosed, CallOpened, Compared
from workspace.intents.model.effects import Outgoing
from workspace.intents.model.events import (
    CallEnded,
    CallOpening,
    Drafted,
    Event,
    Outcome,
    ShadowCompared,
    Stepped,
    ToolDenied,
)
from workspace.intents.model.plan import Draft
from workspace.intents.model.stop import STOPPED
from workspace.ports import Store

Reads = LogReads


async def refuse_nobody(_: Outgoing) -> str:
    """Refuse to send nothing: where nobody's rights end, and receivers stay."""
    return ""


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What workers are given of the room they work for: where to read, and two ways to report."""

    ws: str
    store: Store
    # The last record that is on disk.
    durable_seq: Callable[[], int]
    # Takes an event; never blocks.
    post_event: Callable[[Event], None]
    # Puts an event through the sequencer; returns when what it led to is durable.
    submit: Callable[[Event], Awaitable[Outcome]]
    # Why an effect may not leave now, "" where it may; asked before each attempt. Raises `StoreFault`.
    refuse_sending: Callable[[Outgoing], Awaitable[str]] = refuse_nobody
    # Whose turn it is on this server to read a whole log.
    reads: LogReads | None = None


class OpenCalls:
    """The model calls of one workspace that are under way, each with the task that waits for its answer.

    Whoever has asked, a shadow beside the user's path too, is cancelled when the agent is stopped.
    """

    __slots__ = ("_is_halted", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Task[object] | None] = {}
        self._is_halted = False

    def halt(self) -> None:
        """Cancel whoever waits; a call that was opened in the same moment does not leave."""
        self._is_halted = True
        for task in list(self._waiting.values()):
            if task is not None:
                task.cancel()

    def resume(self) -> None:
        """Let calls leave again."""
        self._is_halted = False

    def begin(self, call: str) -> bool:
        """Note that the running task asks; False when it may not any more."""
        assert call not in self._waiting, "a call leaves once"
        if not self._is_halted:
            self._waiting[call] = asyncio.current_task()
        return not self._is_halted

    def end(self, call: str) -> None:
        """Note that a call is over."""
        self._waiting.pop(call, None)


def is_stopped(fault: BaseException) -> bool:
    """Tell whether something failed because the agent was stopped: then nobody waits for an answer."""
    return isinstance(fault, CallRefused) and fault.refusal.code == STOPPED


class RoomPlanContext:
    """`workspace.ports.PlanContext` for one task."""

    def __init__(self, context: WorkerContext, calls: OpenCalls, intent: str, attempt: int = 0) -> None:
        self._context = context
        self._calls = calls
        self._intent = intent
        self._attempt = attempt

    def show(self, draft: Draft) -> None:
        """Show what is being written."""
        self._context.post_event(Drafted(self._intent, self._attempt, draft))

    def step(self, words: str) -> None:
        """Say in plain words what is being done."""
        self._context.post_event(Stepped(self._intent, self._attempt, words))

    def deny(self, *, tool: str, arguments: str, code: str, reason: str, model: str) -> None:
        """Log that code refused a tool call of a model."""
        self._context.post_event(ToolDenied(self._intent, tool, arguments, code, reason, model))

    async def open_call(self, opened: CallOpened, blobs: Sequence[Blob]) -> str:
        """Reserve a model call. Raises `CallRefused`, `RoomClosed`."""
        outcome = await self._context.submit(CallOpening(opened, tuple(blobs)))
        if outcome.refused is not None:
            raise CallRefused(outcome.refused)
        assert outcome.call, "what is not refused has a name"
        if not self._calls.begin(outcome.call):
            self.close_call(CallClosed(call=outcome.call, outcome="cancelled"))
            raise CallRefused(Refusal(STOPPED, "The agent was stopped before this was asked.", ""))
        return outcome.call

    def close_call(self, closed: CallClosed, blobs: Sequence[Blob] = ()) -> None:
        """Log what came of a call."""
        self._calls.end(closed.call)
        self._context.post_event(CallEnded(closed, tuple(blobs)))

    def compare(self, compared: Compared) -> None:
        """Log how a shadow plan compares with the one that served."""
        self._context.post_event(ShadowCompared(self._intent, compared))

    async def archived(self, sha: str) -> bytes | None:
        """Return what the archive keeps under a SHA-256."""
        return await self._context.store.blob(self._context.ws, sha)
