"""What people see when they are asked: both texts, who had seen what, and the document each way (protocol §2)."""

from __future__ import annotations

import json

from crdt.digest import Json
from crdt.documents.document import Document
from crdt.errors import CrdtError
from crdt.operations.fork import run
from workspace.intents.model.bodies import PlanBody
from workspace.intents.rules.conflict import Documents
from workspace.intents.state.board import Entry

EXCERPT_POINTS_MAX = 4_000
CONTEXT_LINES = 2
TEXT_POINTS_SHOWN = 1_000


def evidence_of(group: tuple[Entry, ...], documents: Documents, *, client: int) -> dict[str, Json]:
    """Return the evidence of a question or decision: the intents, and every touched document with each outcome."""
    touched = sorted({op.doc for entry in group if entry.plan for op in entry.plan.ops})
    shown: dict[str, Json] = {}
    for doc in touched:
        if doc not in documents:
            continue
        before = render(documents[doc])
        outcomes = {entry.id: _outcome(entry, doc, documents, client) for entry in group}
        cut, *rest = excerpt([before, *outcomes.values()])
        shown[doc] = {"before": cut, "outcomes": dict(zip(outcomes, rest, strict=True))}
    return {
        "intents": [describe(entry) for entry in group],
        "documents": shown,
        "late": [entry.id for entry in group if entry.commit is not None],
    }


def describe(entry: Entry) -> dict[str, Json]:
    """Return who asked for what, and what they had seen."""
    return {
        "id": entry.id,
        "actor": entry.actor,
        "role": entry.role,
        "rank": entry.rank,
        "text": entry.body.text[:TEXT_POINTS_SHOWN],
        "seen": entry.body.seen,
        "seq": entry.seq,
    }


def render(document: Document) -> str:
    """Return a document as people read it: its text, or its JSON with an indent."""
    return in_lines(document.value())


def in_lines(value: Json) -> str:
    """Return a document's value as people read it."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def _outcome(entry: Entry, doc: str, documents: Documents, client: int) -> str:
    """Return the document as it would be if only this intent ran; as it is where that cannot be shown."""
    if entry.commit is not None or entry.plan is None:
        return render(documents[doc])
    return preview(entry.plan, doc, documents, client=client)


def preview(plan: PlanBody, doc: str, documents: Documents, *, client: int) -> str:
    """Return the document as it would be after `plan`."""
    try:
        return render(run(documents, plan.ops, plan.reads, client=client).documents.get(doc, documents[doc]))
    except CrdtError:
        return render(documents[doc])


def excerpt(versions: list[str]) -> list[str]:
    """Return the lines in which the versions differ, with two lines around, at most 4,000 code points each."""
    split = [version.split("\n") for version in versions]
    shortest = min(len(lines) for lines in split)
    head = 0
    while head < shortest and len({lines[head] for lines in split}) == 1:
        head += 1
    tail = 0
    while tail < shortest - head and len({lines[-1 - tail] for lines in split}) == 1:
        tail += 1
    first, last = max(0, head - CONTEXT_LINES), max(0, tail - CONTEXT_LINES)
    cut = ["\n".join(lines[first : len(lines) - last]) for lines in split]
    return [text if len(text) <= EXCERPT_POINTS_MAX else text[:EXCERPT_POINTS_MAX] + "…" for text in cut]
