"""The page, and what operations ask for: health, metrics, the description of the API."""

from __future__ import annotations

import httpx2
import pytest

from tests.support.http import WS, http, problem
from tests.support.server import running_server
from workspace.http import pages
from workspace.settings import Settings


async def test_operations_and_the_page_answer() -> None:
    async with http() as (server, client):
        assert (await client.get("/healthz")).text == "ok\n"
        assert (await client.get("/readyz")).status_code == 200
        assert "folkmoot_rooms 1" in (await client.get("/metrics", headers={"authorization": ""})).text
        described = (await client.get("/openapi.json")).json()
        assert {"get", "put"} <= set(described["paths"]["/api/workspaces/{ws}/documents/{doc}"])
        page = await client.get("/w/demo")
        assert "script-src 'self'" in page.headers["content-security-policy"]
        problem(await client.get("/api/nothing"), 404, "not_found")
        async with httpx2.AsyncClient(base_url=server.url) as nobody:
            problem(await nobody.get(WS), 401, "unauthenticated")


async def test_the_api_describes_every_route_with_a_sentence_and_a_name_of_its_own() -> None:
    async with http() as (_, client):
        paths = (await client.get("/openapi.json")).json()["paths"]
    operations = [operation for methods in paths.values() for operation in methods.values()]
    assert len(operations) > 30
    assert all(operation["summary"] for operation in operations)
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))


async def test_metrics_say_where_the_agent_is_stopped() -> None:
    async with http("owner", ws=None) as (_, client):
        assert 'folkmoot_agent_stopped{scope="workspace"} 0' in (await client.get("/metrics")).text
        await client.put(f"{WS}/stop", json={"reason": "lunch"})
        await client.put("/api/stop", json={"reason": "fire"})
        text = (await client.get("/metrics")).text
        assert 'folkmoot_agent_stopped{scope="workspace"} 1' in text
        assert 'folkmoot_agent_stopped{scope="server"} 1' in text


async def test_a_page_that_is_not_built_says_how_to_build_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "assets", lambda: None)
    async with http() as (_, client):
        page = await client.get("/")
    assert page.status_code == 503
    assert "make web" in page.text


TOKEN = "counters-are-read-with-this"


@pytest.mark.parametrize("is_open", [False, True], ids=["tokens", "open"])
async def test_counters_are_for_who_looks_after_the_server(is_open: bool) -> None:
    async with running_server(settings=Settings(is_open=is_open)) as server:
        async with httpx2.AsyncClient(base_url=server.url) as client:

            async def asked(token: str = "", **headers: str) -> int:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                answer = await client.get("/metrics", headers=named | ({"authorization": token} if token else {}))
                if answer.status_code != 200:
                    problem(answer, 401, "unauthenticated")
                    assert "FOLKMOOT_METRICS_TOKEN" in answer.json()["remedy"]
                return answer.status_code

            assert await asked() == 200, "an operator on the server's own machine"
            assert await asked(host="localhost") == 200
            assert await asked(x_forwarded_for="203.0.113.9") == 401
            assert await asked(via="1.1 proxy") == 401
            assert await asked(sec_fetch_site="cross-site") == 401
            assert await asked("Bearer wrong") == 401
            far = {"x_forwarded_for": "203.0.113.9"}
            assert await asked(f"Bearer {await server.token('ana', 'owner', ws=None)}", **far) == 200
            assert await asked(f"Bearer {await server.token('ana', 'editor', ws=None)}", **far) == 401
            assert await asked(f"Bearer {await server.token('ana', 'owner')}", **far) == 401


@pytest.mark.parametrize("settings", [Settings(metrics_token=TOKEN), Settings(origins=("https://docs.example.org",))])
async def test_where_a_token_is_set_or_a_proxy_likely_nobody_is_at_home(settings: Settings) -> None:
    async with running_server(settings=settings) as server, httpx2.AsyncClient(base_url=server.url) as client:
        problem(await client.get("/metrics"), 401, "unauthenticated")
        own = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert own.status_code == (200 if settings.metrics_token else 401)
        owner = {"authorization": f"Bearer {await server.token('ana', 'owner', ws=None)}"}
        assert "folkmoot_rooms" in (await client.get("/metrics", headers=owner)).text


@pytest.mark.parametrize("token", ["", TOKEN])
async def test_a_server_without_a_token_of_its_own_for_counters_takes_no_empty_one(token: str) -> None:
    async with running_server(settings=Settings(metrics_token=token)) as server:
        async with httpx2.AsyncClient(base_url=server.url) as client:
            for empty in ("Bearer", "bearer", "Basic x", "Bearer é"):
                headers = {"authorization": empty.encode(), "x-forwarded-for": b"203.0.113.9"}
                problem(await client.get("/metrics", headers=headers), 401, "unauthenticated")
