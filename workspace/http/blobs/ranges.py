"""Which part of a file a request asks for: `Range` and `If-Range` as RFC 9110 has them (its section 14). Pure."""

from __future__ import annotations

from typing import NamedTuple

# Any number that fits in is exact: one beyond the end is the end, however many digits it has.
RANGES_POINTS_MAX = 200


class Part(NamedTuple):
    """Bytes `first` to `last` of a file, both counted in."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many bytes that is."""
        return self.last - self.first + 1


class Unsatisfiable(Exception):
    """No byte of the file is in the range that was asked for."""


def part_of(header: str | None, if_range: str | None, *, size: int, etag: str) -> Part | None:
    """Return the part of a file of `size` bytes that a request wants; None for all of it.

    A header that is no single range of bytes is passed over, and so is one under a condition that does not hold: of
    files that never change only another tag, or a date, is such a condition.

    Raises:
        Unsatisfiable: it is one, and none of its bytes is there.
    """
    if header is None or len(header) > RANGES_POINTS_MAX or (if_range is not None and if_range.strip() != etag):
        return None
    unit, equals, ranges = header.partition("=")
    first, dash, last = (piece.strip() for piece in ranges.strip().partition("-"))
    if unit.strip().lower() != "bytes" or not equals or not dash or not all(map(_is_number, (first, last))):
        return None
    if not first:
        return _suffix(last, size)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return Part(int(first), min(int(last), size - 1) if last else size - 1)


def _suffix(length: str, size: int) -> Part | None:
    if not length:
        return None
    if int(length) == 0 or size == 0:
        raise Unsatisfiable
    return Part(max(0, size - int(length)), size - 1)


def _is_number(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit())
