"""A judge is asked once and answered for, whatever it does."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.until import until
from workspace.errors import PlannerFault
from workspace.intents.model.events import Event, Judged, MergeProposed
from workspace.intents.model.oracle import Item, Judgement, JudgeTask, Merged, MergeTask
from workspace.intents.model.requests import AskJudge, AskMerger
from workspace.workers import judge_calls
from workspace.workers.judge_calls import JudgeCalls
from workspace.workers.plan_context import OpenCalls, WorkerContext

ITEMS = (Item("i1", "Ana", "set x to 1"), Item("i2", "Ben", "set x to 2"))
COMPARE, MERGE = AskJudge(JudgeTask(ITEMS, (("i1", "i2"),))), AskMerger(MergeTask(ITEMS))


class Judge:
    """Answers, fails, breaks or hangs, as told."""

    name = "judge@1"

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error
        self.is_asked, self.hangs = asyncio.Event(), False

    async def judge(self, task: JudgeTask, desk: object) -> tuple[Judgement, ...]:
        await self._answer()
        return (Judgement(task.pairs[0], "contradict"),)  # type: ignore[arg-type]

    async def merge(self, task: MergeTask, desk: object) -> Merged:
        await self._answer()
        return Merged(tuple(item.intent for item in task.items), "set x to 1.5")

    def quick(self, one: Item, other: Item) -> None:
        return None

    async def _answer(self) -> None:
        self.is_asked.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error


def calls(judge: Judge | None) -> tuple[JudgeCalls, list[Event]]:
    told = list[Event]()
    context = WorkerContext("w", None, lambda: 0, told.append, None)  # type: ignore[arg-type]
    return JudgeCalls(judge, context, OpenCalls()), told  # type: ignore[arg-type]


async def test_what_a_judge_finds_is_reported_under_its_name() -> None:
    asked, told = calls(Judge())
    asked.start(COMPARE)
    asked.start(MERGE)
    await until(lambda: len(told) == 2)
    judged, merged = told
    assert isinstance(judged, Judged)
    assert (judged.task, judged.judge, len(judged.judgements)) == (COMPARE.task, "judge@1", 1)
    assert isinstance(merged, MergeProposed)
    assert merged.merged.text == "set x to 1.5"


@pytest.mark.parametrize("error", [PlannerFault("away"), KeyError("a bug"), TimeoutError()])
async def test_a_judge_that_fails_or_breaks_has_no_opinion_and_says_why(error: Exception) -> None:
    asked, told = calls(Judge(error))
    asked.start(COMPARE)
    asked.start(MERGE)
    await until(lambda: len(told) == 2)
    judged, merged = told
    assert isinstance(judged, Judged)
    assert judged.judgements == ()
    assert judged.reason
    assert isinstance(merged, MergeProposed)
    assert (merged.merged.text, bool(merged.merged.reason)) == ("", True)


async def test_without_a_judge_the_people_are_asked() -> None:
    asked, told = calls(None)
    asked.start(COMPARE)
    await until(lambda: told)
    (judged,) = told
    assert isinstance(judged, Judged)
    assert "no judge" in judged.reason


async def test_a_judge_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_calls, "SECONDS_MAX", 0.0)
    judge = Judge()
    judge.hangs = True
    asked, told = calls(judge)
    asked.start(COMPARE)
    await until(lambda: told)
    assert isinstance(told[0], Judged)


async def test_who_is_stopped_or_closed_is_not_reported() -> None:
    judge = Judge()
    judge.hangs = True
    asked, told = calls(judge)
    for end in (asked.stop, None):
        judge.is_asked.clear()
        asked.start(COMPARE)
        await judge.is_asked.wait()
        if end is not None:
            end()
        else:
            await asked.close()
        await until(lambda: not len(asked._tasks))
    assert told == []
