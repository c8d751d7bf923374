"""Who somebody is, and the keys they hold: sessions of browsers, tokens; listed and ended by whoever holds them."""

from __future__ import annotations

import re

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from workspace.access import Identity, person_in
from workspace.errors import Refusal
from workspace.http.openapi.operation import Body, Reply, describe
from workspace.http.openapi.parameters import WS
from workspace.http.openapi.people_answers import Ended, HeldKey, Me, Profile
from workspace.http.people import ROW_UNITS, described
from workspace.http.problem import Problem, refuse
from workspace.http.request import (
    answer,
    body_of,
    charge,
    check_query,
    identity_of,
    pace_change,
    registry_of,
    wait_for_account,
)
from workspace.sockets.credentials import SESSION_COOKIE

# What a look at somebody's keys costs beside what is told of them.
ASK_UNITS = 16 << 10
# Of whoever ends a key: it is none of theirs, or nobody would be left who could let others in.
ENDS = ("not_found", "last_owner")
SETS_COOKIE = {"set-cookie": "the page's cookie"}
COLOUR = re.compile(r"(?:#[0-9a-fA-F]{6})?")


class NewProfile(msgspec.Struct, frozen=True):
    """Body of `PATCH /api/me`; what is left out stays. An empty colour is the one that a page gives to a name."""

    name: str | None = None
    colour: str | None = None


async def _enter(request: Request) -> tuple[str | None, Identity]:
    """Return for which workspace somebody asks, and who they are; waits until they owe no work.

    Raises:
        Problem: nobody is known by what came with the request, or it has another parameter than `ws`.
        TooMuchWork: so much was done for this person that even waiting is refused.
    """
    check_query(request)
    ws = request.query_params.get("ws")
    identity = await identity_of(request, ws)
    await wait_for_account(registry_of(request), person_in(ws or "", identity.actor))
    charge(request, identity, ASK_UNITS)
    return ws, identity


@describe(Reply(200, "who you are", Me), asks="holder", takes=(WS,))
async def me(request: Request) -> Response:
    """`GET /api/me?ws=WS`: who the key says you are, and whether an agent is here."""
    ws, identity = await _enter(request)
    planner = registry_of(request).planner
    person = await registry_of(request).people.profile(ws, identity)
    body = {
        "actor": identity.actor,
        "role": identity.role,
        "scope": identity.scope,
        "ws": ws,
        "planner": planner.name if planner else None,
        "name": person.name if person is not None else "",
        "colour": person.colour if person is not None else "",
    }
    return answer(body)


@describe(
    Reply(200, "as it is now", Profile),
    asks="holder",
    takes=(WS,),
    body=Body(NewProfile, {"name": "Ana", "colour": "#336699"}),
    refuses=("not_found",),
    is_read=False,
)
async def change(request: Request) -> Response:
    """`PATCH /api/me?ws=WS`: how you are called on this server, and your colour; your name in a workspace stays."""
    ws, identity = await _enter(request)
    body = await body_of(request, NewProfile)
    if not COLOUR.fullmatch(body.colour or ""):
        raise Problem("malformed", "A colour is #rrggbb in hexadecimal, or empty for none.")
    colour = body.colour.lower() if body.colour is not None else None
    changed = await registry_of(request).people.change_profile(ws, identity, name=body.name, colour=colour)
    if isinstance(changed, Refusal):
        refuse(changed)
    return answer({"name": changed.name, "colour": changed.colour})


@describe(Reply(204, "the cookie is set", headers=SETS_COOKIE), asks="holder", takes=(WS,), is_read=False)
async def open_session(request: Request) -> Response:
    """`POST /api/session?ws=WS`: turn a bearer token into the page's cookie."""
    check_query(request)
    token = request.headers.get("authorization", "").partition(" ")[2].strip()
    await identity_of(request, request.query_params.get("ws"))
    response = Response(status_code=204)
    keep(request, response, token)
    return response


@describe(Reply(204, "the cookie is gone", headers=SETS_COOKIE), asks="holder", takes=(WS,), is_read=False)
async def close_session(request: Request) -> Response:
    """`DELETE /api/session?ws=WS`: sign out: the session ends, the cookie goes; a token goes on."""
    check_query(request)
    ws = request.query_params.get("ws")
    identity = await identity_of(request, ws)
    if identity.person:
        pace_change(request, identity)
        await registry_of(request).people.end(ws or "", [identity.token_id], by=identity.actor, subject=identity.actor)
    response = Response(status_code=204)
    path, is_safe = cookie_path(request), request.url.scheme == "https"
    response.delete_cookie(SESSION_COOKIE, path=path, httponly=True, samesite="strict", secure=is_safe)
    return response


@describe(Reply(200, "what you hold", list[HeldKey]), asks="holder", takes=(WS,))
async def index(request: Request) -> Response:
    """`GET /api/sessions?ws=WS`: what you hold: all sessions of yours; with a token, all tokens of your name there."""
    ws, identity = await _enter(request)
    registry = registry_of(request)
    held = await registry.people.held(identity, ws)
    charge(request, identity, ROW_UNITS * len(held))
    return answer([described(registry.sightings.seen(row), own=identity.token_id) for row in held])


@describe(Reply(200, "what has ended", Ended), asks="holder", takes=(WS,), refuses=ENDS, is_read=False)
async def end(request: Request) -> Response:
    """`DELETE /api/sessions/ID?ws=WS`: end one of them; what goes on under it is over when this is answered."""
    return await _end(request, request.path_params["id"])


@describe(Reply(200, "what has ended", Ended), asks="holder", takes=(WS,), refuses=ENDS, is_read=False)
async def end_others(request: Request) -> Response:
    """`DELETE /api/sessions?ws=WS`: end all of them but the one you ask with."""
    return await _end(request, "")


async def _end(request: Request, id: str) -> Response:
    ws, identity = await _enter(request)
    if not identity.token_id or identity.scope != "all":
        raise Problem("forbidden", "Whoever only reads with a token ends nothing.", remedy="Ask with another one.")
    pace_change(request, identity)
    ended = await registry_of(request).people.end_held(identity, ws, id=id)
    if isinstance(ended, Refusal):
        refuse(ended)
    return answer({"ended": ended})


def keep(
    request: Request, response: Response, key: str, *, seconds: float | None = None, is_safe: bool | None = None
) -> None:
    """Have the browser keep a key in the page's cookie, for so many seconds, or until it is closed."""
    # HttpOnly and same-site: no script of the page reads it, and no other page sends it.
    response.set_cookie(
        SESSION_COOKIE,
        key,
        max_age=int(seconds) if seconds is not None else None,
        path=cookie_path(request),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https" if is_safe is None else is_safe,
    )


def cookie_path(request: Request) -> str:
    """Return where a cookie of the page is sent to: to this server alone, also where others are beside it."""
    return request.scope.get("root_path", "") or "/"
