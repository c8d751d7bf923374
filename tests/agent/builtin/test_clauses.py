"""What an instruction sets a named thing to: only constructions that leave no room beside each other are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.builtin.clauses import NUMBERS, Setting, clash, settings_of

THINGS = st.sampled_from(["intro", "summary", "deadline", "title"])


def said(text: str) -> list[tuple[str, str]]:
    return [(setting.kind, setting.said) for setting in settings_of(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cut the intro to 80 words", [("number word", "80 words")]),
        ("Cut the intro to eighty", []),
        ("Keep the summary within three paragraphs", [("number paragraph", "3 paragraphs")]),
        ("Move the deadline to 12 May 2027", [("date", "12 may 2027")]),
        ("Paint the title blue", [("colour", "blue")]),
        ("Rename the project to Phoenix", [("word", "phoenix")]),
        ("Shorten the intro by 80 words", []),
        ("Keep at least 80 words in the intro", []),
        ("Add a summary of 80 words", []),
        ("Write a summary of 80 words", []),
        ("Send the figures for May", []),
        ('Write "to 80 words" in the intro', []),
        ("Set the price to $5, and the tax to 7%", [("number", "$5"), ("number", "7%")]),
    ],
)
def test_a_value_is_read_where_it_can_mean_nothing_else(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(kind.strip(), words) for kind, words in said(text)] == expected


def test_a_clause_without_a_verb_or_a_thing_takes_those_before_it() -> None:
    assert {setting.things for setting in settings_of("Cut the intro to 80 words, at most 5 lines")} == {
        frozenset({"intro"})
    }
    assert settings_of("to 80 words") == ()


@given(thing=THINGS, one=st.integers(1, 500), other=st.integers(1, 500))
def test_two_numbers_for_one_thing_clash_exactly_where_they_differ(thing: str, one: int, other: int) -> None:
    first, second = f"Cut the {thing} to {one} words", f"Please keep the {thing} to {other} words"
    found = clash(first, second)
    assert (found is None) == (one == other)
    if found is not None:
        assert found == (f"{one} words", f"{other} words")
        assert clash(second, first) == (found[1], found[0])


@given(one=THINGS, other=THINGS, unit=st.sampled_from(["words", "lines", "minutes"]))
def test_other_things_and_other_units_leave_room(one: str, other: str, unit: str) -> None:
    assert (clash(f"Cut the {one} to 5 {unit}", f"Cut the {other} to 6 {unit}") is None) == (one != other)
    assert clash(f"Cut the {one} to 5 {unit}", f"Cut the {one} to 6 pages") is None


@pytest.mark.parametrize(("word", "digits"), sorted(NUMBERS.items()))
def test_a_number_in_words_is_the_same_number(word: str, digits: str) -> None:
    assert said(f"Cut the intro to {word} words") == said(f"Cut the intro to {digits} words")


@given(text=st.text(max_size=120))
def test_no_words_make_it_raise_and_nobody_contradicts_themselves(text: str) -> None:
    assert all(isinstance(setting, Setting) for setting in settings_of(text))
    alone = settings_of(text)
    if len({setting.kind for setting in alone}) == len(alone):
        assert clash(text, text) is None
