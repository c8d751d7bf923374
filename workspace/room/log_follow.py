"""Bring a socket up to date with the log before it follows it live. Runs beside the room's loop."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Protocol

from workspace.errors import Close, RoomClosed, WorkspaceFault
from workspace.protocol.messages import encode_record
from workspace.room.arrival import Arrivals
from workspace.room.context import RoomContext
from workspace.room.inbox import Inbox
from workspace.room.peer import Peer

PAGE_ROWS = 500


class Hall(Protocol):
    """What catching up needs of the hub."""

    peers: set[Peer]
    inbox: Inbox
    arrivals: Arrivals

    def deliver(self, peer: Peer, seq: int) -> None:
        """Remember that a socket was sent the log up to `seq`."""


async def catch_up(context: RoomContext, hall: Hall, peer: Peer, seen: int) -> None:
    """Send the log from `seen` on, as fast as the socket takes it, then go over to live without a gap."""
    cursor = seen
    while peer in hall.peers and await peer.room_to_send():
        if cursor >= context.durable_seq:
            peer.following = "live"
            with suppress(RoomClosed):
                await context.post(partial(hall.arrivals.show, peer, seen))
            # After the log, so that a long inbox does not fill a queue that is filled already.
            hall.inbox.enter(peer)
            return
        last = min(context.durable_seq, cursor + PAGE_ROWS)
        try:
            rows = await context.store.rows(context.ws, first=cursor + 1, last=last, limit=PAGE_ROWS)
        except WorkspaceFault as fault:
            peer.close(Close(1012, fault.code, fault.reason))
            return
        for row in rows:
            if not await peer.room_to_send():
                return
            peer.control(encode_record(row))
            cursor = row.seq
            hall.deliver(peer, cursor)
