"""The desk at which a planner works: everything it may do with its room, for one task, while somebody waits.

Reservations wait until they are on disk; everything else is reported and goes on. A desk whose task was cancelled
takes nothing more but the ends of calls, which must be accounted for whatever happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from workspace.errors import CallRefused
from workspace.intents.calls import Blob, CallClosed, CallOpened, Compared
from workspace.intents.events import (
    CallEnded,
    CallOpening,
    Drafted,
    Event,
    Outcome,
    ShadowCompared,
    Stepped,
    ToolDenied,
)
from workspace.intents.plan import Draft
from workspace.ports import Store


class Office(Protocol):
    """What a desk needs of its room."""

    ws: str
    store: Store

    def report(self, event: Event) -> None:
        """Take an event; never blocks."""

    async def submit(self, event: Event) -> Outcome:
        """Put an event through the sequencer; returns when what it led to is durable."""


class RoomDesk:
    """`workspace.ports.Desk` for one task."""

    def __init__(self, office: Office, intent: str, attempt: int = 0) -> None:
        self._office = office
        self._intent = intent
        self._attempt = attempt

    def show(self, draft: Draft) -> None:
        """Show what is being written."""
        self._office.report(Drafted(self._intent, self._attempt, draft))

    def step(self, words: str) -> None:
        """Say in plain words what is being done."""
        self._office.report(Stepped(self._intent, self._attempt, words))

    def deny(self, *, tool: str, arguments: str, code: str, reason: str, model: str) -> None:
        """Log that code refused a tool call of a model."""
        self._office.report(ToolDenied(self._intent, tool, arguments, code, reason, model))

    async def open_call(self, opened: CallOpened, blobs: Sequence[Blob]) -> str:
        """Reserve a model call. Raises `CallRefused`, `RoomClosed`."""
        outcome = await self._office.submit(CallOpening(opened, tuple(blobs)))
        if outcome.refused is not None:
            raise CallRefused(outcome.refused)
        return outcome.call

    def close_call(self, closed: CallClosed, blobs: Sequence[Blob] = ()) -> None:
        """Log what came of a call."""
        self._office.report(CallEnded(closed, tuple(blobs)))

    def compare(self, compared: Compared) -> None:
        """Log how a shadow plan compares with the one that served."""
        self._office.report(ShadowCompared(self._intent, compared))

    async def archived(self, sha: str) -> bytes | None:
        """Return what the archive keeps under a SHA-256."""
        return await self._office.store.blob(self._office.ws, sha)
