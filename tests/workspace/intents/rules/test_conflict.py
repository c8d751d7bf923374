"""Where intents work and whether they collide: areas as they are now, both orders by value, whose work is unseen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from crdt.documents.paths import delete_path, set_path
from crdt.operations.fork import run
from crdt.operations.item_readings import Reading
from crdt.operations.ops import CreateDocument, Increment, Insert, Op
from tests.workspace.intents.story import TEXT, Story
from workspace.intents.model.intent import Scope
from workspace.intents.rules.conflict import (
    Area,
    anchored_docs,
    areas_of,
    areas_of_plan,
    areas_of_scope,
    components,
    do_collide,
    is_rival,
    is_unseen,
    late_rivals,
    overlap,
    unseen_by,
)
from workspace.intents.state.board import Entry
from workspace.intents.state.history import Edit

BUDGET, PLAN = Area("budget"), Area("plan")
LOW, HIGH = Area("budget", path=("price", "low")), Area("budget", path=("price", "high"))
PRICE = Area("budget", path=("price",))


def span(start: int, end: int) -> Area:
    return Area("plan", span=(start, end))


@pytest.mark.parametrize(
    "one, other, meet",
    [
        (None, (PLAN,), True),
        (None, None, True),
        ((), (PLAN,), False),
        ((PLAN,), (BUDGET,), False),
        ((PLAN,), (span(3, 4),), True),
        ((span(0, 3),), (span(3, 9),), True),
        ((span(0, 3),), (span(4, 9),), False),
        ((span(5, 5),), (span(0, 9),), True),
        ((PRICE,), (LOW,), True),
        ((LOW,), (HIGH,), False),
        ((BUDGET,), (HIGH,), True),
        ((LOW, span(0, 1)), (HIGH, span(1, 2)), True),
    ],
)
def test_areas_meet_where_they_share_a_place(one: Any, other: Any, meet: bool) -> None:
    assert overlap(one, other) == overlap(other, one) == meet


def passage(story: Story, words: str) -> Scope:
    at = TEXT.index(words)
    place = place_range(story.fold.documents["plan"], at, at + len(words))
    return Scope("plan", from_=place.start.encode(), to=place.end.encode())


def test_a_scope_is_where_it_points_now() -> None:
    story = Story.begun()
    part = passage(story, "Another")
    at = TEXT.index("Another")
    documents = story.fold.documents
    assert areas_of_scope(None, documents) is None
    assert areas_of_scope((), documents) == ()
    assert areas_of_scope((part,), documents) == (span(at, at + 7),)
    story.type("Ben", "plan", lambda document: document.insert_text(0, "Oh: "))
    assert areas_of_scope((part,), documents) == (span(at + 4, at + 11),), "an anchor goes with its words"
    assert areas_of_scope((Scope("plan"),), documents) == (PLAN,)
    assert areas_of_scope((Scope("nowhere"),), documents) == (Area("nowhere"),)
    keys = Scope("budget", keys=(("price", "low"), ("price", "high")))
    assert areas_of_scope((keys,), documents) == (LOW, HIGH)


@pytest.mark.parametrize("anchor", ["", "nonsense", "AQ==", "AAcD"])
def test_a_place_that_cannot_be_resolved_is_the_whole_document(anchor: str) -> None:
    documents = Story.begun().fold.documents
    assert areas_of_scope((Scope("plan", from_=anchor),), documents) == (PLAN,), "L1 may be generous"


def test_a_plan_works_where_it_writes_and_where_it_read_strongly() -> None:
    story = Story.begun()
    documents = story.fold.documents
    ops: list[Op] = [story.rewrite("Another", "A second"), story.set("price", 1), CreateDocument("new", "text")]
    at = TEXT.index("Another")
    assert areas_of_plan(ops, (), documents) == (span(at, at + 7), PRICE, Area("new"))
    weak = Reading("budget", "sha256:0", path=("fee",), strong=False)
    strong = Reading("budget", "sha256:0", path=("fee",), strong=True)
    assert areas_of_plan((), (weak,), documents) == ()
    assert areas_of_plan((), (strong,), documents) == (Area("budget", path=("fee",)),)


def test_what_is_planned_is_where_its_plan_is_and_what_is_not_where_it_points() -> None:
    story = Story.begun()
    entry = story.intent(scope=(Scope("plan"), Scope("budget", keys=(("price",),)), passage(story, "One")))
    documents = story.fold.documents
    assert areas_of(entry, documents) == (PLAN, PRICE, span(0, 3))
    assert anchored_docs(entry) == {"plan"}, "keys and whole documents do not move"
    story.plan(entry, story.set("fee", 1))
    assert areas_of(entry, documents) == (Area("budget", path=("fee",)),)
    assert anchored_docs(entry) == {"budget"}


COLLIDE = [
    ("one value, two opinions", lambda s: s.set("price", 1), lambda s: s.set("price", 2), True),
    ("one value, one opinion", lambda s: s.set("price", 1), lambda s: s.set("price", 1), False),
    ("two values", lambda s: s.set("price", 1), lambda s: s.set("fee", 2), False),
    ("two sums", lambda s: Increment("budget", ("price",), 1), lambda s: Increment("budget", ("price",), 2), False),
    ("a sum on what is set", lambda s: s.set("price", 1), lambda s: Increment("budget", ("price",), 2), True),
    ("the same words", lambda s: s.rewrite("One line", "A"), lambda s: s.rewrite("line.\nAnother", "B"), True),
    ("other words", lambda s: s.rewrite("One", "A"), lambda s: s.rewrite("Another", "B"), False),
]  # fmt: skip


@pytest.mark.parametrize("mine, theirs, is_conflict", [row[1:] for row in COLLIDE], ids=[row[0] for row in COLLIDE])
def test_plans_collide_where_the_order_matters_or_one_rules_the_other_out(
    mine: Any, theirs: Any, is_conflict: bool
) -> None:
    story = Story.begun()
    seen = story.fold.seq
    one, other = story.intent("Ana", seen=seen), story.intent("Ben", seen=seen)
    story.plan(one, mine(story))
    story.plan(other, theirs(story))
    before = story.fold.state()
    assert do_collide(one, other, story.fold.documents, client=9) == is_conflict
    assert do_collide(other, one, story.fold.documents, client=9) == is_conflict
    assert story.fold.state() == before, "it is tried on forks"


@given(st.integers(1, 9), st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12))
def test_groups_are_what_the_edges_connect(count: int, pairs: list[tuple[int, int]]) -> None:
    ids = [f"i{at}" for at in range(count)]
    edges = [(f"i{a}", f"i{b}") for a, b in pairs if a < count and b < count]
    groups = components(ids, edges)
    member = {id: at for at, group in enumerate(groups) for id in group}
    assert len(member) == sum(map(len, groups)), "nobody is in two"
    assert all(len(group) > 1 and list(group) == sorted(group, key=ids.index) for group in groups)
    for one, other in edges:
        assert one == other or member[one] == member[other], "an edge stays within its group"
    for group in groups:  # and a group is held together by edges
        joined, grown = {group[0]}, 0
        while grown != len(joined):
            grown = len(joined)
            joined |= {id for edge in edges if joined & set(edge) for id in edge}
        assert joined == set(group)


@pytest.mark.parametrize(
    "by, at, is_new",
    [
        ("Ben", 0, True),
        ("Ben", -1, True),
        ("Ben", -2, True),
        ("Ben", -3, False),
        ("Ana", 0, False),
        ("Ana", 1, True),
        ("Ana", -2, False),
    ],
)
def test_an_edit_is_unseen_after_the_stamp_or_by_its_own_author_after_sending(by: str, at: int, is_new: bool) -> None:
    story = Story.begun()
    story.type("Cem", "plan", lambda document: document.insert_text(0, "x"))
    story.type("Cem", "plan", lambda document: document.insert_text(0, "y"))
    entry = story.intent("Ana", seen=story.fold.seq - 2)
    assert is_unseen(Edit(entry.seq + at, "plan", by, f"S{by}"), entry) == is_new


def executed(story: Story, *ops: Op) -> dict[str, Any]:
    return dict(run(story.fold.documents, ops, (), client=9).executed)


def test_what_an_author_has_seen_may_be_overwritten_and_nothing_else() -> None:
    story = Story.begun()
    before = story.fold.seq
    typed = story.type("Ben", "budget", lambda document: set_path(document, ("price",), 5))
    blind, aware = story.intent("Ana", seen=before), story.intent("Cem")
    plan = executed(story, story.set("price", 9))
    found = unseen_by(blind, plan, story.board, story.fold.history)
    assert [edit.seq for edit in found.human] == [typed]
    assert not found.rivals
    assert unseen_by(aware, plan, story.board, story.fold.history).human == ()
    assert unseen_by(blind, executed(story, story.set("fee", 9)), story.board, story.fold.history).human == ()


def test_a_removal_by_hand_is_an_edit_too() -> None:
    story = Story.begun()
    before = story.fold.seq
    removed = story.type("Ben", "budget", lambda document: delete_path(document, ("price",)))
    blind = story.intent("Ana", seen=before)
    found = unseen_by(blind, executed(story, story.set("price", 9)), story.board, story.fold.history)
    assert removed in [edit.seq for edit in found.human]


def test_a_rival_that_is_done_is_met_and_one_that_was_known_is_not() -> None:
    story = Story.begun()
    before = story.fold.seq
    done = story.done("Ben", 5, seen=before)
    blind, aware = story.intent("Ana", seen=before), story.intent("Cem")
    plan = executed(story, story.set("price", 9))
    assert unseen_by(blind, plan, story.board, story.fold.history).rivals == (done,)
    assert unseen_by(aware, plan, story.board, story.fold.history).rivals == ()
    story.decide({done.id: "kept", blind.id: "run"})
    assert not is_rival(done, blind, story.board), "it was decided about"


def test_a_later_word_that_was_done_first_is_a_rival_unless_who_joined_knew_of_it() -> None:
    story = Story.begun()
    early = story.planned("Ana", 1)
    later = story.done("Ben", 2)
    assert is_rival(later, early, story.board)
    joined: Entry = story.intent("Cem")
    early.steers = (joined.id,)
    assert not is_rival(later, early, story.board), "the whole was asked for knowingly"
    assert not is_rival(early, early, story.board)


def test_what_was_committed_since_the_snapshot_is_late() -> None:
    story = Story.begun()
    before = story.fold.seq
    late = story.planned("Ana", 9, seen=before)
    footprint = executed(story, story.set("price", 9))
    done = story.done("Ben", 5, seen=before)
    assert late_rivals(late, footprint, story.board, since=before) == (done,)
    assert late_rivals(late, footprint, story.board, since=story.fold.seq) == (), "the snapshot had it"
    assert late_rivals(late, executed(story, Increment("budget", ("other",), 1)), story.board, since=before) == ()


def test_an_insertion_overwrites_nobody() -> None:
    story = Story.begun()
    before = story.fold.seq
    story.type("Ben", "plan", lambda document: document.insert_text(0, "typed "))
    blind = story.intent("Ana", seen=before)
    place = place_range(story.fold.documents["plan"], 3, 3)
    found = unseen_by(
        blind, executed(story, Insert("plan", place.start.encode(), "more")), story.board, story.fold.history
    )
    assert (found.human, found.rivals) == ((), ())
    assert isinstance(story.fold.documents["plan"], Document)
