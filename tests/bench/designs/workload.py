"""The people of a run: what each will ask and type, when, and for how long the agent must think about it.

Drawn from the seed alone, so that every design meets the same people. All times are in seconds of the people's own
time; `Pace` alone knows how much faster the bench lives.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from crdt.digest import Json
from tests.bench.designs.wording import CELLS, about_cells, about_topic

Kind = Literal["set", "add", "derive", "topic"]
DOC, CHAT = "board", "chat"
BUDGET_CELLS, BUDGET, START = 6, 700, 100
ALL_CELLS = tuple(f"{'budget' if at < BUDGET_CELLS else 'cells'}.{name}" for at, name in enumerate(CELLS))


@dataclass(frozen=True, slots=True)
class Load:
    """One condition. Rates are per user and minute, times in seconds; `latency` is the median of planning.

    `slots` are the planners at once that ours may use; 0 is as many as there are users.
    """

    users: int = 4
    latency: float = 8.0
    minutes: float = 20.0
    instructions_pm: float = 1.0
    edits_pm: float = 4.0
    zipf: float = 1.1
    compose: float = 8.0
    notice: float = 2.0
    topics: int = 2
    topic_share: float = 0.3
    paraphrased: float = 0.08
    slots: int = 0
    answer: float = 15.0
    silent_share: float = 0.2


@dataclass(frozen=True, slots=True)
class Instruction:
    """A wish with an end to check: `set` cells to `amount`, `add` it, `derive` the last as a sum, or about a topic."""

    id: str
    author: str
    begun: float
    sent: float
    kind: Kind
    cells: tuple[str, ...]
    amount: int
    topic: int
    stance: int
    work: float
    text: str


@dataclass(frozen=True, slots=True)
class HandEdit:
    """A person sets a cell by hand."""

    at: float
    author: str
    cell: str
    value: int


@dataclass(frozen=True, slots=True)
class Workload:
    """Everything that will be done in a run, each list in order of time."""

    people: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    edits: tuple[HandEdit, ...]


def make_workload(load: Load, seed: int) -> Workload:
    """Return what the people of a run will do."""
    chance = random.Random(f"{seed}/{load.users}")
    weights = [1 / (rank + 1) ** load.zipf for rank in range(len(ALL_CELLS))]
    people = tuple(f"p{at}" for at in range(load.users))
    until, instructions, edits = load.minutes * 60, list[Instruction](), list[HandEdit]()
    for author in people:
        at, count = chance.expovariate(load.instructions_pm / 60), 0
        while at < until:
            sent = at + spread(chance, load.compose, 0.5)
            instructions.append(_wish(chance, load, weights, f"{author}n{count}", author, at, sent))
            count += 1
            at = sent + chance.expovariate(load.instructions_pm / 60)
        at = chance.expovariate(load.edits_pm / 60)
        while at < until:
            (cell,) = chance.choices(ALL_CELLS, weights)
            edits.append(HandEdit(at, author, cell, chance.randint(10, 200)))
            at += chance.expovariate(load.edits_pm / 60)
    return Workload(people, tuple(sorted(instructions, key=lambda one: one.sent)), tuple(sorted(edits, key=_when)))


def _when(edit: HandEdit) -> float:
    return edit.at


def _wish(
    chance: random.Random, load: Load, weights: list[float], id: str, author: str, begun: float, sent: float
) -> Instruction:
    """Return one instruction: three in ten about a topic, else set, add or derive."""
    work = max(1.5, spread(chance, 1.0, 0.5) * load.latency)
    if chance.random() < load.topic_share:
        topic, stance = chance.randrange(load.topics), chance.choice((-1, 1))
        text = about_topic(chance, topic, stance, paraphrased=load.paraphrased)
        return Instruction(id, author, begun, sent, "topic", (f"notes.{id}",), stance, topic, stance, work, text)
    kinds: tuple[Kind, ...] = ("set", "add", "derive")
    (kind,) = chance.choices(kinds, (0.55, 0.25, 0.2))
    count = {"set": chance.choice((1, 1, 2, 3)), "add": 1, "derive": 3}[kind]
    cells: list[str] = []
    while len(cells) < count:
        (cell,) = chance.choices(ALL_CELLS, weights)
        if cell not in cells:
            cells.append(cell)
    amount = chance.randint(10, 200) if kind == "set" else chance.randint(-30, 60)
    text = about_cells(kind, tuple(cells), amount)
    return Instruction(id, author, begun, sent, kind, tuple(cells), amount, -1, 0, work, text)


def spread(chance: random.Random, median: float, sigma: float) -> float:
    """Return a log-normal duration."""
    return chance.lognormvariate(math.log(median), sigma)


def carried_out(instruction: Instruction, state: Mapping[str, Json]) -> dict[str, int]:
    """Return what somebody who reads `state` writes to carry out an instruction."""
    cells = instruction.cells
    match instruction.kind:
        case "set" | "topic":
            return dict.fromkeys(cells, instruction.amount)
        case "add":
            return {cells[0]: number(state, cells[0]) + instruction.amount}
        case "derive":
            return {cells[2]: number(state, cells[0]) + number(state, cells[1])}


def number(state: Mapping[str, Json], cell: str) -> int:
    """Return a cell's number; an empty one counts as zero."""
    value = state.get(cell)
    return int(value) if isinstance(value, int | float) else 0


def flat(value: Json, into: dict[str, Json] | None = None, path: str = "") -> dict[str, Json]:
    """Return the leaves of a JSON object by dotted path."""
    found = {} if into is None else into
    if isinstance(value, dict):
        for key, part in value.items():
            flat(part, found, f"{path}.{key}" if path else key)
    else:
        found[path] = value
    return found


def path_of(cell: str) -> tuple[str, ...]:
    """Return a cell's path in the document."""
    return tuple(cell.split("."))


@dataclass(slots=True)
class Pace:
    """The people's clock: `scale` is how many of our seconds one of theirs takes."""

    scale: float
    began: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def restart(self) -> None:
        """Let the run begin now."""
        self.began = asyncio.get_running_loop().time()

    def now(self) -> float:
        """Return the people's time in seconds since the run began."""
        return (asyncio.get_running_loop().time() - self.began) / self.scale

    async def until(self, at: float) -> None:
        """Wait until the people's clock shows `at`."""
        await asyncio.sleep(max(0.0, (at - self.now()) * self.scale))

    async def wait(self, seconds: float) -> None:
        """Wait so many of the people's seconds."""
        await asyncio.sleep(seconds * self.scale)
