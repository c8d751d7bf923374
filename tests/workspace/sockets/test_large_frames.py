"""What is large is looked at beside the loop, sent without haste, and not looked at twice."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from crdt.sync.y_sync import SyncStep1, SyncUpdate, decode_frame, encode_step1, encode_step2, encode_update
from crdt.updates.lib0 import Writer
from crdt.updates.scan import encode_state_vector, scan_update
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.access import Identity
from workspace.client.document import connect_document
from workspace.protocol.repeats import KEPT_MAX, Repeats, digest_of
from workspace.protocol.session import DocumentEdit, InSync, Session
from workspace.registry.tokens import AccessTokens
from workspace.settings import Settings
from workspace.sockets.uvicorn_protocol import FastProtocol

WAIT = 150.0
AUTHOR = 700_005
FAST = Settings(frames_per_second_max=10**6, frames_burst_max=10**6)
CARRIERS: dict[str, Any] = {"line": FastProtocol, "asgi": "websockets-sansio"}


@asynccontextmanager
async def socket_of(server: Running, actor: str, role: str = "editor") -> AsyncIterator[ClientConnection]:
    offered = [Subprotocol("folkmoot"), Subprotocol(f"token.{await server.token(actor, role)}")]
    async with connect(
        f"{server.ws_url}/ws/demo/plan", subprotocols=offered, compression=None, max_size=None, max_queue=1
    ) as socket:
        yield socket


async def next_frame(socket: ClientConnection, kind: type) -> Any:
    """Return the next frame of a kind."""
    async with asyncio.timeout(WAIT):
        while True:
            frame = await socket.recv()
            assert isinstance(frame, bytes)
            if frame[0] == 0 and isinstance(decoded := decode_frame(frame), kind):
                return decoded


def deletions(client: int, ranges: int) -> bytes:
    """An update that deletes every second unit of a client, as a document of a long life has them."""
    writer = Writer().var_uint(0).var_uint(1).var_uint(client).var_uint(ranges)
    for at in range(ranges):
        writer.var_uint(2 * at).var_uint(1)
    return writer.getvalue()


def typed(client: int, text: str) -> bytes:
    """An update that types a text into an empty document."""
    writer = Writer().var_uint(1).var_uint(1).var_uint(client).var_uint(0).byte(4)
    return writer.var_uint(1).var_string("content").var_string(text).byte(0).getvalue()


@pytest.mark.parametrize("carrier", list(CARRIERS))
async def test_others_go_on_while_a_large_frame_is_read_and_what_is_behind_it_waits(carrier: str) -> None:
    async with (
        running_server(carrier=CARRIERS[carrier]) as server,
        socket_of(server, "mallory") as socket,
        connect_document(f"{server.ws_url}/ws/demo", "plan", token=await server.token("ana")) as ana,
        connect_document(f"{server.ws_url}/ws/demo", "plan", token=await server.token("ben")) as ben,
    ):
        await next_frame(socket, SyncStep1)
        # Of a client that nobody knows: it brings nothing, and is asked about.
        await socket.send(encode_update(deletions(77_777, 600_000)))
        await socket.send(encode_update(typed(88_888, "behind ")))
        asked = asyncio.create_task(next_frame(socket, SyncStep1))
        for turn in range(5):
            await ana.insert(0, "x")
            await ben.until(lambda client, turn=turn: client.text().count("x") > turn, WAIT)  # type: ignore[misc]
        assert not asked.done(), "typing came through while the frame was being read"
        assert "behind" not in ben.text()
        await asked
        await ben.until(lambda client: "behind" in client.text(), WAIT)


@pytest.mark.parametrize("carrier", list(CARRIERS))
async def test_a_newcomer_that_takes_its_time_with_a_large_document_is_not_too_slow(carrier: str) -> None:
    size, stroke, end = 6 << 20, 1 << 10, (6 << 20) + (2 << 20)
    async with (
        running_server(carrier=CARRIERS[carrier], settings=FAST) as server,
        socket_of(server, "ana") as ana,
        socket_of(server, "carla") as slow,
    ):
        await next_frame(ana, SyncStep1)
        await ana.send(encode_update(typed(AUTHOR, "x" * size)))
        found = b""
        while not found.startswith(b"\x01"):
            found = (await next_frame(slow, SyncUpdate)).update
        await slow.send(encode_step1(encode_state_vector({7: 7})))
        for at in range(size, end, stroke):
            writer = Writer().var_uint(1).var_uint(1).var_uint(AUTHOR).var_uint(at)
            writer.byte(0x84).var_uint(AUTHOR).var_uint(at - 1).var_string("y" * stroke).byte(0)
            await ana.send(encode_update(writer.getvalue()))
        room = await server.registry.room("demo")
        plan = room.sequencer.fold.documents["plan"]
        await until(
            lambda: room.read(lambda: plan.state_vector().get(AUTHOR)), lambda known: known == end, seconds=WAIT
        )
        # Only now does it begin to read: what it asked for, and all that came meanwhile.
        known = 0
        while known < end:
            known = scan_update((await next_frame(slow, SyncUpdate)).update).inserted[AUTHOR][1]
        assert slow.close_code is None


async def test_the_same_question_twice_is_one_question() -> None:
    async with running_server(settings=FAST) as server, socket_of(server, "vera", "viewer") as socket:
        await next_frame(socket, SyncStep1)
        for _ in range(1_500):
            await socket.send(encode_step1(b"\x00"))
        await socket.send(encode_step1(encode_state_vector({5: 5})))
        answers = 0
        await socket.send(b"\x03")  # who is here: asked last, answered last
        async with asyncio.timeout(WAIT):
            while (frame := await socket.recv())[0] != 1 or answers == 0:
                answers += frame[0] == 0
        assert answers < 400


# ---------------------------------------------------------------- delete sets


def session(repeats: Repeats, role: str = "editor") -> Session:
    made = Session("s", Identity("ana", role), "S", "plan")  # type: ignore[arg-type]
    made.repeats = repeats
    return made


def test_a_delete_set_that_brought_nothing_costs_next_to_nothing_when_it_comes_again() -> None:
    repeats, update = Repeats(), deletions(5, 100_000)
    frame = encode_step2(update)
    began = time.process_time()
    first = session(repeats).read(frame, 0.0)
    dear = time.process_time() - began
    assert isinstance(first, DocumentEdit)
    repeats.add(first.digest)
    began = time.process_time()
    assert session(repeats).read(frame, 0.0) == InSync()
    assert time.process_time() - began < dear / 10
    assert isinstance(session(Repeats()).read(frame, 0.0), DocumentEdit), "in another document it is looked at"
    other = encode_step2(deletions(6, 100_000))
    assert isinstance(session(repeats).read(other, 0.0), DocumentEdit), "and so is another one"


def test_only_what_deletes_and_is_large_is_remembered_and_little_of_it() -> None:
    assert digest_of(deletions(5, 10)) == b""
    assert digest_of(typed(5, "x" * 9_000)) == b""
    repeats = Repeats()
    for client in range(3 * KEPT_MAX):
        repeats.add(bytes((client,)))
    assert [bytes((client,)) in repeats for client in (0, 2 * KEPT_MAX - 1, 2 * KEPT_MAX, 3 * KEPT_MAX - 1)] == [
        False, False, True, True,
    ]  # fmt: skip


async def test_a_delete_set_is_forgotten_nowhere_before_it_was_applied() -> None:
    """What brought something, or lacked something, is looked at again: the next one may bring more."""
    async with (
        running_server() as server,
        socket_of(server, "ana") as ana,
        connect_document(f"{server.ws_url}/ws/demo", "plan", token=await server.token("ben")) as ben,
    ):
        repeats = (await server.registry.room("demo")).hub.syncing
        update = deletions(AUTHOR, 2_000)
        await next_frame(ana, SyncStep1)
        await ana.send(encode_step2(update))
        await next_frame(ana, SyncStep1)
        assert not any(digest_of(update) in kept for kept in repeats._repeats.values())
        await ana.send(encode_update(typed(AUTHOR, "ab" * 2_000)))
        await ana.send(encode_step2(update))
        await ben.until(lambda client: client.text() == "b" * 2_000, WAIT)
        assert not any(digest_of(update) in kept for kept in repeats._repeats.values())
        await ana.send(encode_step2(update))
        await ana.send(encode_update(typed(AUTHOR + 1, "last")))
        await ben.until(lambda client: "last" in client.text(), WAIT)
        assert any(digest_of(update) in kept for kept in repeats._repeats.values())


def masked(payload: bytes) -> bytes:
    """Return a client's binary frame; a mask of zeros masks nothing."""
    return b"\x82\xff" + len(payload).to_bytes(8, "big") + bytes(4) + payload


async def shake_hands(server: Running, actor: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = "GET /ws/demo/plan HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    offered = f"Sec-WebSocket-Protocol: folkmoot, token.{await server.token(actor)}\r\n\r\n"
    writer.write((head + key + offered).encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


@pytest.mark.parametrize("carrier", list(CARRIERS))
@pytest.mark.parametrize("cut", [1, 7, 5_000, 200_000])
@pytest.mark.parametrize("ends", [False, True])
async def test_what_is_sent_at_once_after_the_handshake_is_taken_whole(
    monkeypatch: pytest.MonkeyPatch, carrier: str, cut: int, ends: bool
) -> None:
    """The room is not open yet when the first part comes, and is when the rest does."""
    async with running_server(carrier=CARRIERS[carrier], settings=FAST) as server:
        identify = AccessTokens.identify
        may_go_on, is_asked = asyncio.Event(), asyncio.Event()

        async def slowly(tokens: AccessTokens, token: str, ws: str) -> Identity | None:
            found = await identify(tokens, token, ws)
            is_asked.set()
            await may_go_on.wait()
            return found

        monkeypatch.setattr(AccessTokens, "identify", slowly)
        _, writer = await shake_hands(server, "ana")
        await is_asked.wait()
        sent = masked(encode_update(typed(71_000, "first "))) + masked(encode_step2(typed(72_000, "x" * 300_000)))
        writer.write(sent[:cut])
        await asyncio.sleep(0.05)
        may_go_on.set()
        monkeypatch.setattr(AccessTokens, "identify", identify)
        if not ends:
            await asyncio.sleep(0.05)
        writer.write(sent[cut:])
        if ends:
            await writer.drain()
            writer.write_eof()
        room = await server.registry.room("demo")
        plan = room.sequencer.fold.documents["plan"]
        await until(lambda: room.read(lambda: len(plan.text())), lambda length: length >= 300_006)
        writer.close()


@pytest.mark.parametrize("carrier", list(CARRIERS))
async def test_who_is_refused_after_sending_at_once_is_told(carrier: str) -> None:
    async with running_server(carrier=CARRIERS[carrier]) as server:
        socket = await connect(
            f"{server.ws_url}/ws/demo/plan", subprotocols=[Subprotocol("folkmoot"), Subprotocol("token.wrong")]
        )
        with contextlib.suppress(ConnectionClosed):
            await socket.send(encode_step2(typed(72_000, "x" * 300_000)))
        async with asyncio.timeout(WAIT):
            await socket.wait_closed()
        assert socket.close_code == 4401
