"""What peers had seen before a kill -9, and what of it the restarted server still has."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.bench.peers.crowd import Crowd, Room
from tests.bench.peers.histories import text_of
from tests.bench.peers.order import Order
from tests.bench.peers.wire import tokens_in

Figures = dict[str, float | bool]


def write_seen(file: str, rooms: list[Room]) -> int:
    """Write down, by room, the operations that reached somebody else; return how many there are."""
    seen = {room.name: sorted(token.decode() for token in _seen_in(room)) for room in rooms}
    Path(file).write_text(json.dumps(seen))
    return sum(len(tokens) for tokens in seen.values())


def _seen_in(room: Room) -> set[bytes]:
    found: set[bytes] = set()
    for client in room.clients:
        for frame in client.kept or ():
            found |= {token for token in tokens_in(frame) if not token.startswith(client.own)}
    return found


async def count_lost(order: Order) -> Figures:
    """Ask the restarted server for every room and count what is missing."""
    crowd = Crowd(order)
    seen = json.loads(await asyncio.to_thread(Path(order.file).read_text))
    lost = total = 0
    for at in range(order.rooms):
        room = crowd.room(at)
        have = tokens_in(text_of(await crowd.state_of(room)).encode())
        wanted = {token.encode() for token in seen[room.name]}
        total += len(wanted)
        lost += len(wanted - have)
    return {"lost": lost, "lost_share": lost / max(1, total), "converged": True}
