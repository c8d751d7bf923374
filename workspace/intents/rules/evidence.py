"""What people see when they are asked: both texts, who had seen what, and the document each way (protocol §2)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from crdt.digest import Json
from crdt.documents.document import Document
from crdt.errors import CrdtError
from crdt.operations.fork import run
from crdt.operations.ops import ListOp, ValueOp
from crdt.operations.postcondition import ExpectedValue, predict
from crdt.operations.preconditions import holds, preconditions
from workspace.intents.model.bodies import PlanBody
from workspace.intents.rules.conflict import Documents
from workspace.intents.state.board import Entry

EXCERPT_POINTS_MAX = 4_000
CONTEXT_LINES = 2
OUTCOMES_MAX = 12
# Of a document with more keys those are shown at which somebody writes: nobody looks through all of them.
KEYS_MAX = 100
TEXT_POINTS_SHOWN = 1_000


def evidence_of(group: tuple[Entry, ...], documents: Documents, *, client: int, winner: str = "") -> dict[str, Json]:
    """Return the evidence of a question or decision: the intents, and every touched document with each outcome.

    Of a crowd the outcomes of twelve are shown, the winner's among them; of a document with many keys those keys at
    which somebody of these writes.
    """
    assert group, "evidence is about somebody"
    shown = sorted(group, key=lambda entry: entry.id != winner)[:OUTCOMES_MAX]
    touched = sorted({op.doc for entry in shown if entry.plan for op in entry.plan.ops})
    found: dict[str, Json] = {}
    for doc in touched:
        if doc not in documents:
            continue
        keys = _keys_shown(shown, doc, documents[doc])
        before = _render(documents[doc], keys)
        outcomes = {entry.id: _outcome(entry, doc, documents, client, keys) for entry in group if entry in shown}
        cut, *rest = excerpt([before, *outcomes.values()])
        found[doc] = {"before": cut, "outcomes": dict(zip(outcomes, rest, strict=True))}
    return {
        "intents": [describe(entry) for entry in group],
        "documents": found,
        "late": [entry.id for entry in group if entry.commit is not None],
    }


def _keys_shown(shown: Sequence[Entry], doc: str, document: Document) -> frozenset[str] | None:
    """Return the keys of a document with many at which somebody writes; None where all of it is shown."""
    if document.kind != "data":
        return None
    value = document.value()
    ops = [op for entry in shown if entry.plan for op in entry.plan.ops if op.doc == doc]
    paths = [op.path for op in ops if isinstance(op, ValueOp | ListOp)]
    if not isinstance(value, dict) or len(value) <= KEYS_MAX or len(paths) < len(ops) or not all(paths):
        return None
    return frozenset(str(path[0]) for path in paths)


def _render(document: Document, keys: frozenset[str] | None) -> str:
    """Return a document, or these of its keys, as people read it."""
    return in_lines(_cut(document.value(), keys))


def _cut(value: Json, keys: frozenset[str] | None) -> Json:
    return value if keys is None else {key: value[key] for key in keys if key in value}


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


def _outcome(entry: Entry, doc: str, documents: Documents, client: int, keys: frozenset[str] | None) -> str:
    """Return the document as it would be if only this intent ran; as it is where that cannot be shown."""
    if entry.commit is not None or entry.plan is None:
        return _render(documents[doc], keys)
    return preview(entry.plan, doc, documents, client=client, keys=keys)


def preview(plan: PlanBody, doc: str, documents: Documents, *, client: int, keys: frozenset[str] | None = None) -> str:
    """Return the document, or these of its keys, as it would be after `plan`."""
    stands_on = () if keys is None else preconditions(documents, plan.ops, plan.reads)
    try:
        # Where it can be said piece by piece what a plan stands on, no copy is made of a document with many keys.
        if keys is not None and all(one.kind != "version" and holds(documents, one) for one in stands_on):
            expected = predict(documents[doc], [op for op in plan.ops if op.doc == doc])
            assert isinstance(expected, ExpectedValue), "keys are shown of values alone"
            return in_lines(_cut(expected.tree, keys))
        return _render(run(documents, plan.ops, plan.reads, client=client).documents.get(doc, documents[doc]), keys)
    except CrdtError:
        return _render(documents[doc], keys)


def excerpt(versions: list[str]) -> list[str]:
    """Return the lines in which the versions differ, with two lines around, at most 4,000 code points each."""
    assert versions, "there is something to show"
    split = [version.split("\n") for version in versions]
    shortest = min(len(lines) for lines in split)
    head = 0
    while head < shortest and len({lines[head] for lines in split}) == 1:
        head += 1
    tail = 0
    while tail < shortest - head and len({lines[-1 - tail] for lines in split}) == 1:
        tail += 1
    assert head + tail <= shortest, "no line is counted from both ends"
    first, last = max(0, head - CONTEXT_LINES), max(0, tail - CONTEXT_LINES)
    cut = ["\n".join(lines[first : len(lines) - last]) for lines in split]
    return [text if len(text) <= EXCERPT_POINTS_MAX else text[:EXCERPT_POINTS_MAX] + "…" for text in cut]
