"""What the parts of a room stand on. The room makes it once and hands it down: no part holds the room itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from workspace.intents.model.events import Event, Outcome
from workspace.intents.sequencer import Sequencer
from workspace.ports import Clock, Store
from workspace.room.mailbox import Mailbox
from workspace.room.output_gate import OutputGate
from workspace.room.peer import Peer
from workspace.settings import Settings
from workspace.tasks import Tasks
from workspace.telemetry import Metrics


class Handle(Protocol):
    """Puts an event through the sequencer, inside a turn of the room. `by` is the socket it came from.

    Raises:
        TurnFailed: the sequencer raised; the room stops.
        EventRefused: the same event made the room stop once.
    """

    def __call__(self, event: Event, by: Peer | None = None) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class RoomContext:
    """The shared ground of one room's parts: its state, what lies below it, and the one way to change it."""

    ws: str
    sequencer: Sequencer
    store: Store
    clock: Clock
    settings: Settings
    metrics: Metrics
    gate: OutputGate
    mailbox: Mailbox
    tasks: Tasks
    handle: Handle
    # Told of what was raised beside the writer.
    caught: Callable[[BaseException], None]
