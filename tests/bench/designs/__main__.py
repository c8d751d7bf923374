"""Run the bench of designs and print its table.

    python -m tests.bench.designs --users 4,8 --latency 8,25 --minutes 14 --seeds 6

`--scale` is how many real seconds one second of the people's time takes; every time of workload, server policy and
client shrinks alike. `--write` puts table and picture into docs/designs.md and docs/designs.svg.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvloop

from agent.builtin.judge import BuiltinJudge
from tests.bench.designs.monitor import Findings, examine
from tests.bench.designs.past import Past
from tests.bench.designs.planner import ScriptedPlanner
from tests.bench.designs.plot import plot
from tests.bench.designs.report import OURS, Condition, endings, evidence, goals, quantile, table, title
from tests.bench.designs.stage import DESIGNS, run_once
from tests.bench.designs.workload import Load
from tests.support.server import Running, running_server
from workspace.intents.steps import runs

DOCS = Path(__file__).parents[3] / "docs"
LAG_EVERY = 0.01
RUN_SECONDS_USUAL = runs.RUN_SECONDS_MAX


@dataclass(slots=True)
class Bench:
    """All runs of one invocation on one server, some at once."""

    conditions: list[Condition]
    designs: list[str]
    minutes: float
    seeds: list[int]
    scale: float
    at_once: int
    more: list[int] = field(default_factory=list)
    paraphrased: float = 0.08
    slots: int = 0
    pasts: list[tuple[int, tuple[int, float, str], Past]] = field(default_factory=list)
    results: dict[tuple[int, float, str], list[Findings]] = field(default_factory=dict)
    lags: list[float] = field(default_factory=list)

    async def run(self) -> None:
        """Run everything; the longest conditions first, so that the end is not spent waiting for one."""
        planner, gate = ScriptedPlanner(), asyncio.Semaphore(self.at_once)
        own = asyncio.Semaphore(1)
        lagging = asyncio.create_task(self._watch_lag(), name="loop lag")
        try:
            async with running_server(planner=planner, judge=BuiltinJudge(), workspace=None) as server:
                async with asyncio.TaskGroup() as group:
                    for seed, condition, design in self._runs():
                        group.create_task(self._one(server, planner, gate, own, *condition, design, seed))
        finally:
            lagging.cancel()
            await asyncio.gather(lagging, return_exceptions=True)

    def _runs(self) -> list[tuple[int, Condition, str]]:
        """Return what is to be run, the slowest first; ours in the base load with more seeds, spread among the rest."""
        slowest = sorted(self.designs, key=lambda design: design != "enqueue")
        runs = [
            (seed, condition, design)
            for seed in self.seeds
            for condition in reversed(self.conditions)
            for design in slowest
        ]
        more = [(seed, self.conditions[0], OURS) for seed in self.more if OURS in self.designs]
        every = max(1, len(runs) // (len(more) + 1))
        for at, extra in enumerate(more):
            runs.insert(at * (every + 1), extra)
        return runs

    async def _one(
        self, server: Running, planner: ScriptedPlanner, gate: asyncio.Semaphore, own: asyncio.Semaphore,
        users: int, latency: float, design: str, seed: int,
    ) -> None:  # fmt: skip
        load = Load(users=users, latency=latency, minutes=self.minutes, paraphrased=self.paraphrased, slots=self.slots)
        # The product does the most in the server itself: one such run at a time, so that the loop stays mostly idle.
        async with own if design == OURS else nullcontext(), gate:
            past = await run_once(server, planner, design=design, load=load, seed=seed, scale=self.scale)
        self.pasts.append((seed, (users, latency, design), past))
        print(f"  {title((users, latency))}, {design}, seed {seed} is over", flush=True)

    def live(self) -> Bench:
        """Run everything in an event loop of its own."""
        # A run of hand edits becomes a record after 200 ms: the one time of the server that no policy sets.
        runs.RUN_SECONDS_MAX = RUN_SECONDS_USUAL * self.scale
        # Collecting garbage stops the loop for longer than a message takes; a process lives for minutes only.
        gc.disable()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self.run())
        return self

    def spread(self, processes: int) -> None:
        """Share the seeds out among processes, and judge every run when all are over."""
        shares = [
            replace(self, seeds=self.seeds[at::processes], more=self.more[at::processes])
            for at in range(min(processes, len(self.seeds)))
        ]
        with ProcessPoolExecutor(len(shares)) as pool:
            for done in pool.map(Bench.live, shares):
                self.pasts += done.pasts
                self.lags += done.lags
        for _, key, past in sorted(self.pasts, key=lambda one: one[:2]):
            self.results.setdefault(key, []).append(examine(past))

    async def _watch_lag(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(LAG_EVERY)
            self.lags.append(loop.time() - before - LAG_EVERY)

    def report(self, command: str) -> str:
        """Return what was measured as Markdown."""
        delays = [delay for found in self.results.values() for one in found for delay in one.delays]
        parts = [
            f"`{command}` · {time.strftime('%Y-%m-%d')} · {len(self.seeds)} runs of {self.minutes:g} minutes for each "
            f"design, {len(self.more) + len(self.seeds)} of ours in the base load; "
            f"lived {1 / self.scale:g} times as fast",
            "",
            f"From a hand edit to another's screen: p50 {quantile(delays, 0.5):.2f} s, p95 "
            f"{quantile(delays, 0.95):.2f} s of the people's time. Event loop late by p50 "
            f"{1000 * quantile(self.lags, 0.5):.1f} ms, p99 {1000 * quantile(self.lags, 0.99):.1f} ms.",
            "",
            goals(self.results, self.conditions, self.designs),
        ]
        for condition in self.conditions:
            parts += ["", f"## {title(condition)}", "", table(self.results, condition, self.designs)]
        if "ours" in self.designs:
            parts += ["", "## How the instructions of ours ended, per 100", "", endings(self.results, self.conditions)]
        return "\n".join([*parts, ""])


def main() -> None:
    """Measure and print; `--write` puts the report into docs/designs.md and docs/designs.svg."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", default="4,8")
    parser.add_argument("--latency", default="8,25")
    parser.add_argument("--designs", default=",".join(DESIGNS))
    parser.add_argument("--minutes", type=float, default=14.0)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--base-seeds", type=int, default=36, help="runs of ours in the first condition")
    parser.add_argument("--scale", type=float, default=1 / 30)
    parser.add_argument("--at-once", type=int, default=3, help="runs at a time in each process")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--slots", type=int, default=0, help="planners at once in ours; 0: as many as users")
    parser.add_argument("--paraphrased", type=float, default=0.08, help="share of goals the built-in judge cannot read")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    conditions = [(int(u), float(s)) for u in options.users.split(",") for s in options.latency.split(",")]
    seeds, designs = list(range(1, options.seeds + 1)), options.designs.split(",")
    bench = Bench(conditions, designs, options.minutes, seeds, options.scale, options.at_once)
    bench.more = list(range(options.seeds + 1, options.base_seeds + 1))
    bench.paraphrased, bench.slots = options.paraphrased, options.slots
    bench.spread(options.processes)
    command = f"python -m tests.bench.designs --minutes {options.minutes:g} --seeds {options.seeds}"
    command += f" --base-seeds {options.base_seeds}"
    text = bench.report(f"{command} --processes {options.processes} --at-once {options.at_once}")
    print(text)
    print(evidence(bench.results, conditions))
    if options.write:
        page = DOCS / "designs.md"
        head = page.read_text().split("<!-- measured -->")[0]
        page.write_text(f"{head}<!-- measured -->\n\n{text}")
        (DOCS / "designs.svg").write_text(plot(bench.results, conditions, bench.designs))


if __name__ == "__main__":
    main()
