"""What a socket asks for is carried out; what cannot be costs that socket."""

from __future__ import annotations

import pytest

from crdt.sync.y_sync import encode_denied
from tests.workspace.room.stage import Typist, frames, messages, stage
from workspace.errors import CLOSE_RESTART
from workspace.intents.model.intent import IntentFrame
from workspace.protocol.messages import Acknowledge, ErrorMessage
from workspace.protocol.session import Announce, EditDenied, End, Refuse, Say, WantPresence


async def test_a_run_of_keystrokes_is_one_row_of_the_journal() -> None:
    async with stage() as one:
        peer, typist = await one.join(), Typist()
        edits = [typist.type(letter) for letter in "hello"]
        await one.room.read(lambda: one.room.commands.edit(peer, edits))
        rows = [row for batch in one.store.batches for row in batch.journal]
        assert len(rows) == 1
        assert one.room.sequencer.fold.documents["plan"].text() == "hello"
        assert one.room.metrics.value("updates_total") == 5


async def test_a_list_that_is_carried_out_takes_no_more() -> None:
    async with stage() as one:
        peer, typist = await one.join(), Typist()
        for letter in "ab":
            peer.waiting_edits = [typist.type(letter)]
            await one.room.read(lambda: one.room.commands.edit(peer, peer.waiting_edits or []))
            assert peer.waiting_edits is None
        other = peer.waiting_edits = [typist.type("c")]
        await one.room.read(lambda: one.room.commands.edit(peer, [typist.type("d")]))
        assert peer.waiting_edits is other, "another list is still open"


async def test_an_intent_is_answered_on_the_socket_that_sent_it() -> None:
    async with stage() as one:
        peer, other = await one.follow("ana"), await one.follow("ben")
        messages(peer), messages(other)
        command = Say(IntentFrame(n=1, text="do it", seen=0))
        await one.room.read(lambda: one.room.commands.take(peer, command))
        kinds = [message["type"] for message in messages(peer)]
        assert kinds.count("ack") == 1
        assert "ack" not in [message["type"] for message in messages(other)]


async def test_what_a_client_may_not_or_got_wrong_is_said_and_the_socket_stays() -> None:
    async with stage() as one:
        peer = await one.join("eve", role="viewer")
        await one.room.read(lambda: one.room.commands.take(peer, EditDenied("A viewer may not edit documents.")))
        (frame,) = frames(peer)
        assert frame == encode_denied("A viewer may not edit documents.")
        plain = await one.join("ana", None)
        await one.room.read(lambda: one.room.commands.take(plain, Refuse(ErrorMessage("malformed", "no"))))
        assert [message["code"] for message in messages(plain)] == ["malformed"]
        await one.room.read(lambda: one.room.commands.take(peer, WantPresence()))
        assert len(frames(peer)) == 1
        assert (peer.closing, plain.closing) == (None, None)


async def test_bytes_that_are_not_the_protocol_end_the_socket_with_their_reason() -> None:
    async with stage() as one:
        peer, plain = await one.join(), await one.join("ben", None)
        await one.room.read(lambda: one.room.commands.take(peer, Announce(b"\xff")))
        assert peer.closing is not None
        assert peer.closing.status == 4400
        await one.room.read(lambda: one.room.commands.take(plain, End(CLOSE_RESTART)))
        assert [message["code"] for message in messages(plain)] == ["restart"]
        assert plain.closing == CLOSE_RESTART


@pytest.mark.parametrize("has_hello", [False, True], ids=["a stock client", "one that said hello"])
async def test_why_a_document_socket_ends_is_said_in_the_clients_own_protocol(has_hello: bool) -> None:
    """I17: who never sent a 100 is sent none, and reads the reason in the close."""
    async with stage() as one:
        peer = await one.join()
        peer.session.has_hello = has_hello
        await one.room.read(lambda: one.room.commands.take(peer, End(CLOSE_RESTART)))
        assert [frame[0] for frame in frames(peer)] == [100] * has_hello
        assert peer.closing == CLOSE_RESTART


@pytest.mark.parametrize("command", [WantPresence(), EditDenied("no"), Say(Acknowledge(("i1",)))])
async def test_who_has_left_is_answered_nothing(command: object) -> None:
    async with stage() as one:
        peer = await one.join()
        await one.room.read(lambda: one.room.hub.leave(peer))
        await one.room.read(lambda: one.room.commands.take(peer, command))  # type: ignore[arg-type]
        assert frames(peer) == []
