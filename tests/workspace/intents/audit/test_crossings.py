"""Would the order have mattered? The audit's own answer, as a table, and without a trace in the documents."""

from __future__ import annotations

from typing import Any

import pytest

from crdt.documents.paths import anchor_item, set_path
from crdt.operations.item_readings import Reading
from crdt.operations.ops import Check, CreateDocument, Increment, ListAdd, ListMove, ListRemove, Op, hash_of_value
from tests.workspace.intents.rules.test_fence import cut, insert
from tests.workspace.intents.story import TEXT, Story
from workspace.intents.audit.crossings import Place, are_near, do_cross, is_near, places_of
from workspace.intents.model.bodies import PlanBody

ANOTHER = TEXT.index("Another")


def remove(story: Story, at: int) -> ListRemove:
    budget = story.fold.documents["budget"]
    return ListRemove(
        "budget", ("list",), anchor_item(budget, ("list",), at) or "", hash_of_value(budget, ("list", at))
    )


def move(story: Story, at: int, after: int) -> ListMove:
    budget = story.fold.documents["budget"]
    item, behind = (anchor_item(budget, ("list",), one) or "" for one in (at, after))
    return ListMove("budget", ("list",), item, behind)


CROSS: list[tuple[str, Any, Any, bool]] = [
    ("one value, two opinions", lambda s: s.set("price", 1), lambda s: s.set("price", 2), True),
    ("one value, one opinion", lambda s: s.set("price", 1), lambda s: s.set("price", 1), False),
    ("two values", lambda s: s.set("price", 1), lambda s: s.set("fee", 1), False),
    ("two sums", lambda s: Increment("budget", ("price",), 1), lambda s: Increment("budget", ("price",), 2), False),
    ("a sum on what is set", lambda s: Increment("budget", ("price",), 1), lambda s: s.set("price", 2), True),
    ("words inside words", lambda s: s.rewrite("One line", "A"), lambda s: s.rewrite("One", "B"), True),
    ("words apart", lambda s: s.rewrite("One", "A"), lambda s: s.rewrite("Another", "B"), False),
    ("two insertions at one place", lambda s: insert(s, 4, "a"), lambda s: insert(s, 4, "b"), False),
    ("text beside what is taken out", lambda s: insert(s, ANOTHER + 3, "a"), lambda s: cut(s, "Another"), True),
    ("the same item taken out", lambda s: remove(s, 0), lambda s: remove(s, 0), False),
    ("an item taken out and moved", lambda s: remove(s, 0), lambda s: move(s, 0, 1), True),
    ("two items of a list", lambda s: remove(s, 0), lambda s: remove(s, 1), False),
    ("two things added", lambda s: ListAdd("budget", ("list",), 1), lambda s: ListAdd("budget", ("list",), 2), False),
    ("one document made twice", lambda s: CreateDocument("new", "text"), lambda s: CreateDocument("new", "data"), True),
    (
        "a plan that does not hold",
        lambda s: Check("budget", "sha256:0", ("price",)),
        lambda s: s.set("price", 1),
        False,
    ),
]


@pytest.mark.parametrize("mine, theirs, is_crossing", [row[1:] for row in CROSS], ids=[row[0] for row in CROSS])
def test_two_plans_cross_where_the_order_would_have_mattered(mine: Any, theirs: Any, is_crossing: bool) -> None:
    story = Story.begun()
    story.type("Ana", "budget", lambda document: set_path(document, ("list",), ["a", "b"]))
    one, other = (story.plan(story.intent(who), op(story)) for who, op in (("Ana", mine), ("Ben", theirs)))
    before = story.fold.state()
    assert do_cross(story.fold.documents, one, other) == is_crossing
    assert do_cross(story.fold.documents, other, one) == is_crossing
    assert story.fold.state() == before


def reading(story: Story, *, writes: tuple[Op, ...]) -> PlanBody:
    """A plan that has read the price strongly, and writes elsewhere."""
    budget = story.fold.documents["budget"]
    read = Reading("budget", hash_of_value(budget, ("price",)), path=("price",), strong=True)
    return story.plan(story.intent("Ana"), *writes, reads=(read,))


def test_who_only_reads_what_the_other_writes_goes_first_and_loses_nothing() -> None:
    story = Story.begun()
    reader, writer = (
        reading(story, writes=(story.set("fee", 1),)),
        story.plan(story.intent("Ben"), story.set("price", 1)),
    )
    assert not do_cross(story.fold.documents, reader, writer)


def test_where_each_reads_what_the_other_writes_one_is_wrong_in_any_order() -> None:
    story = Story.begun()
    budget = story.fold.documents["budget"]
    fee = Reading("budget", hash_of_value(budget, ("fee",)), path=("fee",), strong=True)
    one = reading(story, writes=(story.set("fee", 1),))
    other = story.plan(story.intent("Ben"), story.set("price", 1), reads=(fee,))
    assert do_cross(story.fold.documents, one, other)


def span(start: int, end: int) -> Place:
    return Place("plan", span=(start, end))


@pytest.mark.parametrize(
    "one, other, by, near",
    [
        (span(0, 3), span(4, 5), 1, True),
        (span(0, 3), span(4, 5), 0, False),
        (span(0, 3), span(5, 6), 1, False),
        (span(0, 3), Place("budget"), 1, False),
        (span(0, 3), Place("plan"), 1, True),
        (Place("budget", path=("a",)), Place("budget", path=("a", "b")), 1, True),
        (Place("budget", path=("a",)), Place("budget", path=("b",)), 1, False),
        (Place("plan", span=(1, 1), is_relative=True), Place("plan", span=(1, 1), is_relative=True), 1, False),
    ],
)
def test_the_first_look_is_generous_by_a_character(one: Place, other: Place, by: int, near: bool) -> None:
    assert is_near(one, other, by=by) == is_near(other, one, by=by) == near
    assert are_near([one], [other], by=by) == near
    assert not are_near([], [other])


def test_places_are_where_a_plan_writes_and_what_it_read_strongly() -> None:
    story = Story.begun()
    plan = reading(story, writes=(story.rewrite("Another", "x"), CreateDocument("new", "text")))
    assert list(places_of(story.fold.documents, plan)) == [
        span(ANOTHER, ANOTHER + 7), Place("new"), Place("budget", path=("price",)),
    ]  # fmt: skip
    assert next(iter(places_of({}, plan))) == Place("plan"), "what cannot be found is the whole document"
