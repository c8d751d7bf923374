"""Structs of an update written anew: cut, emptied or collected, with the clocks they had. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from crdt.errors import MalformedFrame
from crdt.updates.json_text import is_read, whole
from crdt.updates.lib0 import Reader, Writer
from crdt.updates.scan import HAS_KEY, HAS_RIGHT, LIMITS, Pass
from crdt.updates.structs import Part
from crdt.updates.summary import ANY, DELETED, EMBED, FORMAT, GC, STRING, Span
from crdt.updates.surrogates import string_of, units_from


def _header(update: bytes, part: Part, kind: int, begin: int) -> Writer:
    """Write the head of an item with another kind of content, from the clock `begin` on."""
    flags = update[part.at] & 0xE0
    if begin == part.clock:
        return Writer().byte(flags | kind).raw(update[part.at + 1 : part.body])
    writer = Writer().byte(0x80 | flags & (HAS_RIGHT | HAS_KEY) | kind).var_uint(part.client).var_uint(begin - 1)
    if part.right is not None:
        writer.var_uint(part.right.client).var_uint(part.right.clock)
    return writer


def as_deleted(update: bytes, part: Part, begin: int) -> bytes:
    """Return an item whose content is deleted, at the same place, from the clock `begin` on."""
    return _header(update, part, DELETED, begin).var_uint(part.stop - begin).getvalue()


def as_collected(part: Part, begin: int) -> bytes:
    """Return a collected struct of the same clocks from `begin` on: it hangs from nothing."""
    return Writer().byte(GC).var_uint(part.stop - begin).getvalue()


def cut_at(update: bytes, part: Part, begin: int) -> bytes:
    """Return the bytes of a struct from the clock `begin` on, as Yjs writes them. Raises `MalformedFrame`."""
    match part.kind:
        case 0:
            return as_collected(part, begin)
        case 1:
            return as_deleted(update, part, begin)
        case 4:
            rest = units_from(string_of(update, part), begin - part.clock)
            return _header(update, part, STRING, begin).var_string(rest).getvalue()
        case 8:
            return _values_from(update, part, begin)
        case kind:
            raise MalformedFrame(f"a struct of kind {kind} cannot be cut")


def _values_from(update: bytes, part: Part, begin: int) -> bytes:
    work = Pass(Reader(update, part.body), LIMITS)
    work.reader.var_uint()
    for _ in range(begin - part.clock):
        work.any()
    rest = update[work.reader.pos : part.end]
    return _header(update, part, ANY, begin).var_uint(part.stop - begin).raw(rest).getvalue()


def encode_deletions(deleted: Mapping[int, Collection[Span]]) -> bytes:
    """Return the bytes of a delete set."""
    writer = Writer().var_uint(len(deleted))
    for client in sorted(deleted, reverse=True):
        spans = deleted[client]
        writer.var_uint(client).var_uint(len(spans))
        for start, end in spans:
            writer.var_uint(start).var_uint(end - start)
    return writer.getvalue()


def mend(update: bytes, part: Part, begin: int) -> bytes | None:
    """Return an embed or a mark with U+FFFD for each half of a character in its JSON; None where that does not help.

    JavaScript writes a half as an escape, which is JSON by the letter, and which pycrdt does not read.
    """
    if part.kind not in (EMBED, FORMAT):
        return None
    reader = Reader(update, part.body)
    writer = _header(update, part, part.kind, begin)
    if part.kind == FORMAT:
        writer.var_string(reader.var_string())
    try:
        value = json.loads(reader.var_string(), parse_int=whole)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return writer.var_string(text).getvalue() if is_read(text) else None
