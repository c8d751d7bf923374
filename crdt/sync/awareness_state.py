"""One awareness state: read from whatever a client sends, signed with who it is, cut to its bound. Pure.

What the outside sends is mended instead of refused: a number that is none becomes null, half a character U+FFFD; what
is nested too deep or too large is left out, and so is a state that is no object. Only what is no JSON is malformed.
"""

from __future__ import annotations

import json
import math

from crdt.digest import Json
from crdt.errors import MalformedFrame

AwarenessState = dict[str, Json]
# A larger state is not looked into: only its person is kept.
READ_BYTES_MAX = 1 << 20
LEVELS_MAX = 64
DIGITS_MAX = 300
COLOUR_CHARS_MAX = 32
PERSON_BYTES_MAX = 640
NAMED_MAX, NAME_CHARS_MAX = 5, 40
encode_state = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def read_state(raw: bytes) -> tuple[AwarenessState | None, str]:
    """Return a state, None for one that is gone, and what was left out of it. Raises `MalformedFrame`: no JSON."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedFrame(f"an awareness state is not UTF-8: {error.reason}") from error
    if len(raw) > READ_BYTES_MAX:
        return {}, f"a state of {len(raw)} bytes is not looked into"
    if text.count("[") + text.count("{") > LEVELS_MAX:
        return _read_deep(text)
    try:
        value: Json = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        value = _mended(text)
    return _object(value)


def _object(value: Json) -> tuple[AwarenessState | None, str]:
    if value is None or isinstance(value, dict):
        return value, ""
    return {}, "a state is an object or null"


def _read_deep(text: str) -> tuple[AwarenessState | None, str]:
    """Read a text with many brackets: its values may be nested as deep as its sender likes."""
    too_deep = f"a state is nested at most {LEVELS_MAX} deep"
    try:
        state, problem = _object(_mended(text))
    except RecursionError:
        return {}, too_deep
    if state is None or problem:
        return state, problem
    flat = {key: part for key, part in state.items() if _levels(part) < LEVELS_MAX}
    return flat, "" if len(flat) == len(state) else too_deep


def _mended(text: str) -> Json:
    """Read JSON of which browsers would not take each part. Raises `MalformedFrame`, and RecursionError."""
    try:
        value = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    except ValueError as error:
        raise MalformedFrame("an awareness state is not JSON") from error
    return json.loads(mend_halves(json.dumps(value, ensure_ascii=False)))


def mend_halves(text: str) -> str:
    """Return a text in which every half of a surrogate pair is U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= DIGITS_MAX else None


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _levels(value: Json) -> int:
    """Return how deep a value is nested, at most one more than is allowed."""
    deepest, open_parts = 0, [(value, 0)]
    while open_parts:
        part, depth = open_parts.pop()
        deepest = max(deepest, depth)
        if depth <= LEVELS_MAX and isinstance(part, dict | list):
            open_parts += [(child, depth + 1) for child in (part.values() if isinstance(part, dict) else part)]
    return deepest


def signed(state: AwarenessState, actor: str, *, bytes_max: int, bytes_read: int) -> tuple[AwarenessState, str]:
    """Return a state whose `user` says who it really is, and what was left out; the colour is the client's to choose.

    Of one that is too large the smallest parts are kept, so that a caret outlives a picture. `bytes_read` is how long
    it was as it came.
    """
    user = state.get("user")
    colours = {
        key: value
        for key in ("color", "colorLight")
        if isinstance(user, dict) and isinstance(value := user.get(key), str) and len(value) <= COLOUR_CHARS_MAX
    }
    person: AwarenessState = {"user": {**colours, "name": actor, "kind": "human"}}
    whole = {**state, **person}
    # A number may be written eight times as long as it came: 1e15.
    if 8 * (bytes_read + PERSON_BYTES_MAX) <= bytes_max or _size(whole) <= bytes_max:
        return whole, ""
    left = bytes_max - _size(person)
    kept = {"user"}
    for size, key in sorted((_size({key: part}), key) for key, part in whole.items() if key != "user"):
        left -= size
        if left < 0:
            break
        kept.add(key)
    missing = [key[:NAME_CHARS_MAX] for key in whole if key not in kept]
    names = ", ".join(missing[:NAMED_MAX]) + (" …" if len(missing) > NAMED_MAX else "")
    return {key: part for key, part in whole.items() if key in kept}, (
        f"a state has at most {bytes_max} bytes; left out: {names}"
    )


def _size(state: AwarenessState) -> int:
    return len(encode_state(state).encode())
