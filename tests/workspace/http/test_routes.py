"""HTTP: what the protocol's table promises, and problems with stable codes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.server import Running, running_server
from workspace.intents.model.bodies import BODIES
from workspace.settings import Settings

WS = "/api/workspaces/demo"


@asynccontextmanager
async def http(role: str = "editor", *, ws: str | None = "demo") -> AsyncIterator[tuple[Running, httpx2.AsyncClient]]:
    async with running_server(planner=BuiltinPlanner()) as server:
        headers = {"authorization": f"Bearer {await server.token('ana', role, ws=ws)}"}
        async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=20) as client:
            yield server, client


def problem(response: httpx2.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["detail"]


async def test_an_instruction_runs_and_its_story_is_readable() -> None:
    async with http() as (_, client):
        done = (await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.food to 5"})).json()
        assert done["verdict"]["state"] == done["state"] == "done"
        entry = (await client.get(f"{WS}/intents/{done['id']}")).json()
        assert entry["intent"]["text"] == "set budget.food to 5"
        assert entry["plan"]["ops"][0]["op"] == "set"
        assert [e["id"] for e in (await client.get(f"{WS}/intents?state=done")).json()] == [done["id"]]
        assert (await client.get(f"{WS}/documents/budget")).json()["value"] == {"food": 5}
        assert (await client.get(f"{WS}/documents/budget?format=text")).text == '{\n  "food": 5\n}'
        before = (await client.get(f"{WS}/documents/budget?at={done['seq']}")).json()
        assert before["value"] == {}
        report = (await client.get(f"{WS}/verify")).json()
        assert report["ok"]
        assert report["head"] == report["checked"]
        audit = (await client.post(f"{WS}/replay", json={"mode": "audit"})).json()
        assert audit["report"]["ok"]


async def test_an_idempotency_key_makes_it_safe_to_repeat() -> None:
    async with http() as (_, client):
        order = {"text": 'append "once" to plan'}
        key = {"idempotency-key": "order-7"}
        first = (await client.post(f"{WS}/intents?wait=20", json=order, headers=key)).json()
        again = (await client.post(f"{WS}/intents?wait=20", json=order, headers=key)).json()
        assert again["id"] == first["id"]
        assert (await client.get(f"{WS}/documents/plan")).json()["value"] == "once\n"
        other = await client.post(f"{WS}/intents", json={"text": "something else"}, headers=key)
        problem(other, 409, "equivocation")


async def test_nobody_claims_to_have_seen_what_was_not_sent() -> None:
    async with http() as (_, client):
        problem(await client.post(f"{WS}/intents", json={"text": "x", "seen": 2}), 409, "bad_clock")
        await client.get(f"{WS}/log")
        assert (await client.post(f"{WS}/intents", json={"text": "x", "seen": 2})).status_code == 202


async def test_the_log_is_read_in_parts_followed_and_streamed_as_events() -> None:
    async with http() as (_, client):
        lines = (await client.get(f"{WS}/log")).text.strip().split("\n")
        assert [json.loads(line)["seq"] for line in lines] == [1, 2]
        assert {json.loads(line)["kind"] for line in lines} <= set(BODIES)
        assert (await client.get(f"{WS}/log?kind=verdict")).text == ""
        seen: list[int] = []

        async def follow() -> None:
            async with client.stream("GET", f"{WS}/log?from=2&follow=true") as response:
                async for line in response.aiter_lines():
                    if line.strip():
                        seen.append(json.loads(line)["seq"])
                    if len(seen) == 5:
                        return

        following = asyncio.create_task(follow())
        await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.n to 1"})
        async with asyncio.timeout(20):
            await following
        assert seen == [2, 3, 4, 5, 6]
        events = await client.get(f"{WS}/log?to=4", headers={"accept": "text/event-stream", "last-event-id": "2"})
        assert [line for line in events.text.split("\n") if line.startswith("id:")] == ["id: 3", "id: 4"]


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


async def test_documents_are_made_once_under_narrow_names() -> None:
    async with http() as (_, client):
        assert (await client.put(f"{WS}/documents/specs/api", json={"kind": "text"})).status_code == 201
        assert (await client.put(f"{WS}/documents/specs/api", json={"kind": "text"})).status_code == 201
        problem(await client.put(f"{WS}/documents/specs/api", json={"kind": "data"}), 409, "exists")
        for name in ("_own", "a..b", "x" * 201):
            problem(await client.put(f"{WS}/documents/{name}", json={}), 400, "bad_name")
        assert {row["name"] for row in (await client.get(f"{WS}/documents")).json()} == {"plan", "budget", "specs/api"}
        problem(await client.get(f"{WS}/documents/nowhere"), 404, "not_found")
        problem(await client.get(f"{WS}/documents/plan?format=pdf"), 400, "malformed")
        problem(await client.get(f"{WS}/documents/plan?at=999"), 400, "malformed")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"not json", 400, "malformed"),
        (b"[1]", 400, "malformed"),
        (b'{"text": 5}', 400, "malformed"),
        (b'{"text": ""}', 400, "malformed"),
        (b'{"text": "' + b"x" * 9000 + b'"}', 413, "too_large"),
        (b'{"text": "' + b"x" * (2 << 20) + b'"}', 413, "too_large"),
        (b'{"text": "x", "scope": [{"doc": "nowhere"}]}', 422, "bad_scope"),
        (b'{"text": "x", "expects": [{"doc": "plan", "equals": ' + b"[" * 100 + b"]" * 100 + b"}]}", 400, "malformed"),
        (b'{"kind": "cancel", "refs": ["i999"]}', 400, "malformed"),
    ],
)
async def test_bad_bodies_are_told_by_code(body: bytes, status: int, code: str) -> None:
    async with http() as (_, client):
        problem(await client.post(f"{WS}/intents", content=body), status, code)


async def test_operations_and_the_page_answer() -> None:
    async with http() as (server, client):
        assert (await client.get("/healthz")).text == "ok\n"
        assert (await client.get("/readyz")).status_code == 200
        assert "folkmoot_rooms 1" in (await client.get("/metrics")).text
        described = (await client.get("/openapi.json")).json()
        assert {"get", "put"} <= set(described["paths"]["/api/workspaces/{ws}/documents/{doc}"])
        page = await client.get("/w/demo")
        assert "script-src 'self'" in page.headers["content-security-policy"]
        problem(await client.get("/api/nothing"), 404, "not_found")
        async with httpx2.AsyncClient(base_url=server.url) as nobody:
            problem(await nobody.get(WS), 401, "unauthenticated")


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
            problem(await page.post(f"{WS}/intents", json={"text": "x"}, headers=foreign), 401, "unauthenticated")
            assert (
                await page.post(f"{WS}/intents", json={"text": "x"}, headers={"origin": server.url})
            ).status_code == 202


async def test_an_open_server_lets_everybody_in() -> None:
    async with running_server(settings=Settings(is_open=True)) as server:
        async with httpx2.AsyncClient(base_url=server.url) as anybody:
            assert (await anybody.get("/api/me?ws=demo&name=Zoe")).json()["actor"] == "Zoe"
            assert (await anybody.get(WS)).status_code == 200
