"""The page, and what operations ask for: health, metrics, the description of the API."""

from __future__ import annotations

import httpx2
import pytest

from tests.support.http import WS, http, problem
from workspace.http import pages


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
    assert page.headers["content-security-policy"] == pages.CSP
