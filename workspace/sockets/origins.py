"""Whose pages may act here, and by which names this server goes: `Origin`, `Sec-Fetch-Site`, `Host`. Values only.

A browser sends requests wherever a page tells it to, from within its network. They are foreign in two ways:

* The page is another's: `Origin` says so, and `Sec-Fetch-Site` where it is sent. Looked at on every server, for every
  request that changes something and every socket.
* The page's own name has been led here (DNS rebinding): then `Origin` and `Host` agree, and only `Host` shows that no
  name of this server was asked for. An open server, which trusts whoever reaches it, answers to its own names alone;
  one with tokens need not care, because a page under another name has none of them.

A request without these headers is no browser's: it is judged by what it brings. The port in `Host` is not compared with
the one that is listened on, which may be forwarded from another: the origin must agree with `Host` to the port, and no
page chooses its `Host`.
"""

from __future__ import annotations

import functools
import ipaddress
import re

from starlette.types import Scope

from workspace.access import is_origin_allowed
from workspace.errors import Refusal
from workspace.settings import Settings
from workspace.sockets.proxies import FORWARDED_HOST

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Who looks after the server asks for these by whatever address it has at hand; they say nothing about anybody.
NAMELESS = frozenset({"/healthz", "/readyz"})
OWN_SITES = frozenset({"same-origin", "none"})
# What a proxy adds, or may: such a request comes from farther away than its connection.
FORWARDED = re.compile(rb"forwarded|via|x-forwarded-.*|x-real-ip|cf-connecting-ip|true-client-ip")
REMEDY = "If the page is yours, start the server with --origin and its origin (FOLKMOOT_ORIGINS)."
FOREIGN_ORIGIN = Refusal("foreign_origin", "A page of another origin may not act here.", REMEDY)
FOREIGN_HOST = Refusal(
    "foreign_host",
    "This server is open to everybody, so it goes by its own addresses only: localhost, and its numbers.",
    "Ask for one of these; or start it with --origin and the origin people use (FOLKMOOT_ORIGINS).",
)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:/?#@\s]+)(?::[0-9]{0,5})?")


def foreign(scope: Scope, settings: Settings) -> Refusal | None:
    """Return why a request or a socket is not taken from where it comes; None where it may go on."""
    is_socket = scope["type"] == "websocket"
    if settings.is_open and not _is_nameless(scope) and not is_own_host(scope, settings):
        return FOREIGN_HOST
    if not is_socket and scope["method"] in SAFE_METHODS:
        return None
    return None if is_own_page(scope, settings) else FOREIGN_ORIGIN


def is_own_page(scope: Scope, settings: Settings) -> bool:
    """Tell whether no page of another origin sent this: one of the server's or a listed one did, or no page at all."""
    sent, sites = _values(scope, b"origin"), _values(scope, b"sec-fetch-site")
    if len(sent) > 1 or len(sites) > 1:
        return False
    if sent and sent[0] in settings.origins:
        return True
    if sites and sites[0] not in OWN_SITES:
        return False
    # What a trusted proxy was asked for. It tells whose page this is, never by which names an open server goes: a page
    # that was led here by its name may send any header but `Host`.
    hosts = [scope[FORWARDED_HOST]] if scope.get(FORWARDED_HOST) else _values(scope, b"host")
    return not sent or is_origin_allowed(sent[0], hosts[0] if len(hosts) == 1 else "", settings.origins)


def is_own_host(scope: Scope, settings: Settings) -> bool:
    """Tell whether `Host` is an address of this server: loopback, where it was reached, what it is told to be."""
    sent = _values(scope, b"host")
    if not sent:
        return True  # every browser sends one
    host = host_of(sent[0]) if len(sent) == 1 else None
    if host is None:
        return False
    if host == "localhost" or host == settings.host.lower() or host in _listed_hosts(settings.origins):
        return True
    number = _number(host)
    if number is None:
        return False
    reached = _number(str((scope.get("server") or ("",))[0]))
    return number.is_loopback or number == reached


def is_at_home(scope: Scope, settings: Settings) -> bool:
    """Tell whether somebody on the server's own machine asks directly, by a loopback address.

    Where origins are listed the server is reached from elsewhere, over a proxy that may stand on this machine and say
    nothing of itself: then nobody is known to be at home.
    """
    client, hosts = scope.get("client"), _values(scope, b"host")
    if settings.origins or client is None or any(FORWARDED.fullmatch(name) for name, _ in scope["headers"]):
        return False
    host = host_of(hosts[0]) if len(hosts) == 1 else None
    named, peer = _number(host or ""), _number(client[0])
    is_named_so = host == "localhost" or (named is not None and named.is_loopback)
    return is_named_so and peer is not None and peer.is_loopback and is_own_page(scope, settings)


def host_of(value: str) -> str | None:
    """Return the name or number in a `Host` header, in small letters, without port, brackets and last dot."""
    found = _HOST.fullmatch(value.strip().lower())
    return found[1].strip("[]").removesuffix(".") if found else None


@functools.lru_cache(maxsize=8)
def _listed_hosts(origins: tuple[str, ...]) -> frozenset[str]:
    found = (host_of(origin.partition("://")[2]) for origin in origins)
    return frozenset(host for host in found if host)


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a text spells; an IPv4 one also where it is written as IPv6."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_nameless(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) in NAMELESS


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
