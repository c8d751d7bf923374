"""One socket's way into its room and back, whoever carries its frames: one reader and one writer, each in order.

Where the server offers its line (`workspace.sockets.uvicorn_protocol`), messages come and go past ASGI's queues and no
task stands by for the socket; elsewhere plain ASGI does, with a task to read and one to write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.types import Receive, Send

from workspace.errors import CLOSE_RATE, CLOSE_UNAVAILABLE, Close, WorkspaceFault
from workspace.protocol.messages import Hello
from workspace.protocol.send_queue import Frame
from workspace.protocol.session import Command, DocumentEdit, Say
from workspace.room.lane_grant import grant_lane
from workspace.room.mailbox import Job
from workspace.room.peer import Peer
from workspace.room.room import Room
from workspace.sockets.uvicorn_protocol import FastProtocol
from workspace.tasks import Tasks

EDITS_MAX = 64
EDIT_BYTES_MAX = 64 << 10
# A larger frame is looked at beside the loop: 16 MiB take seconds.
INLINE_BYTES_MAX = 256 << 10
# A close frame has 125 bytes, two of them for its code.
REASON_BYTES_MAX = 120


class Connection:
    """One socket and its room. `tasks` own what must be awaited, and the writer of what cannot be sent at once."""

    __slots__ = ("_allowance", "_bytes", "_last", "_left", "_send", "_tasks", "peer", "room")

    def __init__(self, room: Room, peer: Peer, tasks: Tasks, *, left: Callable[[], object] = lambda: None) -> None:
        self.room = room
        self.peer = peer
        self._tasks = tasks
        # Called once it is over.
        self._left = left
        self._allowance: float = room.settings.frames_burst_max
        self._last = room.clock.now()
        # Of the edits that wait for the room's next turn: `peer.waiting_edits`.
        self._bytes = 0
        self._send: Send | None = None

    # ------------------------------------------------------------ on a line of its own

    async def lead(self, line: FastProtocol, send: Send) -> None:
        """Join the room on a line of its own; from then on no task stands by for this socket."""
        peer = self.peer
        try:
            await self.room.mailbox.post(partial(self.room.hub.join, peer))
        except WorkspaceFault:
            self._left()
            await send_close(send, CLOSE_UNAVAILABLE)
            return
        assert self._send is None, "a socket is led once"
        self._send, peer.start_writer, peer.transport = send, self._start_writer, line
        line.attach(self.take, self._gone, peer.update_flow)
        peer.update_flow()
        # What was said before somebody could be woken for it.
        if peer.closing is not None or not peer.send_queue.is_empty:
            peer.wake_writer()

    def _start_writer(self) -> None:
        if self._send is not None:
            self._tasks.start(write(self.peer, self._send), name=f"write {self.peer.session.id}")

    def _gone(self) -> None:
        """Leave the room; let go of what leads back to the line."""
        peer, mailbox = self.peer, self.room.mailbox
        assert peer.transport is not None, "what has gone was led"
        self._left()
        peer.disconnected()
        peer.transport = peer.start_writer = self._send = None
        leave = partial(self.room.hub.leave, peer)
        if not mailbox.try_post(leave) and mailbox.is_open:
            self._tasks.start(self._careful(mailbox.post(leave)), name=f"leave {peer.session.id}")

    # ------------------------------------------------------------ over plain ASGI

    async def serve(self, receive: Receive, send: Send) -> None:
        """Read and write until either ends, then leave the room."""
        peer, mailbox, hub, tasks = self.peer, self.room.mailbox, self.room.hub, Tasks()
        try:
            await mailbox.post(partial(hub.join, peer))
            writer = tasks.start(write(peer, send), name=f"write {peer.session.id}")
            reader = tasks.start(read(self, receive), name=f"read {peer.session.id}")
            await asyncio.wait((writer, reader), return_when=asyncio.FIRST_COMPLETED)
        except WorkspaceFault:
            await send_close(send, CLOSE_UNAVAILABLE)
        finally:
            self._left()
            await tasks.close()
            if mailbox.is_open:
                await mailbox.post(partial(hub.leave, peer))

    # ------------------------------------------------------------ frames

    def take(self, frame: Frame) -> asyncio.Task[None] | None:
        """Turn a frame into a command of the room; return what must be awaited before the next frame, if anything."""
        peer, settings = self.peer, self.room.settings
        if peer.closing is not None:
            return None
        now = self.room.clock.now()
        refill = max(0.0, now - self._last) * settings.frames_per_second_max
        self._allowance, self._last = min(settings.frames_burst_max, self._allowance + refill) - 1, now
        if self._allowance < 0:
            peer.close(CLOSE_RATE)
            return None
        if len(frame) > INLINE_BYTES_MAX:
            return self._await(self._take_large(frame, now))
        command = peer.session.read(frame, now)
        return self._command(command) if command is not None else None

    async def _take_large(self, frame: Frame, now: float) -> None:
        """Read a large frame beside the loop; those behind it wait for it."""
        peer = self.peer
        command = await asyncio.to_thread(peer.session.read, frame, now)
        wait = self._command(command) if command is not None and peer.closing is None and not peer.is_gone else None
        if wait is not None:
            await wait

    def _command(self, command: Command) -> asyncio.Task[None] | None:
        """Hand a command to the room; return what must be awaited before the next frame, if anything."""
        peer, commands = self.peer, self.room.commands
        if isinstance(command, DocumentEdit) and not command.is_step2:
            waiting = peer.waiting_edits
            self._bytes += len(command.update)
            if waiting is not None and len(waiting) < EDITS_MAX and self._bytes <= EDIT_BYTES_MAX:
                waiting.append(command)
                return None
            # Carried out together with what comes before the room's next turn; in order, so another command ends it.
            peer.waiting_edits, self._bytes = [command], len(command.update)
            return self._post(partial(commands.edit, peer, peer.waiting_edits))
        peer.waiting_edits = None
        if isinstance(command, Say) and isinstance(command.message, Hello):
            return self._await(self._careful(self._hello(command.message)))
        return self._post(partial(commands.take, peer, command))

    def _post(self, job: Job) -> asyncio.Task[None] | None:
        mailbox = self.room.mailbox
        return None if mailbox.try_post(job) else self._await(self._careful(mailbox.post(job)))

    async def _hello(self, hello: Hello) -> None:
        """Give this socket its lane."""
        room, peer = self.room, self.peer
        actor = peer.session.identity.actor
        granted = await grant_lane(room.store, room.clock, room.ws, actor=actor, hello=hello)
        await room.mailbox.post(partial(room.hub.welcome, peer, hello, granted))

    async def _careful(self, work: Coroutine[Any, Any, None]) -> None:
        """Close the socket when the room or the store cannot go on."""
        try:
            await work
        except WorkspaceFault:
            self.peer.close(CLOSE_UNAVAILABLE)

    def _await(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._tasks.start(work, name=f"frame of {self.peer.session.id}")


async def read(connection: Connection, receive: Receive) -> None:
    """Hand frames to the room, in order, until the client goes or breaks a rule."""
    peer = connection.peer
    while peer.closing is None:
        message = await receive()
        if message["type"] != "websocket.receive":
            return
        frame = message.get("bytes")
        wait = connection.take(frame if frame is not None else message["text"])
        if wait is not None:
            await wait
    # The writer sends the reason and ends the connection.
    await asyncio.Event().wait()


async def write(peer: Peer, send: Send) -> None:
    """Send what is queued, in order, then the close. One writer a socket."""
    with suppress(OSError):  # the client has gone meanwhile
        while (frame := await peer.next_frame()) is not None:
            if isinstance(frame, str):
                await send({"type": "websocket.send", "text": frame})
            else:
                await send({"type": "websocket.send", "bytes": frame})
        if peer.closing is not None and not peer.is_gone:
            await send_close(send, peer.closing)


async def send_close(send: Send, close: Close) -> None:
    """Close a socket with the protocol's code and as many of its words as a close frame has room for."""
    reason = f"{close.code}: {close.reason}".encode()[:REASON_BYTES_MAX].decode(errors="ignore")
    assert 1000 <= close.status < 5000, "a close code is one of the protocol's"
    await send({"type": "websocket.close", "code": close.status, "reason": reason})
