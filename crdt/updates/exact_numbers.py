"""Numbers that pycrdt writes otherwise than they came: bigints, -0, and fractions in JSON.

pycrdt writes a bigint that fits a float as that float, 2**63 - 1 among them, -0 as 0, and reads the fractions of embeds
and marks to the last digit but one: whoever gets the state from the server would hold another value than whoever got
the edit. So a document remembers the bytes of the values that hold such numbers, and what pycrdt writes is put right
before it leaves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from struct import unpack

from crdt.updates.lib0 import Reader
from crdt.updates.scan import LIMITS, Pass
from crdt.updates.structs import Part, read_parts
from crdt.updates.summary import ANY, EMBED, EXACT, FORMAT, Id

HOLDING = frozenset({ANY, EMBED, FORMAT})
Exact = Mapping[Id, bytes]  # the bytes of one value, by the id of its unit


def exact_values(update: bytes) -> dict[Id, bytes]:
    """Return the bytes of all values of an update, or of a state, that hold such numbers."""
    return {
        Id(part.client, part.clock + at): update[start:end]
        for _, parts in read_parts(update)
        for part in parts
        if part.kind in HOLDING
        for at, (start, end, is_exact) in enumerate(_values(update, part))
        if is_exact
    }


def put_right(written: bytes, exact: Exact) -> bytes:
    """Return what pycrdt wrote with these values as they came."""
    if not exact:
        return written
    out, copied = bytearray(), 0
    clients = {id.client for id in exact}
    for client, parts in read_parts(written):
        for part in parts:
            if client not in clients or part.kind not in HOLDING:
                continue
            for at, (start, end, _) in enumerate(_values(written, part)):
                kept = exact.get(Id(client, part.clock + at))
                if kept is not None:
                    out += written[copied:start]
                    out += kept
                    copied = end
    return bytes(out + written[copied:])


def whole_values(written: bytes, whole: Mapping[float, int]) -> bytes:
    """Return what pycrdt wrote with whole numbers as bigints, where it wrote the floats nearest to them."""
    out, copied = bytearray(), 0
    for _, parts in read_parts(written):
        for part in parts:
            for start, end, _ in _values(written, part) if part.kind == ANY else ():
                size = {123: "d", 124: "f"}.get(written[start])
                number = unpack(f">{size}", written[start + 1 : end])[0] if size else math.nan
                if number in whole:
                    out += written[copied:start] + b"\x7a" + whole[number].to_bytes(8, "big", signed=True)
                    copied = end
    return bytes(out + written[copied:])


def _values(update: bytes, part: Part) -> Iterator[tuple[int, int, bool]]:
    """Yield where each value of a struct begins and ends, and whether it holds such a number."""
    work = Pass(Reader(update, part.body), LIMITS)
    if part.kind != ANY:
        work.content(part.kind, part.client, part.clock)
        yield part.body, part.end, bool(work.kinds >> EXACT & 1)
        return
    for _ in range(work.reader.var_uint()):
        start, work.kinds = work.reader.pos, 0
        work.any()
        yield start, work.reader.pos, bool(work.kinds >> EXACT & 1)
