"""JSON from outside, within bounds: nesting, parts and numbers are looked at before anything is made of it.

What does not fit comes back as a `Malformed` value, never as an exception. Values only.
"""

from __future__ import annotations

import json
import math
import re

import msgspec

from crdt.digest import Json
from crdt.sync.awareness_state import mend_halves

NESTING_MAX, PARTS_MAX = 32, 20_000
INTEGER_MAX = 2**53 - 1
NESTED = f"A message has at most {PARTS_MAX} parts, nested at most {NESTING_MAX} deep."
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)


class Malformed(msgspec.Struct, frozen=True):
    """What a client sent cannot be used. `n` is set where an intent can be answered with a nack.

    `is_json` false: the bytes are no message at all.
    """

    code: str
    reason: str
    n: int | None = None
    is_json: bool = True

    @property
    def remedy(self) -> str:
        """What its sender can do."""
        return "Make it smaller." if self.code == "too_large" else "See the protocol's table of messages."


def read_json(payload: bytes | str) -> Json | Malformed:
    """Return the JSON value of a payload whose size was checked; nesting, parts and numbers are bounded here."""
    value = json_of(payload)
    if isinstance(value, Malformed):
        return value
    problem = json_problem(value)
    return Malformed("malformed", problem) if problem else value


def json_of(payload: bytes | str) -> Json | Malformed:
    """Return any JSON value; half a surrogate pair, which a quotation cut by units may hold, is U+FFFD."""
    # Before it is built: a megabyte of empty lists took the server 0.14 s, and nothing of whoever sent it.
    if _has_many_parts(payload):
        return Malformed("malformed", NESTED)
    try:
        value: Json = msgspec.json.decode(payload)
    except RecursionError:
        return Malformed("malformed", NESTED)
    except (msgspec.MsgspecError, UnicodeError) as error:
        return _mended(payload, error)
    return value


def _has_many_parts(payload: bytes | str) -> bool:
    """Tell whether there are more strings, or more commas outside of strings, than the parts of a message can have."""
    data = payload.encode("utf-8", "surrogatepass") if isinstance(payload, str) else payload
    if data.count(b",") < PARTS_MAX:
        return False
    # Each part has a key at most, and is a string at most; a quote that is part of one is escaped.
    if data.count(b'"') - data.count(b'\\"') > 4 * PARTS_MAX:
        return True
    return _STRING.sub(b"", data).count(b",") >= PARTS_MAX


def _mended(payload: bytes | str, error: Exception) -> Json | Malformed:
    try:
        text = payload if isinstance(payload, str) else payload.decode()
        value: Json = json.loads(mend_halves(json.dumps(json.loads(text), ensure_ascii=False)))
    except RecursionError:
        return Malformed("malformed", NESTED)
    except ValueError:
        return Malformed("malformed", f"This is not JSON: {error}", is_json=False)
    return value


def json_problem(root: Json) -> str:
    """Return why a value is refused, or ""; walks with a stack of its own, because its nesting is the sender's."""
    open_parts: list[tuple[Json, int]] = [(root, 0)]
    seen = 0
    while open_parts:
        part, depth = open_parts.pop()
        seen += 1
        if depth > NESTING_MAX or seen > PARTS_MAX:
            return NESTED
        match part:
            case bool():
                pass
            case int() if abs(part) > INTEGER_MAX:
                return f"A number is outside ±{INTEGER_MAX}."
            case float() if not math.isfinite(part):
                return "A number is not finite."
            case list() | dict() if seen + len(open_parts) + len(part) > PARTS_MAX:
                return NESTED
            case list():
                open_parts += [(child, depth + 1) for child in part]
            case dict():
                open_parts += [(child, depth + 1) for child in part.values()]
            case _:
                pass
    return ""
