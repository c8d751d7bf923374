"""What lies inside where people pointed, as a table; and that a yes allows just what was shown."""

from __future__ import annotations

from typing import Any

import pytest

from crdt.documents.anchor import place_anchors, place_range
from crdt.operations.ops import (
    Check,
    CreateDocument,
    Delete,
    DeleteValue,
    Increment,
    Insert,
    Op,
    hash_of_range,
    hash_of_value,
)
from tests.workspace.intents.story import TEXT, Story
from workspace.intents.model.bodies import Question
from workspace.intents.model.intent import Scope
from workspace.intents.model.plan import WHOLE, Exchange
from workspace.intents.rules.fence import LAYER, PLACES_SHOWN_MAX, allowed, outside, pointed, reaches
from workspace.intents.state.board import Entry


def passage(story: Story, words: str) -> Scope:
    at = TEXT.index(words)
    place = place_range(story.fold.documents["plan"], at, at + len(words))
    return Scope("plan", from_=place.start.encode(), to=place.end.encode())


def insert(story: Story, at: int, text: str, *, clings: int = -1) -> Insert:
    (anchor,) = place_anchors(story.fold.documents["plan"], [(at, clings)])
    return Insert("plan", anchor.encode(), text)


def cut(story: Story, words: str) -> Delete:
    scope = passage(story, words)
    return Delete(
        "plan",
        scope.from_ or "",
        scope.to or "",
        hash_of_range(story.fold.documents["plan"], scope.from_ or "", scope.to or ""),
    )


KEYS = Scope("budget", keys=(("price",),))
ANOTHER = TEXT.index("Another")
INSIDE: list[tuple[str, Any, Any, bool]] = [
    ("nobody pointed", None, lambda s: s.set("fee", 1), True),
    ("the whole document", (Scope("plan"),), lambda s: s.rewrite("One", "A"), True),
    ("another document", (Scope("plan"),), lambda s: s.set("fee", 1), False),
    ("the very key", (KEYS,), lambda s: s.set("price", 1), True),
    ("another key", (KEYS,), lambda s: s.set("fee", 1), False),
    ("a sum at the key", (KEYS,), lambda s: Increment("budget", ("price",), 1), True),
    ("two scopes", (Scope("plan"), KEYS), lambda s: s.set("price", 1), True),
    ("inside a passage", "Another line", lambda s: s.rewrite("Another", "x"), True),
    ("across its edge", "Another", lambda s: s.rewrite("Another line", "x"), False),
    ("before it", "Another", lambda s: s.rewrite("One", "x"), False),
    ("words at its beginning", "Another", lambda s: insert(s, ANOTHER, "x"), True),
    ("words at its end", "Another", lambda s: insert(s, ANOTHER + 7, "x"), True),
    ("words behind its end", "Another", lambda s: insert(s, ANOTHER + 8, "x"), False),
    ("a look elsewhere", (KEYS,), lambda s: Check("plan", "sha256:0"), True),
    ("a document nobody named", (KEYS,), lambda s: CreateDocument("notes", "text"), False),
]  # fmt: skip


@pytest.mark.parametrize("scope, op, is_inside", [row[1:] for row in INSIDE], ids=[row[0] for row in INSIDE])
def test_what_is_written_lies_inside_or_outside_of_where_somebody_pointed(scope: Any, op: Any, is_inside: bool) -> None:
    story = Story.begun()
    entry = story.intent(scope=(passage(story, scope),) if isinstance(scope, str) else scope)
    plan = story.plan(entry, op(story))
    beyond = outside(plan, entry, story.board, story.fold.documents)
    assert (not beyond) == is_inside
    if not isinstance(plan.ops[0], Check):
        assert reaches(plan.ops, entry, story.fold.documents) == (is_inside or scope is None)


@pytest.mark.parametrize(
    "text, doc, is_named",
    [
        ('write it into "notes"', "notes", True),
        ("write it into the document notes", "notes", True),
        ("make a notes document", "notes", True),
        ("a doc called notes", "notes", True),
        ("take notes of it", "notes", False),
        ("documents notesbook", "notes", False),
        ("put it into the document", "the", False),
        ('put it into "the"', "the", True),
        ('a document named "a.b"', "axb", False),
    ],
)
def test_a_document_may_be_made_that_somebody_speaks_of_by_name(text: str, doc: str, is_named: bool) -> None:
    story = Story.begun()
    entry = story.intent("Ana", text, scope=(KEYS,))
    plan = story.plan(entry, CreateDocument(doc, "text"), Insert(doc, "AQdjb250ZW50AA==", "hello"))
    assert (not outside(plan, entry, story.board, story.fold.documents)) == is_named


def test_losses_come_first_and_the_same_deed_twice_is_two() -> None:
    story = Story.begun()
    entry = story.intent(scope=(Scope("nowhere"),))
    budget = story.fold.documents["budget"]
    ops: tuple[Op, ...] = (
        Increment("budget", ("price",), 1),
        Increment("budget", ("price",), 1),
        DeleteValue("budget", ("price",), hash_of_value(budget, ("price",))),
        cut(story, "One"),
    )
    said = outside(story.plan(entry, *ops), entry, story.board, story.fold.documents)
    assert len(set(said)) == 4
    assert "price" in said[0]
    assert "One" in said[1]
    assert said[3] == f"{said[2]} (2)", "a yes to one is none to the other"


def joined(story: Story, *scopes: Any) -> tuple[Entry, Entry]:
    """Ana's instruction, and Ben's that was added to it."""
    ana, ben = story.intent("Ana", scope=scopes[0]), story.intent("Ben", scope=scopes[1])
    ana.steers = (ben.id,)
    return ana, ben


@pytest.mark.parametrize(
    "mine, theirs, is_inside",
    [((KEYS,), (Scope("plan"),), True), ((KEYS,), None, False), (None, (KEYS,), True), ((KEYS,), (KEYS,), False)],
)
def test_who_joins_opens_the_fence_as_far_as_it_points(mine: Any, theirs: Any, is_inside: bool) -> None:
    story = Story.begun()
    ana, _ = joined(story, mine, theirs)
    plan = story.plan(ana, story.rewrite("One", "A"))
    assert (not outside(plan, ana, story.board, story.fold.documents)) == is_inside


def test_a_place_that_is_gone_is_the_whole_document_where_its_author_says_so() -> None:
    story = Story.begun()
    entry = story.intent(scope=(passage(story, "One"),))
    story.type("Ben", "plan", lambda document: document.delete_text(0, 3))
    plan = story.plan(entry, story.rewrite("Another", "x"))
    assert outside(plan, entry, story.board, story.fold.documents)
    entry.exchanges = (Exchange("Where?", WHOLE, "Ana"),)
    assert not outside(plan, entry, story.board, story.fold.documents)


def asked(story: Story, entry: Entry, outcome: str, *does: str, layer: str = LAYER) -> None:
    """Somebody was asked whether a plan may do these things, and it came to this."""
    question = Question(f"q{story.fold.seq + 1}", (entry.id,), "Do it?", (), 0, "none", {"does": list(does)})
    story.decide({entry.id: outcome}, layer=layer, policy="scope@1", question=question)


def test_a_yes_allows_what_was_shown_and_a_no_allows_nothing() -> None:
    story = Story.begun()
    entry = story.planned()
    assert allowed(entry, story.board) == frozenset()
    asked(story, entry, "suggested", "one")
    asked(story, entry, "run", "two", layer="effects")
    assert allowed(entry, story.board) == frozenset()
    asked(story, entry, "run", "three", "four")
    assert allowed(entry, story.board) == {"three", "four"}


def test_who_approves_a_suggestion_has_seen_what_it_does() -> None:
    story = Story.begun()
    target = story.planned()
    asked(story, target, "suggested", "shown")
    story.end(target, "suggested")
    approval = story.intent("Ben", "", kind="approve", refs=(target.id,))
    assert allowed(approval, story.board) == {"shown"}
    assert allowed(target, story.board) == frozenset(), "for the suggestion itself it was a no"


def test_where_somebody_points_is_told_in_a_few_places() -> None:
    story = Story.begun()
    entry = story.intent(scope=(Scope("plan"), passage(story, "One"), KEYS, Scope("plan")))
    assert pointed(entry, story.board) == "plan, a passage of plan, budget.price"
    many = story.intent(scope=tuple(Scope(f"d{at}") for at in range(PLACES_SHOWN_MAX + 3)))
    assert pointed(many, story.board).endswith("d5, 3 more places")
