"""`python -m tests.plans --runs N --seed S [--first K] [--planner NAME]`: random plans, judged from outside."""

from __future__ import annotations

import argparse
import asyncio
import sys

from agent.builtin.planner import BuiltinPlanner
from tests.plans.checker import Tally, checker
from tests.plans.model import Scripts
from tests.support.model import scripted_model
from tests.support.oracle import stock_yjs
from tests.support.server import running_server
from workspace.intents.model.bodies import PolicyConfig

TOLD_EVERY = 50
# What stock clients have just typed is no reason to ask, here.
POLICY = PolicyConfig(human_edit="apply_and_flag", window_ms=0)
# A workspace holds at most 200 documents: a fresh server for this many plans.
PLANS_PER_SERVER = 80


async def plans(planner: str, first: int, last: int, seed: int, tally: Tally) -> None:
    """Run plans `first` to `last`. Raises AssertionError at the first whose verdict is not so."""
    for begin in range(first, last, PLANS_PER_SERVER):
        scripts = Scripts()
        async with scripted_model(answerer=scripts.answer) as model:
            made = BuiltinPlanner() if planner == "builtin" else model.planner()
            async with running_server(planner=made, policy=POLICY) as server:
                with stock_yjs() as yjs:
                    async with checker(server, yjs, planner, scripts) as check:
                        check.tally = tally
                        for number in range(begin, min(last, begin + PLANS_PER_SERVER)):
                            await check.run(number, seed)
                            if (number + 1) % TOLD_EVERY == 0:
                                print(f"{planner}: {number + 1} plans", flush=True)
                        verified = await check.ask("GET", "/verify")
                        assert verified.json()["ok"], verified.text


def main() -> int:
    """Run and print how the plans ended; 1 when a verdict is not so."""
    parser = argparse.ArgumentParser(prog="python -m tests.plans", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--planner", choices=("builtin", "model", "both"), default="both")
    given = parser.parse_args()
    for planner in ("builtin", "model") if given.planner == "both" else (given.planner,):
        tally = Tally()
        try:
            asyncio.run(plans(planner, given.first, given.runs, given.seed, tally))
        except AssertionError as wrong:
            print(wrong)
            return 1
        print(f"{planner}: {given.runs - given.first} plans, 0 false done, 0 blends")
        for end, count in sorted(tally.ends.items()):
            print(f"  {end}: {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
