"""A file comes in a piece at a time; one that ends on the way leaves nothing; it ends with the rights it came under."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import msgspec
import pytest

from tests.support.http import WS, client_of, http, problem
from tests.support.server import Running, running_server
from tests.support.until import until
from tests.workspace.http.blobs.test_routes import put, sha
from workspace.intents.model.blobs import PIECE_BYTES
from workspace.settings import Settings
from workspace.store.memory import MemoryStore

OCTETS = bytes(at * 13 % 251 for at in range(3 * PIECE_BYTES + 5))


def contents(server: Running) -> list[int]:
    store = server.registry.store
    assert isinstance(store, MemoryStore)
    return [one.size for one in store._contents.values()]


class Slow:
    """A body that comes when it is let go on."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.goes_on = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.octets[: 2 * PIECE_BYTES]
        await self.goes_on.wait()
        yield self.octets[2 * PIECE_BYTES :]


async def test_pieces_are_on_disk_before_the_rest_has_come_and_nobody_sees_them() -> None:
    async with http() as (server, client), client_of(server, "ben") as ben:
        body = Slow(OCTETS)
        sent = asyncio.create_task(client.put(f"{WS}/blobs/{sha(OCTETS)}", content=body))
        await until(lambda: contents(server) == [2 * PIECE_BYTES])
        problem(await ben.get(f"{WS}/blobs/{sha(OCTETS)}"), 404, "not_found")
        body.goes_on.set()
        assert (await sent).status_code == 201
        assert contents(server) == [len(OCTETS)]
        assert (await client.get(f"{WS}/blobs/{sha(OCTETS)}")).content == OCTETS


async def test_who_goes_within_an_upload_leaves_nothing() -> None:
    async with http() as (server, client):
        body = Slow(OCTETS)
        sent = asyncio.create_task(client.put(f"{WS}/blobs/{sha(OCTETS)}", content=body))
        await until(lambda: contents(server) == [2 * PIECE_BYTES])
        sent.cancel()
        await until(lambda: contents(server) == [])
        assert not server.registry.uploads


async def test_an_upload_ends_with_the_rights_under_which_it_came_though_nothing_comes_any_more() -> None:
    async with http() as (server, _), client_of(server, "ben") as ben:
        body = Slow(OCTETS)
        sent = asyncio.create_task(ben.put(f"{WS}/blobs/{sha(OCTETS)}", content=body))
        await until(lambda: contents(server) == [2 * PIECE_BYTES])
        await server.registry.revoke("demo", actor="ben", token_id=None)
        await until(lambda: contents(server) == [])
        body.goes_on.set()
        try:
            problem(await sent, 401, "unauthenticated")
        except httpx2.TransportError:
            pass  # it was still sending when it was answered


async def test_who_may_less_meanwhile_brings_nothing_in() -> None:
    async with http("owner") as (server, olga), client_of(server, "ben") as ben:
        body = Slow(OCTETS)
        sent = asyncio.create_task(ben.put(f"{WS}/blobs/{sha(OCTETS)}", content=body))
        await until(lambda: contents(server) == [2 * PIECE_BYTES])
        changed = await olga.patch(f"{WS}/members/ben", json={"role": "viewer"})
        assert changed.is_success, changed.text
        body.goes_on.set()
        problem(await sent, 403, "forbidden")
        assert contents(server) == []


async def test_a_workspace_that_goes_takes_its_uploads_along() -> None:
    async with http("owner", ws=None) as (server, olga):
        body = Slow(OCTETS)
        async with client_of(server, "ben") as ben:
            sent = asyncio.create_task(ben.put(f"{WS}/blobs/{sha(OCTETS)}", content=body))
            await until(lambda: contents(server) == [2 * PIECE_BYTES])
            assert (await olga.delete(WS)).status_code == 204
            body.goes_on.set()
            answer = await sent
            assert answer.status_code in (401, 404, 409), answer.text
            assert contents(server) == []


async def test_two_who_bring_the_same_at_once_both_have_it_and_one_content_stays() -> None:
    async with http() as (server, ana), client_of(server, "ben") as ben:
        bodies = [Slow(OCTETS), Slow(OCTETS)]
        url = f"{WS}/blobs/{sha(OCTETS)}"
        sent = [asyncio.create_task(who.put(url, content=body)) for who, body in zip((ana, ben), bodies, strict=True)]
        await until(lambda: contents(server) == [2 * PIECE_BYTES] * 2)
        for body in bodies:
            body.goes_on.set()
        assert sorted([(await one).status_code for one in sent]) == [200, 201]
        assert contents(server) == [len(OCTETS)]
        assert [one["actor"] for one in (await ana.put(url, content=OCTETS)).json()["by"]] == ["ana", "ben"]


SHORT = Settings(upload_seconds_max=1, body_seconds_max=1, blob_bytes_max=1 << 20)


@pytest.mark.parametrize("settings", [SHORT, msgspec.structs.replace(SHORT, body_seconds_max=60)])
async def test_an_upload_that_takes_too_long_ends(settings: Settings) -> None:
    async with running_server(settings=settings) as server, client_of(server, "ana") as ana:
        body = Slow(OCTETS)
        sent = asyncio.create_task(ana.put(f"{WS}/blobs/{sha(OCTETS)}", content=body))
        await until(lambda: server.registry.uploads.total() == 1)
        await until(lambda: server.registry.uploads.total() == 0)
        assert contents(server) == []
        body.goes_on.set()
        try:
            problem(await sent, 408, "timeout")
        except httpx2.TransportError:
            pass  # it was still sending when the connection was closed
        assert (await put(ana, b"x")).status_code == 201
