"""JSON as it comes in bytes: how deep it nests, and whether pycrdt reads it. Pure."""

from __future__ import annotations

import json
import math
import re

import msgspec

_FRACTION = re.compile(r"\d[.eE]|\d{16}")


def is_read(text: str) -> bool:
    """Tell whether pycrdt reads this as JSON: no half of a character, no number beyond a float or unsigned 64 bits."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    if len(text) < 19 and "e" not in text and "E" not in text:
        return True
    return math.isfinite(_largest(json.loads(text, parse_int=_whole)))


def has_fraction(text: str) -> bool:
    """Tell whether a JSON text may hold a number that pycrdt writes otherwise than it came: it reads floats roughly."""
    return _FRACTION.search(text) is not None


def whole(digits: str) -> float | int:
    """Return a whole number of JSON as what pycrdt reads: a float where it has 64 bits or more."""
    return int(digits) if len(digits) < 19 else float(digits)


def _whole(digits: str) -> float:
    """Return infinity for a whole number of 64 bits without a sign, which pycrdt refuses; 0 for others."""
    is_long = len(digits) in (19, 20) and not digits.startswith("-")
    return math.inf if is_long and 1 << 63 <= int(digits) < 1 << 64 else 0


def _largest(value: object) -> float:
    match value:
        case float():
            return abs(value)
        case list():
            return max(map(_largest, value), default=0)
        case dict():
            return max(map(_largest, value.values()), default=0)
        case _:
            return 0


def depth_of(text: str) -> int:
    """Return how deep the brackets of a JSON text nest, without reading it."""
    depth = deepest = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            escaped = not escaped and char == "\\"
            in_string = escaped or char != '"'
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest
