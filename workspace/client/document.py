"""One document from Python, over the y-sync socket that browsers use too: for bots and tests.

Holds a `crdt.documents.document.Document` in sync with the server, over as many sockets as it takes: what was written
while there was none is brought with the next. `saved` says when it is on the server's disk; leaving waits for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from crdt.digest import Json
from crdt.documents.document import Document
from crdt.documents.paths import Path, set_path
from crdt.documents.pycrdt_document import DocumentKind
from crdt.documents.values import to_stored
from crdt.errors import MissingDependencies
from crdt.sync.y_sync import (
    ControlFrame,
    SyncStep1,
    SyncUpdate,
    decode_frame,
    encode_control,
    encode_step1,
    encode_step2,
    encode_update,
)
from crdt.updates.scan import INTERNAL, scan_update
from workspace.access import RIGHTS
from workspace.client.bell import Bell
from workspace.client.faults import Disconnected, Refused, within
from workspace.client.given import (
    as_unusable,
    check_document_name,
    check_json,
    check_kind,
    check_number,
    check_path,
    check_place,
    check_text,
)
from workspace.client.intent import Message
from workspace.client.line import AWAY_SECONDS, OPEN_SECONDS, Line
from workspace.client.room_address import read_address
from workspace.intents.model.bounds import RESERVED_IDS
from workspace.tasks import Tasks

SAVE_SECONDS = 30.0
# Frames that are read here, by their first byte: y-sync, the control channel, and that nothing may be written.
READ, DENIED = (b"\x00", b"\x64"), b"\x02"


class DocumentClient:
    """One document over the y-sync socket, edited by code. Made by `connect_document`.

    `socket` is None while there is no connection, `closed` says why there will be none any more; `sent` counts the
    updates of this connection.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.socket: ClientConnection | None = None
        self.synced = asyncio.Event()
        self.sent = 0
        self.closed: Disconnected | None = None
        # What one is in this document; empty until the server has said it.
        self.role = ""
        # An edit of one's own that the server has not taken as a whole: told at the next `saved`. And why there is no
        # use in making any.
        self.refused: Refused | None = None
        self._denied: Refused | None = None
        self.is_saved = True
        self._lane: Message = {}
        self._bell = Bell()
        self._order = asyncio.Lock()
        # How many edits were made; whether a question is on its way, and how many were answered.
        self._edits, self._is_asking, self._answers = 0, False, 0
        # Whether the server has been given what it lacked when this connection was opened.
        self._is_told = False

    def text(self) -> str:
        """Return the text of a text document."""
        return self.document.text()

    def value(self) -> Json:
        """Return the document's value."""
        return self.document.value()

    async def insert(self, point: int, text: str) -> None:
        """Type `text` at code point `point`. Raises `Unusable` where it is no text, or outside of what is there."""
        check_number("point", point)
        check_text("text", text)
        with as_unusable():
            await self.edit(lambda document: document.insert_text(point, text))

    async def delete(self, start: int, end: int) -> None:
        """Delete code points `start` to `end`. Raises `Unusable` where they are outside of what is there."""
        check_number("start", start)
        check_number("end", end)
        with as_unusable():
            await self.edit(lambda document: document.delete_text(start, end))

    async def set(self, path: Path, value: Json) -> None:
        """Set a value of a data document. Raises `Unusable` where it is no JSON, or nothing can stand at the path."""
        check_path(path)
        check_json(value)
        with as_unusable():
            to_stored(value)
            check_place(self.document, path)
            await self.edit(lambda document: set_path(document, path, value))

    async def edit(self, change: Callable[[Document], None]) -> None:
        """Make one transaction of changes and send it; without a connection it goes out with the next.

        Raises `Disconnected` where there will be none, `Refused` where one may only read: nothing was changed.
        """
        if (why := self.closed or self._denied) is not None:
            raise why
        with self.document.transaction() as done:
            change(self.document)
        for applied in done:
            assert applied.update, "a change has its bytes"
            self._edits, self.is_saved = self._edits + 1, False
            if self.socket is not None and self._is_told:
                # Counted, because an instruction says how many edits of its author must be there first (decision 31).
                self.sent += 1
                with contextlib.suppress(ConnectionClosed):
                    await self.socket.send(encode_update(applied.update))

    async def saved(self, seconds: float = SAVE_SECONDS) -> None:
        """Wait until all edits made so far are on the server's disk.

        Raises:
            Refused: the server did not take one as a whole, and its reason says why; the document shows what stands.
            Overdue: it took longer; the edits go on their way all the same.
            Disconnected: there is no connection any more; what is not saved is in this document alone.
        """
        async with within(seconds, "Word that a document is saved"), self._order:
            while not self.is_saved:
                await self._bell.until(lambda: self.closed is not None or (self._is_told and not self._is_asking))
                if self.closed is not None:
                    raise self.closed
                # An answer leaves once everything that came before its question is durable (decision 1).
                edits, answers, socket = self._edits, self._answers, self.socket
                await self._ask()
                await self._bell.until(
                    lambda: self._answers > answers or self.socket is not socket or self.closed is not None  # noqa: B023
                )
                self.is_saved = self._answers > answers and self._edits == edits
        if self.refused is not None:
            refused, self.refused = self.refused, None
            raise refused

    async def until(self, predicate: Callable[[DocumentClient], bool], seconds: float = 30.0) -> None:
        """Wait until something holds. Raises `Overdue`, and `Disconnected` when the connection is gone for good."""
        async with within(seconds, "What was waited for in a document"):
            await self._bell.until(lambda: self.closed is not None or predicate(self))
        if self.closed is not None and not predicate(self):
            raise self.closed

    # ------------------------------------------------------------ inside

    async def run(self, line: Line) -> None:
        """Keep the document in sync until its line is closed for good."""
        self.close(await line.run(lambda socket: self.converse(socket, line.opened)))

    def close(self, why: Disconnected) -> None:
        """Tell whoever waits that no connection will come."""
        if self.closed is None:
            self.closed = why
            self.synced.set()
            self._bell.ring()

    async def converse(self, socket: ClientConnection, opened: Callable[[], None] = lambda: None) -> None:
        """Take in a socket's frames until it is closed; `opened` is called once the server lets us in."""
        self.socket, self.sent, self._is_told, self._is_asking = socket, 0, False, False
        try:
            # Who has said hello is told what of theirs was not taken, and stays when the document is renamed.
            hello = {"type": "hello", "follow": False, **self._lane}
            await socket.send(encode_control(msgspec.json.encode(hello)))
            await self._ask()
            async for frame in socket:
                if isinstance(frame, bytes) and frame[:1] in READ:
                    await self._take(socket, frame, opened)
                elif isinstance(frame, bytes) and frame[:1] == DENIED:
                    self._deny("The server takes no edits of this connection.")
        finally:
            self.socket, self._is_told, self._is_asking = None, False, False
            self._bell.ring()

    async def _ask(self) -> None:
        """Ask for what is missing here."""
        self._is_asking = True
        if self.socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self.socket.send(encode_step1(self.document.encode_state_vector()))

    async def _take(self, socket: ClientConnection, frame: bytes, opened: Callable[[], None]) -> None:
        match decode_frame(frame):
            case SyncStep1(vector):
                self.sent += 1
                # From here on edits are sent as they are made: this holds all that came before.
                self._is_told = True
                await socket.send(encode_step2(self.document.encode(vector)))
            case SyncUpdate(update, is_step2):
                try:
                    self.document.apply(update, scan_update(update, INTERNAL))
                except MissingDependencies:
                    # A broadcast may overtake the answer to our SyncStep1: ask again, the answer holds both.
                    await self._ask()
                if is_step2:
                    opened()
                    self._is_asking, self._answers = False, self._answers + 1
                    self.synced.set()
            case ControlFrame(payload):
                self._hear(msgspec.json.decode(payload))
            case _:
                pass
        self._bell.ring()

    def _deny(self, reason: str) -> None:
        """Note that nothing may be written here; what is not saved was not taken."""
        self._denied = Refused("document_read_only", reason, "Ask an owner for the right to; open it again then.")
        if not self.is_saved:
            self.refused = self._denied

    def _hear(self, message: Message) -> None:
        if message["type"] in ("welcome", "rights"):
            self.role, self._denied = message["role"], None
            if "edit" not in RIGHTS.get(self.role, ()):
                self._deny(f"A {self.role} may not edit this document.")
        if message["type"] == "welcome":
            self._lane = {"lane": message["lane"], "secret": message["secret"] or self._lane.get("secret", "")}
        elif message["type"] == "error" and message.get("what") == "edit":
            self.refused = Refused(message["code"], message["reason"], message.get("remedy", ""))


@contextlib.asynccontextmanager
async def connect_document(
    url: str,
    doc: str,
    *,
    token: str | None = None,
    kind: DocumentKind = "text",
    origin: str | None = None,
    open_seconds: float = OPEN_SECONDS,
    away_seconds: float = AWAY_SECONDS,
) -> AsyncIterator[DocumentClient]:
    """Open a document of a workspace and yield it once in sync; leaving it waits until what was written is saved.

    All but `doc` and `kind` is as for `connect`. `doc` is its plain name: it is encoded here.

    Raises:
        Unusable: the address is none, or the name; nothing was sent.
        Disconnected: it cannot be opened, or, as it is left, something that was written could not be saved.
        Refused, Overdue: as it is left, as `saved` raises them.
    """
    client = RESERVED_IDS + secrets.randbelow(2**52)
    assert client >= RESERVED_IDS, "the lowest ids are the agent's (decision 33)"
    address = read_address(url, token)
    check_document_name(doc)
    check_kind(kind)
    line = Line(address, doc, origin=origin, open_seconds=open_seconds, away_seconds=away_seconds)
    opened, tasks = DocumentClient(Document(kind, client=client)), Tasks()
    # Awaited: whoever uses the client hears of its end from `closed`.
    tasks.start(opened.run(line), name=f"document client {line.address.shown}", is_awaited=True)
    try:
        await opened.synced.wait()
        if opened.closed is not None:
            raise opened.closed
        yield opened
        await opened.saved()
    finally:
        opened.close(Disconnected("left", "The document was left: this client closed the connection."))
        await tasks.close()
