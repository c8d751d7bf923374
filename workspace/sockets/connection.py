"""One socket's way into its room and back, whoever carries its frames: one reader and one writer, each in order.

Where the server offers its line (`workspace.sockets.uvicorn_protocol`), messages come and go past ASGI's queues and no
task stands by for the socket; elsewhere plain ASGI does, with a task to read and one to write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.types import Receive, Send

from crdt.updates.pieces import is_large
from crdt.updates.runs import LONG_RUN
from workspace.access import Identity
from workspace.errors import CLOSE_RATE, CLOSE_UNAUTHENTICATED, CLOSE_UNAVAILABLE, Close, WorkspaceFault
from workspace.protocol.messages import Hello
from workspace.protocol.send_queue import Frame
from workspace.protocol.session import Command, DocumentEdit, Say, WantState
from workspace.registry.authority import Hold
from workspace.room.lane_grant import grant_lane
from workspace.room.mailbox import Job
from workspace.room.peer import Peer
from workspace.room.room import Room
from workspace.room.work_account import cost_of
from workspace.sockets.large_edits import LargeEdit
from workspace.sockets.uvicorn_protocol import FastProtocol
from workspace.tasks import Tasks
from workspace.threads import compute

EDITS_MAX = 64
EDIT_BYTES_MAX = 64 << 10
# What reading a smaller frame takes is not worth a look at the clock.
UNMEASURED_BYTES_MAX = 1 << 10
# A larger frame is looked at beside the loop: of nested values 16 KiB take ten milliseconds, 16 MiB of text seconds.
INLINE_BYTES_MAX = 16 << 10
# What one socket may bring in one breath: the rest is read once that is done and others have had their turn.
BREATH_FRAMES, BREATH_SECONDS = 8, 0.02
# A question this short costs nothing to read.
QUESTION_BYTES_MAX = 64
# A close frame has 125 bytes, two of them for its code.
REASON_BYTES_MAX = 120


class Connection:
    """One socket and its room. `tasks` own what must be awaited, and the writer of what cannot be sent at once."""

    __slots__ = ("_allowance", "_breath", "_bytes", "_frames", "_hold", "_last", "_send", "_tasks", "peer", "room")

    def __init__(self, room: Room, peer: Peer, tasks: Tasks, hold: Hold) -> None:
        self.room = room
        self.peer = peer
        self._tasks = tasks
        # The rights it lives under, released once it is over.
        self._hold = hold
        self._allowance: float = room.settings.frames_burst_max
        self._last = room.clock.now()
        # Of the edits that wait for the room's next turn: `peer.waiting_edits`.
        self._bytes = 0
        # When the breath began, and how many frames have come in it.
        self._breath, self._frames = self._last, 0
        self._send: Send | None = None

    # ------------------------------------------------------------ the rights it lives under

    def rights_are_over(self) -> None:
        """Close the socket."""
        self.peer.close(CLOSE_UNAUTHENTICATED)

    def rights_are(self, identity: Identity) -> None:
        """Take what comes from now on as this identity's, and have the client told what it may now."""
        self.peer.session.identity = identity
        if self.peer in self.room.hub.peers:
            self.room.hub.rights.changed((self.peer,))

    # ------------------------------------------------------------ on a line of its own

    async def lead(self, line: FastProtocol, send: Send) -> None:
        """Join the room on a line of its own; from then on no task stands by for this socket."""
        peer = self.peer
        try:
            await self.room.mailbox.post(partial(self.room.hub.join, peer))
        except WorkspaceFault:
            self._hold.release()
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
        self._hold.release()
        peer.disconnected()
        peer.transport = peer.start_writer = self._send = None
        leave = partial(self.room.commands.leave, peer)
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
            self._hold.release()
            await tasks.close()
            if mailbox.is_open:
                await mailbox.post(partial(self.room.commands.leave, peer))

    # ------------------------------------------------------------ frames

    def take(self, frame: Frame) -> asyncio.Task[None] | None:
        """Turn a frame into a command of the room; return what must be awaited before the next frame, if anything."""
        peer, settings = self.peer, self.room.settings
        if peer.closing is not None:
            return None
        # Whose person has had more done than is theirs is not read on: those who send slow down, and nothing is lost.
        if peer.account.left < 0 and (owed := peer.account.owed(asyncio.get_running_loop().time())) > 0:
            return self._await(self._take_later(frame, owed))
        # Nor whose edits have taken too much of this process's time.
        if (wait := self.room.hub.work.wait(peer.session.identity.actor)) > 0:
            return self._await(self._take_later(frame, wait))
        now = self.room.clock.now()
        refill = max(0.0, now - self._last) * settings.frames_per_second_max
        self._allowance, self._last = min(settings.frames_burst_max, self._allowance + refill) - 1, now
        if self._allowance < 0:
            peer.close(CLOSE_RATE)
            return None
        if len(frame) > INLINE_BYTES_MAX:
            return self._await(self._take_large(frame, now))
        if len(frame) <= UNMEASURED_BYTES_MAX:
            command = peer.session.read(frame, now)
        else:
            with self.room.hub.work.of(peer.session.identity.actor):
                command = peer.session.read(frame, now)
        doing = self._command(command) if command is not None else None
        if doing is not None or _joins(command, frame) or not self._is_breath_over(frame, now):
            return doing
        return self._await(self._careful(self._taken()))

    def _is_breath_over(self, frame: Frame, now: float) -> bool:
        """Count a frame; tell whether this socket has brought so much of late that others have their turn."""
        if not 0 <= now - self._breath < BREATH_SECONDS:
            self._breath, self._frames = now, 0
        self._frames += 1
        return self._frames % BREATH_FRAMES == 0 or len(frame) > UNMEASURED_BYTES_MAX

    async def _take_later(self, frame: Frame, seconds: float) -> None:
        """Take a frame once its person's account allows it; another connection may have used it up meanwhile."""
        await asyncio.sleep(seconds)
        wait = self.take(frame) if not self.peer.is_gone else None
        if wait is not None:
            await wait

    async def _take_large(self, frame: Frame, now: float) -> None:
        """Read a large frame beside the loop; those behind it wait for it."""
        peer = self.peer
        command, seconds = await compute(self._read_timed, frame, now)
        self.room.hub.work.spend(peer.session.identity.actor, seconds)
        wait = self._command(command) if command is not None and peer.closing is None and not peer.is_gone else None
        if wait is not None:
            await wait

    def _read_timed(self, frame: Frame, now: float) -> tuple[Command | None, float]:
        """Return what a frame says, and for how many seconds this thread has read it."""
        timer = self.room.hub.work.timer
        began = timer()
        return self.peer.session.read(frame, now), timer() - began

    def _command(self, command: Command) -> asyncio.Task[None] | None:
        """Hand a command to the room; return what must be awaited before the next frame, if anything."""
        peer, commands = self.peer, self.room.commands
        if isinstance(command, DocumentEdit):
            cost = cost_of(command.update, command.scan)
            if cost:
                peer.account.spend(cost, asyncio.get_running_loop().time())
        if isinstance(command, DocumentEdit) and self._is_large(command):
            peer.waiting_edits = None
            return self._await(self._careful(LargeEdit(self.room, peer, command).carry_out()))
        if isinstance(command, DocumentEdit) and not command.is_step2:
            waiting = peer.waiting_edits
            if waiting is not None and len(waiting) < EDITS_MAX and self._bytes + len(command.update) <= EDIT_BYTES_MAX:
                waiting.append(command)
                self._bytes += len(command.update)
                return None
            # So much of one socket waits already: more of it is read when that was taken.
            if waiting is not None or peer.rest is not None:
                return self._await(self._careful(self._when_taken(command)))
            # Carried out together with what comes before the room's next turn; in order, so another command ends it.
            peer.waiting_edits, self._bytes = [command], len(command.update)
            return self._post(partial(commands.edit, peer, peer.waiting_edits))
        peer.waiting_edits = None
        if isinstance(command, Say) and isinstance(command.message, Hello):
            return self._await(self._careful(self._hello(command.message)))
        return self._post(partial(commands.take, peer, command))

    def _is_large(self, edit: DocumentEdit) -> bool:
        """Tell whether an edit is carried out in pieces; one of a document that is not here is not."""
        scan = edit.scan
        # Nearly every edit: something that goes on where its author's last one ended, and nothing deleted.
        if scan.structs <= 1 and not scan.branches and not scan.deleted and edit.run <= LONG_RUN:
            return False
        doc, sequencer = self.peer.session.doc or "", self.room.sequencer
        document = sequencer.fold.documents.get(doc)
        if document is None:
            return False
        is_unknown = document.crowds is not None and document.crowds.is_suspicious
        if edit.run > LONG_RUN or (is_unknown and scan.branches):
            return True
        has_values = document.kind == "data"
        state, size = document.state_vector(), sequencer.bytes_of(doc)
        return is_large(scan, state, has_values=has_values, size=size, items=document.items_bound())

    async def _when_taken(self, command: Command) -> None:
        """Hand a command to the room once it has carried out the edits before."""
        room, peer = self.room, self.peer
        while True:
            await self._taken()
            if peer.rest is None or room.stopped.done():
                break
        peer.waiting_edits = None
        wait = self._command(command) if peer.closing is None and not peer.is_gone else None
        if wait is not None:
            await wait

    async def _taken(self) -> None:
        """Wait until the room has done what it was brought before, or has stopped."""
        taken = asyncio.get_running_loop().create_future()
        await self.room.mailbox.post(partial(_resolve, taken))
        await asyncio.wait((taken, self.room.stopped), return_when=asyncio.FIRST_COMPLETED)

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


def _joins(command: Command | None, frame: Frame) -> bool:
    """Tell whether a command becomes part of what waits of its socket already, and so is no more work."""
    if isinstance(command, DocumentEdit):
        return True  # so many are one piece of work: `Connection._command` counts them
    return isinstance(command, WantState) and len(frame) <= QUESTION_BYTES_MAX


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


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
