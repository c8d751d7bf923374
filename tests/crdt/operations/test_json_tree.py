"""On plain JSON an operation does what it does to a document, and leaves what lies beside its way alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.documents.anchor import Anchor
from crdt.documents.paths import ABSENT, Path
from crdt.errors import CrdtError, PathMissing, StaleRead, WrongKind
from crdt.operations.json_tree import ListItems, apply_op, change_at, find_child
from crdt.operations.ops import (
    Check,
    DeleteValue,
    Increment,
    Insert,
    ListAdd,
    ListMove,
    ListRemove,
    Op,
    SetValue,
)
from crdt.updates.summary import Id
from tests.crdt.documents.test_paths import PATHS, VALUES, look, put

TREES = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(tree=TREES, path=PATHS, value=VALUES)
def test_a_change_is_made_where_a_plain_tree_has_the_place(tree: Any, path: Path, value: Any) -> None:
    before, wanted = copy.deepcopy(tree), copy.deepcopy(tree)
    can = put(wanted, path, value)
    try:
        changed = change_at(tree, path, lambda _: value)
    except (PathMissing, WrongKind):
        assert not can
    else:
        assert can
        assert changed == wanted
        assert find_child(changed, path) == value
    assert tree == before, "nothing is changed in place"


@given(tree=TREES, path=PATHS)
def test_what_is_taken_out_is_gone_and_nothing_else(tree: Any, path: Path) -> None:
    there = look(tree, path)
    assert find_child(tree, path) == there or there is find_child(tree, path)
    if there is ABSENT:
        return
    wanted = copy.deepcopy(tree)
    del look(wanted, path[:-1])[path[-1]]
    assert change_at(tree, path, lambda _: ABSENT) == wanted


def test_what_lies_beside_the_way_is_shared() -> None:
    tree = {"a": {"x": 1}, "b": {"y": 2}}
    changed = change_at(tree, ("a", "x"), lambda _: 9)
    assert changed == {"a": {"x": 9}, "b": {"y": 2}}
    assert changed["b"] is tree["b"]


def anchor(number: int) -> str:
    return Anchor(Id(7, number), None, 0).encode()


def listed(*items: Any) -> ListItems:
    return ListItems(items, ids=[Id(7, at) for at in range(len(items))])


@given(
    size=st.integers(1, 5),
    moves=st.lists(
        st.tuples(st.integers(0, 4), st.none() | st.integers(0, 5), st.sampled_from(["add", "move", "del"]))
    ),
)
def test_items_are_named_and_not_counted(size: int, moves: list[tuple[int, int | None, str]]) -> None:
    tree: Any = {"l": listed(*range(size))}
    model: list[tuple[int | None, int]] = [(at, at) for at in range(size)]
    for item, after, what in moves:
        place = next((at for at, (id, _) in enumerate(model) if id == item), None)
        behind = 0 if after is None else next((at + 1 for at, (id, _) in enumerate(model) if id == after), len(model))
        behind_anchor = None if after is None else anchor(after)
        op: Op
        if what == "add":
            op = ListAdd("d", ("l",), 77, behind_anchor)
            model = [*model[:behind], (None, 77), *model[behind:]]
        elif place is None:
            with pytest.raises(StaleRead):
                apply_op(tree, ListRemove("d", ("l",), anchor(item), ""))
            continue
        elif what == "del":
            op = ListRemove("d", ("l",), anchor(item), "")
            model = [one for at, one in enumerate(model) if at != place]
        else:
            op = ListMove("d", ("l",), anchor(item), behind_anchor)
            if behind not in (place, place + 1):  # a moved item is a new one: Yjs has no move
                value = model[place][1]
                model = [one if at != place else (-1, -1) for at, one in enumerate(model)]
                model = [*model[:behind], (None, value), *model[behind:]]
                model = [one for one in model if one != (-1, -1)]
        tree = apply_op(tree, op)
        assert list(tree["l"]) == [value for _, value in model]
        assert tree["l"].ids == [None if id is None else Id(7, id) for id, _ in model]


@pytest.mark.parametrize(
    ("op", "value"),
    [
        (SetValue("d", ("n",), True, ""), {"n": True, "l": [1]}),
        (Increment("d", ("n",), 0.2), {"n": 0.3, "l": [1]}),
        (Increment("d", ("m", "new"), 2), {"n": 0.1, "l": [1], "m": {"new": 2}}),
        (DeleteValue("d", ("n",), ""), {"l": [1]}),
        (ListAdd("d", ("new",), "x"), {"n": 0.1, "l": [1], "new": ["x"]}),
        (Check("d", "h"), {"n": 0.1, "l": [1]}),
        (Insert("d", anchor(0), "words"), {"n": 0.1, "l": [1]}),
    ],
)
def test_an_operation_leaves_the_value_that_it_means(op: Op, value: Any) -> None:
    assert apply_op({"n": 0.1, "l": [1]}, op) == value


@pytest.mark.parametrize(
    ("op", "error"),
    [
        (Increment("d", ("s",), 1), WrongKind),
        (Increment("d", ("yes",), 1), WrongKind),
        (ListAdd("d", ("s",), 1), WrongKind),
        (ListRemove("d", ("nothing",), anchor(0), ""), WrongKind),
        (SetValue("d", ("s", "in"), 1, ""), PathMissing),
        (SetValue("d", ("raw", "in"), 1, ""), WrongKind),
    ],
)
def test_what_does_not_fit_is_refused(op: Op, error: type[CrdtError]) -> None:
    with pytest.raises(error):
        apply_op({"s": "word", "yes": True, "raw": {"~bytes": "AA=="}}, op)


def test_an_object_that_looks_like_a_tag_is_opened_and_closed() -> None:
    tree: Any = {"o": {"~~bytes": {"in": 1}}}
    assert find_child(tree, ("o", "~bytes", "in")) == 1
    assert change_at(tree, ("o", "~bytes", "in"), lambda _: 2) == {"o": {"~~bytes": {"in": 2}}}
    assert change_at(tree, ("o", "more"), lambda _: 2) == {"o": {"~bytes": {"in": 1}, "more": 2}}
    assert find_child({"o": {"~bytes": "AA=="}}, ("o", "~bytes")) is ABSENT, "a tag is a single value"


@pytest.mark.parametrize("same", [[1, True], [1.0, True]])
def test_the_same_value_keeps_the_items_of_its_list(same: list[Any]) -> None:
    """Set to what stands there, a document is not written to: its items are the ones that later operations name."""
    tree: Any = {"l": listed(1, True)}
    kept = apply_op(tree, SetValue("d", ("l",), same, ""))
    assert apply_op(kept, ListRemove("d", ("l",), anchor(0), "")) == {"l": [True]}
    other = apply_op(tree, SetValue("d", ("l",), [1, 1], ""))
    assert other["l"][1] is not True, "to Python 1 is True, and to people it is not"
    with pytest.raises(StaleRead):
        apply_op(other, ListRemove("d", ("l",), anchor(0), ""))
