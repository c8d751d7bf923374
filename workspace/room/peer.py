"""One connected socket as its room sees it: what waits to be sent, how far it follows the log, why it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from crdt.sync.y_sync import encode_control
from workspace.errors import CLOSE_SLOW, Close
from workspace.protocol.frames import pack_binary, pack_text
from workspace.protocol.send_queue import Frame, SendQueue
from workspace.protocol.session import DocumentEdit, Session
from workspace.room.work_account import WorkAccount, without_bound

Following = Literal["no", "catching_up", "live"]
ASK_SECONDS, ASK_SECONDS_MAX = 0.5, 60.0
WritePacked = Callable[[bytes], None]


class Transport(Protocol):
    """What can send packed frames at once: see `workspace.sockets.uvicorn_protocol`."""

    @property
    def write_packed(self) -> WritePacked | None:
        """What sends packed frames at once, while the client keeps up."""


class PreparedMessage:
    """A control message on its way to sockets: put into the form of each kind of socket once."""

    __slots__ = ("_binary", "_message", "_text")

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._text: tuple[str, bytes] | None = None
        self._binary: tuple[bytes, bytes] | None = None

    def text(self) -> tuple[str, bytes]:
        """Return the text frame of the plain-JSON socket, and the same packed."""
        if self._text is None:
            text = self._message.decode()
            self._text = text, pack_text(text)
        return self._text

    def binary(self) -> tuple[bytes, bytes]:
        """Return the binary frame of a document socket, and the same packed."""
        if self._binary is None:
            frame = encode_control(self._message)
            self._binary = frame, pack_binary(frame)
        return self._binary


class PreparedAnswer:
    """An answer to a SyncStep1, as large as a document: one for all who asked for the same, packed once."""

    __slots__ = ("_packed", "frame")

    def __init__(self, frame: bytes) -> None:
        assert frame, "an answer is a frame"
        self.frame = frame
        self._packed: bytes | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def packed(self) -> bytes:
        """Return the frame as it goes over the wire."""
        if self._packed is None:
            self._packed = pack_binary(self.frame)
        return self._packed


@dataclass(slots=True, eq=False)
class Peer:
    """The room writes here. What the transport cannot send at once waits in `send_queue` for the socket's writer."""

    session: Session
    send_queue: SendQueue = field(default_factory=SendQueue)
    transport: Transport | None = None
    # What sends packed frames at once: there while the transport offers it, nothing waits before and no close is due.
    write_packed: WritePacked | None = None
    # Starts a writer for what is queued, where none stands by: most sockets never need one.
    start_writer: Callable[[], None] | None = None
    closing: Close | None = None
    following: Following = "no"
    is_gone: bool = False
    # Yjs ids under which this socket writes: see `workspace.room.client_ids`.
    writes_as: tuple[int, ...] = ()
    # The state vector of a question that is being answered: the same one twice is one question.
    asked_vector: bytes | None = None
    # What its person has had done; and what waits until this client has taken what it was sent.
    account: WorkAccount = field(default_factory=without_bound)
    when_drained: Callable[[], None] | None = None
    # Edits that the room has not taken yet: what is typed meanwhile joins them.
    waiting_edits: list[DocumentEdit] | None = None
    # Of a list that took too long to be carried out at once, what is left: whatever this socket brings comes behind it.
    rest: list[DocumentEdit] | None = None
    # When it may be asked again for what it lacks, and how long the time after that is.
    _ask_from: float = 0.0
    _ask_pause: float = ASK_SECONDS
    _is_writing: bool = False
    _has_started: bool = False
    _writer: asyncio.Future[None] | None = None
    _drained: asyncio.Future[None] | None = None

    def send(self, frame: Frame, packed: bytes | None = None) -> None:
        """Send a frame, or queue it; a client that reads too slowly is closed with "resync".

        `packed` is the frame as it goes over the wire, where somebody has it already.
        """
        if self.write_packed is not None:
            if packed is None:
                packed = pack_binary(frame) if isinstance(frame, bytes) else pack_text(frame)
            self.write_packed(packed)
            return
        if self.closing is not None:
            return
        if not self.send_queue.put(frame):
            self.close(CLOSE_SLOW)
        self.wake_writer()

    def answer(self, answer: PreparedAnswer) -> None:
        """Send what the client has asked for, however large: it is never what a client is too slow for."""
        self.send_queue.expect(len(answer))
        self.send(answer.frame, answer.packed() if self.write_packed is not None else None)

    @property
    def is_drained(self) -> bool:
        """Tell whether the client has taken what it was sent, but for little: then it may be made an answer."""
        if self.transport is not None:
            return self.write_packed is not None
        return not self._is_writing and self.send_queue.has_room

    def _tell_drained(self) -> None:
        when, self.when_drained = self.when_drained, None
        if when is not None:
            when()

    def may_ask(self, now: float) -> bool:
        """Tell whether this client may be asked again for what its edits refer to; each time it is, less soon after.

        One that waits for edits that nobody has would answer with the same at every question. `now` is unix seconds.
        """
        if now < self._ask_from:
            return False
        self._ask_pause = ASK_SECONDS if now > self._ask_from + ASK_SECONDS_MAX else 2 * self._ask_pause
        self._ask_from = now + min(ASK_SECONDS_MAX, self._ask_pause)
        return True

    def update_flow(self) -> None:
        """See whether frames may be sent at once: called when anything has changed that decides it."""
        is_free = self.transport is not None and self.closing is None and not self._is_writing and not self.send_queue
        self.write_packed = self.transport.write_packed if is_free and self.transport is not None else None
        assert self.write_packed is None or self.closing is None, "nothing follows a close"
        if self.write_packed is not None:
            self._tell_drained()

    def control(self, message: bytes | PreparedMessage) -> None:
        """Send a control message in this socket's kind of frame; nothing to a socket that never said hello (F9)."""
        note = message if isinstance(message, PreparedMessage) else PreparedMessage(message)
        if self.session.doc is None:
            self.send(*note.text())
        elif self.session.has_hello:
            self.send(*note.binary())

    def close(self, why: Close) -> None:
        """Close the socket after what is queued (at once when it is too slow). The first reason stands."""
        if self.closing is None:
            self.closing = why
        self.write_packed = None
        self.wake_writer()
        _wake(self._drained)

    def disconnected(self) -> None:
        """Note that nobody is at the other end any more."""
        self.is_gone = True
        self.write_packed = None
        _wake(self._writer)

    def wake_writer(self) -> None:
        """See to it that what is queued is sent, and the close behind it."""
        if self.start_writer is None:
            _wake(self._writer)
        elif not self._has_started:
            self._has_started = True
            self.start_writer()

    async def next_frame(self) -> Frame | None:
        """Return the next frame to send; None when the socket is to be closed, or is gone. Called by one writer.

        A writer that was started for what is queued also gets None when nothing is left.
        """
        while not self.is_gone:
            if self.closing is not None and self.closing.status == CLOSE_SLOW.status:
                return None
            frame = self.send_queue.take()
            # While the writer holds a frame, nothing may overtake it.
            self._is_writing = frame is not None
            if self.send_queue.has_room:
                _wake(self._drained)
            if frame is not None:
                return frame
            self.send_queue.settle()
            if self.closing is not None:
                return None
            if self.transport is None:
                self._tell_drained()
            if self.start_writer is not None:
                self._has_started = False
                self.update_flow()
                return None
            assert self._writer is None or self._writer.done(), "one writer a socket"
            self._writer = asyncio.get_running_loop().create_future()
            await self._writer
        return None

    async def room_to_send(self) -> bool:
        """Wait until the queue is less than half full; False when the socket is closing. Called by one task."""
        while self.closing is None and not self.send_queue.has_room:
            assert self._drained is None or self._drained.done(), "one task waits for a socket to be drained"
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained
        return self.closing is None


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
