"""A document is made with what it begins with, or not at all."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.until import until
from tests.workspace.room.stage import Typist, stage
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Edited
from workspace.registry.creation import found

NEW = ConfigBody(documents={"notes": "text"})


def first(doc: str = "notes") -> Edited:
    edit = Typist().type("hello")
    return Edited("H1", "olga", doc, edit.update, edit.scan)


async def test_the_record_and_the_first_words_are_one_transaction() -> None:
    async with stage() as one:
        one.store.is_held = True
        making = asyncio.create_task(one.room.write(lambda handle: found(handle, "olga", NEW, (first(),))))
        await until(lambda: one.store.waiting)
        (batch,) = one.store.batches
        assert [row.kind for row in batch.rows] == ["config", "update"]
        assert len(batch.journal) == 1
        one.store.write()
        await making
        assert one.room.sequencer.fold.documents["notes"].text() == "hello"


async def test_without_content_it_is_the_record_alone() -> None:
    async with stage() as one:
        await one.room.write(lambda handle: found(handle, "olga", NEW))
        (batch,) = one.store.batches
        assert ([row.kind for row in batch.rows], batch.journal) == (["config"], ())


async def test_first_words_of_a_document_that_is_not_new_are_a_bug() -> None:
    async with stage() as one:
        with pytest.raises(AssertionError, match="new document"):
            await one.room.write(lambda handle: found(handle, "olga", NEW, (first("plan"),)))
        assert one.room.sequencer.fold.documents["plan"].text() == ""
