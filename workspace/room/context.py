"""What the parts of a room need of the room itself: its sequencer, its store, its gate."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Protocol

from workspace.intents.model.events import Acked, Event, Nacked, Outcome
from workspace.intents.sequencer import Sequencer
from workspace.ports import Clock, Store
from workspace.room.peer import Peer
from workspace.settings import Settings
from workspace.telemetry import Metrics


class WaitingRequests(Protocol):
    """Those who wait over HTTP: see `workspace.room.waiters`."""

    def answered(self, notice: Acked | Nacked) -> None:
        """Hand an ack or nack to the request that waits for it."""

    def durable(self, seq: int) -> None:
        """Wake those who waited for records up to `seq`."""


class RoomContext(Protocol):
    """What the hub needs of its room."""

    ws: str
    sequencer: Sequencer
    store: Store
    clock: Clock
    settings: Settings
    metrics: Metrics
    durable_seq: int
    is_open: bool
    idle_since: float

    @property
    def planner_name(self) -> str | None:
        """The planner's name and version, None without one."""

    @property
    def waiters(self) -> WaitingRequests:
        """Those who wait over HTTP."""

    def handle(self, event: Event, by: Peer | None = None) -> Outcome:
        """Put an event through the sequencer."""

    def after_durable(self, job: Callable[[], object]) -> None:
        """Do something once everything before it is durable."""

    async def post(self, job: Callable[[], object]) -> None:
        """Queue work for the room's loop; waits while the inbox is full. Raises where the room has stopped."""

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run something beside the loop."""
