"""All copies of one plan: opened once, edited apart from the snapshot, given back as operations that carry it there."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.editing.commands import AppendText, ReplaceText, SetData
from agent.editing.editor import Editor, merged, text_ops
from agent.editing.text import CannotDo
from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from crdt.operations.fork import run
from crdt.operations.ops import CreateDocument, Delete, Insert, Replace
from tests.support.examples import examples
from workspace.intents.model.intent import Scope
from workspace.intents.model.plan import Image, Snapshot, Task

TEXT = "Hi folks 😀.\nSecond line.\n"


def documents() -> dict[str, Document]:
    plan, budget = Document("text", client=5), Document("data", client=5)
    with plan.transaction():
        plan.insert_text(0, TEXT)
    return {"plan": plan, "budget": budget}


DOCS = documents()


def editor(scope: tuple[Scope, ...] | None = None) -> Editor:
    snapshot = Snapshot(1, {name: Image(doc.kind, doc.encode()) for name, doc in DOCS.items()})
    return Editor(Task("w", "i1", "ana", "editor", "x", scope, snapshot))


def selection(start: int, end: int) -> tuple[Scope, ...]:
    place = place_range(DOCS["plan"], start, end)
    return (Scope("plan", from_=place.start.encode(), to=place.end.encode()),)


def test_nothing_edited_is_no_operation_and_no_reading() -> None:
    made = editor()
    made.text("plan")
    made.data("budget")
    assert made.result() == ([], [])
    assert made.open("plan") is made.open("plan"), "a document is opened once"


def test_what_is_made_comes_before_what_is_written_in_it() -> None:
    made = editor()
    made.created["notes"] = "text"
    made.text("notes").carry_out(AppendText("one"))
    made.data("budget").carry_out(SetData("", 3), ("n",))
    ops, reads = made.result()
    assert isinstance(ops[0], CreateDocument)
    assert made.kinds == {"plan": "text", "budget": "data", "notes": "text"}
    ran = run(DOCS, tuple(ops), tuple(reads), client=99)
    assert {name: document.value() for name, document in ran.documents.items()} == {
        "notes": "one\n",
        "budget": {"n": 3},
    }
    assert DOCS["budget"].value() == {}, "nothing reaches the snapshot"


CUTS = st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 6), st.sampled_from(["", "x", "é😀"])), max_size=4)


@settings(max_examples=examples(60), deadline=None)
@given(cuts=CUTS)
def test_the_operations_of_a_text_give_the_text_that_was_edited(cuts: list[tuple[int, int, str]]) -> None:
    made = editor()
    table = made.text("plan").table
    for start, size, words in cuts:
        at = min(start, len(table.text))
        table.edit(at, min(at + size, len(table.text)), words)
    ops, reads = made.result()
    for op, part in zip(text_ops("plan", made.open("plan"), made.text("plan")), table.replacements(), strict=True):
        kind = Insert if part.start == part.end else Replace if part.text else Delete
        assert isinstance(op, kind)
    ran = run(DOCS, tuple(ops), tuple(reads), client=99)
    assert (ran.documents["plan"].text() if "plan" in ran.documents else TEXT) == table.text


def test_a_selection_follows_who_is_spoken_for() -> None:
    made = editor(selection(3, 8))
    made.text("plan").carry_out(ReplaceText("folks", "people"))
    made.point(selection(TEXT.index("Second"), TEXT.index(" line")))
    with pytest.raises(CannotDo, match="your selection"):
        made.text("plan").carry_out(ReplaceText("people", "x"))
    made.text("plan").carry_out(ReplaceText("Second", "Third"))
    assert made.text("plan").table.text == TEXT.replace("folks", "people").replace("Second", "Third")


def test_a_selection_of_which_nothing_is_left_is_refused() -> None:
    scope = selection(3, 8)
    gone = DOCS["plan"].fork(77)
    with gone.transaction():
        gone.delete_text(0, len(TEXT))
    snapshot = Snapshot(1, {"plan": Image("text", gone.encode())})
    with pytest.raises(CannotDo) as raised:
        Editor(Task("w", "i1", "ana", "editor", "x", scope, snapshot)).text("plan")
    assert raised.value.refused.code == "empty_scope"


@given(spans=st.sets(st.tuples(st.integers(0, 30), st.integers(0, 9)).map(lambda s: (s[0], s[0] + s[1])), max_size=8))
def test_joined_spans_cover_the_same_and_no_longer_overlap(spans: set[tuple[int, int]]) -> None:
    found = merged(spans)
    cover = {at for start, end in spans for at in range(start, end)}
    assert {at for start, end in found for at in range(start, end)} == cover
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(found))
