"""A stretch of text as operations that write it elsewhere, marks and embeds included. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from crdt.digest import Json, canonical
from crdt.documents.document import Document
from crdt.documents.ruler import EMBED
from crdt.documents.values import from_stored
from crdt.operations.ops import VALUE_BYTES_MAX, Insert
from crdt.updates.summary import IdSpan

WORDS = re.compile(f"[^{EMBED}]+")


def copied(
    document: Document,
    start: int,
    end: int,
    *,
    doc: str,
    at: str,
    ids: Callable[[int, int], tuple[IdSpan, ...]] | None = None,
) -> tuple[list[Insert], int]:
    """Return inserts at the anchor `at` of `doc` for code points `start` to `end`, in order.

    Also how many embeds are left out: shared types inside the text, and values too long for an operation. `ids` says
    which ids stand at a range of code points, where the copies are to stand for the originals.
    """
    inserts, left_out = list[Insert](), 0
    if document.is_plain:
        words = document.text()[start:end]
        return [*_words(words, start, doc, at, None, ids)], words.count(EMBED)
    low = start
    for stretch in document.ruler().between(start, end):
        marks = {str(name): from_stored(value) for name, value in (stretch.marks or {}).items()}
        if not stretch.is_embed:
            # Somebody typed the character that stands for embeds: as a character it cannot be written.
            left_out += stretch.text.count(EMBED)
            inserts += _words(stretch.text, low, doc, at, marks, ids)
        elif _fits(stretch.value, marks):
            of = ids(low, low + 1) if ids is not None else ()
            inserts.append(Insert(doc, at, EMBED, marks, (from_stored(stretch.value),), of))
        else:
            left_out += 1
        low += len(stretch.text)
    return inserts, left_out


def _words(
    text: str,
    start: int,
    doc: str,
    at: str,
    marks: Mapping[str, Json] | None,
    ids: Callable[[int, int], tuple[IdSpan, ...]] | None,
) -> Iterator[Insert]:
    for found in WORDS.finditer(text):
        of = ids(start + found.start(), start + found.end()) if ids is not None else ()
        yield Insert(doc, at, found[0], None if marks is None else dict(marks), of=of)


def _fits(value: object, marks: Mapping[str, Json]) -> bool:
    is_plain = isinstance(value, dict | list | str | int | float | bool | None)
    return is_plain and len(canonical([marks, from_stored(value)])) <= VALUE_BYTES_MAX
