"""One's own inbox over HTTP: shown and acknowledged by its owner alone, all or none."""

from __future__ import annotations

import httpx2

from tests.support.http import WS, client_of, http, problem
from tests.workspace.room.test_inbox import cancelled_while_away, person, served


async def test_http_shows_and_acknowledges_only_ones_own() -> None:
    async with served() as server:
        id = await cancelled_while_away(server)
        async with person(server, "Ana") as ana:
            await ana.until(lambda room: bool(room.inbox))
            for who, role, status in (("Ben", "viewer", 403), ("Ana", "viewer", 200)):
                headers = {"authorization": f"Bearer {await server.token(who, role)}"}
                async with httpx2.AsyncClient(base_url=server.url, headers=headers) as client:
                    found = (await client.get(f"{WS}/inbox")).json()
                    assert [entry["id"] for entry in found["intents"]] == ([id] if who == "Ana" else [])
                    assert found["more"] == 0
                    told = await client.post(f"{WS}/inbox", json={"intents": [id]})
                    if status == 403:
                        problem(told, 403, "forbidden")
                        problem(await client.post(f"{WS}/inbox", json={"intents": ["i999"]}), 400, "malformed")
                    else:
                        assert told.json() == {"intents": [], "more": 0}
            await ana.until(lambda room: not room.inbox)
        async with httpx2.AsyncClient(base_url=server.url) as client:
            problem(await client.get(f"{WS}/inbox"), 401, "unauthenticated")


async def test_of_several_all_are_acknowledged_or_none() -> None:
    async with http() as (server, client):
        done = (await client.post(f"{WS}/intents?wait=20", json={"text": "dance"})).json()
        await client.post(f"{WS}/intents?wait=20", json={"text": "sing"})
        assert len((await client.get(f"{WS}/inbox")).json()["intents"]) == 2
        problem(await client.post(f"{WS}/inbox", json={"intents": [done["id"], "i999"]}), 400, "malformed")
        assert len((await client.get(f"{WS}/inbox")).json()["intents"]) == 2
        left = (await client.post(f"{WS}/inbox", json={"intents": [done["id"]]})).json()
        assert [entry["id"] for entry in left["intents"]] != [done["id"]]
        assert len(left["intents"]) == 1
        async with client_of(server, "ben") as other:
            assert (await other.get(f"{WS}/inbox")).json()["intents"] == []
