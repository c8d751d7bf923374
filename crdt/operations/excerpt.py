"""A stretch of text as operations that write it elsewhere, marks and embeds included. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from crdt.digest import Json
from crdt.documents.document import Document
from crdt.documents.ruler import EMBED
from crdt.documents.values import from_stored
from crdt.operations.ops import Insert, may_carry
from crdt.updates.summary import IdSpan

WORDS = re.compile(f"[^{EMBED}]+")


class LeftOut(NamedTuple):
    """How much of a stretch no operation can write: places of embeds, and marks of words that come without them."""

    embeds: int = 0
    marks: int = 0


def copy_text(
    document: Document,
    start: int,
    end: int,
    *,
    doc: str,
    at: str,
    ids: Callable[[int, int], tuple[IdSpan, ...]] | None = None,
) -> tuple[list[Insert], LeftOut]:
    """Return inserts at the anchor `at` of `doc` for code points `start` to `end`, in order, and what is left out.

    That is shared types inside the text, and values that are too long for an operation or that JSON cannot say. `ids`
    says which ids stand at a range of code points, where the copies are to stand for the originals.
    """
    assert start <= end, "a stretch ends behind its start"
    inserts, embeds_out, marks_out = list[Insert](), 0, 0
    if document.is_plain:
        words = document.text()[start:end]
        return [*_copy_words(words, start, doc, at, None, ids)], LeftOut(words.count(EMBED))
    low = start
    # Marks are given even where there are none: an insert without any would look like what stands around it.
    for stretch in document.ruler().between(start, end):
        there = {str(name): from_stored(value) for name, value in (stretch.marks or {}).items()}
        marks = _writable(there)
        if not stretch.is_embed:
            # A person typed the character that stands for embeds: as a character it cannot be written.
            embeds_out += stretch.text.count(EMBED)
            inserts += _copy_words(stretch.text, low, doc, at, marks, ids)
        elif _is_plain(stretch.value) and may_carry({}, from_stored(stretch.value)):
            assert stretch.text == EMBED, "an embed is one place"
            value = from_stored(stretch.value)
            marks = marks if may_carry(marks, value) else {}
            of = ids(low, low + 1) if ids is not None else ()
            inserts.append(Insert(doc, at, EMBED, marks, (value,), of))
        else:
            embeds_out, marks = embeds_out + 1, there
        marks_out += len(there) - len(marks)
        low += len(stretch.text)
    return inserts, LeftOut(embeds_out, marks_out)


def _copy_words(
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


def _writable(marks: dict[str, Json]) -> dict[str, Json]:
    """Return the marks that an operation may hold; none where all of them are too long together."""
    if may_carry(marks):
        return marks
    kept = {name: value for name, value in marks.items() if may_carry({name: value})}
    return kept if may_carry(kept) else {}


def _is_plain(value: object) -> bool:
    return isinstance(value, dict | list | str | int | float | bool | None)
