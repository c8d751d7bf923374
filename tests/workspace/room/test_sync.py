"""Each side learns what it lacks; a question that is being answered is not answered twice."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crdt.documents.document import Document
from crdt.sync.y_sync import SyncUpdate, decode_frame
from crdt.updates.scan import INTERNAL, encode_state_vector, scan_state_vector
from tests.support.until import until
from tests.workspace.room.stage import Stage, Typist, frames, stage
from workspace.intents.model.events import Outcome
from workspace.protocol.send_queue import SendQueue
from workspace.protocol.session import DocumentEdit, WantState
from workspace.room import sync
from workspace.room.peer import Peer
from workspace.room.sync import lacks, lowest
from workspace.room.work_account import WorkAccount

NOTHING = b"\x00"


async def test_an_answer_holds_what_the_client_lacks_as_it_is_on_disk() -> None:
    async with stage() as one:
        author, reader = await one.join("ana"), await one.join("ben")
        one.store.is_held = True
        typing = asyncio.create_task(one.room.read(lambda: one.room.commands.edit(author, [Typist().type("hello")])))
        await until(lambda: one.store.waiting)
        assert one.room.mailbox.try_post(lambda: one.room.commands.take(reader, WantState(NOTHING)))
        await until(lambda: reader.asked_vector == NOTHING)
        for _ in range(5):
            await asyncio.sleep(0)
        assert frames(reader) == [], "what is not durable is shown to nobody"
        one.store.write()
        await typing
        _relayed, answer = [decode_frame(frame) for frame in frames(reader)]  # type: ignore[arg-type]
        assert isinstance(answer, SyncUpdate)
        copy = Document("text", client=70_009)
        copy.apply(answer.update)
        assert copy.text() == "hello"


async def test_the_same_question_while_its_answer_is_under_way_is_one_question() -> None:
    async with stage() as one:
        reader = await one.join("ben")

        def asks() -> None:
            for _ in range(3):
                one.room.commands.take(reader, WantState(NOTHING))

        await one.room.read(asks)
        assert len(frames(reader)) == 1
        await one.room.read(asks)
        assert len(frames(reader)) == 1, "once it is answered it may be asked again"
        assert reader.asked_vector is None


async def test_only_a_delete_set_that_brought_nothing_is_remembered_and_for_its_document() -> None:
    async with stage() as one:
        syncing = one.room.hub.syncing
        peer, other, far = await one.join("ana"), await one.join("ben"), await one.join("chen", "budget")
        edit = DocumentEdit(b"", None, is_step2=True, digest=b"d" * 32)  # type: ignore[arg-type]
        syncing.note(peer, edit, Outcome(journal=(object(),)))  # type: ignore[arg-type]
        assert edit.digest not in (other.session.repeats or ())
        syncing.note(peer, edit, Outcome())
        assert edit.digest in (other.session.repeats or ())
        assert edit.digest not in (far.session.repeats or ())
        syncing.forget("plan")
        late = await one.join("dora")
        assert edit.digest not in (late.session.repeats or ())


# ------------------------------------------------------------ a question of a few bytes, a document for an answer


class Counting:
    """How often a room encodes a document for an answer."""

    def __init__(self, one: Stage) -> None:
        self._one = one

    @property
    def encoded(self) -> int:
        return self._one.registry.metrics.value("sync_encodings_total")


def is_answer(frame: Any) -> bool:
    decoded = decode_frame(frame)
    return isinstance(decoded, SyncUpdate) and decoded.is_step2


def odd_vectors(count: int) -> list[bytes]:
    """Return questions of a few bytes, each another, all of whoever has nothing."""
    return [encode_state_vector({900_000 + at: 1}) for at in range(count)]


async def _filled(one: Stage, size: int) -> Typist:
    typist, author = Typist(), await one.join("ana")
    await one.room.read(lambda: one.room.commands.edit(author, [typist.type("x" * size)]))
    return typist


async def _ask(one: Stage, peer: Peer, vectors: list[bytes]) -> None:
    def asks() -> None:
        for vector in vectors:
            one.room.commands.take(peer, WantState(vector))

    await one.room.read(asks)


async def test_a_flood_of_questions_is_answered_no_faster_than_it_is_read() -> None:
    async with stage() as one:
        await _filled(one, 2_000_000)
        counting, flooder = Counting(one), await one.join("vic", role="viewer")
        for vectors in (odd_vectors(750), odd_vectors(750)):
            await _ask(one, flooder, vectors)
        for _ in range(5):
            await one.room.read(lambda: None)
        assert counting.encoded == 1
        assert sum(map(len, frames(flooder))) < 3_000_000, "one answer waits, and the questions behind it are one"


async def test_questions_behind_an_answer_are_one_that_lacks_what_any_lacks() -> None:
    async with stage() as one:
        typist = await _filled(one, 10)
        reader, author = await one.join("ben"), await one.join("ana")
        one.store.is_held = True
        edit, vectors = typist.type("more"), [encode_state_vector({typist.client: clock}) for clock in (14, 5, 9)]

        def asks() -> None:
            one.room.commands.edit(author, [edit])
            for vector in vectors:
                one.room.commands.take(reader, WantState(vector))

        asking = asyncio.create_task(one.room.read(asks))
        await until(lambda: one.store.waiting)
        assert reader.asked_vector == vectors[0]
        one.store.write()
        await asking
        await until(lambda: reader.asked_vector is None and not one.room.hub.syncing._parked)
        _all, _relayed, last = _updates(reader)
        copy = Document("text", client=70_009, updates=[_first(typist.document, 5), last])
        assert copy.text() == typist.document.text(), "whoever has five of it has all of it now"


def _updates(peer: Peer) -> list[bytes]:
    decoded = [decode_frame(frame) for frame in frames(peer)]  # type: ignore[arg-type]
    return [found.update for found in decoded if isinstance(found, SyncUpdate)]


def _first(document: Document, points: int) -> bytes:
    """Return the update of somebody who has only the first characters of what one client typed."""
    copy = Document("text", client=document.client)
    with copy.transaction() as done:
        copy.insert_text(0, document.text()[:points])
    return done[0].update


async def test_those_who_ask_for_the_same_are_answered_from_one_encoding() -> None:
    async with stage() as one:
        await _filled(one, 1_000)
        counting, readers = Counting(one), [await one.join(f"p{at}") for at in range(20)]
        for peer, vector in zip(readers, odd_vectors(20), strict=True):
            await _ask(one, peer, [vector])
        assert all(sum(map(is_answer, frames(peer))) == 1 for peer in readers)
        assert counting.encoded == 1, "what each claims to have of others is no other question"


async def test_one_large_answer_a_turn(monkeypatch: Any) -> None:
    async with stage() as one:
        await _filled(one, 10_000)
        monkeypatch.setattr(sync, "TURN_BYTES", 5_000)
        readers = [await one.join(f"p{at}") for at in range(4)]
        answered: list[int] = []

        def asks() -> None:
            for peer in readers:
                one.room.commands.take(peer, WantState(NOTHING))

        def look() -> int:
            answered.append(sum(not peer.send_queue.is_empty for peer in readers))
            return answered[-1]

        await one.room.read(asks)
        await until(look, lambda count: count == len(readers))
        assert answered[0] >= 1
        assert all(after - before <= 1 for before, after in pairwise(answered)), answered
        assert Counting(one).encoded == 1, "those who wait are answered with the same bytes"
        await one.room.read(one.room.hub.beat)
        assert one.room.hub.syncing._kept is None, "which nobody keeps for long"


async def test_an_answer_is_not_made_for_who_has_not_read_the_last() -> None:
    async with stage() as one:
        await _filled(one, 1_000)
        reader = await one.join("ben")
        reader.send_queue = SendQueue(bytes_max=1_000)
        await _ask(one, reader, [NOTHING])
        await _ask(one, reader, odd_vectors(1))
        assert Counting(one).encoded == 1
        assert len(frames(reader)) == 1
        reader.send_queue.settle()
        reading = asyncio.create_task(reader.next_frame())
        answer = await asyncio.wait_for(reading, 5)
        assert is_answer(answer)
        reader.disconnected()


async def test_who_owes_work_is_answered_later_and_all_of_one_person_wait() -> None:
    async with stage() as one:
        await _filled(one, 10_000)
        now = asyncio.get_running_loop().time()
        account = WorkAccount(rate=1e6, most=15_000, left=15_000, at=now)
        readers = [await one.join("ben") for _ in range(4)]
        for peer in readers:
            peer.account = account
            await _ask(one, peer, [NOTHING])
        assert sum(any(map(is_answer, frames(peer))) for peer in readers) < 4
        await until(lambda: all(peer.asked_vector is None for peer in readers) and not one.room.hub.syncing._parked)


async def test_who_has_left_is_answered_nothing() -> None:
    async with stage() as one:
        await _filled(one, 1_000)
        reader = await one.join("ben")
        reader.send_queue = SendQueue(bytes_max=1_000)
        await _ask(one, reader, [NOTHING, odd_vectors(1)[0]])
        await _ask(one, reader, odd_vectors(1))
        await one.room.read(lambda: one.room.hub.leave(reader))
        assert not one.room.hub.syncing._parked
        assert not one.room.hub.syncing._asking


vectors = st.dictionaries(st.integers(1, 5), st.integers(0, 30))


@given(vectors, vectors)
def test_the_lowest_of_two_vectors_lacks_what_either_lacks(one: dict[int, int], other: dict[int, int]) -> None:
    found = scan_state_vector(lowest(encode_state_vector(one), encode_state_vector(other)), INTERNAL)
    for client in {*one, *other}:
        assert found.get(client, 0) == min(one.get(client, 0), other.get(client, 0))


@given(vectors, vectors)
def test_what_a_client_has_of_others_asks_for_nothing_else(state: dict[int, int], claimed: dict[int, int]) -> None:
    found = scan_state_vector(lacks(state, encode_state_vector(claimed)), INTERNAL)
    for client in {*state, *claimed}:
        assert found.get(client, 0) == min(state.get(client, 0), claimed.get(client, 0))


def test_who_lacks_half_of_a_large_document_is_taken_for_who_has_nothing() -> None:
    state = {1: 60_000, 2: 10}
    assert lacks(state, encode_state_vector({1: 10})) == NOTHING
    assert lacks(state, encode_state_vector({1: 59_000})) == encode_state_vector({1: 59_000})
