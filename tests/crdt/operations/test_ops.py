"""An operation says what it is by its fields alone, is bounded, and meets another where a person would say so."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.digest import EXACT_MAX, digest_text, digest_value
from crdt.documents.anchor import Anchor, place_anchors, place_range
from crdt.documents.document import Document
from crdt.documents.paths import Path, anchor_item, set_path
from crdt.errors import CrdtError, FrameTooLarge, MalformedFrame, WrongKind
from crdt.operations.execute import execute
from crdt.operations.ops import (
    NOTHING,
    PATH_DEPTH_MAX,
    TEXT_POINTS_MAX,
    VALUE_BYTES_MAX,
    Check,
    CreateDocument,
    Delete,
    DeleteValue,
    Increment,
    Insert,
    ListAdd,
    ListMove,
    ListRemove,
    Op,
    Replace,
    SetValue,
    Touch,
    check_value,
    describe_place,
    find_touch,
    hash_of_range,
    hash_of_value,
    is_relative,
    is_writable,
    overlap,
    validate,
)
from crdt.updates.summary import Id
from tests.crdt.undo.edits import AGENT, text_document

END = Anchor(None, "content", 0).encode()
EACH: tuple[Op, ...] = (
    Insert("d", END, "x", {"bold": True}, of=((1, 0, 1),)),
    Replace("d", END, END, "h", "x"),
    Delete("d", END, END, "h"),
    SetValue("d", ("a", 0), {"b": [1]}, NOTHING),
    Increment("d", ("a",), -0.5),
    DeleteValue("d", ("a",), "h"),
    ListAdd("d", ("l",), 1, END),
    ListMove("d", ("l",), END, None),
    ListRemove("d", ("l",), END, "h"),
    Check("d", "h", (), END, END),
    CreateDocument("d", "text"),
)


def test_each_operation_is_read_back_as_it_was_written() -> None:
    for op in EACH:
        assert msgspec.json.decode(msgspec.json.encode(op), type=Op) == op
    tags = [msgspec.to_builtins(op)["op"] for op in EACH]
    assert len(set(tags)) == len(EACH), "a tag names one kind"


@given(text=st.text(alphabet="aé😀\n", max_size=20), cut=st.tuples(st.integers(0, 20), st.integers(0, 20)))
def test_the_hash_of_a_range_is_that_of_its_text(text: str, cut: tuple[int, int]) -> None:
    document = text_document(text or "x")
    start, end = sorted(min(part, len(document.text())) for part in cut)
    place = place_range(document, start, end)
    found = hash_of_range(document, place.start.encode(), place.end.encode())
    assert found == digest_text(document.text()[start:end])


def test_the_hash_of_nothing_is_no_hash() -> None:
    document = Document("data", client=5)
    with document.transaction():
        set_path(document, ("a",), None)
    assert hash_of_value(document, ("b",)) == NOTHING
    assert hash_of_value(document, ("a",)) == digest_value(None) != NOTHING


TOO_MUCH: list[tuple[Op, type[CrdtError]]] = [
    (Insert("d", END, "x" * (TEXT_POINTS_MAX + 1)), FrameTooLarge),
    (Replace("d", END, END, "h", "x" * (TEXT_POINTS_MAX + 1)), FrameTooLarge),
    (Insert("d", END, "\ufffc"), WrongKind),
    (Insert("d", END, "x", embeds=(1,)), WrongKind),
    (Insert("d", END, "x", {"m": {"~bytes": "AA=="}}), WrongKind),
    (Insert("d", END, "\ufffc", embeds=([{"~number": "NaN"}],)), WrongKind),
    (Insert("d", END, "x", {"k": "y" * VALUE_BYTES_MAX}), FrameTooLarge),
    (SetValue("d", ("a",), "y" * VALUE_BYTES_MAX, NOTHING), FrameTooLarge),
    (SetValue("d", ("a",), EXACT_MAX + 1, NOTHING), FrameTooLarge),
    (SetValue("d", ("a",), {"~xml": ""}, NOTHING), WrongKind),
    (SetValue("d", ("a",) * (PATH_DEPTH_MAX + 1), 1, NOTHING), FrameTooLarge),
    (ListAdd("d", ("l",), 1, None, "no anchor"), MalformedFrame),
]


@pytest.mark.parametrize(("op", "error"), TOO_MUCH)
def test_what_passes_a_bound_is_refused_before_anything_is_written(op: Op, error: type[CrdtError]) -> None:
    with pytest.raises(error):
        validate(op)


def test_what_is_just_within_the_bounds_is_valid() -> None:
    for op in (
        Insert("d", END, "x" * TEXT_POINTS_MAX),
        Insert("d", END, "\ufffc", embeds=({"image": "x"},)),
        SetValue("d", ("a",) * PATH_DEPTH_MAX, EXACT_MAX, NOTHING),
        SetValue("d", ("a",), {"~bigint": str(2**60)}, NOTHING),
        SetValue("d", ("a",), "9" * 40, NOTHING),
    ):
        validate(op)


@given(number=st.integers(-(2**70), 2**70))
def test_a_number_is_written_where_browsers_do_not_round_it(number: int) -> None:
    assert is_writable({"n": [number]}) == (abs(number) <= EXACT_MAX)
    assert is_writable(str(number)), "as text it stays what it is"
    check_value(number / 2**20)


PLACES = st.builds(
    Touch,
    st.sampled_from("de"),
    st.just("text"),
    st.integers(0, 4),
    st.just(4).flatmap(lambda low: st.integers(low, 7)),
)
PATHS = st.lists(st.sampled_from("ab"), max_size=3).map(tuple)
TOUCHES = PLACES | st.builds(
    Touch,
    st.sampled_from("de"),
    st.sampled_from(("value", "item", "list", "document")),
    path=PATHS,
    item=st.sampled_from("ij"),
    is_relative=st.booleans(),
)


@given(a=TOUCHES, b=TOUCHES)
def test_two_places_meet_or_do_not_whichever_is_named_first(a: Touch, b: Touch) -> None:
    assert overlap(a, b) == overlap(b, a)
    assert not overlap(a, msgspec_replace(b, doc="f")), "other documents share no place"
    assert overlap(a, a) == (not a.is_relative), "what is the same place is, unless both only add to it"


def msgspec_replace(touch: Touch, *, doc: str) -> Touch:
    return Touch(doc, touch.kind, touch.start, touch.end, touch.path, touch.item, touch.is_relative)


@given(a=st.tuples(st.integers(0, 6), st.integers(0, 6)), b=st.tuples(st.integers(0, 6), st.integers(0, 6)))
def test_ranges_meet_where_they_share_a_character(a: tuple[int, int], b: tuple[int, int]) -> None:
    (low, high), (first, last) = sorted(a), sorted(b)
    meet = overlap(Touch("d", "text", low, high), Touch("d", "text", first, last))
    if low < high and first < last:
        assert meet == bool(set(range(low, high)) & set(range(first, last)))
    elif low == high and first == last:
        assert meet == (low == first)
    else:
        point, (start, end) = (low, (first, last)) if low == high else (first, (low, high))
        assert meet == (start < point < end), "at the edge of a range both may be right"


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (("value", ("a",)), ("value", ("a", "b")), True),
        (("value", ("a", "b")), ("value", ("a", "c")), False),
        (("list", ("l",)), ("item", ("l",)), False),
        (("value", ("l",)), ("item", ("l",)), True),
        (("document", ()), ("value", ("a",)), True),
        (("value", ("a",)), ("list", ("a", "b")), True),
    ],
)
def test_a_value_and_what_lies_in_it_are_one_place(one: tuple[str, Path], other: tuple[str, Path], meet: bool) -> None:
    left, right = (Touch("d", kind, path=path, item="i") for kind, path in (one, other))  # type: ignore[arg-type]
    assert overlap(left, right) == meet


def test_an_insert_touches_the_character_it_clings_to() -> None:
    document = text_document("a😀b")
    left, right = place_anchors(document, [(1, -1), (1, 0)])
    assert find_touch(document, Insert("d", left.encode(), "x")) == Touch("d", "text", 0, 1, is_relative=True)
    assert find_touch(document, Insert("d", right.encode(), "x")) == Touch("d", "text", 1, 2, is_relative=True)
    assert find_touch(document, Insert("d", END, "x")) == Touch("d", "text", 3, 3, is_relative=True)


def test_what_builds_on_what_stands_there_is_relative() -> None:
    assert [type(op) for op in EACH if is_relative(op)] == [Insert, Increment, ListAdd]
    assert [describe_place(op) for op in EACH] == ["d", "d", "d", "d.a.0", "d.a", "d.a", "d.l", "d.l", "d.l",
                                                   "d.the document", "d"]  # fmt: skip


def test_a_touch_of_an_item_names_the_item() -> None:
    document = Document("data", client=5)
    with document.transaction():
        set_path(document, ("l",), [1, 2])
    item = anchor_item(document, ("l",), 1)
    assert item is not None
    assert Anchor.decode(item).item == Id(5, 2)
    assert find_touch(document, ListMove("d", ("l",), item)) == Touch("d", "item", path=("l",), item=item)
    assert not is_relative(ListMove("d", ("l",), item))


@pytest.mark.parametrize("of", [((1, 0, 3),), ((1, 0, 5),), ((1, 4, 0),), ((1, 0, 2), (-1, 0, 2)), ((1, 0, 2**33),)])
def test_an_insert_stands_for_as_much_as_it_writes(of: tuple[tuple[int, int, int], ...]) -> None:
    document = text_document("We meet.")
    (anchor,) = place_anchors(document, [(0, -1)])
    with pytest.raises(MalformedFrame, match="stands for more or fewer"):
        execute(document.fork(AGENT), [Insert("plan", anchor.encode(), "noon", of=of)])
