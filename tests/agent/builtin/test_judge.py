"""The built-in judge: what it finds, what it leaves alone, and that its printed lexicon is the real one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.builtin.judge import DIRECTIONS, STYLES, TOPS, BuiltinJudge, compare
from tests.support.plan_context import FakePlanContext
from workspace.intents.model.oracle import Item, JudgeTask, MergeTask

CONTRADICT = [
    ("Make section 2 formal, cut to 3 lines", "Make section 2 casual, add an example"),
    ("Keep the budget table", "Remove the budget table"),
    ("Delete the introduction", "keep the introduction as it is"),
    ("Increase the travel budget", "Cut the travel budget by half"),
    ("Shorten the minutes", "Lengthen the minutes with what Ben said"),
    ("Use British spelling", "Use American spelling"),
    ("make it short", "make it long and detailed"),
    ("Split the chapter on costs", "Merge the chapter on costs with the next"),
]
COMPATIBLE = [
    ('append "PS: bring a lamp" to plan', 'append "PS: bring a song" to plan'),
    ("increase budget.food by 30", "increase budget.food by 12"),
    ("Fix the typo in the title", "Add OAuth to the list of topics"),
    ("Remove the tent", "Add a paragraph on the choir"),
    ('replace "keep" with "hold"', 'delete "remove the keep"'),
    ("Make the intro formal", "Make the closing casual"),
    ("Shorten the intro", "Shorten the intro please"),
]


def said(one: str, other: str) -> str:
    return compare(Item("i1", "Ana", one), Item("i2", "Ben", other)).opinion


@pytest.mark.parametrize(("one", "other"), CONTRADICT)
def test_opposite_wishes_about_one_thing_contradict(one: str, other: str) -> None:
    assert said(one, other) == said(other, one) == "contradict"


@pytest.mark.parametrize(("one", "other"), COMPATIBLE)
def test_other_things_or_the_same_direction_do_not(one: str, other: str) -> None:
    assert said(one, other) == said(other, one) == "compatible"


def test_a_shared_word_is_not_enough_in_different_documents() -> None:
    one = Item("i1", "Ana", "set the limit to 5", documents=("plan",))
    for documents, opinion in ((("plan", "budget"), "contradict"), (("budget",), "compatible"), ((), "contradict")):
        other = Item("i2", "Ben", "set the limit to 9", documents=documents)
        assert compare(one, other).opinion == compare(other, one).opinion == opinion


def test_two_claims_to_the_top_are_noted() -> None:
    assert said("Make the choir the main point", "Make dinner the main point") == "unsure"


@given(one=st.text(max_size=60), other=st.text(max_size=60))
def test_it_is_symmetric_and_never_raises(one: str, other: str) -> None:
    assert said(one, other) == said(other, one)


async def test_it_answers_every_pair_and_does_not_write() -> None:
    items = tuple(Item(f"i{at}", "Ana", words) for at, words in enumerate(["keep the table", "cut the table", "sing"]))
    found = await BuiltinJudge().judge(JudgeTask(items, (("i0", "i1"), ("i1", "i2"))), FakePlanContext())
    assert [(j.pair, j.opinion) for j in found] == [(("i0", "i1"), "contradict"), (("i1", "i2"), "compatible")]
    assert found[0].quotes == ("keep", "cut")
    assert not (await BuiltinJudge().merge(MergeTask(items), FakePlanContext())).text


def test_the_lexicon_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "judge.md").read_text()
    for word in {word for pair in (*DIRECTIONS, *STYLES) for side in pair for word in side} | TOPS:
        assert word in page, word
