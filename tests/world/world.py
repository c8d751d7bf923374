"""One seed is one run: people, sockets, a server that dies and comes back, a disk, a clock that jumps, an agent.

The real server runs, from its ASGI socket endpoint to its store, on virtual time. The monitor looks at every record as
it becomes durable; when the people have gone quiet everything must have ended, and everybody must see the same.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crdt.document import Document
from crdt.errors import MissingDependencies
from crdt.scan import INTERNAL, scan_update
from crdt.sync import SyncStep1, SyncUpdate, decode_frame, encode_step1, encode_step2, encode_update
from tests.world.deeds import CELLS, LINES, Agent, Referee
from tests.world.disk import Handle, WorldClock
from tests.world.loop import HOST, VirtualLoop, remember_tasks
from tests.world.monitor import Monitor, Violation
from tests.world.network import Frame, Wire
from tests.world.people import Crowd
from tests.world.person import Person, Sent
from workspace.intents.events import Configured
from workspace.intents.invariant import Invariant
from workspace.intents.record import ConfigBody, PolicyConfig
from workspace.intents.redecide import decide_again
from workspace.intents.replay import verify
from workspace.lobby import Lobby
from workspace.settings import Settings
from workspace.store.memory import MemoryStore
from workspace.websocket import SocketEndpoint

WS = "world"
LIMIT = 600_000.0
CHAINS = (
    ("priority", "ask", "fair"),
    ("ask", "fair"),
    ("priority", "first"),
    ("fair",),
    ("merge", "priority", "ask", "fair"),
    ("vote", "fair"),
    ("branch",),
)
QUIET_ROUNDS, QUIET_SECONDS = 60, 60.0
OUTAGE_SECONDS = 3.0
FIRST_LINES = "h1\nh2\nh3\nh4\n"


@dataclass(slots=True)
class Host:
    """One life of the server process."""

    lobby: Lobby
    handle: Handle
    endpoint: SocketEndpoint
    tasks: set[asyncio.Task[Any]]
    context: contextvars.Context
    wires: list[Wire] = field(default_factory=list)

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        """Run something inside this process."""
        return asyncio.get_running_loop().create_task(work, context=self.context)


@dataclass(slots=True)
class Stock:
    """A Yjs client that has never heard of Folkmoot: it must get what it knows and nothing else (I17)."""

    document: Document
    wire: Wire | None = None

    def take(self, frame: Frame) -> None:
        """Take in a frame; anything but types 0 to 3 in binary would break a stock provider."""
        if not isinstance(frame, bytes) or frame[0] > 3:
            raise Violation("I17", f"a stock client was sent {frame[:20]!r}")
        if frame[0] != 0 or self.wire is None:
            return
        match decode_frame(frame):
            case SyncStep1(vector):
                self.wire.send(encode_step2(self.document.encode(vector)))
            case SyncUpdate(update):
                try:
                    self.document.apply(update, scan_update(update, INTERNAL))
                except MissingDependencies:
                    self.wire.send(encode_step1(self.document.encode_state_vector()))
            case _:
                pass

    def type(self, word: str) -> None:
        """Write a line at the top."""
        with self.document.transaction() as done:
            self.document.insert_text(0, f"{word}\n")
        for applied in done:
            if self.wire is not None:
                self.wire.send(encode_update(applied.update))


@dataclass(slots=True)
class World:
    """Everything of one run. `tweak` changes people before they begin (a mutation of the client)."""

    seed: int
    steps: int
    tweak: Callable[[Person], None] = lambda person: None
    chance: random.Random = field(init=False)
    disk: MemoryStore = field(default_factory=MemoryStore)
    monitor: Monitor = field(default_factory=lambda: Monitor(LIMIT))
    host: Host | None = None
    people: list[Person] = field(default_factory=list)
    stock: Stock = field(init=False)
    clock: WorldClock = field(init=False)
    tokens: dict[str, str] = field(default_factory=dict)
    home: contextvars.Context = field(default_factory=contextvars.copy_context)
    log: list[str] = field(default_factory=list)
    hosts: int = 0
    problems: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.stock = Stock(Document("text", client=self.chance.randrange(2, 2**50)))

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
        handle = Handle(self.disk, chance, self._written, self._claimed)
        settings = Settings(idle_seconds=120.0, presence_seconds=600.0)
        lobby = Lobby(
            store=handle,  # type: ignore[arg-type]
            planner=Agent(chance),
            judge=Referee(chance),
            clock=self.clock,
            settings=settings,
        )
        handle.has_faults = bool(self.tokens)
        self.host = Host(lobby, handle, SocketEndpoint(lobby), tasks, context)
        await self.host.spawn(lobby.start())

    def crash(self, host: Host) -> None:
        """End a server process between two of its steps: nothing of it runs any more."""
        self.note("the server dies")
        host.handle.die()
        for room in host.lobby.rooms.values():
            room.is_open = False
        for wire in host.wires:
            wire.cut()
        for task in list(host.tasks):
            task.cancel()
        if self.host is host:
            self.host = None

    def _written(self, batch: Any) -> None:
        try:
            self.monitor.written(batch)
        except Violation as violation:
            self.problems.append(violation)
        except Exception as bug:  # noqa: BLE001  a log that does not replay is a violation too
            self.problems.append(Violation("I12", f"{type(bug).__name__}: {bug}"))

    def _claimed(self, epoch: int) -> None:
        self.monitor.claims = epoch

    def dial(self, person: Person, name: str) -> Wire | None:
        """Open a socket of somebody to the server, if it is up."""
        return self._wire(
            name,
            person.token,
            on_frame=lambda wire, frame: self._guard(lambda: person.take(name, wire, frame)),
            on_close=lambda wire, status: person.closed(name, wire),
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
        await self.boot()
        assert self.host is not None, "just booted"
        await self._found(self.host.lobby)
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
            await asyncio.sleep(self.chance.uniform(0.0, 3.0))
            self._raise()
        await self._rest()
        self._look_back()

    async def _found(self, lobby: Lobby) -> None:
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
            room = await lobby.create(
                WS, name="w", actor="olga", policy=policy, documents={LINES: "text", CELLS: "data"}
            )
            rules = {"total": Invariant("sum_at_most", CELLS, limit=LIMIT)}
            await room.ask(lambda: room.handle(Configured("olga", ConfigBody(invariants=rules))))
            for actor, role in (
                ("ana", "editor"),
                ("ben", "editor"),
                ("olga", "owner"),
                ("cy", "commenter"),
                ("sid", "editor"),
            ):
                self.tokens[actor] = await lobby.make_token(WS, actor=actor, role=role)  # type: ignore[arg-type]

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
            self.stock.wire = None
            asyncio.get_running_loop().call_later(2.0, self._dial_stock)

        wire = self._wire(
            LINES,
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
        for person in self.people:
            person.is_away = False
            person.connect()
        for _ in range(QUIET_ROUNDS):
            if self.host is None:
                await self.boot()
            await asyncio.sleep(QUIET_SECONDS)
            self._raise()
            board = self.monitor.replay.fold.board
            if not board.live and not any(person.pending for person in self.people) and self._is_even():
                return
        left = {id: entry.state for id, entry in self.monitor.replay.fold.board.live.items()}
        pending = [(person.actor, sorted(person.pending)) for person in self.people if person.pending]
        uneven = [] if self._is_even() else [self._values()]
        raise Violation("I4" if left or pending else "I13", f"never came to rest: {left} {pending} {uneven}")

    def _values(self) -> list[Any]:
        documents = self.monitor.replay.fold.documents
        return [
            (name, documents[name].value(), [p.copies[name].document.value() for p in self.people])
            for name in documents
        ]

    def _is_even(self) -> bool:
        """I13: everybody's documents are the server's, and everybody was shown the whole log."""
        documents = self.monitor.replay.fold.documents
        return (
            all(
                copy.document.value() == documents[name].value()
                for person in self.people
                for name, copy in person.copies.items()
            )
            and self.stock.document.value() == documents[LINES].value()
            and all(len(person.records) == len(self.monitor.rows) for person in self.people)
        )

    def _raise(self) -> None:
        if self.problems:
            raise self.problems[0]

    def _look_back(self) -> None:
        """Look at the whole log once more: states, verdicts told to their authors, policies decided again."""
        rows, journal = self.monitor.rows, self.monitor.journal
        report = verify(rows, journal)
        if not report.ok:
            raise Violation("I12", report.reason)
        again = decide_again(rows, journal)
        if again.first is not None or again.unsound:
            raise Violation("I18", f"decided again otherwise: {again}")
        acked = {id for person in self.people for id in person.acks.values()}
        if not acked <= set(self.monitor.intents):
            raise Violation("I5", f"acknowledged and not in the log: {acked - set(self.monitor.intents)}")
        for person in self.people:
            for (lane, n), id in person.acks.items():
                if person.lane == lane and person.verdicts.get(id) != self.monitor.intents[id].verdict:
                    raise Violation("I4", f"{person.actor} was never told how {id} ({lane} {n}) ended")


def run_world(seed: int, steps: int, tweak: Callable[[Person], None] = lambda person: None) -> World:
    """Run one seed to its end. Raises `Violation`, or whatever broke."""
    world = World(seed, steps, tweak)
    loop = VirtualLoop()
    loop.set_task_factory(remember_tasks)
    try:
        loop.run_until_complete(world.run())
    except BaseException as error:
        error.add_note(f"seed {seed}, {steps} steps")
        error.world = world  # type: ignore[attr-defined]
        raise
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.001))
        loop.close()
    return world
