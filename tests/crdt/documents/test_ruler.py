"""A ruler says of every place in a text which code point, which byte of pycrdt and which marks it has."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Text

from crdt.documents.ruler import EMBED, Ruler
from crdt.errors import OffsetOutside, WrongKind
from tests.support.examples import examples
from tests.support.oracle import Oracle

WORDS = ("a", "é", "漢字", "😀", "e\u0301", "\n", "plain words")
MARKS = ({}, {"bold": True}, {"link": {"href": "x"}}, {"bold": True, "em": True})


def a_text(seed: int) -> tuple[Doc, Text, list[tuple[str, dict[str, object]]]]:
    """Return a text, and its code points with their marks as a plain list."""
    chance, doc = random.Random(seed), Doc(client_id=7)
    root = doc.get("content", type=Text)
    model = list[tuple[str, dict[str, object]]]()
    for _ in range(chance.randint(0, 10)):
        at, marks = chance.randint(0, len(model)), chance.choice(MARKS)
        offset = sum(1 if char == EMBED else len(char.encode()) for char, _ in model[:at])
        if chance.random() < 0.3:
            root.insert_embed(offset, {"image": chance.randint(0, 9)}, dict(marks))
            model.insert(at, (EMBED, marks))
        else:
            words = chance.choice(WORDS)
            root.insert(offset, words, {"bold": None, "em": None, "link": None, **marks})
            model[at:at] = [(char, marks) for char in words]
    return doc, root, model


@settings(max_examples=examples(150), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_place_has_the_code_point_and_the_byte_of_a_plain_list(seed: int) -> None:
    _, root, model = a_text(seed)
    ruler = Ruler(root)
    assert ruler.text == "".join(char for char, _ in model)
    offset = 0
    for point, (char, marks) in enumerate(model):
        assert (ruler.byte(point), ruler.point(offset)) == (offset, point)
        assert ruler.marks(point) == marks
        size = 1 if char == EMBED else len(char.encode())
        assert all(ruler.point(offset + within) == point for within in range(size)), "inside it rounds down"
        offset += size
    assert (ruler.byte(len(model)), ruler.point(offset), ruler.marks(len(model))) == (offset, len(model), {})


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6), cut=st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_what_lies_between_two_places_is_the_list_between_them(seed: int, cut: tuple[int, int]) -> None:
    _, root, model = a_text(seed)
    start, end = sorted(min(part, len(model)) for part in cut)
    found = [(char, stretch) for stretch in Ruler(root).between(start, end) for char in stretch.text]
    assert [(char, dict(stretch.marks or {})) for char, stretch in found] == model[start:end]
    assert all(stretch.is_embed == (char == EMBED) for char, stretch in found)


@pytest.mark.stock
@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_stock_yjs_sees_the_same_stretches(yjs: Oracle, seed: int) -> None:
    doc, root, _ = a_text(seed)
    said = yjs.look("text", [doc.get_update()])["value"]
    shown = [(EMBED if part is None else part, dict(marks or {})) for part, marks in said]
    mine = [(stretch.text, dict(stretch.marks or {})) for stretch in Ruler(root).between(0, 10**6)]
    assert [(char, marks) for text, marks in mine for char in text] == [
        (char, marks) for text, marks in shown for char in text
    ]


@pytest.mark.parametrize("point", [-1, 3])
def test_a_place_outside_is_refused_in_either_unit(point: int) -> None:
    root = Doc().get("content", type=Text)
    root += "ab"
    with pytest.raises(OffsetOutside):
        Ruler(root).byte(point)
    with pytest.raises(OffsetOutside):
        Ruler(root).point(point)


def test_values_that_nobody_sees_cannot_be_measured() -> None:
    """An item of values that hangs from a text is counted by pycrdt and shown by nobody."""
    doc: Doc = Doc()
    root = doc.get("content", type=Text)
    doc.get("other", type=Array)
    doc.apply_update(bytes.fromhex("01010900080107636f6e74656e74027d017d0200"))
    with pytest.raises(WrongKind, match="neither words nor embeds"):
        Ruler(root)
