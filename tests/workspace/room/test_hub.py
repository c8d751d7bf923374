"""Who is in a room, and what each is told."""

from __future__ import annotations

import pytest

from crdt.sync.y_sync import AwarenessFrame, SyncStep1, SyncUpdate, decode_frame, encode_update
from tests.workspace.room.stage import Line, Typist, frames, stage
from workspace.errors import Refusal
from workspace.intents.model.events import Nacked, QuestionClosed, UpdateRelayed
from workspace.intents.state.fold import AGENT_LANE
from workspace.protocol.frames import pack_binary
from workspace.protocol.messages import Hello
from workspace.room.arrival import Arrivals
from workspace.room.lane_grant import LaneGrant


async def test_a_document_socket_is_asked_what_it_has_and_told_who_is_here() -> None:
    async with stage() as one:
        peer = one.peer()
        await one.room.read(lambda: one.room.hub.join(peer))
        asked, here = [decode_frame(frame) for frame in frames(peer)]  # type: ignore[arg-type]
        assert isinstance(asked, SyncStep1)
        assert isinstance(here, AwarenessFrame)


async def test_who_comes_to_no_document_is_closed_and_not_in() -> None:
    async with stage() as one:
        peer = await one.join(doc="nowhere")
        assert peer.closing is not None
        assert peer.closing.status == 4404
        assert not one.room.hub.peers


async def test_an_edit_goes_to_everybody_at_the_document_but_its_author_packed_once() -> None:
    async with stage() as one:
        author, near, far = await one.join("ana"), await one.join("ben"), await one.join("chen", "budget")
        lines = {}
        for peer in (author, near, far):
            lines[peer] = peer.transport = Line()
            frames(peer)
            peer.update_flow()
        edit = Typist().type("hello")
        await one.room.read(lambda: one.room.commands.edit(author, [edit]))
        assert lines[near].written == [pack_binary(encode_update(edit.update))]
        assert (lines[author].written, lines[far].written) == ([], [])


async def test_somebody_who_lags_has_what_is_relayed_in_the_queue() -> None:
    async with stage() as one:
        peer = await one.join("ben")
        await one.room.read(lambda: one.room.hub.tell((UpdateRelayed("plan", b"\x00\x00", "Lx"),), None))
        (frame,) = frames(peer)
        assert decode_frame(frame) == SyncUpdate(b"\x00\x00", is_step2=False)  # type: ignore[arg-type]


async def test_its_own_typing_is_not_sent_back_but_the_commit_that_its_answer_led_to_is() -> None:
    async with stage() as one:
        peer = await one.join("ben")
        for lane, count in ((peer.session.lane, 0), (AGENT_LANE, 1)):
            told = UpdateRelayed("plan", b"\x00\x00", lane)
            await one.room.read(lambda told=told: one.room.hub.tell((told,), peer))  # type: ignore[misc]
            assert len(frames(peer)) == count


async def test_the_last_to_leave_makes_the_room_empty_and_leaving_twice_is_once() -> None:
    async with stage() as one:
        first, last = await one.join("ana"), await one.join("ben")
        hub, metrics = one.room.hub, one.room.metrics
        one.clock.at += 50
        for peer in (first, first):
            await one.room.read(lambda peer=peer: hub.leave(peer))  # type: ignore[misc]
        assert (hub.peers, metrics.value("sockets")) == ({last}, 1)
        assert hub.empty_since < one.clock.at
        await one.room.read(lambda: hub.leave(last))
        assert (hub.empty_since, metrics.value("sockets")) == (one.clock.at, 0)


async def test_a_lane_is_online_from_its_first_socket_to_its_last() -> None:
    async with stage() as one:
        lanes = one.room.sequencer.kernel.online
        peers = [await one.join("ana"), await one.join("ana")]
        for peer in peers:
            await one.room.read(
                lambda peer=peer: one.room.hub.welcome(peer, Hello(), LaneGrant("L1", "s"))  # type: ignore[misc]
            )
        for peer in peers:
            assert "L1" in lanes
            await one.room.read(lambda peer=peer: one.room.hub.leave(peer))  # type: ignore[misc]
        assert "L1" not in lanes


async def test_who_is_granted_no_lane_is_closed() -> None:
    async with stage() as one:
        peer = await one.join()
        await one.room.read(lambda: one.room.hub.welcome(peer, Hello("L1", "x"), None))
        assert peer.closing is not None
        assert (peer.closing.status, peer.session.has_hello) == (4401, False)


async def test_behind_what_cannot_be_told_requests_are_answered_and_every_socket_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stage() as one:
        peers = [await one.join("ben"), await one.follow("ana")]
        answer = one.room.waiters.await_answer("r1")
        broken, told = QuestionClosed("d1"), Nacked("L1", "r1", 1, Refusal("malformed", "no"))
        with monkeypatch.context() as patched:
            patched.setattr(Arrivals, "closed", lambda *args: {}["nothing"])
            await one.room.read(lambda: one.room.hub.tell((broken, told), None))
        assert (await answer) is told
        assert [peer.closing.code for peer in peers if peer.closing] == ["internal", "internal"]
        assert one.room.is_open
