"""What the server's owner is told of it, in pages, and how any key ends."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from agent.builtin.planner import BuiltinPlanner
from tests.support.http import WS, client_of, problem
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace import __version__
from workspace.access import parse_key
from workspace.intents.model.log_format import LOG_FORMAT
from workspace.ports import SwitchRow
from workspace.room.room import Room
from workspace.store.memory import MemoryStore


def id_of(key: str) -> str:
    return (parse_key(key, "fm", "fs") or ("",))[0]


async def told(client: httpx2.AsyncClient, path: str = "/api/admin") -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_server_tells_what_it_is_and_what_it_holds() -> None:
    async with running_server() as server, client_of(server, "op", "owner", ws=None) as client:
        await client.put("/api/stop", json={"reason": "an outage"})
        found = (await told(client))["server"]
        assert found["version"] == __version__
        assert found["database"] == {"kind": "memory", "bytes": 0, "schema": 0, "log_format": LOG_FORMAT}
        assert found["started"].startswith("20")
        assert found["uptime_s"] >= 0
        assert (found["rooms"], found["sockets"], found["workspaces"], found["keys"]) == (1, 0, 1, 1)
        assert (found["backup"], found["anchor"]) == (None, None)
        assert found["stopped"]
        assert [(stop["scope"], stop["by"], stop["reason"]) for stop in found["stops"]] == [
            ("server", "op", "an outage")
        ]


async def test_a_workspace_is_told_with_its_people_documents_bytes_and_sockets() -> None:
    async with (
        running_server(planner=BuiltinPlanner()) as server,
        client_of(server, "op", "owner", ws=None) as client,
        client_of(server, "ana", "owner") as ana,
    ):
        await server.token("ben")
        await ana.put(f"{WS}/documents/old", json={"kind": "text", "content": "x"})
        await ana.patch(f"{WS}/documents/old", json={"state": "archived"})
        await ana.put(f"{WS}/stop", json={"reason": "lunch"})
        await ana.post(f"{WS}/intents", json={"text": 'append "x" to plan'})
        await server.registry.tallies.look()
        offered = [Subprotocol("folkmoot"), Subprotocol(f"token.{await server.token('ben')}")]
        async with connect(f"{server.ws_url}/ws/demo/plan", subprotocols=offered):
            room = await server.registry.room("demo")
            await until(lambda: len(room.hub.peers) == 1)
            (row,) = (await told(client))["workspaces"]["rows"]
        assert (row["id"], row["name"], row["owners"], row["more_owners"], row["members"]) == (
            "demo", "Demo", ["ana"], False, 2
        )  # fmt: skip
        assert row["documents"] == {"living": 2, "archived": 1, "deleted": 0}
        assert (row["live"], row["questions"], row["aside"], row["quarantined"]) == (1, 0, 0, {})
        assert (row["open"], row["sockets"], row["epoch"]) == (True, 1, 1)
        assert row["records"] == row["as_of"] == room.durable_seq
        assert row["active"] > row["created"]
        assert [(stop["by"], stop["reason"]) for stop in row["stops"]] == [("ana", "lunch")]
        assert row["measured"]
        assert row["bytes"]["log"] > 0
        assert row["bytes"]["journal"] > 0


async def test_a_workspace_that_nobody_has_open_is_told_as_it_was_and_stays_closed() -> None:
    async with running_server() as server, client_of(server, "op", "owner", ws=None) as client:
        await server.registry.tallies.look()
        room = server.registry.rooms.pop("demo")
        await room.close()
        (row,) = (await told(client))["workspaces"]["rows"]
        assert (row["open"], row["sockets"]) == (False, None)
        assert row["documents"] == {"living": 2, "archived": 0, "deleted": 0}
        assert row["as_of"] <= row["records"]
        assert server.registry.rooms == {}, "nothing is opened to be looked at"


async def test_no_log_is_read_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_server() as server, client_of(server, "op", "owner", ws=None) as client:

        async def refuse(*_: object, **__: object) -> Any:
            raise AssertionError("a log was read")

        for name in ("rows", "journal", "snapshots", "take"):
            monkeypatch.setattr(MemoryStore, name, refuse)
        monkeypatch.setattr(Room, "write", refuse)
        for path in ("/api/admin", "/api/admin/workspaces?find=demo", "/api/admin/sessions"):
            await told(client, path)
        await server.registry.tallies.look()


async def test_lists_come_in_pages_to_their_end_and_are_searched() -> None:
    async with running_server() as server, client_of(server, "op", "owner", ws=None) as client:
        for at in range(5):
            await client.post("/api/workspaces", json={"id": f"w{at}", "name": f"Name {at}"})
            await server.token(f"p{at}", ws=f"w{at}")
        names, after = [], ""
        while after is not None:
            page = await told(client, f"/api/admin/workspaces?limit=4&after={after}")
            names += [row["id"] for row in page["rows"]]
            after = page["next"]
        assert names == ["demo", "w0", "w1", "w2", "w3", "w4"]
        found = await told(client, "/api/admin/workspaces?find=name%203")
        assert ([row["id"] for row in found["rows"]], found["next"]) == (["w3"], None)
        people, before = [], ""
        while before is not None:
            page = await told(client, f"/api/admin/sessions?limit=2&before={before}")
            people += [row["who"] for row in page["rows"]]
            before = page["next"]
        assert sorted(people) == ["op", "p0", "p1", "p2", "p3", "p4"]
        found = await told(client, "/api/admin/sessions?find=P3")
        assert [(row["who"], row["ws"], row["kind"], row["role"]) for row in found["rows"]] == [
            ("p3", "w3", "token", "editor")
        ]
        first = await told(client, "/api/admin?limit=2")
        assert [len(first[part]["rows"]) for part in ("workspaces", "sessions")] == [2, 2]


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0", "?limit=101", "?limit=x", "/workspaces?after=A%20B", "/workspaces?find=" + "x" * 101,
        "/workspaces?find=%00", "/sessions?before=x", "/sessions?before=2026~zz", "/sessions?limit=-1",
    ],
)  # fmt: skip
async def test_what_is_out_of_bounds_is_refused(query: str) -> None:
    async with running_server() as server, client_of(server, "op", "owner", ws=None) as client:
        problem(await client.get(f"/api/admin{query}"), 400, "malformed")


async def test_a_key_is_told_without_its_secret_with_when_and_where_it_was_used() -> None:
    async with running_server() as server, client_of(server, "op", "owner", ws=None) as client:
        key = await server.token("ben", "viewer")
        async with httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {key}"}) as ben:
            await ben.get(WS)
        answer = await client.get("/api/admin/sessions")
        (row,) = [row for row in answer.json()["rows"] if row["who"] == "ben"]
        assert (row["id"], row["ws"], row["role"], row["own"], row["from"]) == (
            id_of(key), "demo", "viewer", False, "127.0.0.1"
        )  # fmt: skip
        assert row["used"].startswith("20")
        assert key.split("_")[2] not in answer.text
        (own,) = [row for row in answer.json()["rows"] if row["own"]]
        assert (own["who"], own["ws"], own["workspaces"]) == ("op", None, None)


async def socket_closes(server: Running, key: str) -> int:
    """Open a socket, wait until it is closed, and return with which code."""
    offered = [Subprotocol("folkmoot"), Subprotocol(f"token.{key}")]
    async with connect(f"{server.ws_url}/ws/demo/plan", subprotocols=offered) as socket, asyncio.timeout(20):
        with pytest.raises(ConnectionClosed):
            while True:
                await socket.recv()
        assert socket.close_code is not None
        return socket.close_code


async def test_whoever_is_ended_is_out_at_once_and_it_stands_in_the_record_of_access() -> None:
    async with running_server() as server, client_of(server, "op", "owner", ws=None) as client:
        key = await server.token("ben", "owner")
        room = await server.registry.room("demo")
        closing = asyncio.create_task(socket_closes(server, key))
        await until(lambda: len(room.hub.peers) == 1)
        assert (await client.delete(f"/api/admin/sessions/{id_of(key)}")).status_code == 204
        assert 4000 <= await closing < 5000
        problem(await client.delete(f"/api/admin/sessions/{id_of(key)}"), 404, "not_found")
        async with httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {key}"}) as ben:
            problem(await ben.get(WS), 401, "unauthenticated")
        (entry,) = [row for row in await server.registry.store.accesses("demo") if row.act == "ended"]
        assert (entry.by, entry.subject, entry.place) == ("op", "ben", "demo")
        assert id_of(key) in entry.detail


async def test_the_last_key_that_runs_the_server_stays() -> None:
    async with running_server() as server, client_of(server, "op", "owner", ws=None) as client:
        (own,) = [row["id"] for row in (await told(client))["sessions"]["rows"] if row["own"]]
        await server.registry.tokens.make(None, actor="ro", role="owner", scope="read")
        refused = await client.delete(f"/api/admin/sessions/{own}")
        problem(refused, 409, "last_owner")
        assert "folkmoot admin token" in refused.json()["remedy"]
        await server.token("other", "owner", ws=None)
        assert (await client.delete(f"/api/admin/sessions/{own}")).status_code == 204
        problem(await client.get("/api/admin"), 401, "unauthenticated")


async def test_an_order_that_no_log_holds_yet_is_told_of_a_closed_workspace() -> None:
    async with running_server() as server, client_of(server, "op", "owner", ws=None) as client:
        room = server.registry.rooms.pop("demo")
        await room.close()
        await server.registry.store.put_switch(SwitchRow("demo", True, "Ops", "2026", "an audit"))
        await until(lambda: server.registry.switches.order("demo") is not None)
        (row,) = (await told(client))["workspaces"]["rows"]
        assert row["order"] == {"on": True, "by": "Ops", "since": "2026", "reason": "an audit"}
