"""The judge and the merger on a model: both orders, abstention, and failures that mean "ask"."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.model.judge import ModelJudge
from agent.scripted.scenario import ReplyScript, ToolCall, words_of
from tests.support.model import reply, scripted_model
from tests.support.plan_context import FakePlanContext
from workspace.errors import PlannerFault
from workspace.intents.model.oracle import Item, JudgeTask, MergeTask

ITEMS = (Item("i1", "Ana", "make it formal"), Item("i2", "Ben", "keep it casual"), Item("i3", "Chen", "fix the typo"))
TASK = JudgeTask(ITEMS, (("i1", "i2"), ("i1", "i3"), ("i2", "i3")))


def said(request: dict[str, Any]) -> dict[str, Any]:
    text = words_of(request["messages"])
    result: dict[str, Any] = json.loads(text.removeprefix("<instructions>\n").removesuffix("\n</instructions>"))
    return result


def opinions(*, biased: bool = False) -> Any:
    """A judge that finds i1 against i2; a biased one only when i1 is named first."""

    def answer(request: dict[str, Any]) -> ReplyScript:
        assert request["tool_choice"] == {"type": "tool", "name": "judge"}
        pairs = []
        for first, second in said(request)["pairs"]:
            opposed = {first, second} == {"i1", "i2"} and (not biased or first == "i1")
            pairs.append({"first": first, "second": second, "opinion": "contradict" if opposed else "compatible",
                          "quote_first": f"of {first}", "quote_second": f"of {second}"})  # fmt: skip
        return ReplyScript(tools=(ToolCall("judge", {"pairs": pairs}),))

    return answer


async def test_a_contradiction_must_hold_in_both_orders() -> None:
    async with scripted_model(answerer=opinions()) as model:
        context = FakePlanContext()
        found = {j.pair: j for j in await ModelJudge(model.gateway()).judge(TASK, context)}
        assert found[("i1", "i2")].opinion == "contradict"
        assert found[("i1", "i2")].quotes == ("of i1", "of i2")
        assert {found[pair].opinion for pair in TASK.pairs[1:]} == {"compatible"}
        assert model.scripted.count == 2, "one list-wise question, and the flagged pair again"
        assert said(model.scripted.calls[1])["pairs"] == [["i2", "i1"]]
        assert [opened.purpose for opened in context.opened.values()] == ["judge", "judge"]
        assert {opened.tier for opened in context.opened.values()} == {"small"}


async def test_where_the_orders_differ_the_judge_abstains() -> None:
    async with scripted_model(answerer=opinions(biased=True)) as model:
        found = {j.pair: j for j in await ModelJudge(model.gateway()).judge(TASK, FakePlanContext())}
    assert found[("i1", "i2")].opinion == "unsure"


async def test_a_pair_the_model_forgot_is_one_it_failed_on() -> None:
    strange = {"first": "i8", "second": "i9", "opinion": "unsure"}
    turned = {"first": "i3", "second": "i1", "opinion": "compatible"}
    replies = [reply({"name": "judge", "input": {"pairs": [turned, strange]}})]
    async with scripted_model(replies) as model:
        found = {j.pair: j.opinion for j in await ModelJudge(model.gateway()).judge(TASK, FakePlanContext())}
    assert found == {("i1", "i2"): "failed", ("i1", "i3"): "compatible", ("i2", "i3"): "failed"}


@pytest.mark.parametrize(
    "broken",
    [{"error": 500}, {"text": "They differ."}, {"tool": [{"name": "judge", "input": {"pairs": [{"first": "i1"}]}}]}],
)
async def test_what_fails_raises_so_that_the_people_are_asked(broken: dict[str, Any]) -> None:
    async with scripted_model([{"when": {}, **broken}]) as model:
        with pytest.raises(PlannerFault):
            await ModelJudge(model.gateway()).judge(TASK, FakePlanContext())


async def test_the_merger_writes_one_instruction_or_says_that_there_is_none() -> None:
    good = {"possible": True, "instruction": " Formal heading, casual text. ", "gives_up": {"Ana": "the text"}}
    async with scripted_model([reply({"name": "merge", "input": good})]) as model:
        merged = await ModelJudge(model.gateway()).merge(MergeTask(ITEMS[:2]), FakePlanContext())
    assert (merged.group, merged.text, merged.gives_up) == (
        ("i1", "i2"), "Formal heading, casual text.", {"Ana": "the text"},
    )  # fmt: skip
    async with scripted_model([reply({"name": "merge", "input": {"possible": False, "instruction": ""}})]) as model:
        assert not (await ModelJudge(model.gateway()).merge(MergeTask(ITEMS[:2]), FakePlanContext())).text


def judged(**more: Any) -> dict[str, Any]:
    pairs = [{"first": a, "second": b, "opinion": "compatible", "quote_first": "x" * 400} for a, b in TASK.pairs]
    return reply({"name": "judge", "input": {"pairs": pairs}}, **more)


async def test_an_opinion_that_was_cut_is_asked_for_once_more_with_a_larger_bound() -> None:
    async with scripted_model([judged(times=1, cut_at=500), judged()]) as model:
        context = FakePlanContext()
        found = {j.opinion for j in await ModelJudge(model.gateway()).judge(TASK, context)}
        assert found == {"compatible"}
        assert [body["max_tokens"] for body in model.scripted.calls] == [2_048, 4_096]
        assert [closed.outcome for closed in context.closed] == ["cut_by_length", "ok"]
    async with scripted_model([judged(cut_at=500)]) as model:
        with pytest.raises(PlannerFault, match="cut at its bound"):
            await ModelJudge(model.gateway()).judge(TASK, FakePlanContext())
        assert model.scripted.count == 2


async def test_an_opinion_that_nothing_can_hold_means_that_the_people_are_asked() -> None:
    half = '{"pairs":[{"first":"i1","second":"i2","opinion":"contradict","quote_first":"\\ud83d"}]}'
    async with scripted_model([reply({"name": "judge", "raw": half})]) as model:
        with pytest.raises(PlannerFault, match="half of a character"):
            await ModelJudge(model.gateway()).judge(TASK, FakePlanContext())
        assert model.scripted.count == 1
