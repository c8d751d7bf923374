"""What a sequencer wants from outside: each request names what its answer must name."""

from __future__ import annotations

import inspect
from typing import get_args

import msgspec
import pytest

from workspace.intents.model import requests
from workspace.intents.model.events import EffectSettled, Judged, MergeProposed, PlanFailed, Proposed
from workspace.intents.model.oracle import Merged
from workspace.intents.model.requests import AskJudge, AskMerger, AskPlanner, Request, SendEffect


def named(kind: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(kind)}


def test_every_request_is_one_of_the_union() -> None:
    here = {kind for _, kind in inspect.getmembers(requests, inspect.isclass) if kind.__module__ == requests.__name__}
    assert set(get_args(Request)) == here


@pytest.mark.parametrize(
    ("request_kind", "answer", "same"),
    [
        (AskPlanner, Proposed, {"ask"}),
        (AskPlanner, PlanFailed, {"ask"}),
        (AskJudge, Judged, {"task"}),
        (SendEffect, EffectSettled, {"outgoing"}),
    ],
)
def test_an_answer_says_which_request_it_answers(
    request_kind: type[msgspec.Struct], answer: type[msgspec.Struct], same: set[str]
) -> None:
    assert same <= named(request_kind) & named(answer)


def test_a_merger_is_known_by_its_group() -> None:
    assert "task" in named(AskMerger)
    assert "group" in named(Merged)
    assert "merged" in named(MergeProposed)


def test_a_plan_is_known_by_its_task_and_attempt() -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(AskPlanner)}
    assert {"intent", "attempt"} <= named(fields["task"]) & named(Proposed) & named(PlanFailed)
