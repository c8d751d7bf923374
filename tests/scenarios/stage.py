"""A stage for a story: a real server, a fresh workspace for each run, people with random delays drawn from the seed."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from agent.builtin.planner import BuiltinPlanner
from agent.seed import write_seed
from tests.support.server import Running, running_server
from workspace.client import Message, Room, connect
from workspace.document_client import DocumentClient, connect_document
from workspace.intents.record import PolicyConfig
from workspace.intents.redecide import decide_again
from workspace.intents.replay import fold_log, verify
from workspace.ports import Judge, Planner
from workspace.reading import read_all
from workspace.settings import Settings

RUNS = int(os.environ.get("FOLKMOOT_STORY_RUNS", "50"))
AT_ONCE = 10
WAIT = 30.0


@dataclass
class Stage:
    """One run of a story."""

    seed: int
    ws: str
    server: Running
    chance: random.Random
    people: dict[str, Room] = field(default_factory=dict)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def delay(self, most: float = 0.25) -> None:
        """Let a random moment pass, as a network or a person would."""
        await asyncio.sleep(self.chance.uniform(0, most))

    async def person(self, name: str, role: str = "editor") -> Room:
        """Connect somebody and wait until they have seen what is there."""
        token = await self.server.token(name, role, ws=self.ws)
        room = await self.stack.enter_async_context(connect(f"{self.server.ws_url}/ws/{self.ws}", token=token))
        self.people[name] = room
        await room.until(lambda r: r.seen >= 3, WAIT)
        return room

    async def typist(self, name: str, doc: str = "plan", kind: str = "text") -> DocumentClient:
        """Open a document as somebody."""
        token = await self.server.token(name, "editor", ws=self.ws)
        url = f"{self.server.ws_url}/ws/{self.ws}"
        return await self.stack.enter_async_context(connect_document(url, doc, token=token, kind=kind))  # type: ignore[arg-type]

    async def verdicts(self, room: Room, ids: set[str]) -> dict[str, Message]:
        """Wait until somebody has been told the verdicts of these intents."""
        await room.until(lambda r: ids <= set(verdicts_of(r)), WAIT)
        return verdicts_of(room)

    async def audit(self) -> None:
        """The log verifies, replay gives the live state, every accepted intent has one verdict."""
        room = await self.server.lobby.room(self.ws)
        live = await room.ask(room.sequencer.fold.state)
        rows, journal = await read_all(self.server.lobby.store, self.ws)
        report = verify(rows, journal)
        assert report.ok, (self.seed, report)
        replayed = fold_log(rows, journal)
        assert replayed.state() == live, self.seed
        assert not replayed.board.live, (self.seed, list(replayed.board.live))
        assert not replayed.usage.opened, (self.seed, replayed.usage.opened)
        again = decide_again(rows, journal)
        assert (again.first, again.unsound) == (None, ()), (self.seed, again)


def verdicts_of(room: Room) -> dict[str, Message]:
    """Return the verdicts that somebody has been told, by intent."""
    return {record["body"]["intent"]: record["body"] for record in room.records if record["kind"] == "verdict"}


def records_of(room: Room, kind: str) -> list[Message]:
    """Return the records of one kind that somebody has received."""
    return [record for record in room.records if record["kind"] == kind]


@asynccontextmanager
async def staged(server: Running, seed: int, policy: PolicyConfig | None) -> AsyncIterator[Stage]:
    """Make a fresh workspace for one run."""
    stage = Stage(seed, f"run-{seed}", server, random.Random(seed))
    room = await server.lobby.create(
        stage.ws, name="Story", actor="Owner", policy=policy, documents={"plan": "text", "budget": "data"}
    )
    await write_seed(room)
    async with stage.stack:
        yield stage


async def run_story(
    story: Callable[[Stage], Awaitable[None]],
    *,
    runs: int = RUNS,
    first_seed: int = 1,
    policy: PolicyConfig | None = None,
    planner: Planner | None = None,
    judge: Judge | None = None,
    settings: Settings | None = None,
) -> None:
    """Run a story `runs` times on one server, ten at once; a failure names its seed. The environment counts more."""
    runs = RUNS if "FOLKMOOT_STORY_RUNS" in os.environ else runs
    async with running_server(
        planner=planner or BuiltinPlanner(), judge=judge, workspace=None, settings=settings
    ) as server:
        gate = asyncio.Semaphore(AT_ONCE)

        async def once(seed: int) -> None:
            async with gate, staged(server, seed, policy) as stage:
                try:
                    async with asyncio.timeout(60):
                        await story(stage)
                        await stage.audit()
                except BaseException as error:
                    error.add_note(f"seed {seed}")
                    raise

        async with asyncio.TaskGroup() as group:
            for seed in range(first_seed, first_seed + runs):
                group.create_task(once(seed))
