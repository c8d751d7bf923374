"""Where a model's tool calls are carried out: on copies, within the author's workspace, every look a logged reading.

What it sees through `view` and `search` are strong readings, which must still hold when the plan is committed; lists
and outlines are weak ones. What code refuses is denied here, whatever the model was talked into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from agent.editing.editor import Editor
from agent.editing.text import CannotDo
from agent.model import tool_schemas as tools
from agent.model.document_views import lines_of, numbered, outline, search_text, search_value
from crdt.digest import Json, canonical, digest_text, digest_value
from crdt.documents.paths import ABSENT, Path, dotted, read_path
from crdt.errors import CrdtError
from crdt.operations.fork import run
from crdt.operations.item_readings import Reading
from crdt.operations.ops import TEXT_POINTS_MAX, Op, check_value, hash_of_value
from workspace.intents.model.effects import Effect, describe, refuse_effects
from workspace.intents.model.plan import OPS_MAX, READS_MAX, Draft, Exchange
from workspace.intents.model.wording import brief
from workspace.names import is_document_name

VIEW_LINES_MAX, VIEW_POINTS_MAX = 200, 16_000
WHOLE_LINES_MAX = 120
HITS_MAX = 20
DOCUMENTS_SHOWN_MAX = 200
TRIAL_CLIENT = 32


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool's result for the model, and what was done in plain words for the people."""

    text: str
    step: str = ""
    is_error: bool = False
    draft: Draft | None = None


@dataclass(frozen=True, slots=True)
class ToolDenied:
    """Code refuses: beyond the author's rights, outside the workspace, or no tool at all. It is logged."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ToolQuestion:
    """The model asks the author."""

    question: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanFinished:
    """The plan is complete and was carried out on a fork without complaint; `serves` are intents that had joined."""

    summary: str
    ops: tuple[Op, ...]
    reads: tuple[Reading, ...]
    effects: tuple[Effect, ...] = ()
    serves: tuple[str, ...] = ()


ToolOutcome = ToolResult | ToolDenied | ToolQuestion | PlanFinished


@dataclass(slots=True)
class ToolRunner:
    """One plan's copies and readings. `answers` are what the author has said to earlier questions, in order."""

    editor: Editor
    answers: list[Exchange]
    seen: set[tuple[str, Path]] = field(default_factory=set)
    weak: dict[str, Reading] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    was_told: bool = False

    def use(self, name: str, given: Json, *, unfit: Sequence[str] = ()) -> ToolOutcome:
        """Carry out one tool call and return what the model is told. Never raises for what a model sends.

        `unfit` says what of the input nothing can hold; such a call is not carried out.
        """
        if name not in tools.KINDS:
            return ToolDenied("no_such_tool", f"There is no tool {name!r}.")
        if unfit:
            return ToolResult(f"{name} was not carried out: {'; '.join(unfit)}.", is_error=True)
        try:
            use = tools.read_use(name, given)
        except tools.BadInput as bad:
            return ToolResult(str(bad), is_error=True)
        try:
            return self._use(use)
        except CannotDo as cannot:
            refused = cannot.refused
            return ToolResult(f"{refused.reason} {refused.remedy}".strip(), is_error=True)
        except CrdtError as error:
            return ToolResult(f"{error.reason} {error.remedy}".strip(), is_error=True)
        except (ValueError, RecursionError, OverflowError) as error:
            return ToolResult(f"That cannot be used: {error}"[:300], is_error=True)

    def _use(self, use: tools.ToolInput) -> ToolOutcome:
        match use:
            case tools.ListDocuments():
                return self._list()
            case tools.Search():
                return self._search(use)
            case tools.Send():
                return self._send(use)
            case tools.Ask():
                return self._ask(use)
            case tools.Finish():
                return self._finish(use)
            case tools.CreateDocument():
                return self._create(use)
            case tools.ChangeDocument(document, action, name):
                return ToolResult("Done.", f"{self.editor.act(action, document, name)}.")
            case _:
                return self._denied(use.document) or self._on_document(use)

    def _denied(self, document: str) -> ToolDenied | None:
        """Return why a document is out of reach: not of this workspace, or the server's own."""
        if document in self.editor.kinds:
            return None
        if not is_document_name(document):
            return ToolDenied("forbidden", f"{document!r} is outside this workspace.")
        known = ", ".join(sorted(self.editor.kinds)[:20]) or "none"
        return ToolDenied("no_document", f"There is no document {document!r} here. There are: {known}.")

    def _on_document(self, use: tools.ToolInput) -> ToolOutcome:
        match use:
            case tools.View():
                return self._view(use)
            case tools.StrReplace() | tools.InsertLines() | tools.DeleteLines():
                self._expect_kind(use.document, "text")
                return self._on_text(use)
            case tools.SetValue() | tools.Increment() | tools.DeleteValue() | tools.ListAdd() | tools.ListRemove():
                self._expect_kind(use.document, "data")
                return self._on_data(use)
            case (
                tools.ListDocuments()
                | tools.Search()
                | tools.Send()
                | tools.Ask()
                | tools.Finish()
                | tools.CreateDocument()
                | tools.ChangeDocument()
            ):
                raise AssertionError("these name no document")
            case _:
                assert_never(use)

    def _expect_kind(self, name: str, kind: str) -> None:
        if self.editor.kinds[name] != kind:
            reason = f"{name} is a {self.editor.kinds[name]} document."
            raise CannotDo("wrong_kind", reason, f"This tool works on {kind} documents.")

    # ------------------------------------------------------------ looking

    def _list(self) -> ToolResult:
        rows: list[Json] = []
        for name, kind in sorted(self.editor.kinds.items())[:DOCUMENTS_SHOWN_MAX]:
            document = self.editor.open(name)
            size = len(lines_of(document.text())) if kind == "text" else len(canonical(document.value()))
            rows.append(
                {"name": name, "kind": kind, "lines" if kind == "text" else "bytes": size,
                 "written_by": list(self.editor.task.writers.get(name, ()))}
            )  # fmt: skip
            if name not in self.editor.created:
                hash = digest_text(document.text()) if kind == "text" else digest_value(document.value())
                # Decision 66: a list is a weak reading, or any keystroke anywhere would starve the agent.
                self.weak.setdefault(name, Reading(name, hash, strong=False))
        return ToolResult(canonical(rows).decode(), "Looks at what documents there are.")

    def _view(self, use: tools.View) -> ToolResult:
        if self.editor.kinds[use.document] != "text":
            return self._view_value(use.document, use.path or ())
        lines = lines_of(self.editor.text(use.document).table.text)
        # Decision 23: a strong reading of a whole long text would make every keystroke anywhere a stale plan.
        if use.range is None and len(lines) > WHOLE_LINES_MAX:
            text = outline(use.document, lines)
            return ToolResult(text, f"Reads the outline of {use.document} ({len(lines)} lines).")
        first, last = use.range or (1, len(lines))
        if not 1 <= first <= max(1, len(lines)) or last < first:
            raise CannotDo("range", f"{use.document} has lines 1 to {len(lines)}.", "Give a range within.")
        return self.view_lines(use.document, first, min(last, len(lines), first + VIEW_LINES_MAX - 1))

    def view_lines(self, name: str, first: int, last: int) -> ToolResult:
        """Return lines of a text, numbered from 1, as quoted data; they become strong readings."""
        editor = self.editor.text(name)
        lines = lines_of(editor.table.text)
        writers = self.editor.task.writers.get(name, ())
        shown, last = numbered(name, lines, first, last, writers=writers, points_max=VIEW_POINTS_MAX)
        assert first <= last <= len(lines), "at least the first line was shown"
        start = sum(len(line) for line in lines[: first - 1])
        end = start + sum(len(line) for line in lines[first - 1 : last])
        if name not in self.editor.created:
            editor.reads.update(editor.table.sources(start, end))
        return ToolResult(shown, f"Reads {name}, lines {first} to {last} of {len(lines)}.")

    def _view_value(self, name: str, path: Path) -> ToolResult:
        document = self.editor.data(name).working if self.editor.kinds[name] == "data" else self.editor.open(name)
        value = read_path(document, path) if self.editor.kinds[name] == "data" else document.value()
        if value is ABSENT:
            raise CannotDo("not_found", f"There is nothing at {name}.{dotted(path)}.", "View the document first.")
        self._saw(name, path)
        text = canonical(value).decode()
        if len(text) > VIEW_POINTS_MAX:
            keys = ", ".join(map(repr, list(value)[:40])) if isinstance(value, dict) else f"{len(text)} characters"
            raise CannotDo("too_large", f"That value is too long to show at once ({keys}).", "View a longer path.")
        where = f"{name}.{dotted(path)}" if path else name
        return ToolResult(f'<value of="{where}">\n{text}\n</value>', f"Reads {where}.")

    def _saw(self, name: str, path: Path) -> None:
        if name not in self.editor.created:
            self.seen.add((name, path))

    def _search(self, use: tools.Search) -> ToolOutcome:
        if use.document is not None and (denied := self._denied(use.document)) is not None:
            return denied
        names = [use.document] if use.document is not None else sorted(self.editor.kinds)
        hits: list[str] = []
        for name in names:
            room = HITS_MAX - len(hits)
            if room <= 0:
                break
            if self.editor.kinds[name] == "text":
                hits += self._search_text(name, use.query, room)
            elif self.editor.kinds[name] == "data":
                found = search_value(self.editor.data(name).working.value(), use.query, room)
                hits += [f"{name}.{dotted(path)}: {brief(value)}" for path, value in found]
                for path, _ in found:
                    self._saw(name, path)
        where = f" in {use.document}" if use.document else ""
        step = f"Searches for “{use.query[:40]}”{where}: {len(hits)} found."
        return ToolResult("\n".join(hits) if hits else "Nothing found.", step)

    def _search_text(self, name: str, query: str, room: int) -> list[str]:
        editor = self.editor.text(name)
        found = search_text(editor.table.text, query, room)
        for hit in found:
            if name not in self.editor.created:
                editor.reads.update(editor.table.sources(hit.start, hit.end))
        return [f"{name}:{hit.line}| {hit.words}" for hit in found]

    # ------------------------------------------------------------ writing

    def _on_text(self, use: tools.StrReplace | tools.InsertLines | tools.DeleteLines) -> ToolResult:
        table = self.editor.text(use.document).table
        match use:
            case tools.StrReplace(document, old, new):
                count = table.text.count(old) if old else 0
                if count != 1:
                    reason = f"old_str occurs {count} times in {document}." if old else "old_str is empty."
                    raise CannotDo("not_once", reason, "View the lines and give text that occurs exactly once.")
                assert old, "nothing stands everywhere"
                start = table.text.index(old)
                table.edit(start, start + len(old), new)
                step = f"Rewrites {_lines(old)} in {document}." if new else f"Deletes {_lines(old)} in {document}."
                return ToolResult("Done.", step, draft=Draft(document, new))
            case tools.InsertLines(document, line, text):
                lines = lines_of(table.text)
                if line > len(lines):
                    raise CannotDo("range", f"{document} has {len(lines)} lines.", "Give a line within.")
                at = sum(len(before) for before in lines[:line])
                words = text if text.endswith("\n") else f"{text}\n"
                is_open = at > 0 and not table.text[:at].endswith("\n")
                table.edit(at, at, f"\n{text}" if is_open else words)
                return ToolResult("Done.", f"Adds {_lines(text)} to {document}.", draft=Draft(document, text))
            case tools.DeleteLines(document, first, last):
                lines = lines_of(table.text)
                if not 1 <= first <= last <= len(lines):
                    raise CannotDo("range", f"{document} has lines 1 to {len(lines)}.", "Give a range within.")
                start = sum(len(before) for before in lines[: first - 1])
                table.edit(start, start + sum(len(line) for line in lines[first - 1 : last]), "")
                return ToolResult("Done.", f"Deletes lines {first} to {last} of {document}.")

    def _on_data(
        self, use: tools.SetValue | tools.Increment | tools.DeleteValue | tools.ListAdd | tools.ListRemove
    ) -> ToolResult:
        editor = self.editor.data(use.document)
        if not use.path:
            raise CannotDo("which_value", f"{use.document} as a whole cannot be changed.", "Name a path.")
        match use:
            case tools.SetValue(_, path, value):
                check_value(value)
                step = editor.put(path, value)
                return ToolResult("Done.", step, draft=Draft(use.document, f"{dotted(path)}: {brief(value)}"))
            case tools.Increment(_, path, by):
                return ToolResult("Done.", editor.increase(path, by))
            case tools.DeleteValue(_, path):
                return ToolResult("Done.", editor.remove(path))
            case tools.ListAdd(_, path, value, index):
                check_value(value)
                return ToolResult("Done.", editor.add_item(path, value, index))
            case tools.ListRemove(_, path, index, value):
                return ToolResult("Done.", editor.remove_item_at(path, index, value))

    def _create(self, use: tools.CreateDocument) -> ToolOutcome:
        name = use.document
        if not is_document_name(name):
            return ToolDenied("forbidden", f"{name!r} is not a name for a document here.")
        if name in self.editor.kinds:
            raise CannotDo("exists", f"There is a document {name} already.", "Edit it, or choose another name.")
        if use.kind == "rich" or (use.content is not None and use.kind != "text"):
            raise CannotDo("wrong_kind", "Only text documents can be made with content.", "Fill data by set_value.")
        if len(use.content or "") > TEXT_POINTS_MAX:
            raise CannotDo("too_large", "The content is too long.", "Begin with less.")
        self.editor.created[name] = use.kind
        if use.content:
            self.editor.text(name).table.edit(0, 0, use.content)
        return ToolResult("Done.", f"Makes the {use.kind} document {name}.", draft=Draft(name, use.content or ""))

    # ------------------------------------------------------------ ending

    def _send(self, use: tools.Send) -> ToolOutcome:
        receivers = self.editor.task.receivers
        receiver = receivers.get(use.receiver)
        if receiver is None:
            return ToolDenied("no_receiver", f"There is no receiver {use.receiver!r} in this workspace.")
        mail: dict[str, Json] = {"to": use.to, "subject": use.subject, "text": use.text}
        args: dict[str, Json] = mail if receiver.kind == "mail" else {"value": use.value}
        effect = Effect(len(self.effects), use.receiver, receiver.effect_class, args)
        refused = refuse_effects((*self.effects, effect), receivers)
        if refused is not None:
            return ToolResult(f"{refused.reason} {refused.remedy}".strip(), is_error=True)
        assert effect.i == len(self.effects), "effects are numbered as declared: the number is part of their key"
        self.effects.append(effect)
        words = describe(effect, receiver)
        return ToolResult(f"Declared: {words}. It leaves after the commit.", f"Will send {words}.")

    def _ask(self, use: tools.Ask) -> ToolOutcome:
        if self.answers:
            answer = self.answers.pop(0)
            return ToolResult(
                canonical({"question": answer.question, "answer": answer.answer}).decode(), "Has the author's answer."
            )
        return ToolQuestion(use.question, use.options)

    def _finish(self, use: tools.Finish) -> ToolOutcome:
        ops, reads = self.plan()
        assert len(reads) <= READS_MAX, "readings are bounded"
        if len(ops) > OPS_MAX:
            raise CannotDo("too_large", f"{len(ops)} operations; at most {OPS_MAX}.", "Do less at once.")
        documents = {name: self.editor.open(name) for name in self.editor.task.snapshot.documents}
        run({n: d for n, d in documents.items() if _is_touched(n, ops, reads)}, ops, reads, client=TRIAL_CLIENT)
        return PlanFinished(use.summary, ops, reads, tuple(self.effects), self._served(use.served))

    def _served(self, numbers: tuple[int, ...] | None) -> tuple[str, ...]:
        """Return the intents that the model says it serves beside the task's own. Raises `CannotDo`."""
        # Decision 86: who joined is served only where the plan says so.
        steers = self.editor.task.steers
        odd = [number for number in numbers or () if not 1 <= number <= len(steers)]
        if steers and (numbers is None or odd) and not self.was_told:
            self.was_told = True  # once: who does not say it then serves nobody besides
            wrong = "served is missing" if numbers is None else f"served names {odd[0]}, which was not added"
            which = f"numbers from 1 to {len(steers)}, [] for none"
            raise CannotDo("served", f"finish: {wrong}.", f"Say what was added and is carried out: {which}.")
        return tuple(steer.intent for number, steer in enumerate(steers, 1) if number in (numbers or ()))

    def plan(self) -> tuple[tuple[Op, ...], tuple[Reading, ...]]:
        """Return the operations so far and all readings, strong ones first, at most 1,000."""
        ops, reads = self.editor.result()
        for name, path in sorted(self.seen, key=repr):
            document = self.editor.open(name)
            hash = hash_of_value(document, path) if document.kind == "data" else digest_value(document.value())
            reads.append(Reading(name, hash, path))
        return tuple(ops), (*reads, *self.weak.values())[:READS_MAX]


def _is_touched(name: str, ops: tuple[Op, ...], reads: tuple[Reading, ...]) -> bool:
    return any(op.doc == name for op in ops) or any(reading.doc == name and reading.strong for reading in reads)


def _lines(text: str) -> str:
    count = text.strip("\n").count("\n") + 1
    return "a line" if count == 1 else f"{count} lines"
