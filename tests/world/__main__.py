"""`python -m tests.world --seeds N --seed0 S --steps K [--mutations]`: many worlds, and what they went through."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
import time
from collections import Counter

from tests.world.coverage import TRANSITIONS, transitions
from tests.world.facts import Violation
from tests.world.mutations import MUTATIONS, Mutation
from tests.world.world import run_world

REPORT_EVERY = 200
COVERAGE_SEEDS = 500


def one(task: tuple[int, int]) -> tuple[int, str, Counter[str], int]:
    """Run one seed; return what went wrong, the transitions taken, and the records checked."""
    logging.disable(logging.CRITICAL)
    seed, steps = task
    try:
        world = run_world(seed, steps)
    except Exception as error:  # noqa: BLE001  every failure belongs to its seed
        return seed, f"{type(error).__name__}: {error}", Counter(), 0
    return seed, "", transitions(world), len(world.monitor.rows)


def caught(mutation: Mutation, seed0: int, steps: int) -> tuple[int, str]:
    """Return how many seeds it took to notice a guard that is switched off, and what was noticed; 0 for never."""
    logging.disable(logging.CRITICAL)
    with mutation.applied():
        for at in range(mutation.seeds):
            try:
                run_world(seed0 + at, steps, mutation.tweak)
            except Violation as violation:
                return at + 1, str(violation)
            except Exception as error:  # noqa: BLE001  a broken guard may break anything: that is noticed too
                return at + 1, f"{type(error).__name__}: {error}"
    return 0, ""


def worlds(seeds: int, seed0: int, steps: int, jobs: int) -> bool:
    """Run many seeds and print how it went; True when nothing was violated and every transition was taken."""
    began, failures, records = time.monotonic(), 0, 0
    found: Counter[str] = Counter()
    with multiprocessing.Pool(jobs) as pool:
        tasks = ((seed, steps) for seed in range(seed0, seed0 + seeds))
        for at, (seed, problem, taken, checked) in enumerate(pool.imap_unordered(one, tasks, chunksize=4), 1):
            found += taken
            records += checked
            if problem:
                failures += 1
                print(f"seed {seed}: {problem[:400]}", flush=True)
            if at % REPORT_EVERY == 0:
                rate = at / (time.monotonic() - began)
                print(f"{at} seeds, {rate:.1f} a second, {records} records checked, {failures} violations", flush=True)
    seconds = time.monotonic() - began
    print(f"\n{seeds} seeds from {seed0}, {steps} steps each: {failures} violations, {records} records checked,")
    print(f"{seeds / seconds:.1f} seeds a second on {jobs} processes\n")
    missing = [name for name in TRANSITIONS if not found[name]]
    for name in TRANSITIONS:
        print(f"  {name:<46}{found[name]:>9}")
    if missing:
        print(f"\nnever taken: {', '.join(missing)}")
    return failures == 0 and (not missing or seeds < COVERAGE_SEEDS)


def mutations(seed0: int, steps: int) -> bool:
    """Switch every guard off in turn; True when each was noticed in time."""
    every = True
    print(f"{'guard switched off':<16}{'seeds':>6}{'at most':>8}  noticed")
    for mutation in MUTATIONS:
        count, what = caught(mutation, seed0, steps)
        every = every and count > 0
        print(f"{mutation.name:<16}{count or '-':>6}{mutation.seeds:>8}  {what[:110] or 'NOT NOTICED'}", flush=True)
    return every


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.world", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--seed0", type=int, default=0)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--mutations", action="store_true", help="switch guards off instead, one at a time")
    options = parser.parse_args()
    if options.mutations:
        return 0 if mutations(options.seed0, options.steps) else 1
    return 0 if worlds(options.seeds, options.seed0, options.steps, options.jobs) else 1


if __name__ == "__main__":
    sys.exit(main())
