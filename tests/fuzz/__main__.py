"""`python -m tests.fuzz --frames 1000000 --seed 1`: hostile frames against a room in a child process.

A signal, a stopped room, a disturbed bystander, an exception, a hang, or a workspace that opens as another one is a
failure: its frames go to tests/fuzz/corpus, where every run of the tests sends them again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.child import KINDS, WORLD_FRAMES
from tests.support.oracle import stock_yjs

CORPUS = Path(__file__).parent / "corpus"
ROOT = Path(__file__).parent.parent.parent
# Children come and go, so that memory that one of them loses does not add up.
WORLDS_A_CHILD = 40


def honest_updates(seed: int) -> dict[str, list[str]]:
    """Return updates of stock Yjs by kind of document, in hex."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    with stock_yjs() as yjs:
        for kind in KINDS:
            for at in range(12):
                sent = yjs.program(seed=seed * 1000 + at, kind=kind, people=2, steps=15)
                found[kind] += [update.hex() for _, update, _ in sent if len(update) < 4000]
    return found


def run(*, frames: int, seed: int, first: int = 0, corpus: Path = CORPUS, seconds: float = 1e9) -> tuple[int, int]:
    """Send so many frames, or for so long; return how many were sent and how many worlds failed."""
    sent, failed, number, end = 0, 0, first, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        honest, log = Path(folder) / "honest.json", Path(folder) / "frames"
        honest.write_text(json.dumps(honest_updates(seed)))
        while sent < frames and time.monotonic() < end:
            last = number + min(WORLDS_A_CHILD, -(-(frames - sent) // WORLD_FRAMES))
            command = [sys.executable, "-m", "tests.fuzz.child", *map(str, (seed, number, last)), str(honest), str(log)]
            child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            done = sum(line.startswith("world ") for line in child.stdout.splitlines())
            sent, number = sent + done * WORLD_FRAMES, number + done
            if child.returncode != 0:
                failed += 1
                corpus.mkdir(exist_ok=True)
                kept = corpus / f"seed{seed}-world{number}.frames"
                kept.write_text(log.read_text())
                frame = log.read_text().splitlines()[-1:]
                print(
                    f"world {number} ended with {child.returncode}; last frame {frame}\n{child.stderr[-3000:]}",
                    flush=True,
                )
                sent, number = sent + WORLD_FRAMES, number + 1
            print(f"{sent} frames, {failed} failures; go on with --seed {seed} --first {number}", flush=True)
    return sent, failed


def main() -> None:
    """Fuzz until the frames, or the seconds, are used up."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the first world: where an earlier run ended")
    parser.add_argument("--seconds", type=float, default=1e9)
    asked = parser.parse_args()
    sent, failed = run(frames=asked.frames, seed=asked.seed, first=asked.first, seconds=asked.seconds)
    print(f"{sent} frames, {failed} failures")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
