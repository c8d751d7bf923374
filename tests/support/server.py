"""A real server on a free loopback port, inside the test's event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from crdt.documents.pycrdt_document import DocumentKind
from tests.support.described import Described
from tests.support.until import until
from workspace.app import create_app
from workspace.clock import SystemClock
from workspace.http.bounded_protocol import BoundedProtocol, config_of
from workspace.intents.model.bodies import PolicyConfig
from workspace.ports import Judge, Planner, Store
from workspace.registry.registry import RoomRegistry
from workspace.settings import Settings
from workspace.sockets.uvicorn_protocol import FastProtocol
from workspace.store.memory import MemoryStore

# An instruction need not wait for rivals: a test of what happens between them names a policy of its own.
AT_ONCE = PolicyConfig(window_ms=0)
DOCUMENTS: dict[str, DocumentKind] = {"plan": "text", "budget": "data"}


@dataclass
class Running:
    """A server under test. `ws_url` and `url` have no trailing slash."""

    url: str
    ws_url: str
    registry: RoomRegistry
    port: int
    protocol: type[BoundedProtocol]

    async def token(self, actor: str, role: str = "editor", ws: str | None = "demo", **more: float) -> str:
        """Return a fresh token."""
        return await self.registry.tokens.make(ws, actor=actor, role=role, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def running_server(
    *,
    planner: Planner | None = None,
    judge: Judge | None = None,
    store: Store | None = None,
    settings: Settings | None = None,
    policy: PolicyConfig | None = AT_ONCE,
    workspace: str | None = "demo",
    carrier: Any = FastProtocol,
) -> AsyncIterator[Running]:
    """Serve on a free port until the block is left; makes the workspace `demo` with a text and a data document.

    `policy` None is the product's own: a plan waits a moment for what others may be saying at the same time.
    `carrier` is uvicorn's `ws`: the server's own line, or "websockets-sansio" for plain ASGI.
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings = settings or Settings(port=port)
    app = create_app(settings, store=store or MemoryStore(), planner=planner, judge=judge, clock=SystemClock())
    looked_at = Described(app)
    config = config_of(looked_at, settings, ws=None if carrier is FastProtocol else carrier, grace_seconds=2)
    protocol = config.http
    assert isinstance(protocol, type), "the class of this server's connections, which counts them"
    assert issubclass(protocol, BoundedProtocol)
    server = uvicorn.Server(config)
    server.config.setup_event_loop = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started or serving.done())
    if not server.started:
        await serving
    registry: RoomRegistry = app.state.registry
    try:
        if workspace is not None and await registry.store.workspace(workspace) is None:
            await registry.create(workspace, name="Demo", actor="owner", policy=policy, documents=DOCUMENTS)
        yield Running(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}", registry, port, protocol)
    finally:
        server.should_exit = True
        await serving
    # Not where a test has failed: that failure is to be read.
    assert not looked_at.faults, "answers that are not described: " + "; ".join(looked_at.faults[:5])
