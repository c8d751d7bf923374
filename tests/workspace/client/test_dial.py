"""One attempt to open a socket ends within its limit, and its error says what answered: on loopback, by bad servers."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.support.bad_server import Answer, answering, dribbling, http, raw, silent, socket
from tests.support.process import free_port
from tests.support.server import running_server
from workspace.client.dial import dialled, offer
from workspace.client.faults import Disconnected

SECONDS = 1.0
HTML = "<!doctype html><title>Hello</title>"
ANSWERS: dict[str, tuple[Answer, str, int]] = {
    "a page": (http("200 OK", "Content-Type: text/html", body=HTML), "not_folkmoot", 200),
    "401": (http("401 Unauthorized", "WWW-Authenticate: Basic"), "unauthenticated", 401),
    "403": (http("403 Forbidden", body=HTML), "forbidden", 403),
    "404": (http("404 Not Found", body=HTML), "not_found", 404),
    "500": (http("500 Oh"), "not_folkmoot", 500),
    "503": (http("503 Not Yet"), "unavailable", 503),
    "garbage": (raw(b"220 mail.example ESMTP\r\n\r\n"), "not_folkmoot", 0),
    "bytes": (raw(bytes(range(256)) * 8), "not_folkmoot", 0),
    "nothing": (raw(b""), "not_folkmoot", 0),
    "half a head": (raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgr"), "not_folkmoot", 0),
    "a bad key": (
        raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: x\r\n\r\n"), "not_folkmoot", 0),
    "another's sockets": (socket(subprotocol=None), "not_folkmoot", 0),
    "a subprotocol not offered": (socket(subprotocol="chat"), "not_folkmoot", 0),
    "a silent server": (silent, "no_answer", 0),
    "a server that dribbles": (dribbling, "no_answer", 0),
}  # fmt: skip


async def refusal(port: int, token: str | None = "fm_secret") -> tuple[Disconnected, float]:
    began = time.monotonic()
    shown = f"ws://127.0.0.1:{port}/ws/demo"
    with pytest.raises(Disconnected) as raised:
        async with dialled(shown, token, shown=shown, seconds=SECONDS):
            raise AssertionError("it was opened")
    return raised.value, time.monotonic() - began


@pytest.mark.parametrize("name", ANSWERS)
async def test_whatever_answers_the_error_comes_in_time_and_names_it(name: str) -> None:
    answer, code, status = ANSWERS[name]
    async with answering(answer) as port:
        error, took = await refusal(port)
    assert (error.code, error.status) == (code, status)
    assert took < SECONDS + 1.0, "the limit, and what a slow machine takes"
    assert error.remedy
    assert "fm_secret" not in str(error)


async def test_where_nobody_listens_the_error_comes_at_once() -> None:
    error, took = await refusal(free_port())
    assert (error.code, error.retry) == ("unreachable", True)
    assert took < SECONDS


async def test_a_name_that_nobody_has_is_unreachable() -> None:
    with pytest.raises(Disconnected) as raised:
        async with dialled("ws://nowhere.invalid/ws/demo", None, shown="ws://nowhere.invalid/ws/demo", seconds=5.0):
            raise AssertionError("it was opened")
    assert raised.value.code in ("unreachable", "no_answer")


async def test_a_redirect_is_named_and_the_token_is_sent_nowhere_else() -> None:
    heard = list[bytes]()

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1 << 16))

    async with answering(elsewhere) as other:
        for status in ("301 Moved", "302 Found", "308 Moved"):
            async with answering(http(status, f"Location: http://127.0.0.1:{other}/in?secret=1")) as port:
                error, _ = await refusal(port)
            assert (error.code, f"127.0.0.1:{other}/in" in error.reason) == ("redirected", True)
            assert "secret" not in error.reason
    assert heard == []


async def test_a_port_that_speaks_no_tls_is_said_to_show_no_certificate() -> None:
    async with answering(raw(b"")) as port:
        url = f"wss://127.0.0.1:{port}/ws/demo"

        async def open_it() -> None:
            async with dialled(url, None, shown=url, seconds=SECONDS):
                raise AssertionError("it was opened")

        with pytest.raises(Disconnected) as raised:
            await open_it()
    assert raised.value.code in ("untrusted", "no_answer", "unreachable")


async def test_a_server_is_opened_and_left() -> None:
    async with running_server() as server:
        token = await server.token("ana")
        async with dialled(f"{server.ws_url}/ws/demo", token, shown="it", seconds=SECONDS) as opened:
            assert opened.subprotocol == "folkmoot"
        assert opened.close_code == 1000


def test_a_token_is_offered_as_a_subprotocol_and_never_in_the_address() -> None:
    assert offer("fm_x") == ["folkmoot", "token.fm_x"]
    assert offer(None) == ["folkmoot"]
