"""The request that opens a socket, where it is a plain one: read in one pass, answered with bytes.

The HTTP protocol has parsed the request already and hands it on as text; the `websockets` library would parse it again
line by line, and check what cannot be otherwise in what every browser sends. Nothing is refused here: whatever is not
plain, or not surely right, is the library's to read and to judge. Values only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from websockets.utils import accept_key

REQUEST_BYTES_MAX = 4096
# What is answered to a request for a socket of which nobody makes anything.
UNREAD = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
# Names come in small letters from the HTTP protocol; a value with a tab or beyond ASCII is not plain.
_REQUEST = re.compile(rb"GET ([!-~]+) HTTP/1\.1\r\n((?:[-!#$%&'*+.^_`|~0-9a-z]+: [ -~]*\r\n){1,64})\r\n")
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
_OFFERED = re.compile(_TOKEN + rb"(?:, ?" + _TOKEN + rb")*")
_CONNECTIONS = frozenset({b"upgrade", b"keep-alive, upgrade"})
_BODIES = frozenset({b"content-length", b"transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Handshake:
    """A request for a socket that the library would accept. `target` is path and query, as sent."""

    target: str
    headers: list[tuple[bytes, bytes]]
    key: str
    subprotocols: list[str]


def read_handshake(data: bytes) -> Handshake | None:
    """Return the request whose bytes are exactly these; None where it is the library's to judge.

    Plain is a GET of at most 4 KiB and 64 headers, none of them twice and no body, for version 13 of the protocol.
    """
    found = _REQUEST.fullmatch(data) if len(data) <= REQUEST_BYTES_MAX else None
    if found is None:
        return None
    headers = []
    for line in found[2][:-2].split(b"\r\n"):
        name, _, value = line.partition(b": ")
        headers.append((name, value.strip(b" ")))
    fields = dict(headers)
    if len(fields) < len(headers) or not fields.keys().isdisjoint(_BODIES):
        return None
    if (
        fields.get(b"connection", b"").lower() not in _CONNECTIONS
        or fields.get(b"upgrade", b"").lower() != b"websocket"
    ):
        return None
    key, offered = fields.get(b"sec-websocket-key", b""), fields.get(b"sec-websocket-protocol")
    if fields.get(b"sec-websocket-version") != b"13" or not _KEY.fullmatch(key):
        return None
    if offered is not None and not _OFFERED.fullmatch(offered):
        return None
    subprotocols = [] if offered is None else [part.strip() for part in offered.decode().split(",")]
    return Handshake(found[1].decode(), headers, key.decode(), subprotocols)


def accepted(handshake: Handshake, subprotocol: str | None, more: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the answer that opens the socket, with `more` headers, as the library would write it."""
    lines = [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ",
        accept_key(handshake.key).encode(),
        b"\r\n",
    ]
    for name, value in more:
        lines += (name.lower(), b": ", value, b"\r\n")
    if subprotocol:
        lines += (b"Sec-WebSocket-Protocol: ", subprotocol.encode(), b"\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)
