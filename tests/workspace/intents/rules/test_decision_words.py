"""What a decision says of people, as a table of what happened and the words for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workspace.intents.story import Story
from workspace.intents.model.bodies import DecisionBody, Question
from workspace.intents.model.plan import Option
from workspace.intents.model.policies import BRANCH, MERGE, NONE
from workspace.intents.rules.decision_words import (
    answers_in_words,
    at_deadline,
    choice,
    in_words,
    left_out,
    moot,
    silent_of,
    taken_back,
)
from workspace.intents.state.board import Entry


@pytest.mark.parametrize(
    "names, words",
    [
        ("Ana", "Ana"),
        ("Ana Ben", "Ana and Ben"),
        ("Ana Ben Ana", "Ana and Ben"),
        ("Ana Ben Cem", "Ana, Ben and Cem"),
        ("A B C D E F", "A, B, C, D, E and F"),
        ("A B C D E F G H", "A, B, C, D, E, F and 2 more"),
    ],
)
def test_people_are_named_once_and_six_at_most(names: str, words: str) -> None:
    assert in_words(names.split()) == words


def asked(policy: str = "ask@1", **more: Any) -> tuple[Story, tuple[Entry, ...], DecisionBody]:
    """Ana, Ben and Cem want three prices; the question has options and a default."""
    story = Story.begun()
    seen = story.fold.seq
    group = tuple(story.planned(name, at, seen=seen) for at, name in enumerate(("Ana", "Ben", "Cem")))
    return story, group, story.question(*group, policy=policy, default=group[0].id, because="Ana asked first", **more)


SILENT = [
    ("ask@1", "L2", (), (), ("Ana", "Ben", "Cem")),
    ("ask@1", "L2", ("Ben", "Olga"), (), ("Ana", "Cem")),
    ("ask@1", "L2", (), ("Ben",), ("Ana", "Cem")),
    ("vote@1", "L2", (), (), ()),
    ("rights@1", "rights", (), (), ("Ana",)),
    ("rights@1", "rights", ("Ana",), (), ()),
]


@pytest.mark.parametrize("policy, layer, answered, left, silent", SILENT)
def test_silent_is_whom_it_was_put_to_by_name(
    policy: str, layer: str, answered: tuple[str, ...], left: tuple[str, ...], silent: tuple[str, ...]
) -> None:
    story, group, opened = asked(policy, layer=layer)
    for name in answered:
        story.answer(name, opened, NONE)
    for entry in group:
        if entry.actor in left:
            story.end(entry, "cancelled")
    assert silent_of(opened, group, story.votes(opened)) == silent


CHOICES = [
    ("L2", "Ben", "run Ben's"),
    ("L2", MERGE, "together"),
    ("L2", BRANCH, "the variants side by side"),
    ("L2", NONE, "none of them"),
    ("rights", "Cem", "yes"),
    ("rights", "Ana", "no"),
    ("E", "Ana", "Ana: set 0"),
    ("L2", "what no option is", "what no option is"),
    ("L2", "x" * 99, "x" * 79 + "…"),
]


@pytest.mark.parametrize("layer, value, words", CHOICES)
def test_an_answer_is_told_by_whose_it_is_or_by_its_label(layer: str, value: str, words: str) -> None:
    _, group, opened = asked(layer=layer)
    ids = {entry.actor: entry.id for entry in group}
    assert choice(opened, group, ids.get(value, value)) == words


def test_of_one_persons_two_instructions_each_is_named_and_what_is_done_is_kept() -> None:
    story = Story.begun()
    seen = story.fold.seq
    done, one, two = (
        story.done("Ana", 1, seen=seen),
        story.planned("Ben", 2, seen=seen),
        story.planned("Ben", 3, seen=seen),
    )
    opened = story.question(done, one, two, evidence={"late": [done.id]})
    assert choice(opened, (done, one, two), done.id) == "keep Ana's"
    assert choice(opened, (done, one, two), two.id) == f"run Ben's ({two.id})"


def test_the_last_word_of_each_counts_and_the_winning_answer_comes_first() -> None:
    story, group, opened = asked()
    ana, ben, _ = (entry.id for entry in group)
    for actor, value in (("Ana", ben), ("Ben", ana), ("Cem", ben), ("Ana", ana)):
        story.answer(actor, opened, value)
    told = answers_in_words(opened, group, story.votes(opened), first=ben)
    assert told == "Cem answered “run Ben's”, Ana and Ben answered “run Ana's”"
    assert answers_in_words(opened, group, ()) == ""


DEADLINES = [
    ("ask@1", (), False, "nobody answered in time; by default “run Ana's”, because Ana asked first"),
    ("vote@1", (), False, "nobody voted in time; by default “run Ana's”, because Ana asked first"),
    ("ask@1", (("Ben", "Ana"),), False,
     "Ben answered “run Ana's”; Ana and Cem did not answer in time; by default “run Ana's”, because Ana asked first"),
    ("ask@1", (("Ana", "Ben"), ("Ben", "Cem"), ("Cem", "Ana")), False,
     "Cem answered “run Ana's”, Ana answered “run Ben's”, Ben answered “run Cem's”; that did not settle it in time; "
     "by default “run Ana's”, because Ana asked first"),
    ("vote@1", (("Ana", "Ben"), ("Ben", "Ana")), False,
     "Ben voted “run Ana's”, Ana voted “run Ben's”; no answer that can be had has most votes at the deadline; "
     "by default “run Ana's”, because Ana asked first"),
    ("vote@1", (("Ana", "Ana"),), True, "Ana voted “run Ana's”; most votes at the deadline"),
]  # fmt: skip


@pytest.mark.parametrize("policy, said, is_elected, words", DEADLINES)
def test_at_the_deadline_it_is_said_what_was_missing(policy: str, said: Any, is_elected: bool, words: str) -> None:
    story, group, opened = asked(policy)
    ids = {entry.actor: entry.id for entry in group}
    for actor, value in said:
        story.answer(actor, opened, ids[value])
    votes = story.votes(opened)
    assert at_deadline(opened, group, votes, story.board, winner=ids["Ana"], is_elected=is_elected) == words


def test_where_the_default_is_gone_the_first_that_still_stands_is_taken() -> None:
    story, group, opened = asked()
    story.end(group[0], "cancelled", by=story.intent("Olga", "", kind="cancel", refs=(group[0].id,)).id)
    told = at_deadline(opened, group, [], story.board, winner=group[1].id, is_elected=False)
    assert told == (
        "Olga cancelled Ana's instruction; nobody answered in time; "
        "by default “run Ben's”, because the first that still stands"
    )


@pytest.mark.parametrize(
    "by, state, words",
    [
        ("", "expired", "Ana's instruction has ended expired"),
        ("Ana", "cancelled", "Ana cancelled the own instruction"),
        ("Olga", "superseded", "Olga replaced Ana's instruction"),
        ("Olga", "failed", "Olga ended Ana's instruction"),
    ],
)
def test_who_ended_an_instruction_is_named(by: str, state: str, words: str) -> None:
    story, group, _ = asked()
    ended_by = story.intent(by, "", kind="cancel", refs=(group[0].id,)).id if by else ""
    story.end(group[0], state, by=ended_by)
    assert left_out(group, story.board) == [words]


def test_a_question_about_what_has_gone_says_what_is_left() -> None:
    story, group, _ = asked()
    for entry in group[:2]:
        story.end(entry, "expired")
    assert moot(group, story.board, winner=group[2].id).endswith("; Cem's is what is left")
    story.end(group[2], "expired")
    assert moot(group, story.board, winner=NONE).endswith("; nothing is left to decide")


def test_a_question_that_is_taken_back_names_whose_words_have_changed() -> None:
    story, group, opened = asked()
    changed = story.intent("Dee")
    told = "What Dee asked for has changed meanwhile: it is planned again"
    assert taken_back((*group, changed), ()) == told
    story.answer("Ben", opened, NONE)
    assert taken_back((*group, changed), story.votes(opened)) == f"{told}, and what Ben answered decides nothing"


def test_an_option_without_a_person_has_its_label() -> None:
    story = Story.begun()
    entry = story.planned()
    question = Question(
        "q9", (entry.id,), "Send it?", (Option(entry.id, "Yes"), Option(NONE, "No, do nothing")), 0, NONE
    )
    opened = story.decide({entry.id: "held"}, layer="effects", policy="approve@1", question=question)
    assert [choice(opened, (entry,), value) for value in (entry.id, NONE)] == ["Yes", "No, do nothing"]
