"""Invitations over HTTP: made and taken back by owners, looked at and taken up by whoever holds one.

What is handed out stands behind the `#` of a link and in bodies: never in an address, which servers write down.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crdt.digest import Json
from workspace.access import ROLES, InvitationRow, TokenRow, is_given
from workspace.errors import Refusal
from workspace.http.openapi.operation import Body, Reply, describe
from workspace.http.openapi.people_answers import Invitation, MadeInvitation, Membership, Offer
from workspace.http.problem import Problem, refuse
from workspace.http.request import address_of, answer, body_of, check_query, enter, pace_change, registry_of, session_of
from workspace.http.sessions import keep
from workspace.registry.invitations import SPENT
from workspace.registry.known_names import names_in

KEY_POINTS_MAX = 64
# In the order in which they count: most browsers name others, too.
BROWSERS = ("Firefox", "Edg", "OPR", "Chrome", "Safari")
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")
CALLED = {"Edg": "Edge", "OPR": "Opera", "Macintosh": "a Mac", "iPhone": "an iPhone", "iPad": "an iPad"}


class NewInvitation(msgspec.Struct, frozen=True):
    """Body of `POST …/invitations`: for how many people, until when (unix seconds; default: a week)."""

    role: str
    uses: int = 1
    expires: float | None = None


class Held(msgspec.Struct, frozen=True):
    """Body of `POST /api/invitation`: the invitation, as the link has it."""

    invitation: str


class Acceptance(msgspec.Struct, frozen=True):
    """Body of `POST /api/invitation/accept`; `name` is left out by whoever is known."""

    invitation: str
    name: str = ""


def described(row: InvitationRow) -> dict[str, Json]:
    """Return what the API says of an invitation, never its secret."""
    return {
        "id": row.id,
        "role": row.role,
        "uses": row.uses,
        "used": row.used,
        "expires": row.expires,
        "by": row.by,
        "created": row.created_at,
    }


def browser_words(agent: str) -> str:
    """Return a browser's own name of itself in words, as "Firefox on Linux"; what is none is "a program"."""
    browser = next((name for name in BROWSERS if f"{name}/" in agent), "")
    system = next((name for name in SYSTEMS if name in agent), "")
    if not browser or not agent.startswith("Mozilla/"):
        return "a program"
    name = CALLED.get(browser, browser)
    return f"{name} on {CALLED.get(system, system)}" if system else name


@describe(
    Reply(201, "the invitation", MadeInvitation),
    body=Body(NewInvitation, {"role": "editor", "uses": 5}),
    refuses=("too_large",),
    is_read=False,
)
async def create(request: Request) -> Response:
    """`POST …/invitations`: make an invitation, which is seen this once; for the owner."""
    room, identity = await enter(request, "grant")
    body = await body_of(request, NewInvitation)
    if not is_given(body.role):
        raise Problem("malformed", f"A role is one of {', '.join(ROLES)}.")
    pace_change(request, identity)
    made = await registry_of(request).invitations.invite(
        room.ws, role=body.role, uses=body.uses, expires=body.expires, by=identity.actor
    )
    if isinstance(made, Refusal):
        refuse(made)
    return answer({"invitation": made[0], **described(made[1])}, 201)


@describe(Reply(200, "those that are open", list[Invitation]))
async def index(request: Request) -> Response:
    """`GET …/invitations`: those that somebody may still take up; for the owner."""
    room, _ = await enter(request, "grant")
    return answer([described(row) for row in await registry_of(request).invitations.open(room.ws)])


@describe(Reply(204, "nobody comes in by it any more"), is_read=False)
async def delete(request: Request) -> Response:
    """`DELETE …/invitations/ID`: nobody comes in by it any more; for the owner."""
    room, identity = await enter(request, "grant")
    pace_change(request, identity)
    refusal = await registry_of(request).invitations.take_back(room.ws, request.path_params["id"], by=identity.actor)
    if refusal is not None:
        refuse(refusal)
    return Response(status_code=204)


@describe(
    Reply(200, "what it opens", Offer),
    asks="maybe_holder",
    body=Body(Held, {"invitation": "fi_0123456789ab_0123456789abcdef0123456789abcdef"}),
    refuses=("invitation_spent",),
    is_read=False,
)
async def look(request: Request) -> Response:
    """`POST /api/invitation`: to which workspace, as what, by whom; and whether the server knows who asks."""
    check_query(request)
    check_pace(request)
    body = await body_of(request, Held)
    registry = registry_of(request)
    session = await session_of(request)
    row = await registry.invitations.look(body.invitation[: KEY_POINTS_MAX + 1], session=session)
    workspace = await registry.store.workspace(row.ws) if row is not None else None
    if row is None or workspace is None:
        refuse(SPENT)
    known = await _known(request, session, row.ws)
    return answer(
        {"ws": row.ws, "name": workspace.name, "role": row.role, "by": row.by, "expires": row.expires, **known}
    )


@describe(
    Reply(201, "a member now; a session in the page's cookie", Membership),
    Reply(200, "a member already", Membership),
    asks="maybe_holder",
    body=Body(Acceptance, {"invitation": "fi_0123456789ab_0123456789abcdef0123456789abcdef", "name": "Ben"}),
    refuses=("invitation_spent", "name_taken", "too_large", "not_found"),
    is_read=False,
)
async def accept(request: Request) -> Response:
    """`POST /api/invitation/accept`: become a member, under a name or as who the server knows; gives a session."""
    check_query(request)
    check_pace(request)
    body = await body_of(request, Acceptance)
    registry = registry_of(request)
    session = await session_of(request)
    row = await registry.invitations.look(body.invitation[: KEY_POINTS_MAX + 1], session=session)
    if row is None:
        refuse(SPENT)
    room = await registry.room(row.ws)
    done = await registry.invitations.accept(
        body.invitation,
        name=body.name,
        session=session,
        label=browser_words(request.headers.get("user-agent", "")),
        place=address_of(request),
        known=await room.read(lambda: names_in(room.sequencer.fold)),
    )
    if isinstance(done, Refusal):
        refuse(done)
    member = done.member
    response = answer({"ws": member.ws, "actor": member.actor, "role": member.role}, 201 if done.is_new else 200)
    if done.session:
        keep(request, response, done.session, seconds=done.expires - registry.clock.now())
    return response


async def _known(request: Request, session: TokenRow | None, ws: str) -> dict[str, Json]:
    """Return who asks, as far as a session says it: the name, and whether they are a member already."""
    if session is None or session.person is None:
        return {"known": None, "member": False}
    store = registry_of(request).store
    here = next((row for row in await store.memberships(session.person) if row.ws == ws), None)
    person = await store.person(session.person)
    name = here.actor if here is not None else person.name if person is not None else ""
    return {"known": name, "member": here is not None and bool(here.role)}


def check_pace(request: Request) -> None:
    """Raise `Problem` rate_limited for too many attempts from one address."""
    attempts, address = registry_of(request).attempts, address_of(request)
    if not attempts.is_allowed(address):
        raise Problem(
            "rate_limited",
            "Too many attempts came from your address.",
            remedy="Wait a moment and try again.",
            headers={"retry-after": str(attempts.wait(address))},
        )
