"""Opening a document with a long history: first by the server itself (cold), then by one reader more (warm)."""

from __future__ import annotations

import asyncio

from tests.bench.peers.crowd import Client, Crowd, Room, clock, percentile
from tests.bench.peers.histories import LONG_AUTHOR, long_history, text_of
from tests.bench.peers.loss import Figures
from tests.bench.peers.order import Order
from tests.bench.peers.process import cpu_seconds, resident_bytes
from tests.bench.peers.wire import step1, update_frame, var_uint

# Below Folkmoot's bound of 500 frames a second a socket, so that seeding is never refused.
FRAMES_PER_SECOND = 400
BARRIER_FRAMES = 100


async def seed(order: Order) -> Figures:
    """Write the long history of `operations` edits into room 0, then wait `warm` seconds for a store that lags."""
    crowd = Crowd(order)
    room = crowd.room(0)
    history = long_history(order.operations)
    begun, used = clock(), cpu_seconds(order.pid)
    await write_history(crowd, room, history)
    used = cpu_seconds(order.pid) - used
    is_whole = text_of(await crowd.state_of(room)) == text_of(*history)
    await asyncio.sleep(order.warm)
    await crowd.close([room])
    return {"seed_s": clock() - begun, "seed_cpu_us": used / len(history) * 1e6, "converged": is_whole}


async def write_history(crowd: Crowd, room: Room, history: list[bytes]) -> None:
    """Send updates in order from one new client of the room, and wait until the server has taken them all."""
    writer = await crowd.connect(room, 0)
    room.clients.append(writer)
    begun = clock()
    for number, update in enumerate(history):
        writer.send(update_frame(update))
        if number % BARRIER_FRAMES == BARRIER_FRAMES - 1:
            await _barrier(writer)
            await asyncio.sleep(max(0.0, begun + number / FRAMES_PER_SECOND - clock()))
    await _barrier(writer)


async def _barrier(client: Client) -> None:
    """Wait for the answer to a question that comes after everything sent; the answer is small: we claim to have all."""
    client.synced = asyncio.get_running_loop().create_future()
    client.send(step1(b"\x01" + var_uint(LONG_AUTHOR) + var_uint(2**31 - 1)))
    await asyncio.wait_for(client.synced, 120)


async def reopen(order: Order) -> Figures:
    """Open room 0 once cold and `repeats` times warm; the first client stays, so that the room stays open."""
    crowd = Crowd(order)
    want = text_of(*long_history(order.operations))
    times, is_whole, clients = [], True, []
    for _ in range(order.repeats + 1):
        room = crowd.room(0)
        begun = clock()
        client = await crowd.connect(room, 0)
        times.append(client.synced_at - begun)
        is_whole = is_whole and text_of(client.synced.result()) == want
        clients.append(client)
        if len(clients) > 1:
            crowd.is_closing = True
            client.line.hang_up()
            await asyncio.sleep(0.05)
            crowd.is_closing = False
    crowd.is_closing = True
    clients[0].line.hang_up()
    return {
        "cold_ms": times[0] * 1e3,
        "warm_ms": percentile(times[1:], 50) * 1e3,
        "state_kb": len(clients[0].synced.result()) / 1024,
        "resident_mb": resident_bytes(order.pid) / 1e6,
        "converged": is_whole and not crowd.drops,
    }
