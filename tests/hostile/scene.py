"""A server in a process of its own, two workspaces on it, people who type in both, and what a program did to them.

Those who type hold no replica: what they send and hear is looked at as bytes, so that what is measured is the server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from crdt.documents.anchor import find_ids_of_range
from crdt.documents.document import Document
from crdt.sync.y_sync import SyncUpdate, decode_frame, encode_step1, encode_step2, encode_update
from crdt.updates.lib0 import Writer
from crdt.updates.scan import INTERNAL, scan_update
from tests.hostile.attack import LowRole
from tests.support.process import folkmoot, free_port, serve

WORKSPACES = ("same", "other")
ROLES: tuple[LowRole, ...] = ("viewer", "commenter", "editor")
HONEST_CLIENT = 4_000_000_000
PAUSE_SECONDS = 0.05
LOST_SECONDS = 30.0
STATE_BYTES = 400_000
KINDS: dict[str, Any] = {
    "plan": "text",
    "notes": "text",
    "budget": {"kind": "data", "content": {f"k{at}": at for at in range(500)}},
    "page": "rich",
    "old": {"kind": "text", "content": "an old word " * (STATE_BYTES // 12)},
}


def offer(token: str) -> list[Subprotocol]:
    return [Subprotocol("folkmoot"), Subprotocol(f"token.{token}")]


@dataclass
class Typist:
    """Somebody who types in `plan`, and a reader who sees it; `seconds` are how long each word took.

    `before` is the first character that stood there: as with any client, the first word goes to its left.
    """

    ws: str
    before: tuple[int, int] | None = None
    client: int = HONEST_CLIENT
    said: int = 0
    heard: int = 0
    seconds: list[float] = field(default_factory=list)
    # How long the server's process worked meanwhile: what a stall takes on a machine that does nothing else.
    worked: list[float] = field(default_factory=list)
    problem: str = ""
    work: Callable[[], float] = time.monotonic
    _sent: list[tuple[float, float]] = field(default_factory=list)
    _clock: int = 0

    def word(self, at: int) -> str:
        """The word of this number: no other text holds it."""
        return f"{self.ws}{self.client}-{at};"

    def next_edit(self) -> bytes:
        """Return the edit that types the next word behind the last."""
        text = self.word(self.said)
        writer = Writer().var_uint(1).var_uint(1).var_uint(self.client).var_uint(self._clock)
        if self._clock == 0 and self.before is not None:
            writer.byte(0x44).var_uint(self.before[0]).var_uint(self.before[1])
        elif self._clock == 0:
            writer.byte(4).var_uint(1).var_string("content")
        else:
            writer.byte(0x84).var_uint(self.client).var_uint(self._clock - 1)
        self._clock += len(text)
        return writer.var_string(text).byte(0).getvalue()

    async def type(self, socket: ClientConnection, until: asyncio.Event) -> None:
        """Type a word every 50 ms until the program is over; wait for the last one to be heard."""
        while not until.is_set() and not self.problem:
            edit = self.next_edit()
            self._sent.append((time.monotonic(), self.work()))
            self.said += 1
            try:
                await socket.send(encode_update(edit))
            except WebSocketException as error:
                self.problem = f"the typist was closed: {error}"
            await asyncio.sleep(PAUSE_SECONDS)
        end = time.monotonic() + LOST_SECONDS
        while self.heard < self.said and time.monotonic() < end and not self.problem:
            await asyncio.sleep(0.01)
        if self.heard < self.said:
            self.problem = self.problem or f"{self.said - self.heard} words were not heard in {LOST_SECONDS:.0f} s"

    async def listen(self, socket: ClientConnection) -> None:
        """Note when each word comes to the reader."""
        try:
            async for frame in socket:
                now = time.monotonic()
                while self.heard < self.said and isinstance(frame, bytes) and self.word(self.heard).encode() in frame:
                    began, before = self._sent[self.heard]
                    self.seconds.append(now - began)
                    self.worked.append(self.work() - before)
                    self.heard += 1
        except WebSocketException as error:
            self.problem = self.problem or f"the reader was closed: {error}"
        self.problem = self.problem or f"the reader was closed: {socket.close_code}"


async def answer_questions(socket: ClientConnection) -> None:
    """Answer the server's first question, and read on: what a silent reader would be closed for."""
    async for frame in socket:
        if isinstance(frame, bytes) and frame[:2] == b"\x00\x00":
            await socket.send(encode_step2(b"\x00\x00"))


@dataclass
class Server:
    """A server and how to reach it; `tokens` by workspace and role."""

    data: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)
    _people: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """The address of its sockets."""
        return f"ws://127.0.0.1:{self.port}/ws"

    def memory(self, name: str) -> int:
        """Return a figure of the process in bytes: `VmRSS`, or `VmHWM` for the most since `forget_peak`."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{name}:")) * 1024

    def work(self) -> float:
        """Return how many seconds of processors the process has taken, all its threads together."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        total = 0
        for task in tasks.iterdir():
            with suppress(OSError):  # a thread that ends meanwhile
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def forget_peak(self) -> None:
        """Let the peak of memory begin anew."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    async def start(self) -> None:
        """Start the server; what it prints is read and dropped, or it would wait for a reader."""
        self.process = await serve(self.data, self.port, **self.environment)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            self._readers.append(asyncio.create_task(_drop(stream)))

    async def restart(self) -> None:
        """End the server as an operator does, and start it again on the same data."""
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        """End the server."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(60):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()

    async def stop_agent(self, ws: str) -> None:
        """Have the agent of a workspace stop."""
        headers = {"authorization": f"Bearer {self.tokens[ws]['owner']}"}
        async with httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=60) as client:
            answer = await client.put(f"/api/workspaces/{ws}/stop", json={"reason": "what there is, is compared"})
            assert answer.status_code < 300, answer.text

    async def documents(self, ws: str) -> dict[str, str]:
        """Return the digest of each document, as the server makes it of what it holds."""
        found = {}
        headers, api = {"authorization": f"Bearer {self.tokens[ws]['owner']}"}, f"{self.url}/api/workspaces/{ws}"
        async with httpx2.AsyncClient(base_url=api, headers=headers, timeout=60) as client:
            for doc in KINDS:
                found[doc] = (await client.get(f"/documents/{doc}")).json()["digest"]
            found["documents there are"] = str(len((await client.get("/documents")).json()))
        return found

    async def states(self, ws: str) -> list[bytes]:
        """Return what a newcomer is sent of each document."""
        return [await self.state(ws, doc) for doc in KINDS]

    async def state(self, ws: str, doc: str) -> bytes:
        """Return what a newcomer is sent of a document."""
        address = f"{self.address}/{ws}/{doc}"
        async with connect(
            address, subprotocols=offer(self.tokens[ws]["owner"]), compression=None, max_size=None
        ) as socket:
            await socket.send(encode_step1(b"\x00"))
            async with asyncio.timeout(60):
                while True:
                    frame = await socket.recv()
                    decoded = decode_frame(frame) if isinstance(frame, bytes) and frame[:1] == b"\x00" else None
                    if isinstance(decoded, SyncUpdate) and decoded.is_step2:
                        return decoded.update

    async def text(self, ws: str) -> str:
        """Return the text that the honest ones type into."""
        return (await self._plan(ws)).text()

    async def _plan(self, ws: str) -> Document:
        document, state = Document("text", client=9), await self.state(ws, "plan")
        document.apply(state, scan_update(state, INTERNAL))
        return document

    async def _typist(self, ws: str) -> Typist:
        plan = await self._plan(ws)
        first = next(iter(find_ids_of_range(plan, 0, 1)), None) if plan.text() else None
        return Typist(ws, client=self._next_client(), work=self.work, before=first[:2] if first is not None else None)

    def _next_client(self) -> int:
        self._people += 1
        return HONEST_CLIENT + self._people

    @asynccontextmanager
    async def people(self, until: asyncio.Event) -> AsyncIterator[dict[str, Typist]]:
        """Have somebody type and somebody read in each workspace, until the event and until all was heard."""
        typists = {ws: await self._typist(ws) for ws in WORKSPACES}
        sockets, tasks = [], []
        for ws, typist in typists.items():
            for role in ("editor", "owner"):
                offered = offer(self.tokens[ws][f"honest {role}"])
                address = f"{self.address}/{ws}/plan"
                socket = await connect(address, subprotocols=offered, compression=None, max_size=None)
                sockets.append(socket)
                await socket.send(encode_step1(b"\x00"))
                task = typist.listen(socket) if role == "owner" else answer_questions(socket)
                tasks.append(asyncio.create_task(task))
        typing = [asyncio.create_task(t.type(s, until)) for t, s in zip(typists.values(), sockets[::2], strict=True)]
        try:
            yield typists
            await asyncio.gather(*typing)
        finally:
            for task in (*typing, *tasks):
                task.cancel()
            for socket in sockets:
                await socket.close()


@asynccontextmanager
async def running(data: Path, **environment: str) -> AsyncIterator[Server]:
    """Start a server with both workspaces, their documents and everybody's tokens, in an environment; end it."""
    owners = {ws: await _make_owner(data, ws) for ws in WORKSPACES}
    port = free_port()
    server = Server(data, port, environment)
    await server.start()
    try:
        for ws, owner in owners.items():
            await _furnish(server, ws, owner)
        yield server
    finally:
        await server.stop()


async def _drop(stream: asyncio.StreamReader) -> None:
    while await stream.read(1 << 16):
        pass


async def _make_owner(data: Path, ws: str) -> str:
    who = ("--workspace", ws, "--actor", "olga", "--role", "owner")
    process = await folkmoot("token", *who, "--new", "--data", str(data))
    out, err = await process.communicate()
    assert process.returncode == 0, err
    return out.decode().strip()


async def _furnish(server: Server, ws: str, owner: str) -> None:
    tokens = server.tokens[ws] = {"owner": owner}
    headers = {"authorization": f"Bearer {owner}"}
    people = {role: ("mal", str(role)) for role in ROLES}
    people |= {"honest editor": ("ana", "editor"), "honest owner": ("ben", "owner")}
    async with httpx2.AsyncClient(base_url=f"{server.url}/api/workspaces/{ws}", headers=headers, timeout=30) as client:
        for doc, wanted in KINDS.items():
            made = await client.put(f"/documents/{doc}", json=wanted if isinstance(wanted, dict) else {"kind": wanted})
            assert made.status_code == 201, made.text
        for name, (actor, role) in people.items():
            tokens[name] = (await client.post("/tokens", json={"actor": actor, "role": role})).json()["token"]
