"""Documents that nobody is at take a tenth of the memory, and nobody notices who comes to them."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from agent.builtin.planner import BuiltinPlanner
from crdt.documents.document import Document
from tests.support.server import Running, running_server
from workspace.client import connect
from workspace.client.document import connect_document
from workspace.history.read import verify_log
from workspace.registry.heap import give_back
from workspace.room import idle as resting
from workspace.settings import Settings

WAIT = 20.0
SOON = Settings(idle_seconds=0.05, presence_seconds=0.02)


async def rested(server: Running, doc: str) -> Document:
    """Wait until a document of the open room rests."""
    room = await server.registry.room("demo")
    document = room.sequencer.fold.documents[doc]
    async with asyncio.timeout(WAIT):
        while document.is_loaded:
            await asyncio.sleep(0.01)
    return document


async def test_what_nobody_is_at_rests_and_whoever_comes_finds_it() -> None:
    async with running_server(planner=BuiltinPlanner(), settings=SOON) as server:
        token = await server.token("Ana")
        async with connect(f"{server.ws_url}/ws/demo", token=token) as room:
            async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as writer:
                await writer.insert(0, "See you 😀 there")
                await room.until(lambda r: any(one["kind"] == "update" for one in r.records), WAIT)
            document = await rested(server, "plan")
            async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as reader:
                assert reader.text() == "See you 😀 there"
                assert not document.is_loaded, "reading all of it needs nothing of pycrdt"
                await reader.insert(0, "Hello. ")
                await room.until(lambda r: sum(one["kind"] == "update" for one in r.records) == 2, WAIT)
                assert document.is_loaded
            await rested(server, "plan")
            assert (await (await room.intent('append "!" to plan')).verdict(WAIT))["state"] == "done"
            async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as reader:
                assert reader.text().split() == ["Hello.", "See", "you", "😀", "there", "!"]
        assert server.registry.metrics.value("documents_rested_total") >= 3
        assert (await verify_log(server.registry.store, "demo")).ok


async def test_a_large_one_wakes_in_a_thread_as_somebody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "WAKE_BYTES", 10)
    async with running_server(planner=BuiltinPlanner(), settings=SOON) as server:
        token = await server.token("Ana")
        async with connect(f"{server.ws_url}/ws/demo", token=token) as room:
            assert (await (await room.intent('append "long enough" to plan')).verdict(WAIT))["state"] == "done"
            document = await rested(server, "plan")
            async with (
                connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as one,
                connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as two,
            ):
                assert document.is_loaded
                await one.insert(0, "a")
                await two.until(lambda client: client.text().startswith("a") and "long enough" in client.text(), WAIT)


async def test_where_somebody_is_nothing_rests() -> None:
    async with running_server(settings=Settings(idle_seconds=0.0, presence_seconds=600.0)) as server:
        room, token = await server.registry.room("demo"), await server.token("Ana")
        documents = room.sequencer.fold.documents
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token):
            for _ in range(3):
                await room.read(room.hub.beat)
            assert [document.is_loaded for document in (documents["plan"], documents["budget"])] == [True, False]
        async with asyncio.timeout(WAIT):
            while room.hub.peers:
                await asyncio.sleep(0.01)
        for awake in (True, False):
            await room.read(room.hub.beat)
            assert documents["plan"].is_loaded == awake


async def test_no_more_is_encoded_at_one_beat_than_a_turn_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "REST_BYTES", 1)
    settings = Settings(idle_seconds=0.0, presence_seconds=600.0)
    async with running_server(settings=settings) as server:
        room = await server.registry.room("demo")
        documents = room.sequencer.fold.documents
        for awake in (2, 1, 0, 0):
            await room.read(room.hub.beat)
            assert sum(document.is_loaded for document in documents.values()) == awake


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_memory_goes_back_to_the_system() -> None:
    author = Document("text", client=9)
    for at in range(3_000):
        with author.transaction():
            author.insert_text(0 if at % 2 else at // 2, f"{at} ")
    state = author.encode()
    give_back()  # what earlier tests have freed would be used again first
    before = resident_bytes()
    documents = [Document.of_state("text", state, client=7) for _ in range(60)]
    held = resident_bytes() - before
    assert all(document.unload() for document in documents)
    gc.collect()
    give_back()
    kept = resident_bytes() - before
    assert held > 10 << 20, "or this says nothing"
    assert kept < held / 2
