"""What people see when they are asked: each outcome beside what stands there, cut to where they differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.documents.paths import set_path
from tests.workspace.intents.story import PRICE, TEXT, Story
from workspace.intents.rules.evidence import (
    CONTEXT_LINES,
    EXCERPT_POINTS_MAX,
    KEYS_MAX,
    OUTCOMES_MAX,
    describe,
    evidence_of,
    excerpt,
    in_lines,
    preview,
    render,
)


def test_evidence_shows_every_document_each_way_and_touches_none() -> None:
    story = Story.begun()
    seen = story.fold.seq
    ana, ben = story.intent("Ana", seen=seen), story.intent("Ben", "shout", seen=seen, role="owner")
    story.plan(ana, story.set("price", 1))
    story.plan(ben, story.set("price", 2), story.rewrite("One", "ONE"))
    before = story.fold.state()
    evidence = evidence_of((ana, ben), story.fold.documents, client=9)
    assert story.fold.state() == before
    shown = evidence["documents"]
    assert isinstance(shown, dict)
    assert list(shown) == ["budget", "plan"]
    assert shown["budget"]["before"] == in_lines({"price": PRICE})
    assert shown["budget"]["outcomes"] == {ana.id: in_lines({"price": 1}), ben.id: in_lines({"price": 2})}
    assert shown["plan"]["outcomes"] == {ana.id: TEXT, ben.id: TEXT.replace("One", "ONE")}
    assert evidence["late"] == []
    assert evidence["intents"] == [describe(ana), describe(ben)]
    assert (describe(ben)["rank"], describe(ben)["text"]) == (30, "shout")


def test_what_is_done_is_shown_as_it_stands_and_named_as_late() -> None:
    story = Story.begun()
    seen = story.fold.seq
    done, late = story.done("Ana", 5, seen=seen), story.intent("Ben", seen=seen)
    story.plan(late, story.set("price", 6))
    evidence = evidence_of((done, late), story.fold.documents, client=9)
    assert evidence["late"] == [done.id]
    outcomes = evidence["documents"]["budget"]["outcomes"]  # type: ignore[index, call-overload]
    assert outcomes == {done.id: in_lines({"price": 5}), late.id: in_lines({"price": 6})}


def test_a_plan_that_no_longer_holds_shows_what_stands_there() -> None:
    story = Story.begun()
    entry = story.planned(price=7)
    assert entry.plan is not None
    assert preview(entry.plan, "budget", story.fold.documents, client=9) == in_lines({"price": 7})
    story.done("Ben", 5)
    assert preview(entry.plan, "budget", story.fold.documents, client=9) == in_lines({"price": 5})
    assert render(story.fold.documents["plan"]) == TEXT


@pytest.mark.parametrize(
    "versions, shown",
    [
        (["a\nb\nc", "a\nb\nc"], ["b\nc", "b\nc"]),
        (["1\n2\n3\n4\n5\n6\n7", "1\n2\n3\nX\n5\n6\n7"], ["2\n3\n4\n5\n6", "2\n3\nX\n5\n6"]),
        (["a", ""], ["a", ""]),
        (["x\n" * 9 + "end", "x\n" * 9 + "END"], ["x\nx\nend", "x\nx\nEND"]),
    ],
)
def test_an_excerpt_is_the_difference_with_two_lines_around(versions: list[str], shown: list[str]) -> None:
    assert excerpt(versions) == shown


def test_an_excerpt_has_a_bound() -> None:
    short, long = excerpt(["a", "b" * (EXCERPT_POINTS_MAX + 1)])
    assert short == "a"
    assert long == "b" * EXCERPT_POINTS_MAX + "…"


LINES = st.lists(st.sampled_from("abc"), max_size=8)


@given(head=LINES, tail=LINES, middles=st.lists(LINES, min_size=2, max_size=3))
def test_versions_that_differ_differ_in_the_excerpt(head: list[str], tail: list[str], middles: list[list[str]]) -> None:
    versions = ["\n".join([*head, *middle, *tail]) for middle in middles]
    shown = excerpt(versions)
    for one in range(len(versions)):
        assert shown[one] in versions[one]
        assert (shown[one] == shown[0]) == (versions[one] == versions[0])
        most = len(middles[one]) + len(head) + len(tail)
        assert shown[one].count("\n") <= max(most, 2 * CONTEXT_LINES)


def test_of_a_document_with_many_keys_those_are_shown_at_which_somebody_writes() -> None:
    story = Story.begun()
    story.type("Ana", "budget", lambda it: [set_path(it, (f"k{at}",), at) for at in range(KEYS_MAX + 1)])
    seen = story.fold.seq
    ana, ben = story.intent("Ana", seen=seen), story.intent("Ben", seen=seen)
    story.plan(ana, story.set("price", 1))
    story.plan(ben, story.set("price", 2), story.set("k7", "new"))
    shown = evidence_of((ana, ben), story.fold.documents, client=9)["documents"]["budget"]  # type: ignore[index, call-overload]
    assert shown["before"] == in_lines({"price": PRICE, "k7": 7})
    assert shown["outcomes"] == {ana.id: in_lines({"price": 1, "k7": 7}), ben.id: in_lines({"price": 2, "k7": "new"})}
    story.done("Ben", 5)
    stale = evidence_of((ana, ben), story.fold.documents, client=9)["documents"]["budget"]  # type: ignore[index, call-overload]
    assert '"price": 5' in stale["outcomes"][ana.id]


def test_of_a_crowd_twelve_outcomes_are_shown_the_winners_among_them() -> None:
    story = Story.begun()
    seen = story.fold.seq
    crowd = tuple(story.intent("Ana", seen=seen) for _ in range(OUTCOMES_MAX + 5))
    for at, entry in enumerate(crowd):
        story.plan(entry, story.set("price", at))
    evidence = evidence_of(crowd, story.fold.documents, client=9, winner=crowd[-1].id)
    outcomes = evidence["documents"]["budget"]["outcomes"]  # type: ignore[index, call-overload]
    assert len(outcomes) == OUTCOMES_MAX
    assert outcomes[crowd[-1].id] == in_lines({"price": OUTCOMES_MAX + 4})
    assert evidence["intents"] == [describe(entry) for entry in crowd]
