"""What is run: every scenario as a function of one server and a scale, giving named figures.

A figure's name carries its size (`p50_ms@100`). Whatever does not converge is void: its figures are dropped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench.peers.install import PYTHON
from tests.bench.peers.order import Order
from tests.bench.peers.servers import ROOT, Peer, Server, prepare, running
from workspace.intents.model.bodies import PolicyConfig

GENERATOR_CORE = "1"
GENERATOR_SECONDS = 300
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """How large everything is."""

    seconds: float = 4.0
    warm: float = 1.0
    readers: tuple[int, ...] = (10, 100, 500)
    rooms: int = 50
    writers: int = 4
    idle_rooms: int = 2_000
    edits: int = 260_000
    killed_rooms: int = 20
    lanes: int = 32
    pending: tuple[int, ...] = (0, 10, 100, 900)
    log_growth: tuple[int, ...] = (0, 10_000, 50_000)
    history_growth: tuple[int, ...] = (0, 60_000, 260_000)
    room_growth: tuple[int, ...] = (0, 500, 2_000)
    records: int = 100_000
    gate_pending: tuple[int, ...] = (10, 100, 1_000)


FULL = Scale()
QUICK = Scale(
    seconds=1.0,
    warm=0.5,
    readers=(10,),
    rooms=5,
    idle_rooms=50,
    edits=5_000,
    killed_rooms=3,
    lanes=8,
    pending=(0, 10),
    log_growth=(0, 1_000),
    history_growth=(0, 5_000),
    room_growth=(0, 50),
    records=1_000,
    gate_pending=(10, 100),
)


class NotConverged(Exception):
    """Clients and server do not hold the same: the figures are void."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One letter of the suite; `peers` in the order in which they run."""

    letter: str
    title: str
    peers: tuple[str, ...]
    run: Callable[[Peer, Scale], Figures]


def generate(order: Order) -> Figures:
    """Run the generator on core 1 and return its figures. Raises `NotConverged`."""
    python = str(PYTHON) if PYTHON.exists() else sys.executable
    command = [python, "-m", "tests.bench.peers.generator", order.to_json()]
    pinned = ["taskset", "-c", GENERATOR_CORE, *command] if (os.cpu_count() or 1) > 1 else command
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        pinned, capture_output=True, text=True, timeout=GENERATOR_SECONDS, env=environment, cwd=ROOT, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the generator failed: {done.stderr[-800:]}")
    figures: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    if not figures.pop("converged"):
        raise NotConverged(f"{order.scenario}: {figures}")
    return figures


def _at(size: int, figures: Figures) -> Figures:
    return {f"{name}@{size}": value for name, value in figures.items()}


def _once(peer: Peer, rooms: int, order: Callable[[Server], Order]) -> Figures:
    """Run one order against a fresh server in a fresh folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = prepare(Path(folder), peer, rooms)
        with running(peer, Path(folder), path) as server:
            return generate(order(server))


def fan_out(peer: Peer, scale: Scale) -> Figures:
    """(a) One writer, 50 edits a second, many readers."""
    figures: Figures = {}
    for readers in scale.readers:
        found = _once(
            peer,
            1,
            lambda server, readers=readers: server.order(  # type: ignore[misc]
                "fanout", clients=readers + 1, rate=50.0, seconds=scale.seconds, warm=scale.warm
            ),
        )
        figures |= _at(readers, found)
    return figures


def throughput(peer: Peer, scale: Scale) -> Figures:
    """(b) Closed loops in many rooms."""
    return _once(
        peer,
        scale.rooms,
        lambda server: server.order(
            "throughput", rooms=scale.rooms, clients=scale.writers, seconds=scale.seconds, warm=scale.warm
        ),
    )


def idle_rooms(peer: Peer, scale: Scale) -> Figures:
    """(c) Many rooms, nothing going on."""
    return _once(
        peer,
        scale.idle_rooms,
        lambda server: server.order("idle", rooms=scale.idle_rooms, clients=1, seconds=scale.seconds, warm=2.0),
    )


def opening(peer: Peer, scale: Scale) -> Figures:
    """(d) A long document: seeded, then (where there is a store) opened by a new process after kill -9."""
    has_store = peer.layout is not None or "sqlite" in peer.name
    # Hocuspocus writes its store at the latest ten seconds after an edit.
    lag = 11.0 if peer.layout is None and has_store else 1.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = prepare(folder, peer, 1)
        with running(peer, folder, path) as server:
            figures = generate(server.order("seed", operations=scale.edits, warm=lag))
            if not has_store:
                found = generate(server.order("reopen", operations=scale.edits))
                del found["cold_ms"]
                return figures | found
        with running(peer, folder, path) as server:
            return figures | generate(server.order("reopen", operations=scale.edits))


def loss(peer: Peer, scale: Scale) -> Figures:
    """(e) Durable updates to saturation, then kill -9: what peers had seen and the restarted server has not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, file = prepare(folder, peer, scale.killed_rooms), str(folder / "seen.json")
        rooms, writers = scale.killed_rooms, scale.writers
        with running(peer, folder, path) as server:
            order = server.order("kill", rooms=rooms, clients=writers, seconds=scale.seconds, file=file)
            figures = generate(order)
        with running(peer, folder, path) as server:
            return figures | generate(server.order("lost", rooms=rooms, file=file))


def intents(peer: Peer, scale: Scale) -> Figures:
    """(f) Instructions on many lanes beside pending ones. No batch window, so that what is left is the machinery."""
    figures: Figures = {}
    policy = PolicyConfig(window_ms=0, slots=64)
    for pending in scale.pending:
        with tempfile.TemporaryDirectory() as name:
            path = prepare(Path(name), peer, 1, policy=policy, values="data", aside="text")
            with running(peer, Path(name), path.replace("/{room}", "")) as server:
                order = server.order("instruct", clients=scale.lanes, rate=20.0, seconds=2 * scale.seconds)
                figures |= _at(pending, generate(replace(order, pending=pending)))
    return figures


def kernel(peer: Peer, scale: Scale) -> Figures:
    """(g) The sequencer without sockets: the gate beside pending intents, folding a log, going back in time."""
    order = json.dumps({"records": scale.records, "pending": scale.gate_pending})
    command = [sys.executable, "-m", "tests.bench.peers.kernel", order]
    pinned = ["taskset", "-c", GENERATOR_CORE, *command] if (os.cpu_count() or 1) > 1 else command
    environment = {**os.environ, "PYTHONPATH": str(peer.root)}
    done = subprocess.run(
        pinned, capture_output=True, text=True, timeout=900, env=environment, cwd=peer.root, check=True
    )
    figures: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def growth(peer: Peer, scale: Scale) -> Figures:
    """(h) What an edit costs when log, history or neighbourhood has grown."""
    sizes = {"rooms": scale.room_growth, "history": scale.history_growth, "log": scale.log_growth}
    if peer.layout != "shared":
        del sizes["log"]
    figures: Figures = {}
    for what, counts in sizes.items():
        for count in counts:
            rooms = 2 + (count if what == "rooms" else 0)
            found = _once(
                peer,
                rooms,
                lambda server, what=what, count=count: server.order(  # type: ignore[misc]
                    "growth", file=what, operations=count, clients=4, seconds=scale.seconds, warm=0.5
                ),
            )
            figures[f"edit_us_{what}@{count}"] = found["edit_us"]
    return figures


def starting(peer: Peer, _: Scale) -> Figures:
    """(i) From the command to the first connection taken; of ours also to the list of commands."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        path = prepare(Path(folder), peer, 1)
        with running(peer, Path(folder), path) as server:
            figures["ready_ms"] = server.ready * 1e3
    if peer.layout is not None:
        begun = time.perf_counter()
        environment = {**os.environ, "PYTHONPATH": str(peer.root)}
        command = [sys.executable, "-m", "agent", "--help"]
        subprocess.run(command, capture_output=True, check=True, env=environment, cwd=peer.root)
        figures["help_ms"] = (time.perf_counter() - begun) * 1e3
    return figures


SERVERS = ("folkmoot", "hocuspocus", "hocuspocus+sqlite", "y-websocket", "pycrdt-websocket")
LIMITS = ("limit: node ws", "limit: uvicorn")
SCENARIOS = {
    scenario.letter: scenario
    for scenario in (
        Scenario("a", "fan-out", (*SERVERS, *LIMITS), fan_out),
        Scenario("b", "throughput", ("folkmoot", "folkmoot-shared", *SERVERS[1:], *LIMITS), throughput),
        Scenario("c", "idle rooms", ("folkmoot", "folkmoot-shared", *SERVERS[1:], *LIMITS), idle_rooms),
        Scenario("d", "opening a long document", SERVERS[:4], opening),
        Scenario("e", "durable updates, kill -9", ("folkmoot", "folkmoot-shared", "hocuspocus+sqlite"), loss),
        Scenario("f", "instructions", ("folkmoot-shared",), intents),
        Scenario("g", "gate, fold, time travel", ("folkmoot",), kernel),
        Scenario("h", "growth", ("folkmoot", "folkmoot-shared", "hocuspocus", "y-websocket"), growth),
        Scenario("i", "starting", SERVERS, starting),
    )
}
