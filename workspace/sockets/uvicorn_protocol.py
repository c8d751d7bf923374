"""The server's end of one socket: uvicorn's protocol, with a way for plain messages around its queues.

uvicorn puts every message through a queue, pauses the transport for each, and packs every outgoing frame anew. A
connection that finds this class under its ASGI scope (`extensions["folkmoot.line"]`) takes messages as they arrive and
writes frames that were packed once for all readers. A plain handshake is read and accepted here too,
and one of which the library makes nothing is ended. Any other, every refusal, control frames, fragments, errors and
closing are uvicorn's and the library's, unchanged; under another server the connection speaks plain ASGI.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import unquote

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.frames import apply_mask  # type: ignore[attr-defined]  # in C where the library was built so
from websockets.http11 import Request
from websockets.protocol import Protocol, State

from workspace.protocol.frames import BINARY, MASKED, TEXT, extent_of
from workspace.protocol.send_queue import Frame
from workspace.sockets.handshake import UNREAD, Handshake, accepted, read_handshake

EXTENSION = "folkmoot.line"
PLAIN = frozenset({BINARY, TEXT})
# How long the rest of a refused frame is waited for, and the client's own close behind it.
DROP_SECONDS, LAST_SECONDS = 30.0, 2.0
EARLY_BYTES_MAX = 1 << 20  # what a client may send before its room is open; then it waits
Taking = Callable[[Frame], asyncio.Future[None] | None]


class _Nobody:
    """Stands where uvicorn's queue was once messages go past it: takes what uvicorn still says, keeps nothing."""

    def put_nowait(self, message: object) -> None:
        """Drop a message."""


class _Free:
    """Stands where uvicorn's event was while the client keeps up: most connections never need one."""

    def set(self) -> None:
        """Say again that frames may be written."""

    async def wait(self) -> None:
        """Return at once."""


NOBODY, FREE = _Nobody(), _Free()
NO_SCOPE: dict[str, Any] = {}


class FastProtocol(WebSocketsSansIOProtocol):
    """One connection. `attach` leads its messages to the application; `write_packed` sends frames packed already."""

    # Not in the instance's dict, which would double with them: there are very many connections.
    __slots__ = (
        "_flow", "_gone", "_handshake", "_has_closed", "_http", "_is_first", "_left", "_partial", "_rest", "_take",
        "_waiting", "_wanted", "is_clear",
    )  # fmt: skip

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._take: Taking | None = None
        self._gone: Callable[[], None] | None = None
        self._flow: Callable[[], None] | None = None
        self._rest = b""
        self._partial: bytearray | None = None
        self._wanted = 0
        self._left: int | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._http: asyncio.BaseProtocol | None = None
        self._is_first = True
        self._handshake: Handshake | None = None
        self.is_clear = True

    # ------------------------------------------------------------ for the application

    def attach(self, take: Taking, gone: Callable[[], None], flow: Callable[[], None]) -> None:
        """Lead every message to `take`, in order, and the end of the connection to `gone`.

        What `take` returns ends before the next message is taken; meanwhile nothing is read, which slows the client.
        From now on the connection lives without its ASGI application, which may return. `flow` is called when
        `write_packed` has come or gone.
        """
        assert self._take is None, "messages are led to one application"
        self._take, self._gone, self._flow = take, gone, flow
        early, self._rest = self._rest, b""
        self._rest = self._frames(early)
        if self.disconnected and self._waiting is None:
            self._gone = None
            gone()
            return
        self._forget_handshake()
        if self._waiting is None:
            self._go_on()

    def _forget_handshake(self) -> None:
        """Let go of what only the handshake and ASGI's queue needed: more than half of a connection."""
        self.scope = cast("Any", NO_SCOPE)
        if self.is_clear:
            self.writable = cast("asyncio.Event", FREE)
        self.queue = cast("asyncio.Queue[Any]", NOBODY)
        # The HTTP protocol and its parser hold each other; without this they stay until the collector comes.
        vars(self._http).pop("parser", None)
        self._http = None
        for name in ("request", "response"):
            vars(self).pop(name, None)
        # A dict that grew past its shared keys is four times too large: 800 bytes.
        kept: dict[str, Any] = {}
        kept.update(vars(self))
        self.__dict__ = kept

    @property
    def write_packed(self) -> Callable[[bytes], None] | None:
        """What sends packed frames at once; None while the client lags, and once the connection is closing."""
        is_open = self.is_clear and not self.close_sent and not self.transport.is_closing()
        return self.transport.write if is_open else None

    @property
    def close_sent(self) -> bool:
        """Whether a close frame has left: nothing may follow it."""
        return self._has_closed

    @close_sent.setter
    def close_sent(self, has_closed: bool) -> None:
        self._has_closed = has_closed
        if has_closed:
            if self._take is None:
                self.loop.call_soon(self._hand_back)
            self._tell_flow()

    def _hand_back(self) -> None:
        """Leave what came before anybody took messages to the library: the connection is being closed."""
        early, self._rest = self._rest, b""
        if early and self.conn.parser is not None:
            super().data_received(early)
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def _tell_flow(self) -> None:
        if self._flow is not None:
            self._flow()

    # ------------------------------------------------------------ what arrives

    def data_received(self, data: bytes) -> None:
        """Take bytes from the network."""
        if self._left is not None:
            self._drop(len(data))
            return
        if self._take is None:
            is_first, self._is_first = self._is_first, False
            if is_first and self._greet(data):
                return
            if self.handshake_complete and not self.close_sent:
                # Nobody takes messages yet. The library would keep the beginning of one to itself.
                self._rest += data
                if len(self._rest) > EARLY_BYTES_MAX:
                    self._pause()
                return
            super().data_received(data)
            if is_first and not self.handshake_initiated and not self.transport.is_closing():
                self.transport.write(UNREAD)  # a head comes whole: of this one the library has made nothing
                self.transport.close()
            return
        if self._partial is not None:
            self._partial += data
            if len(self._partial) < self._wanted:
                return
            data, self._partial = bytes(self._partial), None
        elif self._rest:
            data = self._rest + data
        self._rest = self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        """Take every whole frame; return what must wait until the application is ready for more."""
        at, size = 0, len(data)
        while at < size:
            if self._waiting is not None:
                return data[at:]
            extent = extent_of(data, at)
            if extent is not None and extent.end - extent.start > self.config.ws_max_size:
                self._refuse_frame(extent.end - extent.start, left=extent.end - size)
                return b""
            if extent is None or extent.end > size:
                self._wanted = extent.end - at if extent is not None else size - at + 1
                self._partial = bytearray(data[at:])
                return b""
            self._frame(data, at, extent.start, extent.end)
            at = extent.end
        return b""

    def _refuse_frame(self, size: int, *, left: int) -> None:
        """Close with 1009 and the bound that was passed; what of the frame is still to come is read and dropped.

        A connection that is closed with bytes unread is reset, and its client never learns why.
        """
        reason = f"too_large: a frame of {size} bytes, FOLKMOOT_FRAME_BYTES_MAX is {self.config.ws_max_size}"
        self.conn.fail(1009, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        assert self._left is None, "one frame is refused, what follows is dropped"
        self._left = left
        self.close_timer = self.loop.call_later(DROP_SECONDS if left > 0 else LAST_SECONDS, self.transport.close)
        self._end()

    def _drop(self, size: int) -> None:
        assert self._left is not None, "bytes are dropped behind a frame that was refused"
        is_end, self._left = self._left > 0 >= self._left - size, self._left - size
        if is_end and self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = self.loop.call_later(LAST_SECONDS, self.transport.close)

    def _frame(self, data: bytes, at: int, start: int, end: int) -> None:
        """Take one whole frame: a plain message directly, everything else through the library."""
        first, conn = data[at], self.conn
        is_plain = first in PLAIN and data[at + 1] & MASKED
        if is_plain and conn.state is State.OPEN and conn.current_size is None and not self.close_sent:
            payload = apply_mask(data[start:end], data[start - 4 : start])
            if first == BINARY:
                self._deliver(payload)
                return
            try:
                text = payload.decode()
            except UnicodeDecodeError:
                pass
            else:
                self._deliver(text)
                return
        super().data_received(data[at:end])

    def send_receive_event_to_app(self) -> None:
        """Take a message that the library has put together."""
        if self._take is None or self.close_sent:
            super().send_receive_event_to_app()
            return
        data, self.frames = b"".join(self.frames), []
        if self.curr_msg_data_type == "bytes":
            self._deliver(data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.conn.send_close(1007)
            self.handle_parser_exception()
        else:
            self._deliver(text)

    def _deliver(self, frame: Frame) -> None:
        assert self._take is not None, "messages are delivered once somebody takes them"
        wait = self._take(frame)
        if wait is not None:
            assert self._waiting is None, "messages are taken in order"
            self._waiting = wait
            wait.add_done_callback(self._go_on)
            self._pause()

    def _pause(self) -> None:
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def _go_on(self, _: object = None) -> None:
        """Take what waited, then read again."""
        self._waiting = None
        rest, self._rest = self._rest, b""
        self._rest = self._frames(rest)
        if self._waiting is not None:
            return
        if self.disconnected:
            self._end()
        elif self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def _end(self) -> None:
        """Say that it is over, and let go of everything that leads back here: a closed socket is freed at once."""
        gone, self._gone, self._take, self._flow = self._gone, None, None, None
        if gone is not None:
            gone()
            self.conn.parser = cast("Any", None)

    # ------------------------------------------------------------ the connection's life

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a connection from the HTTP protocol that led here."""
        self._http = transport.get_protocol()
        super().connection_made(transport)

    def _greet(self, data: bytes) -> bool:
        """Begin the application for a plain handshake; False where it is the library's to judge, or to write down."""
        if self.conn.available_extensions or self.logger.isEnabledFor(logging.INFO):
            return False
        handshake = read_handshake(data)
        if handshake is None:
            return False
        assert self._handshake is None, "a connection has one handshake"
        self._handshake, self.handshake_initiated = handshake, True
        path, _, query = handshake.target.partition("?")
        self.scope = {
            "type": "websocket",
            "asgi": {"version": self.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": self.scheme,
            "server": self.server,
            "client": self.client,
            "root_path": self.root_path,
            "path": self.root_path + unquote(path),
            "raw_path": (self.root_path + path).encode(),
            "query_string": query.encode(),
            "headers": handshake.headers,
            "subprotocols": handshake.subprotocols,
            "state": self.app_state.copy(),
            "extensions": {"websocket.http.response": {}, EXTENSION: cast("Any", self)},
        }
        self._parse_frames()
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)
        return True

    def handle_connect(self, event: Request) -> None:
        """Begin the application; it finds this object in its scope."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            cast("dict[str, Any]", self.scope)["extensions"][EXTENSION] = self
            self._parse_frames()

    def _parse_frames(self) -> None:
        """Have the library expect frames: the parser of a handshake keeps all of its headers."""
        self.conn.parser = Protocol.parse(self.conn)
        next(self.conn.parser)

    async def send(self, message: ASGISendEvent) -> None:
        """Send what the application says; a plain handshake is accepted without the library."""
        handshake, self._handshake = self._handshake, None
        if handshake is not None:
            if message["type"] == "websocket.accept" and not message.get("headers") and not self.disconnected:
                self._accept(handshake, message.get("subprotocol"))
                return
            headers = Headers((name.decode(), value.decode()) for name, value in handshake.headers)
            self.response = self.conn.accept(Request(handshake.target, headers))
        await super().send(message)

    def _accept(self, handshake: Handshake, subprotocol: str | None) -> None:
        if not self.transport.is_closing():
            self.handshake_complete = True
            self.conn.state = State.OPEN
            self.transport.write(accepted(handshake, subprotocol, self.default_headers))
            self.start_keepalive()

    async def run_asgi(self) -> None:
        """Run the application; where it has taken the line, the connection goes on when it returns."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:  # the application's root, as in uvicorn
            self.logger.exception("Exception in ASGI application")
            self.send_500_response()
        else:
            if not self.handshake_complete:
                self.logger.error("The application returned without an answer to the handshake.")
                self.send_500_response()
        if self._take is None and self.close_timer is None:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application that nobody is there any more, once it has what had arrived."""
        self.is_clear = False
        self._tell_flow()
        super().connection_lost(exc)
        if self._waiting is None:
            self._end()

    def pause_writing(self) -> None:
        """Note that the client reads more slowly than it is written to."""
        self.is_clear = False
        self._tell_flow()
        if self.writable is cast("asyncio.Event", FREE):
            self.writable = asyncio.Event()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that the client has caught up."""
        self.is_clear = True
        super().resume_writing()
        if self._take is not None:
            self.writable = cast("asyncio.Event", FREE)
            self._tell_flow()
