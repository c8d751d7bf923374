"""The stories again, with a model behind the agent: the real SDK talks to a scripted model over real sockets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agent.model.judge import ModelJudge
from agent.scripted.scenario import ReplyScript, ToolCall
from tests.scenarios.stage import WAIT, Stage, records_of, run_story
from tests.scenarios.test_s01_two_tones_one_paragraph import two_tones
from tests.scenarios.test_s02_five_at_once import five_at_once
from tests.scenarios.test_s05_typing_inside import typing_inside
from tests.scenarios.test_s06_three_dates import three_dates
from tests.support.model import scripted_model
from tests.support.obedient import obey

RUNS = int(os.environ.get("FOLKMOOT_STORY_RUNS", "20"))


@pytest.mark.parametrize("story", [two_tones, five_at_once, typing_inside, three_dates], ids=lambda s: s.__name__)
async def test_a_model_is_bound_by_the_same_rules(story: Callable[[Stage], Awaitable[None]]) -> None:
    async with scripted_model(answerer=obey) as model:
        planner = model.planner()
        await planner._gateway.warm()
        await run_story(story, runs=RUNS, planner=planner)
        assert model.scripted.count >= RUNS * 6


def obey_and_judge(request: dict[str, Any]) -> ReplyScript:
    """Carry out commands; as a judge find formal against casual."""
    if not request.get("tool_choice"):
        return obey(request)
    text = str(request["messages"][0]["content"][0]["text"])
    first, second = ("i" + part.split('"')[0] for part in text.split('"pairs":[["i')[1].split('","i')[:2])
    pair = {"first": first, "second": second, "opinion": "contradict", "quote_first": "a", "quote_second": "b"}
    return ReplyScript(tools=(ToolCall("judge", {"pairs": [pair]}),))


async def contradict_without_colliding(stage: Stage) -> None:
    ana, ben = await stage.person("Ana"), await stage.person("Ben")
    for room in (ana, ben):
        room.compose()

    async def ask(name: str, words: str) -> str:
        await stage.delay(0.1)
        return (await stage.people[name].intent(f'append "{words}" to plan', doc="plan")).id

    ids = await asyncio.gather(ask("Ana", "Formal dress is requested."), ask("Ben", "Come as you are!"))
    question = await ana.question(WAIT)
    assert records_of(ana, "decision")[-1]["body"]["layer"] == "L3"
    assert question["evidence"]["judgements"][0]["opinion"] == "contradict"
    await ben.answer(question["id"], ids[0])
    told = await stage.verdicts(ana, set(ids))
    assert [told[id]["state"] for id in ids] == ["done", "overruled"]


async def test_a_model_judge_finds_what_no_edit_shows() -> None:
    async with scripted_model(answerer=obey_and_judge) as model:
        planner, judge = model.planner(), ModelJudge(model.gateway())
        await planner._gateway.warm()
        await run_story(contradict_without_colliding, runs=10, planner=planner, judge=judge)
