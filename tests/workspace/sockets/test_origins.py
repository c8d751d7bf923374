"""An open server trusts its own origin and its own names; every server refuses what a foreign page would change."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from agent.builtin.planner import BuiltinPlanner
from tests.support.http import WS, client_of, http, problem
from tests.support.server import Running, running_server
from workspace.app import API
from workspace.settings import Settings
from workspace.sockets.origins import foreign, host_of, is_at_home, is_own_host, is_own_page
from workspace.sockets.uvicorn_protocol import FastProtocol

LISTED = "https://docs.example.org"
CARRIERS: dict[str, Any] = {"line": FastProtocol, "asgi": "websockets-sansio"}
FOREIGN: list[dict[str, str]] = [
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:1"},
    {"origin": "https://docs.example.org.evil.example"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "own", "sec-fetch-site": "cross-site"},
]


def open_server(**more: Any) -> Any:
    return running_server(planner=BuiltinPlanner(), settings=Settings(is_open=True, origins=(LISTED,)), **more)


def filled(headers: dict[str, str], server: Running) -> dict[str, str]:
    """Put the server's own origin where a case says `own`: it has its port by now."""
    return {name: server.url if value == "own" else value for name, value in headers.items()}


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_foreign_page_changes_nothing_on_any_route_of_an_open_server(headers: dict[str, str]) -> None:
    async with open_server() as server, httpx2.AsyncClient(base_url=server.url) as page:
        for route in API:
            path = route.path.replace("{ws}", "demo").replace("{doc:path}", "plan").replace("{id}", "i1")
            for method in (route.methods or set()) - {"GET", "HEAD"}:
                answer = await page.request(method, path, headers=filled(headers, server))
                problem(answer, 403, "foreign_origin")
                assert "--origin" in answer.json()["remedy"]
        assert (await page.get(WS)).status_code == 200, "the workspace is still there"


async def test_a_form_of_another_page_is_not_read_as_json() -> None:
    """What a browser sends without asking first; without `Origin`, as if it could be left out."""
    simple = ["text/plain", "text/plain; charset=application/json", "application/x-www-form-urlencoded", ""]
    async with open_server() as server, httpx2.AsyncClient(base_url=server.url) as page:
        for kind in simple:
            headers = {"content-type": kind} if kind else {}
            answer = await page.post(f"{WS}/intents", content=b'{"text": "x"}', headers=headers)
            problem(answer, 415, "not_json")
            assert "application/json" in answer.json()["remedy"]
        for kind in ("application/json", "Application/JSON; charset=utf-8"):
            taken = await page.post(f"{WS}/intents", content=b'{"text": "x"}', headers={"content-type": kind})
            assert taken.status_code == 202


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "own"}, {"origin": "own", "sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"},
     {"origin": LISTED, "sec-fetch-site": "cross-site"}],
    ids=str,
)  # fmt: skip
async def test_the_servers_own_page_a_listed_one_and_a_program_may_act(headers: dict[str, str]) -> None:
    async with open_server() as server, httpx2.AsyncClient(base_url=server.url) as page:
        answer = await page.post(f"{WS}/intents", json={"text": "x"}, headers=filled(headers, server))
        assert answer.status_code == 202, answer.text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost.evil.example", "10.9.8.7", "a@localhost"]
)
async def test_a_name_that_was_led_here_opens_nothing_of_an_open_server(host: str) -> None:
    async with open_server() as server, httpx2.AsyncClient(base_url=server.url, headers={"host": host}) as page:
        for path in (WS, f"{WS}/log", "/", "/w/demo", "/openapi.json", "/static/index.html", "/metrics", "/nothing"):
            answer = await page.get(path, headers={"origin": f"http://{host}"})
            problem(answer, 403, "foreign_host")
            assert "--origin" in answer.json()["remedy"]
        problem(await page.post(f"{WS}/intents", json={"text": "x"}), 403, "foreign_host")
        for path in ("/healthz", "/readyz"):
            assert (await page.get(path)).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "localhost.:80", "127.0.0.1", "127.9.9.9:1", "[::1]:8000",
                                  "docs.example.org", "docs.example.org:443"])  # fmt: skip
async def test_an_open_server_answers_to_its_own_and_listed_names(host: str) -> None:
    async with open_server() as server, httpx2.AsyncClient(base_url=server.url, headers={"host": host}) as page:
        assert (await page.get(WS)).status_code == 200


@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS)
async def test_no_foreign_page_opens_a_socket(carrier: Any) -> None:
    async with open_server(carrier=carrier) as server:

        async def closed(**headers: str) -> int:
            named = {name.replace("_", "-"): value for name, value in filled(headers, server).items()}
            host = named.pop("host", f"127.0.0.1:{server.port}")
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            lines = [f"{name}: {value}" for name, value in named.items()]
            head = [
                "GET /ws/demo HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *lines, "", "",
            ]  # fmt: skip
            writer.write("\r\n".join(head).encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            assert b" 101 " in answer, "a browser sees the code of a close alone"
            if not lines and host.startswith("127."):
                writer.close()
                return 0
            frame = await reader.readexactly(4)
            writer.close()
            assert frame[0] == 0x88, frame
            return int.from_bytes(frame[2:4], "big")

        assert await closed() == 0
        assert await closed(origin="http://evil.example") == 1008
        assert await closed(origin="null") == 1008
        assert await closed(sec_fetch_site="cross-site") == 1008
        assert await closed(origin="own", sec_fetch_site="same-site") == 1008
        assert await closed(host="evil.example", origin="http://evil.example") == 1008
        assert await closed(host="evil.example") == 1008


async def test_the_close_of_a_foreign_socket_names_the_option() -> None:
    async with open_server() as server:
        async with connect(f"{server.ws_url}/ws/demo", origin="http://evil.example") as socket:  # type: ignore[arg-type]
            with pytest.raises(ConnectionClosed) as caught:
                await socket.recv()
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, "--origin" in caught.value.rcvd.reason) == (1008, True)
        async with connect(f"{server.ws_url}/ws/demo", origin=LISTED) as socket:  # type: ignore[arg-type]
            await socket.send('{"type": "hello"}')
            assert "welcome" in str(await socket.recv())


async def test_with_tokens_a_foreign_page_changes_nothing_either_and_any_name_will_do() -> None:
    """Behind a proxy a server with tokens need not know its names; a page with the proxy's name is its own."""
    async with http() as (server, client):
        evil = {"origin": "http://evil.example"}
        problem(await client.post(f"{WS}/intents", json={"text": "x"}, headers=evil), 403, "foreign_origin")
        proxied = {"host": "docs.example.org", "origin": "https://docs.example.org", "sec-fetch-site": "same-origin"}
        assert (await client.post(f"{WS}/intents", json={"text": "x"}, headers=proxied)).status_code == 202
        async with client_of(server, "ana", "owner") as owner:
            problem(await owner.delete(WS, headers=evil), 403, "foreign_origin")


async def test_a_cookie_that_another_site_makes_a_browser_send_counts_for_nothing() -> None:
    async with http() as (server, client):
        cookie = (await client.post("/api/session?ws=demo")).headers["set-cookie"].partition(";")[0]
        async with httpx2.AsyncClient(base_url=server.url, headers={"cookie": cookie}) as page:
            for site, status in (("same-origin", 200), ("none", 200), ("same-site", 401), ("cross-site", 401)):
                assert (await page.get(WS, headers={"sec-fetch-site": site})).status_code == status, site


def scope(method: str = "POST", *, path: str = "/api", server: str = "192.168.1.5", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    kind = "websocket" if method == "WS" else "http"
    return {"type": kind, "method": method, "path": path, "headers": named, "server": (server, 8000),
            "client": ("127.0.0.1", 5)}  # fmt: skip


OPEN = Settings(is_open=True, host="0.0.0.0")


@pytest.mark.parametrize(
    ("host", "own"),
    [("192.168.1.5:8000", True), ("192.168.1.6:8000", False), ("0.0.0.0", True), ("[::ffff:192.168.1.5]", True),
     ("", False), ("[", False), ("a b", False), ("127.0.0.1.evil.example", False), ("2130706433", False)],
)  # fmt: skip
def test_the_number_a_server_was_reached_at_is_its_own(host: str, own: bool) -> None:
    assert is_own_host(scope(host=host), OPEN) == own


def test_two_of_a_header_that_there_is_one_of_are_nobodys() -> None:
    twice = scope(host="localhost")
    twice["headers"] *= 2
    assert not is_own_host(twice, OPEN)
    twice["headers"] = [(b"origin", b"http://localhost"), (b"host", b"localhost"), (b"host", b"localhost")]
    assert not is_own_page(twice, OPEN)
    twice["headers"] = [(b"origin", b"http://localhost"), (b"origin", b"http://evil.example"), (b"host", b"localhost")]
    assert not is_own_page(twice, OPEN)


def test_a_prefix_before_the_path_changes_nothing() -> None:
    under = {**scope("GET", host="evil.example", path="/notes/healthz"), "root_path": "/notes"}
    assert foreign(under, OPEN) is None
    under["path"] = "/notes/api"
    assert foreign(under, OPEN) is not None


@pytest.mark.parametrize(
    ("more", "home"),
    [({}, True), ({"host": "localhost"}, True), ({"host": "docs.example.org"}, False), ({"host": "10.0.0.1"}, False),
     ({"x_forwarded_for": "127.0.0.1"}, False), ({"forwarded": "for=127.0.0.1"}, False), ({"via": "1.1 p"}, False),
     ({"sec_fetch_site": "cross-site"}, False), ({"origin": "http://evil.example"}, False)],
)  # fmt: skip
def test_who_is_at_home_asks_directly(more: dict[str, str], home: bool) -> None:
    assert is_at_home(scope("GET", **{"host": "127.0.0.1:8000", **more}), Settings()) == home


def test_nobody_is_known_to_be_at_home_behind_a_proxy_or_on_another_machine() -> None:
    at_home = scope("GET", host="127.0.0.1:8000")
    assert not is_at_home(at_home, Settings(origins=(LISTED,)))
    assert not is_at_home({**at_home, "client": ("192.168.1.9", 5)}, Settings())
    assert not is_at_home({**at_home, "client": None}, Settings())


@pytest.mark.parametrize(
    ("value", "host"),
    [("A.example:80", "a.example"), ("[::1]:80", "::1"), ("x.", "x"), ("x:", "x"), ("x:y", None), ("x/y", None)],
)
def test_a_host_is_read_without_port_and_brackets(value: str, host: str | None) -> None:
    assert host_of(value) == host
