"""Structs of an update written anew: cut, emptied or collected, with the clocks they had. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from crdt.errors import MalformedFrame
from crdt.updates.json_text import is_read, whole
from crdt.updates.lib0 import Reader, Writer
from crdt.updates.scan import HAS_KEY, HAS_RIGHT, LIMITS, Scanner
from crdt.updates.structs import Struct
from crdt.updates.summary import ANY, DELETED, EMBED, FORMAT, GC, STRING, Span
from crdt.updates.surrogates import string_of, units_from


def _header(update: bytes, struct: Struct, kind: int, begin: int) -> Writer:
    """Write the head of an item with another kind of content, from the clock `begin` on."""
    flags = update[struct.at] & 0xE0
    if begin == struct.clock:
        return Writer().byte(flags | kind).raw(update[struct.at + 1 : struct.body])
    writer = Writer().byte(0x80 | flags & (HAS_RIGHT | HAS_KEY) | kind).var_uint(struct.client).var_uint(begin - 1)
    if struct.right is not None:
        writer.var_uint(struct.right.client).var_uint(struct.right.clock)
    return writer


def as_deleted(update: bytes, struct: Struct, begin: int) -> bytes:
    """Return an item whose content is deleted, at the same place, from the clock `begin` on."""
    return _header(update, struct, DELETED, begin).var_uint(struct.stop - begin).getvalue()


def as_collected(struct: Struct, begin: int) -> bytes:
    """Return a collected struct of the same clocks from `begin` on: it hangs from nothing."""
    return Writer().byte(GC).var_uint(struct.stop - begin).getvalue()


def cut_at(update: bytes, struct: Struct, begin: int) -> bytes:
    """Return the bytes of a struct from the clock `begin` on, as Yjs writes them. Raises `MalformedFrame`."""
    match struct.kind:
        case 0:
            return as_collected(struct, begin)
        case 1:
            return as_deleted(update, struct, begin)
        case 4:
            rest = units_from(string_of(update, struct), begin - struct.clock)
            return _header(update, struct, STRING, begin).var_string(rest).getvalue()
        case 8:
            return _values_from(update, struct, begin)
        case kind:
            raise MalformedFrame(f"a struct of kind {kind} cannot be cut")


def _values_from(update: bytes, struct: Struct, begin: int) -> bytes:
    scanner = Scanner(Reader(update, struct.body), LIMITS)
    scanner.reader.var_uint()
    for _ in range(begin - struct.clock):
        scanner.any()
    rest = update[scanner.reader.pos : struct.end]
    return _header(update, struct, ANY, begin).var_uint(struct.stop - begin).raw(rest).getvalue()


def encode_delete_set(deleted: Mapping[int, Collection[Span]]) -> bytes:
    """Return the bytes of a delete set."""
    writer = Writer().var_uint(len(deleted))
    for client in sorted(deleted, reverse=True):
        spans = deleted[client]
        writer.var_uint(client).var_uint(len(spans))
        for start, end in spans:
            writer.var_uint(start).var_uint(end - start)
    return writer.getvalue()


def mend(update: bytes, struct: Struct, begin: int) -> bytes | None:
    """Return an embed or a mark with U+FFFD for each half of a character in its JSON; None where that does not help.

    JavaScript writes a half as an escape, which is JSON by the letter, and which pycrdt does not read.
    """
    if struct.kind not in (EMBED, FORMAT):
        return None
    reader = Reader(update, struct.body)
    writer = _header(update, struct, struct.kind, begin)
    if struct.kind == FORMAT:
        writer.var_string(reader.var_string())
    try:
        value = json.loads(reader.var_string(), parse_int=whole)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return writer.var_string(text).getvalue() if is_read(text) else None
