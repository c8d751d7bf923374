"""The one writer of a workspace: a single loop that takes commands, asks the sequencer, and lets nothing out undurable.

The output gate: what a turn tells people, and what it wants from the planner, waits until its records and journal rows
are on disk, in order. Memory may run ahead of the disk because nobody can see it; when the disk fails the room stops,
its sockets are told to reconnect, and the next opening starts from the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
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
    Event,
    Logged,
    Outcome,
    Outlet,
    SendEffect,
    StopPlanner,
    Ticked,
    Wish,
)
from workspace.intents.record import CheckpointBody, Record
from workspace.intents.sequencer import Sequencer
from workspace.judging import JudgeCalls
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
Job = Callable[[], None]


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
        self._inbox: asyncio.Queue[Job] = asyncio.Queue(INBOX_MAX)
        self._releases: asyncio.Queue[tuple[asyncio.Future[None] | None, list[Job]]] = asyncio.Queue(RELEASES_MAX)
        self._calls = PlannerCalls(planner, self)
        self._judging = JudgeCalls(judge, self)
        self._sending = Sending(couriers or {}, self)
        self._records: list[Record] = []
        self._journal: list[JournalRow] = []
        self._blobs: list[Blob] = []
        self._kept: list[SnapshotRow] = []
        self._jobs: list[Job] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._main = asyncio.create_task(self._run(), name=f"room {self.ws}")

    # ------------------------------------------------------------ for sessions, routes and the lobby

    async def enter(self, job: Job) -> None:
        """Queue work for the room's loop; waits while the inbox is full, which slows the socket that sends.

        Raises:
            RoomClosed: the room stopped.
        """
        if not self.is_open:
            raise RoomClosed("the workspace is restarting", retry=True)
        await self._inbox.put(job)

    def report(self, event: Event) -> None:
        """Take a planner's event without waiting; behind a full inbox it waits beside the loop."""
        if not self.is_open:
            return

        def job() -> None:
            self.handle(event)

        try:
            self._inbox.put_nowait(job)
        except asyncio.QueueFull:
            self.spawn(self._inbox.put(job))

    async def ask(self, call: Callable[[], T]) -> T:
        """Run `call` in the room's loop and return its result once everything before it is durable.

        Raises:
            RoomClosed: the room stopped before the result was safe to show.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def job() -> None:
            result = call()
            self.later(lambda: None if future.done() else future.set_result(result))

        await self.enter(job)
        await asyncio.wait((future, self.stopped), return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            raise RoomClosed("the workspace is restarting", retry=True)
        return future.result()

    def handle(self, event: Event, by: Peer | None = None) -> Outcome:
        """Put an event through the sequencer, inside the loop; keep what must be durable and what waits for it."""
        outcome = self.sequencer.handle(event, self.clock.now())
        self._records += outcome.records
        if any(isinstance(record.body, CheckpointBody) for record in outcome.records):
            self._kept += self._snapshots()
        self._journal += [JournalRow(r.jid, r.doc, r.lane, r.actor, r.update) for r in outcome.journal]
        self._blobs += outcome.blobs
        self._jobs += [self._outlet_job(outlet, by) for outlet in outcome.outlets]
        self._jobs += [self._wish_job(wish) for wish in outcome.wishes]
        return outcome

    def begin(self, wishes: Iterable[Wish]) -> None:
        """Carry out what the opening left to do; everything before it is durable."""
        for wish in wishes:
            self._wish_job(wish)()

    def later(self, job: Job) -> None:
        """Do something once everything before it is durable."""
        self._jobs.append(job)

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run something beside the loop until it ends or the room does."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, why: Close = CLOSE_RESTART) -> None:
        """Close in good order: a checkpoint, everything durable, sockets told why."""
        if self.is_open:
            await self._inbox.put(lambda: self._finish(why))
        await asyncio.wait((self.stopped,))

    # ------------------------------------------------------------ the loop

    async def _run(self) -> None:
        release = asyncio.create_task(self._release(), name=f"release {self.ws}")
        heart = asyncio.create_task(self._beat(), name=f"heart {self.ws}")
        why = CLOSE_RESTART
        try:
            while self.is_open:
                await self._turn()
            await self._releases.join()
        except asyncio.CancelledError:
            raise
        except (WorkspaceFault, BrokenDocument, AssertionError) as fault:
            LOGGER.error("room %s stops: %s: %s", self.ws, type(fault).__name__, fault)
        except Exception:  # noqa: BLE001  a task root: a bug stops this room, not the server
            LOGGER.exception("room %s stops on a bug", self.ws)
        finally:
            self.is_open = False
            for task in (release, heart, *self._tasks):
                task.cancel()
            await self._calls.close()
            await self._judging.close()
            await self._sending.close()
            self.doorman.close_all(why)
            self.callers.abandon()
            if not self.stopped.done():
                self.stopped.set_result(None)

    async def _turn(self) -> None:
        job = await self._next_job()
        if job is not None:
            job()
            for _ in range(DRAIN_MAX):
                if self._inbox.empty() or not self.is_open:
                    break
                self._inbox.get_nowait()()
        due = self.sequencer.next_deadline()
        if due is not None and due <= self.clock.now() and self.is_open:
            self.handle(Ticked())
        self.doorman.attendance.refresh()
        await self._flush()

    async def _next_job(self) -> Job | None:
        """Return the next job, or None when the sequencer wants a tick first."""
        due = self.sequencer.next_deadline()
        if due is None:
            return await self._inbox.get()
        try:
            async with asyncio.timeout(max(0.0, due - self.clock.now())):
                return await self._inbox.get()
        except TimeoutError:
            return None

    async def _flush(self) -> None:
        """Hand what happened to the disk, and what waits for it to the release task."""
        records, self._records = self._records, []
        journal, self._journal = self._journal, []
        blobs, self._blobs = self._blobs, []
        kept, self._kept = self._kept, []
        jobs, self._jobs = self._jobs, []
        future = None
        if records or journal:
            rows, epoch = tuple(record.row for record in records), self.sequencer.core.epoch
            batch = Batch(self.ws, epoch, rows, tuple(journal), tuple(kept), tuple(blobs), self._head())
            future = self.store.submit(batch)
        if future is not None or jobs:
            await self._releases.put((future, jobs))

    def _head(self) -> tuple[int, int]:
        fold = self.sequencer.fold
        return fold.seq, fold.jid

    def _snapshots(self) -> tuple[SnapshotRow, ...]:
        fold = self.sequencer.fold
        return tuple(
            SnapshotRow(doc, fold.jid, fold.documents[doc].encode(), fold.documents[doc].digest())
            for doc in self.sequencer.changed_documents()
        )

    async def _release(self) -> None:
        """Let out, in order, what has become durable; stop the room when the disk refuses."""
        while True:
            future, jobs = await self._releases.get()
            try:
                if future is not None:
                    await future
            except WorkspaceFault as fault:
                LOGGER.error("room %s: not durable: %s", self.ws, fault.reason)
                self.is_open = False
                self._main.cancel("the store failed")
                return
            for job in jobs:
                job()
            self._releases.task_done()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.settings.presence_seconds)
            await self.enter(self.doorman.beat)

    def _finish(self, why: Close) -> None:
        self.handle(Closing())
        self.later(lambda: self.doorman.close_all(why))
        self.is_open = False

    # ------------------------------------------------------------ what leaves

    def _outlet_job(self, outlet: Outlet, by: Peer | None) -> Job:
        def job() -> None:
            if isinstance(outlet, Logged):
                self.durable_seq = outlet.record.seq
            self.doorman.tell(outlet, by)

        return job

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
