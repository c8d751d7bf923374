"""Play many stories of loss, and say what was lost: `python -m tests.web.loss --stories 200 --seed0 0`.

Goes on from a seed; ends with 1 where anything was lost. About twenty seconds a story.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from tests.web.loss.stage import Stage
from tests.web.loss.story import PLANTS, Story


async def notice(stories: int, seed0: int, acts: int) -> int:
    """Play stories in pages with a fault planted in them, until each was noticed; return how many were not."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        async with Stage(Path(folder)) as stage:
            for name, plant in PLANTS.items():
                for seed in range(seed0, seed0 + stories):
                    if faults := await Story(stage, seed, acts=acts, plant=plant).play():
                        print(f"{name}: noticed by story {seed}: {faults[0]}", flush=True)
                        break
                else:
                    missed += 1
                    print(f"{name}: not noticed by {stories} stories", flush=True)
    return missed


async def run(stories: int, seed0: int, acts: int) -> int:
    """Play stories and return how many lost anything."""
    lost, typed, sent = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        async with Stage(Path(folder)) as stage:
            for seed in range(seed0, seed0 + stories):
                began = time.monotonic()
                story = Story(stage, seed, acts=acts)
                faults = await story.play()
                typed += sum(map(len, story.told.typed.values()))
                sent += len(story.told.sent)
                lost += bool(faults)
                print(f"story {seed}: {len(faults)} faults, {time.monotonic() - began:.0f} s", flush=True)
                if faults:
                    print("  " + "\n  ".join([*faults[:20], "acts: " + ", ".join(story.log)]), flush=True)
    print(f"{stories} stories from {seed0}: {lost} lost something; {typed} characters, {sent} instructions", flush=True)
    return lost


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.web.loss", description=__doc__)
    parser.add_argument("--stories", type=int, default=200)
    parser.add_argument("--seed0", type=int, default=0)
    parser.add_argument("--acts", type=int, default=40)
    parser.add_argument("--plants", action="store_true", help="plant faults in the page: each must be noticed")
    asked = parser.parse_args()
    work = notice if asked.plants else run
    raise SystemExit(asyncio.run(work(asked.stories, asked.seed0, asked.acts)) > 0)


if __name__ == "__main__":
    main()
