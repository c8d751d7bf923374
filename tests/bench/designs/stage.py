"""One run on the real server: people at their sockets, one design of an agent, an observer; told as a `Past`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from crdt.documents.document import Document
from crdt.documents.paths import set_path
from tests.bench.designs.agents import Agent, make_agent
from tests.bench.designs.past import Change, Effect, Effort, Past, Sent, Settled, Told
from tests.bench.designs.people import Author, ChatWriter, Person
from tests.bench.designs.planner import Book, ScriptedPlanner
from tests.bench.designs.screen import Inbox, Screen, Sighting, open_inbox, open_screen
from tests.bench.designs.workload import (
    ALL_CELLS,
    BUDGET,
    CHAT,
    DOC,
    START,
    HandEdit,
    Instruction,
    Load,
    Pace,
    Workload,
    make_workload,
    path_of,
)  # fmt: skip
from tests.support.server import Running
from workspace.client import Message
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.events import Configured
from workspace.intents.model.invariant import Invariant

DESIGNS = ("parallel", "interrupt", "rollback", "enqueue", "ours")
SETTLE_SECONDS_MAX = 300.0
QUIET_SECONDS = 0.3
OWNER = "p0"


def policy_at(scale: float, *, slots: int) -> PolicyConfig:
    """Return the server's own policy with every time scaled, and so many planners at once."""
    usual = PolicyConfig()
    return PolicyConfig(
        slots=slots,
        ask_seconds=usual.ask_seconds * scale,
        window_ms=max(1, round(usual.window_ms * scale)),
        overlap_wait_ms=max(1, round(usual.overlap_wait_ms * scale)),
        plan_seconds_max=max(1.0, usual.plan_seconds_max * scale),
    )


@dataclass(slots=True)
class Stage:
    """A workspace for one run, and everybody in it."""

    server: Running
    planner: ScriptedPlanner
    design: str
    load: Load
    seed: int
    scale: float
    ws: str
    workload: Workload
    stack: AsyncExitStack
    pace: Pace
    people: list[Person] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The workspace's address."""
        return f"{self.server.ws_url}/ws/{self.ws}"

    async def token(self, name: str) -> str:
        """Return a token: the first person is the owner, as one of them always is."""
        return await self.server.token(name, "owner" if name == OWNER else "editor", ws=self.ws)

    async def screen(self, name: str, doc: str, *, reads: bool = False) -> Screen:
        """Open a document for somebody and watch it."""
        opened = open_screen(self.url, doc, token=await self.token(name), pace=self.pace, reads=reads)
        return await self.stack.enter_async_context(opened)

    async def inbox(self, name: str) -> Inbox:
        """Open somebody's control socket."""
        opened = open_inbox(self.url, token=await self.token(name), pace=self.pace)
        return await self.stack.enter_async_context(opened)

    async def set_up(self) -> None:
        """Make the workspace with its rule and its cells."""
        policy = policy_at(self.scale, slots=self.load.slots or self.load.users)
        room = await self.server.registry.create(
            self.ws, name="Bench", actor=OWNER, policy=policy, documents={DOC: "data", CHAT: "data"}
        )
        rule = Invariant("sum_at_most", DOC, ("budget",), limit=BUDGET, message="More than the budget")
        await room.submit(Configured(OWNER, ConfigBody(invariants={"budget": rule})))
        first = await self.screen(OWNER, DOC)

        def fill(document: Document) -> None:
            for cell in ALL_CELLS:
                set_path(document, path_of(cell), START)
            set_path(document, ("notes",), {})

        await first.client.edit(fill)
        for name in self.workload.people:
            board = await self.screen(name, DOC)
            await board.client.until(lambda client: client.document.value() != {})
            self.people.append(Person(name, board, self.pace, self.load))

    def edits_of(self, person: Person) -> list[HandEdit]:
        """Return what a person will type."""
        return [edit for edit in self.workload.edits if edit.author == person.name]

    def wishes_of(self, person: Person) -> list[Instruction]:
        """Return what a person will ask."""
        return [wish for wish in self.workload.instructions if wish.author == person.name]

    async def act(self, writers: list[ChatWriter] | list[Author], settled: Callable[[], bool]) -> None:
        """Let everybody do what they will do, then wait until the agent has nothing left and all is quiet."""
        self.pace.restart()
        async with asyncio.TaskGroup() as group:
            for person in self.people:
                group.create_task(person.edit(self.edits_of(person)))
            for writer in writers:
                group.create_task(writer.ask(self.wishes_of(writer.person)))
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            while not settled():
                await asyncio.sleep(0.02)
        await asyncio.sleep(QUIET_SECONDS)

    def past(
        self, observer: Screen, sent: list[Sent], effects: list[Effect], efforts: list[Effort],
        told: tuple[Told, ...] = (), settled: tuple[Settled, ...] = (),
    ) -> Past:  # fmt: skip
        """Return the run as the monitor may know it."""
        changes = (Change(seen.at, seen.spans, seen.changed) for seen in observer.document.sightings)
        typed = [typed for person in self.people for typed in person.typed]
        return Past(tuple(sent), tuple(typed), tuple(changes), tuple(effects), told, settled, tuple(efforts))


async def run_usual(stage: Stage) -> Past:
    """Run one of the usual designs: an agent at its own sockets, asked in a chat."""
    observer = await stage.screen("observer", DOC, reads=True)
    writers = [ChatWriter(p, await stage.screen(p.name, CHAT, reads=True)) for p in stage.people]
    board, chat = await stage.screen("agent", DOC), await stage.screen("agent", CHAT, reads=True)
    requests = {wish.id: wish for wish in stage.workload.instructions}
    taken: set[str] = set()
    async with asyncio.TaskGroup() as group:
        chance = random.Random(f"{stage.seed}/{stage.design}")
        agent: Agent = make_agent(
            stage.design, board, pace=stage.pace, load=stage.load, chance=chance, group=group
        )  # fmt: skip

        def read(sighting: Sighting) -> None:
            for id in sighting.changed:
                taken.add(id)
                agent.take(requests[id])

        chat.document.on_change = read
        await stage.act(writers, lambda: len(taken) == len(requests) and not agent.busy)
    sent = [sent for person in stage.people for sent in person.sent]
    return stage.past(observer, sent, agent.effects, agent.efforts)


async def run_ours(stage: Stage) -> Past:
    """Run the product: intents over the people's control sockets, the planner given to the server."""
    book = stage.planner.books[stage.ws] = Book(stage.scale)
    for wish in stage.workload.instructions:
        book.expect(wish)
    observer = await stage.screen("observer", DOC, reads=True)
    ids: dict[str, str] = {}
    goals = {wish.id: wish for wish in stage.workload.instructions}
    authors = [Author(p, await stage.inbox(p.name), ids, stage.seed, goals=goals) for p in stage.people]
    async with asyncio.TaskGroup() as group:
        answering = [group.create_task(author.answer(group)) for author in authors]
        await stage.act(authors, lambda: all(author.mine <= _ended(author.inbox) for author in authors))
        for task in answering:
            task.cancel()
    sent = [
        Sent(one.instruction, one.at, frozenset(ids[id] for id in one.known if id in ids), one.shown)
        for person in stage.people
        for one in person.sent
    ]
    effects = _effects(authors[0].inbox, ids)
    done = {effect.instruction for effect in effects}
    last = {call.intent: call for call in book.calls if call.is_whole}
    efforts = [
        Effort(call.seconds / stage.scale, call is last.get(call.intent) and ids.get(call.intent) in done)
        for call in book.calls
    ]
    told = tuple(told for author in authors for told in _told(author, ids))
    return stage.past(observer, sent, effects, efforts, told, tuple(_settled(authors[0].inbox, ids)))


def _ended(inbox: Inbox) -> set[str]:
    return {record["body"]["intent"] for _, record in inbox.came if record["kind"] == "verdict"}


def _told(author: Author, ids: dict[str, str]) -> list[Told]:
    return [
        Told(ids[body["intent"]], at, body["state"], body["code"])
        for at, body in _bodies(author.inbox, "verdict")
        if body["intent"] in author.mine
    ]


def _effects(inbox: Inbox, ids: dict[str, str]) -> list[Effect]:
    """Return what the commit records say was written for whom."""
    found = []
    for at, body in _bodies(inbox, "commit"):
        spans = body["docs"].get(DOC, {}).get("ins", [])
        client, clock = (spans[0][0], spans[0][1]) if spans else (None, 0)
        found += [Effect(ids[id], at, client, clock) for id in body["intents"]]
    return found


def _settled(inbox: Inbox, ids: dict[str, str]) -> list[Settled]:
    return [
        Settled(at, frozenset(ids[id] for id in body["group"] if id in ids), body["layer"], "question" in body)
        for at, body in _bodies(inbox, "decision")
        if len(body["group"]) > 1
    ]


def _bodies(inbox: Inbox, kind: str) -> list[tuple[float, Message]]:
    return [(at, record["body"]) for at, record in inbox.came if record["kind"] == kind]


async def run_once(
    server: Running, planner: ScriptedPlanner, *, design: str, load: Load, seed: int, scale: float
) -> Past:
    """Run one design once, in a workspace of its own."""
    ws = f"{design}-{load.users}-{load.latency:g}-{seed}".replace(".", "-")
    async with AsyncExitStack() as stack:
        stage = Stage(server, planner, design, load, seed, scale, ws, make_workload(load, seed), stack, Pace(scale))
        try:
            await stage.set_up()
            return await (run_ours(stage) if design == "ours" else run_usual(stage))
        except BaseException as error:
            error.add_note(f"{ws} at scale {scale:g}")
            raise
