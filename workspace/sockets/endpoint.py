"""The endpoint of the sockets: bare ASGI that finds out who comes, and to which room and document.

Bare, because Starlette's per-message wrapper costs a quarter of the throughput (measured in the performance paper). A
refused connection is accepted and closed with the protocol's code: a browser cannot see an HTTP denial.
"""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from workspace.access import Identity, person_in
from workspace.errors import (
    CLOSE_HOST,
    CLOSE_NOT_FOUND,
    CLOSE_ORIGIN,
    CLOSE_UNAUTHENTICATED,
    CLOSE_UNAVAILABLE,
    DocumentRenamed,
    WorkspaceFault,
    WorkspaceMissing,
)
from workspace.names import find_document, is_workspace_id
from workspace.protocol.send_queue import SendQueue
from workspace.protocol.session import Session
from workspace.registry.registry import RoomRegistry
from workspace.room.notices import renamed_to
from workspace.room.peer import Peer
from workspace.room.room import Room
from workspace.sockets.connection import Connection, send_close
from workspace.sockets.credentials import offered_tokens, socket_tokens
from workspace.sockets.guests import CHANCE_BYTES, guest_in, new_guest, open_identity
from workspace.sockets.origins import FOREIGN_HOST, foreign
from workspace.sockets.uvicorn_protocol import EXTENSION
from workspace.tasks import Tasks

PROTOCOL = "folkmoot"


class SocketEndpoint:
    """ASGI application for `/ws/WS` and `/ws/WS/DOC`. It owns what its connections have running beside the loop."""

    def __init__(self, registry: RoomRegistry) -> None:
        self._registry = registry
        self._limits = registry.settings.limits()
        self._tasks = Tasks()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection to its end, or to where its line goes on without this call."""
        message = await receive()
        if message["type"] != "websocket.connect":
            return
        connection = await self._admit(scope, send)
        if connection is None:
            return
        line = scope.get("extensions", {}).get(EXTENSION)
        if line is not None:
            await connection.lead(line, send)
        else:
            await connection.serve(receive, send)

    async def close(self) -> None:
        """End what connections have running; called when the rooms have told them why they end."""
        await self._tasks.close()

    async def _admit(self, scope: Scope, send: Send) -> Connection | None:
        """Accept a socket and find its room; None when it was refused."""
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        offered = scope.get("subprotocols", [])
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL if PROTOCOL in offered else None})
        ws, doc = parse_path(scope["path"])
        # First of all: a page of another origin learns nothing of tokens and workspaces, not even by the code.
        refusal = foreign(scope, self._registry.settings)
        if refusal is not None:
            await send_close(send, CLOSE_HOST if refusal is FOREIGN_HOST else CLOSE_ORIGIN)
            return None
        try:
            identity = await self._identify(scope, headers, ws)
            if identity is None:
                await send_close(send, CLOSE_UNAUTHENTICATED)
                return None
        except WorkspaceFault:
            await send_close(send, CLOSE_UNAVAILABLE)
            return None
        # From here on the token may end at any moment: what is held is told.
        hold = self._registry.authority.hold(identity, ws)
        try:
            if not is_workspace_id(ws):
                raise WorkspaceMissing(ws)
            room, doc = await self._find(ws, doc)
        except WorkspaceFault as fault:
            hold.release()
            if isinstance(fault, DocumentRenamed):
                await send_close(send, renamed_to(fault.name))
                return None
            await send_close(send, CLOSE_NOT_FOUND if fault.code == "not_found" else CLOSE_UNAVAILABLE)
            return None
        except BaseException:
            hold.release()
            raise
        connection = Connection(room, self._peer(identity, ws, doc), self._tasks, hold)
        hold.tell(connection)
        return connection

    async def _find(self, ws: str, doc: str | None) -> tuple[Room, str | None]:
        """Return the open room, and the id of the document of that name; the document is awake.

        Raises `DocumentRenamed`: it is called otherwise by now.
        """
        room = await self._registry.room(ws)
        if doc is None:
            return room, None
        catalog = room.sequencer.fold.catalog
        name = find_document(doc, catalog.holders)
        doc = catalog.find(name) or name
        if doc in catalog.ids and not catalog.is_called(doc, name):
            raise DocumentRenamed(catalog.name_of(doc))
        await room.hub.idle.load(doc)
        # It may have been closed meanwhile.
        return await self._registry.room(ws), doc

    def _peer(self, identity: Identity, ws: str, doc: str | None) -> Peer:
        token, settings = self._registry.clock.token(4), self._registry.settings
        session = Session(id=token, identity=identity, lane=f"S{token}", doc=doc, limits=self._limits, bounds=settings)
        account = self._registry.accounts.of(person_in(ws, identity.actor), asyncio.get_running_loop().time())
        return Peer(session, SendQueue(settings.outbox_bytes_max, settings.outbox_frames_max), account=account)

    async def _identify(self, scope: Scope, headers: dict[str, str], ws: str) -> Identity | None:
        """Return who connects, by the first of its tokens that counts; anybody on an open server."""
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        offered = scope.get("subprotocols", [])
        for token in socket_tokens(offered, headers, query):
            identity = await self._registry.tokens.identify(token, ws)
            if identity is not None:
                client = scope.get("client")
                self._registry.sightings.note(identity.token_id, str(client[0]) if client else "")
                return identity
        # Who says who they are and is not, is told so, and is no guest instead.
        if self._registry.settings.is_open and not offered_tokens(offered):
            guest = guest_in(headers.get("cookie", "")) or new_guest(self._registry.clock.token(CHANCE_BYTES))
            return open_identity(query.get("name", [""])[0], guest)
        return None


def parse_path(path: str) -> tuple[str, str | None]:
    """Return the workspace and the document of `/ws/WS` or `/ws/WS/DOC`, as ASGI has decoded it: once, not again here.

    Names are checked by the caller.
    """
    assert path.startswith("/ws/"), "other paths have routes"
    ws, _, doc = path.removeprefix("/ws/").partition("/")
    return ws, doc or None
