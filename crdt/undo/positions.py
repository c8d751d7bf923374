"""Where characters of given ids stand in a text, and whose they are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from crdt.documents.anchor import Anchor, resolve_anchor
from crdt.documents.document import Document
from crdt.documents.ruler import EMBED as EMBED_CHARACTER
from crdt.text import point_at_utf16, utf16_length, utf16_offset
from crdt.updates.structs import StoredStruct
from crdt.updates.summary import EMBED, STRING, TYPE, Id, IdSpan, Span

IdSpans = Iterable[IdSpan]
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
    def span(self) -> IdSpan:
        """Its ids."""
        return self.client, self.clock, self.stop

    def cut(self, start: int, end: int) -> Piece:
        """Return what of it stands between two code points of its text; nothing is a piece without characters."""
        low = min(max(start - self.start, 0), len(self.text))
        high = min(max(end - self.start, low), len(self.text))
        return Piece(self.start + low, self.text[low:high], self.client, self.clock + utf16_offset(self.text, low))


def pieces_of(document: Document, spans: IdSpans) -> list[Piece]:
    """Return the characters of these ids that stand in a text now, in the order of the text."""
    structs, deleted = document.stored_structs()
    found: list[Piece] = []
    for client, low, high in spans:
        own, gone = structs.get(client, []), deleted.get(client, ())
        at = max(0, bisect_right(own, low, key=start_of) - 1)
        while at < len(own) and own[at].start < high:
            struct = own[at]
            at += 1
            if struct.start + struct.length <= low or not _is_shown(document, client, struct, gone):
                continue
            start = resolve_anchor(document, Anchor(Id(client, struct.start), None, 0))
            if struct.text is None:
                found.append(Piece(start, EMBED_CHARACTER, client, struct.start))
                continue
            first = point_at_utf16(struct.text, max(0, low - struct.start))
            last = point_at_utf16(struct.text, min(struct.length, high - struct.start))
            whole = Piece(start, struct.text, client, struct.start)
            if last > first:
                found.append(whole.cut(start + first, start + last))
    return sorted(found)


def start_of(struct: StoredStruct) -> int:
    """Return the first clock of a block."""
    return struct.start


def _is_shown(document: Document, client: int, struct: StoredStruct, gone: tuple[Span, ...]) -> bool:
    """Tell whether a struct is a part of the text that people see: words, or something embedded."""
    if struct.kind not in SHOWN or not document.is_in_text(Id(client, struct.start)):
        return False
    at = bisect_right(gone, struct.start, key=_first) - 1
    return at < 0 or gone[at][1] <= struct.start


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
