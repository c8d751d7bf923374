"""Bytes that no client makes, by which no copy of a document is like it: the agent says so, and nobody is disturbed."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from agent.builtin.planner import BuiltinPlanner
from crdt.sync.y_sync import encode_update
from crdt.updates.lib0 import Writer
from tests.support.server import running_server
from workspace.client.document import DocumentClient, connect_document
from workspace.history.read import verify_log
from workspace.room.room import Room

# "abcd", then "XY" whose left neighbour is the last letter and whose right one is the second.
CROSSED = ("0101c0843d00040107636f6e74656e74046162636400", "0101c0843d04c4c0843d03c0843d0102585900")
WAIT = 20


async def test_the_agent_leaves_a_document_alone_of_which_no_copy_is_like_it() -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        token = await server.token("ana")
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as ana:
            for update in CROSSED:
                await ana.socket.send(encode_update(bytes.fromhex(update)))
            await ana.insert(0, "words ")
            room = await server.registry.room("demo")
            async with asyncio.timeout(WAIT):
                while "words" not in await room.read(lambda: room.sequencer.fold.documents["plan"].text()):
                    await asyncio.sleep(0.01)
        assert await room.read(lambda: room.sequencer.fold.documents["plan"].is_apart())
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(base_url=server.url, headers=headers) as client:
            answer = await client.post("/api/workspaces/demo/intents", json={"text": 'append "more" to plan'})
            assert answer.status_code == 202, answer.text
            intent = answer.json()["id"]
            verdict = await room.waiters.await_verdict(intent, WAIT)
            assert verdict is not None
            assert (verdict.state, verdict.code) == ("failed", "document_apart")
            beside = await client.post("/api/workspaces/demo/intents?wait=20", json={"text": "set budget.x to 5"})
            assert beside.json()["state"] == "done"
        assert room.is_open
        assert (await server.registry.room("demo")) is room
        report = await verify_log(server.registry.store, "demo")
        assert report.ok, report


def typed(client: int, clock: int, words: str, *, left: tuple[int, int] | None, right: tuple[int, int] | None) -> bytes:
    writer = Writer().var_uint(1).var_uint(1).var_uint(client).var_uint(clock)
    writer.byte(4 | (0x80 if left else 0) | (0x40 if right else 0))
    for id in (left, right):
        if id is not None:
            writer.var_uint(id[0]).var_uint(id[1])
    if left is None and right is None:
        writer.var_uint(1).var_string("content")
    return encode_update(writer.var_string(words).byte(0).getvalue())


A, B, C, D = 10**6 + 1, 10**6 + 2, 10**6 + 3, 10**6 + 4
# The author of "c" knew "b" and not "a", beside which "b" was written: where "c" and "d" stand is how they came.
ANAS = (typed(A, 0, "a", left=None, right=None), typed(A, 1, "b", left=(A, 0), right=None))
BENS = typed(C, 0, "c", left=None, right=(A, 1))
AFTER = typed(B, 0, "d", left=(A, 0), right=None)


async def sent(room: Room, connection: DocumentClient, *frames: bytes) -> None:
    """Send frames and wait until the server has each."""
    for frame in frames:
        before = await room.read(lambda: room.sequencer.fold.documents["plan"].version)
        await connection.socket.send(frame)
        async with asyncio.timeout(WAIT):
            while await room.read(lambda: room.sequencer.fold.documents["plan"].version) == before:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("is_rebuilt", [False, pytest.param(True, marks=pytest.mark.damages_logs)])
async def test_a_workspace_with_edits_that_have_no_one_order_opens_again(is_rebuilt: bool) -> None:
    """As it was where the journal can say it; else without that document, whose owner is told."""
    async with running_server() as server:
        registry = server.registry
        await registry.room("demo")
        tokens = {who: await server.token(who) for who in ("ana", "ben")}
        url = f"{server.ws_url}/ws/demo"
        async with (
            connect_document(url, "plan", token=tokens["ana"]) as ana,
            connect_document(url, "plan", token=tokens["ben"]) as ben,
        ):
            room = await registry.room("demo")
            await sent(room, ana, *ANAS)
            if is_rebuilt:
                await sent(room, ana, AFTER)
                await sent(room, ben, BENS)
                assert await room.read(room.sequencer.fold.documents["plan"].unload)
                await sent(room, ana, typed(A, 2, "!", left=(A, 1), right=None))
            else:  # three records: one of ana's has rows from before and from behind the one of ben's
                await sent(room, ben, typed(D, 0, "?", left=(A, 1), right=None))
                await sent(room, ana, typed(A, 2, "!", left=(D, 0), right=None))
                await sent(room, ben, BENS)
                await sent(room, ana, AFTER)
            there = await room.read(lambda: room.sequencer.fold.documents["plan"].text())
        await room.close()
        report = await verify_log(registry.store, "demo")
        again = await registry.room("demo")
        fold = again.sequencer.fold
        if is_rebuilt:
            assert report.code == "document_broken"
            assert [one.doc for one in report.lost] == ["plan"]
            assert list(fold.quarantined) == ["plan"]
            assert {"budget"} <= fold.documents.keys()
        else:
            assert report.ok, report
            assert fold.documents["plan"].text() == there
