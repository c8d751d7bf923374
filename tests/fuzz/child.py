"""The process that is fuzzed: a real room from its ASGI socket to its log, one client with no good will, bystanders.

A world is a workspace with three documents and some hundred frames; at its end everybody must hold the same, the log
must verify and open again as the same documents. The frames of the world under way stand in a file, so that whoever
started this process has them when it dies.
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import logging
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from crdt.digest import normalise
from crdt.documents import canonical_form, data_image, long_lists
from crdt.documents.anchor import place_anchors
from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.documents.values import for_people
from crdt.operations.fork import run
from crdt.operations.ops import Insert, Op, SetValue, hash_of_value
from crdt.sync.y_sync import SyncStep1, SyncUpdate, decode_frame, encode_step1, encode_step2, encode_update
from tests.fuzz.frames import frame_of
from workspace.clock import SystemClock
from workspace.errors import RoomClosed
from workspace.history.read import verify_log
from workspace.intents.rules.evidence import render
from workspace.registry.registry import RoomRegistry
from workspace.room.room import Room
from workspace.settings import Settings
from workspace.sockets.endpoint import SocketEndpoint
from workspace.store.memory import MemoryStore
from workspace.telemetry import LOGGER

KINDS: tuple[DocumentKind, ...] = ("text", "data", "rich")
WORLD_FRAMES, SETTLE_EVERY, LOOK_EVERY, READ_EVERY = 600, 5, 25, 10
HANG_SECONDS = 5.0
Frame = tuple[str, bytes | str]


class Failure(Exception):
    """Something happened that must not, whatever a client sends."""


class RecordAppended(logging.Handler):
    """What the server said that only a bug makes it say."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record)[-3000:])


class SeededClock(SystemClock):
    """Wall time, and chance that is the same in every world: what broke once breaks again."""

    def __init__(self) -> None:
        self._chance = random.Random(0)

    def token(self, size: int) -> str:
        """Return `size` bytes as hex."""
        return self._chance.randbytes(size).hex()


class Socket:
    """One ASGI connection, without a network."""

    def __init__(self, endpoint: SocketEndpoint, doc: str, token: str) -> None:
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.received: list[bytes] = []
        self.closed: int | None = None
        self.waits = False
        self.inbox.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "path": f"/ws/w/{doc}",
            "headers": [],
            "query_string": b"",
            "subprotocols": ["folkmoot", f"token.{token}"],
        }
        self.task = asyncio.create_task(endpoint(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        self.waits = True
        try:
            return await self.inbox.get()
        finally:
            self.waits = False

    @property
    def is_idle(self) -> bool:
        """Tell whether all that was sent has been taken, in pieces too, or nothing is taken any more."""
        return self.task.done() or (self.waits and not self.inbox.qsize())

    async def _send(self, message: Any) -> None:
        if message["type"] == "websocket.send" and message.get("bytes") is not None:
            self.received.append(message["bytes"])
        elif message["type"] == "websocket.close":
            self.closed = message["code"]
            self.inbox.put_nowait({"type": "websocket.disconnect"})

    def send(self, frame: bytes | str) -> None:
        """Send a frame."""
        key = "text" if isinstance(frame, str) else "bytes"
        self.inbox.put_nowait({"type": "websocket.receive", key: frame})

    def hang_up(self) -> None:
        """Close it from this side."""
        self.inbox.put_nowait({"type": "websocket.disconnect"})


class Bystander:
    """Somebody honest at one document, with a replica of what the server says."""

    def __init__(self, socket: Socket, kind: DocumentKind, client: int) -> None:
        self.socket = socket
        self.document = Document(kind, client=client)
        self.socket.send(encode_step1(b"\x00"))

    def listen(self) -> None:
        """Take in what came."""
        received, self.socket.received = self.socket.received, []
        if self.socket.closed is not None:
            raise Failure(f"a bystander was closed with {self.socket.closed}")
        for frame in received:
            if frame[0] != 0:
                continue
            match decode_frame(frame):
                case SyncUpdate(update):
                    self.document.apply(update)
                case SyncStep1(vector):
                    self.socket.send(encode_step2(self.document.encode(vector)))

    def write(self, chance: random.Random) -> None:
        """Type something."""
        with self.document.transaction() as done:
            if self.document.kind == "text":
                self.document.insert_text(chance.randint(0, len(self.document.text())), "word ")
            elif self.document.kind == "data":
                self.document.data_root[f"k{chance.randrange(9)}"] = chance.randrange(100)
        for applied in done:
            self.socket.send(encode_update(applied.update))


class World:
    """One workspace, from its first frame to its opening again."""

    def __init__(self) -> None:
        self.errors = RecordAppended()
        self.chance = random.Random(0)

    async def __aenter__(self) -> World:
        self.store = MemoryStore()
        settings = Settings(frames_per_second_max=1e9, frames_burst_max=1e9, idle_seconds=1e9)
        self.registry = RoomRegistry(store=self.store, planner=None, clock=SeededClock(), settings=settings)
        await self.registry.start()
        self.room: Room = await self.registry.create(
            "w", name="w", actor="olga", documents={kind: kind for kind in KINDS}
        )
        self.endpoint = SocketEndpoint(self.registry)
        self.tokens = {who: await self.registry.tokens.make("w", actor=who, role="editor") for who in ("mal", "ana")}
        self.hostile = {kind: self._dial(kind, "mal") for kind in KINDS}
        self.honest = {kind: Bystander(self._dial(kind, "ana"), kind, 5 * 10**8 + at) for at, kind in enumerate(KINDS)}
        LOGGER.addHandler(self.errors)
        return self

    async def __aexit__(self, *_: object) -> None:
        LOGGER.removeHandler(self.errors)
        sockets = [*self.hostile.values(), *(bystander.socket for bystander in self.honest.values())]
        for socket in sockets:
            socket.hang_up()
        await asyncio.gather(*(socket.task for socket in sockets), return_exceptions=True)
        await self.registry.stop()

    def _dial(self, doc: str, who: str) -> Socket:
        return Socket(self.endpoint, doc, self.tokens[who])

    def document(self, kind: str) -> Document:
        """Return the server's own document."""
        return self.room.sequencer.fold.documents[kind]

    async def send(self, doc: str, frame: bytes | str) -> None:
        """Send a frame of the client with no good will, on a new socket where the last one was closed."""
        if self.hostile[doc].closed is not None:
            self.hostile[doc] = self._dial(doc, "mal")
        self.hostile[doc].send(frame)
        self.hostile[doc].received.clear()

    async def step(self, at: int, doc: str, frame: bytes | str) -> None:
        """Send a frame, and look around now and then."""
        await self.send(doc, frame)
        if at % SETTLE_EVERY == 0:
            faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
            await self.settle()
        if at % LOOK_EVERY == LOOK_EVERY - 1:
            await self.look()

    async def settle(self) -> None:
        """Wait until all that was sent has been carried out."""
        for _ in range(3):
            while not all(socket.is_idle for socket in self._sockets()):
                await asyncio.sleep(0)
            try:
                await self.room.read(lambda: None)
            except RoomClosed as closed:
                raise Failure(f"the room stopped: {self.errors.lines}") from closed
        for bystander in self.honest.values():
            bystander.listen()
        if self.errors.lines:
            raise Failure(self.errors.lines[0])
        if self.registry.rooms.get("w") is not self.room or not self.room.is_open:
            raise Failure("the room stopped")
        for socket in self._sockets():
            if socket.task.done() and not socket.task.cancelled() and socket.task.exception() is not None:
                raise Failure(f"a socket's task ended: {socket.task.exception()!r}")

    def _sockets(self) -> list[Socket]:
        return [*self.hostile.values(), *(bystander.socket for bystander in self.honest.values())]

    async def look(self) -> None:
        """Read and plan on every document as the server does; a bystander types."""
        chance = self.chance
        await self.settle()
        for kind, bystander in self.honest.items():
            document = self.document(kind)
            json.dumps(normalise(for_people(document.value())))
            render(document)
            op = _op(document, chance)
            if op is not None:
                fork = run({kind: document}, [op], [], client=document.client + 4).documents[kind]
                fork.value()
            bystander.write(chance)
        await self.settle()

    async def end(self) -> dict[str, list[str]]:
        """Compare everybody, verify the log, open the workspace again.

        Return the journal, in hex, of each document that is not everywhere the same though everybody has all of it:
        whoever started this process asks stock Yjs whether there is one order for these bytes.
        """
        await self.settle()
        digests = {kind: self.document(kind).digest() for kind in KINDS}
        doubtful = set()
        for kind, bystander in self.honest.items():
            if bystander.document.digest() != digests[kind]:
                doubtful.add(kind)
                if bystander.document.state_vector() != self.document(kind).state_vector():
                    raise Failure(f"the bystander of {kind} holds other items")
        await self.room.close()
        report = await verify_log(self.store, "w")
        if not report.ok and report.code != "document_broken":
            raise Failure(f"the log does not verify: {report.reason}")
        self.room = await self.registry.room("w")
        lost, put_aside = {one.doc for one in report.lost}, self.room.sequencer.fold.quarantined
        if not lost >= set(put_aside):
            raise Failure(f"{lost} are lost, and {put_aside} put aside")
        again = {kind: self.document(kind).digest() for kind in KINDS if kind not in put_aside}
        doubtful.update(lost, (kind for kind in again if again[kind] != digests[kind]))
        if self.errors.lines and not lost:
            raise Failure(self.errors.lines[0])
        rows = await self.store.journal("w", limit=100_000) if doubtful else []
        return {kind: [row.update.hex() for row in rows if row.doc == kind] for kind in sorted(doubtful)}


def _op(document: Document, chance: random.Random) -> Op | None:
    if document.kind == "text":
        (anchor,) = place_anchors(document, [(chance.randint(0, len(document.text())), -1)])
        return Insert("text", anchor.encode(), "said")
    if document.kind == "data":
        return SetValue("data", ("planned",), {"a": [1]}, hash_of_value(document, ("planned",)))
    return None


async def replay(frames: Sequence[Frame]) -> dict[str, list[str]]:
    """Send frames that were kept; return what `World.end` does. Raises `Failure` and whatever else breaks."""
    async with World() as world:
        for at, (doc, frame) in enumerate(frames):
            await world.step(at, doc, frame)
        await world.look()
        return await world.end()


async def fuzz(seed: int, number: int, honest: dict[str, list[bytes]], log: IO[str]) -> dict[str, list[str]]:
    """Live through one world of `WORLD_FRAMES` random frames. As `replay`."""
    chance = random.Random(f"{seed} {number}")
    _read_as_large_documents_are(number)
    async with World() as world:
        for at in range(WORLD_FRAMES):
            if number % 2 and at % READ_EVERY == 0:
                world.document("data").value()
            kind = chance.choice(KINDS)
            frame = frame_of(chance, kind, world.document(kind).state_vector(), honest[kind])
            log.write(line_of(kind, frame))
            log.flush()
            await world.step(at, kind, frame)
        await world.look()
        return await world.end()


def _read_as_large_documents_are(number: int) -> None:
    """Have every other world keep values by key, and every fourth read its lists as long ones are read."""
    canonical_form.KEPT_FROM = 0 if number % 2 else data_image.KEPT_FROM
    long_lists.WALKED_ITEMS_MAX = 1 if number % 4 == 3 else data_image.WALKED_ITEMS_MAX


def line_of(doc: str, frame: bytes | str) -> str:
    """Return a frame as one line of a corpus file."""
    return f"{doc} text {frame.encode().hex()}\n" if isinstance(frame, str) else f"{doc} bytes {frame.hex()}\n"


def frames_in(path: Path) -> list[Frame]:
    """Return the frames of a corpus file."""
    frames: list[Frame] = []
    for line in path.read_text().splitlines():
        doc, form, content = line.split(" ")
        raw = bytes.fromhex(content)
        frames.append((doc, raw.decode() if form == "text" else raw))
    return frames


def main() -> None:
    """`python -m tests.fuzz.child SEED FIRST LAST HONEST LOG`: worlds FIRST to LAST, a line for each that went well."""
    seed, first, last = map(int, sys.argv[1:4])
    honest = {
        kind: [bytes.fromhex(one) for one in kept] for kind, kept in json.loads(Path(sys.argv[4]).read_text()).items()
    }
    LOGGER.propagate = False
    faulthandler.enable()
    for number in range(first, last):
        with Path(sys.argv[5]).open("w") as log:
            doubtful = asyncio.run(fuzz(seed, number, honest, log))
        faulthandler.cancel_dump_traceback_later()
        print(f"world {number} {json.dumps(doubtful)}", flush=True)
        if doubtful:
            return  # the frames of this world stand in the file until somebody has looked at them


if __name__ == "__main__":
    main()
