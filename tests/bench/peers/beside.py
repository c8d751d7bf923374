"""This checkout beside another one of Folkmoot, interleaved in one run: what a change costs or brings.

    git worktree add ../before HEAD~1
    python -m tests.bench.peers.beside ../before --reps 5 --scenarios a,b,f,g,i

Prints for every figure both medians and the ratio of ours to theirs, repetition by repetition. A figure is called worse
or better only where the intervals of the two do not overlap. Every run is kept as a line of `.peers/beside.jsonl`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from tests.bench.peers.__main__ import carry_out
from tests.bench.peers.install import PEERS as FOLDER
from tests.bench.peers.install import install
from tests.bench.peers.results import Results
from tests.bench.peers.servers import PEERS
from tests.bench.peers.suite import FULL, QUICK, SCENARIOS

KEPT = FOLDER / "beside.jsonl"
BEFORE = " before"
# More is better for these; less for all others.
MORE = (
    "per_second", "_per_s", "per_s", "throughput", "rate",
    "connects_s", "deliveries_s", "durable_s", "edits_s", "fold_records_s", "intents_s", "updates_s",
)  # fmt: skip


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers.beside", description=__doc__)
    parser.add_argument("before", type=Path, help="the other checkout")
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--scenarios", default=",".join(SCENARIOS), help="letters, by default all")
    parser.add_argument("--quick", action="store_true", help="small runs")
    options = parser.parse_args()
    install()
    scale = QUICK if options.quick else FULL
    results = Results()
    for letter in options.scenarios.split(","):
        ours = [PEERS[name] for name in SCENARIOS[letter].peers if PEERS[name].layout is not None]
        pairs = [(peer, replace(peer, name=peer.name + BEFORE, root=options.before.resolve())) for peer in ours]
        for rep in range(options.reps):
            for pair in pairs:
                # Who goes first alternates: neither always finds the machine as the other left it.
                for peer in pair if rep % 2 == 0 else reversed(pair):
                    run = carry_out(letter, rep, peer, scale)
                    results.runs.append(run)
                    with KEPT.open("a") as kept:
                        kept.write(json.dumps(asdict(run)) + "\n")
    print("\n".join(table(results)))


def table(results: Results) -> Iterable[str]:
    """Yield a Markdown table of all figures: now, before, their ratio, and what is to be said of it."""
    yield "| scenario | figure | now | before | ratio | |"
    yield "|---|---|---|---|---|---|"
    for letter in results.scenarios():
        for peer in results.peers(letter):
            if peer.endswith(BEFORE):
                continue
            for name in results.names(letter):
                now, before = (results.figure(letter, one, name) for one in (peer, peer + BEFORE))
                ratio = results.ratio(letter, peer, peer + BEFORE, name=name)
                if now is None or before is None or ratio is None:
                    continue
                is_more = any(word in name for word in MORE)
                said = ""
                if now.low > before.high:
                    said = "better" if is_more else "WORSE"
                elif now.high < before.low:
                    said = "WORSE" if is_more else "better"
                shown = f"{ratio.median:.2f} ({ratio.low:.2f}–{ratio.high:.2f})"
                yield f"| {letter} {peer} | {name} | {now.median:,.4g} | {before.median:,.4g} | {shown} | {said} |"
    for fault in results.faults():
        yield f"void: {fault.scenario} {fault.peer} {fault.rep}: {fault.fault}"


if __name__ == "__main__":
    main()
