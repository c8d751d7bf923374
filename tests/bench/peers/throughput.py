"""Closed loops in many rooms: how many deliveries a second one server process reaches, and what each costs it.

Every room keeps `window` operations of each client under way; the next leaves when an earlier one has reached all.
"""

from __future__ import annotations

import asyncio
import os
import signal

from tests.bench.peers.crowd import Crowd, Room, clock, percentile
from tests.bench.peers.histories import appended
from tests.bench.peers.loss import Figures, write_seen
from tests.bench.peers.order import Order
from tests.bench.peers.process import cpu_seconds, own_cpu_seconds, resident_bytes
from tests.bench.peers.wire import update_frame


class Loop(Crowd):
    """A crowd whose rooms send by themselves until `stop`, or until a client has nothing left (`ran_out`)."""

    def __init__(self, order: Order) -> None:
        super().__init__(order)
        self.frames = [
            [update_frame(update) for update in appended(at, order.operations)] for at in range(order.clients)
        ]
        self.readers = order.clients - 1
        self.under_way_max = order.window * order.clients * self.readers
        self.ran_out = asyncio.Event()
        self.is_stopped = False

    def start(self, rooms: list[Room]) -> None:
        """Let every room begin."""
        self.is_counting = True
        for room in rooms:
            room.is_pumped = True
        for room in rooms:
            self.pump(room)

    def pump(self, room: Room) -> None:
        """Send as long as the window has room, in turn by client."""
        while not self.is_stopped and room.sent * self.readers - room.received < self.under_way_max:
            client = room.clients[room.turn]
            room.turn = (room.turn + 1) % len(room.clients)
            if client.sent >= len(self.frames[client.index]):
                self.ran_out.set()
                return
            if room.sent_at is not None:
                room.sent_at[client.own].append(clock())
            client.send(self.frames[client.index][client.sent])
            client.sent += 1
            room.sent += 1

    async def pause(self, seconds: float) -> None:
        """Let it run for a while, or until it runs out."""
        try:
            await asyncio.wait_for(self.ran_out.wait(), seconds)
        except TimeoutError:
            pass


async def saturate(order: Order) -> Figures:
    """Run `rooms` closed loops of `clients` clients; latency is taken in one room only."""
    loop = Loop(order)
    rooms = loop.rooms()
    await loop.fill(rooms)
    for room in rooms[: order.checked]:
        for client in room.clients:
            client.kept = []
    probe = rooms[-1]
    probe.sent_at = {client.own: [] for client in probe.clients}
    loop.start(rooms)
    await loop.pause(order.warm)
    used, own, at = cpu_seconds(order.pid), own_cpu_seconds(), clock()
    received, sent = loop.received, sum(room.sent for room in rooms)
    loop.latencies.clear()
    await loop.pause(order.seconds)
    used, own, at = cpu_seconds(order.pid) - used, own_cpu_seconds() - own, clock() - at
    received, sent = loop.received - received, sum(room.sent for room in rooms) - sent
    latencies = list(loop.latencies)
    loop.is_stopped = True
    expected = sum(room.sent for room in rooms) * loop.readers
    await loop.drain(expected)
    is_whole = await loop.converged(rooms[: order.checked], loop.frames) and loop.received == expected
    figures: Figures = {
        "deliveries_s": received / at,
        "updates_s": sent / at,
        "cpu_us": used / max(1, received) * 1e6,
        "p50_ms": percentile(latencies, 50) * 1e3,
        "p99_ms": percentile(latencies, 99) * 1e3,
        "server_share": used / at,
        "generator_share": own / at,
        "resident_mb": resident_bytes(order.pid) / 1e6,
        "ran_out": loop.ran_out.is_set(),
        "converged": is_whole and not loop.drops,
    }
    await loop.close(rooms)
    return figures


async def saturate_and_kill(order: Order) -> Figures:
    """Run closed loops, end the server with kill -9 in full flight, and write down which operations peers had seen."""
    loop = Loop(order)
    rooms = loop.rooms()
    await loop.fill(rooms)
    for room in rooms:
        for client in room.clients:
            client.kept = []
    loop.start(rooms)
    begun = clock()
    await loop.pause(order.seconds)
    loop.is_closing = loop.is_stopped = True
    took = clock() - begun
    drops = loop.drops
    os.kill(order.pid, signal.SIGKILL)
    await asyncio.sleep(0.5)
    seen = write_seen(order.file, rooms)
    acknowledged = sum(client.acknowledged for room in rooms for client in room.clients)
    return {"durable_s": seen / took, "seen": seen, "acknowledged": acknowledged, "converged": not drops}
