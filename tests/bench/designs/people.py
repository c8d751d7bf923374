"""The people of a run: they edit by hand, begin to write an instruction, send it, and answer what they are asked.

What somebody knew is what had been on the own screen for the notice time when beginning to write: the edits on the own
replica, the messages or records that had come. That is the ground truth of the monitor, and the stamp of the intent.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from base64 import b64encode
from dataclasses import dataclass, field

from crdt.documents.document import Document
from crdt.documents.paths import set_path
from tests.bench.designs.past import Sent, Typed
from tests.bench.designs.screen import Inbox, Screen
from tests.bench.designs.workload import DOC, HandEdit, Instruction, Load, Pace, path_of, spread
from workspace.client import Message, Refused


@dataclass(slots=True)
class Person:
    """Somebody with the board on screen, and what that person did."""

    name: str
    board: Screen
    pace: Pace
    load: Load
    typed: list[Typed] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    async def edit(self, edits: list[HandEdit]) -> None:
        """Set cells by hand, each at its time."""
        for edit in edits:
            await self.pace.until(edit.at)
            now, base = self.pace.now(), dict(self.board.document.state_vector())
            client = self.board.document.client

            def change(document: Document, edit: HandEdit = edit) -> None:
                set_path(document, path_of(edit.cell), edit.value)

            self.typed.append(Typed(now, self.name, edit.cell, edit.value, client, base.get(client, 0), base))
            await self.board.client.edit(change)

    def noticed_until(self) -> float:
        """Return the time up to which the person has noticed what came."""
        return self.pace.now() - self.load.notice


@dataclass(slots=True)
class ChatWriter:
    """Somebody who asks the agent in a chat document of the workspace."""

    person: Person
    chat: Screen

    async def ask(self, instructions: list[Instruction]) -> None:
        """Write and send the instructions, each at its time."""
        person = self.person
        for instruction in instructions:
            await person.pace.until(instruction.begun)
            at = person.noticed_until()
            known, shown = self.chat.named(at), person.board.shown(at)
            await person.pace.until(instruction.sent)
            person.sent.append(Sent(instruction, person.pace.now(), known, shown))

            def say(document: Document, instruction: Instruction = instruction) -> None:
                set_path(document, (instruction.id,), instruction.text)

            await self.chat.client.edit(say)


@dataclass(slots=True)
class Author:
    """Somebody who asks by intents, and answers questions. `ids` maps intents to instructions, for everybody."""

    person: Person
    inbox: Inbox
    ids: dict[str, str]
    seed: int
    stamp: int = 0
    mine: set[str] = field(default_factory=set)
    goals: dict[str, Instruction] = field(default_factory=dict)

    async def ask(self, instructions: list[Instruction]) -> None:
        """Write and send the instructions, each at its time, stamped when beginning to write."""
        person = self.person
        for instruction in instructions:
            await person.pace.until(instruction.begun)
            at = person.noticed_until()
            stamp, known, shown = self.inbox.seen(at), self.inbox.instructions(at), person.board.shown(at)
            self.stamp = max(self.stamp, stamp)
            await person.pace.until(instruction.sent)
            vector = b64encode(person.board.document.encode_state_vector()).decode()
            now = person.pace.now()
            intent = await self.inbox.room.intent(
                instruction.text,
                doc=DOC,
                keys=[path_of(cell) for cell in instruction.cells],
                seen=self.stamp,
                needs={DOC: {"sv": vector}},
            )
            self.ids[intent.id] = instruction.id
            self.mine.add(intent.id)
            person.sent.append(Sent(instruction, now, known, shown))

    async def answer(self, group: asyncio.TaskGroup) -> None:
        """Answer the questions about own instructions, each after a while."""
        async for record in self.inbox.room.log():
            question = record["body"].get("question") if record["kind"] == "decision" else None
            if question is not None and len(question["group"]) > 1:
                group.create_task(self._answer(question))

    async def _answer(self, question: Message) -> None:
        """Give the answer on which the authors agree; in one case of five nobody does in time."""
        names = sorted(self.ids.get(id, id) for id in question["group"])
        shared = random.Random(f"{self.seed}/{names}")
        own = random.Random(f"{self.seed}/{names}/{self.person.name}")
        is_silent, drawn = shared.random() < self.person.load.silent_share, shared.random()
        if is_silent or not self.mine.intersection(question["group"]):
            return
        requests = [self.goals[self.ids[id]] for id in question["group"]]
        values = [option["value"] for option in question["options"]]
        value = sorted(question["group"])[int(drawn * len(question["group"]))]
        if "both" in values and len({(wish.topic, wish.stance) for wish in requests}) == 1:
            value = "both"
        await self.person.pace.wait(spread(own, self.person.load.answer, 0.7))
        with contextlib.suppress(Refused):
            # A lane's stamp may not go back: an answer given while writing carries the stamp of what is written.
            await self.inbox.room.intent("", kind="answer", refs=[question["id"]], value=value, seen=self.stamp)
