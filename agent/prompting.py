"""Load the versioned prompt files and render a task so that the same task is the same bytes in every process."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from agent.builtin.data_edits import brief
from agent.editing import SNAPSHOT_CLIENT, Editing
from crdt.anchor import Anchor, TextRange, resolve_range
from crdt.digest import Json, canonical, sha256_of
from crdt.document import Document
from crdt.errors import CrdtError
from crdt.ops import (
    CreateDocument,
    Delete,
    DeleteValue,
    Increment,
    Insert,
    ListAdd,
    ListMove,
    ListRemove,
    Op,
    Replace,
    SetValue,
)
from crdt.paths import dotted
from workspace.intents.intent import Scope
from workspace.intents.plan import Repair, Task

FOLDER = Path(__file__).parent / "prompts"
DIFF_LINES_MAX, DIFF_INPUT_LINES_MAX = 80, 4_000
WORDS_POINTS_MAX = 400
DOCUMENTS_NAMED_MAX = 60


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a prompt. `label` is `name@version`; `sha` its SHA-256, so that nobody edits a version unseen."""

    label: str
    text: str
    sha: str


def load_prompt(name: str, version: int) -> Prompt:
    """Return a prompt file's text. Raises FileNotFoundError for a version that is not there."""
    raw = (FOLDER / f"{name}.{version}.md").read_bytes()
    return Prompt(f"{name}@{version}", raw.decode(), sha256_of(raw))


def render_task(task: Task, editing: Editing) -> str:
    """Return a task as the first message to a model: canonical JSON, so that a replay renders the same bytes."""
    said: dict[str, Json] = {
        "instruction": task.text,
        "author": task.actor,
        "role": task.role,
        "scope": [place_of(part, editing) for part in task.scope] if task.scope is not None else None,
        "documents": documents_of(task, editing),
    }
    # Within one try an answer comes back as the result of `ask`, so that the conversation goes on byte for byte.
    if task.exchanges and task.attempt:
        said["answers"] = [{"question": e.question, "answer": e.answer} for e in task.exchanges]
    if task.steers:
        said["added_while_you_worked"] = [{"by": s.actor, "instruction": s.text} for s in task.steers]
    if task.earlier:
        said["conversation"] = [
            {"by": e.actor, "instruction": e.text, "ended": e.state, "summary": e.summary} for e in task.earlier
        ]
    if task.repair is not None:
        said["last_attempt"] = repair_of(task.repair, task, editing)
    return f"<task>\n{canonical(said).decode()}\n</task>"


def documents_of(task: Task, editing: Editing) -> Json:
    """Return what documents there are, those in the scope first, bounded."""
    scoped = {part.doc for part in task.scope or ()}
    names = sorted(editing.kinds, key=lambda name: (name not in scoped, name))[:DOCUMENTS_NAMED_MAX]
    rows: list[Json] = []
    for name in names:
        rows.append({"name": name, "kind": editing.kinds[name], "written_by": list(task.writers.get(name, ()))})
    return rows


def place_of(part: Scope, editing: Editing) -> Json:
    """Return where an author pointed, in lines or paths; a place that is gone says so."""
    if part.keys:
        return {"document": part.doc, "paths": [list(path) for path in part.keys]}
    if part.from_ is None or editing.kinds.get(part.doc) != "text":
        return {"document": part.doc}
    try:
        place = TextRange(Anchor.decode(part.from_), Anchor.decode(part.to or part.from_))
        start, end = resolve_range(editing.open(part.doc), place)
    except CrdtError:
        return {"document": part.doc, "quote": part.quote, "gone": True}
    text = editing.open(part.doc).text()
    first = text.count("\n", 0, start) + 1
    last = max(first, text.count("\n", 0, max(start, end - 1)) + 1)
    return {"document": part.doc, "lines": [first, last], "quote": text[start:end][:WORDS_POINTS_MAX]}


def repair_of(repair: Repair, task: Task, editing: Editing) -> Json:
    """Return what a planner should know of its last attempt: its operations and what changed since, in words."""
    docs = sorted({op.doc for op in repair.ops})
    base = repair.base.documents if repair.base is not None else {}
    before = {
        name: Document.of_state(image.kind, image.state, client=SNAPSHOT_CLIENT)
        for name, image in base.items()
        if name in docs
    }
    return {
        "why_not": repair.reason,
        "operations": [words_of(op, before.get(op.doc)) for op in repair.ops],
        "changes_since": [
            change
            for name in docs
            if name in before and name in editing.kinds
            for change in [changes_of(name, before[name], editing.open(name))]
            if change
        ],
    }


def changes_of(name: str, before: Document, now: Document) -> str:
    """Return what changed in a document as a unified diff, at most 80 lines; empty when nothing did."""
    old, new = _lines(before), _lines(now)
    if old == new:
        return ""
    if max(len(old), len(new)) > DIFF_INPUT_LINES_MAX:
        return f"{name} changed; view the lines you need."
    rows = list(difflib.unified_diff(old, new, name, name, lineterm="", n=1))
    more = [f"… {len(rows) - DIFF_LINES_MAX} more lines"] if len(rows) > DIFF_LINES_MAX else []
    return "\n".join(row[:WORDS_POINTS_MAX] for row in [*rows[:DIFF_LINES_MAX], *more])


def _lines(document: Document) -> list[str]:
    if document.kind == "text":
        return document.text().split("\n")
    value = document.value()
    pairs = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else [value])
    return [f"{key}: {canonical(part).decode()}" for key, part in pairs]


def words_of(op: Op, before: Document | None) -> str:
    """Return an operation in words; `before` is the document it was made on, where that is still known."""
    match op:
        case Replace() | Delete():
            old = _range_text(op, before)
            new = op.text if isinstance(op, Replace) else ""
            return (
                f"{op.doc}: replaced {_quoted(old)} by {_quoted(new)}" if new else f"{op.doc}: deleted {_quoted(old)}"
            )
        case Insert(doc, _, text):
            return f"{doc}: inserted {_quoted(text)}"
        case SetValue(doc, path, value):
            return f"{doc}.{dotted(path)}: set to {brief(value)}"
        case Increment(doc, path, by):
            return f"{doc}.{dotted(path)}: added {by}"
        case DeleteValue(doc, path):
            return f"{doc}.{dotted(path)}: removed"
        case ListAdd(doc, path, value):
            return f"{doc}.{dotted(path)}: added item {brief(value)}"
        case ListMove(doc, path) | ListRemove(doc, path):
            return f"{doc}.{dotted(path)}: {'moved' if isinstance(op, ListMove) else 'removed'} an item"
        case CreateDocument(doc, kind):
            return f"made the {kind} document {doc}"
        case _:
            return f"{op.doc}: checked"


def _range_text(op: Replace | Delete, before: Document | None) -> str:
    if before is None:
        return "a passage"
    try:
        start, end = resolve_range(before, TextRange(Anchor.decode(op.from_), Anchor.decode(op.to)))
    except CrdtError:
        return "a passage"
    return before.text()[start:end]


def _quoted(text: str) -> str:
    return f"“{text if len(text) <= WORDS_POINTS_MAX else text[: WORDS_POINTS_MAX - 1] + '…'}”"
