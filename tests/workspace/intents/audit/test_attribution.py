"""Every character and every value has who brought it, and behind a commit the people who asked for it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.paths import set_path
from crdt.errors import CrdtError, PathMissing
from tests.support.examples import examples
from tests.workspace.intents.story import Story
from workspace.intents.audit.attribution import POINTS_MAX, attribute_text, attribute_value


def test_a_text_falls_into_stretches_by_who_brought_them() -> None:
    story = Story.begun()
    story.type("Ana", "plan", lambda document: document.insert_text(4, "bright "))
    entry = story.intent("Ben", "shout")
    story.plan(entry, story.rewrite("Another", "ANOTHER"))
    story.decide({entry.id: "run"}, layer="E", reason="nobody minds")
    story.commit(entry)
    story.end(entry)
    text = story.fold.documents["plan"].text()
    found = attribute_text(story.fold, "plan", 0, len(text))
    assert "".join(part.text for part in found) == text
    by = {part.text: part.by for part in found}
    assert by["bright "] == "Ana"
    assert {text[part.start : part.end] for part in found if part.by == "agent"} <= {"NOTHER"}
    (agent,) = [part for part in found if part.by == "agent"]
    assert entry.commit is not None
    assert agent.commit == entry.commit.commit
    (telling,) = agent.told
    assert (telling.intent, telling.actor, telling.text, telling.state) == (entry.id, "Ben", "shout", "done")
    assert telling.decisions[0].endswith(": nobody minds")


@settings(max_examples=examples(25), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 60), st.integers(0, 4)), min_size=1, max_size=10),
    st.data(),
)
def test_any_range_is_told_whole_and_in_order(edits: list[tuple[str, int, int]], data: st.DataObject) -> None:
    story = Story.begun()
    for who, at, cut in edits:

        def change(document, at=at, cut=cut, who=who):  # type: ignore[no-untyped-def]
            at = min(at, len(document.text()))
            document.delete_text(at, min(at + cut, len(document.text())))
            document.insert_text(at, who.lower() * 2 + "😀")

        story.type(who, "plan", change)
    text = story.fold.documents["plan"].text()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = attribute_text(story.fold, "plan", start, end)
    assert "".join(part.text for part in found) == text[start:end]
    assert all(one.seq != other.seq for one, other in pairwise(found)), "one stretch for one record"
    for part in found:
        if part.by in "ABC":
            assert set(part.text) <= {part.by.lower(), "😀"}


def test_a_value_has_who_set_it_and_who_set_what_is_inside() -> None:
    story = Story.begun()
    story.type("Ana", "budget", lambda document: set_path(document, ("fees",), {"low": 1}))
    entry = story.done("Ben", 5)
    (price,) = attribute_value(story.fold, "budget", ("price",))
    assert (price.by, [one.intent for one in price.told]) == ("agent", [entry.id])
    assert {part.by for part in attribute_value(story.fold, "budget", ("fees",))} == {"Ana"}
    before = story.fold.state()
    attribute_value(story.fold, "budget", ("fees", "low"))
    assert story.fold.state() == before, "a copy was asked"


def test_what_is_not_there_has_nobody() -> None:
    story = Story.begun()
    for path in ((), ("nothing",), ("price", "deeper")):
        with pytest.raises(PathMissing):
            attribute_value(story.fold, "budget", path)
    with pytest.raises(ValueError, match="at most"):
        attribute_text(story.fold, "plan", 0, POINTS_MAX + 1)
    with pytest.raises(CrdtError):
        attribute_text(story.fold, "plan", 0, 999)
    assert attribute_text(story.fold, "plan", 2, 2) == ()
