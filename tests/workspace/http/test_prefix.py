"""A server under a prefix is whole: its API, sockets, redirects, cookies and the way of signing in."""

from __future__ import annotations

import asyncio
import json
import re
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest
import websockets

from tests.support.http import problem
from tests.support.issuer import CLIENT, SECRET, issuer
from tests.support.process import folkmoot, free_port, serve
from tests.support.server import running_server
from workspace.settings import Settings

PREFIX = "/notes/team"
TOLD = {"x-forwarded-prefix": PREFIX}
CONFIGURED = Settings(root_path=PREFIX)


@pytest.mark.parametrize("path", ["/api/me?ws=demo", f"{PREFIX}/api/me?ws=demo"], ids=["stripped", "passed on"])
@pytest.mark.parametrize(("settings", "headers"), [(CONFIGURED, {}), (Settings(), TOLD)], ids=["set", "told"])
async def test_both_forms_of_an_address_are_answered(path: str, settings: Settings, headers: dict[str, str]) -> None:
    async with running_server(settings=settings) as server, httpx2.AsyncClient(base_url=server.url) as client:
        token = await server.token("ana", "owner")
        said = headers | {"authorization": f"Bearer {token}"}
        assert (await client.get(path, headers=said)).json()["actor"] == "ana"
        cookie = (await client.post(path.replace("/me", "/session"), headers=said)).headers["set-cookie"]
        assert f"Path={PREFIX};" in cookie
        gone = (await client.delete(path.replace("/me", "/session"), headers=said)).headers["set-cookie"]
        assert f"Path={PREFIX};" in gone
        problem(await client.get(path.replace("/me", "/nothing"), headers=headers), 404, "not_found")
        described = (await client.get("/openapi.json", headers=headers)).json()
        assert described["servers"] == [{"url": PREFIX}]
        assert "/api/me" in described["paths"]


async def test_a_prefix_that_is_not_ones_own_leads_nowhere() -> None:
    async with running_server() as server, httpx2.AsyncClient(base_url=server.url) as client:
        assert (await client.get(f"{PREFIX}/healthz")).status_code == 404
        assert (await client.get("/healthz", headers={"x-forwarded-prefix": '/"><script>'})).status_code == 200
    async with running_server(settings=CONFIGURED) as server, httpx2.AsyncClient(base_url=server.url) as client:
        assert (await client.get(f"{PREFIX}s/healthz")).status_code == 404
        assert (await client.get(f"{PREFIX}/healthz", headers={"x-forwarded-prefix": "/other"})).status_code == 200


@pytest.mark.parametrize("path", [f"{PREFIX}/ws/demo", "/ws/demo"])
async def test_a_stock_client_opens_a_socket_under_it(path: str) -> None:
    async with running_server(settings=CONFIGURED) as server:
        token = await server.token("ana", "editor")
        offered: Any = ["folkmoot", f"token.{token}"]
        async with websockets.connect(f"{server.ws_url}{path}", subprotocols=offered) as socket:
            await socket.send(json.dumps({"type": "hello", "seen": 0}))
            assert json.loads(await asyncio.wait_for(socket.recv(), 10))["type"] == "welcome"


async def led_to(address: str, location: str) -> str:
    """Return where a browser goes; node reads addresses as browsers do, Python's `urljoin` leaves out empty parts."""
    program = "process.stdout.write(new URL(process.argv[2], process.argv[1]).href)"
    node = await asyncio.create_subprocess_exec(
        "node", "-e", program, address, location, stdout=asyncio.subprocess.PIPE
    )
    return (await asyncio.wait_for(node.communicate(), 30))[0].decode()


@pytest.mark.parametrize("odd", ["/w/demo/", "/w/demo//", "/w/demo/?doc=a%20b", "/admin/"])
@pytest.mark.parametrize("before", ["", "/a", "/a/b"])
async def test_an_address_with_a_slash_more_leads_to_the_page_whatever_was_stripped(odd: str, before: str) -> None:
    async with running_server() as server, httpx2.AsyncClient(base_url=server.url) as client:
        answer = await client.get(odd)
        assert answer.status_code == 307
        # As a browser reads it: relative to the address that it knows.
        led = await led_to(f"https://h.example{before}{odd}", answer.headers["location"])
        path, _, query = odd.partition("?")
        assert led == f"https://h.example{before}{path.rstrip('/')}{query and f'?{query}'}"
        assert (await client.get("/w/demo/x")).status_code == 404


async def test_a_guests_cookie_stays_under_the_prefix() -> None:
    settings = msgspec.structs.replace(CONFIGURED, is_open=True)
    async with running_server(settings=settings) as server, httpx2.AsyncClient(base_url=server.url) as client:
        await client.get(f"{PREFIX}/w/demo")
        jar: CookieJar = client.cookies.jar
        assert [(one.name, one.path) for one in jar] == [("folkmoot_guest", PREFIX)]
        name = (await client.get(f"{PREFIX}/api/me?ws=demo")).json()["actor"]
        assert (await client.get(f"{PREFIX}/api/me?ws=demo")).json()["actor"] == name
        assert (await client.get("/api/me?ws=demo")).json()["actor"] != name, "no other path is sent the cookie"


async def test_the_way_of_signing_in_leads_back_under_the_prefix() -> None:
    async with issuer() as said:
        own = {"oidc_issuer": said.url, "oidc_client": CLIENT, "oidc_secret": SECRET, "url": f"http://here{PREFIX}"}
        settings = msgspec.structs.replace(CONFIGURED, **own)
        async with running_server(settings=settings) as server:
            provider: Any = server.registry.sign_ins.provider
            provider._settings = msgspec.structs.replace(settings, url=f"{server.url}{PREFIX}")
            async with httpx2.AsyncClient(base_url=server.url) as browser, httpx2.AsyncClient() as other:
                begun = await browser.get(f"{PREFIX}/api/sign-in?ws=demo")
                back = (await other.get(begun.headers["location"])).headers["location"]
                assert urlsplit(back).path == f"{PREFIX}/api/sign-in/done"
                done = await browser.get(back)
                assert (done.status_code, done.headers["location"]) == (303, f"{PREFIX}/w/demo")
                kept = [(one.name, one.path) for one in browser.cookies.jar]
                assert kept == [("folkmoot_session", PREFIX)]


async def test_a_document_that_is_called_otherwise_is_led_to_under_the_prefix() -> None:
    async with running_server(settings=CONFIGURED) as server, httpx2.AsyncClient(base_url=server.url) as client:
        said = {"authorization": f"Bearer {await server.token('ana', 'owner')}"}
        where = f"{PREFIX}/api/workspaces/demo/documents"
        await client.patch(f"{where}/plan", json={"name": "plan b"}, headers=said)
        answer = await client.get(f"{where}/plan", headers=said)
        assert answer.headers["location"] == f"{where}/plan%20b"


@pytest.mark.parametrize("by", ["option", "variable", "address"])
async def test_the_links_that_a_server_prints_open(by: str, tmp_path: Path) -> None:
    port, data = free_port(), str(tmp_path / "d")
    own = {"address": {"FOLKMOOT_URL": f"http://localhost:{port}{PREFIX}", "FOLKMOOT_ROOT_PATH": PREFIX}}
    environment = {"variable": {"FOLKMOOT_ROOT_PATH": PREFIX}, "option": {}, **own}[by]
    options = ("--root-path", PREFIX) if by == "option" else ()
    process = await folkmoot("serve", "--port", str(port), "--data", data, *options, **environment)
    try:
        assert process.stdout is not None
        link = None
        while link is None:
            line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
            assert line, "the server ended before it printed a link"
            link = re.search(r"http://\S+#token=\S+", line)
        assert link[0].startswith(f"http://{'localhost' if by == 'address' else '127.0.0.1'}:{port}{PREFIX}/w/demo#")
        async with httpx2.AsyncClient() as client:
            assert (await client.get(link[0].partition("#")[0])).status_code == 200
    finally:
        process.terminate()
        await asyncio.wait_for(process.communicate(), 30)


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--root-path", "moot", b"take one like /moot"),
        ("--root-path", "/api", b"take one like /moot"),
        ("--forwarded-allow-ips", "proxy", b"with commas between them"),
    ],
)
async def test_what_cannot_be_is_said_before_anything_is_opened(
    option: str, value: str, says: bytes, tmp_path: Path
) -> None:
    process = await folkmoot("serve", "--data", str(tmp_path / "d"), option, value)
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, says in err) == (1, True), err
    assert not (tmp_path / "d").exists()


async def test_a_trusted_proxy_says_where_a_key_was_used_and_a_stranger_does_not(tmp_path: Path) -> None:
    port = free_port()
    for trusted, seen in (("127.0.0.1", "203.0.113.9"), ("10.0.0.0/8", "127.0.0.1")):
        folder = tmp_path / seen
        process = await serve(folder, port, FOLKMOOT_FORWARDED_ALLOW_IPS=trusted)
        try:
            made = await folkmoot("token", "-w", "demo", "--actor", "Ana", "--role", "owner", "--data", str(folder))
            token = (await made.communicate())[0].decode().split()[-1]
            said = {"authorization": f"Bearer {token}", "x-forwarded-for": "203.0.113.9"}
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=said) as client:
                await client.get("/api/me?ws=demo")
                keys = (await client.get("/api/sessions?ws=demo")).json()
            assert [key["from"] for key in keys if key["own"]] == [seen]
        finally:
            process.terminate()
            await asyncio.wait_for(process.communicate(), 30)
