"""Stock y-websocket clients converge with the server and with the agent's commits, and stay connected."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.server import Running, running_server
from workspace.client import connect
from workspace.settings import Settings

HERE = Path(__file__).parent
WAIT = 20
WORDS = ("plain ", "😀", "e\u0301", "👩‍👩‍👧", "漢字 ", "\n")
pytestmark = pytest.mark.stock


@dataclass
class StockPeer:
    """One node process with one provider."""

    process: asyncio.subprocess.Process

    async def tell(self, do: str, **more: object) -> dict[str, object]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **more}).encode() + b"\n")
        await self.process.stdin.drain()
        async with asyncio.timeout(WAIT):
            line = await self.process.stdout.readline()
        return json.loads(line)

    async def until(self, predicate: object, seconds: float = WAIT) -> dict[str, object]:
        async with asyncio.timeout(seconds):
            while True:
                state = await self.tell("state")
                if predicate(state):  # type: ignore[operator]
                    return state
                await asyncio.sleep(0.05)


@asynccontextmanager
async def stock_peer(server: Running, name: str, doc: str = "plan") -> AsyncIterator[StockPeer]:
    node = shutil.which("node")
    assert node, "node 20 is needed for the stock clients"
    token = await server.token(name)
    process = await asyncio.create_subprocess_exec(
        node, str(HERE / "peer.mjs"), f"{server.ws_url}/ws/demo", doc, token,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24,
    )  # fmt: skip
    try:
        peer = StockPeer(process)
        await peer.until(lambda state: state["synced"])
        yield peer
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def server_text(server: Running) -> str:
    room = await server.lobby.room("demo")
    return await room.read(lambda: room.sequencer.fold.documents["plan"].text())


async def test_two_stock_clients_and_the_agent_converge_through_an_offline_spell() -> None:
    chance = random.Random(7)
    async with (
        running_server(planner=BuiltinPlanner()) as server,
        stock_peer(server, "ana") as ana,
        stock_peer(server, "ben") as ben,
        connect(f"{server.ws_url}/ws/demo", token=await server.token("chen")) as chen,
    ):
        for turn in range(60):
            peer = chance.choice((ana, ben))
            if turn == 20:
                await ben.tell("offline")
            if turn == 40:
                await ben.tell("online")
            if turn % 15 == 5:
                intent = await chen.intent(f'append "agent {turn} 😀" to plan')
                assert (await intent.verdict(WAIT))["state"] == "done"
            if chance.random() < 0.7:
                await peer.tell("insert", at=chance.randrange(40), words=chance.choice(WORDS))
            else:
                await peer.tell("delete", at=chance.randrange(20), count=chance.randint(1, 3))
        await ben.until(lambda state: state["connected"] and state["synced"])
        async with asyncio.timeout(WAIT):
            while True:
                texts = {str((await ana.tell("state"))["text"]), str((await ben.tell("state"))["text"])}
                if texts == {await server_text(server)}:
                    break
        assert all(f"agent {turn}" in texts.copy().pop() for turn in (20, 35, 50))


async def test_a_stock_client_gets_only_its_own_protocol_and_sees_the_agent_as_a_peer() -> None:
    async with running_server(planner=BuiltinPlanner()) as server, stock_peer(server, "ana") as ana:
        async with connect(f"{server.ws_url}/ws/demo", token=await server.token("chen")) as chen:
            await (await chen.intent('append "hello" to plan')).verdict(WAIT)
            state = await ana.until(lambda state: "hello" in str(state["text"]))
        assert set(state["kinds"]) <= {0, 1, 2, 3}, "a socket that never sent a 100 never receives one"
        people = [user for user in state["people"] if user]
        assert {"name": "Agent", "kind": "agent", "color": "#7c5cff"} in people


async def test_names_in_awareness_are_the_servers_word() -> None:
    async with running_server() as server, stock_peer(server, "ana") as ana, stock_peer(server, "ben"):
        await ana.until(lambda state: "ben" in {user["name"] for user in state["people"] if user})


async def test_an_idle_client_stays_connected() -> None:
    """y-websocket closes after 30 s without a message; 40 s of silence are enough to see it."""
    async with running_server(settings=Settings(presence_seconds=15.0)) as server, stock_peer(server, "ana") as ana:
        with contextlib.suppress(TimeoutError):
            await ana.until(lambda state: state["closes"], seconds=40)
        state = await ana.tell("state")
        assert state["closes"] == 0
        assert state["connected"]
