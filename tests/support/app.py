"""An application that nobody asks, for tests of what it is made of."""

from __future__ import annotations

from starlette.applications import Starlette

from workspace.app import create_app
from workspace.clock import SystemClock
from workspace.settings import Settings
from workspace.store.memory import MemoryStore


def bare_app() -> Starlette:
    """Return an application with a store in memory."""
    return create_app(Settings(), store=MemoryStore(), planner=None, clock=SystemClock())
