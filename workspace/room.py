"""The one writer of a workspace: a single loop that takes commands, asks the sequencer, and lets nothing out undurable.

The output gate: what a turn tells people, and what it wants from the planner, waits until its records and journal rows
are on disk, in order. Memory may run ahead of the disk because nobody can see it; when the disk fails the room stops,
its sockets are told to reconnect, and the next opening starts from the log.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from crdt.errors import BrokenDocument
from workspace.callers import Callers
from workspace.doorman import Doorman
from workspace.errors import CLOSE_RESTART, Close, RoomClosed, WorkspaceFault
from workspace.intents.calls import Blob
from workspace.intents.events import (
    AskJudge,
    AskMerger,
    AskPlanner,
    Closing,
    Edited,
    Event,
    Logged,
    Outcome,
    Outlet,
    ReadFrom,
    SendEffect,
    StopPlanner,
    Ticked,
    Wish,
)
from workspace.intents.record import CheckpointBody, Record
from workspace.intents.sequencer import Sequencer
from workspace.judging import JudgeCalls
from workspace.packing import Packing
from workspace.peer import Peer
from workspace.planning import PlannerCalls
from workspace.ports import Batch, Clock, Courier, JournalRow, Judge, Planner, SnapshotRow, Store
from workspace.sending import Sending
from workspace.settings import Settings
from workspace.telemetry import LOGGER, Metrics

T = TypeVar("T")
INBOX_MAX = 10_000
DRAIN_MAX = 256
RELEASES_MAX = 1_000
Job = Callable[[], object]
Releases = deque[tuple["asyncio.Future[None] | None", list[Job]]]
# An idle room keeps no queue of its own: 700 bytes each.
NOTHING: Releases = deque(maxlen=0)


@dataclass(slots=True)
class Leaving:
    """What the turns since the last flush have made durable-to-be, and what waits for that."""

    was_busy: bool = False  # what is stored of the workspace; only its owner changes it
    records: list[Record] = field(default_factory=list)
    journal: list[JournalRow] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    kept: list[SnapshotRow] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)


class Room:
    """One workspace, open. `enter` queues work for its loop; `stopped` resolves when the loop is gone."""

    def __init__(
        self,
        sequencer: Sequencer,
        *,
        store: Store,
        planner: Planner | None,
        judge: Judge | None = None,
        couriers: Mapping[str, Courier] | None = None,
        clock: Clock,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        self.sequencer = sequencer
        self.ws = sequencer.core.ws
        self.store = store
        self.clock = clock
        self.settings = settings
        self.metrics = metrics
        self.planner_name = planner.name if planner is not None else None
        self.durable_seq = sequencer.fold.seq
        self.is_open = True
        self.idle_since = clock.now()
        self.stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.callers = Callers(self)
        self.doorman = Doorman(self)
        self._loop = asyncio.get_running_loop()
        self._inbox: list[Job] = []
        self._releases: Releases = NOTHING
        self._calls = PlannerCalls(planner, self)
        self._judging = JudgeCalls(judge, self)
        self._sending = Sending(couriers or {}, self)
        self._packing = Packing(store, sequencer)
        self._leaving = Leaving(sequencer.fold.is_busy)
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._is_scheduled = self._is_busy = False
        self._ending: asyncio.Task[None] | None = None
        self._why = CLOSE_RESTART
        self._alarm: asyncio.TimerHandle | None = None
        self._heart = self._loop.call_later(settings.presence_seconds, self._beat)
        self._schedule()

    # ------------------------------------------------------------ for sessions, routes and the lobby

    def offer(self, job: Job) -> bool:
        """Queue work for the room's loop; False when the inbox is full or the room has stopped."""
        if len(self._inbox) >= INBOX_MAX or not self.is_open:
            return False
        self._inbox.append(job)
        if not self._is_scheduled:
            self._schedule()
        return True

    async def enter(self, job: Job) -> None:
        """Queue work for the room's loop; waits while the inbox is full, which slows the socket that sends.

        Raises:
            RoomClosed: the room stopped.
        """
        while not self.offer(job):
            if not self.is_open:
                raise RoomClosed("the workspace is restarting", retry=True)
            space = self._loop.create_future()
            self._waiting.append(space)
            await space

    def report(self, event: Event) -> None:
        """Take a planner's event without waiting; behind a full inbox it waits beside the loop."""
        job = partial(self.handle, event)
        if not self.offer(job) and self.is_open:
            self.spawn(self.enter(job))

    async def ask(self, call: Callable[[], T]) -> T:
        """Run `call` in the room's loop and return its result once everything before it is durable.

        Raises:
            RoomClosed: the room stopped before the result was safe to show.
        """
        future: asyncio.Future[T] = self._loop.create_future()

        def job() -> None:
            result = call()
            self.later(lambda: None if future.done() else future.set_result(result))

        await self.enter(job)
        await asyncio.wait((future, self.stopped), return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            raise RoomClosed("the workspace is restarting", retry=True)
        return future.result()

    async def recorded(self) -> int:
        """Return the log's last `seq` once all that was typed before this call is in it and durable.

        Raises:
            RoomClosed: the room stopped.
        """

        def close_runs() -> int:
            self.handle(ReadFrom())
            return self.sequencer.fold.seq

        return await self.ask(close_runs)

    def handle(self, event: Event, by: Peer | None = None) -> Outcome:
        """Put an event through the sequencer, inside the loop; keep what must be durable and what waits for it."""
        outcome, leaving = self.sequencer.handle(event, self.clock.now()), self._leaving
        if outcome.records:
            leaving.records += outcome.records
            if any(isinstance(record.body, CheckpointBody) for record in outcome.records):
                leaving.kept += self._snapshots()
                self.later(self._pack_job())
        leaving.journal += outcome.journal
        leaving.blobs += outcome.blobs
        if outcome.outlets:
            leaving.jobs.append(partial(self._tell, outcome.outlets, by))
        if outcome.wishes:
            leaving.jobs += [self._wish_job(wish) for wish in outcome.wishes]
        if outcome.records or not isinstance(event, Edited):
            self._is_busy = True
        return outcome

    def begin(self, wishes: Iterable[Wish]) -> None:
        """Carry out what the opening left to do; everything before it is durable."""
        for wish in wishes:
            self._wish_job(wish)()
        self._pack_job()()

    def later(self, job: Job) -> None:
        """Do something once everything before it is durable."""
        self._leaving.jobs.append(job)

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run something beside the loop until it ends or the room does."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, why: Close = CLOSE_RESTART) -> None:
        """Close in good order: a checkpoint, everything durable, sockets told why."""
        if self.is_open:
            await self.enter(lambda: self._finish(why))
        await asyncio.wait((self.stopped,))

    # ------------------------------------------------------------ the loop

    def _schedule(self) -> None:
        self._is_scheduled = True
        self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Carry out what waits in the inbox, hand it to the disk, and say when to come again."""
        self._is_scheduled = False
        if not self.is_open or len(self._releases) >= RELEASES_MAX:
            return
        try:
            self._work()
        except (WorkspaceFault, BrokenDocument, AssertionError) as fault:
            LOGGER.error("room %s stops: %s: %s", self.ws, type(fault).__name__, fault)
            self._stop()
        except Exception:  # noqa: BLE001  the root of the room's loop: a bug stops this room, not the server
            LOGGER.exception("room %s stops on a bug", self.ws)
            self._stop()

    def _work(self) -> None:
        jobs, self._inbox = self._inbox[:DRAIN_MAX], self._inbox[DRAIN_MAX:]
        for job in jobs:
            if not self.is_open:
                break
            job()
        due = self.sequencer.next_deadline()
        if due is not None and due <= self.clock.now() and self.is_open:
            self.handle(Ticked())
            due = self.sequencer.next_deadline()
        if self._is_busy:
            self._is_busy = False
            self.doorman.attendance.refresh()
        self._flush()
        if self._waiting and len(self._inbox) < INBOX_MAX:
            self._wake_waiting()
        if not self.is_open:
            self._end_when_released()
        elif self._inbox:
            if not self._is_scheduled:
                self._schedule()
        elif due is not None:
            self._arm(due)

    def _arm(self, due: float) -> None:
        """See to it that a turn comes at `due`; an earlier alarm is kept and finds out for itself."""
        at = self._loop.time() + max(0.0, due - self.clock.now())
        if self._alarm is not None:
            if self._alarm.when() <= at:
                return
            self._alarm.cancel()
        self._alarm = self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if not self._is_scheduled:
            self._turn()

    def _wake_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for space in waiting:
            if not space.done():
                space.set_result(None)

    def _flush(self) -> None:
        """Hand what happened to the disk; what waits for it is released when that is done."""
        leaving = self._leaving
        is_busy = self.sequencer.fold.is_busy if leaving.records else leaving.was_busy
        self._leaving = Leaving(is_busy)
        records, journal, jobs = leaving.records, leaving.journal, leaving.jobs
        if records or journal:
            rows, epoch = tuple(record.row for record in records), self.sequencer.core.epoch
            turned = is_busy if is_busy != leaving.was_busy else None
            kept, blobs = tuple(leaving.kept), tuple(leaving.blobs)
            batch = Batch(self.ws, epoch, rows, tuple(journal), kept, blobs, self._head(), turned)
            future = self.store.submit(batch)
            if self._releases is NOTHING:
                self._releases = deque()
            self._releases.append((future, jobs))
            future.add_done_callback(self._release)
        elif self._releases and jobs:
            self._releases.append((None, jobs))
        else:
            for job in jobs:
                job()

    def _head(self) -> tuple[int, int]:
        fold = self.sequencer.fold
        return fold.seq, fold.jid

    def _snapshots(self) -> tuple[SnapshotRow, ...]:
        fold = self.sequencer.fold
        return tuple(
            SnapshotRow(doc, fold.jid, fold.documents[doc].encode(), fold.documents[doc].digest())
            for doc in self.sequencer.changed_documents()
        )

    def _release(self, _: object = None) -> None:
        """Let out, in order, what has become durable; stop the room when the disk refuses."""
        releases = self._releases
        was_full = len(releases) >= RELEASES_MAX
        try:
            while releases and (releases[0][0] is None or releases[0][0].done()):
                future, jobs = releases.popleft()
                if future is not None:
                    future.result()
                for job in jobs:
                    job()
        except WorkspaceFault as fault:
            LOGGER.error("room %s: not durable: %s", self.ws, fault.reason)
            self._stop()
        except (Exception, asyncio.CancelledError):  # noqa: BLE001  a root: a bug stops this room, not the server
            LOGGER.exception("room %s stops on a bug", self.ws)
            self._stop()
        if was_full and self.is_open and not self._is_scheduled:
            self._schedule()
        if not self.is_open:
            self._end_when_released()
        elif not releases:
            self._releases = NOTHING

    def _beat(self) -> None:
        if self.is_open:
            self._heart = self._loop.call_later(self.settings.presence_seconds, self._beat)
            self.offer(self.doorman.beat)

    # ------------------------------------------------------------ the end

    def _pack_job(self) -> Job:
        """Return what packs the segments sealed so far; later ones wait until their own checkpoint is durable."""
        sealed = tuple(self.sequencer.fold.segments.sealed)
        return lambda: self.spawn(self._packing.run(sealed)) if sealed else None

    def _finish(self, why: Close) -> None:
        self.handle(Closing())
        self._why = why
        self.later(lambda: self.doorman.close_all(why))
        self.is_open = False

    def _stop(self) -> None:
        """Stop at once: what is not durable was never shown."""
        self.is_open = False
        self._releases = NOTHING
        self._leaving = Leaving()
        self._end_when_released()

    def _end_when_released(self) -> None:
        if self._ending is None and not self._releases:
            self._ending = self._loop.create_task(self._end(), name=f"end {self.ws}")

    async def _end(self) -> None:
        self._wake_waiting()
        self._heart.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
        for task in self._tasks:
            task.cancel()
        await self._calls.close()
        await self._judging.close()
        await self._sending.close()
        self.doorman.close_all(self._why)
        self.callers.abandon()
        if not self.stopped.done():
            self.stopped.set_result(None)

    # ------------------------------------------------------------ what leaves

    def _tell(self, outlets: tuple[Outlet, ...], by: Peer | None) -> None:
        for outlet in outlets:
            if isinstance(outlet, Logged):
                self.durable_seq = outlet.record.seq
            self.doorman.tell(outlet, by)

    def _wish_job(self, wish: Wish) -> Job:
        match wish:
            case AskPlanner():
                return lambda: self._calls.start(wish)
            case StopPlanner():
                return lambda: self._calls.stop(wish.intent)
            case AskJudge() | AskMerger():
                return lambda: self._judging.start(wish)
            case SendEffect():
                return lambda: self._sending.start(wish)
