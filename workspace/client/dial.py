"""One attempt to open a socket: open within its limit, or an error that says in a word what stood in the way.

Nothing is followed that leads elsewhere: the token is for the server that was named.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus, WebSocketException
from websockets.http11 import Response
from websockets.typing import Origin, Subprotocol

from workspace.client.faults import Disconnected

# A document of 16 MiB as one frame, in the text of a record, has room in it.
FRAME_BYTES_MAX = 64 << 20
# Read ahead and not taken in yet; then the server is not read on.
FRAMES_AHEAD_MAX = 4
# A server that does not answer a close is left so long after it.
CLOSE_SECONDS = 5.0
PROTOCOL = Subprotocol("folkmoot")
# What a proxy answers while a server behind it starts.
NOT_YET = frozenset({429, 502, 503, 504})


class Dialer(open_socket):
    """A connection that follows no redirect: the library would send the token to whatever server it is led to."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the answer as the error that it is."""
        return exc


def offer(token: str | None) -> list[Subprotocol]:
    """Return the subprotocols that carry a token (protocol §1)."""
    return [PROTOCOL, *([Subprotocol(f"token.{token}")] if token else [])]


@asynccontextmanager
async def dialled(
    url: str, token: str | None, *, shown: str, origin: str | None = None, seconds: float
) -> AsyncIterator[ClientConnection]:
    """Open a socket of a Folkmoot server and yield it; `shown` is how its address is called in an error.

    Raises:
        Disconnected: it was not open within `seconds`, or what answered is no Folkmoot server that lets it in.
    """
    socket = await _open(url, token, shown, origin, seconds)
    try:
        yield socket
    finally:
        await socket.close()


async def _open(url: str, token: str | None, shown: str, origin: str | None, seconds: float) -> ClientConnection:
    try:
        async with asyncio.timeout(seconds):
            socket = await Dialer(
                url,
                subprotocols=offer(token),
                origin=Origin(origin) if origin is not None else None,
                max_size=FRAME_BYTES_MAX,
                max_queue=FRAMES_AHEAD_MAX,
                compression=None,
                open_timeout=None,  # the one above
                close_timeout=CLOSE_SECONDS,
            )
    except TimeoutError:
        raise Disconnected("no_answer", f"{shown} did not answer within {seconds:g} s.", retry=True) from None
    except InvalidStatus as refused:
        raise _answered(refused.response, shown) from None
    except InvalidMessage as broken:
        is_cut = isinstance(broken.__cause__, EOFError)
        what = "closed the connection before it answered" if is_cut else "answered with what is not HTTP"
        raise Disconnected("not_folkmoot", f"{shown} {what}.", retry=is_cut) from None
    except ssl.SSLError as error:
        raise Disconnected("untrusted", f"{shown} shows no certificate that counts: {error.reason or error}.") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Disconnected("unreachable", f"{shown} cannot be reached: {why}.", retry=True) from None
    except (InvalidHandshake, WebSocketException, EOFError, ValueError) as error:
        what = type(error).__name__
        raise Disconnected("not_folkmoot", f"{shown} does not shake hands as a server does: {what}.") from None
    if socket.subprotocol != PROTOCOL:
        # Cut, not closed: the answer to a close is nothing to wait for.
        socket.transport.abort()
        raise Disconnected("not_folkmoot", f"{shown} has sockets, and does not speak Folkmoot's protocol on them.")
    return socket


def _answered(response: Response, shown: str) -> Disconnected:
    """Return the error for an answer over HTTP: a Folkmoot server gives none, it opens the socket and says why."""
    status = response.status_code
    if status in range(300, 400):
        target = urlsplit(response.headers.get("Location", ""))
        # What an answer says is shown as far as it is an address: its query may hold anything.
        place = "".join(point for point in f"{target.netloc.rpartition('@')[2]}{target.path}" if point.isprintable())
        return Disconnected("redirected", f"{shown} leads elsewhere ({status}): {place[:200]}.", status=status)
    if status in NOT_YET:
        return Disconnected("unavailable", f"{shown} cannot answer now ({status}).", status=status, retry=True)
    code = {401: "unauthenticated", 403: "forbidden", 404: "not_found"}.get(status, "not_folkmoot")
    return Disconnected(
        code, f"{shown} answers {status} and opens no socket; something may stand in between.", status=status
    )
