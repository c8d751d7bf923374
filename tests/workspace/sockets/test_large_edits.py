"""A large edit comes in pieces: others have their turn between two of them, and it is one edit to its author's lane."""

from __future__ import annotations

import asyncio
import threading

import pytest

from crdt.documents.crowds import URGENT_PASSED, CrowdsReading
from crdt.documents.document import Document
from crdt.sync.y_sync import SyncUpdate, decode_frame
from crdt.updates.pieces import PIECE_STRUCTS
from crdt.updates.scan import scan_update
from tests.crdt.documents.test_crowds import FIRST, word_of
from tests.support.long_life import of_many_clients, of_many_ranges
from tests.workspace.room.stage import Stage, Typist, frames, stage
from workspace.protocol.session import DocumentEdit
from workspace.room.peer import Peer
from workspace.sockets.large_edits import FIRST_STRUCTS, LargeEdit


def edit_of(update: bytes, *, is_step2: bool = False, digest: bytes = b"") -> DocumentEdit:
    return DocumentEdit(update, scan_update(update), is_step2, digest)


def told(peer: Peer) -> list[bytes]:
    """Return the updates that a socket was sent since it was last looked at."""
    decoded = [decode_frame(frame) for frame in frames(peer) if isinstance(frame, bytes)]
    return [frame.update for frame in decoded if isinstance(frame, SyncUpdate)]


def rows(one: Stage) -> int:
    return sum(len(batch.journal) for batch in one.store.batches)


async def test_a_large_edit_is_many_rows_and_others_have_the_same() -> None:
    async with stage() as one:
        ana, ben = await one.join("ana"), await one.join("ben")
        update = of_many_ranges(0.01)
        await LargeEdit(one.room, ana, edit_of(update)).carry_out()
        document, whole = one.room.sequencer.fold.documents["plan"], Document("text", client=9, updates=[update])
        assert document.digest() == whole.digest()
        relayed = told(ben)
        assert rows(one) == len(relayed) > 10
        assert max(scan_update(part).structs for part in relayed) <= PIECE_STRUCTS
        assert Document("text", client=9, updates=relayed).digest() == whole.digest()
        lane = (ana.session.lane, "plan")
        assert one.room.sequencer.kernel.sent[lane] == 1, "its author sent one"


async def test_others_type_between_two_pieces() -> None:
    async with stage() as one:
        ana, ben, chen = [await one.join(who) for who in ("ana", "ben", "chen")]
        typist, left = Typist(), list(range(50))

        def timer() -> float:
            if left:
                left.pop()
                one.room.mailbox.try_post(lambda: one.room.commands.edit(ben, [typist.type("x")]))
            return 0.0

        one.room.hub.work.timer = timer
        await LargeEdit(one.room, ana, edit_of(of_many_ranges(0.001))).carry_out()
        authors = [typist.client in scan_update(part).inserted for part in told(chen)]
        first, last = authors.index(False), len(authors) - 1 - authors[::-1].index(False)
        assert True in authors[first:last]


async def test_what_brings_nothing_new_is_looked_at_once_and_remembered() -> None:
    async with stage() as one:
        ana, update = await one.join("ana"), of_many_clients(0.1)
        await LargeEdit(one.room, ana, edit_of(update, is_step2=True)).carry_out()
        before = rows(one)
        await LargeEdit(one.room, ana, edit_of(update, is_step2=True)).carry_out()
        assert rows(one) == before > 0
        lane = (ana.session.lane, "plan")
        assert one.room.sequencer.kernel.sent[lane] == 2
        assert one.room.sequencer.kernel.synced[lane] == one.room.sequencer.kernel.turn


async def test_an_author_who_goes_leaves_what_came_until_then() -> None:
    async with stage() as one:
        ana = await one.join("ana")
        large = LargeEdit(one.room, ana, edit_of(of_many_ranges(0.02)))
        one.room.hub.work.timer = lambda: (ana.disconnected(), 0.0)[1]
        await large.carry_out()
        document = one.room.sequencer.fold.documents["plan"]
        assert 0 < max(document.state_vector().values()) <= FIRST_STRUCTS
        assert one.room.is_open


async def test_a_piece_that_takes_long_is_followed_by_smaller_ones() -> None:
    async with stage() as one:
        ana, ben = await one.join("ana"), await one.join("ben")
        now = [0.0]

        def timer() -> float:
            now[0] += 0.03
            one.clock.at += 1
            return now[0]

        one.room.hub.work.timer = timer
        await LargeEdit(one.room, ana, edit_of(of_many_ranges(0.001))).carry_out()
        sizes = [scan_update(part).structs for part in told(ben)]
        assert sizes[0] == FIRST_STRUCTS
        assert sizes[-3] <= FIRST_STRUCTS // 4


async def test_what_crowds_in_a_loaded_document_is_read_beside_the_loop_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads, began, may_end, real = list[int](), threading.Event(), threading.Event(), CrowdsReading.read

    def read(reading: CrowdsReading) -> None:
        threads.append(threading.get_ident())
        began.set()
        assert may_end.wait(10)
        real(reading)

    monkeypatch.setattr(CrowdsReading, "read", read)
    async with stage() as one:
        ana, ben, typist = await one.join("ana"), await one.join("ben"), Typist()
        document = one.room.sequencer.fold.documents["plan"]
        words = [edit_of(word_of(FIRST + at)) for at in range(703)]
        for word in words[:700]:
            await one.room.read(lambda word=word: one.room.commands.edit(ana, [word]))  # type: ignore[misc]
        crowds = document.crowds
        assert crowds is not None
        assert crowds.is_suspicious
        waiting = [asyncio.ensure_future(LargeEdit(one.room, ana, word).carry_out()) for word in words[700:702]]
        await asyncio.to_thread(began.wait, 10)
        # Who writes nowhere among others goes on meanwhile.
        await one.room.read(lambda: one.room.commands.edit(ben, [typist.type("x")]))
        assert typist.client in document.state_vector()
        assert FIRST + 700 not in document.state_vector()
        may_end.set()
        await asyncio.gather(*waiting)
        assert len(threads) == 1
        assert threading.get_ident() not in threads
        assert not crowds.is_partial
        assert sum(range(17, 702)) <= crowds.passed < URGENT_PASSED
        assert document.text().count("w") == 702
