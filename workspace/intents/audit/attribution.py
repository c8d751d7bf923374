"""Who wrote this, and who told the agent to: from a stretch of a document back to commits, intents and people.

Every character and value traces to the record that brought it (`history`); a commit names its intents, each with what
its author had seen and which decisions it went through (story S10).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from crdt.documents.anchor import find_ids_of_range
from crdt.documents.document import Document
from crdt.documents.paths import ABSENT, Path, delete_path, read_path
from crdt.errors import PathMissing
from crdt.updates.summary import IdSpan
from workspace.intents.state.board import Entry
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.history import Edit, Ranges

POINTS_MAX = 4_000


class Telling(msgspec.Struct, frozen=True):
    """One instruction behind an edit: who gave it, what that person had seen, how it was settled."""

    intent: str
    actor: str
    role: str
    text: str
    seen: int
    seq: int
    at: str
    state: str
    decisions: tuple[str, ...] = ()


class Stretch(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run of characters, or a value, that one record brought: by hand, or by the agent for `told`."""

    text: str
    by: str
    seq: int
    start: int = 0
    end: int = 0
    commit: str = ""
    told: tuple[Telling, ...] = ()


def attribute_text(fold: WorkspaceState, doc: str, start: int, end: int) -> tuple[Stretch, ...]:
    """Return the stretches of a text from code point `start` to `end`, in order, each with who brought it.

    Raises:
        OffsetOutside: the range is not in the text.
        ValueError: it is longer than 4,000 code points.
    """
    return stretches_of(fold, doc, find_words(fold.documents[doc], start, end))


def attribute_value(fold: WorkspaceState, doc: str, path: Path) -> tuple[Stretch, ...]:
    """Return who brought the value at a path, the newest first. Raises `PathMissing` where there is none."""
    return stretches_of(fold, doc, find_value(fold.documents[doc], doc, path))


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of a text from code point `start` on, with the id of each character."""

    start: int
    text: str
    ids: tuple[IdSpan, ...]


def find_words(document: Document, start: int, end: int) -> Words:
    """Return the ids of a piece of a text, from the document alone. Raises as `attribute_text` does."""
    if end - start > POINTS_MAX:
        raise ValueError(f"at most {POINTS_MAX} characters at once")
    return Words(start, document.text()[start:end], tuple(find_ids_of_range(document, start, end)))


def find_value(document: Document, doc: str, path: Path) -> tuple[Ranges, ...]:
    """Return the ids of the value at a path, from the document alone. Raises `PathMissing` where there is none."""
    if not path or read_path(document, path) is ABSENT:
        raise PathMissing(f"there is nothing at {doc}.{'.'.join(map(str, path))}")
    probe = document.fork(document.client ^ 3)
    with probe.transaction() as done:
        delete_path(probe, path)
    assert done, "what is there can be taken out of a copy"
    return tuple(applied.deleted for applied in done)


def stretches_of(fold: WorkspaceState, doc: str, found: Words | tuple[Ranges, ...]) -> tuple[Stretch, ...]:
    """Return who brought what was found in a document, which may be another by now: who brought an id stays so."""
    if not isinstance(found, Words):
        edits = {edit for ranges in found for edit in fold.history.writers(doc, ranges)}
        return tuple(_stretch(fold, edit, "", 0, 0) for edit in sorted(edits, key=lambda edit: -edit.seq))
    runs: list[tuple[int, int, Edit]] = []
    for at, (client, first, last) in enumerate(found.ids):
        edit = max(fold.history.writers(doc, {client: [(first, last)]}), key=lambda edit: edit.seq)
        if runs and runs[-1][2] == edit:
            runs[-1] = (runs[-1][0], at + 1, edit)
        else:
            runs.append((at, at + 1, edit))
    assert sum(high - low for low, high, _ in runs) == len(found.text), "every character has who brought it"
    start, text = found.start, found.text
    return tuple(_stretch(fold, edit, text[low:high], start + low, start + high) for low, high, edit in runs)


def _stretch(fold: WorkspaceState, edit: Edit, text: str, start: int, end: int) -> Stretch:
    told = tuple(_telling(fold.board.entries[id]) for id in edit.intents)
    commit = next((entry.commit for id in edit.intents if (entry := fold.board.entries[id]).commit), None)
    return Stretch(text, edit.actor, edit.seq, start, end, commit.commit if commit else "", told)


def _telling(entry: Entry) -> Telling:
    return Telling(
        entry.id,
        entry.actor,
        entry.role,
        entry.body.text,
        entry.body.seen,
        entry.seq,
        entry.at,
        entry.state,
        tuple(f"{decision.decision}: {decision.reason}" for decision in entry.decisions),
    )
