"""WebSocket frames as bytes: the few shapes that a server packs itself, and where a client's frame ends (RFC 6455 §5).

Pure. Handshakes, control frames, fragments and every refusal stay with the `websockets` library; what is here lets a
broadcast be packed once for all its readers, and a plain message skip the library's parser.
"""

from __future__ import annotations

from typing import NamedTuple

BINARY, TEXT = 0x82, 0x81
MASKED = 0x80
SHORT_MAX, MEDIUM_MAX = 125, 65_535


def pack_binary(payload: bytes) -> bytes:
    """Return a whole binary message in one unmasked frame, as a server sends it."""
    return _header(BINARY, len(payload)) + payload


def pack_text(text: str) -> bytes:
    """Return a whole text message in one unmasked frame, as a server sends it."""
    payload = text.encode()
    return _header(TEXT, len(payload)) + payload


def _header(first: int, size: int) -> bytes:
    assert size >= 0, "a frame has a length"
    if size <= SHORT_MAX:
        return bytes((first, size))
    if size <= MEDIUM_MAX:
        return bytes((first, 126)) + size.to_bytes(2, "big")
    return bytes((first, 127)) + size.to_bytes(8, "big")


class Extent(NamedTuple):
    """Where one frame lies: its payload is `data[start:end]`; `end` may be beyond what has arrived."""

    start: int
    end: int


def extent_of(data: bytes, at: int) -> Extent | None:
    """Return where the frame that begins at `at` lies, or None while its header is incomplete."""
    left = len(data) - at
    if left < 2:
        return None
    second = data[at + 1]
    size, start = second & 0x7F, at + 2
    if size > SHORT_MAX:
        wide = 2 if size == 126 else 8
        if left < 2 + wide:
            return None
        size, start = int.from_bytes(data[start : start + wide], "big"), start + wide
    if second & MASKED:
        start += 4
    return Extent(start, start + size)
