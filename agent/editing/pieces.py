"""A text under edit that remembers which stretches still come from the snapshot: a piece table.

Several commands of one instruction edit one text; a later one may change what an earlier one wrote. At the end the
pieces give the exact, ordered, non-overlapping replacements over the snapshot that operations are made of.
"""

from __future__ import annotations

from dataclasses import dataclass

from crdt.line_ends import normalise_line_ends


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the snapshot (`start` to `end`), or new words (`start` is -1)."""

    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """Put `text` in place of `start` to `end` of the snapshot; `sticks_right` when it belongs to what follows."""

    start: int
    end: int
    text: str
    sticks_right: bool = False


class PieceTable:
    """One text document while commands edit it. Offsets are code points of the text as it is now."""

    def __init__(self, snapshot: str) -> None:
        self.snapshot = snapshot
        self._pieces = [Piece(0, len(snapshot), snapshot)] if snapshot else []
        self._right: set[int] = set()

    @property
    def text(self) -> str:
        """The text as it is now."""
        return "".join(piece.words for piece in self._pieces)

    def edit(self, start: int, end: int, words: str, *, sticks_right: bool = False) -> None:
        """Put `words` in place of `start` to `end`; their lines end in `\n`, whatever they ended in."""
        assert 0 <= start <= end, "a stretch has its start in front"
        # Decision 82: lines of documents end in one character, whatever was pasted.
        if words.endswith("\r") and self.text[end : end + 1] == "\n":
            words = words[:-1]  # the rest of that line end stands there already
        words = normalise_line_ends(words)
        first, last = self._cut(start), self._cut(end)
        assert first <= last, "pieces are in the order of the text"
        new = [Piece(-1, -1, words)] if words else []
        if sticks_right and start == end:
            origin = self.origin(start, start)
            if origin is not None:
                self._right.add(origin[0])
        self._pieces[first:last] = new

    def origin(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where a stretch stood in the snapshot; None when it holds anything new, or has lost anything."""
        at, found = 0, None
        for piece in self._pieces:
            low, high = max(start, at), min(end, at + len(piece.words))
            inside = low < high or (start == end and at <= start <= at + len(piece.words))
            if inside:
                if piece.start < 0:
                    return None
                here = (piece.start + low - at, piece.start + high - at)
                if found is None:
                    found = here
                elif found[1] == here[0]:
                    found = (found[0], here[1])
                elif start != end:
                    return None
            at += len(piece.words)
        return found if found is not None or self._pieces else (0, 0)

    def place_of(self, start: int, end: int) -> tuple[int, int]:
        """Return where a stretch of the snapshot stands now, with all that was written in it and at its ends."""
        assert 0 <= start <= end <= len(self.snapshot), "the stretch is one of the snapshot"
        at, low, high = 0, 0, len(self.text)
        for piece in self._pieces:
            if piece.start >= 0:
                if piece.start < start:
                    low = at + min(start, piece.end) - piece.start
                if piece.end > end:
                    high = min(high, at + max(end, piece.start) - piece.start)
            at += len(piece.words)
        assert low <= at, "a place is inside the text"
        return low, max(low, high)

    def sources(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the stretches of the snapshot that are left between `start` and `end`, in order."""
        at, found = 0, []
        for piece in self._pieces:
            low, high = max(start, at), min(end, at + len(piece.words))
            if piece.start >= 0 and low < high:
                found.append((piece.start + low - at, piece.start + high - at))
            at += len(piece.words)
        return found

    def replacements(self) -> list[Replacement]:
        """Return what changed against the snapshot, in ascending order."""
        found: list[Replacement] = []
        reached, words = 0, ""
        for piece in [*self._pieces, Piece(len(self.snapshot), len(self.snapshot), "")]:
            if piece.start < 0:
                words += piece.words
                continue
            if words or piece.start > reached:
                right = reached == piece.start and piece.start in self._right
                found.append(Replacement(reached, piece.start, words, right))
            assert piece.start >= reached, "what is left of the snapshot keeps its order"
            reached, words = piece.end, ""
        assert reached == len(self.snapshot), "the snapshot was walked to its end"
        return found

    def _cut(self, offset: int) -> int:
        """Make a piece boundary at `offset` and return the index of the piece that starts there."""
        assert offset >= 0, "offsets are counted from the start"
        at = 0
        for index, piece in enumerate(self._pieces):
            if at == offset:
                return index
            if at < offset < at + len(piece.words):
                split = offset - at
                middle = piece.start + split if piece.start >= 0 else -1
                left = Piece(piece.start, middle, piece.words[:split])
                right = Piece(middle, piece.end, piece.words[split:])
                self._pieces[index : index + 1] = [left, right]
                return index + 1
            at += len(piece.words)
        return len(self._pieces)
