"""The four usual agents: each a stock client of the server that reads a chat and writes into the live document.

Named as LangGraph names what to do with a second message: run in *parallel*, *interrupt* and carry on, *rollback* the
first with its input, *enqueue*. They see what any client sees; none of them asks or tells anybody anything.
"""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from crdt.digest import Json
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from tests.bench.designs.past import Effect, Effort
from tests.bench.designs.screen import Screen
from tests.bench.designs.workload import Instruction, Load, Pace, carried_out, flat, path_of

CARRIED_SHARE = 0.5


@dataclass(slots=True)
class Agent(ABC):
    """An agent with its own replica of the board. `take` is called for each message of the chat."""

    board: Screen
    pace: Pace
    load: Load
    chance: random.Random
    group: asyncio.TaskGroup
    effects: list[Effect] = field(default_factory=list)
    efforts: list[Effort] = field(default_factory=list)
    busy: int = 0

    @abstractmethod
    def take(self, instruction: Instruction) -> None:
        """Begin what this design does with a new message."""

    def look(self) -> dict[str, Json]:
        """Return the board as the agent sees it now."""
        return flat(self.board.document.value())

    async def write(self, instruction: Instruction, values: Mapping[str, Json], *, is_part: bool = False) -> None:
        """Write values into the live document, in one transaction."""
        clock = 0

        def change(document: Document) -> None:
            nonlocal clock
            clock = self.board.document.next_clock()
            for cell, value in values.items():
                set_path(document, path_of(cell), value)

        now = self.pace.now()
        await self.board.client.edit(change)
        self.effects.append(Effect(instruction.id, now, self.board.document.client, clock, is_part))


class Parallel(Agent):
    """Every message starts a run of its own; the last write wins."""

    def take(self, instruction: Instruction) -> None:
        """Start a run."""
        self.busy += 1
        self.group.create_task(self._run(instruction))

    async def _run(self, instruction: Instruction) -> None:
        seen = self.look()
        await self.pace.wait(instruction.work)
        await self.write(instruction, carried_out(instruction, seen))
        self.efforts.append(Effort(instruction.work, True))
        self.busy -= 1


@dataclass(slots=True)
class Enqueue(Agent):
    """One run at a time, first come first served."""

    waiting: list[Instruction] = field(default_factory=list)

    def take(self, instruction: Instruction) -> None:
        """Put the message behind the others."""
        self.waiting.append(instruction)
        if not self.busy:
            self.busy = 1
            self.group.create_task(self._run())

    async def _run(self) -> None:
        while self.waiting:
            instruction = self.waiting.pop(0)
            seen = self.look()
            await self.pace.wait(instruction.work)
            await self.write(instruction, carried_out(instruction, seen))
            self.efforts.append(Effort(instruction.work, True))
        self.busy = 0


@dataclass(slots=True)
class Running:
    """A run under way: what it serves, since when, on what."""

    batch: list[Instruction]
    began: float
    seconds: float
    seen: dict[str, Json]


@dataclass(slots=True)
class Interrupt(Agent):
    """One run; a new message stops it, what it has written stays, half of the time it is carried into the next."""

    running: Running | None = None
    task: asyncio.Task[None] | None = None
    keeps: bool = True

    def take(self, instruction: Instruction) -> None:
        """Stop what runs and begin again with the new message."""
        batch, stopped = [instruction], self.running
        if stopped is not None and self.task is not None:
            self.task.cancel()
            batch = [*self._stop(stopped), instruction]
        longer = min(sum(0.5 * other.work for other in batch[:-1]), 2 * self.load.latency)
        self.running = Running(batch, self.pace.now(), instruction.work + longer, self.look())
        self.task = self.group.create_task(self._run(self.running))
        self.busy = 1

    def _stop(self, stopped: Running) -> list[Instruction]:
        """Leave what a stopped run has written so far, and return what is carried on."""
        spent = self.pace.now() - stopped.began
        share = min(1.0, spent / stopped.seconds)
        carried = []
        for instruction in stopped.batch:
            is_carried = self.keeps and self.chance.random() < CARRIED_SHARE
            self.efforts.append(Effort(spent / len(stopped.batch), is_carried))
            values = carried_out(instruction, stopped.seen)
            part = dict(list(values.items())[: int(share * len(values))])
            if self.keeps and part:
                self.group.create_task(self.write(instruction, part, is_part=True))
            if is_carried:
                carried.append(instruction)
        return carried

    async def _run(self, run: Running) -> None:
        await self.pace.wait(run.seconds)
        self.running = self.task = None
        self.efforts.append(Effort(run.seconds, True))
        now = dict(run.seen)
        for instruction in run.batch:
            values = carried_out(instruction, now)
            now.update(values)
            await self.write(instruction, values)
        if self.running is None:
            self.busy = 0


class Rollback(Interrupt):
    """One run; a new message discards it together with what was asked."""


def make_agent(
    design: str, board: Screen, *, pace: Pace, load: Load, chance: random.Random, group: asyncio.TaskGroup
) -> Agent:
    """Return the agent of a design."""
    match design:
        case "parallel":
            return Parallel(board, pace, load, chance, group)
        case "enqueue":
            return Enqueue(board, pace, load, chance, group)
        case "interrupt":
            return Interrupt(board, pace, load, chance, group)
        case "rollback":
            return Rollback(board, pace, load, chance, group, keeps=False)
        case _:
            raise ValueError(f"there is no design {design!r}")
