"""Who follows the log: each socket is brought up to date, then told every record as it becomes durable.

A socket that follows first reads the log from the store, as fast as it takes it, and then goes over to live: the page
that ends at the last durable record is followed, in the same step of the loop, by the notices of the next. Pages are
read one at a time, and within each person's share of time: a log costs more to send than to ask for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container
from contextlib import suppress
from functools import partial

from workspace import __version__
from workspace.errors import Close, RoomClosed, WorkspaceFault
from workspace.intents.model.bodies import VerdictBody
from workspace.intents.model.record import Record
from workspace.protocol.messages import Hello, Welcome, encode, encode_record
from workspace.room.arrival import Arrivals
from workspace.room.context import RoomContext
from workspace.room.inbox import Inbox
from workspace.room.notices import standing
from workspace.room.peer import Peer, PreparedMessage
from workspace.room.work import MeasuredWork

PAGE_ROWS = 500
# What a page costs, in times of what encoding it takes: another thread has read it, and each record is sent. Measured
# for 1,003 records: 10.8 µs each, of which 2.4 encode.
SENT_FACTOR = 4.5


class LogFollow:
    """The sockets that follow one room's log, and how far each lane was sent it; `peers` are all that are in."""

    __slots__ = ("_context", "_peers", "_reading", "_work", "arrivals", "delivered", "followers", "inbox")

    def __init__(self, context: RoomContext, peers: Container[Peer], work: MeasuredWork) -> None:
        self._context = context
        self._peers = peers
        self._work = work
        # One page at a time; made when there is the first.
        self._reading: asyncio.Lock | None = None
        # In the order in which they began to: whoever has come first is told first.
        self.followers: dict[Peer, None] = {}
        self.inbox = Inbox(context.sequencer, context.store, gate=context.gate, tasks=context.tasks)
        self.arrivals = Arrivals(context.sequencer, context.gate.after_durable, followers=self.followers)
        self.delivered: dict[str, int] = {}

    # ------------------------------------------------------------ coming and going

    def welcome(self, peer: Peer, hello: Hello, secret: str) -> None:
        """Tell a socket that is on its lane where the log stands, and let it follow from `hello.seen`."""
        context, session = self._context, peer.session
        assert session.has_hello, "a socket is on its lane before it is welcomed"
        # What an earlier life of this server sent counts too; nobody can have seen more than is durable.
        self.deliver(peer, min(max(0, hello.seen), context.gate.durable_seq))
        fold = context.sequencer.fold
        told = standing(fold, context.sequencer.lives)
        answer = Welcome(
            lane=session.lane,
            secret=secret,
            n=fold.board.lanes.clock(session.lane).n,
            seq=fold.seq,
            epoch=context.sequencer.kernel.epoch,
            actor=session.identity.actor,
            role=session.identity.role,
            server=__version__,
        )

        def job() -> None:
            peer.control(encode(answer))
            for message in told:
                peer.control(message)
            if hello.follow and peer in self._peers:
                self._begin(peer, max(0, hello.seen))

        context.gate.after_durable(job)

    def leave(self, peer: Peer) -> None:
        """Tell a socket nothing more."""
        self.followers.pop(peer, None)
        self.inbox.leave(peer)

    def deliver(self, peer: Peer, seq: int) -> None:
        """Remember that a socket was sent the log up to `seq`: its lane may claim to have seen it."""
        lane = peer.session.lane
        self.delivered[lane] = max(seq, self.delivered.get(lane, 0))

    # ------------------------------------------------------------ what followers are told

    def append(self, record: Record) -> None:
        """Tell those who are up to date of a record that is durable."""
        assert record.seq <= self._context.gate.durable_seq, "nothing is told before it is on disk"
        if self.followers:
            wire = PreparedMessage(encode_record(record.row))
            for peer in self.followers:
                if peer.following == "live":
                    peer.control(wire)
                    self.deliver(peer, record.seq)
        if isinstance(record.body, VerdictBody):
            self.inbox.arrived(record.body)

    def tell(self, message: bytes) -> None:
        """Tell all followers something that is in no record."""
        note = PreparedMessage(message)
        for peer in self.followers:
            peer.control(note)

    # ------------------------------------------------------------ catching up, beside the room's loop

    def _begin(self, peer: Peer, seen: int) -> None:
        assert peer.following == "no", "a socket says hello once"
        peer.following = "catching_up"
        self.followers[peer] = None
        self._context.tasks.start(self._catch_up(peer, seen), name=f"catch up {peer.session.id}")

    async def _catch_up(self, peer: Peer, seen: int) -> None:
        """Send the log from `seen` on, as fast as the socket takes it, then go over to live without a gap."""
        context, cursor = self._context, seen
        while peer in self._peers and await peer.room_to_send():
            # No await between this look and `live`: a record that becomes durable in between would be nobody's.
            if cursor >= context.gate.durable_seq:
                peer.following = "live"
                with suppress(RoomClosed):
                    await context.mailbox.post(partial(self.arrivals.show, peer, seen))
                # After the log, so that a long inbox does not fill a queue that is filled already.
                self.inbox.enter(peer)
                return
            last = min(context.gate.durable_seq, cursor + PAGE_ROWS)
            try:
                page = await self._read(peer, cursor + 1, last)
            except WorkspaceFault as fault:
                peer.close(Close(1012, fault.code, fault.reason))
                return
            for seq, record in page:
                if not await peer.room_to_send():
                    return
                peer.control(record)
                cursor = seq
                self.deliver(peer, cursor)

    async def _read(self, peer: Peer, first: int, last: int) -> list[tuple[int, bytes]]:
        """Return records as they are sent, with their numbers: one page at a time, and within their reader's share.

        Raises `StoreFault`.
        """
        context, work, actor = self._context, self._work, peer.session.identity.actor
        while True:
            if (wait := work.wait(actor)) > 0:
                await asyncio.sleep(wait)
            if self._reading is None:
                self._reading = asyncio.Lock()
            async with self._reading:
                # Others of theirs may have used it up meanwhile; nobody else waits for that.
                if work.wait(actor) > 0:
                    continue
                rows = await context.store.rows(context.ws, first=first, last=last, limit=PAGE_ROWS)
                began = work.timer()
                page = [(row.seq, encode_record(row)) for row in rows]
                work.spend(actor, SENT_FACTOR * (work.timer() - began))
                return page
