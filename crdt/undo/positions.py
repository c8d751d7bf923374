"""Where characters of given ids stand in a text, and whose they are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from crdt.documents.anchor import Anchor, resolve_anchor
from crdt.documents.document import Document
from crdt.documents.ruler import EMBED as EMBED_CHARACTER
from crdt.text import point_at_utf16, utf16_length, utf16_offset
from crdt.updates.scan import Id
from crdt.updates.structs import Block
from crdt.updates.summary import EMBED, STRING, TYPE, Span

Spans = Iterable[tuple[int, int, int]]  # (Yjs client id, first clock, end clock), half open
SHOWN = frozenset({STRING, EMBED, TYPE})
NO_DELETIONS = b"\x00"
KIND_BITS = 0xE0


class Piece(NamedTuple):
    """Characters that one client wrote in a row: at code point `start` of a text, their ids from `clock` on."""

    start: int
    text: str
    client: int
    clock: int

    @property
    def end(self) -> int:
        """The code point behind the last one."""
        return self.start + len(self.text)

    @property
    def stop(self) -> int:
        """The clock behind its last one."""
        return self.clock + utf16_length(self.text)

    @property
    def span(self) -> tuple[int, int, int]:
        """Its ids."""
        return self.client, self.clock, self.stop

    def cut(self, start: int, end: int) -> Piece:
        """Return what of it stands between two code points of its text; nothing is a piece without characters."""
        low = min(max(start - self.start, 0), len(self.text))
        high = min(max(end - self.start, low), len(self.text))
        return Piece(self.start + low, self.text[low:high], self.client, self.clock + utf16_offset(self.text, low))


def pieces_of(document: Document, spans: Spans) -> list[Piece]:
    """Return the characters of these ids that stand in a text now, in the order of the text."""
    blocks, deleted = document.blocks()
    found: list[Piece] = []
    for client, low, high in spans:
        own, gone = blocks.get(client, []), deleted.get(client, ())
        at = max(0, bisect_right(own, low, key=start_of) - 1)
        while at < len(own) and own[at].start < high:
            block = own[at]
            at += 1
            if block.start + block.length <= low or not _is_shown(document, client, block, gone):
                continue
            start = resolve_anchor(document, Anchor(Id(client, block.start), None, 0))
            if block.text is None:
                found.append(Piece(start, EMBED_CHARACTER, client, block.start))
                continue
            first = point_at_utf16(block.text, max(0, low - block.start))
            last = point_at_utf16(block.text, min(block.length, high - block.start))
            whole = Piece(start, block.text, client, block.start)
            if last > first:
                found.append(whole.cut(start + first, start + last))
    return sorted(found)


def start_of(block: Block) -> int:
    """Return the first clock of a block."""
    return block.start


def _is_shown(document: Document, client: int, block: Block, gone: tuple[Span, ...]) -> bool:
    """Tell whether a struct is a part of the text that people see: words, or something embedded."""
    if block.kind not in SHOWN or not document.is_in_text(Id(client, block.start)):
        return False
    at = bisect_right(gone, block.start, key=_first) - 1
    return at < 0 or gone[at][1] <= block.start


def _first(span: Span) -> int:
    return span[0]


def runs_of(pieces: Iterable[Piece]) -> list[tuple[int, int]]:
    """Return the stretches that pieces cover, ascending and disjoint, in code points."""
    return joined((piece.start, piece.end) for piece in pieces)


def joined(runs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return stretches as few disjoint ones, ascending."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(runs):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
