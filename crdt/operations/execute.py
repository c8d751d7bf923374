"""Carry out typed operations on a fork: everything checked by value first, then written, then told exactly.

What an operation deleted comes back as Yjs ids, split into what relative operations replaced (they build on it) and
what absolute ones removed: the human-edit rule looks at the latter (semantics §3, decision 5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pycrdt import Array

from crdt.digest import Json, digest_value, normalise
from crdt.documents.anchor import Anchor, resolve_anchor, resolve_range
from crdt.documents.backing import Applied
from crdt.documents.document import Document
from crdt.documents.item_numbers import ItemNumbers, Numbered, find_numbered_items
from crdt.documents.paths import (
    ABSENT,
    Path,
    delete_path,
    dotted,
    find_item,
    find_list,
    make_shared,
    read_path,
    set_path,
)
from crdt.documents.ruler import EMBED
from crdt.documents.values import INT64_MAX, INT64_MIN, to_stored
from crdt.errors import AnchorLost, StaleRead, WrongKind
from crdt.operations.ops import (
    SUM_DIGITS,
    Check,
    CreateDocument,
    Delete,
    DeleteValue,
    Increment,
    Insert,
    ListAdd,
    ListMove,
    ListOp,
    ListRemove,
    Op,
    Replace,
    SetValue,
    ValueOp,
    decode_range,
    describe_place,
    hash_of_range,
    hash_of_value,
    is_relative,
    validate,
)
from crdt.updates.runs import merge
from crdt.updates.scan import INTERNAL, normalise_ranges, scan_update
from crdt.updates.summary import DeleteSet, Id, Span

DIFF_POINTS_MAX = 4_000  # the comparison is quadratic; what is longer is replaced as a whole
TextEdit = tuple[int, int, int]  # start, end, how many code points stand there instead
WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Executed:
    """What a list of operations did to one document: the bytes, the ids inserted and deleted.

    `overwritten` are the last entries, living or deleted, of the keys that absolute operations set.
    """

    update: bytes
    inserted: Mapping[int, Span]
    deleted: DeleteSet
    absolute_deleted: DeleteSet
    overwritten: tuple[Id, ...] = ()


def execute(document: Document, ops: Sequence[Op]) -> Executed:
    """Carry out the operations of one document, in order, on `document` itself (give it a fork).

    Every old value is verified on the state before the first operation; nothing is written when one does not hold.

    Raises:
        StaleRead: a value or text is not the one the plan was made on.
        WrongKind, PathMissing, AnchorLost, FrameTooLarge: the operation does not fit the document.
    """
    # First all checks, then all places, then the writing: a plan speaks of the state that it was made on (C4).
    for op in ops:
        validate(op)
        _verify(document, op)
    places = [_find_place(document, op) for op in ops]
    named = [_find_numbered_items(document, op) for op in ops]
    numbers = ItemNumbers()
    done: list[tuple[Op, Applied]] = []
    edits: list[TextEdit] = []
    for op, (start, end), at_start in zip(ops, places, named, strict=True):
        _check_numbers(document, op, numbers, at_start)
        was = _find_numbered_items(document, op)
        with document.transaction() as applied:
            if isinstance(op, Insert | Replace | Delete):
                is_point = isinstance(op, Insert)
                sticks_left = is_point and Anchor.decode(op.at).assoc < 0  # type: ignore[union-attr]
                # Places were found before anything was written: each is moved by the edits made since.
                low = _move_point(start, edits, sticks_left=sticks_left)
                assert low >= 0, "an edit moves a place by no more than stood before it"
                high = low if is_point else max(low, _move_point(end, edits, sticks_left=True))
                edits += _write_text(document, op, low, high)
            else:
                _write_value(document, op)
        assert len(applied) <= 1, "an operation is one transaction"
        if isinstance(op, SetValue | Increment):
            numbers.note_written(op.path, was, document)
        done += [(op, change) for change in applied]
    updates = [change.update for _, change in done]
    assert len(done) <= len(ops), "an operation changes something once, or nothing"
    return Executed(
        update=merge(updates),
        inserted=_join_spans(change.inserted for _, change in done),
        deleted=_unite(change.deleted for _, change in done),
        absolute_deleted=_unite(change.deleted for op, change in done if not is_relative(op)),
        overwritten=tuple(
            id for op, change in done if not is_relative(op) for id in scan_update(change.update, INTERNAL).overwrites
        ),
    )


def _find_numbered_items(document: Document, op: Op) -> Numbered:
    """Return which items the numbers in an operation's path name now."""
    return find_numbered_items(document, op.path) if isinstance(op, ValueOp | ListOp) else {}


def _check_numbers(document: Document, op: Op, numbers: ItemNumbers, at_start: Numbered) -> None:
    """Raise `WrongKind` where an operation would go by a number to another item than it was checked on."""
    if at_start and isinstance(op, ValueOp | ListOp) and not numbers.still_name(at_start, document, op.path):
        raise WrongKind(f"{describe_place(op)} is another item than before: the same plan has moved it")


def _find_place(document: Document, op: Op) -> tuple[int, int]:
    """Return where a text operation stands before anything is written; 0 for others."""
    match op:
        case Insert():
            at = resolve_anchor(document, Anchor.decode(op.at))
            return at, at
        case Replace() | Delete():
            return resolve_range(document, decode_range(op.from_, op.to))
        case _:
            return 0, 0


def _move_point(point: int, edits: Sequence[TextEdit], *, sticks_left: bool) -> int:
    """Return where a place of the first state stands after the edits made since."""
    for start, end, added in edits:
        assert 0 <= start <= end, "an edit replaces a stretch"
        if point >= end and not (point == start and sticks_left):
            point += added - (end - start)
        elif point > start:
            point = start if sticks_left else start + added
    return point


def _join_spans(parts: Iterable[Mapping[int, Span]]) -> dict[int, Span]:
    """Return what several changes inserted: a fork writes under one client, so spans follow one another."""
    joined: dict[int, Span] = {}
    for part in parts:
        for client, (start, end) in part.items():
            assert start < end, "what was inserted has an extent"
            low, high = joined.get(client, (start, end))
            joined[client] = (min(low, start), max(high, end))
    return joined


def _unite(parts: Iterable[DeleteSet]) -> dict[int, tuple[Span, ...]]:
    """Return what several changes deleted."""
    spans: dict[int, list[Span]] = {}
    for part in parts:
        for client, ranges in part.items():
            spans.setdefault(client, []).extend(ranges)
    return {client: normalise_ranges(ranges) for client, ranges in spans.items()}


def _verify(document: Document, op: Op) -> None:
    """Raise `StaleRead` unless an operation finds what its plan was made on."""
    match op:
        case Replace() | Delete():
            now, expected = hash_of_range(document, op.from_, op.to), op.old
        case SetValue():
            now, expected = hash_of_value(document, op.path), op.old
            # Two people who wish for the same have no quarrel: it stands there already (decision 6).
            if now == digest_value(op.value):
                return
        case DeleteValue():
            now, expected = hash_of_value(document, op.path), op.old
        case ListRemove():
            now, expected = _hash_of_item(document, op), op.old
        case Check() if op.from_ is not None:
            now, expected = hash_of_range(document, op.from_, op.to or op.from_), op.hash
        case Check():
            now, expected = hash_of_value(document, op.path), op.hash
        case Insert():
            resolve_anchor(document, Anchor.decode(op.at))
            return
        case ListMove():
            _find(document, op.path, op.item)
            return
        case _:
            return
    if now != expected:
        raise StaleRead(f"{describe_place(op)} is not what the plan was made on")


def _hash_of_item(document: Document, op: ListRemove) -> str:
    """Return the hash of the item that an operation names, wherever it stands now."""
    index = _find(document, op.path, op.item)
    return digest_value(read_path(document, (*op.path, index)))


def _find(document: Document, path: Path, item: str) -> int:
    """Return where an item of a list stands now. Raises `StaleRead` where it was removed."""
    index = find_item(document, path, item)
    if index is None:
        raise StaleRead(f"the item of {dotted(path)} is not there any more")
    assert index >= 0, "a place in a list is counted from the start"
    return index


def _write_text(document: Document, op: Insert | Replace | Delete, start: int, end: int) -> list[TextEdit]:
    """Write one text operation as the few edits that change something; return them, from the end backwards."""
    assert start <= end, "a range ends behind its start"
    match op:
        case Insert():
            _insert(document, start, op)
            return [(start, start, len(op.text))]
        case Delete():
            made = [(start, end, "")]
        case Replace():
            old = document.text()[start:end]
            made = [(start + low, start + high, text) for low, high, text in minimal_edits(old, op.text)]
    if any(EMBED in text for _, _, text in made):
        raise WrongKind("U+FFFC stands for something embedded in the text: it cannot be written as a character")
    # From the end backwards: what is written does not move what is still to be.
    for low, high, text in reversed(made):
        # Words that take the place of others look like these; words between others look like what is before them.
        marks = document.marks(low) if text and high > low else None
        document.delete_text(low, high)
        if text:
            document.insert_text(low, text, marks)
    return [(low, high, len(text)) for low, high, text in reversed(made)]


def _insert(document: Document, start: int, op: Insert) -> None:
    embeds, at = iter(op.embeds), start
    marks = None if op.marks is None else {name: to_stored(value) for name, value in op.marks.items()}
    for piece in re.split(f"({EMBED})", op.text):
        if piece == EMBED:
            document.insert_embed(at, to_stored(next(embeds)), marks)
        elif piece:
            document.insert_text(at, piece, marks)
        at += len(piece)
    assert next(embeds, None) is None, "`validate` has counted one value for each U+FFFC"


def _write_value(document: Document, op: ValueOp | ListOp | Check | CreateDocument) -> None:
    match op:
        case SetValue():
            # What stands there already is not written again: its ids, and what people did below it, stay.
            if hash_of_value(document, op.path) != digest_value(op.value):
                set_path(document, op.path, op.value)
        case Increment():
            set_path(document, op.path, _add_up(document, op))
        case DeleteValue():
            delete_path(document, op.path)
        case ListAdd():
            _add(document, op)
        case ListMove():
            _move(document, op)
        case ListRemove():
            delete_path(document, (*op.path, _find(document, op.path, op.item)))
        case Check():
            pass
        case CreateDocument():
            raise WrongKind("a document is created beside others, not inside one")


def minimal_edits(old: str, new: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, text) edits in ascending order that make `new` of `old` and leave common words untouched."""
    # An embed that stays must not be written anew, as a character it cannot be: the words between are compared.
    if EMBED in old and old.count(EMBED) == new.count(EMBED):
        at = 0
        for left, right in zip(old.split(EMBED), new.split(EMBED), strict=True):
            yield from ((at + low, at + high, text) for low, high, text in minimal_edits(left, right))
            at += len(left) + 1
        return
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    assert head + tail <= min(len(old), len(new)), "what both share is not counted twice"
    if not middle_old and not middle_new:
        return
    if max(len(middle_old), len(middle_new)) > DIFF_POINTS_MAX or not middle_old or not middle_new:
        yield head, head + len(middle_old), middle_new
        return
    # By words, not characters: a word that changed is put in as a whole, and what others type in it stays readable.
    words, new_words = WORDS.findall(middle_old), WORDS.findall(middle_new)
    starts = [head]
    for word in words:
        starts.append(starts[-1] + len(word))
    assert starts[-1] == head + len(middle_old), "words, spaces and signs are all there is"
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, words, new_words, autojunk=False).get_opcodes():
        if tag != "equal":
            yield starts[i1], starts[i2], "".join(new_words[j1:j2])


def _add_up(document: Document, op: Increment) -> Json:
    now = read_path(document, op.path)
    if now is ABSENT:
        return normalise(op.by)
    if isinstance(now, bool) or not isinstance(now, int | float):
        raise WrongKind(f"{describe_place(op)} is not a number")
    # Rounded, so that 0.1 and 0.2 are 0.3, in whichever order plans add them.
    total = normalise(round(now + op.by, SUM_DIGITS))
    if isinstance(total, int) and not INT64_MIN <= total <= INT64_MAX:
        raise WrongKind(f"{describe_place(op)} would be {total}: whole numbers have 64 bits")
    return total


def _add(document: Document, op: ListAdd) -> None:
    if read_path(document, op.path) is ABSENT:
        set_path(document, op.path, [op.value])
        return
    array = find_list(document, op.path)
    # A plain list is one value: it is written anew as a whole.
    if array is None:
        plain = read_path(document, op.path)
        assert isinstance(plain, list), "list_at answers None only for a plain list"
        set_path(document, op.path, [*plain, op.value])
        return
    array.insert(_place_after(document, op.path, array, op.after), make_shared(document, op.value))


def _place_after(document: Document, path: Path, array: Array[object], after: str | None) -> int:
    """Return the index behind an anchored item; at the end where that item was removed meanwhile."""
    if after is None:
        return 0
    index = find_item(document, path, after)
    return len(array) if index is None else index + 1


def _move(document: Document, op: ListMove) -> None:
    """Yjs has no move: the value is put in at the new place and taken out at the old one."""
    array = find_list(document, op.path)
    if array is None:
        raise AnchorLost(f"{dotted(op.path)} is a plain list: its items have no identity")
    index = _find(document, op.path, op.item)
    value = read_path(document, (*op.path, index))
    assert value is not ABSENT, "a found item has a value"
    at = _place_after(document, op.path, array, op.after)
    if at in (index, index + 1):
        return
    # The new place was counted with the item still there: behind it everything moves by one.
    del array[index]
    array.insert(at if at < index else at - 1, make_shared(document, value))
