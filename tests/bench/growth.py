"""How the sequencer's work grows: with ready plans on one key, and with the keys of the document that is written to.

    python -m tests.bench.growth

CPU time of one process from the first instruction to the last verdict, planner and sequencer, without sockets and disk.
The exponent is that of the last two points: 1 is a line, 2 a square. A server takes at most 1,000 live intents.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import time
from collections.abc import Callable, Sequence

from agent.builtin.planner import BuiltinPlanner
from crdt.documents.document import Document
from tests.support.plan_context import FakePlanContext
from tests.workspace.intents.driver import Driver
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.bounds import Bounds
from workspace.intents.model.events import Proposed
from workspace.intents.model.intent import Scope

PLANS = (10, 30, 100, 300, 1_000)
KEYS = (100, 1_000, 10_000, 50_000)
SETS = 3
PRICE = (Scope("budget", keys=(("price",),)),)


def sums_on_one_key(count: int) -> float:
    """Return the seconds for so many instructions, unseen by each other, that add to one value: all are done."""
    return _on_one_key(count, "done", lambda driver, intent, at: driver.add(intent, "price", 1))


def sets_of_one_key(count: int) -> float:
    """Return the seconds for so many instructions, unseen by each other, that set one value: one question."""
    return _on_one_key(count, "held", lambda driver, intent, at: driver.set(intent, "price", 1_000 + at))


def _on_one_key(count: int, state: str, plan: Callable[[Driver, str, int], None]) -> float:
    driver = Driver(policy=PolicyConfig())
    # An eighth of all is kept for owners.
    driver.sequencer.kernel.bounds = Bounds(live_intents=2 * count + 100)
    began = time.process_time()
    ids = [driver.ask(f"P{at}", seen=driver.start, scope=PRICE) for at in range(count)]
    at = 0
    while driver.tasks:
        plan(driver, next(iter(driver.tasks)), at)
        at += 1
    driver.wait(1)
    spent = time.process_time() - began
    assert {driver.state(id) for id in ids} == {state}
    return spent


def set_among_keys(count: int) -> float:
    """Return the seconds for one `set` of the agent in a data document of so many keys: the median of three."""

    def fill(document: Document) -> None:
        for at in range(count):
            document.data_root[f"k{at}"] = at

    driver, spent = Driver(policy=PolicyConfig(window_ms=0, overlap_wait_ms=0)), list[float]()
    driver.type("Owner", "budget", fill)
    driver.wait(1)
    for at in range(SETS):
        began = time.process_time()
        intent = driver.ask("Ana", f"set budget.k{at} to {-1 - at}", scope=(Scope("budget", keys=((f"k{at}",),)),))
        task = driver.tasks.pop(intent)
        proposal = asyncio.run(BuiltinPlanner().plan(task, FakePlanContext()))
        driver.handle(Proposed(intent, task.attempt, proposal))
        spent.append(time.process_time() - began)
        assert driver.value(f"k{at}") == -1 - at
    return sorted(spent)[SETS // 2]


CURVES: tuple[tuple[str, Callable[[int], float], Sequence[int]], ...] = (
    ("sums on one key", sums_on_one_key, PLANS),
    ("sets of one key", sets_of_one_key, PLANS),
    ("one set, by the keys beside it", set_among_keys, KEYS),
)


def main() -> None:
    """Measure and print the curves."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(f"`python -m tests.bench.growth` · {time.strftime('%Y-%m-%d')}\n")
    for name, measure, counts in CURVES:
        points = [(count, measure(count)) for count in counts]
        (less, before), (more, after) = points[-2:]
        exponent = math.log(after / before) / math.log(more / less)
        print(f"{name}: {', '.join(f'{count:,} {spent:.3f} s' for count, spent in points)}; exponent {exponent:.2f}")


if __name__ == "__main__":
    main()
