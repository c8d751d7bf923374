"""What every HTTP request passes: who is it, may they, is the body within bounds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from crdt.digest import Json, normalise
from workspace.access import GUEST_ROLE, Identity, Right, TokenRow, person_in
from workspace.errors import TooMuchWork
from workspace.http import entitlement
from workspace.http.fields import unknown_field
from workspace.http.openapi.operation import JSON as JSON_TYPE
from workspace.http.openapi.operation import Operation, operation_of
from workspace.http.problem import Problem
from workspace.intents.rules.places import may_somewhere
from workspace.names import find_document, is_workspace_id
from workspace.protocol.bounded_json import Malformed, read_json
from workspace.protocol.messages import read_value
from workspace.registry.registry import RoomRegistry
from workspace.room.context import Handle
from workspace.room.room import Room
from workspace.sockets.credentials import SESSION_COOKIE
from workspace.sockets.guests import GUEST, open_identity
from workspace.sockets.origins import SAFE_METHODS, is_own_page
from workspace.threads import compute

T = TypeVar("T")
DIGITS_MAX = 16
# Of one person, for an account that stands below nothing.
WAITING_MAX = 16
# A larger body is read beside the event loop.
BESIDE_BYTES = 64 << 10
# No rule of a document gives these.
OWNERS_RIGHTS = frozenset({"administer", "grant"})


def registry_of(request: Request) -> RoomRegistry:
    """Return the server's registry."""
    registry: RoomRegistry = request.app.state.registry
    return registry


async def identity_of(request: Request, ws: str | None) -> Identity:
    """Return who asks. Raises `Problem` unauthenticated; a cookie counts only from the server's own pages."""
    registry = registry_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        identity = await registry.tokens.identify(token.strip(), ws)
    else:
        # A cookie comes with whatever a browser sends, also from the pages of others: it counts only from one's own.
        cookie = request.cookies.get(SESSION_COOKIE) if _is_own_page(request) else None
        identity = await registry.tokens.identify(cookie, ws) if _is_own_page(request) else None
        if identity is None and registry.settings.is_open and not token:
            return open_identity(request.query_params.get("name", ""), request.scope[GUEST])
    if identity is None:
        raise Problem("unauthenticated", "No valid token came with the request.", remedy="Ask the owner for a link.")
    entitlement.hold(request, registry.authority, identity, ws)
    registry.sightings.note(identity.token_id, address_of(request))
    return identity


async def session_of(request: Request) -> TokenRow | None:
    """Return the session with which somebody asks, in whatever workspace; None where they have none that counts."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await registry_of(request).tokens.session(key.strip())
    return await registry_of(request).tokens.session(
        request.cookies.get(SESSION_COOKIE) if _is_own_page(request) else None
    )


def address_of(request: Request) -> str:
    """Return the address that a request came from: behind a proxy what it says, where it is trusted, or its own."""
    return request.client.host if request.client is not None else ""


def _is_own_page(request: Request) -> bool:
    if "origin" not in request.headers and request.method not in SAFE_METHODS:
        return False
    return is_own_page(request.scope, registry_of(request).settings)


def told_of(request: Request) -> Operation:
    """Return what is said of the handler that answers a request: what it takes."""
    operation = operation_of(request.scope["endpoint"])
    assert operation is not None, "a handler says what it takes (`@describe`)"
    return operation


def check_query(request: Request) -> None:
    """Raise `Problem` unknown_parameter for a parameter of the address that this route does not take.

    A misspelt `at` would give another answer than the one that was asked for. `name` says who one is on an open server.
    """
    takes = told_of(request).query
    for name in request.query_params:
        if name not in takes and name != "name":
            known = ", ".join(takes) or "none"
            reason = f"There is no parameter {name[:40]!r} here. There are: {known}."
            raise Problem("unknown_parameter", reason, remedy="Leave it out, or spell it as one of these.")


async def enter(request: Request, right: Right) -> tuple[Room, Identity]:
    """Return the room and the identity of a request to `/api/workspaces/WS/…`, if it may.

    Raises:
        Problem: not authenticated, not allowed, or no such workspace; the last two look the same to a stranger.
        TooMuchWork: so much was done for this person that even waiting is refused.
    """
    ws = request.path_params["ws"]
    if not is_workspace_id(ws):
        raise Problem("not_found", "No such workspace, or it is not yours.")
    identity = await identity_of(request, ws)
    registry = registry_of(request)
    # A rule may give more in one document: whether it does is looked at in the room, by whoever enters it for that.
    needed: Right = right if right in OWNERS_RIGHTS or identity.only_reads else "read"
    if not identity.may(needed, registry.clock.now()):
        raise not_allowed(identity, right)
    check_query(request)
    await wait_for_account(registry, person_in(ws, identity.actor))
    room = await registry.room(ws)
    # Else a workspace that is asked over HTTP alone would be closed while it answers.
    room.hub.note_use()
    # Both may have taken a while.
    entitlement.check(request)
    if not may_somewhere(room.sequencer.fold, right, actor=identity.actor, role=identity.role):
        raise not_allowed(identity, right)
    return room, identity


def not_allowed(identity: Identity, right: Right) -> Problem:
    """Return the problem of somebody whose role does not have a right."""
    if identity.role == GUEST_ROLE:
        given = "keys, roles, rules or receivers"
        reason = f"A guest gives no {given}, and ends nothing for others: nobody knows who a guest is."
        return Problem("forbidden", reason, remedy="Come with the owner's link, or ask who runs the server for one.")
    return Problem("forbidden", f"A {identity.role} may not {right} here.", remedy="Ask the owner.")


async def wait_for_account(registry: RoomRegistry, person: str) -> None:
    """Wait until the person who asks owes no work. Raises `TooMuchWork` where many of their requests wait already."""
    now = asyncio.get_running_loop().time()
    account = registry.accounts.of(person, now)
    owed = account.owed(now)
    if owed <= 0:
        return
    if account.waiting >= WAITING_MAX:
        raise TooMuchWork(f"{WAITING_MAX} of your requests wait for what was done for others of yours", retry=True)
    account.waiting += 1
    try:
        await asyncio.sleep(owed)
    finally:
        account.waiting -= 1


async def write(request: Request, room: Room, work: Callable[[Handle], T]) -> T:
    """Have `work` done in a turn of the room, and return what it returned once that is durable.

    Whether the rights last under which the request came is looked at in the turn itself: whoever is told by then that
    theirs are over writes nothing more, whatever the request has waited for.

    Raises:
        Problem: the rights are over.
        RoomClosed, EventRefused: as `Room.write` does.
    """

    def work_if_allowed(handle: Handle) -> T:
        entitlement.check(request)
        return work(handle)

    return await room.write(work_if_allowed)


def charge(request: Request, identity: Identity, units: int) -> None:
    """Enter what an answer cost on its person's account, in units of about a byte (`workspace.room.work_account`)."""
    now = asyncio.get_running_loop().time()
    person = person_in(request.path_params.get("ws") or request.query_params.get("ws", ""), identity.actor)
    registry_of(request).accounts.of(person, now).spend(units, now)


def document_name(request: Request, room: Room) -> str:
    """Return the document a path names, decoded once, in the form in which the room knows it if it does."""
    name: str = request.path_params["doc"]
    if request.scope["path"].endswith("\n"):
        # Decision 78: ASGI decodes a path once, nobody decodes it again. A route's `$` also matches before a last "\n".
        name += "\n"
    return find_document(name, room.sequencer.fold.catalog.holders)


async def body_of(request: Request, kind: type[T]) -> T:
    """Return the JSON body as a typed value. Raises `Problem` not_json, too_large, malformed and unknown_field."""
    told = told_of(request).body
    assert told is not None, "a handler that reads a body says so"
    assert told.kind is kind, "a body is read as the type that is told of it"
    body = await raw_body(request)
    # A form on another's page can send a body too, under three types of which this is none.
    if body and request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON_TYPE:
        raise Problem("not_json", "The body does not say that it is JSON.", remedy=f"Send Content-Type: {JSON_TYPE}.")
    # Of a megabyte, what has to be mended takes fifty milliseconds.
    value = await compute(read_json, body) if len(body) > BESIDE_BYTES else read_json(body or b"{}")
    if isinstance(value, Malformed):
        raise Problem(value.code, value.reason)
    if not isinstance(value, dict):
        raise Problem("malformed", "The body is a JSON object.")
    unknown = unknown_field(value, kind)
    if unknown:
        raise Problem("unknown_field", unknown, remedy="Leave it out, or spell it as one of these.")
    typed = read_value(value, kind)
    if isinstance(typed, Malformed):
        raise Problem(typed.code, typed.reason)
    assert isinstance(typed, kind), "a body is of the type that was asked for"
    return typed


def pace_change(request: Request, identity: Identity) -> None:
    """Count one change of who may what, which the record of access keeps; called by whatever makes one.

    Raises `Problem` rate_limited, with the seconds until the next, where a person makes more than people do.
    """
    registry = registry_of(request)
    ws = request.path_params.get("ws") or request.query_params.get("ws", "")
    person = identity.person or person_in(ws, identity.actor)
    if not registry.changes.is_allowed(person):
        wait = registry.changes.wait(person)
        raise Problem(
            "rate_limited",
            "You have changed keys and rights very often of late, and each change is kept on record.",
            remedy=f"Try again in {wait} seconds.",
            headers={"retry-after": str(wait)},
        )


async def raw_body(request: Request) -> bytes:
    """Return the body without reading more than is allowed."""
    body, most = b"", registry_of(request).settings.body_bytes_max
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise Problem("too_large", f"A body has at most {most} bytes.")
    except ClientDisconnect as error:  # nobody is told; nor is the server's log, by whoever likes
        raise Problem("malformed", "The connection ended within the body.") from error
    # It may have been long in coming.
    entitlement.check(request)
    return body


def number(request: Request, name: str, *, default: int = 0, low: int | None = None, high: int | None = None) -> int:
    """Return a whole number from the query, within the bounds that are told of it, or narrower ones of this request.

    `default` stands where it is left out, unless one is told. Raises `Problem` malformed.
    """
    told = told_of(request).parameter(name)
    text = request.query_params.get(name)
    if text is None:
        return told.default if isinstance(told.default, int) else default
    least, most = low if low is not None else told.low or 0, high if high is not None else told.high
    assert most is not None, "a number has bounds"
    assert least <= most, "some number is within"
    found = whole_number(text)
    if found is None or not least <= found <= most:
        raise Problem("malformed", f"{name} is a whole number from {least} to {most}.")
    return found


def word(request: Request, name: str) -> str:
    """Return one of the words that a parameter may be; empty where it is left out. Raises `Problem`."""
    told = told_of(request).parameter(name)
    given = request.query_params.get(name, told.default or "")
    if name in request.query_params and given not in told.words:
        raise Problem("malformed", f"{name} is one of {', '.join(told.words)}.")
    return str(given)


def whole_number(text: str) -> int | None:
    """Return the number that a text spells in at most 16 decimal digits; None where it spells none."""
    # Not `isdigit`: it is true of "²", which `int` does not read; and of a text of any length.
    return int(text) if text.isdecimal() and len(text) <= DIGITS_MAX else None


def answer(value: object, status: int = 200) -> Response:
    """Return a value as a JSON response."""
    plain: Json = normalise(msgspec.to_builtins(value))
    return Response(json.dumps(plain, ensure_ascii=False), status, media_type="application/json")
