"""The typed operations: the only way the agent changes a document (semantics §1.4).

Text operations carry anchors and the hash of the text they replace, value operations a path and the hash of the value
they replace, list operations the id of an item. `insert`, `inc` and `list_add` are relative: they build on what stands
there and commute with each other; the rest are absolute.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from crdt.digest import EXACT_MAX, Json, canonical, digest_text, digest_value
from crdt.documents.anchor import Anchor, TextRange, resolve_anchor, resolve_range
from crdt.documents.document import Document
from crdt.documents.paths import ABSENT, Path, dotted, read_path
from crdt.documents.pycrdt_document import DocumentKind
from crdt.documents.ruler import EMBED
from crdt.documents.values import is_json, to_stored
from crdt.errors import CrdtError, FrameTooLarge, MalformedFrame, WrongKind
from crdt.text import utf16_length
from crdt.updates.summary import CLOCK_MAX, IdSpan

# Bounds of what one operation writes; a document has bounds of its own.
TEXT_POINTS_MAX = 262_144
VALUE_BYTES_MAX = 65_536
PATH_DEPTH_MAX = 16
SUM_DIGITS = 9  # behind the point: sums are rounded to them
NOTHING = "absent"
_WHOLE = re.compile(rb"(?<![\w.\"-])-?\d{16,}(?![\w.\"])")


class Insert(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="insert", omit_defaults=True):
    """Put `text` at an anchor: with the marks around it, or with those given; `embeds` for each `EMBED` in it.

    `of` are the ids of what an undo puts back with it, unit by unit: what it writes stands for those from then on.
    """

    doc: str
    at: str
    text: str
    marks: dict[str, Json] | None = None
    embeds: tuple[Json, ...] = ()
    of: tuple[IdSpan, ...] = ()


class Replace(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="replace", rename={"from_": "from"}
):
    """Put `text` in place of a range whose text hashes to `old`; what both have in common stays untouched."""

    doc: str
    from_: str
    to: str
    old: str
    text: str


class Delete(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="delete", rename={"from_": "from"}
):
    """Take out a range whose text hashes to `old`."""

    doc: str
    from_: str
    to: str
    old: str


class SetValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="set"):
    """Put `value` at `path`, where a value that hashes to `old` (or nothing: `absent`) stands."""

    doc: str
    path: Path
    value: Json
    old: str


class Increment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="inc"):
    """Add `by` to the number at `path`; nothing there counts as zero."""

    doc: str
    path: Path
    by: float | int


class DeleteValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="del"):
    """Remove the value at `path`, which hashes to `old`."""

    doc: str
    path: Path
    old: str


class ListAdd(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="list_add"):
    """Add `value` to the list at `path`, behind the item anchored by `after` (None: at the start).

    `of` is the anchor of the item that an undo puts back with it: the new one stands for that from then on.
    """

    doc: str
    path: Path
    value: Json
    after: str | None = None
    of: str | msgspec.UnsetType = msgspec.UNSET


class ListMove(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="list_move"):
    """Move an item of the list at `path` behind the one anchored by `after` (None: to the start)."""

    doc: str
    path: Path
    item: str
    after: str | None = None


class ListRemove(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="list_del"):
    """Remove an item, whose value hashes to `old`, from the list at `path`."""

    doc: str
    path: Path
    item: str
    old: str


class Check(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="check", rename={"from_": "from"}
):
    """Change nothing; fail unless the range or value hashes to `hash`."""

    doc: str
    hash: str
    path: Path = ()
    from_: str | None = None
    to: str | None = None


class CreateDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag="create"):
    """Make an empty document."""

    doc: str
    kind: DocumentKind


ValueOp = SetValue | Increment | DeleteValue
ListOp = ListAdd | ListMove | ListRemove
Op = (
    Insert
    | Replace
    | Delete
    | SetValue
    | Increment
    | DeleteValue
    | ListAdd
    | ListMove
    | ListRemove
    | Check
    | CreateDocument
)


def is_relative(op: Op) -> bool:
    """Tell whether an operation builds on what stands there, so that two of its like commute."""
    return isinstance(op, Insert | Increment | ListAdd)


def validate(op: Op) -> None:
    """Raise `FrameTooLarge` when an operation passes a bound, `MalformedFrame` when an anchor does not decode."""
    if isinstance(op, Insert | Replace) and len(op.text) > TEXT_POINTS_MAX:
        raise FrameTooLarge(f"{len(op.text)} characters at once, at most {TEXT_POINTS_MAX}")
    if isinstance(op, Insert):
        # As a character U+FFFC would be counted as an embed from then on, by every ruler.
        if op.text.count(EMBED) != len(op.embeds):
            raise WrongKind("U+FFFC stands for something embedded in the text: it cannot be written as a character")
        _check_carried(op.marks or {}, op.embeds)
        if op.of and _units(op.of) != utf16_length(op.text):
            raise MalformedFrame("an insert stands for more or fewer characters than it writes")
    if isinstance(op, SetValue | ListAdd):
        check_value(op.value)
    if isinstance(op, ListAdd) and op.of:
        Anchor.decode(op.of)
    if not isinstance(op, Insert | Replace | Delete | CreateDocument) and len(op.path) > PATH_DEPTH_MAX:
        raise FrameTooLarge(f"a path is more than {PATH_DEPTH_MAX} deep")


def _units(spans: Sequence[IdSpan]) -> int:
    """Return how many ids these are; less than none where one of them is no span."""
    is_sound = all(client >= 0 and 0 <= start < end <= CLOCK_MAX for client, start, end in spans)
    return sum(end - start for _, start, end in spans) if is_sound else -1


def check_value(value: Json) -> None:
    """Raise `FrameTooLarge` for a value that is too long, or a whole number that browsers would round.

    Raises `WrongKind` for a tag (`docs/values.md`) that names nothing.
    """
    to_stored(value)
    text = canonical(value)
    # Found in the text, not in the value: numbers in strings stay, and no walk over the value is needed.
    if len(text) > VALUE_BYTES_MAX:
        raise FrameTooLarge(f"a value has more than {VALUE_BYTES_MAX} bytes")
    for digits in _WHOLE.findall(text):
        if abs(int(digits)) > EXACT_MAX:
            raise FrameTooLarge(f"the number {digits.decode()} is above 2**53", remedy="Store it as text, in quotes.")


def is_writable(value: Json) -> bool:
    """Tell whether a value may be written by an operation."""
    try:
        check_value(value)
    except CrdtError:
        return False
    return True


def may_carry(marks: Mapping[str, Json], *embeds: Json) -> bool:
    """Tell whether one insert may carry these marks, and these values in its text."""
    try:
        _check_carried(marks, embeds)
    except CrdtError:
        return False
    return True


def _check_carried(marks: Mapping[str, Json], embeds: Sequence[Json]) -> None:
    """Raise as `check_value` does, and `WrongKind` for what no text can hold: all values in one are JSON."""
    if not marks and not embeds:
        return
    # Marks are no value themselves: one may have a name that would be a tag in a value.
    check_value([*marks, *marks.values(), *embeds])
    if not all(is_json(to_stored(value)) for value in (*marks.values(), *embeds)):
        raise WrongKind("neither a mark nor what is embedded in a text can be bytes, or a number that JSON cannot say")


@dataclass(frozen=True, slots=True)
class Touch:
    """A place that a plan writes or reads in a document as it is now: code points of a text, or a path with an item."""

    doc: str
    kind: Literal["text", "value", "item", "list", "document"]
    start: int = 0
    end: int = 0
    path: Path = ()
    item: str = ""
    is_relative: bool = False

    def __post_init__(self) -> None:
        assert 0 <= self.start <= self.end, "a place in a text ends behind its start"
        assert self.kind == "text" or self.end == 0, "code points are of texts alone"


def find_touch(document: Document, op: Op) -> Touch:
    """Return where an operation writes now. Raises `AnchorLost` and `MalformedFrame`."""
    match op:
        case Insert():
            return _find_touch_of_insert(document, op)
        case Replace() | Delete():
            start, end = resolve_range(document, decode_range(op.from_, op.to))
            return Touch(op.doc, "text", start, end)
        case SetValue() | DeleteValue():
            return Touch(op.doc, "value", path=op.path)
        case Increment():
            return Touch(op.doc, "value", path=op.path, is_relative=True)
        case ListAdd():
            return Touch(op.doc, "list", path=op.path, is_relative=True)
        case ListMove() | ListRemove():
            return Touch(op.doc, "item", path=op.path, item=op.item)
        case Check():
            return find_touch_of_place(document, op.doc, op.path, op.from_, op.to)
        case CreateDocument():
            return Touch(op.doc, "document")


def _find_touch_of_insert(document: Document, op: Insert) -> Touch:
    """Return the character an insert clings to: when another plan deletes it, their order decides where it lands."""
    anchor = Anchor.decode(op.at)
    at = resolve_anchor(document, anchor)
    if anchor.item is None:
        return Touch(op.doc, "text", at, at, is_relative=True)
    assert anchor.root is None, "an anchor hangs from an item or from a root"
    start, end = (at - 1, at) if anchor.assoc < 0 else (at, at + 1)
    return Touch(op.doc, "text", max(0, start), min(end, len(document.text())), is_relative=True)


def find_touch_of_place(document: Document, doc: str, path: Path, from_: str | None, to: str | None) -> Touch:
    """Return where a range, a value or a whole document stands now."""
    if from_ is not None:
        start, end = resolve_range(document, decode_range(from_, to or from_))
        return Touch(doc, "text", start, end)
    if document.kind == "data":
        return Touch(doc, "value", path=path)
    return Touch(doc, "document")


def overlap(a: Touch, b: Touch) -> bool:
    """Tell whether two touches share a place, so that their order may matter. Symmetric."""
    # Relative operations commute with each other: two sums, two items behind one another, two inserts.
    if a.doc != b.doc or (a.is_relative and b.is_relative):
        return False
    if "document" in (a.kind, b.kind):
        return True
    if a.kind == "text" and b.kind == "text":
        return _spans_overlap(a, b)
    if "text" in (a.kind, b.kind):
        return False
    if a.kind == "item" and b.kind == "item":
        return a.path == b.path and a.item == b.item
    if {a.kind, b.kind} == {"item", "list"}:
        return False
    # A value and whatever lies in it are one place: to replace the one is to replace the other.
    shorter = min(len(a.path), len(b.path))
    return a.path[:shorter] == b.path[:shorter]


def _spans_overlap(a: Touch, b: Touch) -> bool:
    """Tell whether two ranges share a character, a point lies strictly inside a range, or two points are one."""
    assert a.kind == b.kind == "text", "only texts have ranges"
    if a.start == a.end and b.start == b.end:
        return a.start == b.start
    if a.start == a.end:
        return b.start < a.start < b.end
    if b.start == b.end:
        return a.start < b.start < a.end
    return a.start < b.end and b.start < a.end


def decode_range(from_: str, to: str) -> TextRange:
    """Return the range of two encoded anchors."""
    return TextRange(Anchor.decode(from_), Anchor.decode(to))


def hash_of_range(document: Document, from_: str, to: str) -> str:
    """Return the hash of the text between two anchors now."""
    start, end = resolve_range(document, decode_range(from_, to))
    text = document.text()
    assert end <= len(text), "an anchor stands in the text or at its end"
    return digest_text(text[start:end])


def hash_of_value(document: Document, path: Path) -> str:
    """Return the hash of the value at a path now, or `absent`."""
    value = read_path(document, path)
    return NOTHING if value is ABSENT else digest_value(value)


def describe_place(op: Op) -> str:
    """Return where an operation works, as people name it."""
    return op.doc if isinstance(op, Insert | Replace | Delete | CreateDocument) else f"{op.doc}.{dotted(op.path)}"
