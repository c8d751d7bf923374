"""Whether structs that come under known ids hold what is known: units one by one, as far as anybody can say. Pure."""

from __future__ import annotations

import json
import re

from crdt.updates.lib0 import Reader
from crdt.updates.structs import Struct
from crdt.updates.summary import ANY, DELETED, EMBED, FORMAT, GC, JSON, SKIP, STRING
from crdt.updates.surrogates import string_of

_NO_CHARACTER = re.compile("[\ud800-\udfff\ufffd]")


def units_of(update: bytes, structs: list[Struct], start: int, end: int) -> list[object]:
    """Return what stands at each clock from `start` to `end`; None where nobody can say."""
    found: list[object] = [None] * (end - start)
    for struct in structs:
        low, high = max(start, struct.clock), min(end, struct.stop)
        if low >= high:
            continue
        if struct.kind == STRING:
            raw = string_of(update, struct).encode("utf-16-le")
            for clock in range(low, high):
                at = 2 * (clock - struct.clock)
                found[clock - start] = raw[at : at + 2]
        elif struct.kind in (EMBED, FORMAT):
            found[low - start] = _json_of(update, struct)
        elif struct.kind not in (GC, DELETED, SKIP, ANY, JSON):
            for clock in range(low, high):
                found[clock - start] = update[struct.body : struct.end]
    return found


def _json_of(update: bytes, struct: Struct) -> object:
    """Return what is embedded, or which mark begins; None where two forms of the same cannot be told from others.

    pycrdt writes JSON anew, with keys in an order that is chance, and puts U+FFFD for what is no character.
    """
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
