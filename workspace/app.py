"""The Starlette application of the rooms: sockets, HTTP, the page. Complete without an agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from crdt.errors import CrdtError
from workspace.delivery.late_webhook import LateWebhook
from workspace.delivery.mail import MailDrop
from workspace.errors import WorkspaceFault
from workspace.http import (
    attribution,
    documents,
    effects,
    entitlement,
    inbox,
    intents,
    log,
    pages,
    stop,
    usage,
    workspaces,
)
from workspace.http.headers import with_headers
from workspace.http.problem import Problem, on_bug, on_fault, on_missing, on_problem, on_unreadable, problem_of
from workspace.ports import Clock, EffectSender, Judge, Planner, Store
from workspace.registry.registry import RoomRegistry
from workspace.settings import Settings
from workspace.sockets.endpoint import SocketEndpoint
from workspace.sockets.guests import CHANCE_BYTES, receive_guest
from workspace.sockets.origins import foreign

WS = "/api/workspaces/{ws}"
API: tuple[Route, ...] = (
    Route("/api/workspaces", workspaces.create, methods=["POST"]),
    Route("/api/workspaces", workspaces.index, methods=["GET"]),
    Route("/api/me", workspaces.me, methods=["GET"]),
    Route("/api/session", workspaces.open_session, methods=["POST"]),
    Route("/api/stop", stop.show_server, methods=["GET"]),
    Route("/api/stop", stop.put_server, methods=["PUT"]),
    Route("/api/stop", stop.delete_server, methods=["DELETE"]),
    Route(WS, workspaces.show, methods=["GET"]),
    Route(WS, workspaces.delete, methods=["DELETE"]),
    Route(f"{WS}/config", workspaces.configure, methods=["PUT"]),
    Route(f"{WS}/fork", workspaces.fork, methods=["POST"]),
    Route(f"{WS}/redact", log.redact, methods=["POST"]),
    Route(f"{WS}/tokens", workspaces.make_token, methods=["POST"]),
    Route(f"{WS}/revoke", workspaces.revoke, methods=["POST"]),
    Route(f"{WS}/documents", documents.index, methods=["GET"]),
    Route(WS + "/documents/{doc:path}", documents.show, methods=["GET"]),
    Route(WS + "/documents/{doc:path}", documents.create, methods=["PUT"]),
    Route(WS + "/attribution/{doc:path}", attribution.show, methods=["GET"]),
    Route(f"{WS}/intents", intents.create, methods=["POST"]),
    Route(f"{WS}/intents", intents.index, methods=["GET"]),
    Route(WS + "/intents/{id}", intents.show, methods=["GET"]),
    Route(f"{WS}/inbox", inbox.show, methods=["GET"]),
    Route(f"{WS}/inbox", inbox.acknowledge, methods=["POST"]),
    Route(f"{WS}/effects", effects.index, methods=["GET"]),
    Route(f"{WS}/usage", usage.show, methods=["GET"]),
    Route(WS + "/calls/{id}", usage.call, methods=["GET"]),
    Route(f"{WS}/stop", stop.show, methods=["GET"]),
    Route(f"{WS}/stop", stop.put, methods=["PUT"]),
    Route(f"{WS}/stop", stop.delete, methods=["DELETE"]),
    Route(f"{WS}/log", log.show, methods=["GET"]),
    Route(f"{WS}/verify", log.check, methods=["GET"]),
    Route(f"{WS}/replay", log.replay, methods=["POST"]),
)
OPERATIONS: tuple[Route, ...] = (
    Route("/healthz", pages.healthz),
    Route("/readyz", pages.readyz),
    Route("/metrics", pages.metrics),
    Route("/openapi.json", pages.openapi),
    Route("/", pages.page),
    Route("/w/{ws}", pages.page),
)


class Application(Starlette):
    """Starlette, with sockets led past its middleware and router: they have a path of their own and speak bare ASGI.

    A request that a foreign page sends is refused before anything looks at it, and every answer has the headers of all.
    On an open server whoever asks over HTTP without saying who they are is given a guest's name to keep.
    """

    def __init__(self, endpoint: SocketEndpoint, registry: RoomRegistry, **more: Any) -> None:
        super().__init__(**more)
        self._endpoint = endpoint
        self._registry = registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection or request."""
        if scope["type"] == "websocket" and scope["path"].startswith("/ws/"):
            await self._endpoint(scope, receive, send)
            return
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        send = with_headers(scope, send)
        refusal = foreign(scope, self._registry.settings)
        if refusal is not None:
            await problem_of(refusal).response()(scope, receive, send)
            return
        if self._registry.settings.is_open:
            send = receive_guest(scope, send, self._registry.clock.token(CHANCE_BYTES))
        try:
            await super().__call__(scope, receive, entitlement.guard(scope, send))
        finally:
            entitlement.release(scope, self._registry.authority)


def create_app(
    settings: Settings, *, store: Store, planner: Planner | None, clock: Clock, judge: Judge | None = None
) -> Starlette:
    """Return the application; its registry starts and stops with the server's lifespan."""
    senders: dict[str, EffectSender] = {
        "mail": MailDrop(settings.mail_folder),
        "webhook": LateWebhook(settings.keys, allows_private=settings.allows_private_webhooks),
    }
    registry = RoomRegistry(store=store, planner=planner, clock=clock, settings=settings, judge=judge, senders=senders)

    endpoint = SocketEndpoint(registry)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await registry.start()
        try:
            yield
        finally:
            await registry.stop()
            await endpoint.close()

    routes: list[BaseRoute] = [
        *API,
        *OPERATIONS,
    ]
    folder = pages.assets()
    if folder is not None:
        routes.append(Mount("/static", StaticFiles(directory=folder)))
    app = Application(
        endpoint,
        registry,
        routes=routes,
        lifespan=lifespan,
        exception_handlers={
            Problem: on_problem,
            WorkspaceFault: on_fault,
            CrdtError: on_unreadable,
            HTTPException: on_missing,
            Exception: on_bug,
        },
    )
    app.state.registry = registry
    app.state.api_routes = API
    return app
