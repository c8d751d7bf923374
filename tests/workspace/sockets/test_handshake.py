"""A plain handshake is taken exactly as the library takes it; everything else is left to the library."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.http11 import Request
from websockets.server import ServerProtocol

from tests.support.examples import examples
from tests.support.server import running_server
from workspace.sockets.handshake import REQUEST_BYTES_MAX, accepted, read_handshake

WAIT = 10
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
NEEDED = [
    ("host", "127.0.0.1:8000"),
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-key", KEY),
    ("sec-websocket-version", "13"),
]
VALUES = {
    "connection": ["Upgrade", "keep-alive, Upgrade", "close", "upgrade,", "keep-alive", ""],
    "upgrade": ["websocket", "WebSocket", "h2c", "websocket, h2c", ""],
    "sec-websocket-key": [
        KEY,
        "AAAAAAAAAAAAAAAAAAAAAB==",
        "short==",
        KEY[:-1],
        KEY + "=",
        "A" * 24,
        "é" * 22 + "==",
        "",
    ],
    "sec-websocket-version": ["13", "12", "013", "13, 8", ""],
    "sec-websocket-protocol": ["folkmoot", "folkmoot, token.fm_1", "a,b", "a,,b", ", a", "a b", "a;", ""],
    "sec-websocket-extensions": ["permessage-deflate; client_max_window_bits", "=", ""],
    "origin": ["http://127.0.0.1:8000", "null", ""],
    "content-length": ["0", "1", "x"],
    "transfer-encoding": ["chunked"],
    "cookie": ["folkmoot_session=fm_1", "a\tb", " padded ", "a\x01b", "caf\xe9"],
    "x forwarded": ["1"],
    "Accept-Language": ["en"],
}
CHROME = [
    *NEEDED,
    ("pragma", "no-cache"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"),
    ("origin", "http://127.0.0.1:8000"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("sec-websocket-protocol", "folkmoot, token.fm_1"),
    ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
]
FIREFOX = [(name, "keep-alive, Upgrade" if name == "connection" else value) for name, value in CHROME]


def request_of(headers: list[tuple[str, str]], *, first: str = "GET /ws/demo/plan?token=x HTTP/1.1") -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A good request with up to four headers set, added or taken away, and perhaps a few bytes changed."""
    headers = list(NEEDED)
    for name in draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=4)):
        others = [header for header in headers if header[0] != name]
        match draw(st.sampled_from(("set", "add", "drop"))):
            case "set":
                headers = [*others, (name, draw(st.sampled_from(VALUES[name])))]
            case "add":
                headers.append((name, draw(st.sampled_from(VALUES[name]))))
            case _:
                headers = others
    first = draw(st.sampled_from(("GET", "POST", "get"))) + " "
    first += draw(st.sampled_from(("/ws/demo", "/ws/demo/a%20b?token=x", "/ws/é", "*", ""))) + " "
    first += draw(st.sampled_from(("HTTP/1.1", "HTTP/1.0", "HTTP/2")))
    data = bytearray(request_of(headers, first=draw(st.sampled_from((first, "GET /ws/demo HTTP/1.1")))))
    for at, byte in draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=2)):
        data[at] = byte
    return bytes(data)


@settings(max_examples=examples(400))
@given(data=requests(), subprotocol=st.sampled_from((None, "folkmoot")))
def test_what_is_taken_is_what_the_library_accepts_and_is_answered_alike(data: bytes, subprotocol: str | None) -> None:
    handshake = read_handshake(data)
    if handshake is None:  # the library's to judge
        return
    library = ServerProtocol()
    library.receive_data(data)
    (request,) = library.events_received()
    assert isinstance(request, Request)
    response = library.accept(request)
    assert response.status_code == 101
    assert "Sec-WebSocket-Extensions" not in response.headers
    assert (request.method, request.path) == ("GET", handshake.target)
    assert list(request.headers.raw_items()) == [(name.decode(), value.decode()) for name, value in handshake.headers]
    offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol")).split(",")
    assert handshake.subprotocols == [part.strip() for part in offered if part]
    # As uvicorn would go on: its own date instead of the library's, then the application's subprotocol.
    del response.headers["Date"]
    response.headers["date"] = "now"
    if subprotocol:
        response.headers["Sec-WebSocket-Protocol"] = subprotocol
    assert accepted(handshake, subprotocol, [(b"date", b"now")]) == response.serialize()


@pytest.mark.parametrize("headers", [NEEDED, CHROME, FIREFOX])
def test_browsers_are_plain(headers: list[tuple[str, str]]) -> None:
    assert read_handshake(request_of(headers)) is not None


@pytest.mark.parametrize(
    "data",
    [
        request_of([*NEEDED, ("x-long", "a" * REQUEST_BYTES_MAX)]),
        request_of([*NEEDED, *((f"x-{at}", "1") for at in range(64))]),
        request_of([*NEEDED, ("x-forwarded-for", "1"), ("x-forwarded-for", "2")]),
        request_of(NEEDED) + b"\x81",
        request_of(NEEDED)[:-1],
        request_of(NEEDED).replace(b"\r\n", b"\n"),
        request_of([*NEEDED, ("x-folded", "a\r\n b")]),
        b"",
    ],
)
def test_what_is_long_repeated_or_odd_is_the_librarys(data: bytes) -> None:
    assert read_handshake(data) is None


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/ws/demo/plan", NEEDED, 101),
        ("/ws/demo/plan", [*NEEDED, ("x-odd", "1"), ("x-odd", "2")], 101),
        ("/ws/demo/plan", [*NEEDED, ("sec-websocket-key", KEY)], 400),
        ("/ws/demo/plan", [(name, value.replace("13", "12")) for name, value in NEEDED], 400),
        ("/ws/demo/plan", [(name, value.replace(KEY, "short")) for name, value in NEEDED], 400),
        ("/ws/demo/plan", [*NEEDED, ("sec-websocket-protocol", "a b")], 400),
        ("/nowhere", NEEDED, 403),
    ],
)
async def test_who_may_not_open_a_socket_is_told_why(path: str, headers: list[tuple[str, str]], status: int) -> None:
    async with running_server() as server:
        token = await server.token("ana")
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request_of(headers, first=f"GET {path}?token={token} HTTP/1.1"))
        async with asyncio.timeout(WAIT):
            head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
    first, *lines = head.decode().split("\r\n")
    assert first.startswith(f"HTTP/1.1 {status} ")
    if status == 101:
        names = [line.partition(":")[0] for line in lines if line]
        assert names == ["Upgrade", "Connection", "Sec-WebSocket-Accept", "date", "server"]
