"""`make accept-hostile`: every program of the corpus on a server of its own, one line each.

    .venv/bin/python -m tests.hostile.run --seed 1 --seconds 3 --from "a name" --only structs

A line says: the name, how long honest words took in the same and in another workspace (ms: p50/p99/max), how much the
server's memory grew, whether the law holds, how many things were sent and what the server said. Ends with 1 where the
law is broken. A program is run again by its name; a run goes on at `--from`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.hostile.attack import Attack, Program
from tests.hostile.corpus import BY_NAME, PROGRAMS
from tests.hostile.scene import ROLES, Server, running
from tests.hostile.verdict import Attacking, Outcome, judge

# A program that is over says so; one that does not is ended.
GRACE_SECONDS = 20.0


def attacking(seed: int, seconds: float) -> Attacking:
    """Return what runs a program in a process of its own, so that it takes no time of those who measure."""

    async def run(program: Program, server: Server) -> str:
        return await attack_beside([program], server, seed=seed, seconds=seconds)

    return run


async def attack_beside(programs: Sequence[Program], server: Server, *, seed: int, seconds: float) -> str:
    """Run programs at once, in one process of their own; return what was sent and said."""
    names = [part for program in programs for part in ("--attack", program.name)]
    given = json.dumps({"url": server.url, "tokens": server.tokens["same"]}).encode()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.hostile.run", *names, "--seed", str(seed), "--seconds", str(seconds),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            out, err = await child.communicate(given)
    except TimeoutError:
        child.kill()
        await child.wait()
        return "the program did not end"
    return out.decode().strip() or err.decode()[-300:]


async def _bounded(program: Program, run: Attack) -> None:
    """Carry a program out; one that waits for the server when its time is over is cut off."""
    with suppress(TimeoutError):
        async with asyncio.timeout(run.seconds + 1):
            await program.run(run)


async def attack(names: Sequence[str], seed: int, seconds: float) -> str:
    """Carry programs out, all at once; return what was sent and said."""
    given = json.loads(sys.stdin.read())
    tokens = {role: given["tokens"][role] for role in ROLES}
    programs = [BY_NAME[name] for name in names]
    runs = [Attack(given["url"], tokens, program.role, seconds, seed) for program in programs]
    await asyncio.gather(*(_bounded(program, run) for program, run in zip(programs, runs, strict=True)))
    said = Counter[str]()
    for run in runs:
        said.update(run.said)
    answers = ", ".join(f"{what} ×{count}" for what, count in said.most_common(4))
    return f"{sum(run.sent for run in runs)} sent; {answers}"


def chosen(first: str, only: str) -> list[Program]:
    """Return the programs from a name on, of a family or with a part of a name."""
    names = [program.name for program in PROGRAMS]
    if first and first not in names:
        raise SystemExit(f"no program is called {first!r}")
    listed = PROGRAMS[names.index(first) if first else 0 :]
    return [program for program in listed if not only or only in (program.family, program.name) or only in program.name]


async def run_group(programs: list[Program], asked: argparse.Namespace) -> list[Outcome]:
    """Run programs one after the other on one server, which is started again at the end; say what each did."""
    found, attacks = [], attacking(asked.seed, asked.seconds)
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as server:
            for program in programs:
                is_last = program is programs[-1]
                outcome = await judge(program, server, attacks, reloads=is_last, is_shared=asked.shared)
                print(outcome, flush=True)
                found.append(outcome)
    return found


def main() -> None:
    """Run the corpus, or one program of it against the server that standard input names."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--from", dest="first", default="", help="the name of the program to go on with")
    parser.add_argument("--only", default="", help="a family, or a part of names")
    parser.add_argument("--together", type=int, default=1, help="so many programs on one server, one after the other")
    parser.add_argument("--shared", action="store_true", help="count what the server works, on a machine that is busy")
    parser.add_argument("--attack", action="append", default=[], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.attack:
        print(asyncio.run(attack(asked.attack, asked.seed, asked.seconds)))
        return
    programs, failed = chosen(asked.first, asked.only), []
    for at in range(0, len(programs), asked.together):
        for outcome in asyncio.run(run_group(programs[at : at + asked.together], asked)):
            if outcome.broken or outcome.slow:
                failed.append(outcome.name)
    print(f"{len(programs)} programs, the law is broken by {len(failed)}: {failed}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
