"""A server in a process of its own, and what it means that everybody holds the same document."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx2

from tests.support.process import free_port, serve
from tests.support.until import NotInTime, until

DOCUMENTS = {"plan": "text", "notes": "rich", "budget": "data"}
WAIT = 20.0


class Seat(Protocol):
    """One person at a stock client: a window, or a process in node."""

    who: str

    async def desk(self, expression: str, given: Any = None) -> Any:
        """Return the value of an expression over `desk` and `given`."""

    async def report(self) -> str:
        """Return what a failure should say."""


@dataclass
class House:
    """A server in a process of its own, with data that outlive it. It dies and comes back on the same port."""

    data: Path
    port: int
    origin: str
    http: httpx2.AsyncClient
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
        await until(lambda: self.owner, seconds=WAIT)

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
    # No connection is kept: the server at its other end may be killed meanwhile.
    limits = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(timeout=60, limits=limits) as http:
        house = House(data, free_port(), origin, http)
        try:
            await house.start()
            yield house
        finally:
            await house.kill()


@dataclass(frozen=True)
class Space:
    """One workspace of the house, over HTTP."""

    house: House
    ws: str

    @property
    def sockets(self) -> str:
        return f"ws://127.0.0.1:{self.house.port}/ws/{self.ws}"

    async def ask(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.house.owner}"}
        url = f"http://127.0.0.1:{self.house.port}/api/workspaces{path}"
        return await self.house.http.request(method, url, headers=headers, **more)

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
        read = await self.get(f"/documents/{doc}", format="update")
        body = {"text": text, "scope": [{"doc": doc}], "seen": int(read.headers["x-folkmoot-seq"])}
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


async def agree(space: Space, doc: str, seats: Sequence[Seat], *, seconds: float = WAIT) -> str:
    """Wait until every seat and the server hold the same document, and return it.

    Then also nothing was refused, and nobody waits for structs that never came.
    """
    held: list[str] = []

    async def look() -> bool:
        update = await space.update(doc)
        held[:] = [await seat.desk("desk.holds()") for seat in seats]
        held.append(await seats[0].desk("desk.reads(given)", update))
        return len(set(held)) == 1

    with contextlib.suppress(NotInTime):  # what follows says how they differ
        await until(look, seconds=seconds)
    told = "\n".join([await seat.report() for seat in seats])
    assert held, f"the server never gave {doc}\n{told}"
    assert len(set(held)) == 1, f"{difference([*(seat.who for seat in seats), 'the server'], held)}\n{told}"
    for seat in seats:
        closes = await seat.desk("desk.closes")
        assert not [close for close in closes if is_refusal(close[0])], f"{seat.who} was refused: {closes[:3]}"
        assert await seat.desk("desk.faults()") == [], seat.who
    return held[0]


def is_refusal(code: int) -> bool:
    """Tell whether a close code blames the client: 4400 to 4599, or policy, size, malformed."""
    return code in (1002, 1003, 1007, 1008, 1009, 1011) or 4400 <= code <= 4599


def difference(who: list[str], held: list[str]) -> str:
    """Return where the first that differs parts from the first of all."""
    other = next(n for n, value in enumerate(held) if value != held[0])
    pairs = enumerate(zip(held[0], held[other], strict=False))
    at = next((n for n, (a, b) in pairs if a != b), min(len(held[0]), len(held[other])))
    parts = (f"{who[n]} ({len(held[n])}): …{held[n][max(0, at - 80) : at + 120]}" for n in (0, other))
    return "not the same: " + "; ".join(parts)
