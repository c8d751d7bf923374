"""Where a server's time goes: py-spy beside three scenarios, folded into parts of the path.

    python -m tests.bench.profile [--write]

Saturated, only threads that hold the interpreter's lock count; in the others every thread that runs, the kernel's part
of it included. Needs Linux and `py-spy`, which `make bench-profile` installs into the bench's own folder.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peers.install import PYTHON, install
from tests.bench.peers.order import Order
from tests.bench.peers.servers import PEERS, prepare, running
from tests.bench.peers.suite import Figures, generate

PAGE = Path("docs/profile.md")
SAMPLES_PER_SECOND = 500
MARK = "<!-- after -->"
# The deepest frame that is one of ours names the part.
PARTS = (
    ("sending: `Peer.send`, the transport's write", ("Line.write", "Peer.send", "Peer.next_frame", "Outbox")),
    ("the writer's thread", ("workspace/store/",)),
    (
        "scanning and joining updates",
        ("crdt/scan", "crdt/keystroke", "crdt/joining", "crdt/sync", "crdt/wire", "_update"),
    ),
    ("applying them: `crdt/document`, pycrdt", ("crdt/document", "pycrdt/")),
    ("sequencer", ("workspace/intents/",)),
    ("room and doorman", ("workspace/room", "workspace/doorman", "workspace/attendance", "workspace/telemetry")),
    ("session and connection", ("workspace/session", "workspace/websocket", "workspace/access")),
    ("frames: line, uvicorn, `websockets`", ("uvicorn/", "websockets/", "workspace/line", "workspace/framing")),
)
REST = "event loop and rest"


@dataclass(frozen=True, slots=True)
class Load:
    """A scenario to look into: from `after` on, for `seconds`; `cpu` is the figure that `times` makes one `unit` of."""

    title: str
    order: Order
    after: float
    seconds: int
    cpu: str
    times: float
    unit: str
    is_saturated: bool = False


LOADS = (
    Load(
        "Saturated: 50 rooms, 4 writers",
        Order("throughput", 0, 0, rooms=50, clients=4, seconds=6.0, warm=1.0),
        after=2.5,
        seconds=4,
        cpu="cpu_us",
        times=3,
        unit="update",
        is_saturated=True,
    ),
    Load(
        "One writer, 50 edits a second, 10 readers",
        Order("fanout", 0, 0, clients=11, rate=50.0, seconds=10.0, warm=1.0),
        after=2.5,
        seconds=8,
        cpu="cpu_us",
        times=10,
        unit="update",
    ),
    Load(
        "One writer, 50 edits a second, 500 readers",
        Order("fanout", 0, 0, clients=501, rate=50.0, seconds=10.0, warm=1.0),
        after=4.0,
        seconds=6,
        cpu="cpu_us",
        times=500,
        unit="update",
    ),
    Load(
        "Connects: a workspace opened by each",
        Order("idle", 0, 0, rooms=4_000, clients=1, seconds=1.0, warm=1.0),
        after=1.5,
        seconds=2,
        cpu="connect_cpu_ms",
        times=1_000,
        unit="connection",
    ),
)


def part_of(stack: list[str]) -> str:
    """Return the part of the path that a sampled stack belongs to."""
    for frame in reversed(stack):
        for name, marks in PARTS:
            if any(mark in frame for mark in marks):
                return name
    return REST


def sampled(folder: Path, load: Load) -> tuple[Figures, Counter[str]]:
    """Run a scenario with py-spy beside it; return its figures and the samples of each part."""
    peer, raw = PEERS["folkmoot"], folder / "raw"
    path = prepare(folder, peer, load.order.rooms)
    with running(peer, folder, path) as server:
        wanted = {name: getattr(load.order, name) for name in ("rooms", "clients", "rate", "seconds", "warm")}
        order = server.order(load.order.scenario, **wanted)
        spy = [str(PYTHON.parent / "py-spy"), "record", "-f", "raw", "-o", str(raw), "-p", str(server.pid)]
        options = ["-d", str(load.seconds), "-r", str(SAMPLES_PER_SECOND), *(["--gil"] if load.is_saturated else [])]

        def look() -> None:
            time.sleep(load.after)
            subprocess.run([*spy, *options], capture_output=True, check=True)

        looking = threading.Thread(target=look)
        looking.start()
        figures = generate(order)
        looking.join()
    parts: Counter[str] = Counter()
    for line in raw.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        parts[part_of(stack.split(";"))] += int(count)
    return figures, parts


def table(load: Load, figures: Figures, parts: Counter[str]) -> str:
    """Return the shares as a table, with what each comes to for one unit of the load."""
    whole, total = figures[load.cpu] * load.times, sum(parts.values())
    lines = [f"### {load.title}", "", f"| part | share | µs for one {load.unit} |", "|---|---|---|"]
    lines += [f"| {name} | {count / total:.0%} | {whole * count / total:.1f} |" for name, count in parts.most_common()]
    return "\n".join([*lines, f"| all | | {whole:.0f} |"])


def main() -> None:
    """Sample, print, and with `--write` put the table behind the mark in docs/profile.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile", description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    install()
    if not (PYTHON.parent / "py-spy").exists():
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "py-spy"], check=True)
    tables = []
    for load in LOADS:
        with tempfile.TemporaryDirectory() as folder:
            tables.append(table(load, *sampled(Path(folder), load)))
        print(tables[-1], flush=True)
    shown = "\n\n".join(tables)
    if options.write:
        kept = PAGE.read_text().split(MARK)[0]
        when = (
            f"`python -m tests.bench.profile --write`, {time.strftime('%Y-%m-%d')}, Python {platform.python_version()}"
        )
        PAGE.write_text(f"{kept}{MARK}\n\n{when}\n\n{shown}\n")


if __name__ == "__main__":
    main()
