"""One contract for every judge: an opinion on each pair it was given, none on others, no senseless blend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from agent.builtin.judge import BuiltinJudge
from agent.model.judge import ModelJudge
from agent.scripted.scenario import ReplyScript, ToolCall
from tests.agent.model.test_judge import said
from tests.support.model import scripted_model
from tests.support.plan_context import FakePlanContext
from workspace.intents.model.oracle import Item, JudgeTask, MergeTask
from workspace.ports import Judge

ITEMS = (
    Item("i1", "Ana", "Keep the budget table"),
    Item("i2", "Ben", "Remove the budget table"),
    Item("i3", "Chen", "Fix the typo in the title"),
)
TASK = JudgeTask(ITEMS, (("i1", "i2"), ("i1", "i3"), ("i2", "i3")))
OPINIONS = {"contradict", "compatible", "unsure", "failed"}


def answer(request: dict[str, Any]) -> ReplyScript:
    """Answer as a model would that finds the first two opposed, or that sees no honest middle."""
    tool = request["tool_choice"]["name"]
    if tool != "judge":
        return ReplyScript(tools=(ToolCall(tool, {"possible": False, "instruction": ""}),))
    pairs = [
        {
            "first": first,
            "second": second,
            "opinion": "contradict" if {first, second} == {"i1", "i2"} else "compatible",
            "quote_first": "table",
            "quote_second": "table",
        }
        for first, second in said(request)["pairs"]
    ]
    return ReplyScript(tools=(ToolCall("judge", {"pairs": pairs}),))


@asynccontextmanager
async def judge_of(kind: str) -> AsyncIterator[Judge]:
    if kind == "builtin":
        yield BuiltinJudge()
        return
    async with scripted_model(answerer=answer) as model:
        yield ModelJudge(model.gateway())


KINDS = pytest.mark.parametrize("kind", ["builtin", "model"])


@KINDS
async def test_each_pair_has_one_opinion_in_its_order(kind: str) -> None:
    async with judge_of(kind) as judge:
        assert "@" in judge.name
        found = await judge.judge(TASK, FakePlanContext())
    assert sorted(one.pair for one in found) == sorted(TASK.pairs)
    opinions = {one.pair: one.opinion for one in found}
    assert set(opinions.values()) <= OPINIONS
    assert opinions[("i1", "i2")] == "contradict"
    assert opinions[("i2", "i3")] == "compatible"


@KINDS
async def test_an_opinion_at_once_is_the_same_whenever_it_is_asked_for(kind: str) -> None:
    async with judge_of(kind) as judge:
        for one, other in ((ITEMS[0], ITEMS[1]), (ITEMS[1], ITEMS[2])):
            assert judge.quick(one, other) == judge.quick(one, other)


@KINDS
async def test_where_there_is_no_honest_middle_nothing_is_merged(kind: str) -> None:
    async with judge_of(kind) as judge:
        merged = await judge.merge(MergeTask(ITEMS[:2]), FakePlanContext())
    assert merged.group == ("i1", "i2")
    assert merged.text == ""
