"""Each side learns what it lacks; a question that is being answered is not answered twice."""

from __future__ import annotations

import asyncio

from crdt.documents.document import Document
from crdt.sync.y_sync import SyncUpdate, decode_frame
from tests.support.until import until
from tests.workspace.room.stage import Typist, frames, stage
from workspace.intents.model.events import Outcome
from workspace.protocol.session import DocumentEdit, WantState

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
