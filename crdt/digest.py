"""Canonical JSON and the hashes made of it: the same value gives the same bytes in every process.

Map key order differs between processes (promises §3.3) and every number is a float after a Yjs round trip, so keys are
sorted and integral floats are written as integers before anything is hashed.
"""

from __future__ import annotations

import json
import math
from hashlib import sha256
from typing import Any, TypeAlias

# Any JSON value. Not spelled out: msgspec, which reads these from outside, takes no recursive alias.
Json: TypeAlias = Any

# Shared types go 32 deep, a plain value in them 32 more, and an answer around it has levels, too.
DEPTH_MAX = 100
# Beyond it a float skips whole numbers: what a browser has rounded would hash as what it was before.
EXACT_MAX = 2**53
ALGORITHM = "sha256:"


def normalise(value: object, depth: int = 0) -> Json:
    """Return a value as canonical JSON has it: string keys, lists, integral floats within 2**53 as integers.

    Raises:
        ValueError: NaN, infinity, bytes, or more than 100 levels.
    """
    if depth > DEPTH_MAX:
        raise ValueError(f"a value is nested more than {DEPTH_MAX} deep")
    match value:
        case None | bool() | str():
            return value
        case int():
            return value
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value} is not a JSON number")
            # After a round trip through Yjs 1 is 1.0, and both must hash alike (trap 10); -0.0 becomes 0 on the way.
            return int(value) if value.is_integer() and abs(value) <= EXACT_MAX else value
        case dict():
            return {str(key): normalise(part, depth + 1) for key, part in value.items()}
        case list() | tuple():
            return [normalise(part, depth + 1) for part in value]
        case _:
            raise ValueError(f"a {type(value).__name__} is not JSON")


_encoded = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def write_canonical(value: Json) -> str:
    """Return the canonical form, as text, of a value that is canonical JSON already (`normalise`)."""
    return _encoded(value)


def canonical(value: object) -> bytes:
    """Return the one UTF-8 form of a JSON value: sorted keys, no spaces. Raises ValueError as `normalise` does."""
    # Half a surrogate pair can stand in an old log; a hash over it must not raise where a verdict is awaited.
    encoded = _encoded(normalise(value)).encode("utf-8", "surrogatepass")
    assert encoded, "even null has a form"
    return encoded


def sha256_of(content: bytes) -> str:
    """Return `sha256:` and the hex digest."""
    return f"{ALGORITHM}{sha256(content).hexdigest()}"


def digest_value(value: object) -> str:
    """Return the hash of a JSON value's canonical form."""
    return sha256_of(canonical(value))


def digest_text(text: str) -> str:
    """Return the hash of a stretch of text."""
    return sha256_of(text.encode("utf-8", "surrogatepass"))
