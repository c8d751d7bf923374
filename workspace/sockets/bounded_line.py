"""The server's end of a socket, with a bound on how long its closing may take.

A transport that is told to close does so when the last byte is read: by a client that reads nothing, never, and what
waits for it is kept. While a socket is open pings find such a client; here is what comes after.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, cast

from websockets.frames import Frame

from workspace.settings import Settings
from workspace.sockets.uvicorn_protocol import FastProtocol


class BoundedLine(FastProtocol):
    """One connection. `line_of` makes the class of a server, with its setting."""

    __slots__ = ("_last",)
    unread_seconds_max: ClassVar[float] = 60.0

    def __init__(self, *args: Any, **more: Any) -> None:
        self._last: asyncio.TimerHandle | None = None
        super().__init__(*args, **more)

    @property
    def close_sent(self) -> bool:
        """Whether a close frame has left: nothing may follow it, and the end comes in a bounded time."""
        return self._has_closed

    @close_sent.setter
    def close_sent(self, has_closed: bool) -> None:
        cast("Any", FastProtocol.close_sent).fset(self, has_closed)
        if has_closed:
            self._cut_later()

    def handle_close(self, event: Frame) -> None:
        """Take a client's close; all that came before it may still wait to be read."""
        super().handle_close(event)
        if self.transport.is_closing():
            self._cut_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        if self._last is not None:
            self._last.cancel()
            self._last = None
        super().connection_lost(exc)

    def _cut_later(self) -> None:
        if self._last is None and not self.disconnected:
            self._last = self.loop.call_later(self.unread_seconds_max, self.transport.abort)


def line_of(settings: Settings) -> type[BoundedLine]:
    """Return the class of a server's sockets."""
    return type("ServersLine", (BoundedLine,), {"__slots__": (), "unread_seconds_max": settings.unread_seconds_max})
