"""Where a saturated server's time goes: py-spy beside the throughput scenario, folded into parts of the path.

    python -m tests.bench.profile [--write]

Needs Linux and `py-spy`, which `make bench-profile` installs into the bench's own folder.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from tests.bench.peers.install import PYTHON, install
from tests.bench.peers.servers import PEERS, prepare, running
from tests.bench.peers.suite import Figures, generate

PAGE = Path("docs/profile.md")
ROOMS, WRITERS, SECONDS, SAMPLES_PER_SECOND = 50, 4, 4, 500
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


def part_of(stack: list[str]) -> str:
    """Return the part of the path that a sampled stack belongs to."""
    for frame in reversed(stack):
        for name, marks in PARTS:
            if any(mark in frame for mark in marks):
                return name
    return REST


def sampled(folder: Path) -> tuple[Figures, Counter[str]]:
    """Run the throughput scenario with py-spy beside it; return its figures and the samples of each part."""
    peer, raw = PEERS["folkmoot"], folder / "raw"
    path = prepare(folder, peer, ROOMS)
    with running(peer, folder, path) as server:
        order = server.order("throughput", rooms=ROOMS, clients=WRITERS, seconds=SECONDS + 2.0, warm=1.0)
        spy = [str(PYTHON.parent / "py-spy"), "record", "--gil", "-f", "raw", "-o", str(raw), "-p", str(server.pid)]
        options = ["-d", str(SECONDS), "-r", str(SAMPLES_PER_SECOND)]

        def look() -> None:
            time.sleep(2.5)
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


def table(figures: Figures, parts: Counter[str]) -> str:
    """Return the shares as a table, with what each comes to for one update."""
    update = figures["cpu_us"] * (WRITERS - 1)
    total = sum(parts.values())
    lines = ["| part | share | µs an update |", "|---|---|---|"]
    lines += [f"| {name} | {count / total:.0%} | {update * count / total:.1f} |" for name, count in parts.most_common()]
    return "\n".join([*lines, f"| all | | {update:.0f} |"])


def main() -> None:
    """Sample, print, and with `--write` put the table behind the mark in docs/profile.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.profile", description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    install()
    if not (PYTHON.parent / "py-spy").exists():
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "py-spy"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        shown = table(*sampled(Path(folder)))
    print(shown)
    if options.write:
        kept = PAGE.read_text().split(MARK)[0]
        when = (
            f"`python -m tests.bench.profile --write`, {time.strftime('%Y-%m-%d')}, Python {platform.python_version()}"
        )
        PAGE.write_text(f"{kept}{MARK}\n\n{when}\n\n{shown}\n")


if __name__ == "__main__":
    main()
