"""A stretch of text as operations that write it elsewhere, marks and embeds included. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from crdt.digest import Json, canonical
from crdt.document import Document
from crdt.ops import VALUE_BYTES_MAX, Insert
from crdt.ruler import EMBED
from crdt.values import from_stored


def copied(document: Document, start: int, end: int, *, doc: str, at: str) -> tuple[list[Insert], int]:
    """Return inserts at the anchor `at` of `doc` for code points `start` to `end`, in order.

    Also how many embeds are left out: shared types inside the text, and values too long for an operation.
    """
    inserts, left_out = list[Insert](), 0
    if document.is_plain:
        words = document.text()[start:end]
        return [Insert(doc, at, words.replace(EMBED, ""))], words.count(EMBED)
    for stretch in document.ruler().between(start, end):
        marks = {str(name): from_stored(value) for name, value in (stretch.marks or {}).items()}
        if not stretch.is_embed:
            # Somebody typed the character that stands for embeds: as a character it cannot be written.
            words = stretch.text.replace(EMBED, "")
            left_out += len(stretch.text) - len(words)
            inserts += [Insert(doc, at, words, marks)] if words else []
        elif _fits(stretch.value, marks):
            inserts.append(Insert(doc, at, EMBED, marks, (from_stored(stretch.value),)))
        else:
            left_out += 1
    return inserts, left_out


def _fits(value: object, marks: Mapping[str, Json]) -> bool:
    is_plain = isinstance(value, dict | list | str | int | float | bool | None)
    return is_plain and len(canonical([marks, from_stored(value)])) <= VALUE_BYTES_MAX
