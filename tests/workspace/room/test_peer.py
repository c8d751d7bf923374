"""One socket as its room sees it: what is sent goes in order, a slow reader costs only itself."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from crdt.sync.y_sync import encode_control
from tests.workspace.room.stage import Line
from workspace.access import Identity
from workspace.errors import CLOSE_NOT_FOUND, CLOSE_RESTART
from workspace.protocol.frames import pack_binary, pack_text
from workspace.protocol.send_queue import SendQueue
from workspace.protocol.session import Session
from workspace.room.peer import ASK_SECONDS_MAX, Peer, PreparedAnswer, PreparedMessage


def peer_of(doc: str | None = "plan", **bounds: int) -> Peer:
    return Peer(Session("s", Identity("ana", "editor"), "S", doc), SendQueue(**bounds))


async def test_an_answer_of_any_size_is_not_what_a_client_is_too_slow_for() -> None:
    peer = peer_of(bytes_max=10)
    peer.send(b"1234567")
    peer.answer(PreparedAnswer(b"x" * 1_000))
    peer.send(b"1234567")
    assert peer.closing is None
    assert [len(await peer.next_frame() or b"") for _ in range(3)] == [7, 1_000, 7]


async def test_a_client_that_does_not_read_is_closed_with_resync() -> None:
    peer = peer_of(bytes_max=10)
    for _ in range(5):
        peer.send(b"12345")
    assert peer.closing is not None
    assert peer.closing.status == 4508
    assert await peer.next_frame() is None
    assert not await peer.room_to_send()


async def test_what_was_queued_is_sent_before_an_orderly_close_and_the_first_reason_stands() -> None:
    peer = peer_of()
    peer.send(b"last words")
    peer.close(CLOSE_RESTART)
    peer.close(CLOSE_NOT_FOUND)
    peer.send(b"too late")
    assert await peer.next_frame() == b"last words"
    assert await peer.next_frame() is None
    assert peer.closing == CLOSE_RESTART


@given(moves=st.lists(st.sampled_from(["send", "lag", "keep up", "write"]), max_size=40))
def test_whoever_lags_and_catches_up_has_every_frame_once_and_in_order(moves: list[str]) -> None:
    async def play() -> None:
        line, peer, started = Line(), peer_of(), list[int]()
        peer.start_writer, peer.transport = (lambda: started.append(1)), line
        peer.update_flow()
        sent = 0

        async def write() -> None:
            while (frame := await peer.next_frame()) is not None:
                assert isinstance(frame, bytes)
                line.written.append(pack_binary(frame))

        for move in moves:
            match move:
                case "send":
                    peer.send(b"%d" % sent)
                    sent += 1
                case "lag":
                    peer.transport = None
                case "keep up":
                    peer.transport = line
                case "write" if started:
                    started.clear()
                    await write()
            peer.update_flow()
        if started:
            await write()
        assert line.written == [pack_binary(b"%d" % at) for at in range(sent)]

    asyncio.run(play())


async def test_nothing_overtakes_a_frame_that_the_writer_holds() -> None:
    line, peer = Line(), peer_of()
    peer.start_writer = lambda: None
    peer.send(b"first")
    frame = await peer.next_frame()
    peer.transport = line
    peer.update_flow()
    peer.send(b"second")
    assert (frame, line.written) == (b"first", [])
    assert await peer.next_frame() == b"second"
    assert await peer.next_frame() is None
    peer.send(b"third")
    assert line.written == [pack_binary(b"third")]


async def test_a_control_message_is_put_into_the_form_of_each_kind_of_socket() -> None:
    plain, document, stock = peer_of(None), peer_of(), peer_of()
    document.session.has_hello = True
    note = PreparedMessage(b'{"type":"x"}')
    for peer in (plain, document, stock):
        peer.control(note)
    assert plain.send_queue.take() == '{"type":"x"}'
    assert document.send_queue.take() == encode_control(b'{"type":"x"}')
    assert stock.send_queue.take() is None, "a client that never said hello does not know the channel"
    assert note.text()[1] == pack_text('{"type":"x"}')
    assert note.binary() is note.binary(), "packed once"


async def test_somebody_who_is_gone_is_sent_nothing_more() -> None:
    peer = peer_of()
    writing = asyncio.create_task(peer.next_frame())
    await asyncio.sleep(0)
    peer.disconnected()
    assert await writing is None


async def test_room_to_send_is_waited_for_while_the_queue_is_half_full() -> None:
    peer = peer_of(bytes_max=10)
    peer.send(b"123456")
    waiting = asyncio.create_task(peer.room_to_send())
    await asyncio.sleep(0)
    assert not waiting.done()
    await peer.next_frame()
    assert await waiting


def test_who_is_asked_in_vain_is_asked_less_often_and_anew_after_a_while() -> None:
    peer = peer_of()
    assert peer.may_ask(100.0)
    assert not peer.may_ask(100.4)
    assert [peer.may_ask(at) for at in (101.0, 101.9, 102.0, 103.9, 104.0)] == [True, False, True, False, True]
    far = 104.0 + 3 * ASK_SECONDS_MAX
    assert [peer.may_ask(at) for at in (far, far + 0.6)] == [True, True]
