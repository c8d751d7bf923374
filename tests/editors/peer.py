"""A stock yjs and y-websocket in node, told in JavaScript what to do."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.editors.house import DOCUMENTS, PAUSE, WAIT, Space

HERE = Path(__file__).parent


@dataclass
class Peer:
    """One process with one provider on one document."""

    who: str
    process: asyncio.subprocess.Process
    asked: int = 0

    async def do(self, code: str, given: Any = None) -> Any:
        """Run statements over `desk given Y doc root provider undoManager`; returns what they return."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.asked += 1
        self.process.stdin.write(json.dumps({"id": self.asked, "code": code, "given": given}).encode() + b"\n")
        await self.process.stdin.drain()
        answer: dict[str, Any] = {}
        async with asyncio.timeout(WAIT):
            while answer.get("id") != self.asked:  # somebody may have given up waiting for an earlier answer
                answer = json.loads(await self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    async def desk(self, expression: str, given: Any = None) -> Any:
        return await self.do(f"return ({expression})", given)

    async def until(self, expression: str, given: Any = None, *, seconds: float = WAIT) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not await self.desk(expression, given):
                    await asyncio.sleep(PAUSE)
        except TimeoutError as error:
            raise AssertionError(f"not within {seconds:.0f} s: {expression}; {await self.report()}") from error

    async def connected(self) -> None:
        await self.until("desk.state().connected && desk.state().synced")

    async def report(self) -> str:
        state = await self.desk("[desk.state(), desk.closes.slice(0, 3), desk.words()]")
        return f"{self.who}: {state[0]}, first closes {state[1]}, {len(state[2])} letters {state[2][:200]!r}"


@asynccontextmanager
async def open_peer(space: Space, who: str, doc: str) -> AsyncIterator[Peer]:
    """Connect somebody to a document, and wait until they are synced."""
    node = shutil.which("node")
    assert node, "node 20 is needed for the stock clients"
    process = await asyncio.create_subprocess_exec(
        node, str(HERE / "peer.mjs"), space.sockets, doc, await space.token(who), DOCUMENTS[doc],
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 26,
    )  # fmt: skip
    try:
        peer = Peer(who, process)
        await peer.connected()
        yield peer
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
