"""Whether structs that come under known ids hold what is known: units one by one, as far as anybody can say. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from crdt.updates.lib0 import Reader
from crdt.updates.structs import Struct
from crdt.updates.summary import ANY, DELETED, EMBED, FORMAT, GC, JSON, SKIP, STRING
from crdt.updates.surrogates import read_string

# pycrdt puts U+FFFD for each half of a pair, and so may a client that cut one: neither says what stood there.
_NO_CHARACTER = re.compile("[\ud800-\udfff\ufffd]")


def note_units(update: bytes, structs: list[Struct], start: int, end: int) -> dict[int, object]:
    """Return what stands at clocks from `start` to `end`; those are left out of which nobody can say.

    A struct of two bytes may span 2^31 clocks: what is kept takes bytes in the update.
    """
    assert start <= end, "the known part of a struct does not end before it begins"
    found: dict[int, object] = {}
    for struct in structs:
        low, high = max(start, struct.clock), min(end, struct.stop)
        if low >= high:
            continue
        if struct.kind == STRING:
            raw = read_string(update, struct).encode("utf-16-le")
            assert len(raw) == 2 * struct.length, "a string moves the clock by its UTF-16 units"
            for clock in range(low, high):
                at = 2 * (clock - struct.clock)
                found[clock] = raw[at : at + 2]
        elif struct.kind in (EMBED, FORMAT):
            found[low] = _read_json(update, struct)
        # Collected or deleted, nobody knows any more what it was; values come back from pycrdt in other bytes.
        elif struct.kind not in (GC, DELETED, SKIP, ANY, JSON):
            for clock in range(low, high):
                found[clock] = update[struct.body : struct.end]
    return found


def are_same(left: Mapping[int, object], right: Mapping[int, object]) -> bool:
    """Tell whether two parts of a client's section, as `note_units` returns them, may hold the same."""
    return all(may_be_same(unit, right.get(clock)) for clock, unit in left.items())


def _read_json(update: bytes, struct: Struct) -> object:
    """Return what is embedded, or which mark begins; None where two forms of the same cannot be told from others.

    pycrdt writes JSON anew, with keys in an order that is chance, and puts U+FFFD for what is no character.
    """
    assert struct.kind in (EMBED, FORMAT), "other content is no JSON"
    reader = Reader(update, struct.body)
    try:
        name = reader.var_string() if struct.kind == FORMAT else ""
        value = json.loads(reader.var_string(), parse_int=float)
    except (ValueError, RecursionError):
        return None
    said = json.dumps(value, ensure_ascii=False)
    return None if _NO_CHARACTER.search(said) else (name, value)


def may_be_same(left: object, right: object) -> bool:
    """Tell whether two units may be the same: where one was collected nobody knows, and U+FFFD stands for any half."""
    half = "\ufffd".encode("utf-16-le")
    return left is None or right is None or left == right or half in (left, right)
