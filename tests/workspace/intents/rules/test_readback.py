"""What a plan means is read in the documents: in all that it touches and in all that it does not."""

from __future__ import annotations

from typing import Any

import pytest

from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.errors import CrdtError
from crdt.operations.fork import run
from crdt.operations.ops import CreateDocument, Increment, Insert, SetValue
from tests.workspace.intents.story import Story
from workspace.intents.model.bodies import VerdictBody
from workspace.intents.model.record import BLANK
from workspace.intents.rules.readback import Readings, meanings, unlike
from workspace.intents.state.board import VARIANT_PLANNER

NEW = (CreateDocument("notes", "text"), Insert("notes", "AQdjb250ZW50AA==", "hello"))
PLANS: dict[str, Any] = {
    "a value": lambda s: (s.set("price", 1),),
    "a sum": lambda s: (Increment("budget", ("price",), 2.5),),
    "words": lambda s: (s.rewrite("One", "😀 Two"),),
    "both": lambda s: (s.set("price", 1), s.rewrite("One", "Two")),
    "a new document": lambda s: NEW,
    "nothing": lambda s: (),
}


def after(story: Story, ops: Any) -> dict[str, Document]:
    return {**story.fold.documents, **run(story.fold.documents, ops, (), client=9).documents}


@pytest.mark.parametrize("name", PLANS)
def test_what_was_carried_out_reads_as_it_was_meant(name: str) -> None:
    story = Story.begun()
    ops = PLANS[name](story)
    assert unlike(meanings(ops, story.fold.documents), after(story, ops)) == ""


SPOILS: dict[str, tuple[str, Any]] = {
    "another value": ("a value", lambda d: set_path(d["budget"], ("price",), 2)),
    "a value beside": ("a value", lambda d: set_path(d["budget"], ("fee",), 2)),
    "a word beside": ("words", lambda d: d["plan"].insert_text(9, "x")),
    "a word missing": ("words", lambda d: d["plan"].delete_text(0, 1)),
    "a document missing": ("a new document", lambda d: d.pop("notes")),
    "an empty one": ("a new document", lambda d: d["notes"].delete_text(0, 5)),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_what_does_not_read_so_is_named_with_its_document(spoil: str) -> None:
    story = Story.begun()
    name, change = SPOILS[spoil]
    ops = PLANS[name](story)
    documents = {doc: document.fork(8) for doc, document in after(story, ops).items()}
    change(documents)
    told = unlike(meanings(ops, story.fold.documents), documents)
    assert told.split(":")[0] in ("budget", "plan", "notes")
    assert len(told.split(":")[1]) > 3


def test_a_plan_that_does_not_fit_means_nothing() -> None:
    story = Story.begun()
    with pytest.raises((CrdtError, KeyError)):
        meanings((SetValue("nowhere", ("a",), 1, "absent"),), story.fold.documents)


def verdict(intent: str, *did: str) -> VerdictBody:
    return VerdictBody(intent, "done", "done", "It is done.", did=did)


def followed(**more: Any) -> tuple[Readings, str]:
    """Readings that have followed one commit; it changed one value."""
    story, readings = Story.begun(), Readings()
    entry = story.intent()
    plan = story.plan(entry, story.set("price", 1), **more)
    documents = after(story, plan.ops)
    before = {doc: document.fork(8) for doc, document in story.fold.documents.items()}
    body = story.commit(entry)
    readings.begin()
    readings.expect(body, plan, before, documents, is_strict=True)
    assert readings.unlike(story.fold.documents) == ""
    return readings, entry.id


@pytest.mark.parametrize(
    "did, must_name, is_named",
    [
        (("budget.price: set to 2",), True, False),
        ((), True, False),
        ((), False, True),
        ((f"{BLANK} of it",), True, True),
    ],
)
def test_a_verdict_names_what_was_done_or_was_blanked(did: tuple[str, ...], must_name: bool, is_named: bool) -> None:
    readings, id = followed()
    assert readings.is_named(verdict(id, *did), must_name=must_name) == is_named


def test_what_was_done_may_be_named_once_and_of_what_nobody_followed_anything_is_taken() -> None:
    readings, id = followed()
    (told,) = readings.did[id]
    assert "price" in told
    assert readings.is_named(verdict(id, told), must_name=True)
    assert readings.is_named(verdict("i99", "whatever"), must_name=True), "of a commit that was not carried out again"


def test_a_variant_is_named_by_nobody() -> None:
    readings, _ = followed(planner=VARIANT_PLANNER)
    assert readings.did == {}


def test_the_older_part_of_a_log_is_not_read_again() -> None:
    story, readings = Story.begun(), Readings()
    entry = story.planned(price=1)
    assert entry.plan is not None
    readings.begin()
    readings.expect(story.commit(entry), entry.plan, story.fold.documents, {}, is_strict=False)
    assert readings.unlike({}) == ""
