"""The people of a workspace over HTTP: members and their roles, tokens, a lost link, and whoever leaves."""

from __future__ import annotations

import re

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crdt.digest import Json
from workspace.access import REACHES, ROLES, AccessRow, Reach, TokenRow, is_given
from workspace.errors import Refusal
from workspace.http.openapi.operation import Body, Parameter, Reply, describe
from workspace.http.openapi.people_answers import (
    HeldKey,
    HeldRole,
    MadeLink,
    MadeToken,
    MemberNow,
    Revoked,
    RotatedToken,
)
from workspace.http.problem import Problem, refuse
from workspace.http.request import answer, body_of, charge, enter, number, pace_change, registry_of
from workspace.names import is_actor
from workspace.registry.known_names import names_in
from workspace.registry.tokens import CENTURY_SECONDS

LABEL_POINTS_MAX = 100
# So much of the record of access is one answer.
ACCESSES_MAX = 500
ENTRY = re.compile(r"[0-9a-f]{12}")
# What a row of an answer counts on the account of whoever asks: it was read, and is told.
ROW_UNITS = 1_024


class NewToken(msgspec.Struct, frozen=True):
    """Body of `POST …/tokens`; `expires` in unix seconds, `scope` "all" of the role or "read", `label` its purpose."""

    actor: str
    role: str
    expires: float | None = None
    scope: Reach = "all"
    label: str = ""


class NewLink(msgspec.Struct, frozen=True):
    """Body of `POST …/links`: whose is lost; `expires` in unix seconds."""

    actor: str
    expires: float | None = None


class Revocation(msgspec.Struct, frozen=True):
    """Body of `POST …/revoke`."""

    actor: str | None = None
    token_id: str | None = None


class NewRole(msgspec.Struct, frozen=True):
    """Body of `PATCH …/members/NAME`."""

    role: str


def check_end(request: Request, expires: float | None) -> None:
    """Raise `Problem` malformed for an end that nobody means; None is no end."""
    now = registry_of(request).clock.now()
    if expires is not None and not now < expires <= now + CENTURY_SECONDS:
        reason = "expires is in seconds since 1970, to come, and at most a hundred years from now."
        raise Problem("malformed", reason, remedy="Divide milliseconds by 1000; without it a token has no end.")


def described(row: TokenRow, *, own: str) -> dict[str, Json]:
    """Return what the API says of a key, never its secret; `own` is the id of the one that was used to ask."""
    return {
        "id": row.id,
        "kind": "session" if row.person is not None else "token",
        "actor": row.actor,
        "role": row.role,
        "scope": row.scope,
        "label": row.label,
        "created": row.created_at,
        "expires": row.expires,
        "used": row.used_at,
        "from": row.used_from,
        "own": row.id == own,
    }


@describe(Reply(200, "who is here", list[MemberNow]))
async def index(request: Request) -> Response:
    """`GET …/members`: who is here, with which role and colour."""
    room, identity = await enter(request, "read")
    registry = registry_of(request)
    members = {row.actor: row for row in await registry.store.members(room.ws)}
    people = {row.id: row for row in await registry.store.persons(room.ws)}
    found: list[dict[str, Json]] = []
    for actor, role in sorted((await registry.people.roles(room.ws)).items()):
        person = people.get(members[actor].person) if actor in members else None
        found.append(
            {
                "actor": actor,
                "role": role,
                "since": members[actor].created_at if actor in members else "",
                "colour": person.colour if person is not None else "",
                "own": actor == identity.actor,
            }
        )
    charge(request, identity, ROW_UNITS * len(found))
    return answer(found)


@describe(
    Reply(200, "what they are now", HeldRole),
    body=Body(NewRole, {"role": "editor"}),
    refuses=("last_owner",),
    is_read=False,
)
async def change(request: Request) -> Response:
    """`PATCH …/members/NAME`: another role, with every token of theirs; for the owner. It counts at once."""
    room, identity = await enter(request, "grant")
    body = await body_of(request, NewRole)
    if not is_given(body.role):
        raise Problem("malformed", f"A role is one of {', '.join(ROLES)}.")
    actor = request.path_params["actor"]
    pace_change(request, identity)
    _done(await registry_of(request).people.set_role(room.ws, actor, body.role, by=identity.actor))
    return answer({"actor": actor, "role": body.role})


@describe(Reply(204, "they are no member any more"), refuses=("last_owner",), is_read=False)
async def remove(request: Request) -> Response:
    """`DELETE …/members/NAME`: take somebody out, for the owner; leave, by one's own name. The name stays theirs."""
    room, identity = await enter(request, "read")
    actor = request.path_params["actor"]
    now = registry_of(request).clock.now()
    is_own = actor == identity.actor and identity.scope == "all" and bool(identity.token_id)
    if not is_own and not identity.may("grant", now):
        raise Problem("forbidden", "Only an owner takes others out.", remedy="You may leave: give your own name.")
    pace_change(request, identity)
    _done(await registry_of(request).people.remove(room.ws, actor, by=identity.actor))
    return Response(status_code=204)


@describe(Reply(200, "the tokens that count", list[HeldKey]))
async def tokens(request: Request) -> Response:
    """`GET …/tokens`: the tokens that count here, never their secrets; for the owner."""
    room, identity = await enter(request, "grant")
    registry = registry_of(request)
    found = await registry.people.listed(room.ws)
    return answer([described(registry.sightings.seen(row), own=identity.token_id) for row in found])


@describe(
    Reply(201, "the token", MadeToken),
    body=Body(NewToken, {"actor": "Ben", "role": "editor", "label": "a bot"}),
    refuses=("name_taken", "last_owner"),
    is_read=False,
)
async def make_token(request: Request) -> Response:
    """`POST …/tokens`: make a token, which is seen this once; for the owner."""
    room, identity = await enter(request, "grant")
    body = await body_of(request, NewToken)
    if not is_actor(body.actor) or not is_given(body.role):
        raise Problem("malformed", f"Give an actor (1 to 64 characters) and a role of {', '.join(ROLES)}.")
    if body.scope not in REACHES or len(body.label) > LABEL_POINTS_MAX or not (body.label + "x").isprintable():
        reason = f"scope is one of {', '.join(REACHES)}; a label has at most {LABEL_POINTS_MAX} printable characters."
        raise Problem("malformed", reason)
    check_end(request, body.expires)
    pace_change(request, identity)
    token = await registry_of(request).people.make_token(
        room.ws,
        actor=body.actor,
        role=body.role,
        expires=body.expires,
        scope=body.scope,
        label=body.label,
        by=identity.actor,
        logged=await room.read(lambda: names_in(room.sequencer.fold)),
    )
    if isinstance(token, Refusal):
        refuse(token)
    return answer({"token": token, "actor": body.actor, "role": body.role, "scope": body.scope}, 201)


@describe(Reply(201, "the token in its place", RotatedToken), refuses=("last_owner",), is_read=False)
async def rotate(request: Request) -> Response:
    """`POST …/tokens/ID/rotate`: a new token in its place; for the owner, and for whoever holds it. Seen this once."""
    room, identity = await enter(request, "read")
    is_owner = identity.may("grant", registry_of(request).clock.now())
    pace_change(request, identity)
    token = await registry_of(request).people.rotate(
        room.ws, request.path_params["id"], by=identity.actor, holder="" if is_owner else identity.token_id or "nobody"
    )
    if isinstance(token, Refusal):
        refuse(token)
    return answer({"token": token}, 201)


@describe(
    Reply(201, "the token of their new link", MadeLink),
    body=Body(NewLink, {"actor": "Ben"}),
    refuses=("last_owner",),
    is_read=False,
)
async def new_link(request: Request) -> Response:
    """`POST …/links`: a member has lost their link: a new token, and all they had here end; for the owner."""
    room, identity = await enter(request, "grant")
    body = await body_of(request, NewLink)
    check_end(request, body.expires)
    pace_change(request, identity)
    made = await registry_of(request).people.new_link(room.ws, body.actor, expires=body.expires, by=identity.actor)
    if isinstance(made, Refusal):
        refuse(made)
    return answer({"token": made[0], "actor": body.actor, "role": made[1]}, 201)


@describe(
    Reply(200, "what has ended", Revoked),
    body=Body(Revocation, {"token_id": "0123456789ab"}),
    refuses=("last_owner",),
    is_read=False,
)
async def revoke(request: Request) -> Response:
    """`POST …/revoke`: tokens die now, their sockets before this answers; an actor's with their membership."""
    room, identity = await enter(request, "grant")
    body = await body_of(request, Revocation)
    if body.actor is None and body.token_id is None:
        raise Problem("malformed", "Name an actor or a token_id.")
    pace_change(request, identity)
    ids = await registry_of(request).revoke(room.ws, actor=body.actor, token_id=body.token_id, by=identity.actor)
    if isinstance(ids, Refusal):
        refuse(ids)
    return answer({"revoked": ids})


@describe(
    Reply(200, "the entries, the newest first", list[AccessRow]),
    takes=(
        Parameter("limit", "how many at most", low=1, high=ACCESSES_MAX, default=ACCESSES_MAX, example=20),
        Parameter("before", "the last entry of the page before, by its id", example="0123456789ab"),
    ),
)
async def accesses(request: Request) -> Response:
    """`GET …/access?limit=N&before=ID`: who gave whom which right here, who came and who left; for the owner.

    The newest first, 500 of them at most; `before` is the last entry of the page before.
    """
    room, identity = await enter(request, "grant")
    limit = number(request, "limit")
    before = request.query_params.get("before", "")
    if "before" in request.query_params and not ENTRY.fullmatch(before):
        raise Problem("malformed", "before is the id of an entry, as this answers it.")
    found = await registry_of(request).store.accesses(room.ws, limit=limit, before=before)
    charge(request, identity, ROW_UNITS * len(found))
    return answer(found)


def _done(refusal: Refusal | None) -> None:
    if refusal is not None:
        refuse(refusal)
