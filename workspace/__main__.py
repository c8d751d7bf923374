"""`python -m workspace`: a plain collaboration server, without an agent, on the environment's settings."""

from __future__ import annotations

import os

import uvicorn

from workspace.app import create_app
from workspace.clock import SystemClock
from workspace.http.bounded_protocol import config_of
from workspace.settings import read_settings
from workspace.store.address import store_of


def main() -> None:
    """Serve until the process is told to stop."""
    settings = read_settings(os.environ)
    app = create_app(settings, store=store_of(settings.database_url), planner=None, clock=SystemClock())
    uvicorn.Server(config_of(app, settings)).run()


if __name__ == "__main__":
    main()
