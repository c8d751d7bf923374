"""The same people at this server and at a plain relay of stock Yjs: both end with the same document, come what may.

The relay knows nothing of characters, halves or embeds; it passes on what comes. Who joins late, and who joins after a
restart, gets from either what all the others hold.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.stock.test_y_websocket import StockPeer
from tests.support.server import Running, running_server
from tests.support.until import until

pytestmark = pytest.mark.stock
HERE = Path(__file__).parent
WAIT, ROUNDS = 20, 45
IDS = {"ana": 1_000_000_007, "ben": 2_000_000_011, "chen": 3_000_000_019}
WORDS = ("a", "bc ", "😀", "x😀y😀z", "👩‍👩‍👧", "e\u0301", "漢字", "\n", "\r\n", "\ufffd", "\u0000")
MARKS = ({"bold": True}, {"bold": None}, {"link": {"href": "u😀"}})


@asynccontextmanager
async def node(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    found = shutil.which("node")
    assert found, "node 20 is needed for the stock clients"
    process = await asyncio.create_subprocess_exec(
        found, *command, cwd=HERE, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(WAIT):
            await process.wait()


class Place:
    """Where people meet: an address, and whom it lets in by what."""

    def __init__(self, stack: AsyncExitStack, url: str, name: str, server: Running | None = None) -> None:
        self.stack, self.url, self.name, self.server = stack, url, name, server
        self.people: dict[str, StockPeer] = {}

    async def join(self, who: str, id: int | None = None) -> StockPeer:
        token = await self.server.token(who) if self.server is not None else ""
        process = await self.stack.enter_async_context(
            node("cutter.mjs", self.url, self.name, token, str(id) if id else "")
        )
        self.people[who] = peer = StockPeer(process)
        await peer.until(lambda state: state["synced"])
        return peer

    async def tell(self, who: str, do: str, **more: object) -> None:
        await self.people[who].tell(do, **more)

    async def settled(self) -> dict[str, Any]:
        """Wait until all hold the same items, and return what that is."""

        async def look() -> list[Any]:
            return [await peer.tell("state") for peer in self.people.values()]

        def hold_the_same(states: list[Any]) -> bool:
            return all(state["held"] == states[0]["held"] and state["synced"] for state in states)

        # What is deleted stands in no state vector: the last of it arrives when they hold the same items already.
        await until(look, hold_the_same, seconds=WAIT)
        states = await until(look, lambda now: all(one["delta"] == now[0]["delta"] for one in now), seconds=WAIT)
        assert not any(state["waits"] for state in states), "edits wait inside a client for something that never comes"
        return {name: states[0][name] for name in ("delta", "held")}


def some_edits(chance: random.Random) -> list[list[object]]:
    """Return a few edits at places that pay no heed to characters."""
    edits: list[list[object]] = []
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(40)
        draw = chance.random()
        if draw < 0.45:
            edits.append(["insert", at, chance.choice(WORDS)])
        elif draw < 0.85:
            edits.append(["delete", at, chance.randint(1, 3)])
        elif draw < 0.93:
            edits.append(["mark", at, chance.randint(1, 4), chance.choice(MARKS)])
        else:
            edits.append(["embed", at, {"image": "photo.png"}])
    return edits


@pytest.mark.parametrize("seed", range(2))
async def test_all_end_with_what_people_at_a_plain_relay_hold(seed: int) -> None:
    chance = random.Random(seed)
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(node("relay.mjs"))
        assert relay.stdout is not None
        port = int(await relay.stdout.readline())
        server = await stack.enter_async_context(running_server())
        ours = Place(stack, f"{server.ws_url}/ws/demo", "plan", server)
        plain = Place(stack, f"ws://127.0.0.1:{port}", "plan")
        for who in ("ana", "ben"):
            for place in (ours, plain):
                await place.join(who, IDS[who])
        for at in range(ROUNDS):
            apart = at % 3 == 0
            edits = {who: some_edits(chance) for who in ("ana", "ben")}
            for who, asked in edits.items():
                for place in (ours, plain):
                    if apart:  # so that what both type is at once in both places
                        await place.tell(who, "offline")
                    await place.tell(who, "edit", edits=asked)
                    if not apart:
                        await place.settled()
            for place in (ours, plain):
                for who in edits:
                    if apart:
                        await place.tell(who, "online")
            here, there = await ours.settled(), await plain.settled()
            assert here == there, f"round {at}: {json.dumps(edits, ensure_ascii=False)}"
        for place in (ours, plain):
            await place.join("chen")
            assert (await place.settled())["delta"] == there["delta"]
        room = await server.registry.room("demo")
        await room.close()
        await ours.join("dora")
        for place in (ours, plain):
            await place.tell("ana", "edit", edits=[["insert", 0, "and on"]])
        here, there = await ours.settled(), await plain.settled()
        assert here["delta"] == there["delta"]
