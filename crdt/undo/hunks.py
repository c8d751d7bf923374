"""An edit of a text as its hunks, and what became of each: it stands, was taken out, or others stand in its place.

A hunk is what an edit took out and put in at one place, between characters that it left. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crdt.documents.anchor import Anchor, find_ids_of_range, resolve_anchor
from crdt.documents.document import Document
from crdt.errors import CrdtError
from crdt.text import utf16_length
from crdt.undo.lineage import Past
from crdt.undo.positions import IdSpans, Piece, find_pieces, first_clock
from crdt.updates.summary import Id

BESIDE_POINTS_MAX = 80


@dataclass(slots=True)
class Hunk:
    """Characters that an edit took out (as they stood before it) and put in (as they stood after it) at one place."""

    taken: list[Piece] = field(default_factory=list)
    put: list[Piece] = field(default_factory=list)


class Gone(NamedTuple):
    """A character that does not stand any more: its own id, the last that stood for it, and where that was."""

    id: Id
    last: Id
    at: int


class Rival(NamedTuple):
    """Words that stand where others of an edit stood: those, the record that replaced them, and where (or nowhere).

    Where it `is_beside`, it replaced nothing: an undo has put back there what was written together with those.
    """

    words: str
    seq: int
    at: tuple[int, int]
    is_beside: bool = False


def find_hunks(before: Document, after: Document, *, inserted: IdSpans, deleted: IdSpans) -> list[Hunk]:
    """Return the hunks of an edit, in the order of the text; `before` and `after` are the document around it."""
    # What stands left and right of a hunk was there before and after: counted by it, both halves have one place.
    found: dict[int, Hunk] = {}
    for key, piece in _by_place(find_pieces(before, deleted)):
        found.setdefault(key, Hunk()).taken.append(piece)
    for key, piece in _by_place(find_pieces(after, inserted)):
        found.setdefault(key, Hunk()).put.append(piece)
    assert all(hunk.taken or hunk.put for hunk in found.values()), "a hunk holds something"
    return [found[key] for key in sorted(found)]


def _by_place(pieces: Sequence[Piece]) -> Iterator[tuple[int, Piece]]:
    """Yield each piece with how many of the others' characters stand before it."""
    passed = 0
    for piece in pieces:
        assert piece.start >= passed, "pieces come in the order of the text"
        yield piece.start - passed, piece
        passed += len(piece.text)


def find_missing(now: Document, past: Past, put: Sequence[Piece], standing: Sequence[Piece]) -> Iterator[Gone]:
    """Yield the characters of pieces that nothing stands for now; `standing` is what does."""
    # Nearly always all of it stands: then nothing is looked up.
    if sum(_count_units(piece) for piece in put) == sum(_count_units(piece) for piece in standing):
        return
    there = {past.lineage.root(id) for piece in standing for id in list_ids(piece)}
    where: dict[Id, int] = {}
    for piece in put:
        for id in list_ids(piece):
            if past.lineage.root(id) not in there:
                last = past.lineage.latest(id)
                yield Gone(id, last, locate(now, last, where))


def _count_units(piece: Piece) -> int:
    return utf16_length(piece.text)


def list_ids(piece: Piece) -> Iterator[Id]:
    """Yield the id at which each character of a piece begins."""
    clock = piece.clock
    for char in piece.text:
        yield Id(piece.client, clock)
        clock += utf16_length(char)
    assert clock == piece.stop, "a piece is its characters"


def locate(now: Document, id: Id, where: dict[Id, int]) -> int:
    """Return where a character stood, by what is known of others: what was deleted in one struct has one place."""
    own = now.stored_structs()[0].get(id.client, [])
    at = bisect_right(own, id.clock, key=first_clock) - 1
    struct = Id(id.client, own[at].start) if at >= 0 else id
    if struct not in where:
        try:
            where[struct] = resolve_anchor(now, Anchor(id, None, 0))
        except CrdtError:  # it was collected, and has no place any more
            where[struct] = 0
    return where[struct]


def find_rivals(
    now: Document, past: Past, after: Document, gone: Sequence[Gone], put: Sequence[Piece]
) -> Iterator[Rival]:
    """Yield what others have put where characters of an edit stood; those only taken out have none.

    Words stand in the place of others where they came with, or after, what took those out and stand beside it, and
    where whatever took them out put words in anywhere.
    """
    # Rivals are grouped by record and place: a sentence that was overwritten is one rival, not forty.
    texts = {id: char for piece in put for id, char in zip(list_ids(piece), piece.text, strict=True)}
    beside: dict[tuple[int, int], tuple[int, int] | None] = {}
    found: dict[tuple[int, tuple[int, int] | None], list[str]] = {}
    for one in gone:
        seq = past.taken.at(one.last) or 0
        key = (one.at, seq)
        if key not in beside:
            beside[key] = _find_beside(now, past, after, one.at, seq)
        if beside[key] is not None or seq in past.writers:
            found.setdefault((seq, beside[key]), []).append(texts[one.id])
    for (seq, at), chars in found.items():
        yield Rival("".join(chars), seq, at or (0, 0))


def _find_beside(now: Document, past: Past, after: Document, at: int, seq: int) -> tuple[int, int] | None:
    """Return the words around a place that came with or after record `seq`, and since the edit; None without any.

    Looked at are `BESIDE_POINTS_MAX` code points to each side: each costs a deletion on a fork.
    """
    assert 0 <= at <= len(now.text()), "a place lies in the text"
    low, high = max(0, at - BESIDE_POINTS_MAX), min(len(now.text()), at + BESIDE_POINTS_MAX)
    ids = [Id(client, clock) for client, clock, _ in find_ids_of_range(now, low, high)]
    is_new = [is_since(past, after, id) and (past.came(id) >= seq or past.brought.at(id) == seq) for id in ids]
    # What an undo has put there meanwhile was no neighbour: what stands behind it is looked at.
    is_passed = [past.lineage.root(id) != id and (past.brought.at(id) or 0) > seq for id in ids]
    assert len(ids) == high - low, "each code point has its id"
    left, right = at - low - 1, at - low
    while left >= 0 and is_passed[left] and not is_new[left]:
        left -= 1
    while right < len(ids) and is_passed[right] and not is_new[right]:
        right += 1
    # From what was passed on both sides the new words reach outwards, as far as they are of one cast.
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
