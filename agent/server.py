"""Run the finished server: store, planner, rooms, uvicorn. The composition root."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette

from agent.builtin.judge import BuiltinJudge
from agent.builtin.planner import BuiltinPlanner
from agent.model.judge import ModelJudge
from agent.model.planner import ModelPlanner
from agent.model_settings import ModelSettings, make_gateway
from workspace.app import create_app
from workspace.clock import SystemClock
from workspace.errors import StoreFault
from workspace.http.bounded_protocol import config_of
from workspace.ports import Judge, Planner
from workspace.registry.registry import RoomRegistry
from workspace.settings import Settings
from workspace.store.address import store_of
from workspace.telemetry import Redactor

try:
    import uvloop
except ImportError:  # Windows has none
    uvloop = None  # type: ignore[assignment]

GRACE_SECONDS = 5
SWITCH_SECONDS = 0.002
NO_MODELS = ModelSettings()


def make_agents(models: ModelSettings) -> tuple[Planner, Judge]:
    """Return planner and judge of a server: on its models, or the built-in ones where it has none."""
    if not models.is_on:
        return BuiltinPlanner(), BuiltinJudge()
    gateway = make_gateway(models)
    return ModelPlanner(gateway), ModelJudge(gateway)


def build_app(settings: Settings, models: ModelSettings = NO_MODELS) -> Starlette:
    """Return the whole server as an ASGI application."""
    store = store_of(settings.database_url)
    planner, judge = make_agents(models)
    return create_app(settings, store=store, planner=planner, judge=judge, clock=SystemClock())


def server_of(app: Starlette, settings: Settings) -> uvicorn.Server:
    """Return the uvicorn server that runs the application, with tokens kept out of its log."""
    config = config_of(app, settings, grace_seconds=GRACE_SECONDS)
    for name in ("uvicorn.error", "uvicorn.access", "folkmoot"):
        logging.getLogger(name).addFilter(Redactor())
    return uvicorn.Server(config)


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the server's event loop: uvloop, or asyncio's own where there is none."""
    return uvloop.new_event_loop if uvloop is not None else None


def take_short_turns() -> None:
    """Let Python's threads take shorter turns: two milliseconds each (decision 125).

    A thread that writes to SQLite, or reads a document, lets go of Python's lock and asks for it again; from a loop
    that is busy it got it after five milliseconds, by default. Turns shorter yet would cost that loop a fifth.
    """
    sys.setswitchinterval(SWITCH_SECONDS)


def tune_garbage_collector() -> None:
    """Let Python look for garbage cycles seldom: a server of many rooms holds much that lives long.

    By default every 700 new objects start a search and every hundredth looks at all rooms; that took a third of the
    time of opening two thousand of them. Often enough it must be: uvicorn leaves cycles behind for each connection.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: asyncio switches Nagle's delay off only for sockets that say so, and 40 ms an answer is a lot.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that runs in this process."""

    url: str
    ws_url: str
    registry: RoomRegistry
    server: uvicorn.Server
    task: asyncio.Task[None]


@contextlib.asynccontextmanager
async def serving(
    settings: Settings, *, models: ModelSettings = NO_MODELS, signals: bool = False
) -> AsyncIterator[RunningServer]:
    """Run the server beside the caller; `signals` leaves Ctrl+C to uvicorn.

    Raises:
        OSError: the port is taken.
        StoreFault: the database cannot be opened, or is none of this version's.
    """
    listener = bind(settings.host, settings.port)
    port = listener.getsockname()[1]
    assert port > 0, "a bound socket has a port"
    app = build_app(settings, models)
    try:
        # Before uvicorn does: from there a fault of the database would reach the operator as a traceback.
        await app.state.registry.store.open()
    except StoreFault:
        listener.close()
        raise
    server = server_of(app, settings)
    if not signals:
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(server.serve(sockets=[listener]), name="uvicorn")
    while not server.started:
        await asyncio.sleep(0.01)
        if task.done():
            await task
            raise RuntimeError("the server did not start; its log says why")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        yield RunningServer(f"http://{host}:{port}", f"ws://{host}:{port}", app.state.registry, server, task)
    finally:
        server.should_exit = True
        await task
