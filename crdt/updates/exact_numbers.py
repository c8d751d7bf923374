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
from crdt.updates.scan import LIMITS, Scanner
from crdt.updates.structs import Struct, read_structs
from crdt.updates.summary import ANY, EMBED, EXACT, FORMAT, Id

HOLDING = frozenset({ANY, EMBED, FORMAT})
ExactValues = Mapping[Id, bytes]  # the bytes of one value, by the id of its unit


def exact_values(update: bytes) -> dict[Id, bytes]:
    """Return the bytes of all values of an update, or of a state, that hold such numbers."""
    return {
        Id(struct.client, struct.clock + at): update[start:end]
        for _, structs in read_structs(update)
        for struct in structs
        if struct.kind in HOLDING
        for at, (start, end, is_exact) in enumerate(_values(update, struct))
        if is_exact
    }


def put_right(written: bytes, exact: ExactValues) -> bytes:
    """Return what pycrdt wrote with these values as they came."""
    if not exact:
        return written
    out, copied = bytearray(), 0
    clients = {id.client for id in exact}
    for client, structs in read_structs(written):
        for struct in structs:
            if client not in clients or struct.kind not in HOLDING:
                continue
            for at, (start, end, _) in enumerate(_values(written, struct)):
                kept = exact.get(Id(client, struct.clock + at))
                if kept is not None:
                    out += written[copied:start]
                    out += kept
                    copied = end
    return bytes(out + written[copied:])


def whole_values(written: bytes, whole: Mapping[float, int]) -> bytes:
    """Return what pycrdt wrote with whole numbers as bigints, where it wrote the floats nearest to them."""
    out, copied = bytearray(), 0
    for _, structs in read_structs(written):
        for struct in structs:
            for start, end, _ in _values(written, struct) if struct.kind == ANY else ():
                size = {123: "d", 124: "f"}.get(written[start])
                number = unpack(f">{size}", written[start + 1 : end])[0] if size else math.nan
                if number in whole:
                    out += written[copied:start] + b"\x7a" + whole[number].to_bytes(8, "big", signed=True)
                    copied = end
    return bytes(out + written[copied:])


def _values(update: bytes, struct: Struct) -> Iterator[tuple[int, int, bool]]:
    """Yield where each value of a struct begins and ends, and whether it holds such a number."""
    scanner = Scanner(Reader(update, struct.body), LIMITS)
    if struct.kind != ANY:
        scanner.content(struct.kind, struct.client, struct.clock)
        yield struct.body, struct.end, bool(scanner.kinds >> EXACT & 1)
        return
    for _ in range(scanner.reader.var_uint()):
        start, scanner.kinds = scanner.reader.pos, 0
        scanner.any()
        yield start, scanner.reader.pos, bool(scanner.kinds >> EXACT & 1)
