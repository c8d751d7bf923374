"""Workspaces, their set-up and their people over HTTP."""

from __future__ import annotations

import time

import httpx2

from tests.support.http import WS, http, problem
from tests.support.server import running_server
from workspace.settings import Settings


async def test_a_workspace_is_made_set_up_and_deleted_by_who_may() -> None:
    async with http("owner", ws=None) as (server, client):
        made = await client.post("/api/workspaces", json={"id": "team-a", "name": "Team", "documents": {"x": "data"}})
        assert made.status_code == 201
        assert made.json()["documents"] == {"x": "data"}
        problem(await client.post("/api/workspaces", json={"id": "team-a"}), 409, "exists")
        problem(await client.post("/api/workspaces", json={"id": "../x"}), 400, "malformed")
        assert {row["id"] for row in (await client.get("/api/workspaces")).json()} == {"demo", "team-a"}
        changed = await client.put("/api/workspaces/team-a/config", json={"policy": {"chain": ["first"]}, "name": "A"})
        assert (changed.json()["policy"]["chain"], changed.json()["name"]) == (["first"], "A")
        problem(
            await client.put("/api/workspaces/team-a/config", json={"policy": {"chain": ["dice"]}}), 400, "malformed"
        )
        problem(
            await client.put("/api/workspaces/team-a/config", json={"policy": {"ask_seconds": 1e9}}), 400, "malformed"
        )
        ben = (await client.post("/api/workspaces/team-a/tokens", json={"actor": "ben", "role": "viewer"})).json()[
            "token"
        ]
        async with httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {ben}"}) as viewer:
            assert (await viewer.get("/api/workspaces/team-a")).status_code == 200
            problem(await viewer.post("/api/workspaces/team-a/intents", json={"text": "x"}), 403, "forbidden")
            problem(await viewer.put("/api/workspaces/team-a/documents/y", json={}), 403, "forbidden")
            problem(await viewer.get(WS), 401, "unauthenticated")
            assert (await client.post("/api/workspaces/team-a/revoke", json={"actor": "ben"})).json()["revoked"]
            problem(await viewer.get("/api/workspaces/team-a"), 401, "unauthenticated")
        assert (await client.delete("/api/workspaces/team-a")).status_code == 204
        problem(await client.get("/api/workspaces/team-a"), 404, "not_found")


async def test_the_pages_cookie_counts_only_from_the_servers_own_pages() -> None:
    async with http() as (server, client):
        answer = await client.post("/api/session?ws=demo")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        name, _, value = cookie.partition(";")[0].partition("=")
        async with httpx2.AsyncClient(base_url=server.url, cookies={name: value}) as page:
            assert (await page.get(WS)).status_code == 200
            problem(await page.post(f"{WS}/intents", json={"text": "x"}), 401, "unauthenticated")
            foreign = {"origin": "http://evil.example"}
            problem(await page.post(f"{WS}/intents", json={"text": "x"}, headers=foreign), 403, "foreign_origin")
            assert (
                await page.post(f"{WS}/intents", json={"text": "x"}, headers={"origin": server.url})
            ).status_code == 202


async def test_an_open_server_lets_everybody_in() -> None:
    async with running_server(settings=Settings(is_open=True)) as server:
        async with httpx2.AsyncClient(base_url=server.url) as anybody:
            assert (await anybody.get("/api/me?ws=demo&name=Zoe")).json()["actor"] == "Zoe"
            assert (await anybody.get(WS)).status_code == 200


async def test_what_a_set_up_leaves_out_stays_as_it_is() -> None:
    async with http("owner") as (_, client):
        await client.put(f"{WS}/config", json={"name": "Spring"})
        now = (await client.put(f"{WS}/config", json={"policy": {"chain": ["first"]}})).json()
        assert (now["name"], now["policy"]["chain"]) == ("Spring", ["first"])
        for odd in ({"name": ""}, {"members": {"b": "editor"}}, {"budget": {"day": -1}}, {"members": {}}):
            refused = await client.put(f"{WS}/config", json=odd)
            assert refused.status_code == 400, odd
        assert (await client.get(WS)).json() == now


async def test_a_fork_begins_at_a_record_of_the_past() -> None:
    async with http("owner", ws=None) as (_, client):
        first = (await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.n to 1"})).json()
        await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.n to 2"})
        at = (await client.get(f"{WS}/documents/budget")).json()["seq"]
        problem(await client.post(f"{WS}/fork", json={"id": "past", "at": at + 1000}), 400, "malformed")
        problem(await client.post(f"{WS}/fork", json={"id": "../x"}), 400, "malformed")
        made = await client.post(f"{WS}/fork", json={"id": "past", "at": int(first["verdict"]["commit"][1:])})
        assert made.status_code == 201, made.text
        assert (await client.get("/api/workspaces/past/documents/budget")).json()["value"] == {"n": 1}
        problem(await client.post(f"{WS}/fork", json={"id": "past"}), 409, "exists")


async def test_the_end_of_a_token_is_in_seconds() -> None:
    async with http("owner") as (_, client):
        said = {"actor": "b", "role": "editor"}
        late = await client.post(f"{WS}/tokens", json={**said, "expires": time.time() * 1000})
        problem(late, 400, "malformed")
        assert "Divide milliseconds by 1000" in late.json()["remedy"]
        assert (await client.post(f"{WS}/tokens", json={**said, "expires": time.time() + 60})).status_code == 201


async def test_a_token_of_one_workspace_makes_no_other() -> None:
    async with http("owner") as (_, client):
        problem(await client.post("/api/workspaces", json={"id": "mine"}), 401, "unauthenticated")
        problem(await client.post(f"{WS}/fork", json={"id": "mine"}), 401, "unauthenticated")
        problem(await client.post(f"{WS}/tokens", json={"actor": "b", "role": "king"}), 400, "malformed")
        problem(await client.post(f"{WS}/revoke", json={}), 400, "malformed")


async def test_a_set_up_gives_nobody_a_role_and_says_where_roles_are_given() -> None:
    async with http("owner") as (server, client):
        await server.token("ben", "editor")
        given = {"ana": "owner", "ben": "editor"}
        assert (await client.get(WS)).json()["members"] == given
        for members in ({"ben": "viewer"}, {"ghost": "owner"}, {"ana": "viewer"}):
            refused = await client.put(f"{WS}/config", json={"members": members, "name": "taken"})
            problem(refused, 400, "malformed")
            assert "PATCH …/members/NAME" in refused.json()["remedy"]
        assert (await client.get(WS)).json()["members"] == given
        assert (await client.patch(f"{WS}/members/ben", json={"role": "viewer"})).status_code < 300
        now = (await client.get(WS)).json()
        assert (now["name"], now["members"]) == ("Demo", {"ana": "owner", "ben": "viewer"})
        told = (await client.get(f"{WS}/members")).json()
        assert now["members"] == {row["actor"]: row["role"] for row in told}


async def test_a_guest_takes_no_names_and_declares_no_receivers() -> None:
    async with running_server(settings=Settings(is_open=True)) as server:
        async with httpx2.AsyncClient(base_url=server.url) as anybody:
            config = f"{WS}/config?name=Zoe"
            problem(await anybody.put(config, json={"members": {"Dora": "owner"}}), 400, "malformed")
            post = {"post": {"kind": "mail", "address": "bot@example.org"}}
            for receivers in (post, {}):
                refused = await anybody.put(config, json={"receivers": receivers})
                problem(refused, 403, "forbidden")
                assert "receivers" in refused.json()["detail"]
            assert (await anybody.put(config, json={"name": "theirs"})).json()["receivers"] == {}
