"""A workspace to try things in: written once as its owner would, with a fresh token for each person."""

from __future__ import annotations

from agent.builtin.planner import BuiltinPlanner
from agent.demo.seed import BUDGET, PEOPLE, PLAN, seed
from agent.demo.story import AFTER, LINE
from tests.support.http import WS, client_of
from tests.support.server import running_server


async def test_it_is_written_once_and_links_are_fresh() -> None:
    async with running_server(planner=BuiltinPlanner(), workspace=None) as server:
        first, second = await seed(server.registry), await seed(server.registry)
        assert list(first) == list(second) == [actor for actor, _ in PEOPLE]
        assert not set(first.values()) & set(second.values())
        async with client_of(server, "Ana", "owner") as ana:
            assert (await ana.get(f"{WS}/documents/plan")).json()["value"] == PLAN
            assert (await ana.get(f"{WS}/documents/budget")).json()["value"] == BUDGET
            for place in ("plan?quote=Welcome", 'budget?path=["food"]'):
                found = (await ana.get(f"{WS}/attribution/{place}")).json()["stretches"]
                assert [(part["by"], "told" in part) for part in found] == [("Ana", False)]


async def test_what_people_have_written_since_is_left_alone() -> None:
    async with running_server(planner=BuiltinPlanner(), workspace=None) as server:
        await seed(server.registry)
        async with client_of(server, "Ana", "owner") as ana:
            await ana.post(f"{WS}/intents?wait=20", json={"text": "set budget.food to 1"})
            await seed(server.registry)
            assert (await ana.get(f"{WS}/documents/budget")).json()["value"] == {**BUDGET, "food": 1}


def test_the_story_finds_its_lines_in_the_plan() -> None:
    assert PLAN.count(LINE) == 1
    assert PLAN.count(AFTER) == 1
