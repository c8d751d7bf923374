"""Where sections and lists stand in a Markdown text. Offsets are code points."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*\r?$", re.M)
_FENCE = re.compile(r"^(```|~~~).*?(?:^\1[ \t]*\r?$|\Z)", re.M | re.S)
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it: `start` and `body` are where heading and body begin, `end` is behind it."""

    title: str
    level: int
    start: int
    body: int
    end: int
    title_start: int
    title_end: int


@dataclass(frozen=True, slots=True)
class MarkdownList:
    """A run of list items: `items` are whole lines without their line ends, from `start` to `end`."""

    start: int
    end: int
    items: tuple[str, ...]


def sections_of(text: str) -> list[Section]:
    """Return the sections in order; one reaches to the next heading of its level or above."""
    fences = [found.span() for found in _FENCE.finditer(text)]
    heads = [h for h in _HEADING.finditer(text) if not any(low <= h.start() < high for low, high in fences)]
    found = []
    for at, head in enumerate(heads):
        level = len(head.group(1))
        end = next((other.start() for other in heads[at + 1 :] if len(other.group(1)) <= level), len(text))
        body = min(head.end() + 1, len(text))
        assert head.start() < end, "a section holds at least its heading"
        found.append(Section(head.group(2), level, head.start(), body, max(end, body), head.start(2), head.end(2)))
    return found


def find_sections(text: str, name: str) -> list[Section]:
    """Return the sections called `name`; a number counts the second-level headings, or all where there are none."""
    all_sections = sections_of(text)
    # A title as it is written goes before every reading of it: "2" may be a title, or a number.
    exact = [section for section in all_sections if section.title == name]
    if exact:
        return exact
    loose = [section for section in all_sections if section.title.casefold() == name.strip().casefold()]
    if loose or not name.strip().isdecimal() or len(name.strip()) > 6:
        return loose
    counted = [section for section in all_sections if section.level == 2] or all_sections
    number = int(name)
    assert number >= 0, "digits alone are never negative"
    return [counted[number - 1]] if 1 <= number <= len(counted) else []


def find_list(text: str, start: int, end: int) -> MarkdownList | None:
    """Return the first list between two offsets: lines that begin as items, until one does not."""
    assert 0 <= start <= end <= len(text), "a list is looked for inside the text"
    at, first, items = start, -1, []
    for line in text[start:end].splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        if _ITEM.match(bare):
            first = at if first < 0 else first
            items.append(bare)
            last = at + len(bare)
        elif first >= 0:
            break
        at += len(line)
    return MarkdownList(first, last, tuple(items)) if items else None


def item_text(item: str) -> str:
    """Return a list item without its mark."""
    return _ITEM.sub("", item).strip()
