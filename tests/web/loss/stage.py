"""What a story of loss plays on: a server that can be killed, a network for each person, pages in Chromium."""

from __future__ import annotations

import asyncio
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2
from playwright.async_api import Browser, BrowserContext, Page, Playwright, async_playwright

from tests.support.process import folkmoot, free_port, serve
from tests.support.relay import Relay
from tests.web.test_page import CHROMIUM, FLAGS

HOST = "127.0.0.1"


@dataclass(slots=True)
class Person:
    """Somebody with a network that can be cut, a browser of their own and a link."""

    name: str
    network: Relay
    context: BrowserContext
    token: str
    tabs: list[Page] = field(default_factory=list)

    def cut(self) -> None:
        """Their network is gone: every connection ends, and none is made."""
        self.network.is_open = False
        self.network.cut()

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
