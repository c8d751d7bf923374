"""Edits of an agent and of a hand, and the first of them taken back."""

from __future__ import annotations

from hypothesis import strategies as st

from crdt.digest import digest_text
from crdt.documents.anchor import place_anchors, place_range
from crdt.documents.backing import Applied
from crdt.documents.document import Document
from crdt.documents.paths import Path, set_path
from crdt.operations.execute import execute
from crdt.operations.ops import (
    Insert,
    Op,
    Replace,
)
from crdt.undo.text_undo import undo_text
from crdt.undo.undo import Undo, undo_values

AGENT, HAND = 101, 202


WORDS = st.text(alphabet="abé😀 \n漢", max_size=6)


def text_document(text: str) -> Document:
    """Return a text."""
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, text)
    return document


def edited(document: Document, client: int, ops: list[Op]) -> tuple[Document, Applied]:
    """Return a copy of a document after operations under a client, and what they brought."""
    fork = document.fork(client)
    done = execute(fork, ops)
    copy = document.fork(document.client)
    applied = copy.apply(done.update)
    assert applied is not None
    return copy, applied


def spans(applied: Applied) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    """Return the ids that a change inserted and deleted."""
    inserted = [(client, start, end) for client, (start, end) in applied.inserted.items() if end > start]
    deleted = [(client, start, end) for client, ranges in applied.deleted.items() for start, end in ranges]
    return inserted, deleted


def replaced(document: Document, start: int, end: int, words: str) -> Op:
    """Return the operation that puts words in place of a range, or in at a point."""
    if start == end:
        (anchor,) = place_anchors(document, [(start, -1)])
        return Insert("plan", anchor.encode(), words)
    place = place_range(document, start, end)
    return Replace("plan", place.start.encode(), place.end.encode(), digest_text(document.text()[start:end]), words)


def take_back(before: Document, now: Document, applied: Applied) -> tuple[str, Undo]:
    """Return the text after an edit was taken back, and what did."""
    inserted, deleted = spans(applied)
    after = before.fork(304)
    after.apply(applied.update)
    undo = undo_text("plan", before, after, now, inserted=inserted, deleted=deleted)
    fork = now.fork(303)
    if undo.ops:
        execute(fork, undo.ops)
    return fork.text(), undo


def values_document(value: dict[str, object]) -> Document:
    """Return a data document."""
    document = Document("data", client=5)
    with document.transaction():
        for key, part in value.items():
            set_path(document, (key,), part)  # type: ignore[arg-type]
    return document


def values_after(
    before: Document, ops: list[Op], hand: list[Op], added: dict[Path, float] | None = None
) -> tuple[object, Undo]:
    """Return the value after edits of the agent and of a hand, the first taken back, and what did."""
    after, applied = edited(before, AGENT, ops)
    now = edited(after, HAND, hand)[0] if hand else after
    inserted, _ = spans(applied)
    undo = undo_values("budget", before, after, now, ops, inserted=inserted, added=added or {})
    fork = now.fork(303)
    if undo.ops:
        execute(fork, undo.ops)
    return fork.value(), undo


VALUE = {"travel": 300, "tent": 1, "who": ["Ana", "Ben", "Chen"]}
