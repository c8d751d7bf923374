"""A stage for a story: a real server, a fresh workspace for each run, people with random delays drawn from the seed."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from agent.builtin.planner import BuiltinPlanner
from agent.demo.seed import write_seed
from crdt.documents.pycrdt_document import DocumentKind
from tests.scenarios.hands import Hand, our_hand, stock_hand
from tests.support.server import Running, running_server
from workspace.client import Message, RoomClient
from workspace.client.document import DocumentClient, connect_document
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.audit.what_if import decide_again
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.state.replay import fold_log
from workspace.ports import Judge, Planner
from workspace.settings import Settings

RUNS = int(os.environ.get("FOLKMOOT_STORY_RUNS", "50"))
SEED0 = int(os.environ.get("FOLKMOOT_SEED0", "1"))
AT_ONCE = 10
WAIT = 30.0
DOCUMENTS: dict[str, DocumentKind] = {"plan": "text", "remarks": "text", "budget": "data"}
LINES: list[str] = []


@dataclass
class Tally:
    """What the runs of a story add up to; printed in its line (`conftest.py`)."""

    name: str
    first: int
    runs: int
    passed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def tell(self) -> None:
        """Put the story's line among those that are printed when all is over."""
        test = os.environ["PYTEST_CURRENT_TEST"].split("::")[0].rpartition("/")[2].removesuffix(".py")
        parts = [
            f"{test} {self.name}: seeds {self.first}-{self.first + self.runs - 1}, {self.passed} of {self.runs} passed"
        ]
        parts += [f"{name} {count}" for name, count in self.counts.items()]
        if self.seconds:
            ordered = sorted(self.seconds)
            p50, p95 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.95))
            parts.append(f"time to verdict p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms")
        LINES.append("; ".join(parts))


@dataclass
class Stage:
    """One run of a story."""

    seed: int
    ws: str
    server: Running
    chance: random.Random
    tally: Tally
    stock: bool = False
    people: dict[str, RoomClient] = field(default_factory=dict)
    sockets: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def delay(self, most: float = 0.25) -> None:
        """Let a random moment pass, as a network or a person would."""
        await asyncio.sleep(self.chance.uniform(0, most))

    async def person(self, name: str, role: str = "editor") -> RoomClient:
        """Connect somebody and wait until they have seen what is there."""
        token = await self.server.token(name, role, ws=self.ws)
        room = self.people[name] = RoomClient(self.url, token)
        self.stack.push_async_callback(self.leave, name)
        await self.come(name)
        await room.until(lambda r: r.seen >= 3, WAIT)
        return room

    @property
    def url(self) -> str:
        """Where the workspace's sockets are."""
        return f"{self.server.ws_url}/ws/{self.ws}"

    async def come(self, name: str) -> None:
        """Connect somebody, on the lane that they had before if any."""
        self.sockets[name] = asyncio.create_task(self.people[name].run(), name=f"{name} of {self.ws}")
        await self.people[name]._up()

    async def leave(self, name: str) -> None:
        """Close somebody's socket for good; what they know and their lane they keep."""
        self.sockets[name].cancel()
        await asyncio.gather(self.sockets[name], return_exceptions=True)

    async def is_connected(self, name: str) -> bool:
        """Return whether the server has a socket on somebody's lane."""
        room = await self.server.registry.room(self.ws)
        lane = self.people[name].lane
        return await room.read(lambda: any(peer.session.lane == lane for peer in room.hub.peers))

    async def hand(self, name: str, doc: str = "plan", kind: str = "text") -> Hand:
        """Open a document as somebody who types: with a stock client where the story is run with them."""
        token = await self.server.token(name, "editor", ws=self.ws)
        opened = stock_hand if self.stock else our_hand
        if self.stock:
            self.tally.counts["typed with a stock client"] += 1
        return await self.stack.enter_async_context(opened(self.url, doc, token=token, kind=kind))

    async def typist(self, name: str, doc: str = "plan", kind: str = "text") -> DocumentClient:
        """Open a document as somebody."""
        token = await self.server.token(name, "editor", ws=self.ws)
        return await self.stack.enter_async_context(connect_document(self.url, doc, token=token, kind=kind))  # type: ignore[arg-type]

    async def verdicts(self, room: RoomClient, ids: set[str]) -> dict[str, Message]:
        """Wait until somebody has been told the verdicts of these intents."""
        await room.until(lambda r: ids <= set(verdicts_of(r)), WAIT)
        return verdicts_of(room)

    async def audit(self) -> None:
        """The log verifies, replay gives the live state, every accepted intent has one verdict."""
        room = await self.server.registry.room(self.ws)
        core = room.sequencer.kernel
        async with asyncio.timeout(WAIT):
            # What was typed last is in the journal at once, and in the log when its run of keystrokes is closed.
            while await room.read(lambda: bool(core.runs.open) or room.durable_seq < room.sequencer.fold.seq):
                await asyncio.sleep(0.05)
        live = await room.read(room.sequencer.fold.state)
        rows, journal = await read_all(self.server.registry.store, self.ws)
        report = verify(rows, journal)
        assert report.ok, (self.seed, report)
        replayed = fold_log(rows, journal)
        assert replayed.state() == live, self.seed
        assert not replayed.board.live, (self.seed, list(replayed.board.live))
        assert not replayed.usage.opened, (self.seed, replayed.usage.opened)
        again = decide_again(rows, journal)
        assert (again.first, again.unsound) == (None, ()), (self.seed, again)


def verdicts_of(room: RoomClient) -> dict[str, Message]:
    """Return the verdicts that somebody has been told, by intent."""
    return {record["body"]["intent"]: record["body"] for record in room.records if record["kind"] == "verdict"}


def records_of(room: RoomClient, kind: str) -> list[Message]:
    """Return the records of one kind that somebody has received."""
    return [record for record in room.records if record["kind"] == kind]


def is_typed_by(name: str) -> Callable[[RoomClient], bool]:
    """Return what tells whether somebody has been told that another's typing is in the log."""
    return lambda room: any(record["actor"] == name for record in records_of(room, "update"))


@asynccontextmanager
async def staged(
    server: Running, seed: int, *, policy: PolicyConfig | None, tally: Tally, stock: bool
) -> AsyncIterator[Stage]:
    """Make a fresh workspace for one run."""
    stage = Stage(seed, f"run-{seed}", server, random.Random(seed), tally, stock)
    room = await server.registry.create(stage.ws, name="Story", actor="Owner", policy=policy, documents=DOCUMENTS)
    await write_seed(room)
    async with stage.stack:
        yield stage


async def run_story(
    story: Callable[[Stage], Awaitable[None]],
    *,
    runs: int = RUNS,
    policy: PolicyConfig | None = None,
    planner: Planner | None = None,
    judge: Judge | None = None,
    settings: Settings | None = None,
    stock: bool = False,
    at_once: int = AT_ONCE,
) -> None:
    """Run a story `runs` times on one server, ten at once; a failure names its seed. The environment counts more.

    With `stock` who types by hand uses an unmodified Yjs client.
    """
    runs = RUNS if "FOLKMOOT_STORY_RUNS" in os.environ else runs
    tally = Tally(story.__name__, SEED0, runs)
    async with running_server(
        planner=planner or BuiltinPlanner(), judge=judge, workspace=None, settings=settings
    ) as server:
        gate = asyncio.Semaphore(at_once)

        async def once(seed: int) -> None:
            async with gate, staged(server, seed, policy=policy, tally=tally, stock=stock) as stage:
                try:
                    async with asyncio.timeout(60):
                        await story(stage)
                        await stage.audit()
                except BaseException as error:
                    error.add_note(f"seed {seed}")
                    raise
                tally.passed += 1

        try:
            async with asyncio.TaskGroup() as group:
                for seed in range(SEED0, SEED0 + runs):
                    group.create_task(once(seed))
        finally:
            tally.tell()
