"""Load the versioned prompt files and render a task so that the same task is the same bytes in every process."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from agent.editing.editor import SNAPSHOT_CLIENT, Editor
from crdt.digest import Json, canonical, sha256_of
from crdt.documents.anchor import Anchor, TextRange, resolve_range
from crdt.documents.document import Document
from crdt.errors import CrdtError
from workspace.intents.model.intent import Scope
from workspace.intents.model.plan import Repair, Task
from workspace.intents.model.wording import WORDS_POINTS_MAX, words_of

FOLDER = Path(__file__).parent / "prompts"
DIFF_LINES_MAX, DIFF_INPUT_LINES_MAX = 80, 4_000
DOCUMENTS_NAMED_MAX = 60


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a prompt. `label` is `name@version`; `sha` its SHA-256, so that nobody edits a version unseen."""

    label: str
    text: str
    sha: str


def load_prompt(name: str, version: int) -> Prompt:
    """Return a prompt file's text. Raises FileNotFoundError for a version that is not there."""
    assert version >= 1, "versions are counted from 1"
    raw = (FOLDER / f"{name}.{version}.md").read_bytes()
    return Prompt(f"{name}@{version}", raw.decode(), sha256_of(raw))


def render_task(task: Task, editor: Editor) -> str:
    """Return a task as the first message to a model: canonical JSON, so that a replay renders the same bytes."""
    said: dict[str, Json] = {
        "instruction": task.text,
        "author": task.actor,
        "role": task.role,
        "scope": [place_of(part, editor) for part in task.scope] if task.scope is not None else None,
        "documents": documents_of(task, editor),
    }
    # Within one try an answer comes back as the result of `ask`, so that the conversation goes on byte for byte.
    if task.exchanges and task.attempt:
        said["answers"] = [{"question": e.question, "answer": e.answer} for e in task.exchanges]
    if task.steers:
        said["added_while_you_worked"] = [
            {"number": number, "by": steer.actor, "instruction": steer.text}
            for number, steer in enumerate(task.steers, 1)
        ]
    if task.earlier:
        said["conversation"] = [
            {"by": e.actor, "instruction": e.text, "ended": e.state, "summary": e.summary} for e in task.earlier
        ]
    if task.repair is not None:
        said["last_attempt"] = repair_of(task.repair, task, editor)
    return f"<task>\n{canonical(said).decode()}\n</task>"


def documents_of(task: Task, editor: Editor) -> Json:
    """Return what documents there are, those in the scope first, bounded."""
    scoped = {part.doc for part in task.scope or ()}
    names = sorted(editor.kinds, key=lambda name: (name not in scoped, name))[:DOCUMENTS_NAMED_MAX]
    rows: list[Json] = []
    for name in names:
        rows.append({"name": name, "kind": editor.kinds[name], "written_by": list(task.writers.get(name, ()))})
    return rows


def place_of(part: Scope, editor: Editor) -> Json:
    """Return where an author pointed, in lines or paths; a place that is gone says so."""
    if part.keys:
        return {"document": part.doc, "paths": [list(path) for path in part.keys]}
    if part.from_ is None or editor.kinds.get(part.doc) != "text":
        return {"document": part.doc}
    try:
        place = TextRange(Anchor.decode(part.from_), Anchor.decode(part.to or part.from_))
        start, end = resolve_range(editor.open(part.doc), place)
    except CrdtError:
        return {"document": part.doc, "quote": part.quote, "gone": True}
    text = editor.open(part.doc).text()
    first = text.count("\n", 0, start) + 1
    last = max(first, text.count("\n", 0, max(start, end - 1)) + 1)
    return {"document": part.doc, "lines": [first, last], "quote": text[start:end][:WORDS_POINTS_MAX]}


def repair_of(repair: Repair, task: Task, editor: Editor) -> Json:
    """Return what a planner should know of its last attempt: its operations and what changed since, in words."""
    docs = sorted({op.doc for op in repair.ops})
    base = repair.base.documents if repair.base is not None else {}
    before = {
        name: Document.of_state(image.kind, image.state, client=SNAPSHOT_CLIENT, exact=image.exact)
        for name, image in base.items()
        if name in docs
    }
    return {
        "why_not": repair.reason,
        "operations": [words_of(op, before.get(op.doc)) for op in repair.ops],
        "changes_since": [
            change
            for name in docs
            if name in before and name in editor.kinds
            for change in [changes_of(name, before[name], editor.open(name))]
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
