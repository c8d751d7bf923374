"""Who wrote this, and who told the agent to: from a stretch of a document back to commits, intents and people.

Every character and value traces to the record that brought it (`history`); a commit names its intents, each with what
its author had seen and which decisions it went through (story S10).
"""

from __future__ import annotations

import msgspec

from crdt.documents.anchor import find_ids_of_range
from crdt.documents.paths import ABSENT, Path, delete_path, read_path
from crdt.errors import PathMissing
from workspace.intents.state.board import Entry
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.history import Edit

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
    if end - start > POINTS_MAX:
        raise ValueError(f"at most {POINTS_MAX} characters at once")
    document = fold.documents[doc]
    text = document.text()
    found: list[tuple[int, int, Edit]] = []
    for at, (client, first, last) in enumerate(find_ids_of_range(document, start, end), start):
        edit = max(fold.history.writers(doc, {client: [(first, last)]}), key=lambda edit: edit.seq)
        if found and found[-1][2] == edit:
            found[-1] = (found[-1][0], at + 1, edit)
        else:
            found.append((at, at + 1, edit))
    assert sum(high - low for low, high, _ in found) == end - start, "every character has who brought it"
    return tuple(_stretch(fold, edit, text[low:high], low, high) for low, high, edit in found)


def attribute_value(fold: WorkspaceState, doc: str, path: Path) -> tuple[Stretch, ...]:
    """Return who brought the value at a path, the newest first. Raises `PathMissing` where there is none."""
    document = fold.documents[doc]
    if not path or read_path(document, path) is ABSENT:
        raise PathMissing(f"there is nothing at {doc}.{'.'.join(map(str, path))}")
    probe = document.fork(document.client ^ 3)
    with probe.transaction() as done:
        delete_path(probe, path)
    assert done, "what is there can be taken out of a copy"
    edits: set[Edit] = set()
    for applied in done:
        edits |= fold.history.writers(doc, applied.deleted)
    return tuple(_stretch(fold, edit, "", 0, 0) for edit in sorted(edits, key=lambda edit: -edit.seq))


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
