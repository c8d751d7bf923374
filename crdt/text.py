"""Code points, UTF-8 bytes, UTF-16 units: the only converter between them.

People and Python count code points, Yjs clocks count UTF-16 units, pycrdt's `Text` counts bytes. A wrong unit does not
raise there, it edits another place (semantics F5), so every offset passes through here and is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crdt.errors import OffsetOutside

_ASTRAL = "\uffff"
_WIDE = re.compile("[\U00010000-\U0010ffff]")


def byte_offset(text: str, point: int) -> int:
    """Return where code point `point` (0 to len(text)) starts in the UTF-8 form. Raises `OffsetOutside`."""
    _check(point, len(text))
    return point if text.isascii() else len(text[:point].encode())


def point_at_byte(text: str, offset: int) -> int:
    """Return the code point that starts at a UTF-8 offset; inside a character it rounds down."""
    if text.isascii():
        _check(offset, len(text))
        return offset
    raw = text.encode()
    _check(offset, len(raw))
    return len(raw[:offset].decode(errors="ignore"))


def utf16_length(text: str) -> int:
    """Return how many UTF-16 units a text has: how far it moves a Yjs clock."""
    return len(text) if text.isascii() else len(text) + sum(char > _ASTRAL for char in text)


def pairs_in(text: str) -> Iterator[int]:
    """Yield the UTF-16 offsets at which the characters of two units begin, ascending."""
    for wide, found in enumerate(_WIDE.finditer(text)):
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
    _check(units, len(raw) // 2)
    return len(raw[: 2 * units].decode("utf-16-le", errors="ignore"))


def _check(offset: int, length: int) -> None:
    if not 0 <= offset <= length:
        raise OffsetOutside(f"position {offset} is outside 0 to {length}")
