"""One WebSocket connection of the generator: picows on uvloop where it is installed, else `websockets` on asyncio.

The second is slower; it keeps the generator's own test free of the peers' folder. Measured runs use the first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

try:
    import uvloop
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
except ImportError:
    ws_connect = None

FRAME_BYTES_MAX = 1 << 28
HANDSHAKE_SECONDS = 60


class FastProtocol(Protocol):
    """The sending half."""

    def send(self, frame: bytes | str) -> None:
        """Send a frame without waiting."""

    def hang_up(self) -> None:
        """Close without ceremony."""


class Taker(Protocol):
    """The receiving half, called from the loop."""

    def opened(self, line: FastProtocol) -> None:
        """The connection stands."""

    def frame(self, frame: bytes | str) -> None:
        """A whole frame came."""

    def gone(self) -> None:
        """The connection ended."""


async def dial(url: str, taker: Taker) -> None:
    """Connect; returns once `taker.opened` was called."""
    if ws_connect is not None:
        await ws_connect(
            lambda: _Picows(taker),
            url,
            max_frame_size=FRAME_BYTES_MAX,
            websocket_handshake_timeout=HANDSHAKE_SECONDS,
        )
        return
    socket = await open_socket(url, max_size=FRAME_BYTES_MAX, compression=None, ping_interval=None)
    line = _Websockets(socket, taker)
    taker.opened(line)


def run(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine on the fastest loop there is."""
    return uvloop.run(main()) if ws_connect is not None else asyncio.run(main())


class _Websockets:
    """A connection of `websockets`: one task reads, one writes."""

    def __init__(self, socket: ClientConnection, taker: Taker) -> None:
        self._socket, self._taker = socket, taker
        self._waiting: asyncio.Queue[bytes | str] = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]

    def send(self, frame: bytes | str) -> None:
        self._waiting.put_nowait(frame)

    def hang_up(self) -> None:
        self._socket.transport.close()
        self._tasks[1].cancel()

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in self._socket:
                self._taker.frame(frame)
        self._tasks[1].cancel()
        self._taker.gone()

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._socket.send(await self._waiting.get())


if ws_connect is not None:

    class _Picows(WSListener):  # type: ignore[misc]
        """A connection of picows."""

        def __init__(self, taker: Taker) -> None:
            self._taker = taker

        def on_ws_connected(self, transport: WSTransport) -> None:
            self._transport = transport
            self._taker.opened(self)

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.BINARY:
                self._taker.frame(frame.get_payload_as_bytes())
            elif frame.msg_type == WSMsgType.TEXT:
                self._taker.frame(frame.get_payload_as_utf8_text())
            elif frame.msg_type == WSMsgType.CLOSE:
                transport.disconnect()

        def on_ws_disconnected(self, transport: WSTransport) -> None:
            self._taker.gone()

        def send(self, frame: bytes | str) -> None:
            if isinstance(frame, bytes):
                self._transport.send(WSMsgType.BINARY, frame)
            else:
                self._transport.send(WSMsgType.TEXT, frame.encode())

        def hang_up(self) -> None:
            self._transport.disconnect(False)
