"""Places and ranges that survive edits: Yjs relative positions of our own making.

An anchor travels as base64 of the bytes of Yjs `encodeRelativePosition`, so that browsers make and read the same.
pycrdt's `sticky_index` gives wrong ids after non-ASCII text (trap 2), so an anchor is placed by a probe: the character
is deleted on a fork, and its ids are read out of the delete set. Inserting beside it would not do: the new neighbour's
origin may be a tombstone that stands between. pycrdt's `get_index` mixes units too (it
adds the bytes of the structs before to the UTF-16 units within one), so it is asked only where a struct begins, and
the rest of the way is counted in the struct's own text.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from pycrdt import Array, StickyIndex, Text

from crdt.documents.document import TEXT_ROOT, Document
from crdt.errors import AnchorLost, MalformedFrame, WrongKind
from crdt.text import byte_offset, point_at_byte, point_at_utf16
from crdt.updates.lib0 import Reader, Writer
from crdt.updates.structs import StoredStruct
from crdt.updates.summary import DELETED, FORMAT, GC, DeleteSet, Id, IdSpan

ANCHOR_CHARS_MAX = 200
ROOT_BYTES_MAX = 100
UNCOUNTED = frozenset({GC, DELETED, FORMAT})


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place beside an item (`assoc` >= 0: before it, < 0: after it), or an end of the root named `root`."""

    item: Id | None
    root: str | None
    assoc: int

    def encode(self) -> str:
        """Return the base64 form of Yjs `encodeRelativePosition`."""
        writer = Writer()
        if self.item is not None:
            writer.var_uint(0).var_uint(self.item.client).var_uint(self.item.clock)
        else:
            writer.var_uint(1).var_string(self.root or TEXT_ROOT)
        return b64encode(writer.var_int(self.assoc).getvalue()).decode()

    @staticmethod
    def decode(text: str) -> Anchor:
        """Return the anchor of its base64 form.

        Raises:
            MalformedFrame: it is not one, or it hangs from a nested type, which no document kind here has.
        """
        if len(text) > ANCHOR_CHARS_MAX:
            raise MalformedFrame(f"an anchor has {len(text)} characters, at most {ANCHOR_CHARS_MAX} are taken")
        try:
            reader = Reader(b64decode(text, validate=True))
        except (binascii.Error, ValueError) as error:
            raise MalformedFrame("an anchor is not base64") from error
        item, root = None, None
        match reader.var_uint():
            case 0:
                item = Id(reader.var_uint(), reader.var_uint())
            case 1:
                root = reader.var_string(ROOT_BYTES_MAX)
            case other:
                raise MalformedFrame(f"anchor form {other} is not used here")
        # Old Yjs clients leave the association out: it is 0 then.
        assoc = 0 if reader.at_end else reader.var_int()
        reader.expect_end()
        return Anchor(item, root, -1 if assoc < 0 else 0)


@dataclass(frozen=True, slots=True)
class TextRange:
    """A stretch of text: from before its first character to after its last."""

    start: Anchor
    end: Anchor


def place_anchors(document: Document, points: Sequence[tuple[int, int]]) -> list[Anchor]:
    """Return an anchor for each (code point, assoc) of a text document, all probed on one fork.

    `assoc` >= 0 sticks to the character after the point, < 0 to the one before it; at an end of the text, to that end.

    Raises:
        OffsetOutside: a point is outside the text.
    """
    text = document.text()
    wanted: list[tuple[int, int]] = []
    for point, assoc in points:
        byte_offset(text, point)
        wanted.append((point, -1) if assoc < 0 else (point, 0))
    chars = {point if assoc >= 0 else point - 1 for point, assoc in wanted}
    ids = _ids_of(document, sorted((char for char in chars if 0 <= char < len(text)), reverse=True))
    placed = []
    for point, assoc in wanted:
        span = ids.get(point if assoc >= 0 else point - 1)
        if span is None:
            placed.append(Anchor(None, TEXT_ROOT, assoc))
        else:
            client, first, end = span
            placed.append(Anchor(Id(client, first if assoc >= 0 else end - 1), None, assoc))
    return placed


def ids_of_range(document: Document, start: int, end: int) -> list[IdSpan]:
    """Return client, first and end clock of each code point from `start` to `end` of a text.

    Every character is deleted once on a throwaway fork: about 50 µs each. Raises `OffsetOutside`.
    """
    byte_offset(document.text(), end)
    found = _ids_of(document, list(range(end - 1, start - 1, -1)))
    return [found[char] for char in range(start, end)]


def _ids_of(document: Document, chars: Sequence[int]) -> dict[int, IdSpan]:
    """Return client, first clock and end clock of each character (code points, descending), found on one fork."""
    found: dict[int, IdSpan] = {}
    if not chars:
        return found
    probe = document.fork(_probe_client(document))
    for char in chars:
        with probe.transaction() as done:
            probe.delete_text(char, char + 1)
        found[char] = _counted(document, done[0].deleted)
    return found


def _counted(document: Document, deleted: DeleteSet) -> IdSpan:
    """Return client, first and end clock of the one character or embed that is deleted, without marks around it."""
    spans = [(client, start, end) for client, ranges in deleted.items() for start, end in ranges]
    if len(spans) > 1 or not document.is_plain:
        spans = [
            (client, max(start, struct.start), min(end, struct.start + struct.length))
            for client, start, end in spans
            for struct in document.stored_structs()[0][client]
            if struct.kind != FORMAT and struct.start < end and start < struct.start + struct.length
        ]
        # What a shared type held goes with it; the type itself is in the text.
        spans = [span for span in spans if document.is_in_text(Id(*span[:2]))]
    if not spans:
        raise WrongKind("what stands there does not hang from the text: places in it cannot be named")
    client = spans[0][0]
    return client, min(start for _, start, _ in spans), max(end for _, _, end in spans)


def _probe_client(document: Document) -> int:
    """Return a client id that has written nothing here; the probe's bytes are thrown away."""
    client = document.client ^ 3
    while client in document.state_vector():
        client += 1
    return client


def place_range(document: Document, start: int, end: int) -> TextRange:
    """Return the range of code points `start` to `end`; an empty one is a single place. Raises `OffsetOutside`."""
    if start == end:
        (point,) = place_anchors(document, [(start, 0)])
        return TextRange(point, point)
    first, last = place_anchors(document, [(start, 0), (end, -1)])
    return TextRange(first, last)


def resolve_anchor(document: Document, anchor: Anchor) -> int:
    """Return the code point where an anchor stands now.

    Raises:
        AnchorLost: this document has never seen that id.
    """
    now = document.text()
    if anchor.item is None:
        return 0 if anchor.assoc < 0 else len(now)
    struct, is_deleted = _block_of(document, anchor.item)
    if not document.is_in_text(anchor.item):
        raise AnchorLost(f"the anchor names {anchor.item}, which is not in the text")
    offset = _index(document.text_root, Id(anchor.item.client, struct.start))
    start = point_at_byte(now, offset) if document.is_plain else document.ruler().point(offset)
    if is_deleted or struct.kind in UNCOUNTED:
        return start
    if struct.text is None:
        return start + (1 if anchor.assoc < 0 else 0)
    within = point_at_utf16(struct.text, anchor.item.clock - struct.start)
    return start + within + (1 if anchor.assoc < 0 else 0)


def _block_of(document: Document, item: Id) -> tuple[StoredStruct, bool]:
    """Return the stored struct that holds an id, and whether that id is deleted. Raises `AnchorLost`."""
    _check_known(document, item)
    structs, deleted = document.stored_structs()
    own = structs[item.client]
    struct = own[bisect_right(own, item.clock, key=lambda part: part.start) - 1]
    return struct, any(low <= item.clock < high for low, high in deleted.get(item.client, ()))


def _check_known(document: Document, item: Id) -> None:
    if item.clock >= document.state_vector().get(item.client, 0):
        raise AnchorLost(f"the anchor names {item}, which was never here")


def resolve_range(document: Document, place: TextRange) -> tuple[int, int]:
    """Return where a range stands now, `start <= end`; equal when everything in it was deleted."""
    start, end = resolve_anchor(document, place.start), resolve_anchor(document, place.end)
    return start, max(start, end)


def item_index(document: Document, array: Array[object], anchor: Anchor) -> int | None:
    """Return where an anchored list item stands now; None when it was removed. Raises `AnchorLost`."""
    if anchor.item is None:
        return None
    _check_known(document, anchor.item)
    try:
        index = _index(array, anchor.item)
    except BaseException as panic:
        # Yjs has no place for an item whose whole list was deleted, and pycrdt panics on being told so: a read, which
        # leaves the document as it is. To look for the item first costs as much as reading all of the document.
        if type(panic).__name__ != "PanicException":
            raise
        return None
    if index >= len(array):
        return None
    found = array.sticky_index(index).to_json()["item"]
    return index if anchor.item == Id(found["client"], found["clock"]) else None


def place_of_item(document: Document, array: Array[object], item: Id) -> int:
    """Return before which item of its list an id stands, or stood when it was removed. Raises `AnchorLost`."""
    _check_known(document, item)
    return _index(array, item)


def _index(sequence: Text | Array[object], item: Id) -> int:
    """Ask pycrdt where an id that exists stands: bytes of text before it, or list items. Unknown ids would panic."""
    raw = b64decode(Anchor(item, None, 0).encode())
    return StickyIndex.decode(raw, sequence).get_index()
