"""A server is ready when it makes a write durable; asking costs at most one write a second."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest

from tests.support.homes import Home, home_of, opened
from tests.support.server import running_server
from workspace.errors import StoreFault
from workspace.registry import readiness
from workspace.registry.readiness import Readiness
from workspace.store.memory import MemoryStore


class Writes(MemoryStore):
    """Counts its writes; they wait, or fail, where they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.touched = 0
        self.fault: Exception | None = None
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def touch(self) -> None:
        self.touched += 1
        await self.goes_on.wait()
        if self.fault is not None:
            raise self.fault


async def test_many_who_ask_share_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Writes()
    asked = Readiness(store)
    assert await asyncio.gather(*(asked.problem() for _ in range(50))) == [""] * 50
    assert await asked.problem() == ""
    assert store.touched == 1
    monkeypatch.setattr(readiness, "FRESH_SECONDS", 0.0)
    assert await asked.problem() == ""
    assert store.touched == 2
    await asked.close()


@pytest.mark.parametrize("fault", [StoreFault("the disk is full"), RuntimeError("a bug")])
async def test_what_does_not_write_is_not_ready(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "FRESH_SECONDS", 0.0)
    store = Writes()
    async with running_server(store=store) as server, httpx2.AsyncClient() as client:
        assert (await client.get(f"{server.url}/readyz")).text == "ready\n"
        store.fault = fault
        answer = await client.get(f"{server.url}/readyz")
        assert (answer.status_code, answer.text.startswith("The database does not write")) == (503, True)
        store.fault = None
        assert (await client.get(f"{server.url}/readyz")).status_code == 200


async def test_a_write_that_hangs_is_waited_for_once_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "SECONDS_MAX", 0.02)
    store = Writes()
    store.goes_on.clear()
    asked = Readiness(store)
    for _ in range(3):
        assert "took no write" in await asked.problem()
    assert store.touched == 1
    store.goes_on.set()
    monkeypatch.setattr(readiness, "SECONDS_MAX", 10.0)
    assert await asked.problem() == ""
    await asked.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_touch_changes_a_row_on_disk(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    home: Home = home_of(kind, request)
    store = await opened(home)
    if kind == "sqlite":
        for count in (1, 2, 3):
            await store.touch()
            assert home.ask("PRAGMA user_version") == [(count,)], "a page is written each time"
    else:
        before = home.ask("SELECT xmin::text FROM schema_version")
        await store.touch()
        assert home.ask("SELECT xmin::text FROM schema_version") != before
    await store.close()
