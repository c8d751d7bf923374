"""The switches over HTTP: who may throw them, and how they stood after a record."""

from __future__ import annotations

from tests.support.http import WS, http, problem


async def test_a_stop_is_told_with_its_reason_and_as_it_stood_after_each_record() -> None:
    async with http("owner") as (_, client):
        assert (await client.get(f"{WS}/stop")).json() == {"stopped": False, "stops": []}
        stopped = (await client.put(f"{WS}/stop", json={"reason": "lunch"})).json()
        assert stopped["stopped"]
        assert [(stop["scope"], stop["by"], stop["reason"]) for stop in stopped["stops"]] == [
            ("workspace", "ana", "lunch")
        ]
        assert not (await client.delete(f"{WS}/stop")).json()["stopped"]
        seq = stopped["stops"][0]["seq"]
        assert (await client.get(f"{WS}/stop?at={seq}")).json() == stopped
        assert not (await client.get(f"{WS}/stop?at={seq - 1}")).json()["stopped"]
        assert not (await client.get(f"{WS}/stop?at={seq + 1}")).json()["stopped"]
        problem(await client.get(f"{WS}/stop?at=999"), 400, "malformed")


async def test_who_does_not_run_it_throws_no_switch() -> None:
    async with http("editor") as (_, client):
        problem(await client.put(f"{WS}/stop", json={}), 403, "forbidden")
        problem(await client.delete(f"{WS}/stop"), 403, "forbidden")
        assert (await client.get(f"{WS}/stop")).status_code == 200
    async with http("viewer", ws=None) as (_, client):
        problem(await client.put("/api/stop", json={}), 403, "forbidden")
        assert not (await client.get("/api/stop")).json()["stopped"]


async def test_the_servers_switch_and_the_workspaces_own_are_two() -> None:
    async with http("owner", ws=None) as (_, client):
        everywhere = (await client.put("/api/stop", json={"reason": "fire"})).json()
        assert [(stop["scope"], stop["by"], stop["reason"]) for stop in everywhere["stops"]] == [
            ("server", "ana", "fire")
        ]
        await client.put(f"{WS}/stop", json={})
        assert {stop["scope"] for stop in (await client.get(f"{WS}/stop")).json()["stops"]} == {"server", "workspace"}
        assert not (await client.delete("/api/stop")).json()["stopped"]
        assert {stop["scope"] for stop in (await client.get(f"{WS}/stop")).json()["stops"]} == {"workspace"}
