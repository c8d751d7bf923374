"""One seed is one run: people, sockets, a server that dies and comes back, a disk, a clock that jumps, an agent.

The real server runs, from its ASGI socket endpoint to its store, on virtual time. The monitor looks at every record as
it becomes durable; when the people have gone quiet everything must have ended, and everybody must see the same.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette

from crdt.documents.document import Document
from crdt.sync.y_sync import encode_step1
from tests.world.brake import Brake
from tests.world.deeds import CELLS, LINES, Agent, Referee
from tests.world.disk import Disk, Handle, WorldClock
from tests.world.facts import Sent, Violation
from tests.world.law import Lawgiver
from tests.world.librarian import Librarian, application
from tests.world.looks import is_even, look_back, look_live, lull, stand_at, values
from tests.world.loop import HOST, VirtualLoop, remember_tasks
from tests.world.monitor import Monitor
from tests.world.network import Frame, Wire
from tests.world.people import Crowd
from tests.world.person import Person, now_called
from tests.world.post import RECEIVERS, Transport
from tests.world.scale import small
from tests.world.stock import Stock
from workspace.errors import LogCorrupt
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.events import Configured
from workspace.intents.model.invariant import Invariant
from workspace.intents.model.segment import Segment
from workspace.ports import Delivery
from workspace.registry.registry import RoomRegistry
from workspace.settings import Settings
from workspace.sockets.endpoint import SocketEndpoint

WS = "world"
ROLES = (("ana", "editor"), ("ben", "editor"), ("olga", "owner"), ("cy", "commenter"), ("sid", "editor"))
LIMITS = (200_000.0, 350_000.0, 600_000.0)
CHAINS = (
    ("priority", "ask", "fair"),
    ("ask", "fair"),
    ("priority", "first"),
    ("fair",),
    ("merge", "priority", "ask", "fair"),
    ("merge", "fair"),
    ("vote", "fair"),
    ("branch",),
    ("ask", "branch"),
)
LULL_SHARE, TRAVEL_SHARE, REST_SHARE = 0.03, 0.05, 0.1
QUIET_ROUNDS, QUIET_SECONDS = 60, 60.0
OUTAGE_SECONDS = 3.0
FIRST_LINES = "h1\nh2\nh3\nh4\n"


@dataclass(slots=True)
class Host:
    """One life of the server process."""

    registry: RoomRegistry
    handle: Handle
    endpoint: SocketEndpoint
    http: Starlette
    tasks: set[asyncio.Task[Any]]
    context: contextvars.Context
    wires: list[Wire] = field(default_factory=list)

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        """Run something inside this process."""
        return asyncio.get_running_loop().create_task(work, context=self.context)


@dataclass(slots=True)
class World:
    """Everything of one run. `tweak` changes people before they begin (a mutation of the client)."""

    seed: int
    steps: int
    tweak: Callable[[Person], None] = lambda person: None
    chance: random.Random = field(init=False)
    sleepy: random.Random = field(init=False)
    disk: Disk = field(default_factory=Disk)
    monitor: Monitor = field(init=False)
    host: Host | None = None
    people: list[Person] = field(default_factory=list)
    stock: Stock = field(init=False)
    brake: Brake = field(init=False)
    librarian: Librarian = field(init=False)
    law: Lawgiver = field(init=False)
    clock: WorldClock = field(init=False)
    tokens: dict[str, str] = field(default_factory=dict)
    home: contextvars.Context = field(default_factory=contextvars.copy_context)
    log: list[str] = field(default_factory=list)
    hosts: int = 0
    lulls: int = 0
    rests: int = 0
    is_wild: bool = True
    problems: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.sleepy = random.Random(f"{self.seed} rest")
        self.monitor = Monitor(self.chance.choice(LIMITS))
        self.brake = Brake(self, WS)
        self.librarian = Librarian(self, WS)
        self.monitor.papers.roles = dict(ROLES)
        self.law = Lawgiver(self, WS)
        self.stock = Stock(Document("text", client=self.chance.randrange(1 << 16, 2**50)))

    def note(self, what: str) -> None:
        """Keep what happened, for whoever looks at a failing seed."""
        self.log.append(f"{asyncio.get_running_loop().time():9.3f} {what}")

    # ------------------------------------------------------------ the server's lives

    async def boot(self) -> None:
        """Start a server process on the disk as it is."""
        self.hosts += 1
        tasks: set[asyncio.Task[Any]] = set()
        context = contextvars.copy_context()
        context.run(HOST.set, tasks)
        chance = random.Random(f"{self.seed} host {self.hosts}")
        handle = Handle(self.disk, chance, self._written, self._claimed, self._packing)
        settings = Settings(idle_seconds=120.0, presence_seconds=600.0)
        carrier = Transport(chance, self._arrive, lambda: self._befall(registry), lambda: self._leave(registry))
        registry = RoomRegistry(
            store=handle,
            planner=Agent(chance),
            judge=Referee(chance),
            senders=dict.fromkeys(("mail", "webhook"), carrier),
            clock=self.clock,
            settings=settings,
        )
        handle.has_faults = bool(self.tokens)
        endpoint = SocketEndpoint(registry)
        self.host = Host(registry, handle, endpoint, application(registry, endpoint), tasks, context)
        await self.host.spawn(registry.start())

    def crash(self, host: Host) -> None:
        """End a server process between two of its steps: nothing of it runs any more."""
        self.note("the server dies")
        host.handle.die()
        for room in host.registry.rooms.values():
            room.mailbox.close()
        for wire in host.wires:
            wire.cut()
        for task in list(host.tasks):
            task.cancel()
        if self.host is host:
            self.host = None
        self._guard(lambda: self.monitor.crashed(*self.disk.content(WS)))

    def _befall(self, registry: RoomRegistry) -> None:
        """Let a server die in the next moments, around what it is doing just now."""
        host = self.host
        if host is not None and host.registry is registry and self.is_wild:
            asyncio.get_running_loop().call_later(self.chance.uniform(0.0, 2.0), self.die, host)

    def die(self, host: Host) -> None:
        """End a server process that is alive, and start another soon."""
        if host.handle.is_alive:
            self.crash(host)
            asyncio.get_running_loop().call_later(self.chance.uniform(0.1, 3.0), self.boot_again)

    def boot_again(self) -> None:
        """Start a server process where none is up."""
        if self.host is None:
            asyncio.get_running_loop().create_task(self.boot())

    def _arrive(self, delivery: Delivery) -> None:
        self._guard(lambda: self.monitor.post.arrive(delivery))

    def _leave(self, registry: RoomRegistry) -> None:
        """See that the server that owns the workspace lets no effect go while the agent is stopped."""
        room = registry.rooms.get(WS)
        is_up = self.host is not None and self.host.registry is registry
        if is_up and room is not None and room.sequencer.kernel.epoch == self.monitor.claims:
            self._guard(lambda: self.monitor.halt.leaving(asyncio.get_running_loop().time()))

    def _packing(self, segments: Sequence[Segment]) -> None:
        self._guard(lambda: self.monitor.kept.packing(segments))

    def _travel(self) -> None:
        """Let the server that is up stand somewhere in the past."""
        if self.host is not None and self.monitor.rows:
            seq = self.chance.randrange(1, len(self.monitor.rows) + 1)
            self.host.spawn(self._stand(self.host, seq))

    async def _stand(self, host: Host, seq: int) -> None:
        try:
            await stand_at(self.monitor, host.handle, WS, seq)
        except (Violation, LogCorrupt) as problem:
            self.problems.append(Violation("I12", f"time travel to {seq}: {problem}"))

    def _written(self, batch: Any) -> None:
        self._lay_down()
        try:
            self.monitor.written(batch)
        except Violation as violation:
            self.problems.append(violation)
        except Exception as bug:  # noqa: BLE001  a log that does not replay is a violation too
            self.problems.append(Violation("I12", f"{type(bug).__name__}: {bug}"))

    def _lay_down(self) -> None:
        """Let documents of the server rest at any moment, whoever is at them."""
        for room in self.host.registry.rooms.values() if self.host is not None else ():
            for document in room.sequencer.fold.documents.values():
                if self.sleepy.random() < REST_SHARE and document.is_loaded:
                    self.rests += document.unload()

    def _claimed(self, epoch: int) -> None:
        self.monitor.claims = epoch

    def dial(self, person: Person, name: str) -> Wire | None:
        """Open a socket of somebody to the server, if it is up."""
        return self._wire(
            person.copies[name].called,
            person.token,
            on_frame=lambda wire, frame: self._guard(lambda: person.take(name, wire, frame)),
            on_close=lambda wire, status: person.closed(name, wire, status),
        )

    def _wire(
        self, name: str, token: str, *, on_frame: Callable[[Wire, Frame], None], on_close: Callable[[Wire, int], None]
    ) -> Wire | None:
        host = self.host
        if host is None:
            return None
        chance = random.Random(self.chance.random())
        wire = Wire(f"/ws/{WS}/{name}", token, chance, self.home, on_frame=on_frame, on_close=on_close)
        wire.task = host.spawn(host.endpoint(wire.scope, wire.receive, wire.send_down))
        host.wires.append(wire)
        return wire

    def _guard(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as bug:  # noqa: BLE001  a client's bug or a violation seen by a client ends the run
            self.problems.append(bug)

    # ------------------------------------------------------------ a run

    async def run(self) -> None:
        """Let the world happen, then let it come to rest, then look at the whole."""
        loop = asyncio.get_running_loop()
        self.clock = WorldClock(loop, random.Random(f"{self.seed} clock"))
        self.monitor.clock = loop.time
        await self.boot()
        assert self.host is not None, "just booted"
        await self._found(self.host.registry)
        for actor, role in (
            ("ana", "editor"),
            ("ben", "editor"),
            ("olga", "owner"),
            ("ana", "editor"),
            ("cy", "commenter"),
        ):
            self._join(actor, role)
        self._dial_stock()
        await asyncio.sleep(5.0)
        self.people[2].edit(LINES, lambda document: document.insert_text(0, FIRST_LINES))
        crowd = Crowd(self)
        for _ in range(self.steps):
            crowd.step()
            self.librarian.step()
            self.brake.step(bool(self.monitor.halt.on), is_sending=bool(self.monitor.replay.fold.outbox))
            self.law.step()
            await asyncio.sleep(self.chance.uniform(0.0, 3.0))
            self._raise()
            look_live(self, WS)
            if self.chance.random() < LULL_SHARE:
                await lull(self)
                self._raise()
            if self.chance.random() < TRAVEL_SHARE:
                self._travel()
        await self._rest()
        await look_back(self)

    async def _found(self, registry: RoomRegistry) -> None:
        """Make the workspace, its members and its documents."""
        assert self.host is not None, "founded on a running server"
        policy = PolicyConfig(
            chain=self.chance.choice(CHAINS),
            ask_seconds=self.chance.choice((5.0, 20.0, 60.0)),
            plan_seconds_max=30.0,
            slots=self.chance.choice((1, 2, 4)),
            merge_auto=self.chance.random() < 0.5,
            vote_quorum=2,
            human_edit=self.chance.choice(("suggest", "suggest", "apply_and_flag", "ask")),
        )

        async def work() -> None:
            room = await registry.create(
                WS, name="w", actor="olga", policy=policy, documents={LINES: "text", CELLS: "data"}
            )
            rules = {"total": Invariant("sum_at_most", CELLS, limit=self.monitor.limit)}
            config = ConfigBody(invariants=rules, receivers=dict(RECEIVERS))
            await room.submit(Configured("olga", config))
            for actor, role in ROLES:
                self.tokens[actor] = await registry.tokens.make(WS, actor=actor, role=role)  # type: ignore[arg-type]

        await self.host.spawn(work())
        self.host.handle.has_faults = True

    def _join(self, actor: str, role: str) -> Person:
        person = Person(
            actor,
            role,
            self.tokens[actor],
            random.Random(f"{self.seed} person {len(self.people)}"),
            self.dial,
            ledger=self._ledger,
        )
        self.tweak(person)
        self.people.append(person)
        person.connect()
        return person

    def _ledger(self, sent: Sent) -> None:
        self.monitor.sent.setdefault((sent.lane, sent.n), []).append(sent)

    def _dial_stock(self) -> None:
        def closed(wire: Wire, status: int) -> None:
            if self.stock.wire is not wire:
                return
            self.stock.wire, self.stock.called = None, now_called(wire.reason) or self.stock.called
            asyncio.get_running_loop().call_later(2.0, self._dial_stock)

        wire = self._wire(
            self.stock.called,
            self.tokens["sid"],
            on_frame=lambda wire, frame: self._guard(lambda: self.stock.take(frame)),
            on_close=closed,
        )
        self.stock.wire = wire
        if wire is None:
            asyncio.get_running_loop().call_later(2.0, self._dial_stock)
        else:
            wire.send(encode_step1(self.stock.document.encode_state_vector()))

    async def _rest(self) -> None:
        """Bring everybody back, wait until nothing is under way."""
        self.note("everybody is back; the world comes to rest")
        self.is_wild = False
        for person in self.people:
            person.is_away = False
            person.connect()
        for _ in range(QUIET_ROUNDS):
            if self.host is None:
                await self.boot()
            self.brake.let_go()
            self.librarian.take_back()
            await asyncio.sleep(QUIET_SECONDS)
            self._raise()
            board = self.monitor.replay.fold.board
            waits = board.live or self.monitor.replay.fold.outbox or any(person.pending for person in self.people)
            if not waits and is_even(self):
                return
        left = {id: entry.state for id, entry in self.monitor.replay.fold.board.live.items()}
        pending = [(person.actor, sorted(person.pending)) for person in self.people if person.pending]
        unsent = sorted(self.monitor.replay.fold.outbox)
        uneven = [] if is_even(self) else [values(self)]
        name = "I4" if left or pending else "effects" if unsent else "I13"
        raise Violation(name, f"never came to rest: {left} {pending} {unsent} {uneven}")

    def _raise(self) -> None:
        if self.problems:
            raise self.problems[0]


def run_world(seed: int, steps: int, tweak: Callable[[Person], None] = lambda person: None) -> World:
    """Run one seed to its end. Raises `Violation`, or whatever broke."""
    with small():
        return _run(World(seed, steps, tweak))


def _run(world: World) -> World:
    loop = VirtualLoop()
    loop.set_task_factory(remember_tasks)
    try:
        loop.run_until_complete(world.run())
    except BaseException as error:
        error.add_note(f"seed {world.seed}, {world.steps} steps")
        error.world = world  # type: ignore[attr-defined]
        raise
    finally:
        while tasks := asyncio.all_tasks(loop):
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0.001))
        loop.close()
    return world
