"""The agent is stopped over HTTP, in one workspace or everywhere: at once, in the log, told to all, and let go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.http import problem
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.client import connect
from workspace.clock import SystemClock
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.state.replay import fold_log
from workspace.ports import SERVER, SwitchRow
from workspace.registry import switches as switch
from workspace.registry.registry import RoomRegistry
from workspace.settings import Settings
from workspace.store.memory import MemoryStore

WS = "/api/workspaces/demo"
SLOW = "set budget.food to 5 after 2 seconds"
FAST = "set budget.food to 5"


@asynccontextmanager
async def http(server: Running, role: str = "owner", *, ws: str | None = "demo") -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": f"Bearer {await server.token('ana', role, ws=ws)}"}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=20) as client:
        yield client


async def state_of(client: httpx2.AsyncClient, intent: str, ws: str = "demo") -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/workspaces/{ws}/intents/{intent}")).json()
    return found


async def ended(client: httpx2.AsyncClient, intent: str) -> dict[str, Any]:
    return await until(lambda: state_of(client, intent), lambda entry: entry.get("verdict") is not None)


async def report_of(server: Running, ws: str = "demo") -> Any:
    return verify(*await read_all(server.registry.store, ws))


async def test_the_owner_stops_the_agent_and_lets_it_go_on() -> None:
    async with running_server(planner=BuiltinPlanner()) as server, http(server) as client:
        begun = (await client.post(f"{WS}/intents", json={"text": SLOW})).json()
        stopped = await client.put(f"{WS}/stop", json={"reason": "checking the numbers"})
        assert stopped.status_code == 200
        body = stopped.json()
        (stop,) = body["stops"]
        assert (body["stopped"], stop["scope"], stop["by"], stop["reason"]) == (
            True, "workspace", "ana", "checking the numbers",
        )  # fmt: skip
        assert (await client.get(WS)).json()["stops"] == (await client.get(f"{WS}/stop")).json()["stops"] == [stop]
        entry = await state_of(client, begun["id"])
        assert (entry["state"], entry["reason"]) == ("queued", "The agent is stopped by ana: checking the numbers")
        later = (await client.post(f"{WS}/intents", json={"text": "set budget.rent to 3"})).json()
        assert (await state_of(client, later["id"]))["reason"] == "The agent is stopped by ana: checking the numbers"
        assert (await client.get("/readyz")).text == "ready\n"
        metrics = await client.get("/metrics", headers={"authorization": ""})
        assert 'folkmoot_agent_stopped{scope="workspace"} 1' in metrics.text
        kinds = [row.kind for row in (await read_all(server.registry.store, "demo"))[0]]
        assert "plan" not in kinds
        gone_on = (await client.delete(f"{WS}/stop")).json()
        assert gone_on == {"stopped": False, "stops": []}
        assert (await client.get(f"{WS}/stop?at={stop['seq']}")).json() == body
        assert (await client.get(f"{WS}/stop?at={stop['seq'] - 1}")).json() == gone_on
        problem(await client.get(f"{WS}/stop?at=100000"), 400, "malformed")
        assert (await ended(client, begun["id"]))["verdict"]["state"] == "done"
        assert (await ended(client, later["id"]))["verdict"]["state"] == "done"
        report = await report_of(server)
        assert report.ok, report.reason


async def test_thrown_as_it_stands_nothing_is_recorded() -> None:
    async with running_server(planner=BuiltinPlanner()) as server, http(server) as client:
        before = (await client.get(WS)).json()["seq"]
        assert (await client.delete(f"{WS}/stop")).json()["stopped"] is False
        assert (await client.get(WS)).json()["seq"] == before
        first = (await client.put(f"{WS}/stop", json={"reason": "a"})).json()
        assert (await client.put(f"{WS}/stop", json={"reason": "a"})).json() == first
        second = (await client.put(f"{WS}/stop")).json()
        assert second["stops"][0]["reason"] == ""
        assert (await client.get(WS)).json()["seq"] == before + 2
        everywhere = [(await client.delete("/api/stop")).status_code for _ in range(2)]
        assert everywhere == [401, 401], "a token of one workspace is none of the server's"


@pytest.mark.parametrize("role", ["editor", "commenter", "viewer"])
async def test_only_an_owner_throws_a_switch_and_everybody_sees_it(role: str) -> None:
    async with running_server(planner=BuiltinPlanner()) as server, http(server, role) as client:
        problem(await client.put(f"{WS}/stop"), 403, "forbidden")
        problem(await client.delete(f"{WS}/stop"), 403, "forbidden")
        assert (await client.get(f"{WS}/stop")).json() == {"stopped": False, "stops": []}
        async with http(server, role, ws=None) as everywhere:
            problem(await everywhere.put("/api/stop"), 403, "forbidden")
            problem(await everywhere.delete("/api/stop"), 403, "forbidden")
            assert (await everywhere.get("/api/stop")).json() == {"stopped": False, "stops": []}


async def test_what_cannot_be_a_reason_is_refused_by_name() -> None:
    async with running_server(planner=BuiltinPlanner()) as server, http(server) as client:
        problem(await client.put(f"{WS}/stop", json={"reason": "x" * 301}), 413, "too_large")
        problem(await client.put(f"{WS}/stop", json={"reason": "a\nb"}), 400, "malformed")
        problem(await client.put(f"{WS}/stop", json={"reason": 5}), 400, "malformed")
        problem(await client.put(f"{WS}/stop", json={"why": "a"}), 400, "unknown_field")
        problem(await client.put(f"{WS}/stop?force=1"), 400, "unknown_parameter")
        problem(await client.get("/api/workspaces/nowhere/stop"), 401, "unauthenticated")
        assert (await client.get(f"{WS}/stop")).json()["stopped"] is False


async def test_the_servers_switch_holds_everywhere_and_is_another_one() -> None:
    async with (
        running_server(planner=BuiltinPlanner()) as server,
        http(server, ws=None) as owner,
        http(server) as client,
    ):
        await server.registry.create("other", name="o", actor="ana", documents={"budget": "data"})
        stopped = (await owner.put("/api/stop", json={"reason": "an outage"})).json()
        assert [(stop["scope"], stop["by"]) for stop in stopped["stops"]] == [("server", "ana")]
        waiting = (await client.post(f"{WS}/intents", json={"text": FAST})).json()
        assert (await state_of(client, waiting["id"]))[
            "reason"
        ] == "The agent is stopped on the whole server by ana: an outage"
        other = (await owner.post("/api/workspaces/other/intents", json={"text": FAST})).json()
        assert other["state"] == "queued"
        problem(await client.delete("/api/stop"), 401, "unauthenticated")
        await client.put(f"{WS}/stop", json={"reason": "mine"})
        assert len((await client.get(f"{WS}/stop")).json()["stops"]) == 2
        metrics = await client.get("/metrics", headers={"authorization": ""})
        assert 'folkmoot_agent_stopped{scope="server"} 1' in metrics.text
        assert (await owner.delete("/api/stop")).json() == {"stopped": False, "stops": []}
        await until(lambda: state_of(owner, other["id"], "other"), lambda entry: entry["state"] == "done")
        entry = await state_of(client, waiting["id"])
        assert (entry["state"], entry["reason"]) == ("queued", "The agent is stopped by ana: mine")
        await client.delete(f"{WS}/stop")
        assert (await ended(client, waiting["id"]))["verdict"]["state"] == "done"
        for ws in ("demo", "other"):
            report = await report_of(server, ws)
            assert report.ok, report.reason


async def test_pages_are_told_at_once_and_late_ones_in_their_welcome() -> None:
    async with running_server(planner=BuiltinPlanner()) as server, http(server) as client:
        async with connect(f"{server.ws_url}/ws/demo", token=await server.token("ben")) as early:
            await client.put(f"{WS}/stop", json={"reason": "look"})
            await early.until(lambda room: [stop["by"] for stop in room.stops] == ["ana"], 10)
            async with connect(f"{server.ws_url}/ws/demo", token=await server.token("chen")) as late:
                await late.until(lambda room: [stop["reason"] for stop in room.stops] == ["look"], 10)
                await client.delete(f"{WS}/stop")
                await late.until(lambda room: room.stops == [], 10)
            await early.until(lambda room: room.stops == [], 10)


def registry_on(store: MemoryStore) -> RoomRegistry:
    return RoomRegistry(store=store, planner=BuiltinPlanner(), clock=SystemClock(), settings=Settings())


async def stopped_in_log(store: MemoryStore, ws: str) -> list[str]:
    """Return who has stopped the agent, by the log alone."""
    return [stop.by for stop in fold_log(*await read_all(store, ws)).stops.all]


async def test_a_switch_that_another_process_has_thrown_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switch, "WATCH_SECONDS", 0.01)
    store = MemoryStore()
    registry = registry_on(store)
    await registry.start()
    await registry.create("w", name="w", actor="ana")
    for is_on in (True, False):
        await store.put_switch(SwitchRow(SERVER, is_on, "Op", f"2026-01-0{1 + is_on}T00:00:00.000Z", "elsewhere"))
        who = ["Op"] if is_on else []
        await until(lambda: stopped_in_log(store, "w"), lambda by, who=who: by == who)  # type: ignore[misc]
    await registry.stop()
    assert verify(*await read_all(store, "w")).ok


async def test_a_workspace_that_was_closed_learns_of_it_as_it_opens() -> None:
    store = MemoryStore()
    registry = registry_on(store)
    await registry.start()
    await registry.create("w", name="w", actor="ana")
    await registry.stop()
    at = "2026-01-01T00:00:00.000Z"
    await store.put_switch(SwitchRow(SERVER, True, "Op", at, "an outage"))
    registry = registry_on(store)
    await registry.start()
    assert registry.switches.server.is_on
    room = await registry.room("w")
    (stop,) = room.sequencer.fold.stops.all
    assert (stop.scope, stop.by, stop.since, stop.reason) == ("server", "Op", at, "an outage")
    await registry.stop()
    await store.put_switch(SwitchRow(SERVER, False, "Op", "2026-01-02T00:00:00.000Z"))
    registry = registry_on(store)
    await registry.start()
    assert not (await registry.room("w")).sequencer.fold.stops.is_on
    await registry.stop()
    assert verify(*await read_all(store, "w")).ok


async def test_a_stop_thrown_while_a_workspace_opens_is_not_missed() -> None:
    class Slow(MemoryStore):
        def __init__(self) -> None:
            super().__init__()
            self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

        async def take(self, ws: str, *, short: int) -> Any:
            self.asked.set()
            await self.goes_on.wait()
            return await super().take(ws, short=short)

        def submit(self, batch: Any) -> asyncio.Future[None]:
            # The opening's own batch: the switch is thrown between the look at it and the room.
            if not registry.switches.server.at and self.goes_on.is_set():
                registry.switches._rows[SERVER] = SwitchRow(SERVER, True, "Op", "2026-01-01T00:00:00.000Z")
            return super().submit(batch)

    store = Slow()
    registry = registry_on(store)
    await registry.start()
    store.goes_on.set()
    room = await registry.create("w", name="w", actor="ana")
    await until(lambda: room.sequencer.fold.stops.is_on)
    assert [stop.by for stop in room.sequencer.fold.stops.all] == ["Op"]
    await registry.stop()


async def test_a_log_from_another_servers_store_obeys_the_switch_of_this_one() -> None:
    store = MemoryStore()
    registry = registry_on(store)
    await registry.start()
    room = await registry.create("w", name="w", actor="ana")
    await registry.switches.throw(is_on=True, actor="Op")
    assert room.sequencer.fold.stops.is_on
    await registry.stop()
    (row,) = await store.switches()
    await store.drop_switch(row)  # as if the workspace had been brought here
    registry = registry_on(store)
    await registry.start()
    assert not (await registry.room("w")).sequencer.fold.stops.is_on
    await registry.stop()


def order(is_on: bool, at: str, reason: str = "") -> SwitchRow:
    return SwitchRow("w", is_on, "Op", f"2026-01-0{at}T00:00:00.000Z", reason)


async def test_an_order_to_a_workspace_is_carried_out_once_by_the_server_that_has_it_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(switch, "WATCH_SECONDS", 0.01)
    store = MemoryStore()
    registry = registry_on(store)
    await registry.start()
    for ws in ("w", "other"):
        await registry.create(ws, name=ws, actor="ana")
    await store.put_switch(order(True, "1", "look"))
    await until(store.switches, lambda orders: not orders)
    assert await stopped_in_log(store, "w") == ["Op"]
    assert await stopped_in_log(store, "other") == []
    room = await registry.room("w")
    await switch.throw(room, is_on=False, actor="ana")
    await store.put_switch(order(True, "1", "look"))  # as if the server had died before it dropped it
    await until(store.switches, lambda orders: not orders)
    assert await stopped_in_log(store, "w") == [], "ana has let it go on since"
    await store.put_switch(order(True, "2"))
    await until(store.switches, lambda orders: not orders)
    assert await stopped_in_log(store, "w") == ["Op"]
    await registry.stop()
    assert verify(*await read_all(store, "w")).ok


async def test_an_order_waits_for_the_workspace_to_open() -> None:
    store = MemoryStore()
    registry = registry_on(store)
    await registry.start()
    await registry.create("w", name="w", actor="ana")
    await registry.stop()
    await store.put_switch(order(True, "1"))
    registry = registry_on(store)
    await registry.start()
    assert await store.switches(), "nobody has opened it"
    assert (await registry.room("w")).sequencer.fold.stops.is_on
    await until(store.switches, lambda orders: not orders)
    await registry.stop()


async def test_a_fork_is_stopped_as_its_original_was_and_as_the_server_is() -> None:
    async with running_server(planner=BuiltinPlanner()) as server, http(server, ws=None) as owner:
        await owner.put("/api/stop", json={"reason": "an outage"})
        stopped = (await owner.put(f"{WS}/stop", json={"reason": "look"})).json()
        assert len(stopped["stops"]) == 2
        at = stopped["stops"][1]["seq"]
        await owner.delete("/api/stop")
        await owner.delete(f"{WS}/stop")
        made = (await owner.post(f"{WS}/fork", json={"id": "past", "at": at})).json()
        assert [(stop["scope"], stop["reason"]) for stop in made["stops"]] == [("workspace", "look")]
        waits = (await owner.post("/api/workspaces/past/intents?wait=0", json={"text": FAST})).json()
        assert waits["state"] == "queued"
        assert (await owner.delete("/api/workspaces/past/stop")).json()["stopped"] is False
        report = await report_of(server, "past")
        assert report.ok, report.reason
