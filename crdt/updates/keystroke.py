"""Read the updates that people's typing makes, without the general pass: a string put in, a range taken out, or both.

Nothing is refused here. Whatever is not exactly one of these shapes is None and goes through `crdt.updates.scan`'s full
pass, which alone knows the errors; the tests hold both against each other on honest and on mutated bytes. Measured, a
key pressed in stock Yjs takes a third of the full pass's time. So varints are read in line, no value is checked twice,
and nothing is asserted: an index beyond the end raises, and that is the bounds check.
"""

from __future__ import annotations

from collections.abc import Mapping

from crdt.text import find_pairs, utf16_length
from crdt.updates.summary import CLOCK_MAX, NO_PAIRS, STRING, FirstItem, Id, Span, UpdateSummary, branch_of

HAS_ORIGIN, HAS_RIGHT = 0x80, 0x40
TEXT_ROOT, IN_TEXT = "content", b"\x01\x07content"
NEITHER_GONE: frozenset[int] = frozenset()
TYPED = 1 << STRING  # the kinds of an update that is words alone
# Five bytes hold 35 bits: the ids of Yjs have 32, and a clock of more has never been seen.
VARINT_BYTES_MAX = 5
# The named tuple's own constructor goes through a Python function; this is what that function calls.
_new = tuple.__new__


def scan_keystroke(update: bytes) -> UpdateSummary | None:
    """Return what the full pass would return for a plain keystroke; None for anything else, broken bytes included."""
    try:
        if update[1] == 1:
            if update[0] == 1:
                return _typed(update)
            if update[0] == 0:
                client, span = _only_range(update, 1)
                return UpdateSummary({}, {client: (span,)}, {client: span[1]}, {}, NEITHER_GONE, 0)
    except (IndexError, _Otherwise, UnicodeDecodeError):
        pass
    return None


class _Otherwise(Exception):
    """These bytes are for the full pass."""


def _typed(data: bytes) -> UpdateSummary | None:
    """Read one section with one string item, and at most one deleted range."""
    client = data[2]
    pos = 3
    if client > 127:
        client, pos = _long(data, 2)
    own = data[2:pos]  # the client as it is spelt here: its neighbours nearly always repeat these bytes
    start = data[pos]
    pos += 1
    if start > 127:
        start, pos = _long(data, pos - 1)
    info = data[pos]
    if info & 0x3F != STRING:
        return None
    pos += 1
    needs: dict[int, int] = {}
    origin = right = None
    if info & HAS_ORIGIN:
        origin, pos = _id(data, pos, own, client)
        needs[origin[0]] = origin[1] + 1  # the one before it must be here, so its client must have come so far
    if info & HAS_RIGHT:
        right, pos = _id(data, pos, own, client)
        if right[1] >= needs.get(right[0], 0):
            needs[right[0]] = right[1] + 1
    if info == STRING:
        pos = _after_root(data, pos)
    size = data[pos]
    pos += 1
    if size > 127:
        size, pos = _long(data, pos - 1)
    stop = pos + size
    text = data[pos:stop]
    # ASCII has one unit a byte and no pairs; to ask is free, where decoding is not.
    if text.isascii():
        end, pairs = start + size, NO_PAIRS
    else:
        end, pairs = _units(text.decode(), client, start)
    deleted: dict[int, tuple[Span, ...]] = {}
    # Replacing a selection is one update: the string, and one range that goes.
    if data[stop] or stop + 1 != len(data):
        other, span = _only_range(data, stop)
        deleted[other] = (span,)
        if span[1] > needs.get(other, 0):
            needs[other] = span[1]
    # What lies below the section's own start is covered by the gap check of that section; above it something is odd.
    if needs.pop(client, 0) > start or size == 0 or end > CLOCK_MAX or (origin is not None and origin == right):
        return None
    id = _new(Id, (client, start))
    first = {client: _new(FirstItem, (id, origin, right))}
    # Most of what is typed goes on where its client ended.
    goes_on = origin is not None and origin[1] == start - 1 and origin[0] == client
    branches = () if goes_on else (branch_of(id, origin, right, TEXT_ROOT, None),)
    return UpdateSummary({client: (start, end)}, deleted, needs, first, NEITHER_GONE, 1, (), TYPED, pairs, branches)


def _units(text: str, client: int, start: int) -> tuple[int, Mapping[int, tuple[int, ...]]]:
    """Return at which clock a text of `client` ends, and the clocks of its characters of two units."""
    end = start + utf16_length(text)
    if end - start == len(text):
        return end, NO_PAIRS
    return end, {client: tuple(start + unit for unit in find_pairs(text))}


def _id(data: bytes, pos: int, own: bytes, client: int) -> tuple[Id, int]:
    """Read an id; `own` are the bytes of the section's client, whose id it is nearly always."""
    # A longer varint that begins with these bytes cannot be: the last byte of a varint is below 0x80.
    if data.startswith(own, pos):
        pos += len(own)
    else:
        client = data[pos]
        pos += 1
        if client > 127:
            client, pos = _long(data, pos - 1)
    clock = data[pos]
    pos += 1
    if clock > 127:
        clock, pos = _long(data, pos - 1)
    return _new(Id, (client, clock)), pos


def _after_root(data: bytes, pos: int) -> int:
    """Return where the name of the root ends, which is the text's."""
    if not data.startswith(IN_TEXT, pos):
        raise _Otherwise
    return pos + len(IN_TEXT)


def _only_range(data: bytes, pos: int) -> tuple[int, Span]:
    """Read a delete set of one client and one range that ends where `data` ends."""
    if data[pos] != 1:
        raise _Otherwise
    pos += 1
    client = data[pos]
    pos += 1
    if client > 127:
        client, pos = _long(data, pos - 1)
    if data[pos] != 1:
        raise _Otherwise
    pos += 1
    clock = data[pos]
    pos += 1
    if clock > 127:
        clock, pos = _long(data, pos - 1)
    length = data[pos]
    pos += 1
    if length > 127:
        length, pos = _long(data, pos - 1)
    if length == 0 or pos != len(data) or clock + length > CLOCK_MAX:
        raise _Otherwise
    return client, (clock, clock + length)


def _long(data: bytes, pos: int) -> tuple[int, int]:
    """Read a varint of two to five bytes and return it with where it ends."""
    # Unrolled: most client ids have five bytes, and on this path a loop over them shows.
    value = data[pos] & 0x7F
    part = data[pos + 1]
    if part < 128:
        return value | part << 7, pos + 2
    value |= (part & 0x7F) << 7
    part = data[pos + 2]
    if part < 128:
        return value | part << 14, pos + 3
    value |= (part & 0x7F) << 14
    part = data[pos + 3]
    if part < 128:
        return value | part << 21, pos + 4
    value |= (part & 0x7F) << 21
    part = data[pos + 4]
    if part < 128:
        return value | part << 28, pos + 5
    raise _Otherwise
