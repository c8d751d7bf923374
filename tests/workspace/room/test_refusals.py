"""What is refused of a socket is said with its reason; the socket stays but for malformed bytes."""

from __future__ import annotations

from itertools import pairwise

from crdt.sync.y_sync import SyncStep1, decode_frame, encode_update
from tests.workspace.room.stage import frames, messages, stage
from workspace.intents.model.events import EditRefused
from workspace.room.peer import Peer
from workspace.room.refusals import REMEDIES


def refused(action: str, code: str = "foreign_id", removal: bytes = b"") -> EditRefused:
    return EditRefused("L1", "plan", action, code, "it is another's", removal)  # type: ignore[arg-type]


async def test_who_lacks_something_is_asked_for_it_and_less_often_each_time() -> None:
    async with stage() as one:
        peer, asked = await one.join(), list[float]()
        for tenth in range(600):
            one.clock.at = 2_000.0 + tenth / 10
            one.room.hub.refusals.edit(peer, refused("resync"))
            if frames(peer):
                asked.append(tenth / 10)
        pauses = [after - before for before, after in pairwise(asked)]
        assert pauses == sorted(pauses)
        assert 4 <= len(asked) <= 8


async def test_the_question_is_a_state_vector_of_the_document() -> None:
    async with stage() as one:
        peer = await one.join()
        one.room.hub.refusals.edit(peer, refused("resync"))
        (frame,) = frames(peer)
        vector = one.room.sequencer.fold.documents["plan"].encode_state_vector()
        assert decode_frame(frame) == SyncStep1(vector)  # type: ignore[arg-type]


async def test_what_is_dropped_is_taken_out_of_the_authors_own_replica_and_told_to_who_says_hello() -> None:
    async with stage() as one:
        stock, told = await one.join("ana"), await one.join("ben")
        told.session.has_hello = True
        for peer in (stock, told):
            one.room.hub.refusals.edit(peer, refused("drop", removal=b"\x00\x00"))
        assert frames(stock) == [encode_update(b"\x00\x00")]
        (error,) = messages(told)
        assert (error["code"], error["document"], error["remedy"]) == ("foreign_id", "plan", REMEDIES["foreign_id"])
        assert (stock.closing, told.closing) == (None, None)


async def test_bytes_that_are_no_update_end_the_socket() -> None:
    async with stage() as one:
        peer: Peer = await one.join()
        one.room.hub.refusals.edit(peer, refused("close", "malformed"))
        assert peer.closing is not None
        assert (peer.closing.status, peer.closing.code) == (4400, "malformed")


async def test_a_presence_that_was_cut_is_said_once() -> None:
    async with stage() as one:
        peer = await one.join()
        peer.session.has_hello = True
        for _ in range(3):
            one.room.hub.refusals.presence(peer, "it is too large")
        assert [message["what"] for message in messages(peer)] == ["presence"]
        assert one.room.metrics.value("refusals_total", 'code="too_large"') == 1
