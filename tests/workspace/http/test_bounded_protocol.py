"""A connection that keeps the server waiting is ended, whatever it waits for; one that goes on is not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import msgspec
import pytest

from tests.support.http import WS, client_of
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.http.bounded_protocol import BoundedProtocol, address_of, packed, protocol_of
from workspace.http.problem import Problem
from workspace.settings import Settings

QUICK = Settings(head_seconds_max=1, body_seconds_max=1, unread_seconds_max=1, head_bytes_max=8192)
HEAD = b"POST /api/workspaces/demo/intents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
UPGRADE = (
    b"GET /ws/demo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
END_SECONDS = 8.0


@asynccontextmanager
async def line(server: Running, *, receive_bytes: int = 0) -> AsyncIterator[tuple[asyncio.StreamReader, Any]]:
    """Open a connection whose every byte the test chooses."""
    raw = socket.socket()
    if receive_bytes:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", server.port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=1 << 12)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the server ends the connection."""
    found = b""
    async with asyncio.timeout(END_SECONDS):
        try:
            while part := await reader.read(1 << 16):
                found += part
        except ConnectionResetError:
            pass
    return found


def told(answer: bytes) -> tuple[int, str]:
    """Return status and code of the one answer on a connection, which must be a whole problem."""
    if not answer:
        return 0, ""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert {b"connection: close", b"content-type: application/problem+json"} <= set(lines), head
    assert {b"x-content-type-options: nosniff", b"cache-control: no-store"} <= set(lines), head
    problem = json.loads(body)
    assert problem["status"] == int(head.split(b" ")[1])
    assert problem["remedy"]
    return problem["status"], problem["code"]


@pytest.mark.parametrize(
    ("sent", "end"),
    [
        (b"", (0, "")),
        (b"\r\n\r\n", (0, "")),
        (b"GET /heal", (408, "timeout")),
        (b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A", (408, "timeout")),
        (UPGRADE, (408, "timeout")),
        (HEAD + b"Content-Length: 10\r\n\r\n{", (408, "timeout")),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", (408, "timeout")),
        (HEAD + b"Expect: 100-continue\r\nContent-Length: 10\r\n\r\n", (408, "timeout")),
        (b"no request at all\r\n\r\n", (400, "malformed")),
    ],
    ids=lambda value: repr(value)[-40:] if isinstance(value, bytes) else "",
)
async def test_what_stops_half_way_is_ended_in_time(sent: bytes, end: tuple[int, str]) -> None:
    async with running_server(settings=QUICK) as server:
        token = f"Authorization: Bearer {await server.token('ana')}\r\n".encode()
        async with line(server) as (reader, writer):
            writer.write(sent.replace(b"Host: 127.0.0.1\r\n", b"Host: 127.0.0.1\r\n" + token))
            began = time.monotonic()
            answer = await rest(reader)
            assert time.monotonic() - began < END_SECONDS
        assert told(answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")) == end
        await until(lambda: not server_addresses(server))


def server_addresses(server: Running) -> dict[str, int]:
    """Return how many connections the server counts by address."""
    return dict(server.protocol.addresses)


@pytest.mark.parametrize(
    "begin",
    [b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", UPGRADE + b"X: ",
     HEAD + b"Content-Length: 5000\r\n\r\n", b""],
    ids=["head", "socket", "body", "nothing"],
)  # fmt: skip
async def test_who_sends_a_byte_now_and_then_is_ended_all_the_same(begin: bytes) -> None:
    async with running_server(settings=QUICK) as server, line(server) as (reader, writer):
        writer.write(begin)
        ended = asyncio.ensure_future(rest(reader))

        def drip() -> bool:
            writer.write(b"\r\n" if not begin else b"x")
            return ended.done()

        await until(drip, seconds=END_SECONDS)
        assert b"200" not in await ended


async def test_line_ends_do_not_keep_a_connection_that_has_been_answered() -> None:
    async with running_server(settings=QUICK) as server, line(server) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readuntil(b"ok\n")
        ended = asyncio.ensure_future(rest(reader))

        def drip() -> bool:
            writer.write(b"\r\n")
            return ended.done()

        await until(drip, seconds=END_SECONDS + 5)


async def test_who_never_reads_an_answer_is_cut_off_and_who_reads_it_slowly_is_not() -> None:
    async with running_server(settings=Settings(unread_seconds_max=2)) as server:
        async with client_of(server, "ana", "owner") as client:
            made = await client.put(f"{WS}/documents/long", json={"kind": "text", "content": "long words " * 90_000})
            assert made.status_code == 201, made.text
        ask = (
            f"GET {WS}/documents/long HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {await server.token('ana')}\r\n\r\n"
        ).encode()
        async with line(server, receive_bytes=4096) as (reader, writer):
            writer.write(ask)
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.pause_reading()
            assert server_addresses(server)
            await until(lambda: not server_addresses(server), seconds=END_SECONDS)
        async with line(server, receive_bytes=4096) as (reader, writer):
            writer.write(ask)
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            got, end = 0, time.monotonic() + 5

            async def sip() -> bool:
                nonlocal got
                got += len(await reader.read(2048))
                return time.monotonic() > end

            await until(sip)
            while got < size:
                part = await reader.read(1 << 16)
                assert part, "the answer was cut"
                got += len(part)
            assert got == size


@pytest.mark.parametrize("form", ["one", "many", "address"])
async def test_a_head_without_end_is_refused_at_its_bound(form: str) -> None:
    async with running_server(settings=QUICK) as server, line(server) as (reader, writer):
        begin, more = {
            "one": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", b"x" * 500),
            "many": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X: y\r\n" * 100),
            "address": (b"GET /", b"x" * 500),
        }[form]
        writer.write(begin)
        ended, sent = asyncio.ensure_future(rest(reader)), 0

        def drip() -> bool:
            nonlocal sent
            if not ended.done() and sent < 1 << 20:
                writer.write(more)
                sent += len(more)
            return ended.done()

        await until(drip)
        answer = await ended
        assert not answer or told(answer) == (431, "head_too_large")
        assert sent < 1 << 20


async def test_a_head_that_comes_at_once_has_the_same_bound_and_its_body_does_not_count() -> None:
    async with running_server(settings=QUICK) as server:
        async with httpx2.AsyncClient(base_url=server.url) as client:
            refused = await client.get("/healthz", headers={"x": "y" * 9000})
            assert (refused.status_code, refused.json()["code"]) == (431, "head_too_large")
            assert (await client.get("/healthz", headers={"x": "y" * 7000})).status_code == 200
        async with line(server) as (reader, writer):
            body = b'{"text": "' + b"x" * 100_000 + b'"}'
            writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body + b"GET /healthz HTTP/1.1\r\nHo")
            writer.write(b"st: 127.0.0.1\r\nConnection: close\r\n\r\n")
            answer = await rest(reader)
            assert b"401" in answer
            assert answer.endswith(b"ok\n")


async def test_one_address_has_so_many_connections_and_others_have_theirs() -> None:
    settings = Settings(connections_per_address_max=3)
    async with running_server(settings=settings) as server:
        async with line(server), line(server), line(server):
            await until(lambda: server_addresses(server) == {"127.0.0.1": 3})
            async with line(server) as (reader, _):
                assert told(await rest(reader)) == (429, "rate_limited")
            await until(lambda: server_addresses(server) == {"127.0.0.1": 3})
            other = socket.socket()
            other.bind(("127.0.0.2", 0))
            other.connect(("127.0.0.1", server.port))
            reader, writer = await asyncio.open_connection(sock=other)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert (await rest(reader)).endswith(b"ok\n")
            writer.close()
        await until(lambda: not server_addresses(server))
        async with httpx2.AsyncClient(base_url=server.url) as client:
            assert (await client.get("/healthz")).status_code == 200


async def test_an_open_socket_does_not_count_and_is_not_late() -> None:
    async with running_server(settings=QUICK) as server, line(server) as (reader, writer):
        writer.write(
            UPGRADE + f"Authorization: x\r\nSec-WebSocket-Protocol: token.{await server.token('ana')}\r\n\r\n".encode()
        )
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
        await until(lambda: not server_addresses(server))
        end = time.monotonic() + 2.5
        await until(lambda: time.monotonic() > end)
        assert not reader.at_eof()


async def test_an_answer_that_takes_longer_than_every_bound_is_waited_for() -> None:
    async with running_server(settings=QUICK) as server, line(server) as (reader, writer):
        token = await server.token("ana", "owner")
        writer.write(
            f"GET {WS}/log?follow=true HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        end = time.monotonic() + 2.5
        await until(lambda: time.monotonic() > end)
        assert not reader.at_eof()
        assert server_addresses(server) == {"127.0.0.1": 1}


@pytest.mark.parametrize(
    ("client", "counted"),
    [("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("2001:db8::5", "2001:db8::/64"),
     ("2001:db8::ffff:0:0:5", "2001:db8::/64"), ("fe80::1%eth0", "fe80::/64"), ("/run/socket", "")],
)  # fmt: skip
def test_an_address_is_counted_by_what_its_owner_has(client: str, counted: str) -> None:
    assert address_of((client, 5)) == counted


def test_two_servers_of_one_process_count_for_themselves() -> None:
    first, second = protocol_of(QUICK), protocol_of(Settings())
    assert issubclass(first, BoundedProtocol)
    assert first.addresses is not second.addresses
    assert first.settings.head_seconds_max == 1


def test_a_refusal_is_one_whole_answer() -> None:
    answer = packed(Problem("timeout", "Why.", remedy="What."))
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert told(answer) == (408, "timeout")


def _query(count: int) -> bytes:
    return b"&".join([b"a=%41"] * count)


LONG_HEADS = {
    "a line that the library does not read": UPGRADE.replace(b"/ws/demo", b"/ws/demo/" + b"x" * 8_170),
    "a header that it does not read": UPGRADE + b"Cookie: " + b"x" * 8_200 + b"\r\n",
    "more headers than it reads": UPGRADE + b"".join(b"X-%d: 1\r\n" % at for at in range(125)),
    "more subprotocols": UPGRADE + b"Sec-WebSocket-Protocol: " + b", ".join([b"folkmoot"] * 5_000) + b"\r\n",
    "a long query": UPGRADE.replace(b"/ws/demo", b"/ws/demo?a=" + b"x" * 60_000),
    "many parameters": UPGRADE.replace(b"/ws/demo", b"/ws/demo?" + _query(700)),
}


@pytest.mark.parametrize("name", LONG_HEADS)
async def test_a_request_for_a_socket_whose_head_is_too_long_is_answered_and_closed(name: str) -> None:
    async with running_server() as server, line(server) as (reader, writer):
        writer.write(LONG_HEADS[name] + b"\r\n")
        assert told(await rest(reader)) == (431, "head_too_large")


async def test_a_request_for_a_socket_of_which_the_library_makes_nothing_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever bound the library has and passes over in silence: nobody waits for an answer that never comes."""
    monkeypatch.setattr("workspace.http.bounded_protocol.MAX_LINE_LENGTH", 1 << 20)
    async with running_server() as server, line(server) as (reader, writer):
        writer.write(LONG_HEADS["a header that it does not read"] + b"\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("count, status", [(64, 401), (65, 431)])
async def test_an_address_has_so_many_parameters(count: int, status: int) -> None:
    async with running_server() as server, line(server) as (reader, writer):
        address = b"/api/workspaces/demo/log?" + _query(count)
        writer.write(b"GET " + address + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert told(await rest(reader))[0] == status


async def test_an_address_is_so_long() -> None:
    async with running_server() as server, line(server) as (reader, writer):
        writer.write(b"GET /" + b"x" * 16_384 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert told(await rest(reader)) == (431, "head_too_large")


# ---------------------------------------------------------------- uploads

UPLOAD_SECONDS = 3


async def upload(server: Running, *, bytes_a_step: int, steps: int) -> tuple[int, str]:
    """Send an upload of which so much comes each fifth of a second; return what it came to, 201 or a problem."""
    head = f"POST {WS}/blobs HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {await server.token('ana')}\r\n"
    async with line(server) as (reader, writer):
        size = bytes_a_step * steps
        writer.write(f"{head}Content-Length: {size}\r\n\r\n".encode())
        first = b""
        for _ in range(steps):
            writer.write(b"x" * bytes_a_step)
            with contextlib.suppress(TimeoutError):
                first = await asyncio.wait_for(reader.read(1 << 16), 0.2)
            if first:
                break
        first = first or await asyncio.wait_for(reader.read(1 << 16), END_SECONDS)
        return (201, "") if first.startswith(b"HTTP/1.1 201") else told(first)


async def test_an_upload_may_take_longer_than_another_body_as_long_as_it_comes() -> None:
    settings = msgspec.structs.replace(QUICK, upload_seconds_max=UPLOAD_SECONDS)
    async with running_server(settings=settings) as server:
        assert await upload(server, bytes_a_step=2_000, steps=10) == (201, ""), "two seconds, where a body has one"
        began = time.monotonic()
        assert await upload(server, bytes_a_step=20, steps=20) == (408, "timeout"), "a trickle is no upload"
        assert time.monotonic() - began < UPLOAD_SECONDS + 2
        assert await upload(server, bytes_a_step=2_000, steps=30) == (408, "timeout"), "nor does one go on for ever"
        await until(lambda: not server.registry.uploads)
        totals = await server.registry.store.blob_totals("demo")
        assert totals.count == 1, "what did not end left nothing"


async def test_who_may_bring_nothing_in_has_no_more_time_than_others() -> None:
    settings = msgspec.structs.replace(QUICK, upload_seconds_max=60)
    async with running_server(settings=settings) as server, line(server) as (reader, writer):
        began = time.monotonic()
        writer.write(f"POST {WS}/blobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999\r\n\r\n".encode())
        answer = await rest(reader)
        assert answer.startswith(b"HTTP/1.1 401")
        assert time.monotonic() - began < 4
