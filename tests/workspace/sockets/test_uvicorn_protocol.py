"""The server's own end of a socket against a client that chooses every byte: as the RFC has it, however it is cut."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.frames import Frame, Opcode

from agent.builtin.planner import BuiltinPlanner
from crdt.documents.document import Document
from crdt.sync.y_sync import SyncUpdate, decode_frame, encode_control, encode_update
from tests.support.server import Running, running_server
from workspace.client.document import connect_document
from workspace.protocol.frames import extent_of, pack_binary, pack_text
from workspace.settings import Settings
from workspace.sockets.uvicorn_protocol import FastProtocol

WAIT = 10
KEY = "AAAAAAAAAAAAAAAAAAAAAA=="


@given(st.binary(max_size=70_000), st.text(max_size=200))
def test_packed_frames_are_the_librarys(payload: bytes, text: str) -> None:
    assert pack_binary(payload) == Frame(Opcode.BINARY, payload).serialize(mask=False)
    assert pack_text(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


@given(st.binary(max_size=300), st.booleans(), st.binary(max_size=5))
def test_an_extent_is_the_frames_own(payload: bytes, is_masked: bool, before: bytes) -> None:
    packed = Frame(Opcode.BINARY, payload).serialize(mask=is_masked)
    extent = extent_of(before + packed, len(before))
    assert extent is not None
    assert (extent.end, extent.end - extent.start) == (len(before) + len(packed), len(payload))
    for cut in range(len(packed)):
        part = extent_of(packed[:cut], 0)
        assert part is None or part.end == len(packed)


class Bytes:
    """A socket on which a test writes bytes, and reads frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def frame(self) -> tuple[int, bytes]:
        """Return opcode and payload of the server's next frame."""
        async with asyncio.timeout(WAIT):
            first, size = await self.reader.readexactly(2)
            if size >= 126:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
            return first & 0x0F, await self.reader.readexactly(size)

    async def message(self, kind: str) -> dict[str, Any]:
        """Return the next JSON message of a kind."""
        while True:
            opcode, payload = await self.frame()
            if opcode == 1 and (message := json.loads(payload))["type"] == kind:
                return dict(message)

    async def closing(self) -> int:
        """Return the code with which the server closes."""
        while True:
            opcode, payload = await self.frame()
            if opcode == 8:
                return int.from_bytes(payload[:2], "big")


@asynccontextmanager
async def dialled(server: Running, path: str = "/ws/demo") -> AsyncIterator[Bytes]:
    token = await server.token("ana")
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (
        f"GET {path}?token={token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    writer.write(head.encode())
    async with asyncio.timeout(WAIT):
        await reader.readuntil(b"\r\n\r\n")
    try:
        yield Bytes(reader, writer)
    finally:
        writer.close()


def masked(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=True)


def said(**message: object) -> bytes:
    return masked(Opcode.TEXT, json.dumps(message).encode())


@pytest.mark.parametrize("seed", range(8))
async def test_messages_arrive_in_order_however_they_are_cut(seed: int) -> None:
    """A hello, pings and forty instructions in one stream, cut anywhere: every one is taken, in order, once."""
    chance = random.Random(seed)
    stream = said(type="hello", seen=0)
    for n in range(1, 41):
        if chance.random() < 0.3:
            stream += masked(Opcode.PING, os.urandom(3))
        text = json.dumps({"type": "intent", "n": n, "seen": 0, "compose": 0, "text": f"add {n} to the list in plan"})
        if chance.random() < 0.3:
            cut = chance.randrange(len(text))
            stream += masked(Opcode.TEXT, text[:cut].encode(), fin=False)
            stream += masked(Opcode.CONT, text[cut:].encode())
        else:
            stream += masked(Opcode.TEXT, text.encode())
    async with running_server(planner=BuiltinPlanner()) as server, dialled(server) as socket:
        at = 0
        while at < len(stream):
            step = chance.choice((1, 2, 7, 60, 400, 5_000))
            socket.writer.write(stream[at : at + step])
            await asyncio.sleep(0)
            at += step
        acks = [(await socket.message("ack"))["n"] for _ in range(40)]
        assert acks == list(range(1, 41))


async def test_what_arrived_counts_though_its_sender_is_gone() -> None:
    """A keystroke behind a hello that is still being answered, and the tab is closed: the keystroke stays."""
    document = Document("text", client=77_777)
    with document.transaction() as done:
        document.insert_text(0, "kept")
    hello = masked(Opcode.BINARY, encode_control(json.dumps({"type": "hello", "seen": 0}).encode()))
    async with running_server() as server:
        room = await server.registry.room("demo")
        async with dialled(server, "/ws/demo/plan") as socket:
            await socket.frame()
            socket.writer.write(hello + masked(Opcode.BINARY, encode_update(done[0].update)))
        async with asyncio.timeout(WAIT):
            while room.sequencer.fold.documents["plan"].text() != "kept":
                await asyncio.sleep(0.01)


BROKEN = {
    "not masked": (Frame(Opcode.BINARY, b"x").serialize(mask=False), 1002),
    "reserved bit": (b"\xc2\x81" + bytes(5), 1002),
    "nothing to continue": (masked(Opcode.CONT, b"x"), 1002),
    "message within a message": (masked(Opcode.TEXT, b"a", fin=False) + masked(Opcode.TEXT, b"b"), 1002),
    "not UTF-8": (masked(Opcode.TEXT, b"\xff\xfe"), 1007),
    "not UTF-8 in parts": (masked(Opcode.TEXT, b"\xff", fin=False) + masked(Opcode.CONT, b"\xfe"), 1007),
    "a terabyte": (b"\x82\xff" + (2**40).to_bytes(8, "big") + bytes(4), 1009),
    "unknown opcode": (b"\x83\x81" + bytes(5), 1002),
    "a good close": (masked(Opcode.CLOSE, b"\x03\xe8bye"), 1000),
}


@pytest.mark.parametrize("name", list(BROKEN))
async def test_a_broken_frame_is_refused_by_its_code(name: str) -> None:
    stream, status = BROKEN[name]
    async with running_server() as server, dialled(server) as socket:
        socket.writer.write(stream)
        assert await socket.closing() == status


async def test_a_ping_is_answered_between_the_fragments_of_a_message() -> None:
    async with running_server() as server, dialled(server) as socket:
        hello = json.dumps({"type": "hello", "seen": 0}).encode()
        socket.writer.write(
            masked(Opcode.TEXT, hello[:5], fin=False) + masked(Opcode.PING, b"hey") + masked(Opcode.CONT, hello[5:])
        )
        assert await socket.frame() == (10, b"hey")
        await socket.message("welcome")


async def test_who_reads_too_slowly_is_closed_and_nobody_waits() -> None:
    """Eight megabytes for a reader that never reads: it is dropped with "resync", the writer never notices."""
    settings = Settings(frames_per_second_max=10_000, frames_burst_max=10_000)
    async with running_server(settings=settings) as server, dialled(server, "/ws/demo/plan"):
        room = await server.registry.room("demo")
        (slow,) = room.hub.peers
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=await server.token("bea")) as typist:
            for _ in range(40):
                await typist.insert(0, "x" * 200_000)
                await asyncio.sleep(0)
            async with asyncio.timeout(WAIT):
                while slow.closing is None:
                    await asyncio.sleep(0.01)
            assert slow.closing.status == 4508
            await typist.insert(0, "still here")
            assert typist.closed is None


async def test_too_many_messages_close_the_socket() -> None:
    settings = Settings(frames_per_second_max=10, frames_burst_max=20)
    async with running_server(settings=settings) as server, dialled(server, "/ws/demo/plan") as socket:
        socket.writer.write(masked(Opcode.BINARY, b"\x03") * 50)
        assert await socket.closing() == 4529


async def test_a_burst_of_keystrokes_is_one_edit_and_each_counts() -> None:
    """Three hundred keystrokes in one segment: everybody gets the text, and the stamp's count is what was sent."""
    document = Document("text", client=77_777)
    stream, typed = b"", "".join(random.Random(3).choices("abc é", k=300))
    for at, letter in enumerate(typed):
        with document.transaction() as done:
            document.insert_text(at, letter)
        stream += masked(Opcode.BINARY, encode_update(done[0].update))
    async with running_server() as server:
        room = await server.registry.room("demo")
        token = await server.token("bea")
        async with (
            connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as reader,
            dialled(server, "/ws/demo/plan") as socket,
        ):
            await socket.frame()
            socket.writer.write(stream)
            await reader.until(lambda client: client.text() == typed, WAIT)
        assert 300 in room.sequencer.kernel.sent.values()
        _, _, journal = await server.registry.store.head("demo")
        assert journal < 100, "one row of the journal for many keystrokes"
        assert server.registry.metrics.value("updates_total") >= 300


async def test_a_closed_socket_is_freed_without_the_collector() -> None:
    """Twenty connections come and go: no line, session or HTTP parser waits for a search for cycles."""
    async with running_server() as server:
        room = await server.registry.room("demo")
        async with dialled(server, "/ws/demo/plan") as socket:
            await socket.frame()
        gc.collect()
        gc.disable()
        try:
            kept: list[weakref.ref[object]] = []
            for _ in range(20):
                async with dialled(server, "/ws/demo/plan") as socket:
                    await socket.frame()
                    kept += [weakref.ref(peer.transport) for peer in room.hub.peers if peer.transport is not None]
            async with asyncio.timeout(WAIT):
                while room.hub.peers or any(line() is not None for line in kept):
                    await asyncio.sleep(0.01)
            assert len(kept) >= 20
            assert sum(isinstance(one, HttpToolsProtocol) for one in gc.get_objects()) < 5
        finally:
            gc.enable()


async def test_who_catches_up_has_everything_in_order_and_nobody_stands_by_any_more() -> None:
    """A megabyte for a reader that pauses: it waits in the outbox, then comes in order; later frames go directly."""
    settings = Settings(frames_per_second_max=10_000, frames_burst_max=10_000)
    mirror = Document("text", client=5)
    async with running_server(settings=settings) as server, dialled(server, "/ws/demo/plan") as socket:
        room = await server.registry.room("demo")
        (slow,) = room.hub.peers
        line = cast("FastProtocol", slow.transport)
        line.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, 4_096)
        waited = False
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=await server.token("bea")) as typist:
            for at in range(25):
                await typist.insert(0, f"{at:02}" + "x" * 40_000)
                async with asyncio.timeout(WAIT):
                    while len(room.sequencer.fold.documents["plan"].text()) < (at + 1) * 40_002:
                        await asyncio.sleep(0.005)
                waited = waited or not slow.send_queue.is_empty
            assert waited, "the kernel took everything: the test shows nothing"
            assert slow.closing is None
            await typist.insert(0, "last")
            while not mirror.text().startswith("last"):
                opcode, payload = await socket.frame()
                heard = decode_frame(payload) if opcode == 2 else None
                if isinstance(heard, SyncUpdate):
                    mirror.apply(heard.update)
            assert mirror.text() == typist.text()
            assert slow.send_queue.is_empty
            await typist.insert(0, "more")
            opcode, payload = await socket.frame()
            assert b"more" in payload
            assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("write ")]
