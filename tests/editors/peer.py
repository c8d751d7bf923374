"""Stock yjs and y-websocket clients in node, told in JavaScript what to do."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.editors.house import DOCUMENTS, WAIT, Space
from tests.support.until import NotInTime, until

HERE = Path(__file__).parent
ANSWER_BYTES_MAX = 1 << 26


@dataclass
class Crowd:
    """One node process in which everybody sits; each has a document and a provider of their own."""

    process: asyncio.subprocess.Process
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def tell(self, **order: Any) -> Any:
        """Give one order, and return its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        number = next(self.numbers)
        self.process.stdin.write(json.dumps({"id": number, **order}).encode() + b"\n")
        await self.process.stdin.drain()
        answer: dict[str, Any] = {}
        async with asyncio.timeout(WAIT):
            while answer.get("id") != number:  # somebody may have given up waiting for an earlier answer
                answer = json.loads(await self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    @asynccontextmanager
    async def seat(self, space: Space, who: str, doc: str, *, kind: str = "") -> AsyncIterator[Peer]:
        """Connect somebody to a document, and wait until they are synced."""
        peer = Peer(who, self, next(self.numbers))
        token = await space.token(who)
        address = {"url": space.sockets, "name": doc, "token": token, "kind": kind or DOCUMENTS[doc]}
        await self.tell(at=peer.at, open=address)
        try:
            await peer.connected()
            yield peer
        finally:
            await self.tell(at=peer.at, leave=True)


@dataclass
class Peer:
    """One of the crowd."""

    who: str
    crowd: Crowd
    at: int

    async def do(self, code: str, given: Any = None) -> Any:
        """Run statements over `desk given Y doc root provider undoManager`; returns what they return."""
        return await self.crowd.tell(at=self.at, code=code, given=given)

    async def desk(self, expression: str, given: Any = None) -> Any:
        return await self.do(f"return ({expression})", given)

    async def until(self, expression: str, given: Any = None, *, seconds: float = WAIT) -> None:
        """Wait until an expression is true."""
        try:
            await until(lambda: self.desk(expression, given), seconds=seconds)
        except NotInTime as failed:
            said = f"not within {seconds:.0f} s: {expression}; {await self.report()}"
            raise AssertionError(said) from failed

    async def connected(self) -> None:
        await self.until("desk.state().connected && desk.state().synced")

    async def report(self) -> str:
        state = await self.desk("[desk.state(), desk.closes.slice(0, 3), desk.words()]")
        return f"{self.who}: {state[0]}, first closes {state[1]}, {len(state[2])} letters {state[2][:200]!r}"


@asynccontextmanager
async def open_crowd() -> AsyncIterator[Crowd]:
    """Start node; it ends with the block."""
    node = shutil.which("node")
    assert node, "node 20 is needed for the stock clients"
    process = await asyncio.create_subprocess_exec(
        node, str(HERE / "peers.mjs"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        limit=ANSWER_BYTES_MAX,
    )  # fmt: skip
    try:
        yield Crowd(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
