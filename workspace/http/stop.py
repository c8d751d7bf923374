"""Stop the agent and let it go on, over HTTP: in one workspace, or on the whole server."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crdt.digest import Json
from workspace.http.openapi.operation import Body, Reply, describe
from workspace.http.openapi.parameters import AT
from workspace.http.openapi.server_answers import StopsNow
from workspace.http.operator import operator
from workspace.http.problem import Problem, refuse
from workspace.http.request import answer, body_of, check_query, enter, identity_of, number, registry_of
from workspace.intents.model.stop import refuse_reason
from workspace.intents.state.fold import WorkspaceState
from workspace.registry.server_views import switch_view
from workspace.registry.switches import throw
from workspace.room.room import Room

STOPS = "stops the agent everywhere"


class NewStop(msgspec.Struct, frozen=True):
    """Body of `PUT …/stop`: why the agent is stopped, for everybody who waits."""

    reason: str = ""


REASON = Body(NewStop, {"reason": "We are at lunch."})


def stops_of(fold: WorkspaceState, at: int = 0) -> dict[str, Json]:
    """Return whether the agent is stopped in a workspace, and by whom; `at` is a record after which it was."""
    stops = fold.stops.after(at) if at else fold.stops.all
    assert at >= 0, "records are counted from 1; 0 is now"
    return {"stopped": bool(stops), "stops": msgspec.to_builtins(stops)}


@describe(Reply(200, "by which switches", StopsNow), takes=(AT,))
async def show(request: Request) -> Response:
    """`GET …/stop?at=SEQ`: whether the agent is stopped here, by whom, since when and why; or was, after a record."""
    room, _ = await enter(request, "read")
    at = number(request, "at")
    if at > room.durable_seq:
        raise Problem("malformed", f"The log ends at {room.durable_seq}.")
    return await _standing(room, at)


@describe(Reply(200, "as it stands now", StopsNow), body=REASON, is_read=False)
async def put(request: Request) -> Response:
    """`PUT …/stop`: stop the agent in this workspace; for its owner."""
    room, identity = await enter(request, "administer")
    await throw(room, is_on=True, actor=identity.actor, reason=await _reason(request))
    return await _standing(room)


@describe(Reply(200, "as it stands now", StopsNow), is_read=False)
async def delete(request: Request) -> Response:
    """`DELETE …/stop`: let the agent go on, as far as this workspace's own switch goes; for its owner."""
    room, identity = await enter(request, "administer")
    await throw(room, is_on=False, actor=identity.actor)
    return await _standing(room)


@describe(Reply(200, "whether it is", StopsNow), asks="holder")
async def show_server(request: Request) -> Response:
    """`GET /api/stop`: whether the agent is stopped on the whole server; for whoever holds a token of it."""
    await identity_of(request, None)
    check_query(request)
    return answer(switch_view(registry_of(request).switches.server))


@describe(Reply(200, "as it stands now", StopsNow), asks="holder", body=REASON, is_read=False)
async def put_server(request: Request) -> Response:
    """`PUT /api/stop`: stop the agent in every workspace of this server; for its owner."""
    identity = await operator(request, STOPS)
    registry = registry_of(request)
    await registry.switches.throw(is_on=True, actor=identity.actor, reason=await _reason(request))
    return answer(switch_view(registry.switches.server))


@describe(Reply(200, "as it stands now", StopsNow), asks="holder", is_read=False)
async def delete_server(request: Request) -> Response:
    """`DELETE /api/stop`: let the agent go on wherever no workspace's own switch stops it; for the server's owner."""
    identity = await operator(request, STOPS)
    registry = registry_of(request)
    await registry.switches.throw(is_on=False, actor=identity.actor)
    return answer(switch_view(registry.switches.server))


async def _reason(request: Request) -> str:
    body = await body_of(request, NewStop)
    refusal = refuse_reason(body.reason)
    if refusal is not None:
        refuse(refusal)
    return body.reason


async def _standing(room: Room, at: int = 0) -> Response:
    return answer(await room.read(lambda: stops_of(room.sequencer.fold, at)))
