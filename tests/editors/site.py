"""The built pages on a port of their own, and people in windows of their own."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.editors.house import WAIT, Space, agree, difference
from tests.support.until import NotInTime, until
from tests.web.test_page import CHROMIUM, FLAGS

HERE = Path(__file__).parent
DIST = HERE / "dist"
SHOTS = os.environ.get("FOLKMOOT_SCREENSHOTS")


class Quiet(SimpleHTTPRequestHandler):
    """The built pages, without a line for every file."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def pages(directory: Path = DIST) -> Iterator[str]:
    """Serve built pages, those of `dist`, on a port of their own; returns their origin."""
    assert directory != DIST or (DIST / "codemirror.html").exists(), "the editors are not built: run 'make test'"
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(directory)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Window:
    """One person's window on one editor."""

    who: str
    context: BrowserContext
    page: Page
    complaints: list[str]
    everybody: list[Window]

    async def desk(self, expression: str, given: Any = None) -> Any:
        """Evaluate an expression over `desk` (see pages/connect.js) and `given`."""
        return await self.page.evaluate(f"(given) => {{ const desk = window.desk; return ({expression}) }}", given)

    async def until(self, expression: str, given: Any = None, *, seconds: float = WAIT) -> None:
        """Wait until an expression is true."""
        try:
            await until(lambda: self.desk(f"!!({expression})", given), seconds=seconds)
        except NotInTime as failed:
            told = [await window.report() for window in self.everybody]
            said = f"{self.who}: not within {seconds:.0f} s: {expression} {given or ''}\n" + "\n".join(told)
            raise AssertionError(said) from failed

    async def report(self) -> str:
        """Return what a failure should say about this window."""
        state = await self.desk("[desk.state(), desk.closes.slice(0, 3), desk.words()]")
        words = f"{len(state[2])} letters {state[2][:200]!r}"
        return f"{self.who}: {state[0]}, first closes {state[1]}, {words} {self.complaints[:3]}"

    async def connected(self) -> None:
        await self.until("desk.state().connected && desk.state().synced", seconds=30)

    async def leave_the_net(self) -> None:
        """The cable is out: the socket breaks, and none can be opened."""
        await self.context.set_offline(True)
        await self.desk("desk.provider.ws && desk.provider.ws.close()")
        await self.until("!desk.state().connected")

    async def come_back(self) -> None:
        await self.context.set_offline(False)
        await self.connected()


@dataclass
class Site:
    """Everything a test of an editor needs."""

    space: Space
    browser: Browser
    origin: str
    windows: list[Window] = field(default_factory=list)

    async def window(self, who: str, editor: str, doc: str, *, provider: int = 3) -> Window:
        """Open an editor as somebody and wait until it is synced."""
        context = await self.browser.new_context(viewport={"width": 1280, "height": 800})
        await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.origin)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(f"{error}\n{error.stack or ''}"[:500]))
        page.on("console", lambda message: complaints.append(message.text) if _is_complaint(message.text) else None)
        asked = {
            "url": self.space.sockets,
            "doc": doc,
            "token": await self.space.token(who),
            "name": who,
            "provider": provider,
        }
        if editor == "lexical":
            asked["wait"] = "editor"  # it connects by itself
        await page.goto(f"{self.origin}/{editor}.html#{urlencode(asked)}")
        await page.wait_for_function("!!(window.desk && window.desk.shown)", timeout=WAIT * 1000)
        window = Window(who, context, page, complaints, self.windows)
        self.windows.append(window)
        await window.connected()
        return window

    async def agree(self, doc: str, *, seconds: float = WAIT, shown: bool = True) -> str:
        """Wait until every window and the server hold the same; `shown` asks as well that they show the same."""
        held = await agree(self.space, doc, self.windows, seconds=seconds)
        if shown:
            screens = [await window.desk("desk.shown()") for window in self.windows]
            assert len(set(screens)) == 1, difference([window.who for window in self.windows], screens)
        assert self.complaints() == []
        return held

    def complaints(self) -> list[str]:
        return [f"{window.who}: {complaint}" for window in self.windows for complaint in window.complaints]

    async def close(self) -> None:
        for window in self.windows:
            await window.context.close()

    async def shoot(self, name: str) -> None:
        if SHOTS:
            for window in self.windows:
                await window.page.screenshot(path=str(Path(SHOTS) / f"editor-{name}-{window.who}.png"))


def _is_complaint(text: str) -> bool:
    """Tell whether a line of the console is about us; a server that is down or a cable that is out is not news."""
    if "ERR_" in text or "WebSocket" in text:
        return False
    return any(
        word in text.lower()
        for word in ("error", "permission denied", "[yjs]", "yjs was already", "exception", "unable")
    )


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Debian's Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()
