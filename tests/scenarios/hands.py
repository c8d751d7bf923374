"""Hands that type in a story: our own client in Python, or an unmodified yjs with y-websocket in node."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from crdt.digest import Json
from workspace.client.document import DocumentClient, connect_document

SCRIPT = Path(__file__).parent.parent / "stock" / "hand.mjs"


class Hand(Protocol):
    """Somebody with a document open."""

    def text(self) -> str:
        """Return the text as their own replica has it."""

    def value(self) -> Json:
        """Return the value as their own replica has it."""

    async def write(self, behind: str, words: str) -> None:
        """Type `words` directly behind some text."""

    async def put(self, key: str, value: Json) -> None:
        """Set a value."""

    async def until(self, predicate: Callable[[Hand], bool], seconds: float = 30.0) -> None:
        """Wait until something holds of their replica."""


@dataclass
class OurHand:
    """A hand on `workspace.client.document`."""

    client: DocumentClient

    def text(self) -> str:
        return self.client.text()

    def value(self) -> Json:
        return self.client.value()

    async def write(self, behind: str, words: str) -> None:
        await self.client.insert(self.client.text().index(behind) + len(behind), words)

    async def put(self, key: str, value: Json) -> None:
        await self.client.set((key,), value)

    async def until(self, predicate: Callable[[Hand], bool], seconds: float = 30.0) -> None:
        await self.client.until(lambda _: predicate(self), seconds)


@dataclass
class StockHand:
    """A hand on a node process with one unmodified provider; it tells every state of its document."""

    process: asyncio.subprocess.Process
    shown: Json = None
    synced: bool = False
    closed: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def text(self) -> str:
        assert isinstance(self.shown, str)
        return self.shown

    def value(self) -> Json:
        return self.shown

    async def write(self, behind: str, words: str) -> None:
        await self._tell(do="type", behind=behind, words=words)
        await self.until(lambda hand: behind + words in hand.text())

    async def put(self, key: str, value: Json) -> None:
        await self._tell(do="set", key=key, value=value)
        await self.until(lambda hand: hand.value()[key] == value)

    async def until(self, predicate: Callable[[Hand], bool], seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(lambda: self.closed or (self.synced and predicate(self)))
        assert not self.closed, "the stock client ended"

    async def _tell(self, **order: Json) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        await self.process.stdin.drain()

    async def run(self) -> None:
        """Take in states until the process ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            state = json.loads(line)
            self.shown, self.synced = state["value"], self.synced or state["synced"]
            async with self.changed:
                self.changed.notify_all()
        self.closed = True
        async with self.changed:
            self.changed.notify_all()


@asynccontextmanager
async def our_hand(url: str, doc: str, *, token: str, kind: str) -> AsyncIterator[OurHand]:
    """Open a document with our client."""
    async with connect_document(url, doc, token=token, kind=kind) as client:  # type: ignore[arg-type]
        yield OurHand(client)


@asynccontextmanager
async def stock_hand(url: str, doc: str, *, token: str, kind: str) -> AsyncIterator[StockHand]:
    """Open a document with a stock client in a process of its own, ended by its own id."""
    node = shutil.which("node")
    assert node, "node 20 is needed for the stock clients"
    process = await asyncio.create_subprocess_exec(
        node, str(SCRIPT), url, doc, token, kind,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24,
    )  # fmt: skip
    hand = StockHand(process)
    reading = asyncio.create_task(hand.run())
    try:
        await hand.until(lambda _: True)
        yield hand
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
