"""A plan that goes by the number of an item writes that item, whatever others did to the list meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.document import Document
from crdt.documents.paths import Path, read_path, set_path
from crdt.errors import CrdtError, StaleRead
from crdt.operations.fork import collide, run
from crdt.operations.item_readings import follow_items, read_items
from crdt.operations.ops import DeleteValue, Increment, ListAdd, ListMove, ListRemove, Op, SetValue, hash_of_value
from tests.crdt.documents.test_item_numbers import DOC, ITEMS, WHO, anchor, document, remove, set_to
from tests.support.examples import examples


def after(plan: list[Op], hand: list[Op], *, client: int = 9) -> Document:
    """Return the list after edits by hand and then the plan, which was made before them."""
    base = document()
    reads = read_items(base, plan)
    now = run({DOC: base}, hand, (), client=70_001).documents.get(DOC, base)
    return run({DOC: now}, plan, reads, client=client).documents[DOC]


def named(made: Document) -> list[object]:
    found = read_path(made, WHO)
    assert isinstance(found, list)
    return [item["name"] if isinstance(item, dict) else item for item in found]


def test_what_is_set_by_a_number_is_set_in_the_item_that_had_it() -> None:
    base = document()
    plan: list[Op] = [set_to(base, (*WHO, 1, "name"), "x"), Increment(DOC, (*WHO, 1, "n"), 5)]
    assert named(after(plan, [ListAdd(DOC, WHO, "first")])) == ["first", "a", "x", "c", "d"]
    assert named(after(plan, [remove(base, 0)])) == ["x", "c", "d"]
    assert named(after(plan, [ListMove(DOC, WHO, anchor(base, 0), anchor(base, 3))])) == ["x", "c", "d", "a"]
    assert named(after([DeleteValue(DOC, (*WHO, 1, "n"), hash_of_value(base, (*WHO, 1, "n")))], [remove(base, 0)])) == [
        "b", "c", "d",
    ]  # fmt: skip


def test_an_item_that_is_gone_makes_the_plan_stale_and_so_does_one_in_whose_place_another_was_put() -> None:
    base = document()
    plan: list[Op] = [Increment(DOC, (*WHO, 1, "n"), 5)]
    for hand in ([remove(base, 1)], [set_to(base, (*WHO, 1), "y")], [set_to(base, WHO, ["p", "q"])]):
        with pytest.raises(StaleRead, match="not there any more"):
            after(plan, hand)


def test_what_takes_one_item_out_and_what_writes_another_have_no_quarrel() -> None:
    base = document()
    writing: list[Op] = [set_to(base, (*WHO, 2, "name"), "x")]
    for taking in ([remove(base, 0)], [DeleteValue(DOC, (*WHO, 0), hash_of_value(base, (*WHO, 0)))]):
        plans = (taking, read_items(base, taking)), (writing, read_items(base, writing))
        assert not collide({DOC: base}, *plans, client=9)
    gone: list[Op] = [remove(base, 2)]
    plans = (gone, read_items(base, gone)), (writing, read_items(base, writing))
    assert collide({DOC: base}, *plans, client=9)


def test_lists_in_lists_are_followed_on_every_level() -> None:
    base = Document("data", client=5)
    with base.transaction():
        set_path(base, ("rows",), [["a", "b"], ["c", "d"]])
    plan: list[Op] = [set_to(base, ("rows", 1, 1), "x")]
    reads = read_items(base, plan)
    assert [reading.path for reading in reads] == [("rows",), ("rows", 1)]
    now = base.fork(70_001)
    with now.transaction():
        del now.data_root["rows"][0]  # type: ignore[attr-defined]
        now.data_root["rows"][0].insert(0, "new")  # type: ignore[attr-defined]
    (op,) = follow_items({DOC: now}, plan, reads)
    assert isinstance(op, SetValue)
    assert op.path == ("rows", 0, 2)


@st.composite
def hands(draw: st.DrawFn) -> list[Op]:
    """Return edits by hand on the list, one after the other."""
    made, ops = document(), list[Op]()
    for at in draw(st.lists(st.integers(0, 3), unique=True, max_size=3)):
        kind = draw(st.sampled_from(["remove", "add", "move", "set"]))
        other = anchor(made, draw(st.sampled_from([one for one in range(4) if one != at])))
        ops.append(
            {
                "remove": remove(made, at),
                "add": ListAdd(DOC, WHO, {"name": "a", "n": 0}, anchor(made, at)),
                "move": ListMove(DOC, WHO, anchor(made, at), other),
                "set": set_to(made, (*WHO, at, "name"), "a"),
            }[kind]
        )
    return ops


@settings(max_examples=examples(150), deadline=None)
@given(st.integers(0, 3), hands())
def test_no_other_item_is_ever_written(at: int, hand: list[Op]) -> None:
    base = document()
    with base.transaction():  # equal values, by which nobody could tell them apart
        for index in range(4):
            set_path(base, (*WHO, index, "n"), 7)
    path: Path = (*WHO, at, "n")
    plan: list[Op] = [SetValue(DOC, path, 8, hash_of_value(base, path))]
    reads = read_items(base, plan)
    try:
        now = run({DOC: base}, hand, (), client=70_001).documents.get(DOC, base)
    except CrdtError:
        return
    try:
        left = run({DOC: now}, plan, reads, client=9).documents[DOC]
    except StaleRead:
        touched = [op for op in hand if isinstance(op, ListRemove | ListMove) and op.item == anchor(base, at)]
        assert touched, "only an item that was taken out, or moved, which puts a new one, is gone"
        return
    changed = [(old, new) for old, new in zip(read_path(now, WHO), read_path(left, WHO), strict=True) if old != new]  # type: ignore[call-overload]
    ((old, new),) = changed
    assert old == {**new, "n": 7}
    assert old["name"] in (ITEMS[at], "a")
