"""Keystroke histories of real documents replay through the server's socket and end in the published text.

The traces (josephg/editing-traces, CC BY 4.0) are read from `FOLKMOOT_TRACES`, from a `shared/data/traces` folder
beside the checkout, or from `tests/traces`; two small excerpts that are part of the project are always replayed.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from pathlib import Path

import pytest
from websockets.asyncio.client import connect as open_socket

from crdt.documents.document import Document
from crdt.sync.y_sync import encode_update
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.client.document import connect_document
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.state.replay import fold_log
from workspace.settings import Settings

HERE = Path(__file__).parent
BATCH = 200
WAIT = 120
FAST = Settings(frames_per_second_max=10**9, frames_burst_max=10**9)
Patch = tuple[int, int, str]


def folders() -> list[Path]:
    named = os.environ.get("FOLKMOOT_TRACES")
    return [*([Path(named)] if named else []), HERE.parent.parent.parent / "shared" / "data" / "traces", HERE]


def find(name: str) -> Path:
    for folder in folders():
        if (folder / name).is_file():
            return folder / name
    pytest.skip(f"{name} is not here; put the trace into tests/traces or name its folder in FOLKMOOT_TRACES")


def load(path: Path) -> dict[str, object]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        trace: dict[str, object] = json.load(file)
    return trace


def type_patches(document: Document, patches: list[Patch]) -> None:
    for position, deleted, inserted in patches:
        if deleted:
            document.delete_text(position, position + deleted)
        if inserted:
            document.insert_text(position, inserted)


async def settle(server: Running, text: str) -> None:
    """A fresh reader gets the published text; the log verifies and replays to the same bytes."""
    room = await server.registry.room("demo")
    await until(lambda: room.read(room.sequencer.fold.documents["plan"].text), lambda now: now == text, seconds=WAIT)
    token = await server.token("reader")
    async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as reader:
        await reader.until(lambda client: client.text() == text, WAIT)
        assert reader.text().encode() == text.encode()
    # What was typed last is in the journal at once, and in the log when its run of keystrokes is closed.
    runs = room.sequencer.kernel.runs
    await until(lambda: room.read(lambda: not runs.open and room.durable_seq >= room.sequencer.fold.seq), seconds=WAIT)
    live = await room.read(room.sequencer.fold.state)
    rows, journal = await read_all(server.registry.store, "demo")
    report = await asyncio.to_thread(verify, rows, journal)
    assert report.ok, report
    assert (await asyncio.to_thread(fold_log, rows, journal)).state() == live


async def replay_sequential(trace: dict[str, object]) -> None:
    """One author; many keystrokes a transaction, so that a test stays short, every patch in its order."""
    async with running_server(settings=FAST) as server:
        token = await server.token("author")
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as author:
            start = str(trace.get("startContent") or "")
            if start:
                await author.insert(0, start)
            txns = [txn["patches"] for txn in trace["txns"]]  # type: ignore[attr-defined]
            for at in range(0, len(txns), BATCH):
                patches = [patch for txn in txns[at : at + BATCH] for patch in txn]
                await author.edit(lambda document, patches=patches: type_patches(document, patches))  # type: ignore[misc]
            assert author.text() == trace["endContent"]
            await settle(server, str(trace["endContent"]))


@pytest.mark.parametrize("name", ["sveltecomponent", "json-crdt-patch", "automerge-paper"])
async def test_a_sequential_history_ends_in_its_published_text(name: str) -> None:
    await replay_sequential(await asyncio.to_thread(load, find(f"{name}.json.gz")))


async def test_the_excerpt_in_the_project_ends_in_its_text() -> None:
    await replay_sequential(await asyncio.to_thread(load, HERE / "excerpt.json.gz"))


async def test_a_concurrent_history_ends_in_its_published_text() -> None:
    await replay_concurrent(await asyncio.to_thread(load, find("friendsforever.json.gz")))


async def test_the_concurrent_excerpt_in_the_project_ends_in_the_text_that_stock_yjs_gives() -> None:
    await replay_concurrent(await asyncio.to_thread(load, HERE / "excerpt-concurrent.json.gz"))


async def replay_concurrent(trace: dict[str, object]) -> None:
    """Several authors: each transaction is made on the merge of its parents and sent on its author's own socket."""
    updates = await asyncio.to_thread(concurrent_updates, trace)
    async with running_server(settings=FAST) as server:
        sockets = []
        for agent in range(int(str(trace["numAgents"]))):
            token = await server.token(f"agent{agent}")
            offered = ["folkmoot", f"token.{token}"]
            sockets.append(await open_socket(f"{server.ws_url}/ws/demo/plan", subprotocols=offered, max_size=1 << 24))  # type: ignore[arg-type]
        drains = [asyncio.create_task(drain(socket)) for socket in sockets]
        for agent, update in updates:
            await sockets[agent].send(encode_update(update))
            await asyncio.sleep(0)
        await settle(server, str(trace["endContent"]))
        for socket in sockets:
            await socket.close()
        await asyncio.gather(*drains)


async def drain(socket: object) -> None:
    async for _ in socket:  # type: ignore[attr-defined]
        pass


def concurrent_updates(trace: dict[str, object]) -> list[tuple[int, bytes]]:
    """Return (author, update) in an order in which every parent comes first.

    Each author edits its own replica, brought up to the transaction's parents first; runs of transactions of one
    author are one update, as a client that types fast sends them.
    """
    txns: list[dict[str, object]] = trace["txns"]  # type: ignore[assignment]
    count = int(str(trace["numAgents"]))
    replicas = [Document("text", client=1_000_000 + agent) for agent in range(count)]
    made: list[tuple[int, bytes]] = []
    has: list[set[int]] = [set() for _ in range(count)]
    owned: dict[int, int] = {}
    for at, txn in enumerate(txns):
        agent = int(str(txn["agent"]))
        bring(at, txn, agent, txns, made, replicas, has, owned)
        with replicas[agent].transaction() as done:
            type_patches(replicas[agent], txn["patches"])  # type: ignore[arg-type]
        update = done[0].update if done else b"\x00\x00"
        owned[at] = len(made)
        made.append((agent, update))
        has[agent].add(at)
    return made


def bring(
    at: int,
    txn: dict[str, object],
    agent: int,
    txns: list[dict[str, object]],
    made: list[tuple[int, bytes]],
    replicas: list[Document],
    has: list[set[int]],
    owned: dict[int, int],
) -> None:
    """Apply to an author's replica what the transaction's parents hold and it lacks, oldest first."""
    wanted: set[int] = set()
    open_parents = [parent for parent in txn["parents"] if parent not in has[agent]]  # type: ignore[attr-defined]
    while open_parents:
        parent = open_parents.pop()
        if parent in wanted or parent in has[agent]:
            continue
        wanted.add(parent)
        open_parents += [p for p in txns[parent]["parents"] if p not in has[agent]]  # type: ignore[attr-defined]
    for parent in sorted(wanted):
        assert parent < at
        replicas[agent].apply(made[owned[parent]][1])
        has[agent].add(parent)
