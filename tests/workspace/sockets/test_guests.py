"""On an open server a guest keeps a name: who comes back is the same person, over HTTP and on sockets."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect

from agent.builtin.planner import BuiltinPlanner
from tests.support.http import WS, problem
from tests.support.server import Running, running_server
from workspace.settings import Settings
from workspace.sockets.guests import COOKIE, guest_in, open_identity
from workspace.sockets.uvicorn_protocol import FastProtocol

CARRIERS: dict[str, Any] = {"line": FastProtocol, "asgi": "websockets-sansio"}


@asynccontextmanager
async def open_server(carrier: Any = FastProtocol) -> AsyncIterator[Running]:
    async with running_server(planner=BuiltinPlanner(), settings=Settings(is_open=True), carrier=carrier) as server:
        yield server


async def welcomed(server: Running, cookie: str = "", *, query: str = "", **hello: Any) -> dict[str, Any]:
    """Say hello on a socket and return the answer."""
    headers = {"cookie": cookie} if cookie else {}
    async with connect(f"{server.ws_url}/ws/demo{query}", additional_headers=headers) as socket:
        await socket.send(json.dumps({"type": "hello", **hello}))
        return json.loads(await socket.recv())  # type: ignore[no-any-return]


@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS)
async def test_a_guest_who_comes_back_is_the_same_person_on_the_same_lane(carrier: Any) -> None:
    async with open_server(carrier) as server, httpx2.AsyncClient(base_url=server.url) as browser:
        page = await browser.get("/w/demo")
        given = page.headers["set-cookie"]
        assert re.match(rf"{COOKIE}=guest-[0-9a-f]{{8}}; ", given)
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(given.split("; "))
        assert "Secure" not in given
        name = browser.cookies[COOKIE]
        assert (await browser.get("/api/me?ws=demo")).json()["actor"] == name
        first = await welcomed(server, f"other=1; {COOKIE}={name}")
        assert first["actor"] == name
        again = await welcomed(server, f"{COOKIE}={name}", lane=first["lane"], secret=first["secret"])
        assert (again["type"], again["actor"], again["lane"]) == ("welcome", name, first["lane"])


async def test_the_first_answer_of_any_route_already_says_the_name_that_it_gives() -> None:
    async with open_server() as server:
        names = set()
        for _ in range(3):
            async with httpx2.AsyncClient(base_url=server.url) as nobody:
                me = await nobody.get("/api/me?ws=demo")
                assert me.json()["actor"] == nobody.cookies[COOKIE]
                later = await nobody.get("/api/me?ws=demo")
                assert "set-cookie" not in later.headers
                assert later.json()["actor"] == me.json()["actor"]
                names.add(me.json()["actor"])
        assert len(names) == 3


async def test_a_name_that_is_given_comes_before_the_cookie() -> None:
    async with open_server() as server:
        assert (await welcomed(server, f"{COOKIE}=guest-0011aaff", query="?name=Zoe"))["actor"] == "Zoe"
        for name in ("agent", "", " Zoe", "x" * 65):
            assert open_identity(name, "guest-0011aaff").actor == "guest-0011aaff"
        stock = {(await welcomed(server, query="?name=Zoe"))["actor"] for _ in range(2)}
        assert stock == {"Zoe"}


@pytest.mark.parametrize(
    "value", ["Ana", "guest-1", "guest-0011AAFF", "guest-0011aaff0", "agent", "", "guest-0011aaff%20"]
)
async def test_a_cookie_that_is_not_ours_names_nobody(value: str) -> None:
    assert guest_in(f"{COOKIE}={value}") is None
    async with open_server() as server:
        actor = (await welcomed(server, f"{COOKIE}={value}"))["actor"]
        assert re.fullmatch(r"guest-[0-9a-f]{8}", actor)


async def test_who_is_known_and_who_looks_after_the_server_get_no_cookie() -> None:
    async with open_server() as server, httpx2.AsyncClient(base_url=server.url) as client:
        for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
            assert "set-cookie" not in (await client.get(path)).headers
        headers = {"authorization": f"Bearer {await server.token('ana')}"}
        assert "set-cookie" not in (await client.get(WS, headers=headers)).headers
    async with running_server() as closed, httpx2.AsyncClient(base_url=closed.url) as client:
        assert "set-cookie" not in (await client.get("/w/demo")).headers
        problem(await client.get(WS, headers={"cookie": f"{COOKIE}=guest-0011aaff"}), 401, "unauthenticated")


async def test_a_repeat_needs_somebody_who_can_be_known_again() -> None:
    order, key = {"text": "increase budget.n by 1"}, {"idempotency-key": "7"}
    async with open_server() as server:
        async with httpx2.AsyncClient(base_url=server.url) as other:
            await other.post(f"{WS}/intents?wait=20", json={"text": "set budget.n to 0"})
        async with httpx2.AsyncClient(base_url=server.url) as nobody:
            problem(await nobody.post(f"{WS}/intents", json=order, headers=key), 400, "unnamed")
            first = await nobody.post(f"{WS}/intents?wait=20", json=order, headers=key)
            again = await nobody.post(f"{WS}/intents?wait=20", json=order, headers=key)
            assert first.json()["id"] == again.json()["id"]
        for _ in range(2):
            async with httpx2.AsyncClient(base_url=server.url) as script:
                told = await script.post(f"{WS}/intents?wait=20&name=Zoe", json=order, headers=key)
                assert told.status_code == 202
                assert (await script.get(f"{WS}/documents/budget")).json()["value"] == {"n": 2}


async def test_a_guest_leaves_nothing_behind_that_opens_a_door() -> None:
    async with open_server() as server, httpx2.AsyncClient(base_url=server.url) as guest:
        assert (await guest.get("/api/me?ws=demo")).json()["role"] == "guest"
        token = {"actor": "Mallory", "role": "owner"}
        for method, path, body in (
            ("POST", f"{WS}/tokens", token),
            ("POST", f"{WS}/links", {"actor": "Ana"}),
            ("POST", f"{WS}/invitations", {"role": "owner"}),
            ("POST", f"{WS}/revoke", {"actor": "Ana"}),
            ("PATCH", f"{WS}/members/Ana", {"role": "viewer"}),
            ("PUT", f"{WS}/rights", {"places": {"plan": []}}),
            ("POST", f"{WS}/redact", {"intent": "i1"}),
        ):
            refused = await guest.request(method, path, json=body)
            problem(refused, 403, "forbidden")
            assert refused.json()["remedy"], "and it says how one is known"
        problem(await guest.delete(WS), 403, "forbidden")


async def test_what_is_read_only_for_guests_is_so_by_the_log_whatever_they_call_themselves() -> None:
    async with open_server() as server, httpx2.AsyncClient(base_url=server.url) as guest:
        owner = {"authorization": f"Bearer {await server.token('Olga', 'owner')}"}
        rules = {"minutes/": [{"group": "guest", "role": "viewer"}, {"actor": "Zoe", "role": "editor"}]}
        assert (await guest.put(f"{WS}/documents/minutes/may", json={"kind": "text"}, headers=owner)).is_success
        assert (await guest.put(f"{WS}/rights", json={"places": rules}, headers=owner)).is_success
        for name in ("", "&name=Zoe", "&name=Olga"):
            order = {"text": 'append "by a guest" to minutes/may', "scope": [{"doc": "minutes/may"}]}
            asked = await guest.post(f"{WS}/intents?wait=20{name}", json=order)
            problem(asked, 403, "document_read_only")
            here = (await guest.get(f"{WS}/rights?document=minutes/may{name}")).json()["here"]
            assert (here["role"], "every guest" in here["reason"]) == ("viewer", True)
        done = await guest.post(f"{WS}/intents?wait=20", json={"text": "set budget.n to 1"})
        assert done.json()["verdict"]["state"] == "done", "elsewhere nothing has changed"
        own = await guest.post(f"{WS}/intents?wait=20", json=order, headers=owner)
        assert own.json()["verdict"]["state"] == "done", "an owner is no guest"
        assert (await guest.get(f"{WS}/verify", headers=owner)).json()["ok"]
