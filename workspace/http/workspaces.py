"""Workspaces and their set-up over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crdt.digest import Json
from crdt.documents.pycrdt_document import DocumentKind
from workspace.access import Identity, person_in
from workspace.history.fork import fork_workspace
from workspace.http.content import NewDocument, first_edits, new_documents
from workspace.http.openapi.operation import Body, Reply, describe
from workspace.http.openapi.workspace_answers import WorkspaceName, WorkspaceNow
from workspace.http.operator import operator
from workspace.http.people import ROW_UNITS
from workspace.http.problem import Problem, refuse
from workspace.http.request import (
    answer,
    body_of,
    charge,
    check_query,
    enter,
    identity_of,
    not_allowed,
    registry_of,
    write,
)
from workspace.http.stop import stops_of
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.calls import Budget, RouteTable, check_budget, check_routes
from workspace.intents.model.effects import Receiver, check_receivers
from workspace.intents.model.events import Configured
from workspace.intents.model.intent import Role
from workspace.intents.model.invariant import Invariant, broken, check_invariants
from workspace.intents.rules.policy import check
from workspace.intents.rules.translation import setup_by_id, setup_by_name
from workspace.intents.state.fold import WorkspaceState
from workspace.names import is_title, is_workspace_id
from workspace.room.context import Handle
from workspace.room.room import Room

MAKES = "makes workspaces"


class NewWorkspace(msgspec.Struct, frozen=True):
    """Body of `POST /api/workspaces`; a document is its kind, or its kind and content."""

    id: str
    name: str = ""
    policy: PolicyConfig | None = None
    documents: dict[str, DocumentKind | NewDocument] = {}


class NewConfig(msgspec.Struct, frozen=True):
    """Body of `PUT …/config`: what is left out stays as it is. `members` is refused: roles are given elsewhere."""

    name: str | None = None
    policy: PolicyConfig | None = None
    members: dict[str, Json] | None = None
    invariants: dict[str, Invariant] | None = None
    routes: RouteTable | None = None
    budget: Budget | None = None
    receivers: dict[str, Receiver] | None = None


class NewFork(msgspec.Struct, frozen=True):
    """Body of `POST …/fork`: the new workspace's id, and after which record of this one it begins (default: now)."""

    id: str
    at: int | None = None
    name: str | None = None


def described(fold: WorkspaceState, *, ws: str, roles: Mapping[str, Role]) -> dict[str, Json]:
    """Return what the API says of a workspace; `roles` are its members', as `GET …/members` has them."""
    shown = setup_by_name(ConfigBody(policy=fold.policy, invariants=fold.invariants), fold.catalog)
    return {
        "id": ws,
        "name": fold.name,
        "seq": fold.seq,
        "epoch": fold.epoch,
        "documents": {fold.catalog.name_of(doc): kind for doc, kind in fold.listed().items()},
        "ids": {fold.catalog.name_of(doc): doc for doc in fold.listed()},
        "quarantined": {fold.catalog.name_of(doc): reason for doc, reason in fold.quarantined.items()},
        "members": dict(sorted(roles.items())),
        "policy": msgspec.to_builtins(shown.policy),
        "invariants": msgspec.to_builtins(shown.invariants),
        "broken": broken(fold.invariants, fold.documents),
        "routes": msgspec.to_builtins(fold.routes),
        "budget": msgspec.to_builtins(fold.budget),
        "receivers": msgspec.to_builtins(fold.receivers),
        **stops_of(fold),
    }


@describe(
    Reply(201, "the workspace", WorkspaceNow),
    asks="holder",
    body=Body(
        NewWorkspace, {"id": "trip", "name": "The trip", "documents": {"plan": {"content": "# Plan"}, "budget": "data"}}
    ),
    refuses=("bad_name", "bad_content", "exists"),
    is_read=False,
)
async def create(request: Request) -> Response:
    """`POST /api/workspaces`: make one; for whoever holds a token of the whole server."""
    registry = registry_of(request)
    identity = await operator(request, MAKES)
    body = await body_of(request, NewWorkspace)
    if not is_workspace_id(body.id) or not is_title(body.name or body.id):
        raise Problem("malformed", "An id is a-z, 0-9 and -, at most 63; a name at most 200 characters.")
    if len(body.documents) > registry.settings.documents_max:
        raise Problem("too_large", f"A workspace has at most {registry.settings.documents_max} documents.")
    documents = new_documents(body.documents)
    refusal = check(body.policy) if body.policy else None
    if refusal is not None:
        refuse(refusal)
    async with registry.probes.turn(identity.actor):
        edits = await first_edits(documents, identity, registry.clock)
    room = await registry.create(
        body.id,
        name=body.name or body.id,
        actor=identity.actor,
        policy=body.policy,
        documents={name: document.kind for name, document in documents.items()},
        edits=edits,
    )
    return answer(await _described(request, room, identity), 201)


@describe(Reply(200, "all of them", list[WorkspaceName]), asks="holder")
async def index(request: Request) -> Response:
    """`GET /api/workspaces`: all of them, for whoever holds a token of the whole server."""
    await identity_of(request, None)
    check_query(request)
    return answer([{"id": row.id, "name": row.name} for row in await registry_of(request).store.workspaces()])


@describe(Reply(200, "the workspace", WorkspaceNow))
async def show(request: Request) -> Response:
    """`GET /api/workspaces/WS`: its documents, members, rules and how far its log goes."""
    room, identity = await enter(request, "read")
    return answer(await _described(request, room, identity))


@describe(Reply(204, "it is gone"), is_read=False)
async def delete(request: Request) -> Response:
    """`DELETE /api/workspaces/WS`: it is gone with all that is in it; for its owners, never a guest."""
    room, _ = await enter(request, "grant")
    await registry_of(request).delete(room.ws)
    return Response(status_code=204)


@describe(
    Reply(200, "the workspace as it is now", WorkspaceNow),
    body=Body(NewConfig, {"name": "Demo", "budget": {"workspace_day": 5}}),
    refuses=("bad_scope", "document_renamed", "bad_name"),
    is_read=False,
)
async def configure(request: Request) -> Response:
    """`PUT …/config`: set it up, by a `config` record; receivers outlive `--open`, and are no guest's to declare."""
    room, identity = await enter(request, "administer")
    body = await body_of(request, NewConfig)
    _check_grants(request, identity, body)
    refusal = check(body.policy) if body.policy else None
    refusal = refusal or (check_invariants(body.invariants) if body.invariants else None)
    refusal = refusal or (check_routes(body.routes) if body.routes else None)
    refusal = refusal or (check_budget(body.budget) if body.budget else None)
    refusal = refusal or (check_receivers(body.receivers) if body.receivers else None)
    if refusal is not None:
        refuse(refusal)
    called = await room.read(lambda: room.sequencer.fold.name)
    if body.name not in (None, called) and not is_title(body.name):
        raise Problem("malformed", "A name has 1 to 200 characters, each of which is seen.")
    config = ConfigBody(
        name=body.name,
        policy=body.policy,
        invariants=body.invariants,
        routes=body.routes,
        budget=body.budget,
        receivers=body.receivers,
    )

    def configure(handle: Handle) -> None:
        handle(Configured(identity.actor, setup_by_id(config, room.sequencer.fold.catalog), identity.role))

    await write(request, room, configure)
    return answer(await _described(request, room, identity))


@describe(
    Reply(201, "the new workspace", WorkspaceNow),
    body=Body(NewFork, {"id": "trip-2", "at": 1}),
    refuses=("exists", "too_many_reads"),
    is_read=False,
)
async def fork(request: Request) -> Response:
    """`POST …/fork`: a workspace of its own from this one's past; for whoever may make workspaces and runs this one."""
    room, _ = await enter(request, "administer")
    identity = await operator(request, MAKES)
    registry = registry_of(request)
    body = await body_of(request, NewFork)
    at = await room.flush_runs() if body.at is None else body.at
    if not is_workspace_id(body.id) or not is_title(body.name or body.id):
        raise Problem("malformed", "An id is a-z, 0-9 and -, at most 63; a name at most 200 characters.")
    if not 1 <= at <= room.durable_seq:
        raise Problem("malformed", f"at is a record of the log, 1 to {room.durable_seq}.")
    async with registry.reads.turn(person_in(room.ws, identity.actor)):
        await fork_workspace(
            registry.store, registry.clock, room.ws, at=at, id=body.id, name=body.name or "", actor=identity.actor
        )
    made = await registry.room(body.id)
    assert made.ws == body.id, "a fork is a workspace of its own"
    return answer(await _described(request, made, identity), 201)


async def _described(request: Request, room: Room, identity: Identity) -> dict[str, Json]:
    roles = await registry_of(request).people.roles(room.ws)
    charge(request, identity, ROW_UNITS * len(roles))
    return await room.read(lambda: described(room.sequencer.fold, ws=room.ws, roles=roles))


def _check_grants(request: Request, identity: Identity, body: NewConfig) -> None:
    """Raise `Problem` where a set-up would give what is given elsewhere, or what a guest gives nobody."""
    if body.members is not None:
        reason = "A set-up gives nobody a role: who is a member, and as what, stands beside the log."
        remedy = "`PATCH …/members/NAME` changes a role, `DELETE` ends it; invitations and tokens let people in."
        raise Problem("malformed", reason, remedy=remedy)
    if body.receivers is not None and not identity.may("grant", registry_of(request).clock.now()):
        raise not_allowed(identity, "grant")
