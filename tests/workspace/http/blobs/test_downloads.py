"""A file is handed out piece by piece, no faster than it is read; what goes meanwhile ends the answer short."""

from __future__ import annotations

import httpx2
import pytest

from tests.support.http import WS, client_of, http, problem
from tests.support.until import until
from tests.workspace.http.blobs.test_routes import put, sha
from workspace.intents.model.blobs import PIECE_BYTES

OCTETS = bytes(at * 13 % 251 for at in range(40 * PIECE_BYTES))


async def test_who_reads_slowly_has_a_piece_at_a_time_read_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async with http() as (server, client):
        await put(client, OCTETS)
        store, read = server.registry.store, list[int]()
        piece = store.piece

        async def counted(content: str, number: int) -> bytes | None:
            read.append(number)
            return await piece(content, number)

        monkeypatch.setattr(store, "piece", counted)
        async with client.stream("GET", f"{WS}/blobs/{sha(OCTETS)}") as answer:
            parts = answer.aiter_raw(1 << 16)
            found = await anext(parts)
            assert len(read) < 30, "not all of it is read for somebody who has not taken any"
            async for part in parts:
                found += part
        assert found == OCTETS
        assert read == list(range(40))


async def test_what_is_taken_away_while_it_is_read_ends_short_and_never_otherwise() -> None:
    async with http("owner") as (server, client):
        await put(client, OCTETS)
        with pytest.raises(httpx2.RemoteProtocolError):
            async with client.stream("GET", f"{WS}/blobs/{sha(OCTETS)}") as answer:
                await server.registry.store.lose_blobs("demo", [sha(OCTETS)], "deleted")
                async for _ in answer.aiter_raw():
                    pass
        problem(await client.get(f"{WS}/blobs/{sha(OCTETS)}"), 410, "blob_gone")


async def test_who_may_no_more_is_handed_nothing_more() -> None:
    async with http() as (server, _), client_of(server, "ben") as ben:
        await put(ben, OCTETS)
        with pytest.raises(httpx2.RemoteProtocolError):
            async with ben.stream("GET", f"{WS}/blobs/{sha(OCTETS)}") as answer:
                await server.registry.revoke("demo", actor="ben", token_id=None)
                async for _ in answer.aiter_raw():
                    pass
        await until(lambda: not server.registry.uploads)
