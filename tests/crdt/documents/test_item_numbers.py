"""A number in the path of a plan names the item that it named before the plan's first operation (C4)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.digest import Json
from crdt.documents.document import Document
from crdt.documents.item_numbers import find_numbered_items, list_item_ids
from crdt.documents.paths import Path, anchor_item, read_path, set_path
from crdt.errors import CrdtError, WrongKind
from crdt.operations.execute import execute
from crdt.operations.ops import DeleteValue, Increment, ListAdd, ListMove, ListRemove, Op, SetValue, hash_of_value
from tests.support.examples import examples

DOC = "budget"
ITEMS = ("a", "b", "c", "d")
WHO: Path = ("who",)


def document() -> Document:
    """Return a list of four objects, each with a name of its own."""
    made = Document("data", client=5)
    with made.transaction():
        set_path(made, WHO, [{"name": name, "n": 0} for name in ITEMS])
    return made


def anchor(made: Document, at: int) -> str:
    found = anchor_item(made, WHO, at)
    assert found is not None
    return found


def remove(made: Document, at: int) -> Op:
    return ListRemove(DOC, WHO, anchor(made, at), hash_of_value(made, (*WHO, at)))


def set_to(made: Document, path: Path, value: Json) -> Op:
    return SetValue(DOC, path, value, hash_of_value(made, path))


def test_numbers_are_those_of_items_and_plain_json_has_none() -> None:
    made = document()
    ids = list_item_ids(made, WHO)
    assert len(set(ids)) == 4
    assert find_numbered_items(made, ("who", 2, "name")) == {1: ids[2]}
    assert find_numbered_items(made, ("who", 9, "name")) == {}
    assert find_numbered_items(made, ("none", 0)) == {}
    with made.transaction():
        made.data_root["plain"] = [[1, 2]]
    assert find_numbered_items(made, ("plain", 0, 1)) == {}


@pytest.mark.parametrize("moves", ["remove", "put before", "move", "delete by number"])
def test_a_number_that_the_same_plan_has_given_to_another_item_is_refused(moves: str) -> None:
    made = document()
    first: Op = {
        "remove": remove(made, 0),
        "put before": ListAdd(DOC, WHO, "new"),
        "move": ListMove(DOC, WHO, anchor(made, 0), anchor(made, 3)),
        "delete by number": DeleteValue(DOC, (*WHO, 0), hash_of_value(made, (*WHO, 0))),
    }[moves]
    for second in (
        set_to(made, (*WHO, 2, "name"), "x"),
        set_to(made, (*WHO, 2), "x"),
        Increment(DOC, (*WHO, 2, "n"), 1),
    ):
        with pytest.raises(WrongKind, match="the same plan has moved it"):
            execute(made.fork(9), [first, second])
        # The other way round each finds its item.
        execute(made.fork(9), [second, first] if moves != "delete by number" else [second])


def test_what_is_set_twice_is_still_the_same_item_and_what_was_made_anew_has_the_plans_own_numbers() -> None:
    made = document()
    fork = made.fork(9)
    execute(fork, [set_to(made, (*WHO, 1), "x"), set_to(made, (*WHO, 1), "y"), set_to(made, (*WHO, 2), "z")])
    assert [read_path(fork, (*WHO, at)) for at in (1, 2)] == ["y", "z"]
    fork = made.fork(9)
    execute(fork, [set_to(made, WHO, ["p", "q"]), set_to(made, (*WHO, 1), "r")])
    assert read_path(fork, WHO) == ["p", "r"]


@st.composite
def plans(draw: st.DrawFn) -> list[Op]:
    """Return operations of one plan on the list, each checked on the state before the first."""
    made, ops = document(), list[Op]()
    for _ in range(draw(st.integers(1, 4))):
        at, other = draw(st.integers(0, 3)), draw(st.integers(-1, 3))
        after = anchor(made, other) if other >= 0 else None
        ops.append(
            draw(
                st.sampled_from(
                    [
                        remove(made, at),
                        ListAdd(DOC, WHO, {"name": "new", "n": 0}, after),
                        ListMove(DOC, WHO, anchor(made, at), after),
                        DeleteValue(DOC, (*WHO, at), hash_of_value(made, (*WHO, at))),
                        set_to(made, (*WHO, at), {"name": f"set {ITEMS[at]}", "n": 0}),
                        set_to(made, (*WHO, at, "name"), f"called {ITEMS[at]}"),
                        Increment(DOC, (*WHO, at, "n"), 1),
                    ]
                )
            )
        )
    return ops


@settings(max_examples=examples(150), deadline=None)
@given(plans())
def test_whatever_a_plan_does_only_the_item_that_was_meant_is_written(ops: list[Op]) -> None:
    made = document()
    fork = made.fork(9)
    try:
        execute(fork, ops)
    except CrdtError:
        return
    left = read_path(fork, WHO)
    assert isinstance(left, list)
    gone = {op.path[1] for op in ops if isinstance(op, DeleteValue)}
    gone |= {at for op in ops if isinstance(op, ListRemove) for at in range(4) if anchor(made, at) == op.item}
    meant = {op.path[1] for op in ops if isinstance(op, SetValue | Increment)}
    # Whoever was not meant by any operation stands there untouched, once.
    for at, name in enumerate(ITEMS):
        count = left.count({"name": name, "n": 0})
        assert count == (0 if at in gone | meant else 1)
