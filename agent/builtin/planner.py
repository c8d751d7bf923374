"""The planner that needs no model: parses an instruction and plans it as typed operations on the snapshot.

It obeys exactly the rules that bind a model: it sees a snapshot, answers with operations whose anchors and hashes
refer to that snapshot, and never touches a document. What it cannot do it refuses, saying what it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agent.builtin.commands import (
    AddItem,
    AppendText,
    AskAuthor,
    Command,
    DataCommand,
    DeleteText,
    Instruction,
    MakeDocument,
    NotUnderstood,
    RemoveItem,
    ReplaceText,
    SetData,
    TextCommand,
)
from agent.builtin.data_edits import DataEditing, brief
from agent.builtin.language import parse
from agent.builtin.pieces import PieceTable
from agent.builtin.text_edits import CannotDo, TextEditing
from crdt.anchor import Anchor, TextRange, place_anchors, place_range, resolve_range
from crdt.digest import digest_text
from crdt.document import Document, DocumentKind
from crdt.errors import CrdtError
from crdt.fork import Reading
from crdt.ops import CreateDocument, Delete, Insert, Op, Replace
from crdt.paths import Path
from workspace.intents.intent import Scope
from workspace.intents.plan import Asked, Draft, Option, Planned, Proposal, Refused, Task
from workspace.names import is_document_name

NAME = "builtin@1"
CAN_DO = (
    'replace "A" with "B" in DOC, append, insert or delete text, delete, rename, sort or re-case sections, '
    "set, increase, decrease or remove DOC.PATH, add or move list items, create a document, ask a question"
)
SNAPSHOT_CLIENT, WORKING_CLIENT = 8, 16
DRAFT_POINTS_MAX = 4_000


class BuiltinPlanner:
    """`workspace.ports.Planner` on the command language. `sleep` is how `after N seconds` waits."""

    def __init__(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._sleep = sleep

    @property
    def name(self) -> str:
        """Name and version, recorded in every plan."""
        return NAME

    async def plan(self, task: Task, show: Callable[[Draft], None]) -> Proposal:
        """Return a plan, a question or a refusal for an instruction in the command language."""
        instruction = parse(task.text)
        if isinstance(instruction, NotUnderstood):
            reason = f"I do not understand “{instruction.part}”."
            return Refused("not_understood", reason, f"I can: {CAN_DO}. Nearest: {instruction.nearest}", NAME)
        try:
            work = Work(task)
            proposal = work.carry_out(instruction)
        except CannotDo as cannot:
            proposal = Refused(cannot.refused.code, cannot.refused.reason, cannot.refused.remedy, NAME)
        except CrdtError as error:
            proposal = Refused(error.code, error.reason, error.remedy, NAME)
        except (ValueError, RecursionError, OverflowError) as error:
            proposal = Refused(
                "not_understood", f"A value there cannot be used: {error}"[:300], "Use plain JSON.", NAME
            )
        else:
            for draft in work.drafts():
                show(draft)
        if instruction.delay_seconds:
            await self._sleep(instruction.delay_seconds)
        return proposal


@dataclass(slots=True)
class Work:
    """One instruction on one snapshot."""

    task: Task
    texts: dict[str, TextEditing] = field(default_factory=dict)
    values: dict[str, DataEditing] = field(default_factory=dict)
    created: dict[str, DocumentKind] = field(default_factory=dict)
    opened: dict[str, Document] = field(default_factory=dict)

    def carry_out(self, instruction: Instruction) -> Proposal:
        """Return the proposal of all commands, all or nothing. Raises `CannotDo` and `CrdtError`."""
        said: list[str] = []
        for command in instruction.commands:
            if isinstance(command, AskAuthor):
                answer = next((e.answer for e in self.task.exchanges if e.question == command.question), None)
                if answer is None:
                    options = tuple(Option(option, option) for option in command.options)
                    return Asked(command.question, options, NAME)
                said.append(f"You answered “{answer}”.")
            else:
                said.append(self._one(command))
        ops, reads = self._result()
        return Planned(ops=tuple(ops), reads=tuple(reads), summary=" ".join(said), planner=NAME)

    def drafts(self) -> list[Draft]:
        """Return the words that are about to be written, by document."""
        shown = []
        for name, editing in self.texts.items():
            words = "\n".join(part.text.strip("\n") for part in editing.table.replacements() if part.text.strip())
            if words:
                shown.append(Draft(name, words[:DRAFT_POINTS_MAX]))
        for name, values in self.values.items():
            shown.append(Draft(name, brief(values.working.value())[:DRAFT_POINTS_MAX]))
        return shown

    def _one(self, command: Command) -> str:
        match command:
            case MakeDocument(name, kind):
                if name in self.kinds or not is_document_name(name):
                    raise CannotDo(
                        "exists", f"There is a document {name} already, or the name is not allowed.", "Choose another."
                    )
                self.created[name] = kind
                return f"Created the {kind} document {name}."
            case AddItem(target, value) if self._text_target(target) is not None:
                return self._text(AppendText(_words(value), self._text_target(target)))
            case RemoveItem(target, value) if self._text_target(target) is not None:
                return self._text(DeleteText(_words(value), self._text_target(target)))
            case DeleteText(text, doc, "only") if doc is not None and self._is_value(doc):
                return self._data(RemoveItem(doc, text))
            case SetData(target, value) if self._is_quoted_text(target):
                return self._text(ReplaceText(target, _words(value)))
            case _ if isinstance(command, TextCommand):
                return self._text(command)
            case _ if isinstance(command, DataCommand):
                return self._data(command)
            case _:
                raise CannotDo("not_understood", "That is not something I can do.", f"I can: {CAN_DO}.")

    # ------------------------------------------------------------ which document

    @property
    def kinds(self) -> dict[str, DocumentKind]:
        """Every document there is, with those this instruction makes."""
        return {**{name: image.kind for name, image in self.task.snapshot.documents.items()}, **self.created}

    def _scoped(self, kind: DocumentKind) -> list[Scope]:
        return [part for part in self.task.scope or () if self.kinds.get(part.doc) == kind]

    def _default(self, kind: DocumentKind) -> str:
        """Return the document meant where none is named: the scope's, or the only one of its kind."""
        scoped = list(dict.fromkeys(part.doc for part in self._scoped(kind)))
        names = scoped or [name for name, its in self.kinds.items() if its == kind]
        if len(names) == 1:
            return names[0]
        listed = ", ".join(sorted(self.kinds)) or "none"
        raise CannotDo("which_document", f"It is not clear which {kind} document is meant.", f"There are: {listed}.")

    def _named(self, name: str, kind: DocumentKind) -> str:
        found = [known for known in self.kinds if known.casefold() == name.casefold()]
        name = name if name in self.kinds else found[0] if len(found) == 1 else name
        if name not in self.kinds:
            listed = ", ".join(sorted(self.kinds)) or "none"
            raise CannotDo("no_document", f"There is no document {name}.", f"There are: {listed}.")
        if self.kinds[name] != kind:
            raise CannotDo("wrong_kind", f"{name} is a {self.kinds[name]} document.", f"Name a {kind} document.")
        return name

    def _text_target(self, target: str) -> str | None:
        return next((n for n, kind in self.kinds.items() if kind == "text" and n.casefold() == target.casefold()), None)

    def _is_value(self, target: str) -> bool:
        return any(kind == "data" and target.startswith(f"{name}.") for name, kind in self.kinds.items())

    def _is_quoted_text(self, target: str) -> bool:
        """`change X to Y` speaks of text when X is no value but stands in the only text it can mean."""
        return " " in target and any(kind == "text" for kind in self.kinds.values())

    def _target(self, target: str) -> tuple[str, Path]:
        """Split `DOC.PATH`: the longest document name in front, else the data document that is meant."""
        fits = [
            name
            for name, kind in self.kinds.items()
            if kind == "data" and (target == name or target.startswith(f"{name}."))
        ]
        doc = max(fits, key=len) if fits else self._default_data(target)
        rest = target[len(doc) + 1 :] if fits else target
        return doc, tuple(int(part) if part.isdecimal() and len(part) < 8 else part for part in rest.split(".") if part)

    def _default_data(self, target: str) -> str:
        head = target.partition(".")[0]
        if self.kinds.get(head) == "text":
            raise CannotDo("wrong_kind", f"{head} is a text document: it has no values.", "Name a data document.")
        return self._default("data")

    # ------------------------------------------------------------ carrying out

    def _text(self, command: TextCommand) -> str:
        name = self._named(command.doc, "text") if command.doc is not None else self._default("text")
        if name not in self.texts:
            self.texts[name] = TextEditing(name, PieceTable(self._open(name).text()), self._window(name), set())
        return self.texts[name].carry_out(command)

    def _data(self, command: DataCommand) -> str:
        name, path = self._target(command.target)
        if name not in self.values:
            snapshot = self._open(name)
            self.values[name] = DataEditing(name, snapshot, snapshot.fork(WORKING_CLIENT))
        if not path and not isinstance(command, SetData):
            raise CannotDo("which_value", f"Which value of {name} is meant?", f"Say {name}.NAME.")
        if not path:
            raise CannotDo("which_value", f"{name} as a whole cannot be set.", f"Say {name}.NAME.")
        return self.values[name].carry_out(command, path)

    def _open(self, name: str) -> Document:
        if name not in self.opened:
            image = self.task.snapshot.documents.get(name)
            kind = image.kind if image is not None else self.created[name]
            updates = (image.state,) if image is not None else ()
            self.opened[name] = Document(kind, client=SNAPSHOT_CLIENT, updates=updates)
        return self.opened[name]

    def _window(self, name: str) -> tuple[int, int] | None:
        """Return the stretch of a text that the author selected, as it stands in the snapshot."""
        for part in self._scoped("text"):
            if part.doc == name and part.from_ is not None and part.to is not None:
                place = TextRange(Anchor.decode(part.from_), Anchor.decode(part.to))
                start, end = resolve_range(self._open(name), place)
                if end == start:
                    raise CannotDo("empty_scope", "What you selected is gone.", "Select the place again.")
                return start, end
        return None

    def _result(self) -> tuple[list[Op], list[Reading]]:
        ops: list[Op] = [CreateDocument(name, kind) for name, kind in self.created.items()]
        reads: list[Reading] = []
        for name, editing in self.texts.items():
            ops += text_ops(name, self._open(name), editing)
            for start, end in sorted(editing.reads):
                place = place_range(self._open(name), start, end)
                hash = digest_text(editing.table.snapshot[start:end])
                reads.append(Reading(name, hash, from_=place.start.encode(), to=place.end.encode()))
        for values in self.values.values():
            ops += values.ops
        return ops, reads


def text_ops(name: str, document: Document, editing: TextEditing) -> list[Op]:
    """Return the operations of a text: an insert where nothing goes, a delete where nothing comes, else a replace."""
    ops: list[Op] = []
    snapshot = editing.table.snapshot
    for part in editing.table.replacements():
        if part.start == part.end:
            assoc = 0 if part.sticks_right else -1
            (anchor,) = place_anchors(document, [(part.start, assoc)])
            ops.append(Insert(name, anchor.encode(), part.text))
            continue
        place = place_range(document, part.start, part.end)
        from_, to = place.start.encode(), place.end.encode()
        old = digest_text(snapshot[part.start : part.end])
        ops.append(Replace(name, from_, to, old, part.text) if part.text else Delete(name, from_, to, old))
    return ops


def _words(value: object) -> str:
    return value if isinstance(value, str) else brief(value)
