"""A short run of the product and of a usual design ends cleanly: every act and every instruction is accounted for."""

from __future__ import annotations

import pytest

from agent.builtin.judge import BuiltinJudge
from tests.bench.designs.monitor import examine
from tests.bench.designs.planner import ScriptedPlanner
from tests.bench.designs.plot import plot
from tests.bench.designs.report import goals, table
from tests.bench.designs.stage import run_once
from tests.bench.designs.workload import Load, make_workload
from tests.support.server import running_server

LOAD = Load(users=3, latency=4, minutes=1.5)
SEED = 3


def test_the_same_seed_gives_the_same_people() -> None:
    assert make_workload(LOAD, SEED) == make_workload(LOAD, SEED)
    assert make_workload(LOAD, SEED) != make_workload(LOAD, SEED + 1)


@pytest.mark.parametrize("designs", [("parallel", "ours")])
async def test_a_short_run_ends_cleanly(designs: tuple[str, ...]) -> None:
    planner, workload = ScriptedPlanner(), make_workload(LOAD, SEED)
    results = {}
    async with running_server(planner=planner, judge=BuiltinJudge(), workspace=None) as server:
        for design in designs:
            past = await run_once(server, planner, design=design, load=LOAD, seed=SEED, scale=0.02)
            found = examine(past)
            assert found.sent == len(workload.instructions) > 0
            assert found.typed == len(workload.edits) == len(found.delays)
            assert found.done + found.refused + len(found.lost) == found.sent
            assert not found.lost
            results[LOAD.users, LOAD.latency, design] = [found]
    condition = (LOAD.users, LOAD.latency)
    assert "ours" in table(results, condition, designs)
    assert "best of the others" in goals(results, [condition], designs)
    assert plot(results, [condition], designs).startswith("<svg")
