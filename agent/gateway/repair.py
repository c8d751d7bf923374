"""What a model sends, made fit to be logged, kept and sent back; what had to be changed is named for the model. Pure.

A model's JSON may hold what no JSON and no document holds: NaN, numbers beyond every bound, halves of characters. None
of it may raise, and none of it may be guessed at: in its place stands something harmless, and the call is answered by
an error that says which field it was. The same model sends the same again unless somebody tells it.
"""

from __future__ import annotations

import json
import math

from crdt.digest import Json

LEVELS_MAX = 64
PROBLEMS_MAX = 6
WHOLE_MAX = 2**63 - 1
DIGITS_MAX = 19
SHOWN_POINTS_MAX = 40
LOST = "\ufffd"


class _NoNumber(str):
    """A number of the JSON that is none, as it was written."""

    __slots__ = ()


def read_input(text: str) -> tuple[Json, tuple[str, ...]]:
    """Return a tool's input from its JSON, mended, and what was wrong with it.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        value = json.loads(text, strict=False, parse_constant=_NoNumber, parse_float=_fraction, parse_int=_whole)
    except RecursionError:
        return {}, (_too_deep("the input"),)
    return mended(value)


def mended(value: object) -> tuple[Json, tuple[str, ...]]:
    """Return a value that can be encoded anywhere, and in words, at most six, what was replaced in it."""
    problems: list[str] = []
    return _mended(value, (), problems), tuple(problems[:PROBLEMS_MAX])


def clean(value: object) -> Json:
    """Return a value that can be encoded anywhere; nobody is told."""
    return mended(value)[0]


def _fraction(digits: str) -> object:
    value = float(digits)
    return value if math.isfinite(value) else _NoNumber(digits)


def _whole(digits: str) -> object:
    # Python refuses to read more than 4,300 digits; long before that, nothing here could hold them.
    if len(digits.lstrip("-")) > DIGITS_MAX or abs(int(digits)) > WHOLE_MAX:
        return _NoNumber(digits)
    return int(digits)


def _mended(value: object, path: tuple[str, ...], problems: list[str]) -> Json:
    if len(path) > LEVELS_MAX:
        problems.append(_too_deep(_place(path[:3])))
        return None
    match value:
        case None | bool():
            return value
        case _NoNumber():
            problems.append(f"{_place(path)} is {_shown(value)}, which no document can hold as a number")
            return _shown(value)
        case str():
            return _text(value, path, problems)
        case int() if abs(value) > WHOLE_MAX:
            problems.append(f"{_place(path)} is a whole number of more than 64 bits")
            return None
        case float() if not math.isfinite(value):
            problems.append(f"{_place(path)} is {value}, which no document can hold as a number")
            return None
        case int() | float():
            return value
        case dict():
            return {
                _text(str(key), (*path, "a key"), problems): _mended(part, (*path, str(key)), problems)
                for key, part in value.items()
            }
        case list() | tuple():
            return [_mended(part, (*path, str(at)), problems) for at, part in enumerate(value)]
        case _:
            problems.append(f"{_place(path)} is no JSON")
            return None


def _text(text: str, path: tuple[str, ...], problems: list[str]) -> str:
    whole = text if text.isascii() else text.encode("utf-8", "replace").decode()
    if whole != text:
        whole = "".join(LOST if "\ud800" <= point <= "\udfff" else point for point in text)
        problems.append(f"{_place(path)} holds half of a character (a lone surrogate): send whole characters")
    if "\x00" in whole:
        problems.append(f"{_place(path)} holds the character U+0000: leave it out")
        whole = whole.replace("\x00", LOST)
    return whole


def _place(path: tuple[str, ...]) -> str:
    return _shown(".".join(path)) if path else "the input"


def _shown(text: str) -> str:
    """Return a text as a problem may quote it: short, and whole itself."""
    short = text if len(text) <= SHOWN_POINTS_MAX else f"{text[: SHOWN_POINTS_MAX - 1]}…"
    return short.encode("utf-8", "replace").decode().replace("\x00", LOST)


def _too_deep(where: str) -> str:
    return f"{where} is nested more than {LEVELS_MAX} deep"
