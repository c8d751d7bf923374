"""The server's end of an HTTP connection: uvicorn's protocol, with a bound on every wait for the other side.

uvicorn closes a connection that is silent between two requests, and waits without end for everything else: the first
byte, the rest of a head or a body, a reader of what it has written. Some thousand such connections are a server that
nobody else reaches. Here each wait ends (docs/limits.md), and one address has so many connections and no more. Who asks
for a socket does so in a head like any other, which is handed on whole; from there on pings tell who is still there.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import sys
from collections import Counter
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, ClassVar, cast
from weakref import ref

import uvicorn
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from websockets.http11 import MAX_LINE_LENGTH, MAX_NUM_HEADERS

from workspace.http.headers import completed
from workspace.http.problem import Problem
from workspace.settings import Settings
from workspace.sockets.bounded_line import line_of

try:
    import fcntl
    import termios
except ImportError:  # Windows has neither
    fcntl = None  # type: ignore[assignment]

PING_SECONDS = 20.0
# The longest name is some 3 KB as it stands in an address, and an issuer sends people back with as much. Parameters are
# read one by one, whoever asks: 4,500 of them took 15 ms.
URL_BYTES_MAX, PARAMETERS_MAX = 16_384, 64
# Of a header's line, beside its name and value; or of the first line, beside the address.
LINE_MARGIN = 32
# Whoever reads more slowly than this does not read.
READ_BYTES_PER_SECOND_MIN = 1024
# The same of whoever sends: what an upload brings less of, while it may take longer than another body.
UPLOAD_BYTES_PER_SECOND_MIN = 1024
# A request's extension: its `take`, called by a route that takes an upload, says how many seconds the body may take.
PATIENCE = "folkmoot.patience"
# Whoever has one IPv6 address has the 2^64 beside it.
IPV6_NETWORK_BITS = 64


class Phase(Enum):
    """What a connection waits for from its client: a request after another, a head, a body, or nothing."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    NOTHING = auto()


def _weak(line: BoundedProtocol) -> Callable[[float], None]:
    """Return what lets a body take longer: it holds no connection, which would wait for a search for cycles."""
    found = ref(line)

    def take(seconds: float) -> None:
        if (alive := found()) is not None:
            alive._be_patient(seconds)

    return take


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `protocol_of` makes the class of a server, with its settings and its count of addresses."""

    settings: ClassVar[Settings] = Settings()
    addresses: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless its address has too many."""
        super().connection_made(transport)
        self._phase, self._turn, self._armed = Phase.HEAD, 0, -1
        self._heads = self._head_bytes = self._longest_line = self._written = self._shown = self._left = 0
        self._received = self._received_before = 0
        self._patient_until: float | None = None
        self._is_over = False
        self._refusal: Problem | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._address: str | None = address_of(self.client)
        self.addresses[self._address] += 1
        most = self.settings.connections_per_address_max
        if self.addresses[self._address] > most:
            reason = f"One address has at most {most} connections (FOLKMOOT_CONNECTIONS_PER_ADDRESS_MAX)."
            self._refuse(Problem("rate_limited", reason, remedy="Close some, or ask the operator for more."))
        else:
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of a connection."""
        self._forget()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection to the sockets' protocol; it is none of this one's any more."""
        # That one's library has bounds of its own and passes them over in silence: nobody would ever be answered.
        if len(self.headers) > MAX_NUM_HEADERS or self._longest_line + LINE_MARGIN > MAX_LINE_LENGTH:
            most = f"{MAX_NUM_HEADERS} headers, of {MAX_LINE_LENGTH - LINE_MARGIN} bytes each"
            reason = f"The head of a request for a socket has at most {most}."
            self._refuse(Problem("head_too_large", reason, remedy="Send fewer, or shorter, headers."))
            return
        self._forget()
        super().handle_websocket_upgrade()

    # ------------------------------------------------------------ what arrives

    def data_received(self, data: bytes) -> None:
        """Take bytes from the network."""
        if self._is_over:
            return
        heads = self._heads
        self._received += len(data)
        super().data_received(data)
        # Of the bytes in which a head began some may have been of the request before it.
        if self._phase is Phase.HEAD and self._heads == heads:
            self._head_bytes += len(data)
            if self._head_bytes > self.settings.head_bytes_max and not self._is_over:
                self._refuse(self._head_too_large())
        self._arm()

    def on_message_begin(self) -> None:
        """Begin to wait for the end of a head."""
        super().on_message_begin()
        self._heads += 1
        self._head_bytes = 0
        self._enter(Phase.HEAD)

    def on_headers_complete(self) -> None:
        """Begin to wait for the end of a body."""
        lines = [len(self.url)]
        for name, value in self.headers:
            lines.append(len(name) + len(value))
        self._longest_line = max(lines)
        if sum(lines) > self.settings.head_bytes_max:
            self._refusal = self._head_too_large()
        elif len(self.url) > URL_BYTES_MAX or self.url.count(b"&") >= PARAMETERS_MAX:
            reason = f"The address of a request has at most {URL_BYTES_MAX} bytes and {PARAMETERS_MAX} parameters."
            self._refusal = Problem("head_too_large", reason, remedy="Send a shorter address.")
        if self._refusal is not None:
            raise ValueError("this ends the parser, which says so to `send_400_response`")
        self._enter(Phase.BODY)
        self.scope.setdefault("extensions", {})[PATIENCE] = {"take": _weak(self)}
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for nothing: the server's answer is next."""
        self._enter(Phase.NOTHING)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, where all of this one is here."""
        super().on_response_complete()
        if self._phase is Phase.NOTHING and not self.pipeline:
            self._enter(Phase.IDLE)
            self._arm()

    def send_400_response(self, msg: str) -> None:
        """Answer a head that is none as every other error is answered, and close."""
        self._refuse(self._refusal or Problem("malformed", msg, remedy="Send HTTP/1.1."))

    # ------------------------------------------------------------ what is waited for

    def _enter(self, phase: Phase) -> None:
        self._phase, self._turn = phase, self._turn + 1
        self._patient_until = None

    def _be_patient(self, seconds: float) -> None:
        """Let the body that is under way take so long, as long as it goes on coming."""
        if self._phase is Phase.BODY and not self._is_over:
            self._enter(Phase.BODY)
            self._patient_until = self.loop.time() + seconds
            self._received_before = self._received
            self._arm()

    def _goes_on(self) -> bool:
        """Tell whether an upload has brought enough since the last look, and still has time."""
        period, brought = self.settings.body_seconds_max, self._received - self._received_before
        self._received_before = self._received
        is_in_time = self._patient_until is not None and self.loop.time() < self._patient_until
        return is_in_time and brought >= UPLOAD_BYTES_PER_SECOND_MIN * period

    def _arm(self) -> None:
        """Set the timer of the phase, where a new one has begun; most requests arrive whole, and need none."""
        if self._armed == self._turn or self._address is None or self._is_over:
            return
        self._armed = self._turn
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        seconds = self._seconds()
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self._is_late)

    def _seconds(self) -> float | None:
        match self._phase:
            case Phase.HEAD:
                return self.settings.head_seconds_max
            case Phase.BODY:
                return self.settings.body_seconds_max
            case Phase.IDLE:
                # uvicorn closes a silent one sooner; line ends, which begin no request, would keep it for ever.
                return self.timeout_keep_alive + self.settings.head_seconds_max
            case Phase.NOTHING:
                return None

    def _is_late(self) -> None:
        """End a connection whose client keeps the server waiting; say why where nothing else is being said."""
        self._deadline = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused or self._goes_on():
            # It is the server that does not read now: the client has its time again. So has an upload that comes.
            self._armed = -1
            self._arm()
            return
        cycle = self.cycle
        is_answering = cycle is not None and not cycle.response_complete and cycle.response_started
        began = self._heads > 0 and self._phase is not Phase.IDLE
        is_answered = self._phase is Phase.BODY and cycle is not None and cycle.response_started
        if not began or is_answering or is_answered or self.pipeline:
            self._refuse(None)
            return
        what, name = ("head", "HEAD") if self._phase is Phase.HEAD else ("body", "BODY")
        seconds = self._seconds()
        reason = f"The {what} of the request was not whole within {seconds} s (FOLKMOOT_{name}_SECONDS_MAX)."
        if self._patient_until is not None:
            most = self.settings.upload_seconds_max
            reason = (
                f"An upload brings {UPLOAD_BYTES_PER_SECOND_MIN} bytes a second at least, and is whole in {most} s."
            )
        self._refuse(Problem("timeout", reason, remedy="Send it again, faster."))

    def _head_too_large(self) -> Problem:
        most = self.settings.head_bytes_max
        reason = f"The head of a request has at most {most} bytes (FOLKMOOT_HEAD_BYTES_MAX)."
        return Problem("head_too_large", reason, remedy="Send fewer, or shorter, headers.")

    def _refuse(self, problem: Problem | None) -> None:
        """Answer, if there is something to say, and close; whatever still comes is dropped."""
        self._is_over = True
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if problem is not None:
            self._watch_reader()
            self.transport.write(packed(problem))
        self.transport.close()

    # ------------------------------------------------------------ who reads

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            async def sent(message: Message) -> None:
                await send(message)
                self._written += len(message.get("body", b""))

            await app(scope, receive, sent)

        self._watch_reader()
        super()._start_asgi_task(cycle, cast("Any", counted))

    def _watch_reader(self) -> None:
        """Begin to look at whether what is written is read; a request for a socket is answered elsewhere."""
        if self._watch is None:
            self._watch = self.loop.call_later(self.settings.unread_seconds_max / 2, self._look_at_reader)

    def _look_at_reader(self) -> None:
        """Cut a connection off that has had something to read at two looks and took less than a kibibyte a second.

        A transport that is closing is looked at as well: it closes when the last byte has been read, or never.
        """
        period = self.settings.unread_seconds_max / 2
        left = self.transport.get_write_buffer_size() + unacknowledged(self.transport)
        shown = self._written - left
        if left and self._left and shown - self._shown < READ_BYTES_PER_SECOND_MIN * period:
            self._watch = None
            self.transport.abort()
            return
        self._left, self._shown = left, shown
        self._watch = self.loop.call_later(period, self._look_at_reader)

    def _forget(self) -> None:
        """Count the connection no longer, and stop its timers."""
        for timer in (self._deadline, self._watch):
            if timer is not None:
                timer.cancel()
        self._deadline = self._watch = None
        if self._address is not None:
            self.addresses[self._address] -= 1
            assert self.addresses[self._address] >= 0, "a connection is counted once"
            if not self.addresses[self._address]:
                del self.addresses[self._address]
            self._address = None


def unacknowledged(transport: asyncio.Transport) -> int:
    """Return how many bytes the kernel still keeps for the other side; 0 where it does not say.

    The kernel has some MiB for a connection and takes more in large steps only: without this a slow reader would seem
    to be none.
    """
    own = transport.get_extra_info("socket")
    if fcntl is None or own is None:
        return 0
    try:
        told = fcntl.ioctl(own.fileno(), termios.TIOCOUTQ, bytes(4))
    except (OSError, ValueError):  # it is closed already
        return 0
    return int.from_bytes(told, sys.byteorder)


def address_of(client: tuple[str, int] | None) -> str:
    """Return what a client is counted by: its IPv4 address, or the network of its IPv6 address."""
    return _counted_by((client or ("",))[0])


@functools.lru_cache(maxsize=4096)
def _counted_by(host: str) -> str:
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found, IPV6_NETWORK_BITS), strict=False))


def packed(problem: Problem) -> bytes:
    """Return a problem as the bytes of a whole answer, after which the connection is closed."""
    response = problem.response()
    headers = completed("", response.status_code, [*response.raw_headers, (b"connection", b"close")])
    lines = [STATUS_LINE[response.status_code], *(name + b": " + value + b"\r\n" for name, value in headers)]
    return b"".join([*lines, b"\r\n", bytes(response.body)])


def protocol_of(settings: Settings) -> type[BoundedProtocol]:
    """Return the class of a server's HTTP connections: its settings, and its own count of addresses."""
    return type("ServersProtocol", (BoundedProtocol,), {"settings": settings, "addresses": Counter()})


def config_of(
    app: Starlette, settings: Settings, *, ws: Any = None, grace_seconds: int | None = None
) -> uvicorn.Config:
    """Return how uvicorn runs a server of these settings: bounded connections and frames, no deflate.

    `ws` is another carrier of the sockets than the server's own line.
    """
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        http=protocol_of(settings),
        ws=ws if ws is not None else line_of(settings),
        ws_max_size=settings.frame_bytes_max,
        ws_per_message_deflate=False,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        # Whose word about where a request came from is taken is decided in one place (`workspace/sockets/proxies.py`).
        proxy_headers=False,
        timeout_graceful_shutdown=grace_seconds,
    )
