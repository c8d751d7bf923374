"""The one writer of a workspace: a single loop that takes commands, asks the sequencer, and lets nothing out undurable.

The output gate: what a turn tells people, and what it wants from the planner, waits until its records and journal rows
are on disk, in order. Memory may run ahead of the disk because nobody can see it; when the disk fails the room stops,
its sockets are told to reconnect, and the next opening starts from the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TypeVar

from workspace.errors import CLOSE_INTERNAL, CLOSE_RESTART, Close, EventRefused, RoomClosed, TurnFailed, WorkspaceFault
from workspace.intents.model.bodies import CheckpointBody
from workspace.intents.model.events import (
    Closing,
    DocumentDoubted,
    Edited,
    Event,
    Notice,
    Outcome,
    ReadFrom,
    RecordAppended,
    Ticked,
)
from workspace.intents.model.requests import Request
from workspace.intents.sequencer import Sequencer
from workspace.intents.state.fold import UNREADABLE
from workspace.ports import Clock, EffectSender, Judge, Planner, SnapshotRow, Store
from workspace.room.alarm import Alarm
from workspace.room.failures import Failures, place_of
from workspace.room.hub import Hub
from workspace.room.output_gate import Job, OutputGate, PendingBatch
from workspace.room.peer import Peer
from workspace.room.visits import visit
from workspace.room.waiters import Waiters
from workspace.settings import Settings
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER, Metrics
from workspace.workers.dispatcher import Dispatcher
from workspace.workers.segment_packer import SegmentPacker

T = TypeVar("T")
INBOX_MAX = 10_000
DRAIN_MAX = 256


class Room:
    """One workspace, open. `post` queues work for its loop; `stopped` resolves when the loop is gone."""

    def __init__(
        self,
        sequencer: Sequencer,
        *,
        store: Store,
        planner: Planner | None,
        judge: Judge | None = None,
        senders: Mapping[str, EffectSender] | None = None,
        clock: Clock,
        settings: Settings,
        metrics: Metrics,
        failures: Failures | None = None,
    ) -> None:
        self.sequencer = sequencer
        self.ws = sequencer.kernel.ws
        self.store = store
        self.clock = clock
        self.settings = settings
        self.metrics = metrics
        self.durable_seq = sequencer.fold.seq
        self.is_open = True
        self.idle_since = clock.now()
        self.stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiters = Waiters(self)
        self.hub = Hub(self)
        self._loop = asyncio.get_running_loop()
        self._inbox: list[Job] = []
        self._gate = OutputGate(self)
        self._dispatcher = Dispatcher(self, planner=planner, judge=judge, senders=senders)
        self._packing = SegmentPacker(store, sequencer)
        self._pending = PendingBatch(sequencer.fold.is_busy)
        self._tasks = Tasks()
        self._failures = failures if failures is not None else Failures()
        self._waiting: list[asyncio.Future[None]] = []
        self._is_scheduled = self._is_busy = False
        self._ending: asyncio.Task[None] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._why = CLOSE_RESTART
        self._alarm = Alarm(self._ring)
        self._heart = self._loop.call_later(settings.presence_seconds, self._beat)
        self._schedule()

    @property
    def planner_name(self) -> str | None:
        """The planner's name and version, None without one."""
        return self._dispatcher.planning.name

    # ------------------------------------------------------------ for sessions, routes and the registry

    def try_post(self, job: Job) -> bool:
        """Queue work for the room's loop; False when the inbox is full or the room has stopped."""
        if len(self._inbox) >= INBOX_MAX or not self.is_open:
            return False
        self._inbox.append(job)
        if not self._is_scheduled:
            self._schedule()
        return True

    async def post(self, job: Job) -> None:
        """Queue work for the room's loop; waits while the inbox is full, which slows the socket that sends.

        Raises:
            RoomClosed: the room stopped.
        """
        while not self.try_post(job):
            if not self.is_open:
                raise RoomClosed("the workspace is restarting", retry=True)
            space = self._loop.create_future()
            self._waiting.append(space)
            await space

    def post_event(self, event: Event) -> None:
        """Take a planner's event without waiting; behind a full inbox it waits beside the loop."""
        job = partial(self.handle, event)
        if not self.try_post(job) and self.is_open:
            self.spawn(self.post(job))

    async def read(self, call: Callable[[], T]) -> T:
        """Look with `call` between two turns; return what it found once everything before it is durable.

        What it raises is its caller's, the room goes on: a turn of the sequencer is `submit`'s.

        Raises:
            RoomClosed: the room stopped before the result was safe to show.
        """
        return await visit(self, call)

    async def submit(self, event: Event | Callable[[], Event | None]) -> Outcome:
        """Put an event through the sequencer; return what it led to once that is durable.

        A callable decides between two turns which event it is, or none: nothing comes between its look and the turn.

        Raises:
            RoomClosed: the room stopped before.
            EventRefused: the same event made the room stop once.
        """

        def enter() -> Outcome:
            found = event() if callable(event) else event
            return self.handle(found) if found is not None else Outcome()

        return await self.read(enter)

    def doubt(self, bug: BaseException) -> None:
        """Have all documents looked at where somebody could not read one: what cannot be read is put aside."""
        if isinstance(bug, UNREADABLE) or not isinstance(bug, Exception):
            self.try_post(partial(self.handle, DocumentDoubted()))

    async def flush_runs(self) -> int:
        """Return the log's last `seq` once all that was typed before this call is in it and durable.

        Raises:
            RoomClosed: the room stopped.
        """

        def close_runs() -> int:
            self.handle(ReadFrom())
            return self.sequencer.fold.seq

        return await self.read(close_runs)

    def handle(self, event: Event, by: Peer | None = None) -> Outcome:
        """Put an event through the sequencer, inside the loop; keep what must be durable and what waits for it.

        Raises:
            TurnFailed: the sequencer raised; the room stops.
            EventRefused: the same event made the room stop once.
        """
        if self._failures.knows(self.ws, event):
            raise EventRefused("This made the workspace stop before. It is not taken again.")
        fold, leaving = self.sequencer.fold, self._pending
        seq, seal_before, jid = fold.seq, fold.hash, fold.jid
        try:
            outcome = self.sequencer.handle(event, self.clock.now())
            has_checkpoint = any(isinstance(record.body, CheckpointBody) for record in outcome.records)
            kept = self._snapshots() if has_checkpoint else ()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as bug:  # the root of a turn; a native panic is no Exception
            self._record_failure(event, bug, seq=seq, prev=seal_before, jid=jid)
            raise TurnFailed(place_of(bug)) from bug
        if outcome.records:
            leaving.records += outcome.records
            if has_checkpoint:
                leaving.kept += kept
                self.after_durable(self._pack_job())
        leaving.journal += outcome.journal
        leaving.blobs += outcome.blobs
        if outcome.notices:
            leaving.jobs.append(partial(self._tell, outcome.notices, by))
        if outcome.requests:
            leaving.jobs += [partial(self._dispatcher.start, request) for request in outcome.requests]
        if outcome.records or not isinstance(event, Edited):
            self._is_busy = True
        return outcome

    def start(self, requests: Iterable[Request]) -> None:
        """Carry out what the opening left to do, and take up what was under way; everything before it is durable."""
        for request in requests:
            self._dispatcher.start(request)
        if self.sequencer.fold.board.live:
            self.post_event(Ticked())
        self._pack_job()()

    def after_durable(self, job: Job) -> None:
        """Do something once everything before it is durable."""
        self._pending.jobs.append(job)

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run something beside the loop until it ends or the room does."""
        self._tasks.start(work, name=f"beside {self.ws}")

    async def close(self, why: Close = CLOSE_RESTART) -> None:
        """Close in good order: a checkpoint, everything durable, sockets told why."""
        if self.is_open:
            await self.post(lambda: self._finish(why))
        await asyncio.wait((self.stopped,))

    # ------------------------------------------------------------ the loop

    def _schedule(self) -> None:
        self._is_scheduled = True
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Carry out what waits in the inbox, hand it to the disk, and say when to come again."""
        self._is_scheduled = False
        if not self.is_open or self._gate.is_full:
            return
        try:
            self._work()
        except WorkspaceFault as fault:
            LOGGER.error("room %s stops: %s: %s", self.ws, type(fault).__name__, fault)
            self.stop(str(fault))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as bug:  # noqa: BLE001  the root of the room's loop: a bug stops this room, not the server
            LOGGER.exception("room %s stops on a bug", self.ws)
            self.stop(place_of(bug))

    def _work(self) -> None:
        jobs, self._inbox = self._inbox[:DRAIN_MAX], self._inbox[DRAIN_MAX:]
        for job in jobs:
            if not self.is_open:
                break
            try:
                job()
            except BaseException as bug:  # noqa: BLE001  a root: only the writer's own errors go further
                self.beside(bug)
        due = self.sequencer.next_deadline()
        if due is not None and due <= self.clock.now() and self.is_open:
            self.handle(Ticked())
            due = self.sequencer.next_deadline()
        if self._is_busy:
            self._is_busy = False
            self.hub.presence.refresh()
        self._flush()
        if self._waiting and len(self._inbox) < INBOX_MAX:
            self._wake_waiting()
        if not self.is_open:
            self._end_when_released()
        elif self._inbox:
            if not self._is_scheduled:
                self._schedule()
        elif due is not None:
            self._alarm.set(self._loop.time() + max(0.0, due - self.clock.now()))

    def _ring(self) -> None:
        if not self._is_scheduled:
            self._turn()

    def _wake_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for space in waiting:
            if not space.done():
                space.set_result(None)

    def _flush(self) -> None:
        """Hand what happened to the disk; what waits for it is released when that is done."""
        leaving = self._pending
        is_busy = self.sequencer.fold.is_busy if leaving.records else leaving.was_busy
        self._pending = PendingBatch(is_busy)
        batch = leaving.batch(self.ws, self.sequencer.kernel.epoch, head=self._head(), is_busy=is_busy)
        self._gate.wait(self.store.submit(batch) if batch is not None else None, leaving.jobs)

    def beside(self, bug: BaseException) -> None:
        """Take what was raised beside the writer; raise again what was not."""
        if isinstance(bug, TurnFailed | KeyboardInterrupt | SystemExit):
            raise bug
        LOGGER.error("room %s: something beside its writer broke", self.ws, exc_info=bug)
        self.doubt(bug)

    def _head(self) -> tuple[int, int]:
        fold = self.sequencer.fold
        return fold.seq, fold.jid

    def _snapshots(self) -> tuple[SnapshotRow, ...]:
        fold = self.sequencer.fold
        return tuple(
            SnapshotRow(doc, fold.jid, fold.documents[doc].encode(), fold.documents[doc].digest())
            for doc in self.sequencer.changed_documents()
        )

    def released(self, *, was_full: bool) -> None:
        """Go on, or end, once the gate has let out what it could."""
        if was_full and self.is_open and not self._is_scheduled:
            self._schedule()
        if not self.is_open:
            self._end_when_released()

    def _beat(self) -> None:
        if self.is_open:
            self._heart = self._loop.call_later(self.settings.presence_seconds, self._beat)
            self.try_post(self.hub.beat)

    # ------------------------------------------------------------ the end

    def _pack_job(self) -> Job:
        """Return what packs the segments sealed so far; later ones wait until their own checkpoint is durable."""
        sealed = tuple(self.sequencer.fold.segments.sealed)
        return lambda: self.spawn(self._packing.run(sealed)) if sealed else None

    def _finish(self, why: Close) -> None:
        self.handle(Closing())
        self._why = why
        self.after_durable(lambda: self.hub.close_all(why))
        self.is_open = False

    def _record_failure(self, event: Event, bug: BaseException, *, seq: int, prev: str, jid: int) -> None:
        """Write what the turns before have led to, and which intent made this one raise; nothing of it is told."""
        core, leaving = self.sequencer.kernel, self._pending
        record = self._failures.record(event, bug, core, seq=seq, prev=prev)
        leaving.records += [record] if record is not None else []
        batch = leaving.batch(self.ws, core.epoch, head=(seq + (record is not None), jid), is_busy=True)
        if batch is not None:
            self._writing = self.store.submit(batch)

    def stop(self, reason: str, *, is_counted: bool = True) -> None:
        """Stop at once: what is not durable was never shown. Who was deposed has not failed, and is not counted."""
        if self.is_open and is_counted:
            self._failures.note(self.ws, self._loop.time(), reason, did_open=True)
        self.is_open = False
        self._gate.drop()
        self._pending = PendingBatch()
        self._end_when_released()

    def _end_when_released(self) -> None:
        if self._ending is None and self._gate.is_empty:
            self._ending = self._tasks.start(self._end(), name=f"end {self.ws}")

    async def _end(self) -> None:
        try:
            self._wake_waiting()
            self._heart.cancel()
            self._alarm.cancel()
            await self._tasks.close()
            await self._dispatcher.close()
            self.hub.close_all(self._why)
            self.waiters.abandon()
            if self._writing is not None:
                with suppress(WorkspaceFault):  # then the log knows nothing of it, and it counts as not tried
                    await self._writing
        finally:
            if not self.stopped.done():
                self.stopped.set_result(None)

    # ------------------------------------------------------------ what leaves

    def _tell(self, notices: tuple[Notice, ...], by: Peer | None) -> None:
        for notice in notices:
            if isinstance(notice, RecordAppended):
                self.durable_seq = notice.record.seq
            try:
                self.hub.tell(notice, by)
            except Exception as bug:  # noqa: BLE001  a root: who was not told of everything comes again
                self.beside(bug)
                self.hub.close_all(CLOSE_INTERNAL)
