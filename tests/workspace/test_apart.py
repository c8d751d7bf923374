"""Bytes that no client makes, by which no copy of a document is like it: the agent says so, and nobody is disturbed."""

from __future__ import annotations

import asyncio

import httpx2

from agent.builtin.planner import BuiltinPlanner
from crdt.sync import encode_update
from tests.support.server import running_server
from workspace.document_client import connect_document
from workspace.reading import verify_log

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
            room = await server.lobby.room("demo")
            async with asyncio.timeout(WAIT):
                while "words" not in await room.read(lambda: room.sequencer.fold.documents["plan"].text()):
                    await asyncio.sleep(0.01)
        assert await room.read(lambda: room.sequencer.fold.documents["plan"].is_apart())
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(base_url=server.url, headers=headers) as client:
            answer = await client.post("/api/workspaces/demo/intents", json={"text": 'append "more" to plan'})
            assert answer.status_code == 202, answer.text
            intent = answer.json()["id"]
            verdict = await room.callers.await_verdict(intent, WAIT)
            assert verdict is not None
            assert (verdict.state, verdict.code) == ("failed", "document_apart")
            beside = await client.post("/api/workspaces/demo/intents?wait=20", json={"text": "set budget.x to 5"})
            assert beside.json()["state"] == "done"
        assert room.is_open
        assert (await server.lobby.room("demo")) is room
        report = await verify_log(server.lobby.store, "demo")
        assert report.ok, report
