"""Members, tokens, lost links and the record of access over HTTP: who may what, and what ends when it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.http import WS, client_of, http, problem
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.registry.attempts import CHANGES_AT_ONCE, CHANGES_PER_SECOND
from workspace.settings import Settings

WHO = (
    "owner", "editor", "commenter", "viewer", "owner who only reads", "owner of the server", "owner elsewhere", "ended",
    "expired", "forged", "nobody",
)  # fmt: skip
# Each verb, as `ana` tries it on a workspace whose other member is `ben`, and by which keys it is done.
READERS = {"owner", "editor", "commenter", "viewer", "owner who only reads", "owner of the server"}
OWNERS = {"owner", "owner of the server"}
VERBS: tuple[tuple[str, str, Any, set[str]], ...] = (
    ("GET", f"{WS}/members", None, READERS),
    ("PATCH", f"{WS}/members/ben", {"role": "viewer"}, OWNERS),
    ("DELETE", f"{WS}/members/ben", None, OWNERS),
    ("DELETE", f"{WS}/members/ana", None, READERS - OWNERS - {"owner who only reads"}),
    ("GET", f"{WS}/tokens", None, OWNERS),
    ("POST", f"{WS}/tokens", {"actor": "cem", "role": "viewer"}, OWNERS),
    ("POST", f"{WS}/tokens/BEN/rotate", None, OWNERS),
    ("POST", f"{WS}/tokens/OWN/rotate", None, READERS - {"owner of the server"}),
    ("POST", f"{WS}/links", {"actor": "ben"}, OWNERS),
    ("POST", f"{WS}/revoke", {"actor": "ben"}, OWNERS),
    ("GET", f"{WS}/access", None, OWNERS),
    ("GET", "/api/sessions?ws=demo", None, READERS),
    ("DELETE", "/api/sessions?ws=demo", None, READERS - {"owner who only reads"}),
    ("DELETE", "/api/sessions/OWN?ws=demo", None, READERS - {"owner who only reads"}),
    ("DELETE", "/api/session?ws=demo", None, READERS),
    ("PATCH", "/api/me?ws=demo", {"colour": "#112233"}, READERS - {"owner who only reads", "owner of the server"}),
)


async def key_of(server: Running, who: str) -> str:
    """Return the token with which somebody asks; empty for nobody's."""
    more: dict[str, Any] = {}
    role = who if who in ("editor", "commenter", "viewer") else "owner"
    ws: str | None = "demo"
    match who:
        case "nobody":
            return ""
        case "owner who only reads":
            more["scope"] = "read"
        case "owner of the server":
            ws = None
        case "owner elsewhere":
            await server.registry.create("other", name="Other", actor="ana")
            ws = "other"
        case "expired":
            more["expires"] = time.time() - 1
    token = await server.registry.tokens.make(ws, actor="ana", role=role, **more)  # type: ignore[arg-type]
    if who == "forged":
        return token[:-4] + ("0000" if token[-4:] != "0000" else "1111")
    if who == "ended":
        await server.registry.revoke("demo", actor=None, token_id=token.split("_")[1])
    return token


@pytest.mark.parametrize("who", WHO)
async def test_every_verb_is_for_whom_it_is_for(who: str) -> None:
    for method, path, body, allowed in VERBS:
        async with running_server() as server:
            key = await key_of(server, who)
            ben = (await server.token("ben")).split("_")[1]
            if path.startswith("/api/sessions"):
                await server.token("olga", "owner")
            path = path.replace("BEN", ben).replace("OWN", key.split("_")[1] if key else "0" * 12)
            before = await state(server)
            headers = {"authorization": f"Bearer {key}"} if key else {}
            async with httpx2.AsyncClient(base_url=server.url, headers=headers) as client:
                answer = await client.request(method, path, json=body)
            if who in allowed:
                assert answer.is_success, (method, path, answer.text)
                continue
            assert answer.status_code in (401, 403, 404, 409), (method, path, answer.text)
            known = who in READERS
            assert (answer.status_code == 401) == (not known), (method, path, answer.text)
            assert answer.json()["detail"]
            assert await state(server) == before, "what is refused changes nothing"


async def state(server: Running) -> list[Any]:
    """Return what the database holds of people, but when they were seen last."""
    store = server.registry.store
    return [await store.members("demo"), [(row.id, row.revoked, row.role) for row in await store.tokens("demo")]]


async def test_a_guest_of_an_open_server_is_no_member_and_makes_none() -> None:
    async with running_server(settings=Settings(is_open=True)) as server:
        async with httpx2.AsyncClient(base_url=server.url) as guest:
            assert (await guest.get(f"{WS}/members")).json() == []
            problem(await guest.post(f"{WS}/tokens", json={"actor": "ben", "role": "editor"}), 403, "forbidden")
            assert (await guest.get(f"{WS}/members")).json() == []
            problem(await guest.request("DELETE", f"{WS}/members/zoe?name=zoe"), 403, "forbidden")
            problem(await guest.request("DELETE", "/api/sessions?ws=demo"), 403, "forbidden")


@asynccontextmanager
async def socket_of(server: Running, token: str) -> AsyncIterator[Any]:
    offered = [Subprotocol("folkmoot"), Subprotocol(f"token.{token}")]
    async with connect(f"{server.ws_url}/ws/demo", subprotocols=offered) as socket:
        await socket.send('{"type": "hello"}')
        await socket.recv()
        yield socket


async def closed(socket: Any) -> int:
    """Return the code with which a socket is closed, within a second."""
    with pytest.raises(ConnectionClosed) as end:
        async with asyncio.timeout(1.5):
            while True:
                await socket.recv()
    assert end.value.rcvd is not None
    return end.value.rcvd.code


ENDS: dict[str, tuple[str, str, Any]] = {
    "removed": ("DELETE", f"{WS}/members/ben", None),
    "left": ("DELETE", f"{WS}/members/ben", None),
    "revoked": ("POST", f"{WS}/revoke", {"actor": "ben"}),
    "link is lost": ("POST", f"{WS}/links", {"actor": "ben"}),
    "rotated": ("POST", f"{WS}/tokens/BEN/rotate", None),
    "ended": ("DELETE", "/api/sessions/BEN?ws=demo", None),
}


@pytest.mark.parametrize("how", ENDS)
async def test_a_socket_ends_with_the_key_it_came_with(how: str) -> None:
    async with http("owner") as (server, owner), client_of(server, "ben") as ben:
        token = ben.headers["authorization"].removeprefix("Bearer ")
        method, path, body = ENDS[how]
        path = path.replace("BEN", token.split("_")[1])
        async with socket_of(server, token) as socket:
            answer = await (ben if how in ("left", "ended") else owner).request(method, path, json=body)
            assert answer.is_success, answer.text
            assert await closed(socket) == 4401
        problem(await ben.get(WS), 401, "unauthenticated")
        if how in ("link is lost", "rotated"):
            fresh = answer.json()["token"]
            assert (await ben.get("/api/me?ws=demo", headers={"authorization": f"Bearer {fresh}"})).json() == {
                "actor": "ben", "role": "editor", "scope": "all", "ws": "demo", "planner": "builtin@1",
                "name": "ben", "colour": "",
            }  # fmt: skip
            async with socket_of(server, fresh):
                pass


async def test_another_role_counts_on_an_open_socket_for_what_was_asked_and_for_every_token() -> None:
    async with http("owner") as (server, owner), client_of(server, "ben") as ben:
        token = ben.headers["authorization"].removeprefix("Bearer ")
        second = await server.token("ben")
        async with socket_of(server, token) as socket:
            assert (await owner.patch(f"{WS}/members/ben", json={"role": "viewer"})).json()["role"] == "viewer"
            problem(await ben.post(f"{WS}/intents", json={"text": "x"}), 403, "forbidden")
            (held,) = server.registry.authority._held_in("demo")
            assert held.identity.role == "viewer"
            await socket.send('{"type": "composing", "n": 1}')
        for key in (token, second):
            asked = await ben.get("/api/me?ws=demo", headers={"authorization": f"Bearer {key}"})
            assert asked.json()["role"] == "viewer"
        await owner.patch(f"{WS}/members/ben", json={"role": "editor"})
        assert (await ben.post(f"{WS}/intents", json={"text": "set budget.n to 1"})).status_code == 202
        problem(await owner.patch(f"{WS}/members/ben", json={"role": "king"}), 400, "malformed")
        problem(await owner.patch(f"{WS}/members/agent", json={"role": "owner"}), 404, "not_found")


async def test_the_only_owner_stays_until_there_is_another() -> None:
    async with http("owner") as (server, owner), client_of(server, "ben") as ben:
        problem(await owner.request("DELETE", f"{WS}/members/ana"), 409, "last_owner")
        problem(await owner.patch(f"{WS}/members/ana", json={"role": "viewer"}), 409, "last_owner")
        await owner.patch(f"{WS}/members/ben", json={"role": "owner"})
        answers = await asyncio.gather(
            owner.request("DELETE", f"{WS}/members/ana"), ben.request("DELETE", f"{WS}/members/ben")
        )
        assert sorted(answer.status_code for answer in answers) == [204, 409], "of two who leave at once one stays"


async def test_who_is_taken_out_keeps_the_name_and_comes_back_to_it() -> None:
    async with http("owner") as (server, owner):
        await server.token("ben")
        (before,) = [row for row in await server.registry.store.members("demo") if row.actor == "ben"]
        await owner.request("DELETE", f"{WS}/members/ben")
        problem(await owner.request("DELETE", f"{WS}/members/ben"), 404, "not_found")
        problem(await owner.post(f"{WS}/links", json={"actor": "ben"}), 404, "not_found")
        assert [row["actor"] for row in (await owner.get(f"{WS}/members")).json()] == ["ana"]
        assert (await owner.post(f"{WS}/tokens", json={"actor": "ben", "role": "viewer"})).status_code == 201
        (after,) = [row for row in await server.registry.store.members("demo") if row.actor == "ben"]
        assert after.person == before.person


async def test_what_one_holds_is_listed_without_secrets_and_ended_one_by_one_or_all_but_this() -> None:
    async with http("owner") as (server, owner), client_of(server, "ben") as ben:
        own = ben.headers["authorization"].split("_")[1]
        others = [await server.token("ben") for _ in range(3)]
        listed = (await ben.get("/api/sessions?ws=demo")).json()
        assert {row["id"] for row in listed} == {own, *(token.split("_")[1] for token in others)}
        assert [row["from"] for row in listed if row["own"]] == ["127.0.0.1"]
        told = (
            str(listed) + str((await owner.get(f"{WS}/tokens")).json()) + str((await owner.get(f"{WS}/access")).json())
        )
        assert not any(token.split("_")[2] in told for token in others)
        one = others[0].split("_")[1]
        assert (await ben.request("DELETE", f"/api/sessions/{one}?ws=demo")).json() == {"ended": [one]}
        problem(await ben.request("DELETE", f"/api/sessions/{one}?ws=demo"), 404, "not_found")
        theirs = owner.headers["authorization"].split("_")[1]
        problem(await ben.request("DELETE", f"/api/sessions/{theirs}?ws=demo"), 404, "not_found")
        assert len((await ben.request("DELETE", "/api/sessions?ws=demo")).json()["ended"]) == 2
        assert [row["id"] for row in (await ben.get("/api/sessions?ws=demo")).json()] == [own]


async def test_a_token_that_only_reads_reads_and_does_nothing_else() -> None:
    async with http("owner") as (server, owner):
        made = await owner.post(f"{WS}/tokens", json={"actor": "wall", "role": "owner", "scope": "read", "label": "TV"})
        headers = {"authorization": f"Bearer {made.json()['token']}"}
        async with httpx2.AsyncClient(base_url=server.url, headers=headers) as wall:
            assert (await wall.get("/api/me?ws=demo")).json()["role"] == "viewer"
            assert (await wall.get(f"{WS}/documents/plan")).status_code == 200
            problem(await wall.post(f"{WS}/intents", json={"text": "x"}), 403, "forbidden")
            problem(await wall.put(f"{WS}/documents/x", json={"kind": "text"}), 403, "forbidden")
            problem(await wall.put(f"{WS}/config", json={"name": "x"}), 403, "forbidden")
        (row,) = [row for row in (await owner.get(f"{WS}/tokens")).json() if row["actor"] == "wall"]
        assert (row["scope"], row["label"], row["role"]) == ("read", "TV", "owner")
        for odd in ({"scope": "some"}, {"label": "x" * 101}, {"label": "\n"}, {"expires": 1e30}):
            refused = await owner.post(f"{WS}/tokens", json={"actor": "b", "role": "editor", **odd})
            problem(refused, 400, "malformed")


async def test_tokens_are_bounded_and_those_that_have_ended_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace.registry.people.TOKENS_MAX", 3)
    async with http("owner") as (_, owner):
        for name in ("b", "c"):
            assert (await owner.post(f"{WS}/tokens", json={"actor": name, "role": "viewer"})).status_code == 201
        problem(await owner.post(f"{WS}/tokens", json={"actor": "d", "role": "viewer"}), 413, "too_large")
        await owner.post(f"{WS}/revoke", json={"actor": "b"})
        assert (await owner.post(f"{WS}/tokens", json={"actor": "d", "role": "viewer"})).status_code == 201


async def test_the_record_says_who_did_what_to_whom() -> None:
    async with http("owner") as (server, owner):
        await owner.post(f"{WS}/tokens", json={"actor": "ben", "role": "editor"})
        await owner.patch(f"{WS}/members/ben", json={"role": "viewer"})
        await owner.post(f"{WS}/links", json={"actor": "ben"})
        await owner.request("DELETE", f"{WS}/members/ben")
        rows = (await owner.get(f"{WS}/access")).json()
        assert sorted((row["by"], row["act"], row["subject"]) for row in rows if row["subject"] == "ben") == [
            ("ana", act, "ben") for act in ("link", "removed", "role", "token")
        ]
        assert [row["detail"] for row in rows if row["act"] == "role"] == ["editor to viewer"]
        log = (await owner.get(f"{WS}/log")).text
        assert "fm_" not in log
        assert await until(lambda: server.registry.authority._holds == {})


async def owners(server: Running) -> set[str]:
    roles = await server.registry.people.roles("demo")
    return {actor for actor, role in roles.items() if role == "owner"}


@pytest.mark.parametrize("act", ["remove", "lower", "revoke"])
async def test_two_owners_who_put_each_other_out_at_once_leave_one(act: str) -> None:
    async with (
        running_server() as server,
        client_of(server, "ana", "owner") as ana,
        client_of(server, "bea", "owner") as bea,
    ):

        def on(client: httpx2.AsyncClient, other: str) -> Any:
            match act:
                case "remove":
                    return client.request("DELETE", f"{WS}/members/{other}")
                case "lower":
                    return client.patch(f"{WS}/members/{other}", json={"role": "viewer"})
                case _:
                    return client.post(f"{WS}/revoke", json={"actor": other})

        await asyncio.gather(on(ana, "bea"), on(bea, "ana"))
        assert len(await owners(server)) == 1


async def test_no_way_of_ending_ones_keys_leaves_a_workspace_without_an_owner() -> None:
    async with running_server() as server, client_of(server, "ana", "owner") as ana:
        (own,) = [row["id"] for row in (await ana.get("/api/sessions?ws=demo")).json()]
        soon = server.registry.clock.now() - 1
        problem(await ana.post(f"{WS}/revoke", json={"actor": "ana"}), 409, "last_owner")
        problem(await ana.post(f"{WS}/revoke", json={"token_id": own}), 409, "last_owner")
        problem(await ana.request("DELETE", f"/api/sessions/{own}?ws=demo"), 409, "last_owner")
        problem(await ana.post(f"{WS}/links", json={"actor": "ana", "expires": soon}), 400, "malformed")
        problem(await ana.post(f"{WS}/tokens", json={"actor": "ana", "role": "owner", "expires": -5}), 400, "malformed")
        assert await owners(server) == {"ana"}


async def test_who_was_put_out_has_no_token_by_exchanging_one_at_the_same_time() -> None:
    async with running_server() as server, client_of(server, "olga", "owner") as olga:
        for round in range(6):
            token = await server.token(f"ben{round}")
            id = token.split("_")[1]
            async with httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {token}"}) as ben:
                exchanged = [ben.post(f"{WS}/tokens/{id}/rotate") for _ in range(3)]
                end = olga.request("DELETE", f"{WS}/members/ben{round}")
                *answers, ended = await asyncio.gather(*exchanged, end)
            assert ended.status_code == 204
            assert sum(answer.is_success for answer in answers) <= 1, "one token for one"
            assert f"ben{round}" not in await server.registry.people.roles("demo")


@pytest.mark.parametrize("name", [".", "..", "\u3164", "Olga\u3164", "\u2800", "\uff41gent", "AGENT"])
async def test_a_name_that_folds_a_path_or_shows_nothing_is_nobodys(name: str) -> None:
    async with running_server() as server, client_of(server, "olga", "owner") as olga:
        problem(await olga.post(f"{WS}/tokens", json={"actor": name, "role": "editor"}), 400, "malformed")


async def test_whoever_only_reads_cannot_fill_the_record_of_access_and_is_told_when_to_come_again() -> None:
    async with running_server() as server, httpx2.AsyncClient(base_url=server.url) as client:
        await server.token("olga", "owner")
        key, before = await server.token("vic", "viewer"), len(await server.registry.store.accesses("demo"))
        began = time.monotonic()
        refused = None
        for _ in range(int(CHANGES_AT_ONCE) + 3):
            id = key.split("_")[1]
            again = await client.post(f"{WS}/tokens/{id}/rotate", headers={"authorization": f"Bearer {key}"})
            if again.status_code != 201:
                refused = again
                break
            key = again.json()["token"]
        assert refused is not None, "every change is kept on record, so nobody makes them without end"
        problem(refused, 429, "rate_limited")
        wait = int(refused.headers["retry-after"])
        assert 1 <= wait <= 1 / CHANGES_PER_SECOND
        assert f"{wait} seconds" in refused.json()["remedy"]
        headers = {"authorization": f"Bearer {key}"}
        problem(await client.request("DELETE", "/api/sessions?ws=demo", headers=headers), 429, "rate_limited")
        again_by_now = (time.monotonic() - began) * CHANGES_PER_SECOND + 1
        assert len(await server.registry.store.accesses("demo")) <= before + CHANGES_AT_ONCE + again_by_now
        assert (await client.get(WS, headers=headers)).status_code == 200, "they may still read"


async def test_the_record_of_access_is_read_by_pages() -> None:
    async with http("owner") as (server, client):
        for at in range(5):
            await server.token(f"person {at}")
        whole, pages, before = (await client.get(f"{WS}/access")).json(), [], ""
        while page := (await client.get(f"{WS}/access", params={"limit": 2, **before_of(before)})).json():
            assert len(page) <= 2
            pages, before = [*pages, *page], page[-1]["id"]
        assert pages == whole
        assert len(whole) >= 5
        problem(await client.get(f"{WS}/access?limit=501"), 400, "malformed")
        problem(await client.get(f"{WS}/access?before=x"), 400, "malformed")


def before_of(id: str) -> dict[str, str]:
    return {"before": id} if id else {}
