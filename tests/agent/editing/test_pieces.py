"""A piece table is the text that plain strings would give, and knows what of it comes from the snapshot."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.editing.pieces import PieceTable, Replacement
from tests.support.examples import examples


@settings(max_examples=examples(200), deadline=None)
@given(seed=st.integers(0, 10**9))
def test_a_piece_table_equals_plain_strings(seed: int) -> None:
    chance = random.Random(seed)
    snapshot = "".join(chance.choice("ab😀é\n") for _ in range(chance.randint(0, 12)))
    table, model = PieceTable(snapshot), snapshot
    for _ in range(chance.randint(0, 8)):
        start = chance.randint(0, len(model))
        end = chance.randint(start, len(model))
        words = "".join(chance.choice("XY漢") for _ in range(chance.randint(0, 3)))
        table.edit(start, end, words)
        model = model[:start] + words + model[end:]
        assert table.text == model
    rebuilt, shift = snapshot, 0
    for part in table.replacements():
        rebuilt = rebuilt[: part.start + shift] + part.text + rebuilt[part.end + shift :]
        shift += len(part.text) - (part.end - part.start)
    assert rebuilt == model


def edited(seed: int) -> tuple[str, PieceTable]:
    chance = random.Random(seed)
    snapshot = "".join(chance.choice("ab😀é\n") for _ in range(chance.randint(1, 12)))
    table = PieceTable(snapshot)
    for _ in range(chance.randint(0, 8)):
        start = chance.randint(0, len(table.text))
        words = "".join(chance.choice("XY漢") for _ in range(chance.randint(0, 3)))
        table.edit(start, chance.randint(start, len(table.text)), words)
    return snapshot, table


@given(seed=st.integers(0, 10**9))
def test_replacements_are_in_order_apart_and_each_changes_something(seed: int) -> None:
    snapshot, table = edited(seed)
    reached = -1
    for part in table.replacements():
        assert reached < part.start <= part.end <= len(snapshot)
        assert part.text or part.end > part.start
        reached = part.end


@given(seed=st.integers(0, 10**9))
def test_what_comes_from_the_snapshot_is_what_stood_there(seed: int) -> None:
    snapshot, table = edited(seed)
    text = table.text
    for start in range(len(text) + 1):
        for end in range(start, len(text) + 1):
            origin = table.origin(start, end)
            if origin is not None and start < end:
                assert snapshot[origin[0] : origin[1]] == text[start:end]
            left = "".join(snapshot[low:high] for low, high in table.sources(start, end))
            new = sum(text[start:end].count(char) for char in "XY漢")
            assert len(left) == end - start - new


@given(seed=st.integers(0, 10**9))
def test_a_place_of_the_snapshot_holds_what_is_left_of_it(seed: int) -> None:
    snapshot, table = edited(seed)
    for start in range(len(snapshot) + 1):
        for end in range(start, len(snapshot) + 1):
            low, high = table.place_of(start, end)
            assert 0 <= low <= high <= len(table.text)
            for first, last in table.sources(0, low):
                assert last <= start or first >= end, "nothing of it stands before its place"


def test_words_stick_to_what_follows_only_where_they_were_told_to() -> None:
    table = PieceTable("abc")
    table.edit(1, 1, "X", sticks_right=True)
    table.edit(0, 0, "Y")
    assert table.replacements() == [Replacement(0, 0, "Y"), Replacement(1, 1, "X", sticks_right=True)]


def test_line_ends_are_plain_whatever_is_brought_in() -> None:
    table = PieceTable("a\n")
    table.edit(1, 1, "b\r\nc\rd\r")
    assert table.text == "ab\nc\nd\n", "the rest of the last line end stood there"
