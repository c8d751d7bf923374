"""Operations do what a plain model does, check old values first, and leave common words untouched."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.digest import digest_text, digest_value
from crdt.documents.anchor import place_anchors, place_range, resolve_anchor
from crdt.documents.document import Document
from crdt.documents.paths import anchor_item, set_path
from crdt.errors import StaleRead, WrongKind
from crdt.operations.execute import execute, minimal_edits
from crdt.operations.ops import (
    Check,
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
    hash_of_value,
)
from tests.crdt.histories import ALPHABET, shared_history
from tests.support.examples import examples

words = st.lists(st.sampled_from(ALPHABET), max_size=30).map("".join)


def data(value: dict[str, object]) -> Document:
    document = Document("data", client=5)
    with document.transaction():
        for name, part in value.items():
            set_path(document, (name,), part)
    return document


@settings(max_examples=examples(120), deadline=None)
@given(old=words, new=words)
def test_minimal_edits_make_new_of_old(old: str, new: str) -> None:
    text, shift = old, 0
    for start, end, part in minimal_edits(old, new):
        text = text[: start + shift] + part + text[end + shift :]
        shift += len(part) - (end - start)
    assert text == new


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_disjoint_text_operations_equal_a_plain_model(seed: int) -> None:
    chance = random.Random(seed)
    document, _ = shared_history(seed)
    text = document.text()
    cuts = sorted(chance.sample(range(len(text) + 1), min(len(text) + 1, 8)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    ops, model, shift = [], text, 0
    for start, end in pairs:
        new = "".join(chance.choice(ALPHABET) for _ in range(chance.randint(0, 6)))
        place = place_range(document, start, end)
        from_, to, old = place.start.encode(), place.end.encode(), digest_text(text[start:end])
        ops.append(Replace("d", from_, to, old, new) if new else Delete("d", from_, to, old))
        model = model[: start + shift] + new + model[end + shift :]
        shift += len(new) - (end - start)
    chance.shuffle(ops)
    fork = document.fork(77)
    done = execute(fork, ops)
    assert fork.text() == model
    document.apply(done.update)
    assert document.digest() == fork.digest(), "the bytes carry exactly what was executed"


def test_words_that_stay_keep_their_ids() -> None:
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, "The quick brown fox 😀 jumps")
    (anchor,) = place_anchors(document, [(10, 0)])
    place = place_range(document, 0, len(document.text()))
    old = digest_text(document.text())
    done = execute(
        document, [Replace("d", place.start.encode(), place.end.encode(), old, "A quick brown cat 😀 jumps high")]
    )
    assert document.text() == "A quick brown cat 😀 jumps high"
    assert document.text()[resolve_anchor(document, anchor) :].startswith("brown")
    assert sum(end - start for start, end in done.absolute_deleted[5]) == len("The") + len("fox")


def test_a_changed_text_is_stale_and_nothing_is_written() -> None:
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, "one two")
    place = place_range(document, 0, 3)
    op = Replace("d", place.start.encode(), place.end.encode(), digest_text("one"), "1")
    with document.transaction():
        document.insert_text(1, "!")
    before = document.digest()
    with pytest.raises(StaleRead):
        execute(document, [Insert("d", place.end.encode(), "x"), op])
    assert document.digest() == before


def with_old_values(document: Document) -> dict[str, Op]:
    """Return one operation of every kind that names what it was made on."""
    if document.kind == "text":
        place = place_range(document, 0, 3)
        start, end, old = place.start.encode(), place.end.encode(), digest_text("one")
        return {
            "replace": Replace("d", start, end, old, "1"),
            "delete": Delete("d", start, end, old),
            "check words": Check("d", old, (), start, end),
        }
    item, old = anchor_item(document, ("l",), 0), hash_of_value(document, ("n",))
    assert item is not None
    return {
        "set": SetValue("d", ("n",), 9, old),
        "delete value": DeleteValue("d", ("n",), old),
        "remove item": ListRemove("d", ("l",), item, digest_value({"n": 1})),
        "check value": Check("d", old, ("n",)),
    }


@pytest.mark.parametrize(
    "name", ["replace", "delete", "check words", "set", "delete value", "remove item", "check value"]
)
def test_whatever_names_an_old_value_is_stale_where_it_is_another(name: str) -> None:
    """C4, I7: on the state it was made on it is carried out; on another one nothing of its plan is written."""
    is_text = name in ("replace", "delete", "check words")
    document = Document("text", client=5) if is_text else data({"n": 4, "l": [{"n": 1}]})
    with document.transaction():
        if is_text:
            document.insert_text(0, "one two")
    op = with_old_values(document)[name]
    execute(document.fork(9), [op])
    with document.transaction():
        if is_text:
            document.insert_text(1, "!")
        else:
            set_path(document, ("n",), 5)
            set_path(document, ("l", 0, "n"), 2)
    before = document.digest()
    beside: Op = Insert("d", place_range(document, 3, 4).end.encode(), "x") if is_text else Increment("d", ("m",), 1)
    with pytest.raises(StaleRead):
        execute(document, [beside, op])
    assert document.digest() == before


def test_relative_operations_are_no_absolute_deletion() -> None:
    document = data({"n": 4})
    done = execute(document, [Increment("d", ("n",), 3)])
    assert document.value() == {"n": 7}
    assert done.deleted
    assert not done.absolute_deleted


def test_setting_what_stands_there_changes_nothing() -> None:
    document = data({"n": 4})
    done = execute(document, [SetValue("d", ("n",), 4, "sha256:whatever")])
    assert not done.inserted
    assert not done.deleted


@given(
    values=st.lists(st.integers(0, 9), min_size=2, max_size=6, unique=True), at=st.integers(0, 5), to=st.integers(0, 5)
)
@settings(max_examples=examples(60), deadline=None)
def test_moving_an_item_equals_a_plain_list(values: list[int], at: int, to: int) -> None:
    document = data({"l": values})
    index, target = at % len(values), to % len(values)
    item = anchor_item(document, ("l",), index)
    assert item is not None
    rest = values[:index] + values[index + 1 :]
    before = target - 1 if target <= index else target
    after = anchor_item(document, ("l",), before) if target else None
    execute(document, [ListMove("d", ("l",), item, after)])
    assert document.value() == {"l": [*rest[:target], values[index], *rest[target:]]}


def test_list_operations_name_items_not_places() -> None:
    document = data({"l": ["a", "b", "c"]})
    item = anchor_item(document, ("l",), 1)
    assert item is not None
    with document.transaction():
        set_path(document, ("l", 0), "A")
    execute(document, [ListAdd("d", ("l",), "d", item), ListRemove("d", ("l",), item, digest_value("b"))])
    assert document.value() == {"l": ["A", "d", "c"]}


@pytest.mark.parametrize("is_kept", [True, False], ids=["a list again", "no list"])
def test_an_item_of_a_list_that_was_replaced_is_gone(is_kept: bool) -> None:
    """Yjs keeps nothing of a list that was overwritten: pycrdt has no answer to where its items stand."""
    document = Document("data", client=1)
    with document.transaction():
        set_path(document, ("l",), ["a", "b", "c"])
    item = anchor_item(document, ("l",), 1)
    assert item is not None
    with document.transaction():
        set_path(document, ("l",), ["q"] if is_kept else 1)
    for op in (ListRemove("d", ("l",), item, digest_value("b")), ListMove("d", ("l",), item, None)):
        with pytest.raises(StaleRead if is_kept else WrongKind):
            execute(document.fork(9), [op])
    if is_kept:
        fork = document.fork(9)
        execute(fork, [ListAdd("d", ("l",), "z", item)])
        assert fork.value() == {"l": ["q", "z"]}


def test_values_in_plain_json_are_changed_within_their_object() -> None:
    document = Document("data", client=5)
    with document.transaction():
        document.data_root["o"] = {"deep": {"n": 1, "keep": True}}
    execute(document, [SetValue("d", ("o", "deep", "n"), 2, digest_value(1))])
    assert document.value() == {"o": {"deep": {"n": 2, "keep": True}}}
    execute(document, [DeleteValue("d", ("o", "deep", "keep"), hash_of_value(document, ("o", "deep", "keep")))])
    assert document.value() == {"o": {"deep": {"n": 2}}}


def test_a_word_is_no_number() -> None:
    with pytest.raises(WrongKind):
        execute(data({"n": "four"}), [Increment("d", ("n",), 1)])
