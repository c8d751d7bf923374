"""One room without sockets: a clock moved by hand, a disk that writes when told to, peers that keep their frames."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from crdt.documents.document import Document
from crdt.sync.y_sync import ControlFrame, decode_frame
from crdt.updates.scan import scan_update
from tests.support.until import until
from workspace.access import Identity
from workspace.intents.model.intent import Role
from workspace.ports import Batch, Planner
from workspace.protocol.messages import Hello
from workspace.protocol.session import DocumentEdit, Session
from workspace.registry.registry import RoomRegistry
from workspace.room.lane_grant import LaneGrant
from workspace.room.peer import Peer
from workspace.room.room import Room
from workspace.settings import Settings
from workspace.store.memory import MemoryStore


class HeldStore(MemoryStore):
    """While `is_held`, what is submitted waits for `write` or `fail`."""

    def __init__(self) -> None:
        super().__init__()
        self.is_held = False
        self.batches: list[Batch] = []
        self.waiting: deque[tuple[Batch, asyncio.Future[None]]] = deque()

    def submit(self, batch: Batch) -> asyncio.Future[None]:
        self.batches.append(batch)
        if not self.is_held:
            return super().submit(batch)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((batch, future))
        return future

    def write(self) -> None:
        """Write the oldest batch that waits."""
        batch, future = self.waiting.popleft()
        self._append(batch)
        future.set_result(None)

    def fail(self, error: Exception) -> None:
        """Lose the oldest batch that waits."""
        self.waiting.popleft()[1].set_exception(error)


@dataclass
class HandClock:
    """`workspace.ports.Clock` that stands still until it is moved."""

    at: float = 1_000.0
    tokens: int = 0

    def now(self) -> float:
        return self.at

    def token(self, size: int) -> str:
        self.tokens += 1
        return f"{self.tokens:0{2 * size}x}"


@dataclass
class Line:
    """A transport that takes everything at once and keeps it."""

    written: list[bytes] = field(default_factory=list)

    @property
    def write_packed(self) -> Any:
        return self.written.append


@dataclass
class Stage:
    """A room and what it stands on."""

    registry: RoomRegistry
    room: Room
    store: HeldStore
    clock: HandClock

    def peer(self, actor: str = "ana", doc: str | None = "plan", role: Role = "editor", **more: Any) -> Peer:
        """Return a socket that is not in yet."""
        token = self.clock.token(4)
        return Peer(Session(id=token, identity=Identity(actor, role, **more), lane=f"S{token}", doc=doc))

    async def join(self, actor: str = "ana", doc: str | None = "plan", role: Role = "editor", **more: Any) -> Peer:
        """Return a socket that is in and has taken what it was told."""
        peer = self.peer(actor, doc, role, **more)
        await self.room.read(lambda: self.room.hub.join(peer))
        frames(peer)
        return peer

    async def follow(self, actor: str = "ana", *, seen: int = 0, follow: bool = True) -> Peer:
        """Return a socket of the plain-JSON kind that has said hello, and has caught up where it follows."""
        peer = await self.join(actor, None)
        hello, granted = Hello(seen=seen, follow=follow), LaneGrant(f"L{actor}", "s")
        await self.room.read(lambda: self.room.hub.welcome(peer, hello, granted))
        await until(lambda: not follow or peer.following == "live")
        await self.room.read(lambda: None)
        return peer


@asynccontextmanager
async def stage(*, planner: Planner | None = None, settings: Settings | None = None) -> AsyncIterator[Stage]:
    """Open the room `w` with a text and a data document."""
    store, clock = HeldStore(), HandClock()
    registry = RoomRegistry(store=store, planner=planner, clock=clock, settings=settings or Settings())
    await registry.start()
    room = await registry.create("w", name="W", actor="olga", documents={"plan": "text", "budget": "data"})
    store.batches.clear()
    yield Stage(registry, room, store, clock)
    store.is_held = False
    while store.waiting:
        store.write()
    await registry.stop()


def frames(peer: Peer) -> list[bytes | str]:
    """Return what waits for a socket, and take it."""
    found = []
    while (frame := peer.send_queue.take()) is not None:
        found.append(frame)
    return found


def messages(peer: Peer) -> list[dict[str, Any]]:
    """Return the control messages that wait for a socket, and take everything."""
    found = []
    for frame in frames(peer):
        if isinstance(frame, str):
            found.append(json.loads(frame))
        elif isinstance(control := decode_frame(frame), ControlFrame):
            found.append(json.loads(control.payload))
    return found


@dataclass
class Typist:
    """Somebody who types into a text document of their own, which a room may be sent."""

    client: int = 70_001
    document: Document = field(init=False)

    def __post_init__(self) -> None:
        self.document = Document("text", client=self.client)

    def type(self, text: str) -> DocumentEdit:
        """Return the edit that adds `text` at the end."""
        with self.document.transaction() as done:
            self.document.insert_text(len(self.document.text()), text)
        update = done[0].update
        return DocumentEdit(update, scan_update(update), is_step2=False)
