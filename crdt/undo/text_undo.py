"""Take back one edit of a text by operations on the text as it is now, hunk by hunk, and never a blend.

A hunk whose words stand, whatever was typed between them, goes, and what it had taken out comes back in its place.
Where something else stands in place of its words, nothing comes back beside that: the hunk stays, and says what
replaced it. Where its words were only taken out, what they had replaced comes back, and says so. What an earlier undo
has put back stands for what was there (`crdt.undo.lineage`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from crdt.digest import digest_text
from crdt.documents.anchor import Anchor, ids_of_range, place_anchors, place_range, resolve_anchor
from crdt.documents.document import Document
from crdt.errors import CrdtError
from crdt.operations.excerpt import copied
from crdt.operations.ops import Check, Delete, Op
from crdt.undo.hunks import Gone, Hunk, hunks_of, ids_in, is_since, missing, place_of, rivals
from crdt.undo.lineage import Past
from crdt.undo.order import Order, ranked
from crdt.undo.positions import IdSpans, Piece, joined, pieces_of, runs_of
from crdt.undo.undo import Emptied, Undo
from crdt.updates.summary import Id, IdSpan

LETTERS = re.compile(r"\w\w")


@dataclass(slots=True)
class _TextUndo:
    """One undo under way: what goes, and what comes back where, in the order of the text."""

    doc: str
    before: Document
    after: Document
    now: Document
    past: Past
    undo: Undo = field(default_factory=Undo)
    going: list[tuple[int, int]] = field(default_factory=list)
    coming: list[tuple[int, tuple[int, int]]] = field(default_factory=list)
    taken: list[Piece] = field(default_factory=list)  # of the text before the edit, hunk by hunk
    alone: list[int] = field(default_factory=list)  # where something comes back beside nothing that goes

    def take(self, hunk: Hunk) -> bool:
        """Decide about one hunk; False where it stays, because others stand in its place."""
        past, now = self.past, self.now
        standing = pieces_of(now, past.lineage.instances(piece.span for piece in hunk.put))
        gone = list(missing(now, past, hunk.put, standing))
        found = list(rivals(now, past, self.after, gone, hunk.put)) if gone else []
        self.undo.replaced += found
        if found and (hunk.taken or not standing):
            return False
        back = list(self._back(hunk))
        self.going += runs_of(standing)
        self.undo.inside += self._typed_into(hunk, standing)
        if not back:
            return True
        if standing:
            places = [standing[0].start if self._is_before(hunk) else standing[-1].end]
        elif hunk.put:
            places = [gone[0].at if self._is_before(hunk) else gone[-1].at]
        else:
            back, places = self._apart(hunk, back)
        if not standing:
            self.alone += places
        place = places[0]
        if gone:
            seqs = tuple(sorted({past.taken.at(one.last) or 0 for one in gone}))
            self.undo.emptied.append(Emptied(self._gone(hunk, gone), "".join(map(self._words, back)), seqs, place))
        self.taken += hunk.taken
        self.coming += zip(places if len(places) > 1 else places * len(back), back, strict=True)
        self.undo.orphans += self._orphans(hunk, back, place)
        return True

    def _orphans(self, hunk: Hunk, back: Sequence[tuple[int, int]], place: int) -> Iterator[Emptied]:
        """Yield what comes back of words whose own edit was taken back since."""
        found: dict[int, list[str]] = {}
        points = {at for start, end in back for at in range(start, end)}
        for piece in hunk.taken:
            for at, id in enumerate(ids_in(piece), piece.start):
                seq = self.past.came(id)
                if seq in self.past.undone and at in points:
                    found.setdefault(seq, []).append(self.before.text()[at])
        yield from (Emptied("", "".join(chars), (seq,), place) for seq, chars in found.items())

    def _words(self, run: tuple[int, int]) -> str:
        return self.before.text()[run[0] : run[1]]

    def _gone(self, hunk: Hunk, gone: Sequence[Gone]) -> str:
        ids = {one.id for one in gone}
        pairs = ((id, char) for piece in hunk.put for id, char in zip(ids_in(piece), piece.text, strict=True))
        return "".join(char for id, char in pairs if id in ids)

    def _back(self, hunk: Hunk) -> Iterator[tuple[int, int]]:
        """Yield the stretches of the text before the edit that come back: not what stands, or others took out since."""
        past, runs, out = self.past, list[tuple[int, int]](), dict[int, list[str]]()
        there = {
            past.lineage.root(id)
            for piece in pieces_of(self.now, past.lineage.instances(piece.span for piece in hunk.taken))
            for id in ids_in(piece)
        }
        for piece in hunk.taken:
            for at, id in enumerate(ids_in(piece), piece.start):
                seq = past.taker(id)
                if past.lineage.root(id) in there:
                    continue
                if seq is not None:
                    out.setdefault(seq, []).append(self.before.text()[at])
                else:
                    runs.append((at, at + 1))
        self.undo.taken += [("".join(chars), seq) for seq, chars in out.items()]
        return iter(joined(runs))

    def _is_before(self, hunk: Hunk) -> bool:
        """Tell whether what a hunk took out is buried before what it put in: there it belongs, or behind it."""
        try:
            buried = resolve_anchor(self.after, Anchor(next(ids_in(hunk.taken[0])), None, 0))
        except CrdtError:
            return True
        return buried <= hunk.put[0].start

    def _apart(self, hunk: Hunk, back: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], list[int]]:
        """Return what an edit took out without a word in its place, cut where it stood apart, and where that was."""
        runs, places, where = list[tuple[int, int]](), list[int](), dict[Id, int]()
        points = {at for start, end in back for at in range(start, end)}
        for piece in hunk.taken:
            for at, id in enumerate(ids_in(piece), piece.start):
                if at not in points:
                    continue
                place = place_of(self.now, self.past.lineage.latest(id), where)
                if runs and runs[-1][1] == at and places[-1] == place:
                    runs[-1] = (runs[-1][0], at + 1)
                else:
                    runs.append((at, at + 1))
                    places.append(place)
        return runs, places

    def _typed_into(self, hunk: Hunk, standing: Sequence[Piece]) -> Iterator[tuple[int, int]]:
        """Yield what stands between words of a hunk that go; none of it was there when they were put in."""
        runs = runs_of(standing)
        yield from ((end, start) for (_, end), (start, _) in pairwise(runs))


def undo_text(
    doc: str,
    before: Document,
    after: Document,
    now: Document,
    *,
    inserted: IdSpans,
    deleted: IdSpans,
    past: Past | None = None,
) -> Undo:
    """Return what takes a text edit back. `before` and `after` are the document around it, `now` as it is.

    `past` is what a log knows of the ids in it.
    """
    work = _TextUndo(doc, before, after, now, past or Past())
    hunks = hunks_of(before, after, inserted=inserted, deleted=deleted)
    # What was typed inside a hunk parts it in two when it is taken back: an undo is taken back as a whole.
    is_kept = [not work.take(hunk) for hunk in hunks]
    if any(is_kept) and work.past.since in work.past.undos:
        return Undo(replaced=work.undo.replaced)
    undo = work.undo
    coming = _in_order(work)
    undo.grown = list(_grown(work, coming))
    anchors = place_anchors(now, [(place, -1) for place, _ in coming])
    for (_, (start, end)), anchor in zip(reversed(coming), reversed(anchors), strict=True):
        inserts, left_out = copied(before, start, end, doc=doc, at=anchor.encode(), ids=_ids_of(work.taken))
        # What goes to one place goes there the last first: each pushes what stands there to the right.
        undo.ops += reversed(inserts)
        if left_out:
            undo.lost.append(f"{left_out} embedded in {doc} cannot be put back")
    undo.ops += _deletions(work)
    undo.ops += _checks(work)
    return undo


def _deletions(work: _TextUndo) -> Iterator[Op]:
    text = work.now.text()
    for start, end in sorted(work.going):
        place = place_range(work.now, start, end)
        yield Delete(work.doc, place.start.encode(), place.end.encode(), digest_text(text[start:end]))


def _checks(work: _TextUndo) -> Iterator[Op]:
    """Yield what holds the neighbours of a bare place: who writes there meanwhile is looked at anew."""
    text = work.now.text()
    for at in dict.fromkeys(work.alone):
        start, end = max(0, at - 1), min(len(text), at + 1)
        if start < end:
            place = place_range(work.now, start, end)
            yield Check(work.doc, digest_text(text[start:end]), (), place.start.encode(), place.end.encode())


def _ids_of(taken: Sequence[Piece]) -> Callable[[int, int], tuple[IdSpan, ...]]:
    """Return what says which ids stood at a range of the text before the edit; `taken` are pieces in its order."""
    ends = [piece.end for piece in taken]

    def ids(start: int, end: int) -> tuple[IdSpan, ...]:
        found = list[IdSpan]()
        at = bisect_right(ends, start)
        while at < len(taken) and taken[at].start < end:
            client, low, high = taken[at].cut(start, end).span
            at += 1
            if found and found[-1][0] == client and found[-1][2] == low:
                found[-1] = (client, found[-1][1], high)
            else:
                found.append((client, low, high))
        return tuple(found)

    return ids


def _in_order(work: _TextUndo) -> list[tuple[int, tuple[int, int]]]:
    """Return what comes back, each at a place where all that ever stood together keeps its order.

    A place says between which words that stand something belongs. What undos have put back there meanwhile does not
    stand where it once stood: it is compared as it was when both stood there.
    """
    heirs = pieces_of(work.now, work.past.lineage.heirs()) if work.coming and work.past.lineage else []
    if not heirs:
        return _ascending(work.coming)
    order = Order(work.past, ranked(work.now))
    chars = [(id, at, order.came(id)) for one in heirs for at, id in enumerate(ids_in(one), one.start)]
    coming = list[tuple[int, tuple[int, int]]]()
    for place, (start, end) in work.coming:
        for piece in work.taken:
            low, high = max(start, piece.start), min(end, piece.end)
            if low < high:
                id = next(ids_in(piece.cut(low, high)))
                coming.append((order.place(id, place, chars), (low, high)))
    return _ascending(coming)


def _ascending(coming: Iterable[tuple[int, tuple[int, int]]]) -> list[tuple[int, tuple[int, int]]]:
    """Return what comes back with its order kept, as few stretches."""
    found, reached = list[tuple[int, tuple[int, int]]](), 0
    for place, (start, end) in coming:
        reached = max(reached, place)
        if found and found[-1][0] == reached and found[-1][1][1] == start:
            found[-1] = (reached, (found[-1][1][0], end))
        else:
            found.append((reached, (start, end)))
    return found


def _grown(work: _TextUndo, coming: Sequence[tuple[int, tuple[int, int]]]) -> Iterator[tuple[int, int]]:
    """Yield the words written since that would stand with what comes back as one word."""
    text, going, words = work.now.text(), joined(work.going), work.before.text()
    for place, (start, end) in coming:
        left = next((a for a, b in going if a < place <= b), place)
        right = next((b for a, b in going if a <= place < b), place)
        if left and LETTERS.match(text[left - 1] + words[start]):
            low = left - 1
            if _is_new(work, low):
                while low and text[low - 1].isalnum() and _is_new(work, low - 1):
                    low -= 1
                yield low, left
        if right < len(text) and LETTERS.match(words[end - 1] + text[right]) and _is_new(work, right):
            high = right + 1
            while high < len(text) and text[high].isalnum() and _is_new(work, high):
                high += 1
            yield right, high


def _is_new(work: _TextUndo, at: int) -> bool:
    ((client, clock, _),) = ids_of_range(work.now, at, at + 1)
    return is_since(work.past, work.after, Id(client, clock))
