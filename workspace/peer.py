"""One connected socket as its room sees it: what waits to be sent, how far it follows the log, why it is closed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from crdt.sync import encode_control
from workspace.errors import CLOSE_SLOW, Close
from workspace.outbox import Frame, Outbox
from workspace.session import Session

Following = Literal["no", "catching_up", "live"]


@dataclass(slots=True, eq=False)
class Peer:
    """The room writes here, the socket's writer task reads; only one of each."""

    session: Session
    outbox: Outbox = field(default_factory=Outbox)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    drained: asyncio.Event = field(default_factory=asyncio.Event)
    closing: Close | None = None
    following: Following = "no"

    def send(self, frame: Frame) -> None:
        """Queue a frame; a client that reads too slowly is closed with "resync"."""
        if self.closing is not None:
            return
        if not self.outbox.put(frame):
            self.close(CLOSE_SLOW)
        self.wake.set()

    def control(self, message: bytes) -> None:
        """Queue a control message in this socket's carrier; nothing to a socket that never said hello (F9)."""
        if self.session.doc is None:
            self.send(message.decode())
        elif self.session.has_hello:
            self.send(encode_control(message))

    def close(self, why: Close) -> None:
        """Close the socket after what is queued (at once when it is too slow). The first reason stands."""
        if self.closing is None:
            self.closing = why
        self.wake.set()
        self.drained.set()

    async def next_frame(self) -> Frame | None:
        """Return the next frame to send; None when the socket is to be closed."""
        while True:
            if self.closing is not None and self.closing.status == CLOSE_SLOW.status:
                return None
            frame = self.outbox.take()
            if frame is not None:
                if self.outbox.has_room:
                    self.drained.set()
                return frame
            if self.closing is not None:
                return None
            self.wake.clear()
            await self.wake.wait()

    async def room_to_send(self) -> bool:
        """Wait until the queue is less than half full; False when the socket is closing."""
        while self.closing is None and not self.outbox.has_room:
            self.drained.clear()
            await self.drained.wait()
        return self.closing is None
