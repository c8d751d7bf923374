"""What the turns of a room since its last flush have led to: what must become durable, and what waits for that."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from workspace.errors import Deposed, WorkspaceFault
from workspace.intents.model.calls import Blob
from workspace.intents.model.record import Record
from workspace.ports import Batch, JournalRow, SnapshotRow
from workspace.telemetry import LOGGER

Job = Callable[[], object]
Releases = deque[tuple["asyncio.Future[None] | None", list[Job]]]
# An idle room keeps no queue of its own: 700 bytes each.
NOTHING: Releases = deque(maxlen=0)
RELEASES_MAX = 1_000


class Gated(Protocol):
    """What the gate needs of its room."""

    ws: str

    def beside(self, bug: BaseException) -> None:
        """Take what was raised beside the writer."""

    def stop(self, reason: str, *, is_counted: bool = True) -> None:
        """Stop at once."""

    def released(self, *, was_full: bool) -> None:
        """Go on after something was let out."""


class OutputGate:
    """What was said and wished for, in order, until what comes before it is on disk."""

    __slots__ = ("_releases", "_room")

    def __init__(self, room: Gated) -> None:
        self._room = room
        self._releases: Releases = NOTHING

    @property
    def is_full(self) -> bool:
        """Tell whether so much waits for the disk that the room must wait, too."""
        return len(self._releases) >= RELEASES_MAX

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing waits."""
        return not self._releases

    def wait(self, written: asyncio.Future[None] | None, jobs: list[Job]) -> None:
        """Let `jobs` out behind what waits and, where there is one, behind a batch; at once where nothing is."""
        if written is not None:
            if self._releases is NOTHING:
                self._releases = deque()
            self._releases.append((written, jobs))
            written.add_done_callback(self._release)
        elif self._releases and jobs:
            self._releases.append((None, jobs))
        else:
            self._carry_out(jobs)

    def drop(self) -> None:
        """Let out nothing more."""
        self._releases = NOTHING

    def _carry_out(self, jobs: list[Job]) -> None:
        for job in jobs:
            try:
                job()
            except BaseException as bug:  # noqa: BLE001  a root: only the writer's own errors go further
                self._room.beside(bug)

    def _release(self, done: asyncio.Future[None]) -> None:
        """Let out, in order, what has become durable; stop the room when the disk refuses."""
        if not done.cancelled():
            done.exception()  # heard, also of a batch whose room stopped for one before it
        releases, was_full = self._releases, self.is_full
        try:
            while releases and (releases[0][0] is None or releases[0][0].done()):
                written, jobs = releases.popleft()
                if written is not None:
                    written.result()
                self._carry_out(jobs)
        except WorkspaceFault as fault:
            LOGGER.error("room %s: not durable: %s", self._room.ws, fault.reason)
            self._room.stop(fault.reason, is_counted=not isinstance(fault, Deposed))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as bug:  # noqa: BLE001  a root: a bug stops this room, not the server
            LOGGER.exception("room %s stops on a bug", self._room.ws)
            self._room.stop(type(bug).__name__)
        if not releases:
            self._releases = NOTHING
        self._room.released(was_full=was_full)


@dataclass(slots=True)
class PendingBatch:
    """What the turns since the last flush have made durable-to-be, and what waits for that."""

    was_busy: bool = False  # what is stored of the workspace; only its owner changes it
    records: list[Record] = field(default_factory=list)
    journal: list[JournalRow] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    kept: list[SnapshotRow] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)

    def batch(self, ws: str, epoch: int, *, head: tuple[int, int], is_busy: bool) -> Batch | None:
        """Return all of it as one transaction that ends at `head`; None where nothing is to be written."""
        if not self.records and not self.journal:
            return None
        rows, kept, blobs = tuple(record.row for record in self.records), tuple(self.kept), tuple(self.blobs)
        turned = is_busy if is_busy != self.was_busy else None
        return Batch(ws, epoch, rows, tuple(self.journal), kept, blobs, head, turned)
