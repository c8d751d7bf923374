"""What one edit costs the server when something has grown: its log, the document's history, the rooms beside it.

The room that is measured is always room 0, with a closed loop of `clients` writers; `file` names what grows.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.bench.peers.crowd import clock
from tests.bench.peers.histories import appended, long_history
from tests.bench.peers.loss import Figures
from tests.bench.peers.opening import write_history
from tests.bench.peers.order import Order
from tests.bench.peers.process import cpu_seconds
from tests.bench.peers.throughput import Loop
from tests.bench.peers.wire import update_frame

# A document of its own for what makes the log long; its text is short and only its log counts.
LOG_ROOM = 1
LOG_FRAMES_PER_SECOND = 450
LOG_CLIENTS = 8


async def grow(order: Order) -> Figures:
    """Grow `file` ("log", "history" or "rooms") to `operations`, then measure edits in room 0."""
    loop = Loop(replace(order, operations=order.window * 200))
    target = loop.room(0)
    beside = []
    match order.file:
        case "history":
            author = loop.room(0)
            await write_history(loop, author, long_history(order.operations) if order.operations else [])
            await loop.close([author])
        case "rooms":
            beside = [loop.room(at) for at in range(1, order.operations + 1)]
            await Loop.fill(_one_each(loop, order), beside)
        case "log":
            await _lengthen(loop, order.operations)
    loop.is_closing = False
    await loop.fill([target])
    for client in target.clients:
        client.kept = []
    # A bounded number of edits, below the server's bound of frames a client: from the first to the last of them.
    used, at = cpu_seconds(order.pid), clock()
    loop.start([target])
    await loop.pause(order.seconds)
    await loop.drain(target.sent * loop.readers)
    used, sent, at = cpu_seconds(order.pid) - used, target.sent, clock() - at
    loop.is_stopped = True
    await loop.drain(target.sent * loop.readers)
    is_whole = target.received == target.sent * loop.readers
    figures: Figures = {
        "edit_us": used / max(1, sent) * 1e6,
        "edits_s": sent / at,
        "converged": is_whole and not loop.drops,
    }
    await loop.close([target, *beside])
    return figures


def _one_each(loop: Loop, order: Order) -> Loop:
    single = Loop(replace(order, clients=1, operations=1))
    single.is_closing = loop.is_closing
    return single


async def _lengthen(loop: Loop, count: int) -> None:
    """Write `count` edits into another document, by several clients, below the server's bound of frames."""
    room = loop.room(LOG_ROOM)
    each = count // LOG_CLIENTS
    for at in range(LOG_CLIENTS if each else 0):
        room.clients.append(await loop.connect(room, at))
    edits = [[update_frame(update) for update in appended(at, each)] for at in range(len(room.clients))]
    begun = clock()
    for number in range(each):
        for client, frames in zip(room.clients, edits, strict=True):
            client.send(frames[number])
        await asyncio.sleep(max(0.0, begun + number / LOG_FRAMES_PER_SECOND - clock()))
    await loop.state_of(room)
    await loop.close([room])
