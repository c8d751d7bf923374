"""Frames are packed as RFC 6455 has them, and their end is found wherever they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from workspace.protocol.frames import extent_of, pack_binary, pack_text

SIZES = [0, 1, 125, 126, 65_535, 65_536]


@pytest.mark.parametrize("size", SIZES)
def test_a_packed_frame_is_what_the_library_would_write(size: int) -> None:
    payload = b"x" * size
    assert pack_binary(payload) == Frame(Opcode.BINARY, payload).serialize(mask=False)
    assert pack_text("x" * size) == Frame(Opcode.TEXT, payload).serialize(mask=False)


@given(text=st.text(max_size=80))
def test_a_text_is_packed_in_the_bytes_it_is_sent_in(text: str) -> None:
    assert pack_text(text) == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mask", [False, True])
def test_the_end_of_a_frame_is_known_once_its_header_is_there(size: int, mask: bool) -> None:
    payload = b"y" * size
    before, frame = b"junk", Frame(Opcode.BINARY, payload).serialize(mask=mask)
    header = len(frame) - size
    for cut in range(header + 1):
        extent = extent_of(before + frame[:cut], len(before))
        if cut < header - (4 if mask else 0):
            assert extent is None
        else:
            assert extent == (len(before) + header, len(before) + len(frame))


@given(data=st.binary(max_size=20), at=st.integers(0, 20))
def test_whatever_arrives_an_extent_lies_behind_its_header(data: bytes, at: int) -> None:
    extent = extent_of(data, min(at, len(data)))
    assert extent is None or min(at, len(data)) + 2 <= extent.start <= extent.end
