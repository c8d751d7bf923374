"""A server under test and a client with a token: what every test of the HTTP endpoints begins with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from agent.builtin.planner import BuiltinPlanner
from tests.support.server import Running, running_server

WS = "/api/workspaces/demo"
# For a body that a test has written by hand: `json=` says so of itself.
JSON_TYPED = {"content-type": "application/json"}


@asynccontextmanager
async def http(role: str = "editor", *, ws: str | None = "demo") -> AsyncIterator[tuple[Running, httpx2.AsyncClient]]:
    """Serve the workspace `demo` and yield a client of Ana's; `ws` None gives her a token of the whole server."""
    async with running_server(planner=BuiltinPlanner()) as server:
        async with client_of(server, "ana", role, ws=ws) as client:
            yield server, client


@asynccontextmanager
async def client_of(
    server: Running, actor: str, role: str = "editor", *, ws: str | None = "demo"
) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a client with a fresh token of a person's."""
    headers = {"authorization": f"Bearer {await server.token(actor, role, ws=ws)}"}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=20) as client:
        yield client


def problem(response: httpx2.Response, status: int, code: str) -> None:
    """Check that a response is a problem with a status and a stable code, in words."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"]
