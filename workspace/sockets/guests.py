"""Guests of an open server: a name of their own that a browser keeps, so that who comes back is the same person.

The cookie proves nothing and need not: on an open server everybody may say who they are.
"""

from __future__ import annotations

import re

from starlette.requests import cookie_parser
from starlette.types import Message, Scope, Send

from workspace.access import GUEST_ROLE, Identity
from workspace.names import is_for_people

COOKIE = "folkmoot_guest"
COOKIE_SECONDS = 30 * 24 * 3600
CHANCE_BYTES = 4
# Where a request's guest is found in its ASGI scope, and whether the name is new with this answer.
GUEST, IS_NEW = "folkmoot.guest", "folkmoot.guest_is_new"
_GUEST = re.compile(r"guest-[0-9a-f]{8}")
# Programs look in here, not people; and files are kept by caches.
_OTHERS = re.compile(r"/(?:static/.*|healthz|readyz|metrics|openapi\.json|api)")


def new_guest(chance: str) -> str:
    """Return a guest's name from 4 random bytes in hex."""
    name = f"guest-{chance}"
    assert _GUEST.fullmatch(name), "a guest who comes again is known by the name given here"
    return name


def guest_in(header: str) -> str | None:
    """Return the guest's name in a `Cookie` header, if there is one of ours."""
    kept = cookie_parser(header).get(COOKIE, "")
    return kept if _GUEST.fullmatch(kept) else None


def open_identity(name: str, guest: str) -> Identity:
    """Return who somebody is on an open server: the name they give, or their name as a guest."""
    return Identity(name if is_for_people(name) else guest, GUEST_ROLE)


def receive_guest(scope: Scope, send: Send, chance: str) -> Send:
    """Note in the scope of an HTTP request which guest asks; return a `send` that gives a new one the cookie."""
    headers = dict(scope["headers"])
    known = guest_in(headers.get(b"cookie", b"").decode("latin-1"))
    scope[GUEST], scope[IS_NEW] = known or new_guest(chance), known is None
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if known or b"authorization" in headers or _OTHERS.fullmatch(path):
        return send
    where = scope.get("root_path", "") or "/"
    parts = [f"{COOKIE}={scope[GUEST]}", f"Path={where}", f"Max-Age={COOKIE_SECONDS}", "HttpOnly", "SameSite=Strict"]
    if scope.get("scheme") == "https":
        parts.append("Secure")
    line = (b"set-cookie", "; ".join(parts).encode())

    async def give(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), line]
        await send(message)

    return give
