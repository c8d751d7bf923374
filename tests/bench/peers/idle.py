"""Many rooms in which nothing happens: what one costs in memory, and how fast they are opened."""

from __future__ import annotations

import asyncio

from tests.bench.peers.crowd import Crowd, clock
from tests.bench.peers.histories import appended
from tests.bench.peers.loss import Figures
from tests.bench.peers.order import Order
from tests.bench.peers.process import cpu_seconds, resident_bytes
from tests.bench.peers.wire import MARK, update_frame

LOOKED_AT = 20


async def idle(order: Order) -> Figures:
    """Open `rooms` rooms with one connection and one edit each, then let them be."""
    crowd = Crowd(order)
    empty = resident_bytes(order.pid)
    rooms = crowd.rooms()
    begun, used = clock(), cpu_seconds(order.pid)
    await crowd.fill(rooms)
    connecting, used = clock() - begun, cpu_seconds(order.pid) - used
    edit = update_frame(appended(0, 1)[0])
    for room in rooms:
        room.clients[0].send(edit)
    await asyncio.sleep(order.warm)
    full = resident_bytes(order.pid)
    beating = cpu_seconds(order.pid)
    await asyncio.sleep(order.seconds)
    beating = cpu_seconds(order.pid) - beating
    looked_at = rooms[:: max(1, len(rooms) // LOOKED_AT)]
    states = [await crowd.state_of(room) for room in looked_at] if order.dialect != "raw" else []
    connections = len(rooms) * order.clients
    figures: Figures = {
        "room_kb": (full - empty) / connections / 1024,
        "connects_s": connections / connecting,
        "connect_cpu_ms": used / connections * 1e3,
        "idle_share": beating / order.seconds,
        "resident_mb": full / 1e6,
        "converged": all(state.count(MARK) == 1 for state in states) and not crowd.drops,
    }
    await crowd.close(rooms)
    return figures
