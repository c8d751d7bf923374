"""Find, open and close rooms; make and delete workspaces; look at tokens. One room a workspace, opened once."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import ParamSpec, TypeVar

from crdt.documents.document import DocumentKind
from workspace import __version__
from workspace.access import Identity, check_token, format_token, hash_secret, parse_token
from workspace.errors import (
    CLOSE_NOT_FOUND,
    CLOSE_RESTART,
    CLOSE_UNAUTHENTICATED,
    LogCorrupt,
    RoomClosed,
    WorkspaceFault,
    WorkspaceMissing,
)
from workspace.history.read import read_all
from workspace.intents.log_format import FORMAT, LOG_FORMAT
from workspace.intents.model.events import Edited
from workspace.intents.model.intent import Role
from workspace.intents.model.record import ConfigBody, PolicyConfig
from workspace.intents.recovery import open_sequencer
from workspace.intents.steps.turn import timestamp
from workspace.ports import Batch, Clock, EffectSender, Judge, LaneRow, Planner, Store, TokenRow, WorkspaceRow
from workspace.protocol.messages import Hello
from workspace.registry.creation import found
from workspace.registry.heap import give_back
from workspace.registry.readiness import Readiness
from workspace.registry.switches import Switches
from workspace.room.failures import Failures, place_of
from workspace.room.peer import Peer
from workspace.room.room import Room
from workspace.settings import Settings
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER, Metrics

P = ParamSpec("P")
T = TypeVar("T")
SWEEP_SECONDS = 5.0
GIVE_BACK_SECONDS = 60.0
WAKING_AT_ONCE = 4
SHORT_LOG = 200
TOKEN_SECONDS = 2.0
TOKENS_MAX = 10_000


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
    ) -> None:
        self.store = store
        self.senders = dict(senders or {})
        self.planner = planner
        self.judge = judge
        self.clock = clock
        self.settings = settings
        self.metrics = Metrics()
        self.rooms: dict[str, Room] = {}
        self.switches = Switches(store, clock, self.rooms)
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._failures = Failures()
        self.readiness = Readiness(store)
        self._tasks = Tasks()
        # Tokens looked at lately: one that another process revokes counts for two seconds more.
        self._tokens: dict[str, tuple[TokenRow | None, float]] = {}

    async def start(self) -> None:
        """Open the store, begin to open what went on when the last server stopped, and to close idle rooms."""
        await self.store.open()
        await self.switches.open()
        if self.planner is not None:
            await self.planner.open()
        self._tasks.start(self._wake(), name="registry wake")
        self._tasks.start(self._sweep(), name="registry sweep")

    async def stop(self) -> None:
        """Close every room in good order, then the store."""
        await self._tasks.close()
        await self.switches.close()
        await self.readiness.close()
        await asyncio.gather(*(room.close(CLOSE_RESTART) for room in list(self.rooms.values())))
        if self.planner is not None:
            await self.planner.close()
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
            self.rooms[ws] = room = await self._open(ws)
            self.switches.greet(room)
            self.metrics.add("rooms_opened_total")
            return room
        except WorkspaceMissing:
            self._failures.forget(ws)
            raise
        except WorkspaceFault as fault:
            self._failures.note(ws, asyncio.get_running_loop().time(), fault.reason, did_open=False)
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
                bounds=self.settings.bounds(),
                has_judge=self.judge is not None,
                quick=self.judge.quick if self.judge is not None else None,
                switches=self.switches.thrown(ws),
            )
        except LogCorrupt as fault:
            LOGGER.error("workspace %s does not open: %s", ws, fault.reason)
            raise
        fold = sequencer.fold
        if outcome.records or fold.is_busy != taken.is_busy:
            new = tuple(record.row for record in outcome.records)
            is_busy = fold.is_busy if fold.is_busy != taken.is_busy else None
            await self.store.submit(Batch(ws, epoch, new, head=(fold.seq, fold.jid), is_busy=is_busy))
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
        )
        room.begin(outcome.requests)
        return room

    async def _beside(self, size: int, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Call in a thread of its own where it may take long, else at once: a thread costs more than a short log."""
        if size <= SHORT_LOG:
            return call(*args, **more)
        return await asyncio.to_thread(call, *args, **more)

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

    async def _sweep(self) -> None:
        """Close rooms that nobody needs; give back the memory of what was closed and of documents that rest."""
        given_back, since = self._freed(), self.clock.now()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for ws, room in list(self.rooms.items()):
                is_idle = not room.hub.peers and not room.sequencer.fold.is_busy
                is_due = is_idle and self.clock.now() - room.idle_since > self.settings.idle_seconds
                if room.is_open and not is_due:
                    continue
                self.rooms.pop(ws, None)
                self.metrics.add("rooms_closed_total")
                if room.is_open:
                    with suppress(RoomClosed):  # it stops meanwhile
                        await room.close(CLOSE_RESTART)
            now = self.clock.now()
            if self._freed() != given_back and not 0 <= now - since < GIVE_BACK_SECONDS:
                given_back, since = self._freed(), now
                await asyncio.to_thread(give_back)

    def _freed(self) -> int:
        return self.metrics.value("rooms_closed_total") + self.metrics.value("documents_rested_total")

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
        await room.read(lambda: found(room, actor, config, edits))
        return room

    async def delete(self, ws: str) -> None:
        """Close a workspace's room and remove everything it has."""
        room = self.rooms.pop(ws, None)
        if room is not None and room.is_open:
            await room.close(CLOSE_NOT_FOUND)
        await self.store.delete_workspace(ws)
        self._failures.forget(ws)
        self._tokens.clear()

    # ------------------------------------------------------------ people

    async def identify(self, token: str | None, ws: str | None) -> Identity | None:
        """Return whose token this is for a workspace (None: for the server), or None when it does not count."""
        parts = parse_token(token) if token else None
        if parts is None:
            return None
        now = self.clock.now()
        kept = self._tokens.get(parts[0])
        if kept is None or not kept[1] <= now < kept[1] + TOKEN_SECONDS:
            if len(self._tokens) >= TOKENS_MAX:
                self._tokens.clear()
            row = await self.store.token(parts[0])
            kept = (row, now)
            if row is not None:
                self._tokens[parts[0]] = kept
        return check_token(kept[0], parts[1], ws=ws, now=now)

    async def make_token(self, ws: str | None, *, actor: str, role: Role, expires: float | None = None) -> str:
        """Make a token, remember its hash, return it: this is the only time it is seen."""
        return await make_token(self.store, self.clock, ws, actor=actor, role=role, expires=expires)

    async def revoke(self, ws: str, *, actor: str | None, token_id: str | None) -> list[str]:
        """Revoke tokens now; their sockets are closed before this returns."""
        ids = await self.store.revoke(ws, actor=actor, token_id=token_id)
        self._tokens.clear()
        room = self.rooms.get(ws)
        if room is not None and room.is_open and ids:
            gone = frozenset(ids)
            await room.read(lambda: room.hub.close_all(CLOSE_UNAUTHENTICATED, token_ids=gone))
        return ids

    async def hello(self, room: Room, peer: Peer, hello: Hello) -> None:
        """Give a socket its lane: a new one, or the one whose secret it knows."""
        actor = peer.session.identity.actor
        if hello.lane is not None:
            row = await self.store.lane(room.ws, hello.lane)
            known = row is not None and row.actor == actor and row.secret_hash == hash_secret(hello.secret or "")
            if not known:
                await room.enter(lambda: peer.close(CLOSE_UNAUTHENTICATED))
                return
            lane, secret = hello.lane, hello.secret or ""
        else:
            lane, secret = f"L{self.clock.token(4)}", self.clock.token(16)
            now = timestamp(self.clock.now())
            await self.store.put_lane(LaneRow(room.ws, lane, actor, hash_secret(secret), now))
        await room.enter(lambda: room.hub.welcome(peer, hello, lane=lane, secret=secret))


async def make_token(
    store: Store, clock: Clock, ws: str | None, *, actor: str, role: Role, expires: float | None = None
) -> str:
    """Make a token in a store and return it. `expires` is unix seconds, None for never."""
    id, secret = clock.token(6), clock.token(16)
    created = timestamp(clock.now())
    row = TokenRow(id, ws, actor, role, hash_secret(secret), expires, revoked=False, created_at=created)
    await store.put_token(row)
    return format_token(id, secret)


@functools.cache
def library_versions() -> dict[str, str]:
    """Return the versions that decide how a log is replayed."""
    try:
        pycrdt = version("pycrdt")
    except PackageNotFoundError:
        pycrdt = "unknown"
    # How documents are read (`crdt.documents.document`): since 2 by Yjs' own rule for halves of characters, XML in one order.
    return {"folkmoot": __version__, "pycrdt": pycrdt, "documents": "2", "plans": "2", FORMAT: str(LOG_FORMAT)}
