"""Two plans about one value, compared on the value: the same comes out as when both orders are carried out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.digest import digest_value
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.operations.fork import collide
from crdt.operations.item_readings import Reading
from crdt.operations.ops import NOTHING, DeleteValue, Increment, Op, SetValue
from crdt.operations.single_value import collide_at, find_single, find_standing

VALUES = st.sampled_from([None, True, 0, 1, 1.0, 2.5, -0.0, 2**53, "x", [], {}, {"in": 1}, {"~number": "NaN"}])
HASHES = st.one_of(VALUES.map(digest_value), st.just(NOTHING))
PATHS = st.sampled_from([("a",), ("a", "in")])


@st.composite
def plans(draw: st.DrawFn) -> tuple[tuple[Op, ...], tuple[Reading, ...]]:
    path, old = draw(PATHS), draw(HASHES)
    value, by = draw(VALUES), draw(st.sampled_from([1, -1, 0.1, 2**53]))
    op = draw(st.sampled_from([SetValue("d", path, value, old), Increment("d", path, by), DeleteValue("d", path, old)]))
    read = draw(st.none() | HASHES)
    return (op,), (Reading("d", read, path),) if read is not None else ()


@pytest.mark.long
@settings(deadline=None, max_examples=400)
@given(one=plans(), other=plans(), now=st.none() | VALUES, beside=VALUES)
def test_it_matters_on_the_value_where_it_matters_on_documents(
    one: tuple[tuple[Op, ...], tuple[Reading, ...]],
    other: tuple[tuple[Op, ...], tuple[Reading, ...]],
    now: object,
    beside: object,
) -> None:
    document = Document("data", client=2)
    with document.transaction():
        set_path(document, ("b",), beside)
        if now is not None:
            set_path(document, ("a",), now)
    mine, theirs = find_single(*one), find_single(*other)
    if mine is None or theirs is None or mine.path != theirs.path:
        return
    standing = find_standing(document, mine.path)
    found = collide_at(standing, mine, theirs) if standing is not None else None
    if found is not None:
        assert found == collide({"d": document}, one, other, client=40)
        assert found == collide_at(standing, theirs, mine), "symmetric"  # type: ignore[arg-type]


def test_what_does_more_than_one_thing_is_left_to_the_documents() -> None:
    one = SetValue("d", ("a",), 1, NOTHING)
    assert find_single((one,), ()) is not None
    assert find_single((one, one), ()) is None
    assert find_single((one,), (Reading("d", NOTHING, ("b",)),)) is None, "it reads elsewhere"
    assert find_single((SetValue("d", ("a", 0), 1, NOTHING),), ()) is None, "it goes by the number of an item"
    assert find_single((SetValue("d", ("a",), {"~bytes": "QR=="}, NOTHING),), ()) is None, "it reads back otherwise"
