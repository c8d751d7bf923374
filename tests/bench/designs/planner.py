"""The planner of `ours`: what a model would do, without one, after the time that a model would take.

It works on the product's own copies (`agent.editing.editor`): typed operations, `inc` for relative requests, strong
readings of what a derivation was computed from. A plan that is made again starts from its own first one and takes half
the time.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field

from agent.editing.editor import Editor
from crdt.operations.fork import hash_reading
from crdt.operations.item_readings import Reading
from tests.bench.designs.workload import DOC, Instruction, carried_out, flat, path_of
from workspace.intents.model.plan import Planned, PlanRefused, Proposal, Task
from workspace.ports import PlanContext

NAME = "scripted-bench@1"
REPAIR_SHARE = 0.5


@dataclass(slots=True)
class Call:
    """One call of the planner: for which intent, how many real seconds; `is_whole` unless it was cancelled."""

    intent: str
    seconds: float
    is_whole: bool


@dataclass(slots=True)
class Book:
    """The instructions of one workspace by author and words, and the calls made for them."""

    scale: float
    expected: dict[tuple[str, str], deque[Instruction]] = field(default_factory=lambda: defaultdict(deque))
    known: dict[str, Instruction] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def expect(self, instruction: Instruction) -> None:
        """Know an instruction that will come."""
        self.expected[instruction.author, instruction.text].append(instruction)

    def find(self, task: Task) -> Instruction | None:
        """Return the instruction a task is about; the same words of one author are taken in their order."""
        if task.intent not in self.known:
            queue = self.expected[task.actor, task.text]
            if not queue:
                return None
            self.known[task.intent] = queue.popleft()
        return self.known[task.intent]


class ScriptedPlanner:
    """`workspace.ports.Planner` for many workspaces, each with its book."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}

    @property
    def name(self) -> str:
        """Name and version, recorded in every plan."""
        return NAME

    async def open(self) -> None:
        """Nothing to get ready."""

    async def close(self) -> None:
        """Nothing to close."""

    async def plan(self, task: Task, context: PlanContext) -> Proposal:
        """Return the plan that the words stand for, after the time it takes."""
        book = self.books[task.workspace]
        instruction = book.find(task)
        if instruction is None:
            return PlanRefused("not_understood", f"Nobody was to say {task.text!r}.", planner=NAME)
        loop = asyncio.get_running_loop()
        began, is_whole = loop.time(), False
        try:
            await asyncio.sleep(instruction.work * book.scale * (REPAIR_SHARE if task.repair is not None else 1.0))
            is_whole = True
        finally:
            book.calls.append(Call(task.intent, loop.time() - began, is_whole))
        return _planned(instruction, task)


def _planned(instruction: Instruction, task: Task) -> Planned:
    editor = Editor(task)
    document = editor.open(DOC)
    edit, said, based = editor.data(DOC), list[str](), list[Reading]()
    if instruction.kind == "add":
        said.append(edit.increase(path_of(instruction.cells[0]), instruction.amount))
    else:
        for cell, value in carried_out(instruction, flat(document.value())).items():
            said.append(edit.put(path_of(cell), value))
    if instruction.kind == "derive":
        for cell in instruction.cells[:2]:
            place = Reading(DOC, "", path_of(cell))
            based.append(Reading(DOC, hash_reading({DOC: document}, place) or "", path_of(cell)))
    ops, reads = editor.result()
    return Planned(ops=tuple(ops), reads=(*reads, *based), summary=" ".join(said), planner=NAME)
