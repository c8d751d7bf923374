"""A stretch of a text, copied, reads elsewhere as it reads here, marks and embeds included."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.anchor import Anchor, find_ids_of_range, place_anchors
from crdt.documents.document import Document
from crdt.documents.ruler import EMBED
from crdt.operations.excerpt import copy_text
from crdt.operations.execute import execute
from crdt.operations.ops import VALUE_BYTES_MAX
from crdt.operations.postcondition import find_difference, read_text
from crdt.text import utf16_length
from tests.crdt.operations.test_postcondition import a_text
from tests.support.examples import examples
from tests.support.oracle import Oracle

END = Anchor(None, "content", 0).encode()


def stretch(document: Document, cut: tuple[int, int]) -> tuple[int, int]:
    start, end = sorted(min(part, len(document.text())) for part in cut)
    return start, end


CUTS = st.tuples(st.integers(0, 60), st.integers(0, 60))


@settings(max_examples=examples(120), deadline=None)
@given(seed=st.integers(0, 10**6), cut=CUTS)
def test_a_copy_reads_as_the_original(seed: int, cut: tuple[int, int]) -> None:
    document = a_text(random.Random(seed))
    start, end = stretch(document, cut)
    inserts, left_out = copy_text(document, start, end, doc="d", at=END)
    assert left_out == (0, 0)
    copy = Document("text", client=9)
    execute(copy, inserts)
    assert copy.text() == document.text()[start:end]
    # Nothing was there: an insert without marks looks like nothing, and so does one with none.
    whole = Document("text", client=8, updates=[document.encode()])
    with whole.transaction():
        whole.delete_text(end, len(whole.text()))
        whole.delete_text(0, start)
    assert find_difference((read_text(whole),), copy) == ""


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6), cut=CUTS)
def test_each_copy_names_the_ids_it_stands_for(seed: int, cut: tuple[int, int]) -> None:
    document = a_text(random.Random(seed))
    start, end = stretch(document, cut)

    def ids(low: int, high: int) -> tuple[tuple[int, int, int], ...]:
        return tuple(find_ids_of_range(document, low, high))

    inserts, _ = copy_text(document, start, end, doc="d", at=END, ids=ids)
    assert tuple(span for insert in inserts for span in insert.of) == ids(start, end)
    for insert in inserts:
        assert sum(last - first for _, first, last in insert.of) == utf16_length(insert.text)


@pytest.mark.stock
def test_stock_yjs_shows_the_copy_as_it_shows_the_original(yjs: Oracle) -> None:
    code = (
        "const doc = new Y.Doc(); doc.clientID = 1000; doc.on('update', send); const t = doc.getText('content'); "
        "t.insert(0, 'plain bold 😀'); t.format(6, 4, {bold: true}); t.insertEmbed(2, {image: 'x', size: [1, 2.5]})"
    )
    updates = yjs.make(code)
    document, copy = Document("text", client=5, updates=updates), Document("text", client=9)
    execute(copy, copy_text(document, 0, len(document.text()), doc="d", at=END)[0])
    assert yjs.look("text", [copy.encode()])["value"] == yjs.look("text", updates)["value"]


@pytest.mark.stock
def test_what_no_operation_can_hold_is_left_out_and_counted(yjs: Oracle) -> None:
    code = (
        "const doc = new Y.Doc(); doc.clientID = 1000; doc.on('update', send); const t = doc.getText('content'); "
        f"t.insert(0, 'ab\ufffc'); t.insertEmbed(1, {{image: 'x'.repeat({VALUE_BYTES_MAX})}}); "
        "t.insertEmbed(2, new Y.Map()); t.insertEmbed(3, {small: 1})"
    )
    document = Document("text", client=5, updates=yjs.make(code))
    inserts, left_out = copy_text(document, 0, len(document.text()), doc="d", at=END)
    assert left_out == (3, 0), "a long value, a shared type, and a character that stands for embeds"
    assert "".join(insert.text for insert in inserts) == f"a{EMBED}b"
    assert [insert.embeds for insert in inserts if insert.embeds] == [({"small": 1},)]


@pytest.mark.stock
def test_words_come_without_the_marks_that_no_operation_can_hold(yjs: Oracle) -> None:
    code = (
        "const doc = new Y.Doc(); doc.clientID = 1000; doc.on('update', send); const t = doc.getText('content'); "
        "t.insert(0, 'ab', {big: 2 ** 60, bold: true}); "
        f"t.insert(2, 'cd', {{one: 'x'.repeat({VALUE_BYTES_MAX // 2}), two: 'y'.repeat({VALUE_BYTES_MAX // 2})}}); "
        f"t.insertEmbed(4, {{image: 'x'.repeat({VALUE_BYTES_MAX // 2})}}, {{long: 'x'.repeat({VALUE_BYTES_MAX // 2})}})"
    )
    document = Document("text", client=5, updates=yjs.make(code))
    inserts, left_out = copy_text(document, 0, len(document.text()), doc="d", at=END)
    assert left_out == (0, 4), "a number that browsers would round; two that are too long together; one beside an image"
    assert [insert.marks for insert in inserts] == [{"bold": True}, {}, {}]
    execute(Document("text", client=9), inserts)


def test_words_beside_marks_do_not_take_them_on() -> None:
    document, copy = Document("text", client=5), Document("text", client=9)
    with document.transaction():
        document.insert_text(0, "plain", {})
        document.insert_text(5, "bold", {"bold": True})
    with copy.transaction():
        copy.insert_text(0, "all bold", {"bold": True})
    (at,) = place_anchors(copy, [(4, -1)])
    execute(copy, copy_text(document, 0, 5, doc="d", at=at.encode())[0])
    assert copy.text() == "all plainbold"
    assert [bool(copy.marks(point)) for point in (3, 4, 8, 9)] == [True, False, False, True]
