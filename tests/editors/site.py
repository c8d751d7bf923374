"""A real server in a process of its own, the built pages on a second port, and people in windows of their own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.support.process import free_port, serve
from tests.web.test_page import CHROMIUM, FLAGS

HERE = Path(__file__).parent
DIST = HERE / "dist"
SHOTS = os.environ.get("FOLKMOOT_SCREENSHOTS")
DOCUMENTS = {"plan": "text", "notes": "rich", "budget": "data"}
WAIT = 20.0
PAUSE = 0.05


class Quiet(SimpleHTTPRequestHandler):
    """The built pages, without a line for every file."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def pages() -> Iterator[str]:
    """Serve `dist` on a port of its own; returns its origin."""
    assert (DIST / "codemirror.html").exists(), "the editors are not built: run 'make test', or its part for them"
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(DIST)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class House:
    """A server in a process of its own, with data that outlive it. It dies and comes back on the same port."""

    data: Path
    port: int
    origin: str
    owner: str = ""
    process: asyncio.subprocess.Process | None = None
    said: list[str] = field(default_factory=list)
    listening: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Start it unless it runs; the first time its owner's token is read from what it prints."""
        if self.process is not None and self.process.returncode is None:
            return
        self.process = await serve(self.data, self.port, FOLKMOOT_ORIGINS=self.origin)
        streams = (self.process.stderr, self.process.stdout)
        self.listening = [asyncio.create_task(self._listen(stream)) for stream in streams]
        async with asyncio.timeout(WAIT):
            while not self.owner:
                await asyncio.sleep(PAUSE)

    async def _listen(self, stream: asyncio.StreamReader | None) -> None:
        # A pipe that nobody empties stops the server that writes into it.
        assert stream is not None
        while line := await stream.readline():
            self.said.append(line.decode(errors="replace").rstrip())
            _, found, token = self.said[-1].partition("#token=")
            self.owner = token if found else self.owner

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await asyncio.gather(*self.listening)


@asynccontextmanager
async def open_house(data: Path, origin: str = "") -> AsyncIterator[House]:
    """Start a server; it is killed at the end."""
    house = House(data, free_port(), origin)
    try:
        await house.start()
        yield house
    finally:
        await house.kill()


@dataclass(frozen=True)
class Space:
    """One workspace of the house, through its HTTP door."""

    house: House
    ws: str

    @property
    def sockets(self) -> str:
        return f"ws://127.0.0.1:{self.house.port}/ws/{self.ws}"

    async def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.house.owner}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            return await http.request(method, f"http://127.0.0.1:{self.house.port}/api/workspaces{path}", **more)

    async def get(self, path: str, **params: str) -> httpx2.Response:
        answer = await self.ask("GET", f"/{self.ws}{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer

    async def token(self, actor: str) -> str:
        answer = await self.ask("POST", f"/{self.ws}/tokens", json={"actor": actor, "role": "editor"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    async def update(self, name: str) -> str:
        """Return the server's own state of a document, base64."""
        return base64.b64encode((await self.get(f"/documents/{name}", format="update")).content).decode()

    async def done(self, text: str, doc: str) -> None:
        """Ask the agent for something, having seen everything: it must end `done`."""
        seen = (await self.get("")).json()["seq"]
        body = {"text": text, "scope": [{"doc": doc}], "seen": seen}
        answer = await self.ask("POST", f"/{self.ws}/intents", params={"wait": "20"}, json=body)
        assert answer.status_code == 202, answer.text
        verdict = answer.json().get("verdict") or {}
        assert verdict.get("state") == "done", f"{text}: {answer.json()}"

    async def verify(self) -> None:
        """The log verifies."""
        answer = await self.get("/verify")
        assert answer.json()["ok"], answer.text


async def open_space(house: House, ws: str) -> Space:
    """Make a workspace with a text, a rich and a data document."""
    space = Space(house, ws)
    answer = await space.ask("POST", "", json={"id": ws, "documents": DOCUMENTS})
    assert answer.status_code == 201, answer.text
    return space


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

    async def until(self, expression: str, given: Any = None, *, seconds: float = WAIT) -> Any:
        """Wait until an expression is true."""
        last: Any = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not (last := await self.desk(expression, given)):
                    await asyncio.sleep(PAUSE)
                return last
        told = [await window.report() for window in self.everybody]
        raise AssertionError(f"{self.who}: not within {seconds:.0f} s: {expression} {given or ''}\n" + "\n".join(told))

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

    async def agree(self, doc: str, *, seconds: float = WAIT) -> str:
        """Wait until every window and the server hold the same document, and return it.

        Also true then: nobody waits for missing structs, what the windows show is the same, nothing was refused.
        """
        held: list[str] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    update = await self.space.update(doc)
                    held = [await window.desk("desk.holds()") for window in self.windows]
                    held.append(await self.windows[0].desk("desk.reads(given)", update))
                    shown = [await window.desk("desk.shown()") for window in self.windows]
                    if len(set(held)) == 1 and len(set(shown)) == 1:
                        break
                    await asyncio.sleep(PAUSE)
        who = [window.who for window in self.windows] + ["the server"]
        told = "\n".join([await window.report() for window in self.windows])
        assert len(set(held)) == 1, f"not the same: {_difference(who, held)}\n{told}"
        shown = [await window.desk("desk.shown()") for window in self.windows]
        assert len(set(shown)) == 1, f"not shown the same: {_difference(who, shown)}"
        await self.nothing_refused()
        return held[0]

    async def nothing_refused(self) -> None:
        """No window was closed for good or for size, none was denied anything, none waits for what never comes."""
        for window in self.windows:
            closes = await window.desk("desk.closes")
            refused = [close for close in closes if close[0] in (1008, 1009) or 4400 <= close[0] <= 4599]
            assert not refused, f"{window.who}: {refused}"
            assert await window.desk("desk.faults()") == [], window.who
        assert self.complaints() == []

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


def _difference(who: list[str], held: list[str]) -> str:
    """Return where the first two that differ part."""
    first, other = next(((0, n) for n in range(1, len(held)) if held[n] != held[0]), (0, 0))
    at = next(
        (n for n, (a, b) in enumerate(zip(held[first], held[other], strict=False)) if a != b),
        min(len(held[first]), len(held[other])),
    )
    return "; ".join(f"{who[n]} ({len(held[n])}): …{held[n][max(0, at - 80) : at + 120]}" for n in (first, other))


@asynccontextmanager
async def open_stage(data: Path) -> AsyncIterator[tuple[House, Browser, str]]:
    """A server, the pages, a browser."""
    with pages() as origin:
        async with open_house(data, origin) as house, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            try:
                yield house, browser, origin
            finally:
                await browser.close()


def text_of(held: str) -> str:
    """Return the words of the root `content` in what `Site.agree` gave, an embed as one U+FFFC."""
    runs = json.loads(held)["roots"][0][1]["$text"]
    return "".join(run["insert"] if isinstance(run["insert"], str) else "\ufffc" for run in runs)
