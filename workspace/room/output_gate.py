"""The output gate: what a turn leads to is held back until its records and journal rows are on disk, in order.

Memory may run ahead of the disk because nobody can see it. What people are told, and what workers are asked, waits here
behind the batch that makes it true; where nothing is to be written and nothing waits, it passes at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from workspace.errors import Deposed, WorkspaceFault
from workspace.intents.model.calls import Blob
from workspace.intents.model.events import Outcome
from workspace.intents.model.record import Record
from workspace.intents.sequencer import Sequencer
from workspace.ports import Batch, JournalRow, SnapshotRow, Store
from workspace.room.failures import place_of
from workspace.room.mailbox import Job
from workspace.telemetry import LOGGER

Releases = deque[tuple["asyncio.Future[None] | None", int, list[Job]]]
# An idle room keeps no queue of its own: 700 bytes each.
NOTHING: Releases = deque(maxlen=0)
RELEASES_MAX = 1_000


class StopRoom(Protocol):
    """Stops the room at once; a room that was deposed is not counted as one that failed."""

    def __call__(self, reason: str, *, is_counted: bool = True) -> None: ...


@dataclass(slots=True)
class PendingBatch:
    """What the turns since the last flush have made durable-to-be, and what waits for that."""

    records: list[Record] = field(default_factory=list)
    journal: list[JournalRow] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    kept: list[SnapshotRow] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)


class OutputGate:
    """What one room has said and asked for, until what comes before it is on disk.

    `caught` is told what a job raised; `released` that something was let out, and whether the gate was full until then;
    `stop` why the room must not go on.
    """

    __slots__ = (
        "_caught", "_is_busy_stored", "_kernel", "_last_write", "_pending", "_released", "_releases", "_stop",
        "_store", "durable_seq",
    )  # fmt: skip

    def __init__(
        self,
        sequencer: Sequencer,
        store: Store,
        *,
        caught: Callable[[BaseException], None],
        stop: StopRoom,
        released: Callable[[bool], None],
    ) -> None:
        self._kernel = sequencer.kernel
        self._store = store
        self._caught = caught
        self._stop = stop
        self._released = released
        # The last record that may be shown. What is in memory behind it may be lost yet.
        self.durable_seq = sequencer.fold.seq
        # What is stored of whether the workspace is busy: only its owner changes it, so it need not be read again.
        self._is_busy_stored = sequencer.fold.is_busy
        self._pending = PendingBatch()
        self._releases: Releases = NOTHING
        # The write of a failure, that a room which stops waits for.
        self._last_write: asyncio.Future[None] | None = None

    @property
    def is_full(self) -> bool:
        """Tell whether so much waits for the disk that the room must wait, too."""
        return len(self._releases) >= RELEASES_MAX

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing waits for the disk."""
        return not self._releases

    # ------------------------------------------------------------ what a turn leads to

    def hold(self, outcome: Outcome, kept: Iterable[SnapshotRow] = ()) -> None:
        """Take in what must be written of a turn; `kept` are the documents of its checkpoint."""
        pending = self._pending
        assert outcome.records or not kept, "documents are kept at a checkpoint, which is a record"
        if outcome.records:
            pending.records += outcome.records
            pending.kept += kept
        pending.journal += outcome.journal
        pending.blobs += outcome.blobs

    def after_durable(self, job: Job) -> None:
        """Do something once everything before it is durable."""
        self._pending.jobs.append(job)

    def flush(self) -> None:
        """Hand what was taken in to the disk; what waits for it is let out when that is done. Raises `StoreFault`."""
        pending, self._pending = self._pending, PendingBatch()
        if pending.records or pending.journal:
            fold = self._kernel.fold
            # Only a record turns it, and finding out is not free.
            is_busy = fold.is_busy if pending.records else self._is_busy_stored
            written = self._store.submit(self._batch(pending, (fold.seq, fold.jid), is_busy=is_busy))
            if self._releases is NOTHING:
                self._releases = deque()
            self._releases.append((written, fold.seq, pending.jobs))
            written.add_done_callback(self._release)
        elif not self._releases:
            self._let_out(pending.jobs)
        elif pending.jobs:
            # Nothing to write, but something before it is not on disk yet: told now, it would come out of order.
            self._releases.append((None, self._releases[-1][1], pending.jobs))

    def write_failure(self, record: Record | None, *, seq: int, jid: int) -> None:
        """Write what the turns before a failed one have led to, and its record if there is one; nothing is let out.

        `seq` and `jid` are where the log and the journal stood before that turn.
        """
        pending, self._pending = self._pending, PendingBatch()
        if record is not None:
            assert record.seq == seq + 1, "the failure is the next record of the log"
            pending.records.append(record)
            seq = record.seq
        if pending.records or pending.journal:
            # A turn that failed ends nothing: what was under way before it is so when the workspace opens again.
            self._last_write = self._store.submit(self._batch(pending, (seq, jid), is_busy=True))

    def drop(self) -> None:
        """Let out nothing more: what is not durable was never shown."""
        self._releases = NOTHING
        self._pending = PendingBatch()

    async def settle(self) -> None:
        """Wait for the write of a failure; where that failed too the log knows nothing of it, and it was not tried."""
        if self._last_write is not None:
            with suppress(WorkspaceFault):
                await self._last_write

    # ------------------------------------------------------------ the disk

    def _batch(self, pending: PendingBatch, head: tuple[int, int], *, is_busy: bool) -> Batch:
        """Return all of it as one transaction that ends at `head`."""
        kernel, rows = self._kernel, tuple(record.row for record in pending.records)
        assert not rows or rows[-1].seq == head[0], "a batch ends where the log does"
        assert not pending.journal or pending.journal[-1].jid <= head[1], "no row of the journal is beyond its end"
        turned = is_busy if is_busy != self._is_busy_stored else None
        self._is_busy_stored = is_busy
        journal, kept, blobs = tuple(pending.journal), tuple(pending.kept), tuple(pending.blobs)
        return Batch(kernel.ws, kernel.epoch, rows, journal, kept, blobs, head, turned)

    def _release(self, done: asyncio.Future[None]) -> None:
        """Let out, in order, what has become durable; stop the room when the disk refuses."""
        if not done.cancelled():
            done.exception()  # heard, also of a batch whose room stopped for one before it
        releases, was_full = self._releases, len(self._releases) >= RELEASES_MAX
        try:
            while releases and (releases[0][0] is None or releases[0][0].done()):
                written, seq, jobs = releases.popleft()
                if written is not None:
                    written.result()
                assert seq >= self.durable_seq, "what is durable stays so"
                self.durable_seq = seq
                self._let_out(jobs)
        except Deposed as fault:
            # No failure: a command line, or another server, goes on with the log. What was not durable was shown to
            # nobody, and clients send again what was not confirmed.
            LOGGER.warning(
                "room %s is let go of: %s; its people connect again, nothing is lost", self._kernel.ws, fault
            )
            self._stop(fault.reason, is_counted=False)
        except WorkspaceFault as fault:
            LOGGER.error("room %s: not durable: %s", self._kernel.ws, fault.reason)
            self._stop(fault.reason)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as bug:  # noqa: BLE001  a root: a bug stops this room, not the server
            LOGGER.exception("room %s stops on a bug", self._kernel.ws)
            self._stop(place_of(bug))
        if not releases:
            self._releases = NOTHING
        self._released(was_full)

    def _let_out(self, jobs: list[Job]) -> None:
        for job in jobs:
            try:
                job()
            except BaseException as bug:  # noqa: BLE001  a root: only the writer's own errors go further
                self._caught(bug)
