"""One document from Python, over the y-sync socket that browsers use too: for bots and tests.

Holds a `crdt.documents.document.Document` in sync with the server; a broadcast that overtakes the first sync is asked
for again.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

from crdt.digest import Json
from crdt.documents.document import Document
from crdt.documents.paths import Path, set_path
from crdt.documents.pycrdt_document import DocumentKind
from crdt.errors import CrdtError, MissingDependencies
from crdt.sync.y_sync import SyncStep1, SyncUpdate, decode_frame, encode_step1, encode_step2, encode_update
from crdt.updates.scan import INTERNAL, scan_update
from workspace.client.room import FRAME_BYTES_MAX, Disconnected, offer
from workspace.intents.model.bounds import RESERVED_IDS
from workspace.tasks import Tasks

SYNC_SECONDS = 30.0


@dataclass(slots=True, eq=False)
class DocumentClient:
    """One document over the y-sync socket, edited by code. Made by `connect_document`."""

    document: Document
    socket: ClientConnection
    synced: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0
    closed: Disconnected | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def text(self) -> str:
        """Return the text of a text document."""
        return self.document.text()

    def value(self) -> Json:
        """Return the document's value."""
        return self.document.value()

    async def insert(self, point: int, text: str) -> None:
        """Type `text` at code point `point`."""
        await self.edit(lambda document: document.insert_text(point, text))

    async def delete(self, start: int, end: int) -> None:
        """Delete code points `start` to `end`."""
        await self.edit(lambda document: document.delete_text(start, end))

    async def set(self, path: Path, value: Json) -> None:
        """Set a value of a data document."""
        await self.edit(lambda document: set_path(document, path, value))

    async def edit(self, change: Callable[[Document], None]) -> None:
        """Make one transaction of changes and send it."""
        with self.document.transaction() as done:
            change(self.document)
        for applied in done:
            assert applied.update, "a change has its bytes"
            # Counted, because an instruction says how many edits of its author must be there first (decision 31).
            self.sent += 1
            await self.socket.send(encode_update(applied.update))

    async def until(self, predicate: Callable[[DocumentClient], bool], seconds: float = 30.0) -> None:
        """Wait until something holds. Raises TimeoutError, and `Disconnected` when the socket is gone."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: self.closed is not None or predicate(self))
        if self.closed is not None and not predicate(self):
            raise self.closed

    async def run(self) -> None:
        """Take in frames until the socket is closed."""
        try:
            await self.socket.send(encode_step1(self.document.encode_state_vector()))
            async for frame in self.socket:
                if isinstance(frame, bytes) and frame[:1] == b"\x00":
                    await self._take(frame)
        except ConnectionClosed:
            pass
        except CrdtError as error:
            await self.socket.close(1002, error.code)
        status, reason = self.socket.close_code or 1006, self.socket.close_reason or ""
        assert self.closed is None, "a socket is closed once"
        self.closed = Disconnected(status, reason)
        self.synced.set()
        async with self._changed:
            self._changed.notify_all()

    async def _take(self, frame: bytes) -> None:
        match decode_frame(frame):
            case SyncStep1(vector):
                self.sent += 1
                await self.socket.send(encode_step2(self.document.encode(vector)))
            case SyncUpdate(update, is_step2):
                try:
                    self.document.apply(update, scan_update(update, INTERNAL))
                except MissingDependencies:
                    # A broadcast may overtake the answer to our SyncStep1: ask again, the answer holds both.
                    await self.socket.send(encode_step1(self.document.encode_state_vector()))
                if is_step2:
                    self.synced.set()
            case _:
                pass
        async with self._changed:
            self._changed.notify_all()


@contextlib.asynccontextmanager
async def connect_document(
    url: str, doc: str, *, token: str | None = None, kind: DocumentKind = "text"
) -> AsyncIterator[DocumentClient]:
    """Open a document of a workspace (`url` as for `connect`) and yield it once in sync.

    `doc` is its plain name: it is encoded here. Raises `Disconnected`.
    """
    client = RESERVED_IDS + secrets.randbelow(2**52)
    assert client >= RESERVED_IDS, "the lowest ids are the agent's (decision 33)"
    async with open_socket(
        f"{url}/{quote(doc, safe='/')}",
        subprotocols=offer(token),
        max_size=FRAME_BYTES_MAX,
        compression=None,
    ) as socket:
        opened = DocumentClient(Document(kind, client=client), socket)
        tasks = Tasks()
        # Awaited: whoever uses the client hears of its end from `closed`.
        tasks.start(opened.run(), name=f"document client {doc}", is_awaited=True)
        try:
            async with asyncio.timeout(SYNC_SECONDS):
                await opened.synced.wait()
            if opened.closed is not None:
                raise opened.closed
            yield opened
        finally:
            await tasks.close()
