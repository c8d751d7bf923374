"""Stock y-websocket clients converge with the server and with the agent's commits, and stay connected."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.server import Running, running_server
from tests.support.until import NotInTime, until
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

    async def until(self, predicate: Callable[[Any], object], seconds: float = WAIT) -> dict[str, object]:
        return await until(lambda: self.tell("state"), predicate, seconds=seconds)


@asynccontextmanager
async def stock_peer(
    server: Running, name: str, doc: str = "plan", program: str = "peer.mjs"
) -> AsyncIterator[StockPeer]:
    node = shutil.which("node")
    assert node, "node 20 is needed for the stock clients"
    token = await server.token(name)
    process = await asyncio.create_subprocess_exec(
        node, str(HERE / program), f"{server.ws_url}/ws/demo", doc, token,
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
    room = await server.registry.room("demo")
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

        async def held() -> list[str]:
            states = [await peer.tell("state") for peer in (ana, ben)]
            return [*(str(state["text"]) for state in states), await server_text(server)]

        texts = await until(held, lambda texts: len(set(texts)) == 1, seconds=WAIT)
        assert all(f"agent {turn}" in texts[0] for turn in (20, 35, 50))


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
        with contextlib.suppress(NotInTime):
            await ana.until(lambda state: state["closes"], seconds=40)
        state = await ana.tell("state")
        assert state["closes"] == 0
        assert state["connected"]


async def shown(peer: StockPeer, client: object) -> dict[str, Any] | None:
    """Return what a peer sees of another client."""
    others: list[dict[str, Any]] = await peer.tell("others")  # type: ignore[assignment]
    return next((other["state"] for other in others if other["id"] == client), None)


@pytest.mark.parametrize("size", [8_000, 200_000])
async def test_a_presence_of_any_size_costs_nothing_but_its_own_excess(size: int) -> None:
    async with running_server() as server, stock_peer(server, "ana") as ana, stock_peer(server, "ben") as ben:
        own = (await ana.tell("own"))["id"]
        await ana.tell("present", field="picture", size=size)
        await ana.tell("half", field="word")
        await ana.tell("present", field="cursor", value={"at": 7})

        async def is_shown() -> bool:
            state = await shown(ben, own)
            return bool(state and "cursor" in state)

        await until(is_shown, seconds=WAIT)
        state = await shown(ben, own)
        assert state is not None
        assert (state["user"]["name"], state["cursor"], state["word"]) == ("ana", {"at": 7}, "cut \ufffd")
        assert ("picture" in state) is (size < 16_000)
        await ana.tell("insert", at=0, words="afterwards ")
        await ben.until(lambda state: state["text"] == "afterwards ")
        assert (await ana.tell("state"))["closes"] == 0
        mine: dict[str, Any] = (await ana.tell("own"))["state"]  # type: ignore[assignment]
        assert len(mine["picture"]) == size, "what somebody says of itself is never overwritten"


async def test_a_throttled_tab_stays_visible_and_its_next_word_is_heard() -> None:
    """Stock clients drop who was not renewed for 30 s; the tab says nothing for 50."""
    async with running_server() as server, stock_peer(server, "ana") as ana, stock_peer(server, "ben") as ben:
        own = (await ana.tell("own"))["id"]
        await ana.tell("present", field="cursor", value=1)
        await ana.tell("throttle")
        gone = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(50):
                await until(lambda: _is_at(ben, own, 1), seconds=WAIT)
                while True:
                    gone += await shown(ben, own) is None
                    await asyncio.sleep(0.5)
        assert gone == 0
        for at in (2, 3):
            await ana.tell("present", field="cursor", value=at)
            await until(lambda at=at: _is_at(ben, own, at), seconds=2)  # type: ignore[misc]
        assert (await ana.tell("own"))["state"]["cursor"] == 3  # type: ignore[index]


async def _is_at(peer: StockPeer, client: object, at: int) -> bool:
    state = await shown(peer, client)
    return state is not None and state.get("cursor") == at


async def test_a_client_with_edits_that_nobody_has_is_asked_a_handful_of_times_and_goes_on_typing() -> None:
    async with (
        running_server() as server,
        stock_peer(server, "ben") as ben,
        stock_peer(server, "ana", program="pending.mjs") as ana,
    ):
        await ana.tell("type", words="mine ")
        await ben.until(lambda state: "mine" in state["text"])
        with contextlib.suppress(NotInTime):
            await ana.until(lambda state: state["closes"], seconds=10)
        state = await ana.tell("state")
        assert state["waits"]
        assert (state["closes"], state["connected"]) == (0, True)
        asked, received = state["asked"], state["received"]
        assert isinstance(asked, int)
        assert asked <= 7, "once at joining, then with growing pauses"
        assert isinstance(received, int)
        assert received < 30
        await ana.tell("type", words="more ")
        await ben.until(lambda state: "mine more " in state["text"])
        await ana.tell("heal")
        await ben.until(lambda state: "first second " in state["text"], seconds=40)
        assert (await ben.tell("state"))["closes"] == 0
