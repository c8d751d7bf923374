"""The stories again, with a model behind the agent: the real SDK talks to a scripted model over real sockets."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

import pytest

from tests.scenarios.stage import Stage, run_story
from tests.scenarios.test_d01_two_tones_one_paragraph import two_tones
from tests.scenarios.test_d02_five_at_once import five_at_once
from tests.scenarios.test_d05_typing_inside import typing_inside
from tests.scenarios.test_d06_three_dates import three_dates
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
