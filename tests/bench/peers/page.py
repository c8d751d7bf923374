"""docs/performance.md and its plots, from the runs of one command. Says how it was measured, and what is void."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from tests.bench.peers.goals import OURS, Goal, Outcome, weigh
from tests.bench.peers.histories import trace_file
from tests.bench.peers.plot import Bar, Panel, draw, number
from tests.bench.peers.results import Figure, Results
from tests.bench.peers.suite import SCENARIOS

DOCS = Path(__file__).parents[3] / "docs"
TITLES = {
    "p50_ms": "p50, ms",
    "p99_ms": "p99, ms",
    "cpu_us": "server CPU a delivery, µs",
    "deliveries_s": "deliveries a second",
    "room_kb": "memory a room and connection, kB",
    "connects_s": "connects a second",
    "cold_ms": "cold, ms",
    "warm_ms": "warm, ms",
    "durable_s": "updates a second seen by peers until kill -9",
    "lost_share": "share of them lost",
    "ack_p99_ms": "sent → durable ack, p99, ms",
    "verdict_p50_ms": "sent → verdict, p50, ms",
    "full_verdict_p50_ms": "sent → verdict, p50, saturated, ms",
    "intents_s": "instructions a second, saturated",
    "gate_ms": "arrival to verdict in the sequencer, CPU ms",
    "fold_records_s": "records folded a second",
    "travel_p50_ms": "documents and board of any past state, p50, ms",
    "edit_us_rooms": "CPU µs an edit beside idle rooms",
    "edit_us_history": "CPU µs an edit after a history of edits",
    "edit_us_log": "CPU µs an edit on a log of edits",
    "ready_ms": "serve takes connections, ms",
    "help_ms": "list of commands (--help), ms",
}
NOTES = {
    "a": "One writer, 50 edits a second, open loop, every frame of every reader timed; `@` is the number of readers.",
    "b": "50 rooms, 4 writers each, 8 updates of each under way; p50 and p99 are those of one room under this load.",
    "c": "2,000 rooms, one connection and one 12-byte edit each; memory is what the process grew by.",
    "d": "Warm is one reader more of an open room. Servers without a store are never cold.",
    "e": "20 rooms, 4 writers, closed loops; the server is killed in full flight, restarted, and asked for everything "
    "that some other client had already been shown.",
    "f": "32 lanes at 20 a second in all, then closed loops. No batch window (shipped: 300 ms). The planner is the "
    "built-in one. `@` is how many instructions are pending beside them; a workspace takes at most 1,000.",
    "g": "The sequencer in one process, CPU time. `@` is pending instructions, each concurrent with the one measured. "
    "The log has 100,000 records; time travel reads it from SQLite, its older part packed.",
    "h": "A closed loop of 4 writers in one room, 1,600 edits each; `@` is how much there was before: idle rooms with a"
    " connection, edits in the document's own history, edits of another document in the same log.",
    "i": "From the command to the first connection that is taken, on the core of the server, files read before.",
}


def write_page(results: Results, command: str) -> None:
    """Write the page and one plot a scenario."""
    parts = [_head(command, results)]
    if any(outcome.found for outcome in weigh(results)):
        parts.append(_goals(weigh(results)))
    for letter in results.scenarios():
        title = SCENARIOS[letter].title
        file = f"performance-{letter}.svg"
        (DOCS / file).write_text(draw(title, _panels(results, letter)))
        runs = f"{results.repetitions(letter)} run{'s' if results.repetitions(letter) > 1 else ''} each."
        parts.append(f"## {title.capitalize()}\n\n{NOTES[letter]} {runs}\n\n![{title}]({file})\n")
        parts.append(_table(results, letter))
    (DOCS / "performance.md").write_text("\n".join(parts))


def _head(command: str, results: Results) -> str:
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    void = "".join(f"- void: {run.peer} in {SCENARIOS[run.scenario].title}: it did not hold what was sent\n"
                   for run in results.faults())  # fmt: skip
    history = "the published automerge-paper trace" if trace_file() else "generated, as long as the published trace"
    return f"""# Performance

`{command}` · {time.strftime("%Y-%m-%d")} · {os.cpu_count()} cores · Python {platform.python_version()} · Node {node} ·
pycrdt {version("pycrdt")} · uvicorn {version("uvicorn")}

`--kept` writes what was run before, each scenario by its own command; `make bench` runs everything anew.

One server process on core 0, the load generator on core 1, loopback, no compression. Medians of interleaved runs,
least to greatest in brackets. Compare within this page only: figures are of one machine, ratios travel further.
Every client's and the server's state is compared at the end of a run; a run that did not converge is void.

- `folkmoot`: one workspace for every room, with its own log, as unrelated teams would have. `folkmoot-shared`: all
  rooms are documents of one workspace, one log. Both store every update before anybody sees it; goals count the worse.
- `hocuspocus`, `y-websocket`, `pycrdt-websocket` keep documents in memory only; `hocuspocus+sqlite` stores later.
- `limit: …` broadcast bytes without a CRDT, an identity or a log.
  Folkmoot's sockets go past uvicorn's queues, so it may pass that one.
- The long document is {history}.
{void}"""


def _goals(outcomes: list[Outcome]) -> str:
    rows = "\n".join(
        f"| {outcome.goal.words} | {_bound(outcome.goal)} | {_said(outcome.found)} | {outcome.verdict} |"
        for outcome in outcomes
    )
    return f"## Goals\n\n| | goal | measured | |\n|---|---|---|---|\n{rows}\n"


def _bound(goal: Goal) -> str:
    sign = "≤" if goal.is_ceiling else "≥"
    return f"{sign} {number(goal.bound)}" + (f" × {goal.beside}" if goal.beside else f" {goal.unit}".rstrip())


def _said(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    if figure.low == figure.high:
        return number(figure.median)
    return f"{number(figure.median)} ({number(figure.low)}–{number(figure.high)})"


def _shown(results: Results, letter: str) -> list[str]:
    return [name for name in results.names(letter) if name.split("@")[0] in TITLES]


def _panels(results: Results, letter: str) -> list[Panel]:
    panels = []
    for stem in dict.fromkeys(name.split("@")[0] for name in _shown(results, letter)):
        names = [name for name in _shown(results, letter) if name.split("@")[0] == stem]
        bars = []
        for name in names:
            size = name.partition("@")[2]
            for peer in results.peers(letter):
                figure = results.figure(letter, peer, name)
                if figure is not None:
                    bars.append(Bar(f"{peer} @{int(size):,}" if size else peer, figure))
        panels.append(Panel(TITLES[stem], tuple(bars)))
    return panels


def _table(results: Results, letter: str) -> str:
    """Return all figures, and in brackets Folkmoot's median ratio to each peer."""
    peers = results.peers(letter)
    lines = ["| | " + " | ".join(peers) + " |", "|---|" + "---|" * len(peers)]
    for name in _shown(results, letter):
        stem, _, size = name.partition("@")
        cells = [_cell(results, letter, peer, name) for peer in peers]
        lines.append(f"| {TITLES[stem]}{f' @{int(size):,}' if size else ''} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(results: Results, letter: str, peer: str, name: str) -> str:
    figure = results.figure(letter, peer, name)
    if figure is None:
        return "–"
    ratio = None if peer in OURS else results.ratio(letter, OURS[0], peer, name=name)
    said = _said(figure)
    return said if ratio is None else f"{said}, Folkmoot × {ratio.median:.2f}"


def command_line() -> str:
    """Return the command as it was given."""
    return " ".join(["python -m tests.bench.peers", *sys.argv[1:]])
