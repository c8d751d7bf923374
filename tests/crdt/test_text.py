"""Code points, UTF-8 bytes and UTF-16 units convert into each other exactly, or the offset is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from crdt.errors import OffsetOutside
from crdt.text import byte_offset, point_at_byte, point_at_utf16, utf16_length, utf16_offset

WORDS = st.text(max_size=30) | st.text(st.sampled_from("aé漢😀\u0301\u200d\uffff\U0010ffff"), max_size=30)
CONVERTERS = [byte_offset, point_at_byte, utf16_offset, point_at_utf16]


@given(words=WORDS)
def test_offsets_in_all_three_units_agree(words: str) -> None:
    for point in range(len(words) + 1):
        assert point_at_byte(words, byte_offset(words, point)) == point
        assert point_at_utf16(words, utf16_offset(words, point)) == point
        assert words[:point].encode() == words.encode()[: byte_offset(words, point)]
        assert words[:point].encode("utf-16-le") == words.encode("utf-16-le")[: 2 * utf16_offset(words, point)]
    assert utf16_length(words) == utf16_offset(words, len(words)) == len(words.encode("utf-16-le")) // 2


@given(words=WORDS)
def test_an_offset_inside_a_character_rounds_down_to_its_start(words: str) -> None:
    for offset in range(len(words.encode()) + 1):
        point = point_at_byte(words, offset)
        assert byte_offset(words, point) <= offset
        assert point == len(words) or offset < byte_offset(words, point + 1)
    for units in range(utf16_length(words) + 1):
        point = point_at_utf16(words, units)
        assert utf16_offset(words, point) <= units
        assert point == len(words) or units < utf16_offset(words, point + 1)


@given(words=WORDS.filter(bool), far=st.integers(1, 2**60))
@pytest.mark.parametrize("convert", CONVERTERS)
def test_an_offset_outside_is_refused(convert: Callable[[str, int], int], words: str, far: int) -> None:
    for outside in (-far, 4 * len(words) + far):
        with pytest.raises(OffsetOutside, match=f"position {outside} is outside 0 to"):
            convert(words, outside)


@pytest.mark.parametrize("convert", CONVERTERS)
def test_an_empty_text_has_one_place(convert: Callable[[str, int], int]) -> None:
    assert convert("", 0) == 0
    with pytest.raises(OffsetOutside):
        convert("", 1)


@settings(deadline=None)
@given(words=WORDS, point=st.integers(0, 30))
def test_pycrdt_inserts_where_the_byte_offset_says(words: str, point: int) -> None:
    """Guards the pin: from 0.15 on pycrdt counts characters."""
    clean = words.replace("\0", "")
    at = min(point, len(clean))
    root = Doc().get("content", type=Text)
    root.insert(0, clean)
    root.insert(byte_offset(clean, at), "|")
    assert str(root) == f"{clean[:at]}|{clean[at:]}"
