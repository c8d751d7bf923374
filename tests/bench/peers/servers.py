"""The servers under test: how each is started, reached and ended. All on loopback, on core 0."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.bench.peers.install import NODE_MODULES, PYTHON
from tests.bench.peers.order import Order, room_name
from tests.bench.peers.wire import Dialect
from workspace.clock import SystemClock
from workspace.intents.model.bodies import PolicyConfig
from workspace.registry.registry import RoomRegistry
from workspace.settings import Settings
from workspace.store.sql import SqlStore

ROOT = Path(__file__).parents[3]
SERVERS = Path(__file__).parent / "servers"
NPM = NODE_MODULES.parent
START_SECONDS = 30.0
SETTLE_SECONDS = 0.3
LOOK_SECONDS = 0.01
SERVER_CORE = "0"
SHARED_WS = "bench"
Layout = Literal["one each", "shared"]


@dataclass(frozen=True, slots=True)
class Peer:
    """One server. `layout` says how Folkmoot's rooms lie in workspaces; None for the others.

    `root` is the checkout that Folkmoot is run from, and its data made by: another one than this for a comparison.
    """

    name: str
    dialect: Dialect
    command: Callable[[int, Path], list[str]]
    layout: Layout | None = None
    root: Path = ROOT


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, how a client reaches its rooms, and the seconds until it took the first connection."""

    peer: Peer
    port: int
    pid: int
    path: str
    ready: float

    def order(self, scenario: str, **more: Any) -> Order:
        """Return an order for the generator against this server."""
        return Order(scenario, self.port, self.pid, self.peer.dialect, self.path, **more)


def _folkmoot(port: int, folder: Path) -> list[str]:
    return [sys.executable, "-m", "agent", "serve", "--port", str(port), "--data", str(folder)]


PEERS = {
    peer.name: peer
    for peer in (
        Peer("folkmoot", "yws", _folkmoot, "one each"),
        Peer("folkmoot-shared", "yws", _folkmoot, "shared"),
        Peer("hocuspocus", "hocuspocus", lambda port, _: ["node", str(NPM / "hocuspocus.mjs"), str(port)]),
        Peer(
            "hocuspocus+sqlite",
            "hocuspocus",
            lambda port, folder: ["node", str(NPM / "hocuspocus.mjs"), str(port), str(folder / "documents.sqlite")],
        ),
        Peer("y-websocket", "yws", lambda _port, _: ["node", str(NODE_MODULES / "@y/websocket-server/src/server.js")]),
        Peer("pycrdt-websocket", "yws", lambda port, _: [str(PYTHON), str(SERVERS / "pycrdt_websocket.py"), str(port)]),
        Peer("limit: node ws", "raw", lambda port, _: ["node", str(NPM / "node_ws.mjs"), str(port)]),
        Peer("limit: uvicorn", "raw", lambda port, _: [str(PYTHON), str(SERVERS / "bare_asgi.py"), str(port)]),
    )
}


def prepare(folder: Path, peer: Peer, rooms: int, *, policy: PolicyConfig | None = None, **documents: str) -> str:
    """Make what Folkmoot wants to exist before anybody connects; return its sockets' path with `{room}` open.

    The other servers make a room when the first client names it. Folkmoot makes none for strangers, so its workspaces,
    documents and token are written to its data folder before it starts.
    """
    if peer.layout is None:
        return "{room}" if peer.dialect != "hocuspocus" else ""
    if peer.root != ROOT:
        return _prepare_elsewhere(folder, peer, rooms, policy=policy, documents=documents)
    named = {room_name(at): "text" for at in range(rooms)} if peer.layout == "shared" else {}
    token = asyncio.run(_make(folder, peer, rooms, {**named, **documents}, policy))
    where = f"{SHARED_WS}/{{room}}" if peer.layout == "shared" else "{room}/plan"
    return f"ws/{where}?token={token}"


# The other checkout has its own modules under its own names: only this one and what it hands on is asked for.
_ELSEWHERE = """
import json, sys
from pathlib import Path
from tests.bench.peers import servers
folder, name, rooms, policy, documents = json.loads(sys.argv[1])
policy = policy and servers.PolicyConfig(**policy)
print(servers.prepare(Path(folder), servers.PEERS[name], rooms, policy=policy, **documents))
"""


def _prepare_elsewhere(
    folder: Path, peer: Peer, rooms: int, *, policy: PolicyConfig | None, documents: dict[str, str]
) -> str:
    changed = policy and {"window_ms": policy.window_ms, "slots": policy.slots}
    layout = "folkmoot" if peer.layout == "one each" else "folkmoot-shared"
    told = json.dumps([str(folder), layout, rooms, changed, documents])
    environment = {**os.environ, "PYTHONPATH": str(peer.root)}
    command = [sys.executable, "-c", _ELSEWHERE, told]
    done = subprocess.run(command, cwd=peer.root, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


async def _make(folder: Path, peer: Peer, rooms: int, documents: dict[str, str], policy: PolicyConfig | None) -> str:
    settings = Settings(data=str(folder))
    registry = RoomRegistry(store=SqlStore(settings.database_url), planner=None, clock=SystemClock(), settings=settings)
    await registry.start()
    if peer.layout == "shared":
        await registry.create(SHARED_WS, name="Bench", actor="owner", documents=documents, policy=policy)  # type: ignore[arg-type]
    else:
        for at in range(rooms):
            await registry.create(room_name(at), name="Bench", actor="owner", documents={"plan": "text"})
    token = await registry.tokens.make(None, actor="owner", role="owner")
    await registry.stop()
    return token


@contextmanager
def running(peer: Peer, folder: Path, path: str) -> Iterator[Server]:
    """Run a server on core 0 until the block is left, then end it by its process id."""
    port = free_port()
    command = peer.command(port, folder)
    pinned = ["taskset", "-c", SERVER_CORE, *command] if (os.cpu_count() or 1) > 1 else command
    environment = {**os.environ, "PORT": str(port), "HOST": "127.0.0.1", "PYTHONPATH": str(peer.root)}
    begun = time.perf_counter()
    with open(folder / "server.log", "ab") as log:
        process = subprocess.Popen(pinned, stdout=log, stderr=log, env=environment, cwd=peer.root)
    try:
        ready = _await_port(process, port, folder) - begun
        time.sleep(SETTLE_SECONDS)
        yield Server(peer, port, process.pid, path, ready)
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(process: subprocess.Popen[bytes], port: int, folder: Path) -> float:
    """Return when the server took a connection."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(LOOK_SECONDS)
        else:
            return time.perf_counter()
    said = (folder / "server.log").read_text(errors="replace")[-500:]
    raise RuntimeError(f"the server did not start: {said}")
