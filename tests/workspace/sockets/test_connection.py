"""A socket's frames reach the room in order and joined; what the room says reaches the socket, then the close."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from crdt.sync.y_sync import SyncStep1, decode_frame, encode_step1, encode_step2, encode_update
from tests.support.until import until
from tests.workspace.room.stage import Stage, Typist, frames, stage
from workspace.errors import CLOSE_RESTART, Close
from workspace.settings import Settings
from workspace.sockets import connection
from workspace.sockets.connection import EDITS_MAX, REASON_BYTES_MAX, Connection, send_close, write
from workspace.tasks import Tasks


async def connected(one: Stage, **more: Any) -> Connection:
    return Connection(one.room, await one.join(**more), Tasks())


async def test_keystrokes_of_one_turn_are_one_row_and_another_command_ends_the_run() -> None:
    async with stage() as one:
        socket, typist = await connected(one), Typist()
        for letter in "abc":
            assert socket.take(encode_update(typist.type(letter).update)) is None
        socket.take(encode_step1(b"\x00"))
        for letter in "de":
            socket.take(encode_update(typist.type(letter).update))
        await one.room.read(lambda: None)
        rows = [row for batch in one.store.batches for row in batch.journal]
        assert len(rows) == 2
        assert one.room.sequencer.fold.documents["plan"].text() == "abcde"
        assert socket.peer.waiting_edits is None


@pytest.mark.parametrize("count", [EDITS_MAX, EDITS_MAX + 1])
async def test_a_run_is_bounded(count: int) -> None:
    async with stage() as one:
        socket, typist = await connected(one), Typist()
        for _ in range(count):
            socket.take(encode_update(typist.type("x").update))
        await one.room.read(lambda: None)
        assert sum(len(batch.journal) for batch in one.store.batches) == -(-count // EDITS_MAX)
        assert one.room.sequencer.fold.documents["plan"].text() == "x" * count


async def test_a_large_frame_is_read_beside_the_loop_and_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "INLINE_BYTES_MAX", 10)
    async with stage() as one:
        socket = await connected(one)
        wait = socket.take(encode_step2(Typist().type("a longer text").update))
        assert wait is not None
        await wait
        await one.room.read(lambda: None)
        assert one.room.sequencer.fold.documents["plan"].text() == "a longer text"


async def test_who_sends_more_than_is_allowed_is_closed_and_heard_no_more() -> None:
    async with stage(settings=Settings(frames_per_second_max=1.0, frames_burst_max=3)) as one:
        socket = await connected(one)
        for _ in range(3):
            socket.take(encode_step1(b"\x00"))
            assert socket.peer.closing is None
        one.clock.at += 1.0
        socket.take(encode_step1(b"\x00"))
        assert socket.peer.closing is None, "a second later one more is allowed"
        socket.take(encode_step1(b"\x00"))
        assert socket.peer.closing is not None
        assert socket.peer.closing.status == 4529


async def test_a_frame_for_a_room_that_has_stopped_closes_the_socket() -> None:
    async with stage() as one:
        socket = await connected(one)
        await one.room.close()
        socket.peer.closing = None
        wait = socket.take(encode_step1(b"\x00"))
        assert wait is not None
        await wait
        assert socket.peer.closing is not None
        assert socket.peer.closing.status == 1013


async def test_over_plain_asgi_a_socket_is_in_while_it_lives() -> None:
    async with stage() as one:
        sent, come = list[dict[str, Any]](), asyncio.Queue[dict[str, Any]]()

        async def send(message: Any) -> None:
            sent.append(message)

        socket = Connection(one.room, one.peer(), Tasks())
        serving = asyncio.create_task(socket.serve(come.get, send))
        await until(lambda: socket.peer in one.room.hub.peers)
        await come.put({"type": "websocket.receive", "bytes": encode_update(Typist().type("hi").update)})
        await until(lambda: one.room.sequencer.fold.documents["plan"].text() == "hi")
        await come.put({"type": "websocket.disconnect"})
        await serving
        await one.room.read(lambda: None)
        assert socket.peer not in one.room.hub.peers
        assert isinstance(decode_frame(sent[0]["bytes"]), SyncStep1)


async def test_what_is_queued_is_sent_before_the_close_and_a_client_that_has_gone_is_no_error() -> None:
    async with stage() as one:
        peer = await one.join()
        sent = list[dict[str, Any]]()

        async def send(message: Any) -> None:
            sent.append(message)

        async def breaks(message: Any) -> None:
            raise OSError

        peer.send(b"words")
        peer.close(CLOSE_RESTART)
        await write(peer, send)
        assert [message["type"] for message in sent] == ["websocket.send", "websocket.close"]
        other = await one.join("ben")
        other.send(b"words")
        await write(other, breaks)
        assert frames(other) == []


@pytest.mark.parametrize("reason", ["short", "x" * 500, "ä" * 500, "🙂" * 500])
async def test_a_reason_has_room_in_a_close_frame_whatever_it_is_written_in(reason: str) -> None:
    sent = list[dict[str, Any]]()

    async def send(message: Any) -> None:
        sent.append(message)

    await send_close(send, Close(1012, "code", reason))
    (close,) = sent
    assert close["code"] == 1012
    assert len(close["reason"].encode()) <= REASON_BYTES_MAX
    assert f"code: {reason}".startswith(close["reason"])
