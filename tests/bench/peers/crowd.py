"""Many clients of one server: connect them, count what they get, hold what they have against what was sent."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from tests.bench.peers.histories import text_of
from tests.bench.peers.line import FastProtocol, dial
from tests.bench.peers.order import Order, room_name
from tests.bench.peers.wire import (
    ACKNOWLEDGED,
    AUTH,
    MARK,
    STEP1,
    STEP2,
    SYNC,
    last_token,
    mark_of,
    payload_of,
    step1,
    step2,
    token_frame,
    var_bytes,
)

CONNECTING_AT_ONCE = 32
SYNC_SECONDS = 60.0
DRAIN_SECONDS = 8.0
clock = time.perf_counter


@dataclass(eq=False)
class Room:
    """One document; `sent_at` holds the sending times of each writer where latency is measured."""

    name: str
    prefix: bytes = b""
    clients: list[Client] = field(default_factory=list)
    sent: int = 0
    received: int = 0
    turn: int = 0
    sent_at: dict[bytes, list[float]] | None = None
    is_pumped: bool = False


class Client:
    """One connection. Counts operations, not frames, because servers may merge; its own echoes do not count."""

    def __init__(self, crowd: Crowd, room: Room, index: int) -> None:
        self.crowd, self.room, self.index = crowd, room, index
        self.own = mark_of(index)
        self.sent = self.frames = self.acknowledged = 0
        self.kept: list[bytes] | None = None
        self.synced: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.synced_at = 0.0
        self.is_gone = False

    def opened(self, line: FastProtocol) -> None:
        """Greet the server in its dialect."""
        self.line = line
        match self.crowd.order.dialect:
            case "yws":
                self.send(step1())
            case "hocuspocus":
                self.send(token_frame())
            case "raw":
                self.synced.set_result(b"")

    def send(self, frame: bytes) -> None:
        """Send a frame, with the document's name where the dialect wants it."""
        self.line.send(self.room.prefix + frame if self.room.prefix else frame)

    def gone(self) -> None:
        """Note the end of the connection; it is a drop unless the crowd is closing."""
        self.is_gone = True
        if not self.synced.done():
            self.synced.set_exception(ConnectionError("the server closed the connection"))
        if not self.crowd.is_closing:
            self.crowd.drops += 1

    def frame(self, frame: bytes | str) -> None:
        """Count operations; answer the rest as a client does."""
        if isinstance(frame, str):
            return
        found = frame.count(MARK)
        self.frames += 1
        if found and self.crowd.is_counting and self.synced.done():
            if self.kept is not None:
                self.kept.append(frame)
            others = found - frame.count(self.own)
            if others:
                self.crowd.took(self.room, others, frame)
        else:
            self._converse(frame)

    def _converse(self, frame: bytes) -> None:
        start = len(self.room.prefix)
        match frame[start]:
            case kind if kind == SYNC and frame[start + 1] == STEP1:
                self.send(step2())
            case kind if kind == SYNC and frame[start + 1] == STEP2 and not self.synced.done():
                self.synced_at = clock()
                self.synced.set_result(payload_of(frame, start))
            case kind if kind == ACKNOWLEDGED:
                self.acknowledged += 1
            case kind if kind == AUTH and self.crowd.order.dialect == "hocuspocus":
                self.send(step1())


class Crowd:
    """All clients of one run."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.is_counting = self.is_closing = False
        self.drops = self.received = 0
        self.latencies: list[float] = []

    def room(self, at: int) -> Room:
        """Return an empty room."""
        name = room_name(at)
        return Room(name, var_bytes(name.encode()) if self.order.dialect == "hocuspocus" else b"")

    def rooms(self) -> list[Room]:
        """Return the rooms of the order, empty."""
        return [self.room(at) for at in range(self.order.rooms)]

    def took(self, room: Room, count: int, frame: bytes) -> None:
        """Count what somebody received; the room's next operations follow in a closed loop."""
        room.received += count
        self.received += count
        if room.sent_at is not None:
            mark, number = last_token(frame)
            self.latencies.append(clock() - room.sent_at[mark][number])
        if room.is_pumped:
            self.pump(room)

    def pump(self, room: Room) -> None:
        """Called when a pumped room may send more; a closed loop replaces it."""

    async def connect(self, room: Room, index: int) -> Client:
        """Connect one client and wait until it has the document."""
        client = Client(self, room, index)
        path = self.order.path.format(room=room.name)
        await dial(f"ws://127.0.0.1:{self.order.port}/{path}", client)
        await asyncio.wait_for(asyncio.shield(client.synced), SYNC_SECONDS)
        return client

    async def fill(self, rooms: list[Room]) -> None:
        """Connect `order.clients` clients to every room; the first alone: pycrdt-websocket fails when two open one."""
        bound = asyncio.Semaphore(CONNECTING_AT_ONCE)

        async def one(room: Room, index: int) -> None:
            async with bound:
                room.clients.append(await self.connect(room, index))

        await asyncio.gather(*(one(room, 0) for room in rooms))
        await asyncio.gather(*(one(room, at) for room in rooms for at in range(1, self.order.clients)))
        for room in rooms:
            room.clients.sort(key=lambda client: client.index)

    async def close(self, rooms: list[Room]) -> None:
        """Hang up everybody."""
        self.is_closing = True
        for room in rooms:
            for client in room.clients:
                if not client.is_gone:
                    client.line.hang_up()
        await asyncio.sleep(0.05)

    async def state_of(self, room: Room) -> bytes:
        """Return the server's state of a room, as a newcomer gets it."""
        fresh = Room(room.name, room.prefix)
        client = await self.connect(fresh, 0)
        was, self.is_closing = self.is_closing, True
        client.line.hang_up()
        await asyncio.sleep(0.02)
        self.is_closing = was
        return client.synced.result()

    async def drain(self, expected: int) -> None:
        """Wait until everything arrived, or nothing more comes for eight seconds."""
        last, since = self.received, clock()
        while self.received < expected and clock() - since < DRAIN_SECONDS:
            await asyncio.sleep(0.02)
            if self.received != last:
                last, since = self.received, clock()

    async def converged(self, rooms: list[Room], frames: list[list[bytes]]) -> bool:
        """Tell whether the server, and every client that kept its frames, holds exactly what was sent."""
        for room in rooms:
            sent = [payload_of(frame) for client in room.clients for frame in frames[client.index][: client.sent]]
            want = text_of(*sent)
            if self.order.dialect != "raw" and text_of(await self.state_of(room)) != want:
                return False
            for client in room.clients:
                if client.kept is None:
                    continue
                own = [payload_of(frame) for frame in frames[client.index][: client.sent]]
                theirs = [payload_of(frame, len(room.prefix)) for frame in client.kept]
                if text_of(*own, *theirs) != want:
                    return False
        return True


def percentile(values: list[float], share: float) -> float:
    """Return a percentile; `share` is 0 to 100. Zero when there is nothing."""
    if not values:
        return 0.0
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share / 100))]
