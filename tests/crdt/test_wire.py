"""lib0 values round trip, and any other bytes end in one clear error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.errors import MalformedFrame, OffsetOutside
from crdt.text import byte_offset, point_at_byte, point_at_utf16, utf16_length, utf16_offset
from crdt.wire import UINT_MAX, Reader, Writer

texts = st.text(max_size=40)


@given(value=st.integers(0, UINT_MAX), signed=st.integers(-UINT_MAX, UINT_MAX), words=texts, raw=st.binary(max_size=60))
def test_what_is_written_is_read(value: int, signed: int, words: str, raw: bytes) -> None:
    clean = words.encode("utf-8", "ignore").decode()
    data = Writer().var_uint(value).var_int(signed).var_string(clean).var_bytes(raw).byte(7).getvalue()
    reader = Reader(data)
    assert (reader.var_uint(), reader.var_int(), reader.var_string(), reader.var_bytes()) == (value, signed, clean, raw)
    assert reader.byte() == 7
    reader.expect_end()


@given(junk=st.binary(max_size=40), start=st.integers(0, 3))
def test_any_bytes_are_read_or_refused(junk: bytes, start: int) -> None:
    for read in (Reader.var_uint, Reader.var_int, Reader.var_bytes, Reader.var_string, Reader.byte, Reader.skip_bytes):
        reader = Reader(junk, min(start, len(junk)))
        try:
            read(reader)
        except MalformedFrame:
            continue
        assert reader.pos <= len(junk)


@pytest.mark.parametrize("read", [Reader.var_uint, Reader.var_int])
def test_a_number_without_an_end_is_refused_early(read: object) -> None:
    reader = Reader(b"\xff" * 200_000)
    with pytest.raises(MalformedFrame):
        read(reader)  # type: ignore[operator]
    assert reader.pos <= 9


def test_a_length_beyond_the_end_takes_nothing() -> None:
    with pytest.raises(MalformedFrame, match="announced"):
        Reader(b"\xff\xff\xff\xff\x0fab").var_bytes()


@given(words=st.text(st.sampled_from("aé漢😀\u0301"), max_size=30))
def test_offsets_in_all_three_units_agree(words: str) -> None:
    for point in range(len(words) + 1):
        assert point_at_byte(words, byte_offset(words, point)) == point
        assert point_at_utf16(words, utf16_offset(words, point)) == point
        assert words[:point].encode() == words.encode()[: byte_offset(words, point)]
    assert utf16_length(words) == len(words.encode("utf-16-le")) // 2


@pytest.mark.parametrize("convert", [byte_offset, point_at_byte, utf16_offset, point_at_utf16])
@pytest.mark.parametrize("words", ["abc", "é😀"])
def test_an_offset_outside_is_refused(convert: object, words: str) -> None:
    for outside in (-1, 99):
        with pytest.raises(OffsetOutside):
            convert(words, outside)  # type: ignore[operator]
