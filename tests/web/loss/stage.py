"""What a story of loss plays on: a server that can be killed, a network for each person, pages in Chromium."""

from __future__ import annotations

import asyncio
import re
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright

from tests.support.process import folkmoot, free_port, serve
from tests.web.test_page import CHROMIUM, FLAGS

HOST = "127.0.0.1"


class Network:
    """One person's way to the server, which can be cut: every connection ends, and none is made."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = free_port()
        self.is_cut = False

    async def open(self) -> None:
        """Begin to pass connections on."""
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def close(self) -> None:
        """End it for good."""
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """The network is gone."""
        self.is_cut = True
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def restore(self) -> None:
        """The network is back."""
        self.is_cut = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            there, to = await asyncio.open_connection(HOST, self._server_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, to}
        await asyncio.gather(self._pass(reader, to), self._pass(there, writer))
        self._writers -= {writer, to}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@dataclass(slots=True)
class Person:
    """Somebody with a network, a browser of their own and a link."""

    name: str
    network: Network
    context: BrowserContext
    token: str
    tabs: list[Page] = field(default_factory=list)

    def link(self, ws: str) -> str:
        """Return the link that opens the page."""
        return f"http://{HOST}:{self.network.port}/w/{ws}#token={self.token}"


class Stage:
    """An async context manager: a server in a process of its own and a browser, for any number of stories."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.port = free_port()
        self._process: asyncio.subprocess.Process | None = None
        self._playwright: Playwright | None = None
        self.browser: Browser
        self.owner = ""
        self.stories = 0

    async def __aenter__(self) -> Stage:
        self._process = await serve(self._data, self.port)
        self.owner = await self._server_token()
        self._playwright = await async_playwright().start()
        self.browser = await self._playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.browser.close()
        assert self._playwright is not None
        await self._playwright.stop()
        await self.kill()

    async def _server_token(self) -> str:
        """Return an owner's token of the whole server, as the command line prints it."""
        process = await folkmoot("admin", "token", "--actor", "Olga", "--data", str(self._data))
        out, err = await process.communicate()
        assert process.returncode == 0, err
        return bytes(re.findall(rb"fm_\w+", out)[-1]).decode()

    def freeze(self) -> None:
        """Let the server do nothing any more; it is killed next. What arrives from now on is on nobody's disk."""
        assert self._process is not None, "only what runs is frozen"
        self._process.send_signal(signal.SIGSTOP)

    async def kill(self) -> None:
        """End the server as a power cut does."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

    async def start(self) -> None:
        """Start it again on its port."""
        self._process = await serve(self._data, self.port)

    async def ask(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        """Ask the server directly, past everybody's network; return its answer."""
        headers = {"authorization": f"Bearer {token or self.owner}"}
        async with httpx2.AsyncClient(base_url=f"http://{HOST}:{self.port}", headers=headers, timeout=30) as client:
            answer = await client.request(method, path, json=body)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.headers.get("content-type", "").startswith("application/json") else answer.text
