"""One writer, many readers: how long an edit takes to arrive, and what a delivery costs the server.

Open loop: the writer keeps its pace whatever the server does, so that a stall shows in every edit behind it.
"""

from __future__ import annotations

import asyncio

from tests.bench.peers.crowd import Crowd, clock, percentile
from tests.bench.peers.histories import appended
from tests.bench.peers.loss import Figures
from tests.bench.peers.order import Order
from tests.bench.peers.process import cpu_seconds, own_cpu_seconds, resident_bytes
from tests.bench.peers.wire import update_frame

KEEPING = 3


async def fan_out(order: Order) -> Figures:
    """Write `rate` edits a second to `clients` - 1 readers."""
    crowd = Crowd(order)
    count = int(order.rate * (order.seconds + order.warm)) + 1
    frames = [[update_frame(update) for update in appended(0, count)]] + [[] for _ in range(order.clients - 1)]
    room = crowd.room(0)
    await crowd.fill([room])
    for client in room.clients[-KEEPING:]:
        client.kept = []
    writer = room.clients[0]
    room.sent_at = {writer.own: []}
    sent_at = room.sent_at[writer.own]
    crowd.is_counting = True
    begun = clock() + 0.05
    first = int(order.rate * order.warm)
    used = own = at = 0.0
    before = 0
    for number in range(count):
        await asyncio.sleep(max(0.0, begun + number / order.rate - clock()))
        if number == first:
            used, own, at, before = cpu_seconds(order.pid), own_cpu_seconds(), clock(), crowd.received
            crowd.latencies.clear()
        sent_at.append(clock())
        writer.send(frames[0][number])
        writer.sent += 1
    used, own, at = cpu_seconds(order.pid) - used, own_cpu_seconds() - own, clock() - at
    delivered = crowd.received - before
    expected = count * (order.clients - 1)
    await crowd.drain(expected)
    is_whole = await crowd.converged([room], frames) and crowd.received == expected
    figures: Figures = {
        "p50_ms": percentile(crowd.latencies, 50) * 1e3,
        "p99_ms": percentile(crowd.latencies, 99) * 1e3,
        "cpu_us": used / max(1, delivered) * 1e6,
        "server_share": used / at,
        "generator_share": own / at,
        "resident_mb": resident_bytes(order.pid) / 1e6,
        "converged": is_whole and not crowd.drops,
    }
    await crowd.close([room])
    return figures
