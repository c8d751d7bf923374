"""`python -m tests.fuzz --frames 1000000 --seed 1`: hostile frames against a room in a child process.

A signal, a stopped room, a disturbed bystander, an exception, a hang, or a workspace that opens as another one is a
failure: its frames go to tests/fuzz/corpus, where every run of the tests sends them again.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from crdt.updates.lib0 import Writer
from crdt.updates.rewrite import encode_delete_set
from crdt.updates.scan import INTERNAL, scan_update
from crdt.updates.structs import sections_of
from crdt.updates.summary import Id
from tests.fuzz.child import KINDS, WORLD_FRAMES
from tests.support.oracle import Oracle, stock_yjs

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


def has_one_order(kind: str, journal: Sequence[str], tries: int = 24) -> bool:
    """Tell whether stock Yjs makes the same of a journal in whatever order its structs come.

    Of what clients make it does. Bytes made by hand may leave out what their author had seen, or have lines to their
    neighbours that cross: such items have no one order, there as here. What was collected no longer says what its
    author had seen, so a newcomer is tried after each row as well.
    """
    sections: dict[int, list[bytes]] = {}
    needs: dict[int, list[tuple[int, list[Id]]]] = {}
    deletions = []
    for row in map(bytes.fromhex, journal):
        for client, parts in sections_of(row).items():
            for part in parts:
                head = Writer().var_uint(1).var_uint(1).var_uint(client).var_uint(part.clock)
                sections.setdefault(client, []).append(head.raw(row[part.at : part.end]).byte(0).getvalue())
                needs.setdefault(client, []).append((part.stop, list(part.needs())))
        deletions.append(Writer().byte(0).raw(encode_delete_set(scan_update(row, INTERNAL).deleted)).getvalue())
    chance, said = random.Random(0), set()
    with stock_yjs() as yjs:
        for _ in range(tries):
            structs = [sections[client][at] for client, at in _in_chance_order(needs, chance)]
            said.add(json.dumps(yjs.look(kind, [*structs, *deletions])["value"], sort_keys=True))
        rows = [bytes.fromhex(row) for row in journal]
        return len(said) == 1 and all(_is_alike(yjs, kind, rows[:count]) for count in range(1, len(rows) + 1))


def _is_alike(yjs: Oracle, kind: str, rows: Sequence[bytes]) -> bool:
    there = yjs.look(kind, rows)
    again = yjs.look(kind, [there["state"]])
    return json.dumps(there["value"], sort_keys=True) == json.dumps(again["value"], sort_keys=True)


def _in_chance_order(
    needs: Mapping[int, list[tuple[int, list[Id]]]], chance: random.Random
) -> Iterator[tuple[int, int]]:
    """Yield structs as client and place, each after all that it needs."""
    reach, at = dict.fromkeys(needs, 0), dict.fromkeys(needs, 0)
    while left := [client for client in needs if at[client] < len(needs[client])]:
        client = chance.choice(
            [one for one in left if all(id.clock < reach.get(id.client, 0) for id in needs[one][at[one]][1])]
        )
        yield client, at[client]
        reach[client] = needs[client][at[client]][0]
        at[client] += 1


def run(*, frames: int, seed: int, first: int = 0, corpus: Path = CORPUS, seconds: float = 1e9) -> tuple[int, int]:
    """Send so many frames, or for so long; return how many were sent and how many worlds failed."""
    sent, failed, apart, number, end = 0, 0, 0, first, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        honest, log = Path(folder) / "honest.json", Path(folder) / "frames"
        honest.write_text(json.dumps(honest_updates(seed)))
        while sent < frames and time.monotonic() < end:
            last = number + min(WORLDS_A_CHILD, -(-(frames - sent) // WORLD_FRAMES))
            command = [sys.executable, "-m", "tests.fuzz.child", *map(str, (seed, number, last)), str(honest), str(log)]
            child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            worlds = [line.split(" ", 2) for line in child.stdout.splitlines() if line.startswith("world ")]
            sent, number = sent + len(worlds) * WORLD_FRAMES, number + len(worlds)
            doubtful = json.loads(worlds[-1][2]) if worlds else {}
            with_order = [kind for kind, journal in doubtful.items() if has_one_order(kind, journal)]
            apart += bool(doubtful) and not with_order
            if child.returncode != 0 or with_order:
                failed += 1
                at = number - bool(with_order)
                corpus.mkdir(exist_ok=True)
                (corpus / f"seed{seed}-world{at}.frames").write_text(log.read_text())
                why = f"{with_order} are not everywhere the same" if with_order else child.stderr[-3000:]
                print(f"world {at} ended with {child.returncode}; {why}", flush=True)
                if not with_order:
                    sent, number = sent + WORLD_FRAMES, number + 1
            print(
                f"{sent} frames, {failed} failures, {apart} worlds with bytes that stock Yjs has no one order for; "
                f"go on with --seed {seed} --first {number}",
                flush=True,
            )
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
