"""A socket's frames reach the room in order and joined; what the room says reaches the socket, then the close."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

import pytest

from crdt.sync.y_sync import SyncStep1, decode_frame, encode_step1, encode_step2, encode_update
from crdt.updates.scan import encode_state_vector
from tests.support.until import until
from tests.workspace.room.stage import Stage, Typist, frames, stage
from workspace.errors import CLOSE_RESTART, Close
from workspace.room.peer import Peer
from workspace.room.work_account import WorkAccount
from workspace.settings import Settings
from workspace.sockets import connection
from workspace.sockets.connection import (
    BREATH_FRAMES,
    BREATH_SECONDS,
    EDITS_MAX,
    INLINE_BYTES_MAX,
    REASON_BYTES_MAX,
    Connection,
    send_close,
    write,
)
from workspace.tasks import Tasks


async def connected(one: Stage, **more: Any) -> Connection:
    return led(one, await one.join(**more))


def led(one: Stage, peer: Peer) -> Connection:
    """Return the way of a socket into its room, under the rights it came with."""
    return Connection(one.room, peer, Tasks(), one.registry.authority.hold(peer.session.identity, one.room.ws))


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
        for at in range(count):
            wait = socket.take(encode_update(typist.type("x").update))
            # Nothing more is read of a socket for which so much waits.
            assert (wait is None) == (at < EDITS_MAX)
            if wait is not None:
                await wait
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

        socket = led(one, one.peer())
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


async def test_who_owes_work_is_not_read_and_loses_nothing() -> None:
    async with stage() as one:
        loop = asyncio.get_running_loop()
        account = WorkAccount(rate=1e6, most=1e6, left=1e6, at=loop.time())
        first, second = await connected(one), await connected(one)
        first.peer.account = second.peer.account = account
        typist = Typist()
        account.spend(1.05e6, loop.time())
        waiting = second.take(encode_update(typist.type("a").update))
        assert waiting is not None, "the other connections of somebody who owes wait, too"
        await one.room.read(lambda: None)
        assert one.room.sequencer.fold.documents["plan"].text() == ""
        await waiting
        await one.room.read(lambda: None)
        assert one.room.sequencer.fold.documents["plan"].text() == "a"
        assert second.peer.closing is None
        assert first.take(encode_update(typist.type("b").update)) is None, "and then as before"


async def test_who_goes_while_owing_is_not_heard_any_more() -> None:
    async with stage() as one:
        loop = asyncio.get_running_loop()
        socket = await connected(one)
        socket.peer.account = WorkAccount(rate=1e6, most=1e6, left=-1e4, at=loop.time())
        waiting = socket.take(encode_update(Typist().type("a").update))
        socket.peer.disconnected()
        assert waiting is not None
        await waiting
        await one.room.read(lambda: None)
        assert one.room.sequencer.fold.documents["plan"].text() == ""


async def test_edits_cost_by_what_is_in_them() -> None:
    async with stage() as one:
        socket, typist = await connected(one), Typist()
        socket.peer.account = account = WorkAccount(rate=1e-9, most=1e6, left=1e6, at=0.0)
        socket.take(encode_update(typist.type("a").update))
        assert account.left == 1e6, "what people type is free"
        socket.take(encode_update(typist.type("x" * 10_000).update))
        assert 1e6 - 15_000 < account.left < 1e6 - 10_000


async def test_of_long_questions_one_is_read_when_the_last_was_dealt_with() -> None:
    async with stage() as one:
        socket, questions = await connected(one), [long_question(at) for at in range(3)]
        first = socket.take(questions[0])
        assert first is not None, "the next is not read before"
        await first
        assert sum(frame[:2] == b"\x00\x01" for frame in frames(socket.peer) if isinstance(frame, bytes)) == 1
        assert socket.take(encode_step1(b"\x00")) is None, "a short one is"


async def test_in_one_breath_a_socket_brings_so_much_and_then_others_have_their_turn() -> None:
    async with stage() as one:
        socket, at = await connected(one), 0
        for at in range(10 * BREATH_FRAMES):
            waiting = socket.take(b"\x03")
            assert (waiting is None) == bool((at + 1) % BREATH_FRAMES)
            if waiting is not None:
                assert len(one.room.mailbox) <= BREATH_FRAMES, "no more of it stands before what others bring"
                await waiting
                assert len(one.room.mailbox) == 0
        assert at > 0, "something was brought"


async def test_who_takes_their_time_is_read_at_once() -> None:
    async with stage() as one:
        socket = await connected(one)
        for _ in range(5 * BREATH_FRAMES):
            assert socket.take(b"\x03") is None
            one.clock.at += BREATH_SECONDS / 4
            await one.room.read(lambda: None)


async def test_what_is_read_beside_the_loop_is_a_persons_work() -> None:
    async with stage() as one:
        spent, socket = list[str](), await connected(one)
        with patch.object(type(one.room.hub.work), "spend", lambda _, actor, seconds: spent.append(actor)):
            waiting = socket.take(encode_update(Typist().type("x" * (INLINE_BYTES_MAX + 1)).update))
            assert waiting is not None
            await waiting
        assert spent, "and nobody else's"
        assert set(spent) == {"ana"}


async def test_reading_and_answering_what_is_long_is_a_persons_work() -> None:
    async with stage() as one:
        spent, socket = list[tuple[str, float]](), await connected(one)
        with patch.object(type(one.room.hub.work), "spend", lambda _, actor, seconds: spent.append((actor, seconds))):
            waiting = socket.take(long_question(0))
            assert waiting is not None
            await waiting
        assert [actor for actor, seconds in spent if seconds > 0] == ["ana", "ana"], "to read it, to answer it"


def long_question(at: int) -> bytes:
    """Return a question of somebody who claims to have edits of 2,000 others."""
    return encode_step1(encode_state_vector({10**6 + 2_000 * at + one: 1 for one in range(2_000)}))
