"""Code points, UTF-8 bytes, UTF-16 units: the only converter between them.

People and Python count code points, Yjs clocks count UTF-16 units, pycrdt's `Text` counts bytes. A wrong unit does not
raise there, it edits another place (semantics F5), so every offset passes through here and is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crdt.errors import OffsetOutside

_ASTRAL = "\uffff"  # the last character of one UTF-16 unit
_WIDE = re.compile("[\U00010000-\U0010ffff]")


def byte_offset(text: str, point: int) -> int:
    """Return where code point `point` (0 to len(text)) starts in the UTF-8 form. Raises `OffsetOutside`."""
    _check(point, len(text))
    # Most texts are ASCII, and to ask costs nothing: CPython knows it of every string.
    return point if text.isascii() else len(text[:point].encode())


def point_at_byte(text: str, offset: int) -> int:
    """Return the code point that starts at a UTF-8 offset; inside a character it rounds down."""
    if text.isascii():
        _check(offset, len(text))
        return offset
    raw = text.encode()
    _check(offset, len(raw))
    # `ignore` drops the bytes of a character that the offset lies inside of: so it rounds down.
    point = len(raw[:offset].decode(errors="ignore"))
    assert point <= offset, "a character has at least one byte"
    return point


def utf16_length(text: str) -> int:
    """Return how many UTF-16 units a text has: how far it moves a Yjs clock."""
    # Counted, not encoded: half a pair, which UTF-16 refuses to encode, is one unit to Yjs, too.
    return len(text) if text.isascii() else len(text) + sum(char > _ASTRAL for char in text)


def find_pairs(text: str) -> Iterator[int]:
    """Yield the UTF-16 offsets at which the characters of two units begin, ascending."""
    for wide, found in enumerate(_WIDE.finditer(text)):
        # Each pair before this one has moved it by one unit more than by code points.
        yield found.start() + wide


def utf16_offset(text: str, point: int) -> int:
    """Return where code point `point` (0 to len(text)) starts in UTF-16 units. Raises `OffsetOutside`."""
    _check(point, len(text))
    return point if text.isascii() else utf16_length(text[:point])


def point_at_utf16(text: str, units: int) -> int:
    """Return the code point at a UTF-16 offset; inside a surrogate pair it rounds down. Raises `OffsetOutside`."""
    if text.isascii():
        _check(units, len(text))
        return units
    raw = text.encode("utf-16-le")
    assert len(raw) % 2 == 0, "UTF-16 has two bytes a unit"
    _check(units, len(raw) // 2)
    return len(raw[: 2 * units].decode("utf-16-le", errors="ignore"))


def _check(offset: int, length: int) -> None:
    if not 0 <= offset <= length:
        raise OffsetOutside(f"position {offset} is outside 0 to {length}")
