"""What growth in one workspace costs those who type in it and in another one, over sockets, against a whole server.

    python -m tests.bench.growth_beside [--write] [--plans 10,100] [--keys 100,1000]

A server in a process of its own, two workspaces; in each somebody types a word every 50 ms and somebody else waits for
it. Meanwhile, in one of them, eight people give so many instructions at once, unseen by each other, on one value; or
the agent sets one value among so many keys. The peer is the same typing with nothing else going on, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from pycrdt import Doc, Map
from websockets.asyncio.client import connect

from crdt.sync.y_sync import encode_update
from tests.bench.curves import Curve, draw
from tests.hostile.scene import WORKSPACES, Server, Typist, answer_questions, offer, running

PLANS = (10, 30, 100, 300, 1_000)
KEYS = (100, 1_000, 10_000, 50_000, 200_000)
PEOPLE = 8
SETS = 3
KEYS_AN_UPDATE = 5_000
IDLE_SECONDS = 5.0
# One person's share of what may be under way is half of what is free: eight people hold a thousand at most of these.
LIVE_MAX = 2_500
WAIT_SECONDS = 300
# Of so many the verdict is looked at, the last ones: nobody behind them is under way.
CHECKED = 5
PAGE = Path(__file__).parents[2] / "docs" / "growth.md"
PICTURE = PAGE.with_suffix(".svg")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a curve: how long the work took, and how long words took meanwhile; seconds."""

    size: int
    took: float
    words: dict[str, tuple[float, float, float]]  # by workspace: median, 99th of a hundred, longest


Work = Callable[[Server, int], Awaitable[float]]


async def idle(server: Server, size: int) -> float:
    """Let nothing happen."""
    await asyncio.sleep(IDLE_SECONDS)
    return IDLE_SECONDS


async def sums(server: Server, size: int) -> float:
    """Have so many instructions add to one value; return how long it took until the last had its verdict."""
    return await _instruct(server, size, lambda at: "increase budget.k1 by 1", "done")


async def sets(server: Server, size: int) -> float:
    """Have so many instructions set one value to something else each: the first wins, the others are overruled."""
    return await _instruct(server, size, lambda at: f"set budget.k1 to {1_000 + at}", "")


async def _instruct(server: Server, size: int, text: Callable[[int], str], state: str) -> float:
    api = f"{server.url}/api/workspaces/same"
    owner = {"authorization": f"Bearer {server.tokens['same']['owner']}"}
    limits = httpx2.Limits(max_connections=40)
    async with httpx2.AsyncClient(base_url=api, timeout=WAIT_SECONDS, limits=limits) as client:
        tokens = []
        for at in range(PEOPLE):
            given = await client.post("/tokens", json={"actor": f"p{at}", "role": "editor"}, headers=owner)
            tokens.append(given.json()["token"])
        given = await client.put("/config", json={"policy": {"chain": ["first"], "slots": 8}}, headers=owner)
        assert given.status_code < 300, given.text
        began = time.monotonic()

        async def give(at: int) -> str:
            # A key of its own makes a lane of its own: nobody knows of the others.
            headers = {"authorization": f"Bearer {tokens[at % PEOPLE]}", "idempotency-key": f"g{size}-{at}"}
            body = {"text": text(at), "scope": [{"doc": "budget", "keys": [["k1"]]}]}
            answer = await client.post("/intents", json=body, headers=headers)
            assert answer.status_code == 202, answer.text
            return str(answer.json()["id"])

        ids = await asyncio.gather(*map(give, range(size)))
        # One at a time, the last first: to ask for all of them would be work of its own.
        for id in reversed(ids):
            while (found := (await client.get(f"/intents/{id}", headers=owner)).json())["verdict"] is None:
                await asyncio.sleep(0.1)
            assert state in ("", found["state"]), found
            if id == ids[-1 - CHECKED]:
                break
        return time.monotonic() - began


async def among(server: Server, size: int) -> float:
    """Have the agent set values in a document of so many keys; return how long one took, the median of three."""
    api = f"{server.url}/api/workspaces/same"
    owner = {"authorization": f"Bearer {server.tokens['same']['owner']}"}
    spent = list[float]()
    async with httpx2.AsyncClient(base_url=api, timeout=WAIT_SECONDS, headers=owner) as client:
        for at in range(SETS):
            began = time.monotonic()
            answer = await client.post(f"/intents?wait={WAIT_SECONDS}", json={"text": f"set big.k{at} to {-1 - at}"})
            spent.append(time.monotonic() - began)
            assert answer.json()["state"] == "done", answer.text
    return sorted(spent)[SETS // 2]


async def fill(server: Server, size: int) -> None:
    """Make a document and write so many keys as a stock client would; return when the server has them."""
    api, owner = f"{server.url}/api/workspaces/same", {"authorization": f"Bearer {server.tokens['same']['owner']}"}
    async with httpx2.AsyncClient(base_url=api, timeout=WAIT_SECONDS, headers=owner) as client:
        made = await client.put("/documents/big", json={"kind": "data"})
        assert made.status_code == 201, made.text
    doc = Doc[Any](client_id=3_000_000_077)
    keys = doc.get("data", type=Map)
    address = f"{server.address}/same/big"
    offered = offer(server.tokens["same"]["owner"])
    async with connect(address, subprotocols=offered, compression=None, max_size=None) as socket:
        answering = asyncio.create_task(answer_questions(socket))
        for low in range(0, size, KEYS_AN_UPDATE):
            before = doc.get_state()
            with doc.transaction():
                for at in range(low, min(size, low + KEYS_AN_UPDATE)):
                    keys[f"k{at}"] = at
            await socket.send(encode_update(doc.get_update(before)))
        async with asyncio.timeout(WAIT_SECONDS):
            while _count_keys(await server.state("same", "big")) < size:
                await asyncio.sleep(0.5)
                assert not answering.done(), f"closed: {socket.close_code} {socket.close_reason}"
        answering.cancel()


def _count_keys(state: bytes) -> int:
    doc = Doc[Any](client_id=78)
    doc.apply_update(state)
    return len(doc.get("data", type=Map))


async def measure(work: Work, size: int) -> Point:
    """Do some work on a server of its own while people type in both workspaces."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder), FOLKMOOT_LIVE_INTENTS_MAX=str(LIVE_MAX)) as server:
            if work is among:
                await fill(server, size)
            over = asyncio.Event()
            async with server.people(over) as typists:
                await asyncio.sleep(0.5)
                took = await work(server, size)
                over.set()
    for typist in typists.values():
        assert not typist.problem, typist.problem
    return Point(size, took, {ws: _quantiles(typists[ws]) for ws in WORKSPACES})


def _quantiles(typist: Typist) -> tuple[float, float, float]:
    ordered = sorted(typist.seconds)
    assert ordered, "somebody typed"
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, math.ceil(len(ordered) * 0.99) - 1)], ordered[-1]


def exponent(points: Sequence[Point]) -> float:
    """Return how the work grows at the end of its curve: 1 is a line, 2 a square."""
    less, more = points[-2:]
    return math.log(more.took / less.took) / math.log(more.size / less.size)


def table(name: str, unit: str, points: Sequence[Point]) -> list[str]:
    """Return the rows of one curve; the first is what nothing else costs."""
    lines = [f"| {name} | s | same: p50 · p99 · longest, ms | other: p50 · p99 · longest, ms |", "|---|---|---|---|"]
    for point in points:
        words = [" · ".join(f"{seconds * 1000:,.0f}" for seconds in point.words[ws]) for ws in WORKSPACES]
        label = f"{point.size:,} {unit}" if point.size else "nothing else"
        lines.append(f"| {label} | {point.took:.2f} | {words[0]} | {words[1]} |")
    return [*lines, ""]


async def run(plans: Sequence[int], keys: Sequence[int]) -> tuple[list[str], str]:
    """Measure every point, saying so as it goes; return the page's part and the picture."""
    curves = (("sums on one value", "plans", sums, plans), ("sets of one value", "plans", sets, plans),
              ("one set among keys", "keys", among, keys))  # fmt: skip
    nothing = await measure(idle, 0)
    lines, drawn = [f"`python -m tests.bench.growth_beside` · {time.strftime('%Y-%m-%d')}", ""], list[Curve]()
    for name, unit, work, sizes in curves:
        points = []
        for size in sizes:
            points.append(await measure(work, size))
            print(f"{name}, {size:,}: {points[-1].took:.2f} s", flush=True)
        lines += table(name, unit, [nothing, *points])
        if len(points) > 1:
            lines += [f"Exponent between the last two: {exponent(points):.2f}.", ""]
        drawn += [
            Curve(name, f"the work, s, by {unit}", [(p.size, p.took) for p in points]),
            Curve(
                name,
                f"p99 of a word in the other workspace, s, by {unit}",
                [(p.size, p.words["other"][1]) for p in points],
            ),
        ]
    return lines, draw("What grows, and what others notice of it", drawn)


def main() -> None:
    """Measure, print, and write the page where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", default=",".join(map(str, PLANS)))
    parser.add_argument("--keys", default=",".join(map(str, KEYS)))
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    lines, picture = asyncio.run(
        run([int(one) for one in asked.plans.split(",")], [int(one) for one in asked.keys.split(",")])
    )
    print("\n".join(lines))
    if asked.write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join(lines).strip() + f"\n{END}{rest.partition(END)[2]}")
        PICTURE.write_text(picture)


if __name__ == "__main__":
    main()
