"""What a hostile program has in its hands: tokens of low rights, raw sockets, raw HTTP. It runs until its time is over.

A program is named, and does the same again by its name and seed.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Subprotocol

from crdt.sync.y_sync import encode_control

Family = Literal["sync", "awareness", "control", "structs", "requests", "instructions", "files"]
LowRole = Literal["viewer", "commenter", "editor"]
Frame = bytes | str
HELLO = {"type": "hello", "follow": False}
PLAIN = ""
OPEN_SECONDS = 5.0
WS = "same"


class Program(NamedTuple):
    """One hostile program: who it is (`role`), and what it does."""

    name: str
    family: Family
    role: LowRole
    run: Callable[[Attack], Awaitable[None]]


@dataclass
class Attack:
    """One run of a program; `seconds` is how long it may go on."""

    url: str
    tokens: dict[str, str]
    role: LowRole
    seconds: float
    seed: int
    sent: int = 0
    said: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.end = time.monotonic() + self.seconds

    @property
    def token(self) -> str:
        """The token that the program holds."""
        return self.tokens[self.role]

    @property
    def is_over(self) -> bool:
        """Tell whether the time is over."""
        return time.monotonic() >= self.end

    def note(self, what: object) -> None:
        """Count what the server said."""
        self.said[str(what)] = self.said.get(str(what), 0) + 1

    # ------------------------------------------------------------ sockets

    @asynccontextmanager
    async def socket(self, doc: str = "plan", *, hello: bool = False) -> AsyncIterator[ClientConnection]:
        """Open a socket at a document, or the plain one for `PLAIN`; what the server sends is read and dropped."""
        path = f"/ws/{WS}" + (f"/{quote(doc, safe='/')}" if doc else "")
        offered = [Subprotocol("folkmoot"), Subprotocol(f"token.{self.token}")]
        address = self.url.replace("http", "ws") + path
        # A server that does not read it for a while does not answer its close either.
        waits = {"open_timeout": 30, "close_timeout": 0.2}
        async with connect(address, subprotocols=offered, compression=None, max_size=None, **waits) as opened:
            reader = asyncio.create_task(self._drain(opened))
            try:
                if hello or not doc:
                    text = json.dumps(HELLO)
                    await opened.send(text if not doc else encode_control(text.encode()))
                yield opened
            finally:
                reader.cancel()

    async def _drain(self, socket: ClientConnection) -> None:
        with suppress(WebSocketException):
            async for _ in socket:
                pass
        self.note(f"close {socket.close_code}")

    async def flood(
        self,
        frames: Iterable[Frame],
        doc: str = "plan",
        *,
        hello: bool = False,
        per_second: float = 490.0,
        settle: float = 1.0,
    ) -> None:
        """Send frames until there are none or time is over; where the socket is closed, go on with another."""
        waiting = iter(frames)
        while not self.is_over:
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + self.end - time.monotonic()):
                    async with self.socket(doc, hello=hello) as socket:
                        if await self._pump(socket, waiting, per_second):
                            # What was sent has its effect before it is measured.
                            await asyncio.sleep(max(0.0, min(settle, self.end - time.monotonic())))
                            return
            except (WebSocketException, InvalidHandshake, OSError) as error:
                self.note(type(error).__name__)
                await asyncio.sleep(0.05)
            except TimeoutError:
                return

    async def _pump(self, socket: ClientConnection, frames: Iterator[Frame], per_second: float) -> bool:
        """Send frames at a pace; tell whether all were sent."""
        began, sent = time.monotonic(), 0
        for frame in frames:
            await socket.send(frame)
            self.sent, sent = self.sent + 1, sent + 1
            # Frames may take longer to make than to send: the programs beside this one, and the clock, have their turn.
            await asyncio.sleep(0)
            if self.is_over:
                break
            late = began + (sent - 1_500) / per_second - time.monotonic()
            if late > 0:
                await asyncio.sleep(late)
        return True

    async def say(self, messages: Iterable[object], doc: str = PLAIN, *, per_second: float = 490.0) -> None:
        """Send control messages: values as JSON, strings and bytes as they are."""
        texts = (message if isinstance(message, str) else json.dumps(message) for message in messages)
        frames: Iterable[Frame] = texts if not doc else (encode_control(text.encode()) for text in texts)
        await self.flood(frames, doc, hello=bool(doc), per_second=per_second)

    # ------------------------------------------------------------ HTTP

    @asynccontextmanager
    async def http(self) -> AsyncIterator[httpx2.AsyncClient]:
        """Yield a client that carries the token."""
        headers = {"authorization": f"Bearer {self.token}"}
        async with httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=30) as client:
            yield client

    async def ask(self, method: str, path: str, **more: Any) -> None:
        """Ask the same over and over, eight at once, until time is over; `WS` in the path is the workspace's."""
        await self.ask_each(itertools.repeat((method, path, more)))

    async def ask_each(self, requests: Iterable[tuple[str, str, dict[str, Any]]], *, at_once: int = 8) -> None:
        """Make requests, so many at once, until there are none or time is over."""
        waiting = iter(requests)

        async def one(client: httpx2.AsyncClient) -> None:
            for method, path, more in waiting:
                if self.is_over:
                    return
                try:
                    async with asyncio.timeout(max(0.01, self.end - time.monotonic())):
                        answer = await client.request(method, path.replace("WS", f"/api/workspaces/{WS}"), **more)
                        self.note(answer.status_code)
                except TimeoutError:
                    return
                except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
                    self.note(type(error).__name__)
                self.sent += 1

        async with self.http() as client:
            await asyncio.gather(*(one(client) for _ in range(at_once)))

    async def raw(self, parts: Iterable[bytes], *, pause: float = 0.0) -> None:
        """Send bytes to the port as they are, over and over, on connections of their own."""
        host, port = self.url.removeprefix("http://").split(":")
        listed = list(parts)
        while not self.is_over:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(OPEN_SECONDS):
                    reader, writer = await asyncio.open_connection(host, int(port))
                    try:
                        for part in listed:
                            writer.write(part)
                            await writer.drain()
                            self.sent += 1
                            if pause:
                                await asyncio.sleep(min(pause, max(0.0, self.end - time.monotonic())))
                        with suppress(TimeoutError):
                            async with asyncio.timeout(0.2):
                                self.note((await reader.read(64))[:12])
                    finally:
                        writer.close()
