"""A text that enters has one form of line end, and the same lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.line_ends import normalise_line_ends

TEXTS = st.lists(st.sampled_from(["a", "\r", "\n", "\r\n", "é😀", "\u2028"])).map("".join)


@given(text=TEXTS)
def test_the_lines_are_what_they_were(text: str) -> None:
    plain = normalise_line_ends(text)
    assert "\r" not in plain
    assert plain.replace("\n", "") == text.replace("\r", "").replace("\n", "")
    assert plain.count("\n") == text.count("\n") + text.count("\r") - text.count("\r\n")


@given(text=TEXTS)
def test_a_second_time_changes_nothing(text: str) -> None:
    plain = normalise_line_ends(text)
    assert normalise_line_ends(plain) == plain


@pytest.mark.parametrize(
    "text, plain",
    [
        ("a\r\nb", "a\nb"),
        ("a\rb", "a\nb"),
        ("\n\r", "\n\n"),
        ("\r\r\n\n", "\n\n\n"),
        ("a\u2028b\x0bc", "a\u2028b\x0bc"),
    ],
)
def test_only_what_ends_a_line_in_editors_is_one(text: str, plain: str) -> None:
    assert normalise_line_ends(text) == plain
