"""Find, open and close rooms; make and delete workspaces. One room a workspace, opened once."""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import ParamSpec, TypeVar

from crdt.documents.pycrdt_document import DocumentKind
from workspace import __version__
from workspace.errors import (
    CLOSE_NOT_FOUND,
    CLOSE_RESTART,
    LogCorrupt,
    Refusal,
    RoomClosed,
    WorkspaceFault,
    WorkspaceMissing,
)
from workspace.history.log_reads import LogReads
from workspace.history.read import read_all
from workspace.history.turns import Turns
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.events import Edited
from workspace.intents.model.log_format import FORMAT, LOG_FORMAT
from workspace.intents.model.times import timestamp
from workspace.intents.recovery import open_sequencer
from workspace.ports import Batch, Clock, EffectSender, Judge, Planner, Store, WorkspaceRow
from workspace.registry.attempts import CHANGES_AT_ONCE, CHANGES_PER_SECOND, Attempts
from workspace.registry.authority import Authority
from workspace.registry.blob_names import LivingNames
from workspace.registry.blob_sweeper import BlobSweeper
from workspace.registry.creation import found
from workspace.registry.invitations import Invitations
from workspace.registry.people import People
from workspace.registry.readiness import Readiness
from workspace.registry.sightings import Sightings
from workspace.registry.sign_in import Provider, SignIns
from workspace.registry.sweeper import Sweeper
from workspace.registry.switches import Switches
from workspace.registry.tallies import Tallies
from workspace.registry.tokens import AccessTokens
from workspace.room.failures import Failures, place_of
from workspace.room.room import Room
from workspace.room.work_account import WorkAccounts
from workspace.settings import Settings
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER, Metrics
from workspace.threads import compute

P = ParamSpec("P")
T = TypeVar("T")
WAKING_AT_ONCE = 4
SHORT_LOG = 200


class RoomRegistry:
    """All workspaces of a server. Rooms open on the first need and close when nobody needs them."""

    def __init__(
        self,
        *,
        store: Store,
        planner: Planner | None,
        clock: Clock,
        settings: Settings,
        judge: Judge | None = None,
        senders: Mapping[str, EffectSender] | None = None,
        provider: Provider | None = None,
    ) -> None:
        self.store = store
        self.senders = dict(senders or {})
        self.planner = planner
        self.judge = judge
        self.clock = clock
        self.settings = settings
        self._bounds = settings.bounds()  # one for all rooms
        self.metrics = Metrics()
        self.accounts = WorkAccounts(settings.work_per_second_max, settings.work_burst_max)
        self.reads = LogReads(store)
        # Work of some hundredths of a second on documents: beside the loop, and one piece at a time.
        self.probes = Turns()
        self.rooms: dict[str, Room] = {}
        self.tokens = AccessTokens(store, clock)
        self.authority = Authority(store, clock, self.tokens, self.rooms, is_open=settings.is_open)
        self.people = People(store, clock, self.tokens, self._keys_have_ended)
        self.invitations = Invitations(store, clock, self.tokens, self._keys_have_ended)
        self.attempts = Attempts(clock)
        self.changes = Attempts(clock, CHANGES_PER_SECOND, CHANGES_AT_ONCE)
        self.sign_ins = SignIns(
            provider, store=store, clock=clock, tokens=self.tokens, changes=self.changes, told=self._keys_have_ended
        )
        self.sightings = Sightings(store, clock)
        self.switches = Switches(store, clock, self.rooms)
        self.tallies = Tallies(store, clock, self.rooms)
        self.blob_names = LivingNames()
        # Of files that are on their way, by person.
        self.uploads: Counter[str] = Counter()
        self.blob_sweeper = BlobSweeper(
            store, clock, self.reads, self.rooms, self.blob_names, settings=settings, metrics=self.metrics
        )
        # When it began to serve, in unix seconds.
        self.started = clock.now()
        self.readiness = Readiness(store)
        self._sweeper = Sweeper(self.rooms, clock=clock, metrics=self.metrics, idle_seconds=settings.idle_seconds)
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._failures = Failures()
        self._tasks = Tasks()

    async def start(self) -> None:
        """Open the store, begin to open what went on when the last server stopped, and to close idle rooms."""
        await self.store.open()
        await self.authority.open()
        await self.switches.open()
        if self.planner is not None:
            await self.planner.open()
        self._tasks.start(self._wake(), name="registry wake")
        self._tasks.start(self._sweeper.run(), name="registry sweep")
        self._tasks.start(self.sightings.run(), name="registry sightings")
        self._tasks.start(self.tallies.run(), name="registry tallies")
        self._tasks.start(self.blob_sweeper.run(), name="registry files")

    async def stop(self) -> None:
        """Close every room in good order, then the store."""
        await self._tasks.close()
        assert not self._opening, "an opening that is cancelled leaves nothing behind"
        await self.switches.close()
        await self.authority.close()
        await self.readiness.close()
        await self.reads.close()
        await self.tallies.look()
        await asyncio.gather(*(room.close(CLOSE_RESTART) for room in list(self.rooms.values())))
        if self.planner is not None:
            await self.planner.close()
        await self.sightings.write()
        await self.store.close()

    # ------------------------------------------------------------ rooms

    async def room(self, ws: str) -> Room:
        """Return the open room of a workspace, opening it where needed.

        Raises:
            WorkspaceMissing: there is none.
            LogCorrupt: its log does not verify; it stays closed.
            StoreFault: the database failed.
            RoomClosed: it has stopped, or failed to open, several times in a row; it has a pause.
        """
        room = self.rooms.get(ws)
        if room is not None and room.is_open:
            return room
        opening = self._opening.get(ws)
        if opening is None:
            pause, why = self._failures.pause(ws, asyncio.get_running_loop().time())
            if pause > 0 and self._failures.is_lasting(ws):
                raise RoomClosed(f"the workspace does not open: {why}", retry=False)
            if pause > 0:
                raise RoomClosed(f"the workspace has stopped, it opens in {pause:.1f} s: {why}", retry=True)
            work = self._reopen(ws)
            opening = self._opening[ws] = self._tasks.start(work, name=f"open {ws}", is_awaited=True)
        # Shielded: who first came may go again, those who came meanwhile wait for the same room.
        return await asyncio.shield(opening)

    async def _reopen(self, ws: str) -> Room:
        try:
            before = self.rooms.get(ws)
            if before is not None and not before.is_open:
                await asyncio.wait((before.stopped,))
            assert ws in self._opening, "one opening at a time"
            self.rooms[ws] = room = await self._open(ws)
            self.switches.greet(room)
            self.metrics.add("rooms_opened_total")
            return room
        except WorkspaceMissing:
            self._failures.forget(ws)
            raise
        except WorkspaceFault as fault:
            now = asyncio.get_running_loop().time()
            self._failures.note(ws, now, fault.reason, did_open=False, is_lasting=isinstance(fault, LogCorrupt))
            raise
        except Exception as bug:
            LOGGER.exception("workspace %s does not open", ws)
            self._failures.note(ws, asyncio.get_running_loop().time(), place_of(bug), did_open=False)
            raise RoomClosed(f"the workspace cannot be opened: {place_of(bug)}", retry=True) from bug
        finally:
            del self._opening[ws]

    async def _open(self, ws: str) -> Room:
        taken = await self.store.take(ws, short=SHORT_LOG)
        epoch = taken.epoch
        try:
            rows, journal = taken.log or await read_all(self.store, ws)
            sequencer, outcome = await self._beside(
                len(rows) + len(journal),
                open_sequencer,
                ws,
                epoch=epoch,
                rows=rows,
                journal=journal,
                now=self.clock.now(),
                versions=library_versions(),
                chance=int(self.clock.token(4), 16),
                bounds=self._bounds,
                has_judge=self.judge is not None,
                quick=self.judge.quick if self.judge is not None else None,
                switches=self.switches.thrown(ws),
            )
        except LogCorrupt as fault:
            LOGGER.error("workspace %s does not open: %s", ws, fault.reason)
            raise
        fold = sequencer.fold
        assert sequencer.kernel.epoch == epoch, "a room writes under the epoch that it has claimed"
        if outcome.records or fold.is_busy != taken.is_busy:
            new = tuple(record.row for record in outcome.records)
            is_busy = fold.is_busy if fold.is_busy != taken.is_busy else None
            await self.store.submit(Batch(ws, epoch, new, head=(fold.seq, fold.jid), is_busy=is_busy))
        lost = await self.authority.lost(ws, fold.board.live)
        room = Room(
            sequencer,
            store=self.store,
            planner=self.planner,
            judge=self.judge,
            senders=self.senders,
            clock=self.clock,
            settings=self.settings,
            metrics=self.metrics,
            failures=self._failures,
            role_of=self.authority.role_of,
            reads=self.reads,
        )
        if lost is not None:
            # Before the first turn: nothing is planned or committed for who lost the right while nobody was here.
            room.post_event(lost)
        room.start(outcome.requests)
        return room

    async def _beside(self, size: int, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Call in a thread of its own where it may take long, else at once: a thread costs more than a short log."""
        if size <= SHORT_LOG:
            return call(*args, **more)
        return await compute(call, *args, **more)

    async def _wake(self) -> None:
        """Open every workspace where something goes on without anybody: deadlines pass and effects leave on time."""
        at_once = asyncio.Semaphore(WAKING_AT_ONCE)

        async def one(ws: str) -> None:
            async with at_once:
                try:
                    await self.room(ws)
                except WorkspaceFault as fault:
                    LOGGER.error("workspace %s is not woken: %s", ws, fault.reason)
                except Exception:  # noqa: BLE001  a task root: a bug in one workspace does not keep others asleep
                    LOGGER.exception("workspace %s is not woken", ws)

        try:
            busy = [row.id for row in await self.store.workspaces() if row.is_busy]
        except WorkspaceFault as fault:
            LOGGER.error("nothing is woken: %s", fault.reason)
            return
        for opening in [self._tasks.start(one(ws), name=f"wake {ws}") for ws in busy]:
            await opening

    # ------------------------------------------------------------ workspaces

    async def create(
        self,
        ws: str,
        *,
        name: str,
        actor: str,
        policy: PolicyConfig | None = None,
        documents: dict[str, DocumentKind] | None = None,
        edits: tuple[Edited, ...] = (),
    ) -> Room:
        """Make a workspace with its first `config` record and what its documents begin with.

        Raises `WorkspaceExists`.
        """
        await self.store.create_workspace(WorkspaceRow(ws, name, timestamp(self.clock.now())))
        room = await self.room(ws)
        config = ConfigBody(name=name, documents=documents or {}, members={actor: "owner"}, policy=policy)
        await room.write(lambda handle: found(handle, actor, config, edits))
        return room

    async def delete(self, ws: str) -> None:
        """Close a workspace's room and remove everything it has."""
        room = self.rooms.pop(ws, None)
        if room is not None and room.is_open:
            await room.close(CLOSE_NOT_FOUND)
        await self.store.delete_workspace(ws)
        self._failures.forget(ws)
        self.tokens.forget()

    async def revoke(self, ws: str, *, actor: str | None, token_id: str | None, by: str = "") -> list[str] | Refusal:
        """Revoke tokens of a workspace, an actor's with their membership, or one.

        What goes on under them, and was asked with them, ends before this returns.
        """
        ids = await self.people.revoke_all(ws, actor, by=by) if actor is not None else list[str]()
        if token_id is None or isinstance(ids, Refusal):
            return ids
        one = await self.people.revoke_one(ws, token_id, by=by)
        return one if isinstance(one, Refusal) else [*ids, *one]

    async def _keys_have_ended(self, ws: str, ids: Sequence[str]) -> None:
        """Look every key up anew, and end what goes on under these; in a workspace, what was asked with them too."""
        self.tokens.forget()
        self.authority.end(ids)
        if ws:
            await self.authority.look(ws)


@functools.cache
def library_versions() -> dict[str, str]:
    """Return the versions that decide how a log is replayed."""
    try:
        pycrdt = version("pycrdt")
    except PackageNotFoundError:
        pycrdt = "unknown"
    # How documents are read (`crdt.documents.document`): since 2 by Yjs' own rule for halves of characters, XML in one
    # order.
    return {"folkmoot": __version__, "pycrdt": pycrdt, "documents": "2", "plans": "2", FORMAT: str(LOG_FORMAT)}
