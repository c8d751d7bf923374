"""Numbers that pycrdt writes otherwise than they came: bigints, -0, and fractions in JSON.

pycrdt writes a bigint that fits a float as that float, 2**63 - 1 among them, -0 as 0, and reads the fractions of embeds
and marks to the last digit but one (trap 10): a newcomer, who gets the state from the server, would hold another value
than the readers who got the edit. So a document remembers the bytes of the values that hold such numbers, and restores
them in what pycrdt writes before that leaves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from struct import unpack

from crdt.updates.lib0 import Reader
from crdt.updates.scan import LIMITS, Scanner
from crdt.updates.structs import Struct, read_structs
from crdt.updates.summary import ANY, EMBED, EXACT, FORMAT, Id

BIGINT_TAG, DOUBLE_TAG, FLOAT_TAG = 122, 123, 124
# Kinds of content in which a number can stand. A name of a type, a subdocument or bytes hold none that pycrdt rewrites.
HOLDING = frozenset({ANY, EMBED, FORMAT})
ExactValues = Mapping[Id, bytes]  # the bytes of one value, by the id of its unit


def find_exact_values(update: bytes) -> dict[Id, bytes]:
    """Return the bytes of all values of an update, or of a state, that hold such numbers."""
    return {
        Id(struct.client, struct.clock + at): update[start:end]
        for _, structs in read_structs(update)
        for struct in structs
        if struct.kind in HOLDING
        for at, (start, end, is_exact) in enumerate(_find_values(update, struct))
        if is_exact
    }


def restore_exact_values(written: bytes, exact: ExactValues) -> bytes:
    """Return what pycrdt wrote with these values as they came."""
    if not exact:
        return written
    out, copied = bytearray(), 0
    # Most sections of a state hold no such number: to know the clients spares looking into each of their values.
    clients = {id.client for id in exact}
    for client, structs in read_structs(written):
        for struct in structs:
            if client not in clients or struct.kind not in HOLDING:
                continue
            for at, (start, end, _) in enumerate(_find_values(written, struct)):
                kept = exact.get(Id(client, struct.clock + at))
                if kept is not None:
                    assert copied <= start < end, "values lie one behind the other"
                    out += written[copied:start]
                    out += kept
                    copied = end
    assert copied <= len(written), "no value ends behind the update"
    return bytes(out + written[copied:])


def restore_whole_numbers(written: bytes, whole: Mapping[float, int]) -> bytes:
    """Return what pycrdt wrote with whole numbers as bigints, where it wrote the floats nearest to them."""
    out, copied = bytearray(), 0
    for _, structs in read_structs(written):
        for struct in structs:
            for start, end, _ in _find_values(written, struct) if struct.kind == ANY else ():
                size = {DOUBLE_TAG: "d", FLOAT_TAG: "f"}.get(written[start])
                number = unpack(f">{size}", written[start + 1 : end])[0] if size else math.nan
                if number in whole:
                    assert abs(whole[number]) <= 1 << 63, "an operation was checked before: it writes 64 bits"
                    out += written[copied:start] + bytes((BIGINT_TAG,)) + whole[number].to_bytes(8, "big", signed=True)
                    copied = end
    return bytes(out + written[copied:])


def _find_values(update: bytes, struct: Struct) -> Iterator[tuple[int, int, bool]]:
    """Yield where each value of a struct begins and ends, and whether it holds such a number."""
    scanner = Scanner(Reader(update, struct.body), LIMITS)
    assert struct.kind in HOLDING, "other content is no list of values"
    if struct.kind != ANY:
        scanner.content(struct.kind, struct.client, struct.clock)
        yield struct.body, struct.end, bool(scanner.kinds >> EXACT & 1)
        return
    # A struct of values holds many, each a clock of its own: the bits are cleared so that they speak of one value.
    for _ in range(scanner.reader.var_uint()):
        start, scanner.kinds = scanner.reader.pos, 0
        scanner.any()
        assert scanner.reader.pos <= struct.end, "a value ends within its struct"
        yield start, scanner.reader.pos, bool(scanner.kinds >> EXACT & 1)
