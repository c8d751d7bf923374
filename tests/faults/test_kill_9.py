"""kill -9 in a burst of 1,000 intents and edits: what was acknowledged is there, once, after the restart."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter
from pathlib import Path

from tests.support.process import folkmoot, free_port, make_token, serve
from workspace.client import Disconnected, RoomClient, connect
from workspace.client.document import DocumentClient, connect_document
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.state.replay import fold_log
from workspace.store.sql import SqlStore

INTENTS = 1000
LANES = 10
KILL_AT = 480
WAIT = 120


class Burst:
    """Everybody who instructs and types, and what each was told."""

    def __init__(self) -> None:
        self.acked: dict[str, str] = {}
        self.shown = ""
        self.half_way = asyncio.Event()

    async def instruct(self, room: RoomClient, lane: int) -> None:
        for at in range(INTENTS // LANES):
            text = f"increase values.k{lane} by {at + 1}" if at else f"set values.k{lane} to 1"
            intent = await room.intent(text, scope=[{"doc": "values", "keys": [[f"k{lane}"]]}])
            assert intent.id not in self.acked
            self.acked[intent.id] = text
            if len(self.acked) == KILL_AT:
                self.half_way.set()

    async def type(self, writer: DocumentClient) -> None:
        at = 0
        while writer.closed is None:
            await writer.insert(len(writer.text()), f"[{at}]")
            at += 1
            await asyncio.sleep(0.002)

    async def watch(self, reader: DocumentClient) -> None:
        """What another client was shown had been made durable before it was sent."""
        await reader.until(lambda client: client.closed is not None, WAIT)
        self.shown = reader.text()


async def test_every_acknowledged_intent_and_shown_edit_is_there_once_after_kill_9(tmp_path: Path) -> None:
    port, burst = free_port(), Burst()
    owner = await make_token(tmp_path, "owner", "owner")
    process = await serve(tmp_path, port)
    url = f"ws://127.0.0.1:{port}/ws/demo"
    restarted: asyncio.subprocess.Process | None = None
    try:
        await quick_policy(port, owner)
        async with asyncio.timeout(WAIT), asyncio.TaskGroup() as group:
            stack = [connect(url, token=owner) for _ in range(LANES)]
            rooms = [await opened.__aenter__() for opened in stack]
            typing = [connect_document(url, "plan", token=owner, away_seconds=0) for _ in range(2)]
            writer, reader = [await opened.__aenter__() for opened in typing]
            jobs = [group.create_task(burst.instruct(room, lane)) for lane, room in enumerate(rooms)]
            hand = asyncio.create_task(burst.type(writer))
            watch = group.create_task(burst.watch(reader))
            await burst.half_way.wait()
            process.send_signal(signal.SIGKILL)
            await process.wait()
            hand.cancel()
            await asyncio.gather(hand, return_exceptions=True)
            restarted = await serve(tmp_path, port)
            await asyncio.gather(*jobs, watch)
            await asyncio.gather(*(room.until(all_told(burst), WAIT) for room in rooms))
        for opened in stack:
            await opened.__aexit__(None, None, None)
        # What was typed into the kill is not saved, and whoever typed it is told so.
        left = await asyncio.gather(*(opened.__aexit__(None, None, None) for opened in typing), return_exceptions=True)
        assert all(not error or isinstance(error, Disconnected) for error in left), left
        restarted.send_signal(signal.SIGTERM)
        await asyncio.wait_for(restarted.wait(), 10)
    finally:
        for child in (process, restarted):
            if child is not None and child.returncode is None:
                child.kill()
                await child.wait()
    await audit(tmp_path, burst)


def all_told(burst: Burst) -> object:
    def predicate(room: RoomClient) -> bool:
        told = {record["body"]["intent"] for record in room.records if record["kind"] == "verdict"}
        return set(burst.acked) <= told

    return predicate


async def quick_policy(port: int, owner: str) -> None:
    """No batch window and many planners at once: the burst is about durability."""
    import httpx2

    policy = {"window_ms": 0, "overlap_wait_ms": 0, "slots": 64, "chain": list(PolicyConfig().chain)}
    headers = {"authorization": f"Bearer {owner}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/workspaces/demo", headers=headers) as http:
        assert (await http.put("/config", json={"policy": policy})).status_code == 200
        assert (await http.put("/documents/values", json={"kind": "data"})).status_code == 201


async def audit(data: Path, burst: Burst) -> None:
    """Each acknowledged intent once, each with one verdict; every shown character; chain and states verify."""
    command = await folkmoot("verify", "demo", "--data", str(data))
    out, err = await command.communicate()
    assert command.returncode == 0, err
    assert b"states reproduced" in out
    store = SqlStore(f"sqlite:///{data / 'folkmoot.sqlite'}")
    await store.open()
    rows, journal = await read_all(store, "demo")
    await store.close()
    assert verify(rows, journal).ok
    fold = fold_log(rows, journal)
    texts = {entry.id: entry.body.text for entry in fold.board.entries.values()}
    assert len(burst.acked) == INTENTS
    assert all(texts[id] == text for id, text in burst.acked.items())
    assert max(Counter(texts.values()).values()) == 1, "no intent twice"
    assert not fold.board.live
    assert {entry.verdict.state for entry in fold.board.entries.values() if entry.verdict} == {"done"}
    total = sum(range(1, INTENTS // LANES + 1))
    assert fold.documents["values"].value() == {f"k{lane}": total for lane in range(LANES)}
    kept = fold.documents["plan"].text()
    numbers = [int(part) for part in re.findall(r"\[(\d+)\]", kept)]
    assert numbers == list(range(len(numbers))), "edits are there once and in order"
    assert kept.startswith(burst.shown)
