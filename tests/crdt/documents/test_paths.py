"""Values are put, removed and found by path as in a plain tree, whoever stored them, and items by an anchor."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.anchor import Anchor
from crdt.documents.document import Document
from crdt.documents.paths import (
    ABSENT,
    Path,
    anchor_item,
    delete_path,
    dotted,
    find_ids,
    find_item,
    find_list,
    read_path,
    set_path,
)
from crdt.errors import AnchorLost, CrdtError, PathMissing, WrongKind
from tests.support.examples import examples
from tests.support.oracle import Oracle

KEYS = st.sampled_from(("a", "b", "c", "", "x.y"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("aé😀", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
PATHS = st.lists(KEYS | st.integers(-1, 3), min_size=1, max_size=4).map(tuple)


def look(tree: Any, path: Path) -> Any:
    """Return what stands at a path of a plain tree, or `ABSENT`."""
    for key in path:
        if (isinstance(tree, dict) and isinstance(key, str) and key in tree) or (
            isinstance(tree, list) and isinstance(key, int) and 0 <= key < len(tree)
        ):
            tree = tree[key]
        else:
            return ABSENT
    return tree


def put(tree: Any, path: Path, value: Any) -> bool:
    """Put a value into a plain tree, with objects on the way; False where that cannot be."""
    *way, last = path
    for key in way:
        if isinstance(tree, dict) and isinstance(key, str):
            tree = tree.setdefault(key, {})
        elif isinstance(tree, list) and isinstance(key, int) and 0 <= key < len(tree):
            tree = tree[key]
        else:
            return False
    if (isinstance(tree, dict) and isinstance(last, str)) or (
        isinstance(tree, list) and isinstance(last, int) and 0 <= last < len(tree)
    ):
        tree[last] = value
        return True
    return False


def a_tree(value: Any, *, is_plain: bool) -> Document:
    """Return a document with a value under `a`, in shared types or as one plain value."""
    document = Document("data", client=5)
    with document.transaction():
        if is_plain:
            document.data_root["a"] = value
        else:
            set_path(document, ("a",), value)
    return document


def walk(tree: Any, steps: list[int], fresh: tuple[str | int, ...]) -> Path:
    """Return a path to what stands in a tree, found by taking one child after another, and perhaps beyond."""
    path: Path = ()
    for step in steps:
        if not isinstance(tree, dict | list) or not tree:
            break
        key = sorted(tree)[step % len(tree)] if isinstance(tree, dict) else step % len(tree)
        path, tree = (*path, key), tree[key]
    return (*path, *fresh) or ("a",)


FRESH = st.just(()) | st.tuples(KEYS | st.integers(-1, 3)) | st.tuples(KEYS, KEYS)
EDITS = st.tuples(st.lists(st.integers(0, 9), max_size=4), FRESH, st.none() | st.tuples(VALUES))


@settings(max_examples=examples(250), deadline=None)
@given(start=VALUES, edits=st.lists(EDITS, max_size=5), is_plain=st.booleans())
def test_edits_by_path_do_what_they_do_to_a_plain_tree(
    start: Any, edits: list[tuple[list[int], tuple[str | int, ...], tuple[Any] | None]], is_plain: bool
) -> None:
    document, model = a_tree(start, is_plain=is_plain), {"a": start}
    for steps, fresh, new in edits:
        path = walk(model, steps, fresh)
        there, wanted, fork = look(model, path), copy.deepcopy(model), document.fork(6)
        can = put(wanted, path, new[0]) if new else there is not ABSENT
        if new is None and can:
            del look(wanted, path[:-1])[path[-1]]
        try:
            with fork.transaction() as done:
                set_path(fork, path, new[0]) if new else delete_path(fork, path)
        except (PathMissing, WrongKind):
            assert not can, "what a plain tree takes is taken"
            continue
        assert can, "what fits nowhere is refused"
        for applied in done:
            document.apply(applied.update)
        model = wanted
        assert document.value() == fork.value() == model
    assert read_path(document, ()) == model


@settings(max_examples=examples(80), deadline=None)
@given(value=VALUES, path=PATHS, is_plain=st.booleans())
def test_a_path_reads_what_stands_there(value: Any, path: Path, is_plain: bool) -> None:
    document = a_tree(value, is_plain=is_plain)
    assert read_path(document, path) == look({"a": value}, path)


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_an_item_is_found_by_its_anchor_wherever_it_stands(seed: int) -> None:
    chance = random.Random(seed)
    document, model = Document("data", client=5), list(range(chance.randint(1, 5)))
    with document.transaction():
        set_path(document, ("l",), model)
    anchors = {value: anchor_item(document, ("l",), at) for at, value in enumerate(model)}
    for fresh in range(100, 100 + chance.randint(1, 8)):
        with document.transaction():
            array = find_list(document, ("l",))
            assert array is not None
            if model and chance.random() < 0.5:
                at = chance.randrange(len(model))
                del array[at], model[at]
            else:
                at = chance.randint(0, len(model))
                array.insert(at, fresh)
                model.insert(at, fresh)
    for value, anchor in anchors.items():
        assert anchor is not None
        assert find_item(document, ("l",), anchor) == (model.index(value) if value in model else None)


@settings(max_examples=examples(80), deadline=None)
@given(value=VALUES, path=PATHS)
def test_the_ids_of_a_value_are_what_goes_with_it(value: Any, path: Path) -> None:
    document = a_tree(value, is_plain=False)
    before = document.digest()
    ids = {(client, clock) for client, start, end in find_ids(document, path) for clock in range(start, end)}
    assert document.digest() == before, "it was looked at on a fork"
    if read_path(document, path) is ABSENT:
        assert not ids
        return
    with document.transaction() as done:
        delete_path(document, path)
    gone = {(client, at) for client, spans in done[0].deleted.items() for a, b in spans for at in range(a, b)}
    assert ids == gone


@pytest.mark.stock
def test_stock_yjs_reads_shared_types_where_they_were_put(yjs: Oracle) -> None:
    document = a_tree({"list": [1, {"deep": [True, "😀"]}], "n": 0.5}, is_plain=False)
    said = yjs.look("data", [document.encode()])
    assert said["value"] == document.value()
    ((_, (_, keys)),) = said["seen"]
    assert [key for key, _ in keys] == ["a"]
    assert isinstance(keys[0][1][2], list), "a shared type, not one plain value"


def test_plain_json_is_one_value_and_its_items_have_no_anchor() -> None:
    document = a_tree([1, {"b": 2}], is_plain=True)
    assert find_list(document, ("a",)) is None
    assert anchor_item(document, ("a",), 0) is None
    assert find_item(document, ("a",), Anchor(None, "data", 0).encode()) is None
    assert find_ids(document, ("a", 1)) == ()
    assert len(find_ids(document, ("a",))) == 1


@pytest.mark.parametrize(
    ("path", "error"),
    [(("nothing",), PathMissing), (("n",), WrongKind), (("list", 0), WrongKind), (("list", 9), PathMissing)],
)
def test_what_is_no_list_has_no_items(path: Path, error: type[CrdtError]) -> None:
    document = Document("data", client=5)
    with document.transaction():
        set_path(document, ("n",), 1)
        set_path(document, ("list",), [1])
    with pytest.raises(error):
        find_list(document, path)
    with pytest.raises(PathMissing, match="no item 1"):
        anchor_item(document, ("list",), 1)


def test_an_anchor_of_another_document_is_lost() -> None:
    document = a_tree([1], is_plain=False)
    far = Anchor.decode(anchor_item(a_tree([1, 2, 3], is_plain=False), ("a",), 2) or "")
    with pytest.raises(AnchorLost):
        find_item(document, ("a",), far.encode())


@pytest.mark.parametrize(
    ("path", "said"),
    [((), "the document"), (("a", 0, "b"), "a.0.b"), (("x.y", ""), "“x.y”.“”"), (("0",), "0")],
)
def test_a_path_is_said_as_people_write_it(path: Path, said: str) -> None:
    assert dotted(path) == said
