"""Structs of an update written anew: cut, emptied or collected, with the clocks they had. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from crdt.errors import MalformedFrame
from crdt.updates.json_text import is_read, parse_whole
from crdt.updates.lib0 import Reader, Writer
from crdt.updates.scan import HAS_KEY, HAS_ORIGIN, HAS_RIGHT, LIMITS, Scanner
from crdt.updates.structs import Struct
from crdt.updates.summary import ANY, DELETED, EMBED, FORMAT, GC, STRING, Span
from crdt.updates.surrogates import read_string, take_units

KIND_BITS, FLAG_BITS = 0x1F, 0xE0


def _write_head(update: bytes, struct: Struct, kind: int, begin: int) -> Writer:
    """Write the head of an item with another kind of content, from the clock `begin` on."""
    assert struct.clock <= begin < struct.stop, "what is written begins within the struct"
    flags = update[struct.at] & FLAG_BITS
    if begin == struct.clock:
        return Writer().byte(flags | kind).raw(update[struct.at + 1 : struct.body])
    # The rest of a cut item stands right of its own first part, as Yjs writes it, and takes parent and key from there.
    info = HAS_ORIGIN | flags & (HAS_RIGHT | HAS_KEY) | kind
    writer = Writer().byte(info).var_uint(struct.client).var_uint(begin - 1)
    if struct.right is not None:
        writer.var_uint(struct.right.client).var_uint(struct.right.clock)
    return writer


def write_deleted(update: bytes, struct: Struct, begin: int) -> bytes:
    """Return an item whose content is deleted, at the same place, from the clock `begin` on."""
    return _write_head(update, struct, DELETED, begin).var_uint(struct.stop - begin).getvalue()


def write_collected(struct: Struct, begin: int) -> bytes:
    """Return a collected struct of the same clocks from `begin` on: it hangs from nothing."""
    assert struct.clock <= begin < struct.stop, "what is written begins within the struct"
    return Writer().byte(GC).var_uint(struct.stop - begin).getvalue()


def write_rest(update: bytes, struct: Struct, begin: int) -> bytes:
    """Return the bytes of a struct from the clock `begin` on, as Yjs writes them. Raises `MalformedFrame`."""
    # Kinds of one clock (an embed, a mark, a type) are known as a whole or new as a whole.
    match struct.kind:
        case 0:
            return write_collected(struct, begin)
        case 1:
            return write_deleted(update, struct, begin)
        case 4:
            rest = take_units(read_string(update, struct), begin - struct.clock)
            return _write_head(update, struct, STRING, begin).var_string(rest).getvalue()
        case 8:
            return _write_rest_of_values(update, struct, begin)
        case kind:
            raise MalformedFrame(f"a struct of kind {kind} cannot be cut")


def _write_rest_of_values(update: bytes, struct: Struct, begin: int) -> bytes:
    scanner = Scanner(Reader(update, struct.body), LIMITS)
    count = scanner.reader.var_uint()
    assert count == struct.length, "each value moves the clock by one"
    for _ in range(begin - struct.clock):
        scanner.any()
    assert scanner.reader.pos <= struct.end, "values end within their struct"
    rest = update[scanner.reader.pos : struct.end]
    return _write_head(update, struct, ANY, begin).var_uint(struct.stop - begin).raw(rest).getvalue()


def encode_delete_set(deleted: Mapping[int, Collection[Span]]) -> bytes:
    """Return the bytes of a delete set."""
    writer = Writer().var_uint(len(deleted))
    for client in sorted(deleted, reverse=True):  # as Yjs writes them, so that equal sets are equal bytes
        spans = deleted[client]
        writer.var_uint(client).var_uint(len(spans))
        for start, end in spans:
            assert start < end, "an empty span is no deletion: the scanner refuses it"
            writer.var_uint(start).var_uint(end - start)
    return writer.getvalue()


def mend_halves_in_json(update: bytes, struct: Struct, begin: int) -> bytes | None:
    """Return an embed or a mark with U+FFFD for each half of a character in its JSON; None where that does not help.

    JavaScript writes a half as an escape, which is JSON by the letter, and which pycrdt does not read.
    """
    if struct.kind not in (EMBED, FORMAT):
        return None
    reader = Reader(update, struct.body)
    writer = _write_head(update, struct, struct.kind, begin)
    if struct.kind == FORMAT:
        writer.var_string(reader.var_string())
    try:
        # Whole numbers as pycrdt reads them: Python would write 2**64 out in full, which pycrdt refuses.
        value = json.loads(reader.var_string(), parse_int=parse_whole)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return writer.var_string(text).getvalue() if is_read(text) else None
