"""What stands between people and this server: a prefix of its paths, and what a trusted proxy says of who asks.

A proxy either strips the prefix or passes it on; behind this module every path of an HTTP request begins with it, as
ASGI's `root_path` has it, and a socket's path never does. Only an address that the operator trusts is believed in what
it says: `X-Forwarded-For`, `-Proto`, `-Host`, `-Prefix`. Of everybody else these headers are passed over.
"""

from __future__ import annotations

import functools
import ipaddress
from dataclasses import dataclass
from urllib.parse import quote

from starlette.types import Scope

from workspace.settings import Settings, is_root_path

# Where a request's scope has the `Host` that a trusted proxy was asked for.
FORWARDED_HOST = "folkmoot.forwarded_host"
SCHEMES = frozenset({"http", "https"})
# Whoever sends more than this has not come through a chain of proxies.
HOPS_MAX = 32

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a request by the proxy that it came through; empty where nothing is."""

    client: str = ""
    scheme: str = ""
    host: str = ""
    prefix: str = ""


def place(scope: Scope, settings: Settings) -> None:
    """Write into the scope of a request or a socket where it came from, and under which prefix it asks."""
    told = read_told(scope, settings)
    is_socket = scope["type"] == "websocket"
    if told.client:
        scope["client"] = (told.client, 0)
    if told.scheme:
        scope["scheme"] = told.scheme.replace("http", "ws") if is_socket else told.scheme
    if told.host:
        scope[FORWARDED_HOST] = told.host
    prefix = settings.root_path or told.prefix
    if not prefix:
        return
    path: str = scope["path"]
    is_passed_on = path == prefix or path.startswith(f"{prefix}/")
    inner = path[len(prefix) :] if is_passed_on else path
    if is_socket:
        scope["path"] = inner
        return
    scope["root_path"], scope["path"] = prefix, prefix + inner
    if not is_passed_on and "raw_path" in scope:
        scope["raw_path"] = quote(prefix).encode() + scope["raw_path"]


def read_told(scope: Scope, settings: Settings) -> Told:
    """Return what a trusted proxy says of a request; nothing where whoever sent it is trusted with nothing."""
    client = scope.get("client")
    if client is None or not is_trusted(client[0], settings.forwarded_allow_ips):
        return Told()
    hops = [hop.strip() for hop in ",".join(_values(scope, b"x-forwarded-for")).split(",") if hop.strip()]
    scheme = _last(scope, b"x-forwarded-proto").lower()
    prefix = _last(scope, b"x-forwarded-prefix").rstrip("/")
    return Told(
        client=_first_untrusted(hops, settings.forwarded_allow_ips),
        scheme=scheme if scheme in SCHEMES else "",
        host=_last(scope, b"x-forwarded-host"),
        prefix=prefix if is_root_path(prefix) else "",
    )


def is_trusted(host: str, trusted: tuple[str, ...]) -> bool:
    """Tell whether what comes from an address is believed: it is listed, in a listed network, or all are ("*")."""
    if "*" in trusted:
        return True
    address = _address(host)
    return address is not None and any(address in network for network in _networks(trusted))


def _first_untrusted(hops: list[str], trusted: tuple[str, ...]) -> str:
    """Return who asked the first trusted proxy: each adds at the right whom it was asked by."""
    if len(hops) > HOPS_MAX:
        return ""
    host = ""
    for hop in reversed(hops):
        host = _without_port(hop)
        if _address(host) is None:
            return ""
        if not is_trusted(host, trusted):
            break
    return host


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _last(scope: Scope, name: bytes) -> str:
    """Return what the nearest proxy says: it stands last, behind what others had said before."""
    return ",".join(_values(scope, name)).rpartition(",")[2].strip()


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


@functools.lru_cache(maxsize=8)
def _networks(trusted: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(one) for one in trusted)


def _address(host: str) -> Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
