"""The whole server for whoever runs it: workspaces, keys, the database; and the end of any key.

No room is opened and no log read for it: what is told stands in the store, or in what is open anyway.
"""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from workspace.access import Identity, person_in
from workspace.errors import Refusal
from workspace.http.openapi.operation import Parameter, Reply, describe
from workspace.http.openapi.server_answers import KeyPage, WholeServer, WorkspacePage
from workspace.http.operator import keyed_operator
from workspace.http.people import ROW_UNITS
from workspace.http.problem import Problem, refuse
from workspace.http.request import answer, charge, number, registry_of, wait_for_account
from workspace.names import is_workspace_id
from workspace.oversight import FIND_POINTS_MAX, PAGE_MAX
from workspace.registry.registry import RoomRegistry
from workspace.registry.server_views import OpenRoom, ServerNow, View, key_view, server_view, workspace_view

PAGE = 50
# When a key was made, and its id: what stands behind it in the list is what is older.
CURSOR = re.compile(r"([0-9T:.Z-]{1,40})~([0-9a-f]{12})")
SEES = "sees the whole server"
LIMIT = Parameter("limit", "how many rows at most", low=1, high=PAGE_MAX, default=PAGE, example=20)
FIND = Parameter("find", f"words of names and ids, at most {FIND_POINTS_MAX} characters", example="demo")


@describe(Reply(200, "the server, and the first page of both lists", WholeServer), asks="holder", takes=(LIMIT,))
async def show(request: Request) -> Response:
    """`GET /api/admin`: the server, with the first page of its workspaces and of the keys that count."""
    identity = await _enter(request)
    registry = registry_of(request)
    limit = number(request, "limit")
    running = ServerNow(registry.started, len(registry.rooms), registry.metrics.value("sockets"))
    server = await server_view(registry.store, registry.clock.now(), running=running)
    workspaces = await _workspaces(registry, after="", find="", limit=limit)
    keys = await _keys(registry, identity, before=None, find="", limit=limit)
    charge(request, identity, ROW_UNITS * 2 * limit)
    return answer({"server": server, "workspaces": workspaces, "sessions": keys})


@describe(
    Reply(200, "a page of workspaces", WorkspacePage),
    asks="holder",
    takes=(Parameter("after", "the last workspace of the page before, by its id", example="demo"), FIND, LIMIT),
)
async def workspaces(request: Request) -> Response:
    """`GET /api/admin/workspaces?after=WS&find=WORDS&limit=N`: a page of workspaces, by id."""
    identity = await _enter(request)
    after = request.query_params.get("after", "")
    if after and not is_workspace_id(after):
        raise Problem("malformed", "after is a workspace's id.")
    limit = number(request, "limit")
    charge(request, identity, ROW_UNITS * limit)
    return answer(await _workspaces(registry_of(request), after=after, find=_find(request), limit=limit))


@describe(
    Reply(200, "a page of keys", KeyPage),
    asks="holder",
    takes=(Parameter("before", "`next` of the page before", example="2026-12-01T09:00:00Z~0123456789ab"), FIND, LIMIT),
)
async def sessions(request: Request) -> Response:
    """`GET /api/admin/sessions?before=CURSOR&find=WORDS&limit=N`: tokens and sessions that count, the newest first."""
    identity = await _enter(request)
    given = request.query_params.get("before", "")
    cursor = CURSOR.fullmatch(given)
    if given and cursor is None:
        raise Problem("malformed", "before is what `next` said of the page before.")
    before = (cursor[1], cursor[2]) if cursor is not None else None
    limit = number(request, "limit")
    charge(request, identity, ROW_UNITS * limit)
    return answer(await _keys(registry_of(request), identity, before=before, find=_find(request), limit=limit))


@describe(Reply(204, "it has ended"), asks="holder", refuses=("not_found", "last_owner"), is_read=False)
async def end_session(request: Request) -> Response:
    """`DELETE /api/admin/sessions/ID`: end any token or session; what went on under it is over when this answers."""
    identity = await _enter(request)
    ended = await registry_of(request).people.end_any(request.path_params["id"], by=identity.actor)
    if isinstance(ended, Refusal):
        refuse(ended)
    return Response(status_code=204)


async def _enter(request: Request) -> Identity:
    identity = await keyed_operator(request, SEES)
    await wait_for_account(registry_of(request), person_in("", identity.actor))
    return identity


def _find(request: Request) -> str:
    find = request.query_params.get("find", "").strip()
    if len(find) > FIND_POINTS_MAX or not (find + "x").isprintable():
        raise Problem("malformed", f"find has at most {FIND_POINTS_MAX} printable characters.")
    return find


async def _workspaces(registry: RoomRegistry, *, after: str, find: str, limit: int) -> View:
    now = registry.clock.now()
    lines = await registry.store.lines(after=after, find=find, limit=limit, now=now)
    rows = [
        workspace_view(line, order=registry.switches.order(line.id), room=_open_room(registry, line.id))
        for line in lines
    ]
    return {"rows": [*rows], "next": lines[-1].id if len(lines) == limit else None}


def _open_room(registry: RoomRegistry, ws: str) -> OpenRoom | None:
    room = registry.rooms.get(ws)
    if room is None or not room.is_open:
        return None
    return OpenRoom(registry.tallies.facts(room), len(room.hub.peers), room.sequencer.kernel.epoch)


async def _keys(
    registry: RoomRegistry, identity: Identity, *, before: tuple[str, str] | None, find: str, limit: int
) -> View:
    lines = await registry.store.key_lines(before=before, find=find, limit=limit, now=registry.clock.now())
    rows = [key_view(line, seen=registry.sightings.seen(line.row), own=identity.token_id) for line in lines]
    last = lines[-1].row if len(lines) == limit else None
    return {"rows": [*rows], "next": f"{last.created_at}~{last.id}" if last is not None else None}
