"""The planner that needs no model: parses an instruction and plans it as typed operations on the snapshot.

It obeys exactly the rules that bind a model: it sees a snapshot, answers with operations whose anchors and hashes
refer to that snapshot, and never touches a document. What it cannot do it refuses, saying what it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from agent.builtin.language import parse
from agent.editing.commands import (
    ActOnDocument,
    AddItem,
    AddNumber,
    AppendText,
    AskAuthor,
    CallHook,
    Command,
    DataCommand,
    DeleteText,
    Instruction,
    MakeDocument,
    NotUnderstood,
    RemoveItem,
    ReplaceText,
    SendMail,
    SetData,
    TextCommand,
)
from agent.editing.editor import Editor
from agent.editing.text import CannotDo
from crdt.digest import Json
from crdt.documents.paths import Path, dotted
from crdt.documents.pycrdt_document import DocumentKind
from crdt.errors import CrdtError
from workspace.intents.model.effects import Effect, describe, refuse_effects
from workspace.intents.model.intent import Scope
from workspace.intents.model.plan import Asked, Draft, Option, Planned, PlanRefused, Proposal, Task
from workspace.intents.model.wording import brief
from workspace.names import is_document_name
from workspace.ports import PlanContext
from workspace.threads import compute

NAME = "builtin@1"
CAN_DO = (
    'replace "A" with "B" in DOC, append, insert or delete text, delete, rename, sort or re-case sections, '
    "set, increase, decrease or remove DOC.PATH, add or move list items, create, rename, archive, delete or restore a "
    "document, ask a question"
)
SNAPSHOT_CLIENT, WORKING_CLIENT = 8, 16
DRAFT_POINTS_MAX = 4_000
# Where the documents of a snapshot have more bytes, plans are made beside the loop.
BESIDE_BYTES = 64 << 10
# What a value of an instruction may raise on its way into a document.
UNUSABLE = (ValueError, RecursionError, OverflowError)
ScopedCommands = tuple[tuple[Scope, ...] | None, Sequence[Command]]


class BuiltinPlanner:
    """`workspace.ports.Planner` on the command language. `sleep` is how `after N seconds` waits."""

    def __init__(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._sleep = sleep

    @property
    def name(self) -> str:
        """Name and version, recorded in every plan."""
        return NAME

    async def open(self) -> None:
        """Nothing to get ready."""

    async def close(self) -> None:
        """Nothing to close."""

    async def plan(self, task: Task, context: PlanContext) -> Proposal:
        """Return a plan, a question or a refusal for an instruction in the command language."""
        instruction = parse(task.text)
        if isinstance(instruction, NotUnderstood):
            reason = f"I do not understand “{instruction.part}”."
            return PlanRefused("not_understood", reason, f"I can: {CAN_DO}. Nearest: {instruction.nearest}", NAME)
        work = partial(attempt, task, instruction)
        size = sum(len(image.state) for image in task.snapshot.documents.values())
        proposal, drafts = await compute(work) if size > BESIDE_BYTES else work()
        for draft in drafts:
            context.show(draft)
        if instruction.delay_seconds:
            await self._sleep(instruction.delay_seconds)
        return proposal


def attempt(task: Task, instruction: Instruction) -> tuple[Proposal, list[Draft]]:
    """Return what an instruction comes to, a refusal where it cannot be carried out, and what is shown of it.

    The documents are opened and let go of here: pycrdt's are bound to the thread that made them.
    """
    try:
        made, proposal = planned(task, instruction)
    except CannotDo as cannot:
        return PlanRefused(cannot.refused.code, cannot.refused.reason, cannot.refused.remedy, NAME), []
    except CrdtError as error:
        return PlanRefused(error.code, error.reason, error.remedy, NAME), []
    except UNUSABLE as error:
        reason = f"A value there cannot be used: {error}"[:300]
        return PlanRefused("not_understood", reason, "Use plain JSON.", NAME), []
    return proposal, made.drafts()


def planned(task: Task, instruction: Instruction) -> tuple[CommandRun, Proposal]:
    """Return what an instruction comes to, with as many of those that joined it as can be carried out with it.

    Each in turn is tried on all before it; one that is not understood, cannot be done or has a question of its own is
    left to run by itself. Raises `CannotDo`, `CrdtError` and what a value may raise, for the instruction alone.
    """
    parts: list[ScopedCommands] = [(task.scope, instruction.commands)]
    made = CommandRun(task, Editor(task))
    proposal, serves = made.carry_out(parts), list[str]()
    for steer in task.steers if isinstance(proposal, Planned) else ():
        added = parse(steer.text)
        if isinstance(added, NotUnderstood):
            continue
        longer, more = CommandRun(task, Editor(task)), [*parts, (steer.scope, added.commands)]
        try:
            both = longer.carry_out(more)
        except (CannotDo, CrdtError, *UNUSABLE):
            continue
        if isinstance(both, Planned):
            made, proposal, parts = longer, both, more
            serves.append(steer.intent)
    assert len(parts) == len(serves) + 1, "what is carried out beside the instruction itself is served"
    if isinstance(proposal, Planned):
        # Decision 86: who joined is served only where the plan names them; the others run by themselves.
        proposal = replace(proposal, serves=tuple(serves))
    return made, proposal


@dataclass(slots=True)
class CommandRun:
    """Some instructions on one snapshot."""

    task: Task
    editor: Editor
    effects: list[Effect] = field(default_factory=list)

    def carry_out(self, parts: Sequence[ScopedCommands]) -> Proposal:
        """Return the proposal of all commands, all or nothing. Raises `CannotDo` and `CrdtError`."""
        said: list[str] = []
        assert not self.effects, "a run carries its commands out once"
        for scope, commands in parts:
            self.editor.point(scope)
            for command in commands:
                if isinstance(command, AskAuthor):
                    given = next((e for e in self.task.exchanges if e.question == command.question), None)
                    if given is None:
                        options = tuple(Option(option, option) for option in command.options)
                        return Asked(command.question, options, NAME)
                    said.append(f"{given.actor or self.task.actor} answered “{given.answer}”.")
                else:
                    said.append(self._one(command))
        ops, reads = self.editor.result()
        acts = tuple(self.editor.acts)
        return Planned(tuple(ops), tuple(reads), " ".join(said), tuple(self.effects), planner=NAME, acts=acts)

    def drafts(self) -> list[Draft]:
        """Return the words that are about to be written, by document."""
        shown = []
        for name, editor in self.editor.texts.items():
            words = "\n".join(part.text.strip("\n") for part in editor.table.replacements() if part.text.strip())
            if words:
                shown.append(Draft(name, words[:DRAFT_POINTS_MAX]))
        for name, values in self.editor.values.items():
            if values.ops:
                shown.append(Draft(name, brief(values.working.value())[:DRAFT_POINTS_MAX]))
        return shown

    def _one(self, command: Command) -> str:
        match command:
            case MakeDocument(name, kind):
                if name in self.kinds or not is_document_name(name):
                    raise CannotDo(
                        "exists", f"There is a document {name} already, or the name is not allowed.", "Choose another."
                    )
                self.editor.created[name] = kind
                return f"Created the {kind} document {name}."
            case ActOnDocument(do, document, name):
                return f"{self.editor.act(do, document, name)}."
            case SendMail(to, subject, text, via):
                return self._declare(via, "mail", {"to": to, "subject": subject, "text": text})
            case CallHook(via, value):
                return self._declare(via, "webhook", {"value": value})
            case AddItem(target, value) if self._text_target(target) is not None:
                return self._text(AppendText(_words(value), self._text_target(target)))
            case RemoveItem(target, value) if self._text_target(target) is not None:
                return self._text(DeleteText(_words(value), self._text_target(target)))
            case DeleteText(text, doc, "only") if doc is not None and self._is_value(doc):
                return self._data(RemoveItem(doc, text))
            case SetData(target, value, verb) if self._means_text(target, verb):
                return self._text(ReplaceText(target, _words(value)))
            case _ if isinstance(command, TextCommand):
                return self._text(command)
            case _ if isinstance(command, DataCommand):
                return self._data(command)
            case _:
                raise CannotDo("not_understood", "That is not something I can do.", f"I can: {CAN_DO}.")

    def _declare(self, via: str | None, kind: str, args: dict[str, Json]) -> str:
        """Declare an effect for one of the workspace's receivers; it is sent after the commit."""
        fits = {name: one for name, one in self.task.receivers.items() if one.kind == kind and via in (None, name)}
        if len(fits) != 1:
            known = ", ".join(sorted(self.task.receivers)) or "none: the owner declares receivers"
            raise CannotDo("no_receiver", f"It is not clear which {kind} receiver is meant.", f"There are: {known}.")
        ((name, receiver),) = fits.items()
        assert receiver.kind == kind, "a receiver is told what it takes"
        effect = Effect(len(self.effects), name, receiver.effect_class, args)
        refusal = refuse_effects((*self.effects, effect), self.task.receivers)
        if refusal is not None:
            raise CannotDo(refusal.code, refusal.reason, refusal.remedy)
        self.effects.append(effect)
        assert [one.i for one in self.effects] == list(range(len(self.effects))), "effects are numbered as declared"
        return f"Sends {describe(effect, receiver)}."

    # ------------------------------------------------------------ which document

    @property
    def kinds(self) -> dict[str, DocumentKind]:
        """Every document there is, with those this instruction makes."""
        return self.editor.kinds

    def _scoped(self, kind: DocumentKind) -> list[Scope]:
        return [part for part in self.editor.scope or () if self.kinds.get(part.doc) == kind]

    def _default(self, kind: DocumentKind) -> str:
        """Return the document meant where none is named: the scope's, or the only one of its kind."""
        scoped = list(dict.fromkeys(part.doc for part in self._scoped(kind)))
        names = scoped or [name for name, its in self.kinds.items() if its == kind]
        if len(names) == 1:
            assert self.kinds[names[0]] == kind, "what comes back is of the kind that was asked for"
            return names[0]
        # Never guessed: a wrong document would be edited in somebody's name.
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
        assert self.kinds[name] == kind, "what comes back is of the kind that was asked for"
        return name

    def _text_target(self, target: str) -> str | None:
        return next((n for n, kind in self.kinds.items() if kind == "text" and n.casefold() == target.casefold()), None)

    def _is_value(self, target: str) -> bool:
        return any(kind == "data" and target.startswith(f"{name}.") for name, kind in self.kinds.items())

    def _means_text(self, target: str, verb: str) -> bool:
        """`change X to Y` speaks of words where X names no value, and a text is what can be meant."""
        if self._fitting(target) or target in self.kinds or not any(kind == "text" for kind in self.kinds.values()):
            return False
        if " " in target:
            return True
        if verb != "change" or self._scoped("data"):
            return False
        return bool(self._scoped("text")) or not self._is_known(target)

    def _is_known(self, target: str) -> bool:
        """Tell whether a name stands in the only data document."""
        names = [name for name, kind in self.kinds.items() if kind == "data"]
        return len(names) == 1 and self.editor.data(names[0]).has(_path(target))

    def _fitting(self, target: str) -> list[str]:
        """Return the data documents whose name a target begins with."""
        return [
            name
            for name, kind in self.kinds.items()
            if kind == "data" and (target == name or target.startswith(f"{name}."))
        ]

    def _target(self, target: str) -> tuple[str, Path]:
        """Split `DOC.PATH`: the longest document name in front, else the data document that is meant."""
        fits = self._fitting(target)
        doc = max(fits, key=len) if fits else self._default_data(target)
        assert self.kinds[doc] == "data", "values stand in data documents"
        return doc, _path(target[len(doc) + 1 :] if fits else target)

    def _default_data(self, target: str) -> str:
        head = target.partition(".")[0]
        named = next((name for name in self.kinds if name.casefold() == head.casefold()), None)
        if named is not None and self.kinds[named] != "data":
            kind = self.kinds[named]
            raise CannotDo("wrong_kind", f"{named} is a {kind} document: it has no values.", "Name a data document.")
        return self._default("data")

    def _expect_known(self, command: DataCommand, doc: str, path: Path) -> None:
        """Refuse to make a name that its author has not clearly asked for: by *set*, in a document that was named."""
        may_make = isinstance(command, SetData) and command.verb == "set"
        is_pointed = bool(self._fitting(command.target)) or any(part.doc == doc for part in self._scoped("data"))
        if (may_make and is_pointed) or self.editor.data(doc).has(path):
            return
        match command:
            case SetData(_, value):
                wanted = _words(value)
            case AddNumber(_, by):
                wanted = brief(by)
            case AddItem(_, value):
                wanted = brief([value])
            case _:
                return  # what is taken out or moved is looked for where that is done
        known = self.editor.data(doc).known(path)
        remedy = f"{known} To make it, say: set {doc}.{dotted(path)} to {wanted}.".strip()
        raise CannotDo("not_found", f"There is no {dotted(path)} in {doc}.", remedy)

    # ------------------------------------------------------------ carrying out

    def _text(self, command: TextCommand) -> str:
        name = self._named(command.doc, "text") if command.doc is not None else self._default("text")
        return self.editor.text(name).carry_out(command)

    def _data(self, command: DataCommand) -> str:
        name, path = self._target(command.target)
        if not path and not isinstance(command, SetData):
            raise CannotDo("which_value", f"Which value of {name} is meant?", f"Say {name}.NAME.")
        if not path:
            raise CannotDo("which_value", f"{name} as a whole cannot be set.", f"Say {name}.NAME.")
        self._expect_known(command, name, path)
        assert path, "a command is about a value, never about a whole document"
        return self.editor.data(name).carry_out(command, path)


def _path(dots: str) -> Path:
    return tuple(int(part) if part.isdecimal() and len(part) < 8 else part for part in dots.split(".") if part)


def _words(value: object) -> str:
    return value if isinstance(value, str) else brief(value)
