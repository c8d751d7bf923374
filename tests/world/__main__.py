"""`python -m tests.world --seeds N --seed0 S --steps K [--mutations] [--write]`: many worlds, and how they went."""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.world.coverage import TRANSITIONS, transitions
from tests.world.facts import Violation
from tests.world.mutations import MUTATIONS, Mutation
from tests.world.world import run_world

REPORT_EVERY = 200
COVERAGE_SEEDS = 500
SHOWN = 110
PAGE = Path("docs/world.md")


@contextmanager
def unlogged() -> Iterator[None]:
    """Log nothing meanwhile, and as before afterwards: a test may call this beside tests that read the log."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def one(task: tuple[int, int]) -> tuple[int, str, Counter[str], int]:
    """Run one seed; return what went wrong, the transitions taken, and the records checked."""
    seed, steps = task
    try:
        with unlogged():
            world = run_world(seed, steps)
    except Exception as error:  # noqa: BLE001  every failure belongs to its seed
        return seed, f"{type(error).__name__}: {error}", Counter(), 0
    return seed, "", transitions(world), len(world.monitor.rows)


def caught(mutation: Mutation, seed0: int, steps: int) -> tuple[int, str]:
    """Return how many seeds it took to notice a guard that is switched off, and what was noticed; 0 for never."""
    with unlogged(), mutation.applied():
        for at in range(mutation.seeds):
            try:
                run_world(seed0 + at, steps, mutation.tweak)
            except Violation as violation:
                return at + 1, str(violation)
            except Exception as error:  # noqa: BLE001  a broken guard may break anything: that is noticed too
                return at + 1, f"{type(error).__name__}: {error}"
    return 0, ""


def caught_by_name(task: tuple[str, int, int]) -> tuple[int, str]:
    """Do the same in a process of its own, which is told the guard's name."""
    name, seed0, steps = task
    return caught(next(mutation for mutation in MUTATIONS if mutation.name == name), seed0, steps)


def worlds(seeds: int, seed0: int, steps: int, jobs: int) -> tuple[bool, str]:
    """Run many seeds; return whether nothing was violated and every transition taken, and how it went."""
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
    rate = seeds / (time.monotonic() - began)
    missing = [name for name in TRANSITIONS if not found[name]]
    lines = [
        f"{seeds:,} seeds from {seed0}, {steps} steps each: {failures} violations, {records:,} records checked,",
        f"{rate:.1f} seeds a second on {jobs} processes.",
        "",
        "| transition | times |",
        "|---|---|",
        *(f"| {name} | {found[name]:,} |" for name in TRANSITIONS),
    ]
    if missing:
        lines += ["", f"Never taken: {', '.join(missing)}"]
    return failures == 0 and (not missing or seeds < COVERAGE_SEEDS), "\n".join(lines)


def mutations(seed0: int, steps: int, jobs: int) -> tuple[bool, str]:
    """Switch every guard off in turn; return whether each was noticed in time, and by what."""
    lines = ["| guard switched off | noticed at seed | at most | as |", "|---|---|---|---|"]
    every = True
    with multiprocessing.Pool(jobs) as pool:
        tasks = [(mutation.name, seed0, steps) for mutation in MUTATIONS]
        for mutation, (count, what) in zip(MUTATIONS, pool.imap(caught_by_name, tasks, chunksize=1), strict=True):
            every = every and count > 0
            told = what[:SHOWN].replace("|", "/") or "not noticed"
            lines.append(f"| {mutation.name} | {count or '-'} | {mutation.seeds} | {told} |")
            print(lines[-1], flush=True)
    caught_ones = sum("not noticed" not in line for line in lines[2:])
    return every, "\n".join([f"{caught_ones} of {len(MUTATIONS)} noticed, seeds from {seed0}.", "", *lines])


def write_section(name: str, command: str, text: str) -> None:
    """Put what was found between a section's marks in docs/world.md."""
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(f"<!-- {name} -->")
    _, end, tail = rest.partition(f"<!-- end of {name} -->")
    assert end, f"{PAGE} has no section {name}"
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
    said = f"`{command}` · {time.strftime('%Y-%m-%d')} · {commit.strip()}"
    PAGE.write_text(f"{head}<!-- {name} -->\n\n{said}\n\n{text}\n\n{end}{tail}", encoding="utf-8")


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.world", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--seed0", type=int, default=0)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--mutations", action="store_true", help="switch guards off instead, one at a time")
    parser.add_argument("--write", action="store_true", help="write the section of docs/world.md")
    options = parser.parse_args()
    command = f"python -m tests.world --seeds {options.seeds} --seed0 {options.seed0} --steps {options.steps}"
    name = "seeds"
    if options.mutations:
        is_sound, text = mutations(options.seed0, options.steps, options.jobs)
        name, command = "guards", f"python -m tests.world --mutations --seed0 {options.seed0} --steps {options.steps}"
    else:
        is_sound, text = worlds(options.seeds, options.seed0, options.steps, options.jobs)
    print(f"\n{text}")
    if options.write:
        write_section(name, command, text)
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
