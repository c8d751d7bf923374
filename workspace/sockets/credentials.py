"""What a connection brings to say who it is: tokens of its subprotocols, its cookie, its address. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http.cookies import CookieError, SimpleCookie

SESSION_COOKIE = "folkmoot_session"
OFFER = "token."


def offered_tokens(subprotocols: Iterable[str]) -> list[str]:
    """Return the tokens among the subprotocols that a socket offers: how a page hands one over that keeps no cookie."""
    return [part.removeprefix(OFFER) for part in subprotocols if part.startswith(OFFER)]


def socket_tokens(
    subprotocols: Iterable[str], headers: Mapping[str, str], query: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Return the tokens a socket brings, in the order in which they count: subprotocol, cookie, query.

    The cookie of a request without an origin is none: programs that are no browser say who they are themselves.
    """
    yield from offered_tokens(subprotocols)
    cookie = cookie_token(headers.get("cookie", "")) if headers.get("origin") else None
    if cookie is not None:
        yield cookie
    yield from query.get("token", ())


def cookie_token(header: str) -> str | None:
    """Return the token in a session cookie, if there is one."""
    try:
        kept = SimpleCookie(header).get(SESSION_COOKIE)
    except CookieError:
        return None
    return kept.value if kept else None
