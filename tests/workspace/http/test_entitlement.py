"""A request is answered to whoever still has the rights it came with: behind its body, and behind what takes long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from unittest.mock import patch

import pytest

import workspace.http.log as log
from tests.support.http import WS, client_of, http, problem
from tests.support.until import until
from workspace.history.read import verify_log
from workspace.intents.audit.verify import Report
from workspace.ports import Store


async def test_what_was_read_for_somebody_whose_rights_ended_meanwhile_is_not_handed_out() -> None:
    async with http() as (server, client), client_of(server, "olga", "owner") as owner:
        begun, goes_on = asyncio.Event(), asyncio.Event()

        async def slow(store: Store, ws: str) -> Report:
            begun.set()
            await goes_on.wait()
            return await verify_log(store, ws)

        with patch.object(log, "verify_log", slow):
            asked = asyncio.create_task(client.get(f"{WS}/verify"))
            await begun.wait()
            await owner.post(f"{WS}/revoke", json={"actor": "ana"})
            goes_on.set()
            answer = await asked
        problem(answer, 401, "unauthenticated")
        assert "ended before" in answer.json()["detail"]
        assert "ok" not in answer.json()


@pytest.mark.parametrize("path", ["intents", "replay"])
async def test_nothing_is_done_with_a_body_that_came_after_the_rights_had_ended(path: str) -> None:
    async with http() as (server, client), client_of(server, "olga", "owner") as owner:
        goes_on = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b'{"text": "set budget.n'
            await goes_on.wait()
            yield b' to 1"}'

        asked = asyncio.create_task(client.post(f"{WS}/{path}", content=body()))
        await until(lambda: server.registry.authority._holds)
        await owner.post(f"{WS}/revoke", json={"actor": "ana"})
        goes_on.set()
        problem(await asked, 401, "unauthenticated")
        room = await server.registry.room("demo")
        assert not room.sequencer.fold.board.entries


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "tokens", '{"actor": "mal", "role": "owner"}'),
        ("POST", "invitations", '{"role": "owner"}'),
        ("PATCH", "members/ben", '{"role": "owner"}'),
        ("PUT", "rights", '{"places": {"plan": [{"actor": "mal", "role": "editor"}]}}'),
    ],
)
async def test_who_is_less_than_when_they_asked_gives_nobody_anything(method: str, path: str, sent: str) -> None:
    async with http("owner") as (server, client), client_of(server, "olga", "owner") as owner:
        await server.token("ben", "viewer")
        goes_on = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield sent[:1].encode()
            await goes_on.wait()
            yield sent[1:].encode()

        headers = {"content-type": "application/json"}
        asked = asyncio.create_task(client.request(method, f"{WS}/{path}", content=body(), headers=headers))
        await until(lambda: server.registry.authority._holds)
        assert (await owner.patch(f"{WS}/members/ana", json={"role": "viewer"})).status_code == 200
        goes_on.set()
        answer = await asked
        problem(answer, 403, "forbidden")
        assert "may less here now" in answer.json()["detail"]
        people = {row["actor"]: row["role"] for row in (await owner.get(f"{WS}/members")).json()}
        assert people["ben"] == "viewer"
        assert "mal" not in people


async def test_whoever_takes_the_own_rights_away_hears_that_it_was_done_and_nothing_is_held_after() -> None:
    async with http("owner") as (server, client):
        await server.token("olga", "owner")
        assert len((await client.post(f"{WS}/revoke", json={"actor": "ana"})).json()["revoked"]) == 1
        problem(await client.get(WS), 401, "unauthenticated")
        await until(lambda: server.registry.authority._holds == {})
