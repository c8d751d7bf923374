"""The Starlette application of the rooms: sockets, HTTP, the page. Complete without an agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from crdt.errors import CrdtError
from workspace.delivery.late_oidc import LateIssuer
from workspace.delivery.late_webhook import LateWebhook
from workspace.delivery.mail import MailDrop
from workspace.errors import WorkspaceFault
from workspace.http import (
    admin,
    attribution,
    document_acts,
    documents,
    effects,
    entitlement,
    inbox,
    intents,
    invitations,
    log,
    pages,
    people,
    rights,
    sessions,
    sign_in,
    stop,
    usage,
    workspaces,
)
from workspace.http.blobs import routes as blobs
from workspace.http.headers import with_headers
from workspace.http.openapi import served
from workspace.http.problem import Problem, on_bug, on_fault, on_missing, on_problem, on_unreadable, problem_of
from workspace.ports import Clock, EffectSender, Judge, Planner, Store
from workspace.registry.registry import RoomRegistry
from workspace.settings import Settings
from workspace.sockets.endpoint import SocketEndpoint
from workspace.sockets.guests import CHANCE_BYTES, receive_guest
from workspace.sockets.origins import foreign
from workspace.sockets.proxies import place

WS = "/api/workspaces/{ws}"
API: tuple[Route, ...] = (
    Route("/api/workspaces", workspaces.create, methods=["POST"]),
    Route("/api/workspaces", workspaces.index, methods=["GET"]),
    Route("/api/me", sessions.me, methods=["GET"]),
    Route("/api/me", sessions.change, methods=["PATCH"]),
    Route("/api/session", sessions.open_session, methods=["POST"]),
    Route("/api/session", sessions.close_session, methods=["DELETE"]),
    Route("/api/sessions", sessions.index, methods=["GET"]),
    Route("/api/sessions", sessions.end_others, methods=["DELETE"]),
    Route("/api/sessions/{id}", sessions.end, methods=["DELETE"]),
    Route("/api/sign-in", sign_in.begin, methods=["GET"]),
    Route("/api/sign-in/ways", sign_in.ways, methods=["GET"]),
    Route("/api/sign-in/done", sign_in.done, methods=["GET"]),
    Route("/api/invitation", invitations.look, methods=["POST"]),
    Route("/api/invitation/accept", invitations.accept, methods=["POST"]),
    Route("/api/admin", admin.show, methods=["GET"]),
    Route("/api/admin/workspaces", admin.workspaces, methods=["GET"]),
    Route("/api/admin/sessions", admin.sessions, methods=["GET"]),
    Route("/api/admin/sessions/{id}", admin.end_session, methods=["DELETE"]),
    Route("/api/stop", stop.show_server, methods=["GET"]),
    Route("/api/stop", stop.put_server, methods=["PUT"]),
    Route("/api/stop", stop.delete_server, methods=["DELETE"]),
    Route(WS, workspaces.show, methods=["GET"]),
    Route(WS, workspaces.delete, methods=["DELETE"]),
    Route(f"{WS}/config", workspaces.configure, methods=["PUT"]),
    Route(f"{WS}/fork", workspaces.fork, methods=["POST"]),
    Route(f"{WS}/redact", log.redact, methods=["POST"]),
    Route(f"{WS}/members", people.index, methods=["GET"]),
    Route(WS + "/members/{actor:path}", people.change, methods=["PATCH"]),
    Route(WS + "/members/{actor:path}", people.remove, methods=["DELETE"]),
    Route(f"{WS}/tokens", people.tokens, methods=["GET"]),
    Route(f"{WS}/tokens", people.make_token, methods=["POST"]),
    Route(WS + "/tokens/{id}/rotate", people.rotate, methods=["POST"]),
    Route(f"{WS}/links", people.new_link, methods=["POST"]),
    Route(f"{WS}/revoke", people.revoke, methods=["POST"]),
    Route(f"{WS}/invitations", invitations.create, methods=["POST"]),
    Route(f"{WS}/invitations", invitations.index, methods=["GET"]),
    Route(WS + "/invitations/{id}", invitations.delete, methods=["DELETE"]),
    Route(f"{WS}/access", people.accesses, methods=["GET"]),
    Route(f"{WS}/documents", documents.index, methods=["GET"]),
    Route(WS + "/documents/{doc:path}", documents.show, methods=["GET"]),
    Route(WS + "/documents/{doc:path}", documents.create, methods=["PUT"]),
    Route(WS + "/documents/{doc:path}", document_acts.change, methods=["PATCH"]),
    Route(WS + "/documents/{doc:path}", document_acts.delete, methods=["DELETE"]),
    Route(f"{WS}/blobs", blobs.create, methods=["POST"]),
    Route(f"{WS}/blobs", blobs.index, methods=["GET"]),
    Route(WS + "/blobs/{id}", blobs.show, methods=["GET"]),
    Route(WS + "/blobs/{id}", blobs.put, methods=["PUT"]),
    Route(WS + "/blobs/{id}", blobs.delete, methods=["DELETE"]),
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
    Route(f"{WS}/rights", rights.show, methods=["GET"]),
    Route(f"{WS}/rights", rights.put, methods=["PUT"]),
    Route(f"{WS}/log", log.show, methods=["GET"]),
    Route(f"{WS}/verify", log.check, methods=["GET"]),
    Route(f"{WS}/replay", log.replay, methods=["POST"]),
)
OPERATIONS: tuple[Route, ...] = (
    Route("/healthz", pages.healthz),
    Route("/readyz", pages.readyz),
    Route("/metrics", pages.metrics),
    Route("/openapi.json", served.openapi),
    Route("/api", served.reader),
    Route("/", pages.page),
    Route("/w/{ws}", pages.workspace),
    Route("/admin", pages.admin),
    Route("/service-worker.js", pages.service_worker),
)
# Addresses that somebody has written with a slash more; none of these is an address of its own.
SPELT_OTHERWISE = (
    Route("/w/{ws}/{slashes:path}", pages.without_slashes),
    Route("/admin/", pages.without_slashes),
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
        if scope["type"] in ("http", "websocket"):
            place(scope, self._registry.settings)
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
    registry = RoomRegistry(
        store=store,
        planner=planner,
        clock=clock,
        settings=settings,
        judge=judge,
        senders=senders,
        provider=LateIssuer(settings) if settings.oidc_issuer else None,
    )

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
        *SPELT_OTHERWISE,
    ]
    folder = pages.assets()
    if folder is not None:
        routes.append(Mount("/static/assets", pages.PageFiles(directory=folder / "assets")))
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
    return app
