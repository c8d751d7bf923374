"""The one writer of a workspace: turns that take what waits, ask the sequencer, and let nothing out undurable.

A room is put together here and nowhere else: the mailbox in which it is asked, the sequencer that decides, the output
gate that holds back what was decided until it is on disk, the hub that tells people, the dispatcher that asks planners.
None of them holds the room. When the disk fails or a turn raises the room stops, its sockets are told to reconnect, and
the next opening starts from the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

from crdt.errors import BrokenDocument
from workspace.errors import CLOSE_RESTART, Close, EventRefused, RoomClosed, TurnFailed, WorkspaceFault
from workspace.intents.model.bodies import CheckpointBody
from workspace.intents.model.effects import Outgoing
from workspace.intents.model.events import (
    Closing,
    DocumentDoubted,
    Edited,
    Event,
    Outcome,
    ReadFrom,
    Ticked,
)
from workspace.intents.model.intent import Role
from workspace.intents.model.requests import Request
from workspace.intents.rules.permissions import refuse_receiver, refuse_sending
from workspace.intents.sequencer import Sequencer
from workspace.intents.state.fold import UNREADABLE
from workspace.ports import Clock, EffectSender, Judge, Planner, SnapshotRow, Store
from workspace.room.alarm import Alarm
from workspace.room.commands import Commands
from workspace.room.context import Handle, RoomContext
from workspace.room.failures import Failures, place_of
from workspace.room.hub import Hub
from workspace.room.mailbox import Job, Mailbox
from workspace.room.output_gate import OutputGate
from workspace.room.peer import Peer
from workspace.room.waiters import Waiters
from workspace.settings import Settings
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER, Metrics
from workspace.workers.dispatcher import Dispatcher
from workspace.workers.document_reader import DocumentReader
from workspace.workers.plan_context import Reads, WorkerContext
from workspace.workers.segment_packer import SegmentPacker

T = TypeVar("T")
# So long a turn goes on with the round: then the mailbox, and the other workspaces, have theirs.
SHARE_SECONDS = 0.01
# Returns what somebody may be in a workspace now, by the role they asked with; None for nothing. Raises `StoreFault`.
RoleOf = Callable[[str, str, Role], Awaitable[Role | None]]


class Room:
    """One workspace, open. `mailbox` takes work for its turns; `stopped` resolves when the last of them is over."""

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
        role_of: RoleOf | None = None,
        reads: Reads | None = None,
    ) -> None:
        self.sequencer = sequencer
        self.ws = sequencer.kernel.ws
        self.store = store
        self.clock = clock
        self.settings = settings
        self.metrics = metrics
        self._loop = asyncio.get_running_loop()
        self.stopped: asyncio.Future[None] = self._loop.create_future()
        caught = self._caught
        self.mailbox = Mailbox(turn=self._turn, caught=caught)
        self.gate = OutputGate(sequencer, store, caught=caught, stop=self._stop, released=self._go_on)
        self._tasks = Tasks()
        self.waiters = Waiters(sequencer, self.gate, self.mailbox)
        context = RoomContext(
            self.ws, sequencer, store, clock, settings, metrics,
            gate=self.gate, mailbox=self.mailbox, tasks=self._tasks, handle=self._handle, caught=caught,
        )  # fmt: skip
        self.hub = Hub(context, self.waiters)
        self.commands = Commands(context, self.hub)
        self._role_of = role_of
        outside = WorkerContext(
            self.ws, store, lambda: self.gate.durable_seq, self.post_event, self.submit, self._refuse_sending, reads
        )
        self._dispatcher = Dispatcher(outside, planner=planner, judge=judge, senders=senders)
        self._packing = SegmentPacker(store, sequencer)
        self.reader = DocumentReader(sequencer.fold, self.mailbox.schedule, self._tasks)
        self._failures = failures if failures is not None else Failures()
        # Whether something happened since the last turn's end that may change what the agent is seen doing.
        self._has_news = False
        self._ending: asyncio.Task[None] | None = None
        self._why = CLOSE_RESTART
        self._alarm = Alarm(self._ring)
        self._heart = self._loop.call_later(settings.presence_seconds, self._beat)
        self.mailbox.schedule()

    @property
    def is_open(self) -> bool:
        """Tell whether the room takes work."""
        return self.mailbox.is_open

    @property
    def durable_seq(self) -> int:
        """The last record that is on disk."""
        return self.gate.durable_seq

    # ------------------------------------------------------------ for sessions, routes and the registry

    async def read(self, look: Callable[[], T]) -> T:
        """Look between two turns; return what `look` found once everything before it is durable.

        What it raises is its caller's, the room goes on: a turn of the sequencer is `submit`'s and `write`'s.

        Raises:
            RoomClosed: the room stopped before the result was safe to show.
        """
        found: asyncio.Future[T] = self._loop.create_future()

        def job() -> None:
            try:
                result = look()
            except (TurnFailed, KeyboardInterrupt, SystemExit):
                raise
            except BaseException as bug:  # noqa: BLE001  a root: it is who asked that hears of it; a panic is no Exception
                self._doubt(bug)
                if not found.done():
                    found.set_exception(bug if isinstance(bug, Exception) else BrokenDocument(place_of(bug)))
            else:
                self.gate.after_durable(lambda: None if found.done() else found.set_result(result))

        await self.mailbox.post(job)
        await asyncio.wait((found, self.stopped), return_when=asyncio.FIRST_COMPLETED)
        if not found.done():
            raise RoomClosed("the workspace is restarting", retry=True)
        return found.result()

    async def write(self, work: Callable[[Handle], T]) -> T:
        """Look and act between two turns: `work` is given what puts events through the sequencer; all in one batch.

        Raises:
            RoomClosed: the room stopped before.
            EventRefused: the same event made the room stop once.
        """
        return await self.read(partial(work, self._handle))

    async def submit(self, event: Event) -> Outcome:
        """Put an event through the sequencer; return what it led to once that is durable. Raises as `write` does."""
        return await self.read(partial(self._handle, event))

    def post_event(self, event: Event) -> None:
        """Take a worker's event without waiting; behind a full mailbox it waits beside the loop."""
        job = partial(self._handle, event)
        if not self.mailbox.try_post(job) and self.is_open:
            self._tasks.start(self.mailbox.post(job), name=f"event for {self.ws}")

    async def flush_runs(self) -> int:
        """Return the log's last `seq` once all that was typed before this call is in it and durable.

        Raises:
            RoomClosed: the room stopped.
        """

        def close_runs(handle: Handle) -> int:
            handle(ReadFrom())
            return self.sequencer.fold.seq

        return await self.write(close_runs)

    async def _refuse_sending(self, outgoing: Outgoing) -> str:
        """Return why an effect may not leave now: an author has no right to it, its receiver is gone. "": it may.

        Raises `StoreFault`.
        """
        fold = self.sequencer.fold
        body = fold.board.commits[outgoing.commit][1]
        for intent in body.intents:
            author = fold.board.entries[intent]
            role: Role | None = author.role
            if self._role_of is not None:
                role = await self._role_of(self.ws, author.actor, author.role)
            refused = refuse_sending(fold, body, intent, role)
            if refused:
                return refused
        # Last, with nothing awaited after it: an owner may have taken the receiver away while the store was asked.
        return refuse_receiver(fold.receivers, outgoing)

    def start(self, requests: Iterable[Request]) -> None:
        """Carry out what the opening left to do, and take up what was under way; everything before it is durable."""
        assert self.gate.is_empty, "an opening is durable before its room is there"
        for request in requests:
            self._dispatcher.start(request)
        if self.sequencer.fold.board.live:
            self.post_event(Ticked())
        self._pack_job()()

    async def close(self, why: Close = CLOSE_RESTART) -> None:
        """Close in good order: a checkpoint, everything durable, sockets told why."""
        if self.is_open:
            await self.reader.finish()
        if self.is_open:
            await self.mailbox.post(lambda: self._finish(why))
        await asyncio.wait((self.stopped,))

    # ------------------------------------------------------------ a turn

    def _turn(self) -> None:
        """Do what waits in the mailbox, hand what it led to to the disk, and say when to come again."""
        if not self.mailbox.is_open or self.gate.is_full:
            self.mailbox.skip_turn()
            return
        try:
            self._work()
        except WorkspaceFault as fault:
            LOGGER.error("room %s stops: %s: %s", self.ws, type(fault).__name__, fault)
            self._stop(str(fault))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as bug:  # noqa: BLE001  the root of the room's loop: a bug stops this room, not the server
            LOGGER.exception("room %s stops on a bug", self.ws)
            self._stop(place_of(bug))

    def _work(self) -> None:
        mailbox, sequencer = self.mailbox, self.sequencer
        mailbox.drain()
        due = sequencer.next_deadline()
        is_due = not sequencer.is_settled or (due is not None and due <= self.clock.now())
        if mailbox.is_open and is_due and not self.reader.are_running:
            due = self._take_steps()
        if self._has_news:
            self._has_news = False
            self.hub.presence.refresh()
        self.gate.flush()
        if not mailbox.is_open:
            self._end_when_released()
        elif len(mailbox) or not (sequencer.is_settled or self.reader.are_running):
            mailbox.schedule()
        elif due is not None and not self.reader.are_running:
            self._alarm.set(self._loop.time() + max(0.0, due - self.clock.now()))

    def _take_steps(self) -> float | None:
        """Take a step of the round, and further ones while this turn has time left; return when to come again."""
        sequencer, end = self.sequencer, self._loop.time() + SHARE_SECONDS
        self._handle(Ticked())
        while not (sequencer.is_settled or self.reader.are_running) and self._loop.time() < end:
            self._handle(Ticked())
        return sequencer.next_deadline()

    def _handle(self, event: Event, by: Peer | None = None) -> Outcome:
        """Put an event through the sequencer, inside a turn; keep what must be durable and what waits for it.

        Raises:
            TurnFailed: the sequencer raised; the room stops.
            EventRefused: the same event made the room stop once.
        """
        if self._failures.knows(self.ws, event):
            raise EventRefused("This made the workspace stop before. It is not taken again.")
        if not isinstance(event, Edited) and self.sequencer.will_digest:
            self.reader.begin()
        self.sequencer.kernel.awaits_readings = self.reader.are_running
        fold, gate = self.sequencer.fold, self.gate
        seq, seal_before, jid = fold.seq, fold.hash, fold.jid
        try:
            outcome = self.sequencer.handle(event, self.clock.now())
            has_checkpoint = any(isinstance(record.body, CheckpointBody) for record in outcome.records)
            kept = self._snapshots() if has_checkpoint else ()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as bug:  # the root of a turn; a native panic is no Exception
            record = self._failures.record(event, bug, self.sequencer.kernel, seq=seq, prev=seal_before)
            gate.write_failure(record, seq=seq, jid=jid)
            raise TurnFailed(place_of(bug)) from bug
        if has_checkpoint:
            gate.after_durable(self._pack_job())
        gate.hold(outcome, kept)
        if outcome.notices:
            gate.after_durable(partial(self.hub.tell, outcome.notices, by))
        for request in outcome.requests:
            gate.after_durable(partial(self._dispatcher.start, request))
        # A keystroke that led to no record changes nothing of what the agent does: most turns are spared the look.
        if outcome.records or not isinstance(event, Edited):
            self._has_news = True
        return outcome

    def _snapshots(self) -> tuple[SnapshotRow, ...]:
        fold = self.sequencer.fold
        return tuple(
            SnapshotRow(doc, fold.jid, fold.documents[doc].encode(), fold.documents[doc].digest())
            for doc in self.sequencer.changed_documents()
        )

    def _pack_job(self) -> Job:
        """Return what packs the segments sealed so far; later ones wait until their own checkpoint is durable."""
        sealed = tuple(self.sequencer.fold.segments.sealed)
        return lambda: self._tasks.start(self._packing.run(sealed), name=f"pack {self.ws}") if sealed else None

    def _caught(self, bug: BaseException) -> None:
        """Take what was raised beside the writer; raise again what was not."""
        if isinstance(bug, TurnFailed | KeyboardInterrupt | SystemExit):
            raise bug
        LOGGER.error("room %s: something beside its writer broke", self.ws, exc_info=bug)
        self._doubt(bug)

    def _doubt(self, bug: BaseException) -> None:
        """Have all documents looked at where one could not be read: what cannot be read is put aside."""
        if isinstance(bug, UNREADABLE) or not isinstance(bug, Exception):
            self.mailbox.try_post(partial(self._handle, DocumentDoubted()))

    # ------------------------------------------------------------ what wakes it

    def _ring(self) -> None:
        if not self.mailbox.is_scheduled:
            self._turn()

    def _go_on(self, was_full: bool) -> None:
        """Go on, or end, once the gate has let out what it could."""
        if not self.mailbox.is_open:
            self._end_when_released()
        elif was_full:
            self.mailbox.schedule()

    def _beat(self) -> None:
        if self.is_open:
            self._heart = self._loop.call_later(self.settings.presence_seconds, self._beat)
            self.mailbox.try_post(self.hub.beat)

    # ------------------------------------------------------------ the end

    def _finish(self, why: Close) -> None:
        assert self.is_open, "a room closes once"
        self._handle(Closing())
        self._why = why
        self.gate.after_durable(lambda: self.hub.close_all(why))
        self.mailbox.close()

    def _stop(self, reason: str, *, is_counted: bool = True) -> None:
        """Stop at once: what is not durable was never shown. Who was deposed has not failed, and is not counted."""
        if self.is_open and is_counted:
            self._failures.note(self.ws, self._loop.time(), reason, did_open=True)
        self.mailbox.close()
        self.gate.drop()
        self._end_when_released()

    def _end_when_released(self) -> None:
        if self._ending is None and self.gate.is_empty:
            self._ending = self._tasks.start(self._end(), name=f"end {self.ws}")

    async def _end(self) -> None:
        assert not self.is_open, "a room that ends takes nothing more"
        try:
            self.mailbox.abandon()
            self._heart.cancel()
            self._alarm.cancel()
            self.hub.fall_silent()
            await self._tasks.close()
            await self._dispatcher.close()
            self.hub.close_all(self._why)
            self.waiters.abandon()
            await self.gate.settle()
        finally:
            if not self.stopped.done():
                self.stopped.set_result(None)
