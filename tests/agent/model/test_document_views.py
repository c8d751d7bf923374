"""Documents as a model reads them: every line behind its number, every hit where it stands, all within bounds."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from agent.model.document_views import (
    HEADINGS_MAX,
    HIT_POINTS_MAX,
    LINE_POINTS_MAX,
    lines_of,
    numbered,
    outline,
    search_text,
    search_value,
)

PIECES = st.sampled_from(["a", "B", "\n", "\r", "</document>", "|", "😀", " "])
TEXTS = st.lists(PIECES, max_size=40).map("".join)


@given(text=TEXTS)
def test_lines_are_the_text_again(text: str) -> None:
    lines = lines_of(text)
    assert "".join(lines) == text
    assert lines
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines[:-1])


@given(text=TEXTS, points=st.integers(1, 60))
def test_no_text_closes_the_quotation_it_stands_in(text: str, points: int) -> None:
    lines = lines_of(text)
    shown, last = numbered('p"<x', lines, 1, len(lines), writers=('A"',), points_max=points)
    head, *rows, end = shown.split("\n")
    assert head.startswith('<document name="p&quot;&lt;x"')
    assert end == "</document>"
    assert [re.match(r"(\d+)\| ", row).group(1) for row in rows] == [str(at) for at in range(1, last + 1)]  # type: ignore[union-attr]
    assert 1 <= last <= len(lines)
    assert sum(len(row) for row in rows[1:]) <= points + 4 * len(rows), "the first line is shown whatever its length"


def test_a_long_line_is_shown_by_its_beginning_and_its_length() -> None:
    shown, _ = numbered("p", ["x" * 5_000], 1, 1, writers=(), points_max=10**6)
    assert "x" * LINE_POINTS_MAX + "… (5000 characters)" in shown


@given(words=st.lists(st.sampled_from(["# A", "## B", "text", "", "```"]), max_size=200))
def test_an_outline_names_each_heading_at_its_line(words: list[str]) -> None:
    lines = lines_of("\n".join(words))
    shown = outline("p", lines)
    for row in re.findall(r"^(\d+)\| (.*)$", shown, re.M):
        assert lines[int(row[0]) - 1].rstrip("\n") == row[1]
    assert shown.count("| #") <= HEADINGS_MAX
    assert "use search" in shown


@given(text=TEXTS, query=st.sampled_from(["a", "b", " ", "", "😀", "zz"]), room=st.integers(1, 5))
def test_a_hit_is_a_line_that_holds_the_words(text: str, query: str, room: int) -> None:
    found = search_text(text, query, room)
    lines = text.split("\n")
    wanted = query.strip().casefold()
    expected = [at for at, line in enumerate(lines, 1) if wanted and wanted in line.casefold()][:room]
    assert [hit.line for hit in found] == expected
    for hit in found:
        assert text[hit.start : hit.end] == lines[hit.line - 1]
        assert len(hit.words) <= HIT_POINTS_MAX + 2


def test_values_are_found_by_key_and_by_what_they_hold() -> None:
    value = {"budget": {"Travel": 400, "food": [5, "by train"]}, "note": "TRAVEL light"}
    assert search_value(value, "travel", 9) == [(("budget", "Travel"), 400), (("note",), "TRAVEL light")]
    assert search_value(value, "TRAIN", 9) == [(("budget", "food", 1), "by train")]
    assert search_value(value, "t", 1) == [(("budget", "Travel"), 400)]
    assert search_value(value, " ", 9) == []
