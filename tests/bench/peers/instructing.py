"""Instructions: from the moment one is sent to its durable ack and to its verdict, on many lanes at once.

Folkmoot alone; no peer has any. The built-in planner answers at once; each lane counts up a value of its own, so that
nothing collides and what is measured is the machinery. Pending instructions are ones whose plan takes two minutes.
"""

from __future__ import annotations

import asyncio
import json
from itertools import chain
from typing import Any
from urllib.request import Request, urlopen

from tests.bench.peers.crowd import clock, percentile
from tests.bench.peers.line import FastProtocol, dial
from tests.bench.peers.loss import Figures
from tests.bench.peers.order import Order

WAITING_LANES = 10
ANSWER_SECONDS = 30.0
PENDING_SECONDS = 119
VALUES, ASIDE = "values", "aside"


class Lane:
    """One issuer of intents on the plain JSON socket."""

    def __init__(self) -> None:
        self.seen = self.n = self.done = 0
        self.waiting: dict[str, asyncio.Future[float]] = {}
        self.refused: list[str] = []

    def opened(self, line: FastProtocol) -> None:
        """Say hello."""
        self.line = line
        self.expect("welcome")
        line.send(json.dumps({"type": "hello", "seen": 0}))

    def gone(self) -> None:
        """Nobody answers any more."""
        for future in self.waiting.values():
            future.cancel()

    def expect(self, name: str) -> asyncio.Future[float]:
        """Return the future of an answer's arrival."""
        future = self.waiting[name] = asyncio.get_running_loop().create_future()
        return future

    def frame(self, frame: bytes | str) -> None:
        """Take in acks, verdicts and the log's head."""
        message: dict[str, Any] = json.loads(frame)
        match message["type"]:
            case "welcome":
                self._answer("welcome")
            case "ack":
                self.waiting[message["id"]] = self.waiting.pop("verdict")
                self._answer("ack")
            case "nack":
                self.refused.append(message["code"])
                self._answer("ack")
                self._answer("verdict")
            case "record":
                self.seen = message["seq"]
                if message["kind"] == "verdict":
                    self.done += message["body"]["state"] == "done" and message["body"]["intent"] in self.waiting
                    self._answer(message["body"]["intent"])

    def _answer(self, name: str) -> None:
        future = self.waiting.pop(name, None)
        if future is not None and not future.done():
            future.set_result(clock())

    async def instruct(self, text: str, doc: str, key: str = "") -> tuple[float, float]:
        """Send an instruction; return the seconds to its ack and to its verdict."""
        self.n += 1
        ack, verdict = self.expect("ack"), self.expect("verdict")
        scope = [{"doc": doc, **({"keys": [[key]]} if key else {})}]
        intent = {"type": "intent", "n": self.n, "kind": "do", "text": text, "seen": self.seen, "scope": scope}
        begun = clock()
        self.line.send(json.dumps(intent))
        acked = await asyncio.wait_for(ack, ANSWER_SECONDS)
        ended = await asyncio.wait_for(verdict, ANSWER_SECONDS)
        return acked - begun, ended - begun

    def leave_pending(self, at: int) -> asyncio.Future[float]:
        """Send an instruction that stays under way; return the future of its ack."""
        self.n += 1
        ack = self.expect("ack")
        self.expect("verdict")
        text = f'append "line {at}" to {ASIDE} after {PENDING_SECONDS} seconds'
        scope = [{"doc": ASIDE}]
        self.line.send(json.dumps({"type": "intent", "n": self.n, "text": text, "seen": self.seen, "scope": scope}))
        return ack


async def instruct(order: Order) -> Figures:
    """Instruct on `clients` lanes beside `pending` ones: first at `rate` a second in all, then as fast as it goes."""
    lanes = [await _lane(order) for _ in range(order.clients)]
    waiting = [await _lane(order) for _ in range(min(order.pending, WAITING_LANES))]
    for at in range(order.pending):
        await asyncio.wait_for(waiting[at % len(waiting)].leave_pending(at), ANSWER_SECONDS)
    for at, lane in enumerate(lanes):
        await lane.instruct(f"set {VALUES}.k{at} to 0", VALUES, f"k{at}")
    before = [lane.done for lane in lanes]
    calm = await _paced(order, lanes)
    crowded, rate = await _saturated(order, lanes)
    counted = await asyncio.to_thread(_values, order)
    is_whole = all(counted[f"k{at}"] == lane.done - before[at] for at, lane in enumerate(lanes))
    refused = [code for lane in (*lanes, *waiting) for code in lane.refused]
    for lane in (*lanes, *waiting):
        lane.line.hang_up()
    return {
        "ack_p50_ms": percentile([ack for ack, _ in calm], 50) * 1e3,
        "ack_p99_ms": percentile([ack for ack, _ in calm], 99) * 1e3,
        "verdict_p50_ms": percentile([end for _, end in calm], 50) * 1e3,
        "verdict_p99_ms": percentile([end for _, end in calm], 99) * 1e3,
        "full_ack_p99_ms": percentile([ack for ack, _ in crowded], 99) * 1e3,
        "full_verdict_p50_ms": percentile([end for _, end in crowded], 50) * 1e3,
        "intents_s": rate,
        "refused": len(refused),
        "converged": is_whole and not refused,
    }


async def _lane(order: Order) -> Lane:
    lane = Lane()
    path = order.path.format(room="")
    await dial(f"ws://127.0.0.1:{order.port}/{path}", lane)
    await asyncio.wait_for(lane.waiting["welcome"], ANSWER_SECONDS)
    return lane


def text_of(at: int) -> str:
    """Return an instruction on a key of one's own, which is there already."""
    return f"increase {VALUES}.k{at} by 1"


async def _paced(order: Order, lanes: list[Lane]) -> list[tuple[float, float]]:
    """Send `rate` a second, in turn by lane; a lane that is still busy is waited for."""
    count = int(order.rate * order.seconds)
    begun = clock()

    async def one(at: int, lane: Lane) -> list[tuple[float, float]]:
        times = list[tuple[float, float]]()
        for number in range(at, count, len(lanes)):
            await asyncio.sleep(max(0.0, begun + number / order.rate - clock()))
            times.append(await lane.instruct(text_of(at), VALUES, f"k{at}"))
        return times

    return list(chain.from_iterable(await asyncio.gather(*(one(at, lane) for at, lane in enumerate(lanes)))))


async def _saturated(order: Order, lanes: list[Lane]) -> tuple[list[tuple[float, float]], float]:
    begun = clock()

    async def one(at: int, lane: Lane) -> list[tuple[float, float]]:
        times = list[tuple[float, float]]()
        while clock() - begun < order.seconds:
            times.append(await lane.instruct(text_of(at), VALUES, f"k{at}"))
        return times

    times = list(chain.from_iterable(await asyncio.gather(*(one(at, lane) for at, lane in enumerate(lanes)))))
    return times, len(times) / (clock() - begun)


def _values(order: Order) -> dict[str, float]:
    ws, _, token = order.path.removeprefix("ws/").partition("?token=")
    address = f"http://127.0.0.1:{order.port}/api/workspaces/{ws}/documents/{VALUES}"
    with urlopen(Request(address, headers={"Authorization": f"Bearer {token}"})) as answer:
        counted: dict[str, float] = json.load(answer)["value"]
    return counted
