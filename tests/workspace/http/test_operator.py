"""Who runs the server, at every door that is theirs: a matrix of everybody who might knock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from tests.support.http import WS, client_of, problem
from tests.support.server import Running, running_server
from workspace.access import parse_key
from workspace.settings import Settings

SEEN = ("/api/admin", "/api/admin/workspaces", "/api/admin/sessions")
# What only who holds a key of the server's owner may, and what a guest of an open server may as well.
KEYED = [*(("GET", path) for path in SEEN), ("DELETE", "/api/admin/sessions/0123456789ab")]
OPEN = [("PUT", "/api/stop"), ("DELETE", "/api/stop"), ("POST", "/api/workspaces")]
# Who asks, and which answer they have at every path.
LESS = {
    "nobody": 401,
    "a made-up token": 401,
    "viewer of the workspace": 401,
    "commenter of the workspace": 401,
    "editor of the workspace": 401,
    "owner of the workspace": 401,
    "session of an owner": 401,
    "expired owner of the server": 401,
    "revoked owner of the server": 401,
    "viewer of the server": 403,
    "commenter of the server": 403,
    "editor of the server": 403,
    "read-only owner of the server": 403,
}


async def key_of(server: Running, who: str) -> str:
    """Return the key with which somebody asks."""
    registry = server.registry
    role = who.split()[0]
    match who.split():
        case ["nobody"]:
            return ""
        case ["a", *_]:
            return f"fm_{'0' * 12}_{'0' * 32}"
        case ["session", *_]:
            made = await registry.invitations.invite("demo", role="owner", uses=1, expires=None, by="owner")
            assert isinstance(made, tuple)
            async with httpx2.AsyncClient(base_url=server.url) as client:
                body = {"invitation": made[0], "name": "Zoë"}
                answer = await client.post("/api/invitation/accept", json=body)
                return str(answer.cookies["folkmoot_session"])
        case ["expired", *_]:
            return await registry.tokens.make(None, actor="x", role="owner", expires=registry.clock.now() - 1)
        case ["revoked", *_]:
            key = await registry.tokens.make(None, actor="x", role="owner")
            await registry.store.write_people((), ends=[(parse_key(key, "fm") or ("",))[0]])
            return key
        case ["read-only", *_]:
            return await registry.tokens.make(None, actor="x", role="owner", scope="read")
        case _:
            return await server.token("x", role, ws="demo" if who.endswith("workspace") else None)


@asynccontextmanager
async def asking(server: Running, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=20) as client:
        yield client


async def asked(client: httpx2.AsyncClient, method: str, path: str) -> httpx2.Response:
    return await client.request(method, path, **({"json": {}} if method in ("PUT", "POST") else {}))  # type: ignore[arg-type]


@pytest.mark.parametrize("who", LESS)
async def test_whoever_has_less_reads_nothing_and_does_nothing(who: str) -> None:
    async with running_server() as server, asking(server, await key_of(server, who)) as client:
        status, code = LESS[who], {401: "unauthenticated", 403: "forbidden"}[LESS[who]]
        for method, path in (*KEYED, *OPEN):
            answer = await asked(client, method, path)
            problem(answer, status, code)
            assert "demo" not in answer.text
        assert not server.registry.switches.server.is_on


async def test_the_servers_owner_may_all_of_it() -> None:
    async with running_server() as server, client_of(server, "op", "owner", ws=None) as client:
        for path in SEEN:
            assert (await client.get(path)).status_code == 200
        problem(await client.delete("/api/admin/sessions/0123456789ab"), 404, "not_found")
        assert (await client.put("/api/stop", json={"reason": "x"})).json()["stopped"]
        assert (await client.post("/api/workspaces", json={"id": "other"})).status_code == 201
        assert (await client.post(f"{WS}/fork", json={"id": "copy"})).status_code == 201


async def test_the_owners_key_counts_as_the_pages_cookie_and_only_from_the_pages_own() -> None:
    async with running_server() as server:
        key = await server.token("op", "owner", ws=None)
        async with httpx2.AsyncClient(base_url=server.url, cookies={"folkmoot_session": key}) as client:
            own = {"sec-fetch-site": "same-origin"}
            assert (await client.get("/api/admin", headers=own)).status_code == 200
            foreign = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
            for method, path in (*KEYED, *OPEN):
                answer = await client.request(method, path, headers=foreign)
                assert answer.status_code in (401, 403), (method, path)
                assert "demo" not in answer.text


async def test_a_guest_of_an_open_server_makes_workspaces_and_does_not_see_who_is_where() -> None:
    async with running_server(settings=Settings(is_open=True)) as server, asking(server, "") as client:
        assert (await client.put("/api/stop", json={})).status_code == 200
        assert (await client.post("/api/workspaces", json={"id": "other"})).status_code == 201
        for method, path in KEYED:
            answer = await asked(client, method, path)
            problem(answer, 401, "unauthenticated")
            assert "Bearer" in answer.json()["remedy"]
