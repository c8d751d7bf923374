"""JSON as it comes in bytes: how deep it nests, and whether pycrdt reads it. Pure."""

from __future__ import annotations

import json
import math
import re

import msgspec

DIGITS_SAFE = 18  # whole numbers of so many digits fit 64 bits with a sign
# A float, or a whole number that is longer than 2**53.
_FRACTION = re.compile(r"\d[.eE]|\d{16}")


def is_read(text: str) -> bool:
    """Tell whether pycrdt reads this as JSON: no half of a character, no number beyond a float or unsigned 64 bits."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    # Short, and without an exponent, no number in it can be too large: nearly all JSON ends here.
    if len(text) <= DIGITS_SAFE and "e" not in text and "E" not in text:
        return True
    return math.isfinite(_largest(json.loads(text, parse_int=_whole)))


def has_fraction(text: str) -> bool:
    """Tell whether a JSON text may hold a number that pycrdt writes otherwise than it came: it reads floats roughly."""
    return _FRACTION.search(text) is not None


def parse_whole(digits: str) -> float | int:
    """Return a whole number of JSON as what pycrdt reads: a float where it has 64 bits or more."""
    assert digits.lstrip("-").isdigit(), "the JSON reader hands over digits"
    return int(digits) if len(digits) <= DIGITS_SAFE else float(digits)


def _whole(digits: str) -> float:
    """Return infinity for a whole number of 64 bits without a sign, which pycrdt refuses; 0 for others."""
    # From 2**64 on pycrdt reads a float again: what it refuses is a span in the middle.
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


def measure_depth(text: str) -> int:
    """Return how deep the brackets of a JSON text nest, without reading it."""
    # Counted before anything reads the text: a reader that recurses would have ended the process by then.
    depth = deepest = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            # An escaped quote does not end a string: taken for its end, brackets would hide in what follows.
            in_string = escaped or char != '"'
            escaped = not escaped and char == "\\"
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    assert deepest >= 0, "a closing bracket too many lowers the depth, not the deepest"
    return deepest
