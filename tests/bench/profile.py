"""Where a server's time goes: py-spy beside three scenarios, folded into parts of the path.

    python -m tests.bench.profile [--write]

A busy server is sampled with py-spy, threads that hold the interpreter's lock; of one that mostly waits the kernel is
asked what each thread used and how often it went to sleep. Needs Linux and `py-spy`, which `make bench-profile`
installs into the bench's own folder.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.bench.peers.install import PYTHON, install
from tests.bench.peers.order import Order
from tests.bench.peers.servers import PEERS, Peer, prepare, running
from tests.bench.peers.suite import Figures, generate

PAGE = Path("docs/profile.md")
SAMPLES_PER_SECOND = 500
MARK = "<!-- after -->"
# The deepest frame that is one of ours names the part.
PARTS = (
    (
        "sending: `Peer.send`, the transport's write",
        ("FastProtocol.write", "Peer.send", "Peer.next_frame", "SendQueue"),
    ),
    ("the writer's thread", ("workspace/store/",)),
    (
        "scanning and joining updates",
        ("crdt/updates/", "crdt/sync/", "_update"),
    ),
    ("applying them: `crdt/documents`, pycrdt", ("crdt/documents/", "pycrdt/")),
    ("sequencer", ("workspace/intents/",)),
    ("room and hub", ("workspace/room/", "workspace/telemetry")),
    ("session and connection", ("workspace/protocol/session", "workspace/sockets/connection", "workspace/access")),
    (
        "frames: uvicorn_protocol, uvicorn, `websockets`",
        ("uvicorn/", "websockets/", "workspace/sockets/uvicorn", "workspace/protocol/frames"),
    ),
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


SATURATED = (
    Load(
        "Saturated: 50 rooms, 4 writers",
        Order("throughput", 0, 0, rooms=50, clients=4, seconds=6.0, warm=1.0),
        after=2.5,
        seconds=4,
        cpu="cpu_us",
        times=3,
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
READERS, RATE, WATCHED_SECONDS = (10, 100, 500), 50.0, 10


def part_of(stack: list[str]) -> str:
    """Return the part of the path that a sampled stack belongs to."""
    for frame in reversed(stack):
        for name, marks in PARTS:
            if any(mark in frame for mark in marks):
                return name
    return REST


def beside(peer: Peer, folder: Path, order: Order, look: Callable[[int], None]) -> Figures:
    """Run a scenario against a server of its own and let `look` watch the process meanwhile; return its figures."""
    path = prepare(folder, peer, order.rooms)
    wanted = {name: getattr(order, name) for name in ("rooms", "clients", "rate", "seconds", "warm")}
    with running(peer, folder, path) as server:
        looking = threading.Thread(target=look, args=(server.pid,))
        looking.start()
        figures = generate(server.order(order.scenario, **wanted))
        looking.join()
    return figures


def sampled(folder: Path, load: Load) -> str:
    """Return a table of what the parts of a busy server use for one unit of the load."""
    raw = folder / "raw"

    def look(pid: int) -> None:
        time.sleep(load.after)
        spy = [str(PYTHON.parent / "py-spy"), "record", "--gil", "-f", "raw", "-o", str(raw), "-p", str(pid)]
        options = ["-d", str(load.seconds), "-r", str(SAMPLES_PER_SECOND)]
        subprocess.run([*spy, *options], capture_output=True, check=True)

    figures = beside(PEERS["folkmoot"], folder, load.order, look)
    parts: Counter[str] = Counter()
    for line in raw.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        parts[part_of(stack.split(";"))] += int(count)
    whole, total = figures[load.cpu] * load.times, sum(parts.values())
    lines = [f"### {load.title}", "", f"| part | share | µs for one {load.unit} |", "|---|---|---|"]
    lines += [f"| {name} | {count / total:.0%} | {whole * count / total:.1f} |" for name, count in parts.most_common()]
    return "\n".join([*lines, f"| all | | {whole:.0f} |"])


class Used(NamedTuple):
    """What a thread has used: nanoseconds of CPU, and how often it went to sleep of itself."""

    cpu: int
    sleeps: int


def used_by(pid: int) -> dict[int, Used]:
    """Return what each thread of a process has used up to now (Linux, /proc)."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        sleeps = next(x for x in (task / "status").read_text().splitlines() if x.startswith("voluntary_ctxt_switches"))
        cpu = int((task / "schedstat").read_text().split()[0])
        found[int(task.name)] = Used(cpu, int(sleeps.split()[1]))
    return found


def fan_out() -> str:
    """Return a table of what each thread uses for one update that waits for nothing but its turn."""
    lines = [
        "### One writer, 50 edits a second",
        "",
        "| server | readers | p50, ms | thread | CPU, µs an update | times asleep an update |",
        "|---|---|---|---|---|---|",
    ]
    for readers in READERS:
        for name in ("folkmoot", "hocuspocus"):
            lines += _threads(PEERS[name], readers)
    return "\n".join(lines)


def _threads(peer: Peer, readers: int) -> list[str]:
    seen: list[dict[int, Used]] = []
    pids: list[int] = []

    def look(pid: int) -> None:
        pids.append(pid)
        time.sleep(4.0)
        seen.append(used_by(pid))
        time.sleep(WATCHED_SECONDS)
        seen.append(used_by(pid))

    order = Order("fanout", 0, 0, clients=readers + 1, rate=RATE, seconds=WATCHED_SECONDS + 4.0, warm=1.0)
    with tempfile.TemporaryDirectory() as folder:
        figures = beside(peer, Path(folder), order, look)
    cpu: Counter[str] = Counter()
    sleeps: Counter[str] = Counter()
    for task, after in seen[1].items():
        before, name = seen[0].get(task, Used(0, 0)), "loop" if task == pids[0] else "others"
        cpu[name] += after.cpu - before.cpu
        sleeps[name] += after.sleeps - before.sleeps
    updates = WATCHED_SECONDS * RATE
    return [
        f"| {peer.name} | {readers} | {figures['p50_ms']:.2f} | {name} | {cpu[name] / updates / 1e3:.0f} "
        f"| {sleeps[name] / updates:.1f} |"
        for name in ("loop", "others")
    ]


def main() -> None:
    """Sample, print, and with `--write` put the table behind the mark in docs/profile.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile", description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    install()
    if not (PYTHON.parent / "py-spy").exists():
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "py-spy"], check=True)
    tables = []
    for load in SATURATED:
        with tempfile.TemporaryDirectory() as folder:
            tables.append(sampled(Path(folder), load))
        print(tables[-1], flush=True)
    tables.append(fan_out())
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
