"""An edit of a text as its hunks, and what became of each: it stands, was taken out, or others stand in its place.

A hunk is what an edit took out and put in at one place, between characters that it left. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crdt.documents.anchor import Anchor, ids_of_range, resolve_anchor
from crdt.documents.document import Document
from crdt.errors import CrdtError
from crdt.text import utf16_length
from crdt.undo.lineage import Past
from crdt.undo.positions import IdSpans, Piece, pieces_of, start_of
from crdt.updates.summary import Id

BESIDE_POINTS_MAX = 80


@dataclass(slots=True)
class Hunk:
    """Characters taken out (as they stood before the edit) and put in (as they stood after it) at one place."""

    taken: list[Piece] = field(default_factory=list)
    put: list[Piece] = field(default_factory=list)


class Gone(NamedTuple):
    """A character that does not stand any more: its own id, the last that stood for it, and where that was."""

    id: Id
    last: Id
    at: int


class Rival(NamedTuple):
    """Words that stand where others of an edit stood: those, the record that replaced them, and where (or nowhere)."""

    words: str
    seq: int
    at: tuple[int, int]


def hunks_of(before: Document, after: Document, *, inserted: IdSpans, deleted: IdSpans) -> list[Hunk]:
    """Return the hunks of an edit, in the order of the text; `before` and `after` are the document around it."""
    found: dict[int, Hunk] = {}
    for key, piece in _by_place(pieces_of(before, deleted)):
        found.setdefault(key, Hunk()).taken.append(piece)
    for key, piece in _by_place(pieces_of(after, inserted)):
        found.setdefault(key, Hunk()).put.append(piece)
    return [found[key] for key in sorted(found)]


def _by_place(pieces: Sequence[Piece]) -> Iterator[tuple[int, Piece]]:
    """Yield each piece with how many of the others' characters stand before it."""
    passed = 0
    for piece in pieces:
        yield piece.start - passed, piece
        passed += len(piece.text)


def missing(now: Document, past: Past, put: Sequence[Piece], standing: Sequence[Piece]) -> Iterator[Gone]:
    """Yield the characters of pieces that nothing stands for now; `standing` is what does."""
    if sum(_units(piece) for piece in put) == sum(_units(piece) for piece in standing):
        return
    there = {past.lineage.root(id) for piece in standing for id in ids_in(piece)}
    where: dict[Id, int] = {}
    for piece in put:
        for id in ids_in(piece):
            if past.lineage.root(id) not in there:
                last = past.lineage.latest(id)
                yield Gone(id, last, place_of(now, last, where))


def _units(piece: Piece) -> int:
    return utf16_length(piece.text)


def ids_in(piece: Piece) -> Iterator[Id]:
    """Yield the id at which each character of a piece begins."""
    clock = piece.clock
    for char in piece.text:
        yield Id(piece.client, clock)
        clock += utf16_length(char)


def place_of(now: Document, id: Id, where: dict[Id, int]) -> int:
    """Return where a character stood, by what is known of others: what was deleted in one block has one place."""
    own = now.stored_structs()[0].get(id.client, [])
    at = bisect_right(own, id.clock, key=start_of) - 1
    block = Id(id.client, own[at].start) if at >= 0 else id
    if block not in where:
        try:
            where[block] = resolve_anchor(now, Anchor(id, None, 0))
        except CrdtError:
            where[block] = 0
    return where[block]


def rivals(now: Document, past: Past, after: Document, gone: Sequence[Gone], put: Sequence[Piece]) -> Iterator[Rival]:
    """Yield what others have put where characters of an edit stood; those only taken out have none.

    Words stand in the place of others where they came with, or after, what took those out and stand beside it, and
    where whatever took them out put words in anywhere.
    """
    texts = {id: char for piece in put for id, char in zip(ids_in(piece), piece.text, strict=True)}
    beside: dict[tuple[int, int], tuple[int, int] | None] = {}
    found: dict[tuple[int, tuple[int, int] | None], list[str]] = {}
    for one in gone:
        seq = past.taken.at(one.last) or 0
        key = (one.at, seq)
        if key not in beside:
            beside[key] = _beside(now, past, after, one.at, seq)
        if beside[key] is not None or seq in past.writers:
            found.setdefault((seq, beside[key]), []).append(texts[one.id])
    for (seq, at), chars in found.items():
        yield Rival("".join(chars), seq, at or (0, 0))


def _beside(now: Document, past: Past, after: Document, at: int, seq: int) -> tuple[int, int] | None:
    """Return the words around a place that came with or after record `seq`, and since the edit; None without any."""
    low, high = max(0, at - BESIDE_POINTS_MAX), min(len(now.text()), at + BESIDE_POINTS_MAX)
    ids = [Id(client, clock) for client, clock, _ in ids_of_range(now, low, high)]
    is_new = [is_since(past, after, id) and (past.came(id) >= seq or past.brought.at(id) == seq) for id in ids]
    # What an undo has put there meanwhile was no neighbour: what stands behind it is looked at.
    is_passed = [past.lineage.root(id) != id and (past.brought.at(id) or 0) > seq for id in ids]
    left, right = at - low - 1, at - low
    while left >= 0 and is_passed[left] and not is_new[left]:
        left -= 1
    while right < len(ids) and is_passed[right] and not is_new[right]:
        right += 1
    start, end = left + 1, right
    while start > 0 and is_new[start - 1]:
        start -= 1
    while end < len(ids) and is_new[end]:
        end += 1
    if start > left and end == right:
        return None
    return (low + (start if start <= left else right), low + (end if end > right else left + 1))


def is_since(past: Past, after: Document, id: Id) -> bool:
    """Tell whether a character, or what it stands for, was written after the edit."""
    root = past.lineage.root(id)
    return root.clock >= after.state_vector().get(root.client, 0)
