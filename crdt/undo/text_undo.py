"""Take back one edit of a text by operations on the text as it is now, hunk by hunk, and never a blend.

A hunk whose words stand, whatever was typed between them, goes, and what it had taken out comes back in its place.
Where something else stands in place of its words, nothing comes back beside that: the hunk stays, and says what
replaced it. Where its words were only taken out, what they had replaced comes back, and says so (decision 91). What an
earlier undo has put back stands for what was there (`crdt.undo.lineage`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from crdt.digest import digest_text
from crdt.documents.anchor import Anchor, find_ids_of_range, place_anchors, place_range, resolve_anchor
from crdt.documents.document import Document
from crdt.errors import CrdtError
from crdt.operations.excerpt import copy_text
from crdt.operations.ops import Check, Delete, Op
from crdt.undo.hunks import Gone, Hunk, Rival, find_hunks, find_missing, find_rivals, is_since, list_ids, locate
from crdt.undo.lineage import NEVER, Past
from crdt.undo.order import Order, rank_characters
from crdt.undo.positions import IdSpans, Piece, find_pieces, find_runs, join_runs
from crdt.undo.undo import Emptied, Undo
from crdt.updates.summary import Id, IdSpan

# Two letters or digits side by side read as one word.
LETTERS = re.compile(r"\w\w")
PASSED_POINTS_MAX = 80


@dataclass(slots=True)
class _TextUndo:
    """One undo of a text edit under way: what goes, and what comes back where, in the order of the text."""

    doc: str
    before: Document
    after: Document
    now: Document
    past: Past
    undo: Undo = field(default_factory=Undo)
    going: list[tuple[int, int]] = field(default_factory=list)
    coming: list[tuple[int, tuple[int, int]]] = field(default_factory=list)
    taken: list[Piece] = field(default_factory=list)  # of the text before the edit, hunk by hunk
    alone: list[int] = field(default_factory=list)  # where words come back beside nothing that goes

    def take(self, hunk: Hunk) -> bool:
        """Decide about one hunk; False where it stays, because others stand in its place."""
        # What of the hunk stands, in any copy that undos have made of it; what is gone; what stands there instead.
        past, now = self.past, self.now
        standing = find_pieces(now, past.lineage.instances(piece.span for piece in hunk.put))
        gone = list(find_missing(now, past, hunk.put, standing))
        found = list(find_rivals(now, past, self.after, gone, hunk.put)) if gone else []
        self.undo.replaced += found
        # The old words beside the new ones would be a blend that no person wrote.
        if found and (hunk.taken or not standing):
            return False
        back = list(self._back(hunk))
        self.going += find_runs(standing)
        self.undo.inside += self._typed_into(hunk, standing)
        if not back:
            return True
        # Where the words of the hunk stand, theirs is the place; else where they were; else where the old ones were.
        if standing:
            places = [standing[0].start if self._is_before(hunk) else standing[-1].end]
        elif hunk.put:
            places = [gone[0].at if self._is_before(hunk) else gone[-1].at]
        else:
            back, places = self._apart(hunk, back)
        if not standing:
            self.alone += places
        assert places, "what comes back comes back somewhere"
        place = places[0]
        if gone:
            seqs = tuple(sorted({past.taken.at(one.last) or 0 for one in gone}))
            self.undo.emptied.append(Emptied(self._gone(hunk, gone), "".join(map(self._words, back)), seqs, place))
        self.taken += hunk.taken
        self.coming += zip(places if len(places) > 1 else places * len(back), back, strict=True)
        self.undo.orphans += self._orphans(hunk, back, place)
        return True

    def _orphans(self, hunk: Hunk, back: Sequence[tuple[int, int]], place: int) -> Iterator[Emptied]:
        """Yield what comes back of words whose own edit was taken back since: it is named, so that a person may see."""
        found: dict[int, list[str]] = {}
        points = {at for start, end in back for at in range(start, end)}
        for piece in hunk.taken:
            for at, id in enumerate(list_ids(piece), piece.start):
                seq = self.past.came(id)
                if seq in self.past.undone and at in points:
                    found.setdefault(seq, []).append(self.before.text()[at])
        yield from (Emptied("", "".join(chars), (seq,), place) for seq, chars in found.items())

    def _words(self, run: tuple[int, int]) -> str:
        """Return a stretch of the text before the edit."""
        return self.before.text()[run[0] : run[1]]

    def _gone(self, hunk: Hunk, gone: Sequence[Gone]) -> str:
        """Return the words of a hunk that do not stand any more."""
        ids = {one.id for one in gone}
        pairs = ((id, char) for piece in hunk.put for id, char in zip(list_ids(piece), piece.text, strict=True))
        return "".join(char for id, char in pairs if id in ids)

    def _back(self, hunk: Hunk) -> Iterator[tuple[int, int]]:
        """Yield the stretches of the text before the edit that come back: not what stands, or others took out since."""
        past, runs, out = self.past, list[tuple[int, int]](), dict[int, list[str]]()
        there = {
            past.lineage.root(id)
            for piece in find_pieces(self.now, past.lineage.instances(piece.span for piece in hunk.taken))
            for id in list_ids(piece)
        }
        for piece in hunk.taken:
            for at, id in enumerate(list_ids(piece), piece.start):
                seq = past.taker(id)
                if past.lineage.root(id) in there:
                    continue
                if seq is not None:
                    out.setdefault(seq, []).append(self.before.text()[at])
                else:
                    runs.append((at, at + 1))
        self.undo.taken += [("".join(chars), seq) for seq, chars in out.items()]
        return iter(join_runs(runs))

    def _is_before(self, hunk: Hunk) -> bool:
        """Tell whether what a hunk took out is buried before what it put in: there it belongs, or behind it."""
        try:
            assert hunk.taken, "what comes back was taken out"
            buried = resolve_anchor(self.after, Anchor(next(list_ids(hunk.taken[0])), None, 0))
        except CrdtError:  # it was collected: before is where a replacement leaves it
            return True
        return buried <= hunk.put[0].start

    def _apart(self, hunk: Hunk, back: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], list[int]]:
        """Return what an edit took out without a word in its place, cut where it stood apart, and where that was."""
        runs, places, where = list[tuple[int, int]](), list[int](), dict[Id, int]()
        points = {at for start, end in back for at in range(start, end)}
        for piece in hunk.taken:
            for at, id in enumerate(list_ids(piece), piece.start):
                if at not in points:
                    continue
                place = locate(self.now, self.past.lineage.latest(id), where)
                if runs and runs[-1][1] == at and places[-1] == place:
                    runs[-1] = (runs[-1][0], at + 1)
                else:
                    runs.append((at, at + 1))
                    places.append(place)
        assert len(runs) == len(places), "each stretch has its place"
        return runs, places

    def _typed_into(self, hunk: Hunk, standing: Sequence[Piece]) -> Iterator[tuple[int, int]]:
        """Yield what stands between words of a hunk that go; none of it was there when they were put in."""
        runs = find_runs(standing)
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
    assert before.kind == after.kind == now.kind == "text", "values have an undo of their own"
    text_undo = _TextUndo(doc, before, after, now, past or Past())
    hunks = find_hunks(before, after, inserted=inserted, deleted=deleted)
    # What was typed inside a hunk parts it in two when it is taken back: an undo is taken back as a whole.
    is_kept = [not text_undo.take(hunk) for hunk in hunks]
    if text_undo.past.since in text_undo.past.undos:
        parted = list(_find_parted(text_undo, hunks))
        if parted or any(is_kept):
            return Undo(replaced=[*text_undo.undo.replaced, *parted])
    # Everything that comes back is placed on the text as it is, before the first operation.
    undo = text_undo.undo
    coming = _order_coming(text_undo)
    undo.grown = list(_find_grown(text_undo, coming))
    anchors = place_anchors(now, [(place, -1) for place, _ in coming])
    assert len(anchors) == len(coming), "each stretch that comes back has its anchor"
    for (_, (start, end)), anchor in zip(reversed(coming), reversed(anchors), strict=True):
        inserts, left_out = copy_text(before, start, end, doc=doc, at=anchor.encode(), ids=_make_ids(text_undo.taken))
        # What goes to one place goes there the last first: each pushes what stands there to the right.
        undo.ops += reversed(inserts)
        if left_out.embeds:
            undo.lost.append(f"{left_out.embeds} embedded in {doc} cannot be put back")
        if left_out.marks:
            undo.lost.append(f"{left_out.marks} marks of words in {doc} cannot be put back")
    undo.ops += _delete_going(text_undo)
    undo.ops += _check_neighbours(text_undo)
    return undo


def _find_parted(text_undo: _TextUndo, hunks: Sequence[Hunk]) -> Iterator[Rival]:
    """Yield what another undo has put back of the words of which this one has put back only a part.

    What those words had replaced would come back beside what is left of them.
    """
    past, now = text_undo.past, text_undo.now
    back = [id for hunk in hunks for piece in hunk.put for id in list_ids(piece) if past.lineage.root(id) != id]
    roots = {past.lineage.root(id) for id in back}
    # What was there before the edit behind all this was no part of what that one wrote.
    mine = [root for root in roots if past.came(root) == past.origin]
    written = {span for root in mine if (span := past.brought.span(root)) is not None}
    for piece in find_pieces(now, past.lineage.instances(sorted(written))):
        first = next(list_ids(piece))
        others = [root for id in list_ids(piece) if (root := past.lineage.root(id)) != id and root not in roots]
        if others:
            words = "".join(one.text for hunk in hunks for one in hunk.put)
            yield Rival(words, past.brought.at(first) or 0, (piece.start, piece.end), is_beside=True)


def _delete_going(text_undo: _TextUndo) -> Iterator[Op]:
    """Yield the deletions of what goes."""
    text = text_undo.now.text()
    for start, end in sorted(text_undo.going):
        assert start < end, "what goes is a stretch"
        place = place_range(text_undo.now, start, end)
        yield Delete(text_undo.doc, place.start.encode(), place.end.encode(), digest_text(text[start:end]))


def _check_neighbours(text_undo: _TextUndo) -> Iterator[Op]:
    """Yield checks of the neighbours of a bare place: where a person writes there meanwhile, the undo goes stale."""
    text = text_undo.now.text()
    for at in dict.fromkeys(text_undo.alone):
        start, end = max(0, at - 1), min(len(text), at + 1)
        if start < end:
            place = place_range(text_undo.now, start, end)
            yield Check(text_undo.doc, digest_text(text[start:end]), (), place.start.encode(), place.end.encode())


def _make_ids(taken: Sequence[Piece]) -> Callable[[int, int], tuple[IdSpan, ...]]:
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


def _order_coming(text_undo: _TextUndo) -> list[tuple[int, tuple[int, int]]]:
    """Return what comes back, each at a place where all that ever stood together keeps its order.

    A place says between which words that stand something belongs. What undos have put back there meanwhile does not
    stand where it once stood: it is compared as it was when both stood there.
    """
    # Only what undos have put back can stand out of order: without any the places are right as they are.
    heirs = (
        find_pieces(text_undo.now, text_undo.past.lineage.heirs())
        if text_undo.coming and text_undo.past.lineage
        else []
    )
    if not heirs:
        return _ascend(text_undo.coming)
    order = Order(text_undo.past, rank_characters(text_undo.now))
    chars = [(id, at, order.came(id)) for one in heirs for at, id in enumerate(list_ids(one), one.start)]
    coming, where = list[tuple[int, tuple[int, int]]](), dict[Id, int]()
    for place, (start, end) in text_undo.coming:
        for piece in text_undo.taken:
            low, high = max(start, piece.start), min(end, piece.end)
            for buried, part in _by_burial(text_undo, piece.cut(low, high), where) if low < high else ():
                others = [*chars, *_list_between(text_undo.now, place, buried)]
                coming.append((order.place(next(list_ids(part)), place, others), (part.start, part.end)))
    return _ascend(coming)


def _by_burial(text_undo: _TextUndo, piece: Piece, where: dict[Id, int]) -> Iterator[tuple[int, Piece]]:
    """Yield what comes back of a piece, cut where others were typed into the copy that stood last, and its place."""
    places = [locate(text_undo.now, text_undo.past.lineage.latest(id), where) for id in list_ids(piece)]
    assert len(places) == len(piece.text), "each character has its place"
    for buried, run in groupby(range(len(places)), places.__getitem__):
        first, *rest = run
        yield buried, piece.cut(piece.start + first, piece.start + first + 1 + len(rest))


def _list_between(now: Document, place: int, buried: int) -> Iterator[tuple[Id, int, int]]:
    """Yield what stands between where words come back and where they were buried: that they pass, wherever it is from.

    Looked at are the `PASSED_POINTS_MAX` code points next to where they were buried.
    """
    assert min(place, buried) >= 0, "places lie in the text"
    low, high = max(min(place, buried), buried - PASSED_POINTS_MAX), min(max(place, buried), buried + PASSED_POINTS_MAX)
    for at, (client, clock, _) in enumerate(find_ids_of_range(now, low, high) if low < high else (), low):
        yield Id(client, clock), at, NEVER


def _ascend(coming: Iterable[tuple[int, tuple[int, int]]]) -> list[tuple[int, tuple[int, int]]]:
    """Return what comes back with its order kept, as few stretches."""
    found, reached = list[tuple[int, tuple[int, int]]](), 0
    for place, (start, end) in coming:
        assert start < end, "what comes back is a stretch"
        reached = max(reached, place)
        if found and found[-1][0] == reached and found[-1][1][1] == start:
            found[-1] = (reached, (found[-1][1][0], end))
        else:
            found.append((reached, (start, end)))
    return found


def _find_grown(text_undo: _TextUndo, coming: Sequence[tuple[int, tuple[int, int]]]) -> Iterator[tuple[int, int]]:
    """Yield the words written since that would stand with what comes back as one word."""
    text, going, words = text_undo.now.text(), join_runs(text_undo.going), text_undo.before.text()
    for place, (start, end) in coming:
        # What goes beside the place is no neighbour any more when the words are back.
        left = next((a for a, b in going if a < place <= b), place)
        right = next((b for a, b in going if a <= place < b), place)
        if left and LETTERS.match(text[left - 1] + words[start]):
            low = left - 1
            if _is_new(text_undo, low):
                while low and text[low - 1].isalnum() and _is_new(text_undo, low - 1):
                    low -= 1
                yield low, left
        if right < len(text) and LETTERS.match(words[end - 1] + text[right]) and _is_new(text_undo, right):
            high = right + 1
            while high < len(text) and text[high].isalnum() and _is_new(text_undo, high):
                high += 1
            yield right, high


def _is_new(text_undo: _TextUndo, at: int) -> bool:
    """Tell whether the character at a code point was written after the edit."""
    ((client, clock, _),) = find_ids_of_range(text_undo.now, at, at + 1)
    return is_since(text_undo.past, text_undo.after, Id(client, clock))
