"""Places in a text that holds more than characters: one ruler for people, Yjs and pycrdt.

An embed (an image, a shared type inside the text) is one place for Yjs, one byte for pycrdt's offsets, and nothing in
`str(text)` (trap 16). Here it is one code point too, `EMBED`, so that people, models and plans count it and see where
it stands.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from pycrdt import Text

from crdt.errors import OffsetOutside, WrongKind
from crdt.text import byte_offset, point_at_byte

EMBED = "\ufffc"
Marks = Mapping[str, object]


class Stretch(NamedTuple):
    """Characters with the same marks, or one embed."""

    text: str
    is_embed: bool
    marks: Marks | None
    value: object = None


class Ruler:
    """The stretches of a text, in order; offsets in code points and in pycrdt's bytes."""

    __slots__ = ("_bytes", "_points", "_stretches", "text")

    def __init__(self, root: Text) -> None:
        self._stretches = [
            Stretch(part, False, marks) if isinstance(part, str) else Stretch(EMBED, True, marks, part)
            for part, marks in root.diff()
        ]
        self.text = "".join(stretch.text for stretch in self._stretches)
        self._points = [0, *accumulate(len(stretch.text) for stretch in self._stretches)]
        self._bytes = [0, *accumulate(_size(stretch) for stretch in self._stretches)]
        assert self._points[-1] == len(self.text), "each code point is in one stretch"
        # pycrdt counts values that it does not show; with one of them every place behind would be another.
        if self._bytes[-1] != len(root):
            raise WrongKind("the text holds values that are neither words nor embeds: places in it cannot be counted")

    def byte(self, point: int) -> int:
        """Return pycrdt's offset of a code point, 0 to the length of the text. Raises `OffsetOutside`."""
        if not 0 <= point <= self._points[-1]:
            raise OffsetOutside(f"position {point} is outside 0 to {self._points[-1]}")
        at = bisect_right(self._points, point) - 1
        if at == len(self._stretches):
            return self._bytes[-1]
        # Within a stretch marks do not change, so its bytes are those of its words; an embed is one place alone.
        stretch, within = self._stretches[at], point - self._points[at]
        return self._bytes[at] + (within if stretch.is_embed else byte_offset(stretch.text, within))

    def point(self, offset: int) -> int:
        """Return the code point at pycrdt's offset; inside a character it rounds down. Raises `OffsetOutside`."""
        if not 0 <= offset <= self._bytes[-1]:
            raise OffsetOutside(f"position {offset} is outside 0 to {self._bytes[-1]}")
        at = bisect_right(self._bytes, offset) - 1
        if at == len(self._stretches):
            return self._points[-1]
        stretch, within = self._stretches[at], offset - self._bytes[at]
        assert within >= 0, "a stretch begins at or before what lies in it"
        return self._points[at] + (within if stretch.is_embed else point_at_byte(stretch.text, within))

    def marks(self, point: int) -> Marks:
        """Return the marks of the character at a code point; none at the end of the text."""
        at = bisect_right(self._points, point) - 1
        return self._stretches[at].marks or {} if 0 <= at < len(self._stretches) else {}

    def between(self, start: int, end: int) -> Iterator[Stretch]:
        """Yield the stretches from one code point to another, the outer ones cut."""
        for at, stretch in zip(self._points, self._stretches, strict=False):
            low, high = max(start, at), min(end, at + len(stretch.text))
            if low < high:
                yield stretch._replace(text=stretch.text[low - at : high - at])


def _size(stretch: Stretch) -> int:
    """Return how many of pycrdt's bytes a stretch takes."""
    return 1 if stretch.is_embed else len(stretch.text.encode())
