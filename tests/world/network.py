"""Sockets without a network: an ASGI connection whose frames take random times, in order, until somebody cuts it."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable
from typing import Any

Frame = bytes | str
LATENCY = (0.001, 0.08)
SLOW_SHARE, SLOW_SECONDS = 0.03, 3.0
CLIENT_NOTICES, SERVER_NOTICES = 2.0, 20.0


class Wire:
    """One WebSocket between a client and a server's ASGI endpoint. Each direction is in order; two sockets are not."""

    def __init__(
        self,
        path: str,
        token: str,
        chance: random.Random,
        home: contextvars.Context,
        *,
        on_frame: Callable[[Wire, Frame], None],
        on_close: Callable[[Wire, int], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._home = home
        self._chance = chance
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._on_frame, self._on_close = on_frame, on_close
        self._up = self._down = 0.0
        self.opened_at = self._loop.time()
        self.is_up = True
        # The words with which the server closed it.
        self.reason = ""
        self.task: asyncio.Task[Any] | None = None
        self.scope = {
            "type": "websocket",
            "path": path,
            "headers": [],
            "query_string": b"",
            "subprotocols": ["folkmoot", f"token.{token}"],
        }
        self._inbox.put_nowait({"type": "websocket.connect"})

    def _due(self, last: float) -> float:
        slow = self._chance.random() < SLOW_SHARE
        delay = self._chance.uniform(0.0, SLOW_SECONDS) if slow else self._chance.uniform(*LATENCY)
        return max(last + 1e-6, self._loop.time() + delay)

    # ------------------------------------------------------------ the client's end

    def send(self, frame: Frame) -> None:
        """Send a frame to the server; lost when the wire is cut before it arrives."""
        if not self.is_up:
            return
        self._up = self._due(self._up)
        key = "text" if isinstance(frame, str) else "bytes"
        self._loop.call_at(self._up, self._arrive, {"type": "websocket.receive", key: frame})

    def _arrive(self, message: dict[str, Any]) -> None:
        if self.is_up:
            self._inbox.put_nowait(message)

    def close(self) -> None:
        """Close from the client's side, in order behind what was sent."""
        if self.is_up:
            self._up = self._due(self._up)
            self._loop.call_at(self._up, self._hang_up)

    def _hang_up(self) -> None:
        self.is_up = False
        self._inbox.put_nowait({"type": "websocket.disconnect"})

    def cut(self) -> None:
        """Lose the connection: frames under way are gone, each end notices in its own time."""
        if not self.is_up:
            return
        self.is_up = False
        self._loop.call_later(self._chance.uniform(0.0, CLIENT_NOTICES), self._on_close, self, 1006, context=self._home)
        self._loop.call_later(
            self._chance.uniform(0.0, SERVER_NOTICES), self._inbox.put_nowait, {"type": "websocket.disconnect"}
        )

    # ------------------------------------------------------------ the server's end

    async def receive(self) -> dict[str, Any]:
        """ASGI `receive`."""
        return await self._inbox.get()

    async def send_down(self, message: dict[str, Any]) -> None:
        """ASGI `send`."""
        if not self.is_up:
            await asyncio.sleep(0)
            return
        self._down = self._due(self._down)
        match message["type"]:
            case "websocket.send":
                frame = message.get("bytes")
                self._loop.call_at(
                    self._down, self._reach, frame if frame is not None else message["text"], context=self._home
                )
            case "websocket.close":
                self.reason = message.get("reason", "")
                self._loop.call_at(self._down, self._closed, message["code"], context=self._home)
            case _:
                pass
        await asyncio.sleep(0)

    def _reach(self, frame: Frame) -> None:
        if self.is_up:
            self._on_frame(self, frame)

    def _closed(self, status: int) -> None:
        if self.is_up:
            self.is_up = False
            self._inbox.put_nowait({"type": "websocket.disconnect"})
            self._on_close(self, status)
