"""Characters of given ids are found where they stand, each once, and pieces are cut as texts are."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.anchor import find_ids_of_range
from crdt.documents.document import Document
from crdt.text import utf16_length, utf16_offset
from crdt.undo.positions import Piece, find_pieces, find_runs, join_runs
from crdt.updates.summary import IdSpan
from tests.crdt.histories import shared_history
from tests.crdt.operations.test_postcondition import a_text
from tests.support.examples import examples

RUNS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)).map(lambda p: (p[0], p[0] + p[1])), max_size=8)


def spans_of(document: Document, chance: random.Random) -> list[IdSpan]:
    """Return some ids of a document, whole characters or halves, standing or deleted."""
    found = list[IdSpan]()
    for client, clock in document.state_vector().items():
        at = 0
        while at < clock:
            size = chance.randint(1, 5)
            if chance.random() < 0.5:
                found.append((client, at, min(clock, at + size)))
            at += size
    return found


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6), is_plain=st.booleans())
def test_every_character_whose_first_unit_is_asked_for_is_found_where_it_stands(seed: int, is_plain: bool) -> None:
    chance = random.Random(seed)
    document = shared_history(seed)[0] if is_plain else a_text(chance)
    text, spans = document.text(), spans_of(document, chance)
    wanted = {(client, clock) for client, start, end in spans for clock in range(start, end)}
    ids = find_ids_of_range(document, 0, len(text))
    pieces = find_pieces(document, spans)
    assert pieces == sorted(pieces)
    found = [(piece.start + at, char) for piece in pieces for at, char in enumerate(piece.text)]
    assert all(text[point] == char for point, char in found)
    expected = [
        point for point, (client, first, end) in enumerate(ids) if {(client, at) for at in range(first, end)} <= wanted
    ]
    assert set(expected) <= {point for point, _ in found}
    touched = [
        point for point, (client, first, end) in enumerate(ids) if {(client, at) for at in range(first, end)} & wanted
    ]
    assert {point for point, _ in found} <= set(touched)
    for piece in pieces:
        assert piece.span == (piece.client, piece.clock, piece.clock + utf16_length(piece.text))
        assert ids[piece.start][:2] == (piece.client, piece.clock)


def test_what_is_deleted_stands_nowhere() -> None:
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, "abcdef")
    with document.transaction():
        document.delete_text(2, 4)
    assert find_pieces(document, [(5, 0, 6)]) == [Piece(0, "ab", 5, 0), Piece(2, "ef", 5, 4)]
    assert find_pieces(document, [(5, 2, 4), (99, 0, 7)]) == []


@given(
    text=st.text("aé😀漢", max_size=8),
    start=st.integers(0, 20),
    cut=st.tuples(st.integers(0, 30), st.integers(0, 30)),
    clock=st.integers(0, 9),
)
def test_a_piece_is_cut_as_its_text_is(text: str, start: int, cut: tuple[int, int], clock: int) -> None:
    low, high = sorted(cut)
    whole = Piece(start, text, 7, clock)
    part = whole.cut(low, high)
    assert part.text == (" " * start + text)[max(low, start) : max(high, start)]
    assert whole.start <= part.start <= part.end <= whole.end
    assert part.clock == clock + utf16_offset(text, part.start - start)
    assert part.stop <= whole.stop


@given(runs=RUNS)
def test_joined_runs_cover_the_same_and_touch_no_more(runs: list[tuple[int, int]]) -> None:
    joined = join_runs(runs)
    assert {at for start, end in joined for at in range(start, end)} == {at for a, b in runs for at in range(a, b)}
    assert all(left[1] < right[0] for left, right in pairwise(joined))
    assert find_runs(Piece(start, "x" * (end - start), 7, 0) for start, end in runs) == joined
