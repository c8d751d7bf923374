"""The sockets: a bare ASGI endpoint, one reader and one writer a connection.

Bare, because Starlette's per-message wrapper costs a quarter of the throughput (measured in the performance paper).
Where the server offers its line (`workspace.sockets.uvicorn_protocol`), messages come and go past ASGI's queues;
elsewhere plain ASGI does. A refused connection is accepted and closed with the protocol's code: a browser cannot see an
HTTP denial.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from workspace.access import Identity, is_origin_allowed
from workspace.errors import CLOSE_NOT_FOUND, CLOSE_ORIGIN, CLOSE_UNAUTHENTICATED, Close, WorkspaceFault
from workspace.names import find_document, is_workspace_id
from workspace.protocol.messages import Hello
from workspace.protocol.send_queue import Frame, SendQueue
from workspace.protocol.session import Command, DocumentEdit, Say, Session
from workspace.registry.registry import RoomRegistry
from workspace.room.peer import Peer
from workspace.room.room import Room
from workspace.sockets.guests import CHANCE_BYTES, guest_in, new_guest, open_identity
from workspace.sockets.uvicorn_protocol import EXTENSION, FastProtocol

PROTOCOL = "folkmoot"
COOKIE = "folkmoot_session"
EDITS_MAX = 64
EDIT_BYTES_MAX = 64 << 10
# A larger frame is looked at beside the loop: 16 MiB take seconds.
INLINE_BYTES_MAX = 256 << 10
CLOSE_RATE = Close(4529, "rate_limited", "Too many messages: wait a while.")
CLOSE_UNAVAILABLE = Close(1013, "no_sequencer", "The workspace cannot be opened now: try later.")


class SocketEndpoint:
    """ASGI application for `/ws/WS` and `/ws/WS/DOC`."""

    def __init__(self, registry: RoomRegistry) -> None:
        self._lobby = registry
        self._limits = registry.settings.limits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection to its end."""
        message = await receive()
        if message["type"] != "websocket.connect":
            return
        connection = await self._admit(scope, send)
        if connection is not None:
            await self._serve(connection, receive, send, scope.get("extensions", {}).get(EXTENSION))

    async def _admit(self, scope: Scope, send: Send) -> Connection | None:
        """Accept a socket and find its room; None when it was refused."""
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        offered = scope.get("subprotocols", [])
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL if PROTOCOL in offered else None})
        ws, doc = parse_path(scope["path"])
        origin = headers.get("origin")
        if origin and not is_origin_allowed(origin, headers.get("host", ""), self._lobby.settings.origins):
            await _refuse(send, CLOSE_ORIGIN)
            return None
        try:
            identity = await self._identify(scope, headers, ws)
            if identity is None:
                await _refuse(send, CLOSE_UNAUTHENTICATED)
                return None
            if not is_workspace_id(ws):
                await _refuse(send, CLOSE_NOT_FOUND)
                return None
            room = await self._lobby.room(ws)
            if doc is not None:
                doc = find_document(doc, room.sequencer.fold.kinds)
                await room.hub.resting.wake(doc)
                room = await self._lobby.room(ws)  # it may have been closed meanwhile
        except WorkspaceFault as fault:
            await _refuse(send, CLOSE_NOT_FOUND if fault.code == "not_found" else CLOSE_UNAVAILABLE)
            return None
        token, settings = self._lobby.clock.token(4), self._lobby.settings
        session = Session(id=token, identity=identity, lane=f"S{token}", doc=doc, limits=self._limits, bounds=settings)
        peer = Peer(session, SendQueue(settings.outbox_bytes_max, settings.outbox_frames_max))
        return Connection(self._lobby, room, peer)

    async def _serve(self, connection: Connection, receive: Receive, send: Send, line: FastProtocol | None) -> None:
        """Read and write until either ends, then leave the room."""
        room, peer = connection.room, connection.peer
        if line is not None:
            await connection.lead(line, send)
            return
        try:
            await room.post(partial(room.hub.join, peer))
            writer = asyncio.create_task(write(peer, send), name=f"write {peer.session.id}")
            reader = asyncio.create_task(read(connection, receive), name=f"read {peer.session.id}")
            try:
                await asyncio.wait((writer, reader), return_when=asyncio.FIRST_COMPLETED)
            finally:
                reader.cancel()
                writer.cancel()
                await asyncio.gather(reader, writer, return_exceptions=True)
        except WorkspaceFault:
            await _refuse(send, CLOSE_UNAVAILABLE)
        finally:
            if room.is_open:
                await room.post(partial(room.hub.leave, peer))

    async def _identify(self, scope: Scope, headers: dict[str, str], ws: str) -> Identity | None:
        """Return who connects, by the protocol's order: subprotocol, cookie, query; anybody on an open server."""
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        offered = [part.removeprefix("token.") for part in scope.get("subprotocols", []) if part.startswith("token.")]
        cookie = cookie_token(headers.get("cookie", "")) if headers.get("origin") else None
        for token in (*offered, cookie, *query.get("token", [])):
            identity = await self._lobby.identify(token, ws)
            if identity is not None:
                return identity
        if self._lobby.settings.is_open and not offered:
            guest = guest_in(headers.get("cookie", "")) or new_guest(self._lobby.clock.token(CHANCE_BYTES))
            return open_identity(query.get("name", [""])[0], guest)
        return None


class Connection:
    """One socket's way into its room, whoever carries its frames."""

    __slots__ = ("_allowance", "_bytes", "_edits", "_last", "_lobby", "_send", "_sending", "_take", "peer", "room")

    def __init__(self, registry: RoomRegistry, room: Room, peer: Peer) -> None:
        self._lobby = registry
        self.room = room
        self.peer = peer
        self._take = room.hub.take
        self._allowance: float = registry.settings.frames_burst_max
        self._last = registry.clock.now()
        # Edits that wait for the room's next turn: they are carried out together.
        self._edits: list[DocumentEdit] | None = None
        self._bytes = 0
        self._send: Send | None = None
        self._sending: asyncio.Task[None] | None = None

    async def lead(self, line: FastProtocol, send: Send) -> None:
        """Join the room on a line of its own; from then on no task stands by for this socket."""
        peer, room = self.peer, self.room
        try:
            await room.post(partial(room.hub.join, peer))
        except WorkspaceFault:
            await _refuse(send, CLOSE_UNAVAILABLE)
            return
        self._send, peer.begin, peer.transport = send, self._begin, line
        line.attach(self.take, self._gone, peer.update_flow)
        peer.update_flow()
        if peer.closing is not None or not peer.outbox.is_empty:
            peer.wake_writer()

    def _begin(self) -> None:
        self._sending = asyncio.create_task(self._drain(), name=f"write {self.peer.session.id}")

    async def _drain(self) -> None:
        """Send what is queued, and the close if there is one."""
        if self._send is None:
            return
        try:
            await write(self.peer, self._send)
        except OSError:  # the client has gone meanwhile
            pass

    def _gone(self) -> None:
        """Leave the room; let go of what leads back to the line."""
        peer, room = self.peer, self.room
        peer.disconnected()
        peer.transport = peer.begin = self._send = None
        leave = partial(room.hub.leave, peer)
        if not room.try_post(leave) and room.is_open:
            room.spawn(room.post(leave))

    def take(self, frame: Frame) -> Coroutine[Any, Any, None] | None:
        """Turn a frame into a command of the room; return what must be awaited before the next frame, if anything."""
        peer, settings = self.peer, self._lobby.settings
        if peer.closing is not None:
            return None
        now = self._lobby.clock.now()
        refill = max(0.0, now - self._last) * settings.frames_per_second_max
        self._allowance, self._last = min(settings.frames_burst_max, self._allowance + refill) - 1, now
        if self._allowance < 0:
            peer.close(CLOSE_RATE)
            return None
        if len(frame) > INLINE_BYTES_MAX:
            return self._take_large(frame, now)
        return self._command(peer.session.read(frame, now))

    async def _take_large(self, frame: Frame, now: float) -> None:
        """Read a large frame beside the loop; those behind it wait for it."""
        command = await asyncio.to_thread(self.peer.session.read, frame, now)
        wait = self._command(command) if self.peer.closing is None and not self.peer.is_gone else None
        if wait is not None:
            await wait

    def _command(self, command: Command | None) -> Coroutine[Any, Any, None] | None:
        """Hand a command to the room; return what must be awaited before the next frame, if anything."""
        peer = self.peer
        if command is None:
            return None
        if isinstance(command, DocumentEdit) and not command.is_step2:
            return self._edit(command)
        self._edits = None
        if isinstance(command, Say) and isinstance(command.message, Hello):
            return self._careful(self._lobby.hello(self.room, peer, command.message))
        job = partial(self._take, peer, command)
        return None if self.room.try_post(job) else self._careful(self.room.post(job))

    def _edit(self, edit: DocumentEdit) -> Coroutine[Any, Any, None] | None:
        """Add an edit to those that wait, or begin to wait with it."""
        waiting = self._edits
        self._bytes += len(edit.update)
        if waiting is not None and len(waiting) < EDITS_MAX and self._bytes <= EDIT_BYTES_MAX:
            waiting.append(edit)
            return None
        self._edits, self._bytes = [edit], len(edit.update)
        job = partial(self._carry_out, self._edits)
        return None if self.room.try_post(job) else self._careful(self.room.post(job))

    def _carry_out(self, edits: list[DocumentEdit]) -> None:
        if self._edits is edits:
            self._edits = None
        self.room.hub.edit(self.peer, edits)

    async def _careful(self, work: Coroutine[Any, Any, None]) -> None:
        """Close the socket when the room or the store cannot go on."""
        try:
            await work
        except WorkspaceFault:
            self.peer.close(CLOSE_UNAVAILABLE)


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
    while (frame := await peer.next_frame()) is not None:
        if isinstance(frame, str):
            await send({"type": "websocket.send", "text": frame})
        else:
            await send({"type": "websocket.send", "bytes": frame})
    if peer.closing is not None and not peer.is_gone:
        await _refuse(send, peer.closing)


async def _refuse(send: Send, close: Close) -> None:
    await send({"type": "websocket.close", "code": close.status, "reason": f"{close.code}: {close.reason}"[:120]})


def parse_path(path: str) -> tuple[str, str | None]:
    """Return the workspace and the document of `/ws/WS` or `/ws/WS/DOC`, as ASGI has decoded it: once, not again here.

    Names are checked by the caller.
    """
    ws, _, doc = path.removeprefix("/ws/").partition("/")
    return ws, doc or None


def cookie_token(header: str) -> str | None:
    """Return the token in a session cookie, if there is one."""
    try:
        kept = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return kept.value if kept else None
