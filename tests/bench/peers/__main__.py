"""Run scenarios over servers, interleaved; print medians as they come; with `--write` also the page and its plots."""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from dataclasses import asdict

from tests.bench.peers.goals import weigh
from tests.bench.peers.install import PEERS as FOLDER
from tests.bench.peers.install import install
from tests.bench.peers.page import command_line, write_page
from tests.bench.peers.results import Results, Run
from tests.bench.peers.servers import PEERS, Peer
from tests.bench.peers.suite import FULL, QUICK, SCENARIOS, NotConverged, Scale

KEPT = FOLDER / "runs.jsonl"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--scenarios", default=",".join(SCENARIOS), help="letters, by default all")
    parser.add_argument("--peers", default="", help="names, by default all of each scenario")
    parser.add_argument("--quick", action="store_true", help="one small run of everything, to see that it works")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its plots")
    parser.add_argument("--kept", action="store_true", help="run nothing: take each scenario's last full runs")
    options = parser.parse_args()
    results = read_kept() if options.kept else run_all(options)
    if options.write:
        write_page(results, command_line())
    for outcome in weigh(results):
        if outcome.found is not None:
            found = outcome.found
            print(f"{outcome.verdict:6} {found.median:9,.3f} ({found.low:,.3f}–{found.high:,.3f}) {outcome.goal.words}")


def run_all(options: argparse.Namespace) -> Results:
    """Run the scenarios asked for; every run is kept as a line, so that nothing is lost when a later one breaks."""
    install()
    scale, reps = (QUICK, 1) if options.quick else (FULL, options.reps)
    only = options.peers.split(",") if options.peers else list(PEERS)
    command = {"began": time.time(), "is_quick": options.quick}
    results = Results()
    for letter in options.scenarios.split(","):
        for rep in range(reps):
            for name in (name for name in SCENARIOS[letter].peers if name in only):
                run = carry_out(letter, rep, PEERS[name], scale)
                results.runs.append(run)
                with KEPT.open("a") as kept:
                    kept.write(json.dumps({**command, "run": asdict(run)}) + "\n")
    return results


def read_kept() -> Results:
    """Return, for each scenario, the runs of the last full command that ran it."""
    lines = [json.loads(line) for line in KEPT.read_text().splitlines()]
    lines = [line for line in lines if not line["is_quick"]]
    last = {line["run"]["scenario"]: line["began"] for line in lines}
    return Results([Run(**line["run"]) for line in lines if line["began"] == last[line["run"]["scenario"]]])


def carry_out(letter: str, rep: int, peer: Peer, scale: Scale) -> Run:
    """Run one scenario on one server and print what came of it."""
    began = time.monotonic()
    try:
        run = Run(letter, rep, peer.name, SCENARIOS[letter].run(peer, scale))
    except (NotConverged, RuntimeError, subprocess.SubprocessError) as error:
        run = Run(letter, rep, peer.name, {}, str(error))
    shown = " ".join(f"{key}={value:,.4g}" for key, value in run.figures.items())
    print(f"{letter} {rep} {peer.name} ({time.monotonic() - began:.0f} s): {shown or run.fault}", flush=True)
    return run


if __name__ == "__main__":
    main()
