"""The built-in judge on values: one thing set to two values is asked about, two things or two additions are not."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.builtin.clauses import (
    BEFORE_DATE,
    BEFORE_NUMBER,
    COLOURS,
    LOWER_BOUNDS,
    MEASURES,
    SETTERS,
    clash,
    settings_of,
)
from agent.builtin.judge import compare
from tests.bench.designs.workload import Load, make_workload
from workspace.intents.model.oracle import Item

CONTRADICT = [
    ("limit the intro to 80 words", "limit the intro to 300 words"),
    ("cut the intro to two lines", "Please limit the intro to 3 lines."),
    ("make the intro 80 words long", "keep the intro in 300 words"),
    ("set the deadline to May", "set the deadline to June"),
    ("move the party to 5 May", "postpone the party to 7 May"),
    ("hold the rehearsal on Monday", "hold the rehearsal on Tuesday"),
    ("make the title red", "make the title blue"),
    ("make the title red and the footer blue", "make the title blue"),
    ("move the talk to 15:00", "move the talk to 16:00"),
    ("rename the choir to singers", "rename the choir to band"),
    ("set values.k1 to 1", "set values.k1 to 2"),
    ("set the limit to 5", "set the limit to 9"),
    ("set the price to $30", "keep the price at $20"),
]
COMPATIBLE = [
    ("set a to 1", "set b to 2"),
    ("add 3 eggs", "add 2 pears"),
    ("add 3 eggs", "add 2 eggs"),
    ("increase values.k1 by 1", "increase values.k2 by 1"),
    ("increase values.k1 by 1", "increase values.k1 by 2"),
    ("shorten the intro by 3 lines", "shorten the intro by 5 lines"),
    ("set values.k1 to 1", "set values.k2 to 2"),
    ("set values.k1 to 1", "set values.k1 to 1 please"),
    ("limit the intro to 80 words", "limit the closing to 300 words"),
    ("limit section 2 to 80 words", "limit section 3 to 300 words"),
    ("limit the choir to 3 songs", "limit the choir to 20 minutes"),
    ("keep the intro at least 80 words", "keep the intro at most 300 words"),
    ("keep the intro in 2 lines", "keep the intro in two lines"),
    ("set the deadline of the choir to May", "set the deadline of the tents to June"),
    ("move the party to May", "move the party to 5 May"),
    ("add the May figures to the budget", "add the June figures to the budget"),
    ("write a report for May", "write a report for June"),
    ("summarise the notes for May", "summarise the notes for June"),
    ("cut the costs in May", "cut the costs in June"),
    ("cut the costs in 2027", "cut the costs in 2028"),
    ("set the goals for May", "set the goals for June"),
    ("move the figures for May to 5 pages", "move the figures for June to 9 pages"),
    ("set a reminder to May", "set a reminder to June"),
    ("keep the red line", "keep the blue line"),
    ("make the red title bold", "make the blue title bold"),
    ('in "Intro" limit the text to 80 words', 'in "Outro" limit the text to 300 words'),
    ("set food to 5 after 0.3 seconds", "set food to 5 after 0.4 seconds"),
    ("cut it to 3 lines", "cut it to 5 lines"),
    ("set chairs and cups to 50", "set chairs and plates to 70"),
    ("add a line to plan, keep the title at 10 words", "add a line to plan, keep the footer at 20 words"),
]


def said(one: str, other: str) -> str:
    return compare(Item("i1", "Ana", one), Item("i2", "Ben", other)).opinion


@pytest.mark.parametrize(("one", "other"), CONTRADICT)
def test_two_values_of_one_thing_contradict(one: str, other: str) -> None:
    assert said(one, other) == said(other, one) == "contradict"


@pytest.mark.parametrize(("one", "other"), COMPATIBLE)
def test_other_things_other_units_and_additions_do_not(one: str, other: str) -> None:
    assert said(one, other) == said(other, one) == "compatible"


def test_the_values_are_what_is_quoted() -> None:
    found = compare(Item("i1", "Ana", CONTRADICT[0][0]), Item("i2", "Ben", CONTRADICT[0][1]))
    assert found.quotes == ("80 words", "300 words")


WORDS = st.sampled_from(
    re.findall(r"\S+", 'set limit make add the intro to by at 3 80 words May 5 red , and "x" $3 ½ ٣')
)


@given(one=st.lists(WORDS, max_size=9).map(" ".join), other=st.lists(WORDS, max_size=9).map(" ".join))
def test_it_is_symmetric_and_an_instruction_never_contradicts_itself(one: str, other: str) -> None:
    assert (clash(one, other) is None) == (clash(other, one) is None)
    assert clash(one, f"please {one}") is None or len(settings_of(one)) > 1


def test_the_bench_of_designs_is_judged_as_by_the_lexicon_but_for_one_cell_set_twice() -> None:
    requests = list({one.text: one for seed in range(3) for one in make_workload(Load(), seed).instructions}.values())
    twice = 0
    for one, other in combinations(requests, 2):
        if clash(one.text, other.text) is not None:
            assert one.kind == other.kind == "set", (one.text, other.text)
            assert set(one.cells) & set(other.cells), (one.text, other.text)
            assert one.amount != other.amount, (one.text, other.text)
            twice += 1
    assert twice
    assert len(requests) > 100
    assert not [one.text for one in requests if one.kind in ("topic", "add", "derive") and settings_of(one.text)]


def test_the_values_are_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "judge.md").read_text()
    for word in BEFORE_DATE | BEFORE_NUMBER | COLOURS | LOWER_BOUNDS | MEASURES | SETTERS:
        assert word in page, word
