"""lib0 values round trip, and any other bytes end in one clear error."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crdt.errors import MalformedFrame
from crdt.updates.lib0 import UINT_MAX, VARINT_BYTES_MAX, Reader, Writer

UNSIGNED = st.integers(0, UINT_MAX) | st.integers(0, 53).map(lambda bits: 2**bits - 1)
SIGNED = st.tuples(UNSIGNED, st.sampled_from([1, -1])).map(lambda pair: pair[0] * pair[1])
WORDS = st.text(max_size=40) | st.text(st.sampled_from("aé漢😀\0\U0010ffff"), max_size=40)
READERS = [Reader.var_uint, Reader.var_int, Reader.var_bytes, Reader.var_string, Reader.byte, Reader.skip_bytes]


@given(value=UNSIGNED, signed=SIGNED, words=WORDS, raw=st.binary(max_size=300), start=st.integers(0, 3))
def test_what_is_written_is_read(value: int, signed: int, words: str, raw: bytes, start: int) -> None:
    writer = Writer().raw(b"\xff" * start).var_uint(value).var_int(signed).var_string(words).var_bytes(raw).byte(7)
    reader = Reader(writer.getvalue(), start)
    assert (reader.var_uint(), reader.var_int(), reader.var_string(), reader.var_bytes()) == (value, signed, words, raw)
    assert not reader.at_end
    assert reader.remaining == 1
    assert reader.byte() == 7
    assert reader.at_end
    reader.expect_end()


@given(value=UNSIGNED, signed=SIGNED)
@example(value=UINT_MAX, signed=-UINT_MAX)
def test_a_number_takes_as_few_bytes_as_it_can_and_at_most_eight(value: int, signed: int) -> None:
    assert len(Writer().var_uint(value).getvalue()) == max(1, -(-value.bit_length() // 7)) <= VARINT_BYTES_MAX
    spare = max(0, abs(signed).bit_length() - 6)
    assert len(Writer().var_int(signed).getvalue()) == 1 + -(-spare // 7) <= VARINT_BYTES_MAX


@pytest.mark.parametrize(
    "value, raw",
    [(0, "00"), (63, "3f"), (64, "8001"), (-1, "41"), (-64, "c001"), (8191, "bf7f"), (-8192, "c08001")],
)
def test_signed_numbers_have_the_bytes_of_lib0(value: int, raw: str) -> None:
    assert Writer().var_int(value).getvalue().hex() == raw
    assert Reader(bytes.fromhex(raw)).var_int() == value


@given(words=WORDS)
def test_a_string_announces_bytes_not_characters(words: str) -> None:
    assert Reader(Writer().var_string(words).getvalue()).var_uint() == len(words.encode())


@given(raw=st.binary(max_size=60))
def test_passing_over_ends_where_reading_does(raw: bytes) -> None:
    data = Writer().var_bytes(raw).byte(1).getvalue()
    passed, taken = Reader(data), Reader(data)
    assert passed.skip_bytes() == len(taken.var_bytes()) == len(raw)
    assert passed.pos == taken.pos


@given(junk=st.binary(max_size=40) | st.lists(st.sampled_from([0x80, 0xFF, 0x7F, 1]), max_size=12).map(bytes))
@pytest.mark.parametrize("read", READERS)
def test_any_bytes_are_read_within_bounds_or_refused(read: Callable[[Reader], object], junk: bytes) -> None:
    for start in range(len(junk) + 1):
        reader = Reader(junk, start)
        try:
            value = read(reader)
        except MalformedFrame:
            continue
        assert start < reader.pos <= len(junk)
        if isinstance(value, int):
            assert abs(value) <= UINT_MAX


@given(value=UNSIGNED, signed=SIGNED, words=WORDS.filter(bool))
def test_every_cut_is_refused(value: int, signed: int, words: str) -> None:
    whole = {
        Reader.var_uint: Writer().var_uint(value).getvalue(),
        Reader.var_int: Writer().var_int(signed).getvalue(),
        Reader.var_string: Writer().var_string(words).getvalue(),
    }
    for read, data in whole.items():
        for end in range(len(data)):
            with pytest.raises(MalformedFrame):
                read(Reader(data[:end]))


@pytest.mark.parametrize("read", [Reader.var_uint, Reader.var_int, Reader.var_bytes, Reader.var_string])
def test_a_number_without_an_end_is_refused_after_eight_bytes(read: Callable[[Reader], object]) -> None:
    reader = Reader(b"\xff" * 200_000)
    with pytest.raises(MalformedFrame, match="eight bytes"):
        read(reader)
    assert reader.pos <= VARINT_BYTES_MAX + 1


@pytest.mark.parametrize("read", [Reader.var_uint, Reader.var_int])
def test_a_number_above_the_bound_is_refused(read: Callable[[Reader], object]) -> None:
    with pytest.raises(MalformedFrame, match="above 2"):
        read(Reader(b"\xff" * 7 + b"\x7f"))


def test_a_length_beyond_the_end_takes_nothing() -> None:
    data = Writer().var_uint(2**40).raw(b"ab").getvalue()
    for read in (Reader.var_bytes, Reader.var_string, Reader.skip_bytes):
        with pytest.raises(MalformedFrame, match="announced, 2 are left"):
            read(Reader(data))
    with pytest.raises(MalformedFrame, match="at most 3"):
        Reader(Writer().var_bytes(b"abcd").getvalue()).var_bytes(3)


@pytest.mark.parametrize("raw", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x98"])
def test_a_string_that_is_not_utf8_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedFrame, match="UTF-8"):
        Reader(Writer().var_bytes(raw).getvalue()).var_string()


def test_what_follows_the_end_is_refused() -> None:
    with pytest.raises(MalformedFrame, match="2 bytes follow"):
        Reader(b"ab").expect_end()
