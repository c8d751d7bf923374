"""What operations mean, worked out on plain values, is what stands there after them, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crdt.operations.execute as execute_module
from crdt.digest import digest_text
from crdt.documents.anchor import place_anchors, place_range
from crdt.documents.document import Document
from crdt.documents.paths import anchor_item, set_path
from crdt.documents.values import from_stored
from crdt.operations.fork import run
from crdt.operations.ops import (
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
from crdt.operations.postcondition import find_difference, predict
from tests.support.examples import examples

EMBED = "\ufffc"
PIECES = ("a", "bring boots ", "😀", "é", "\n", "漢字", "👩‍👩‍👧")
VALUES = (0, 1, True, None, "x", 0.5, [1, 2], {"a": {"b": []}}, {"~bytes": "AP8="}, {"~number": "NaN"})


# What editors store, and what any client may: names that would be tags in a value among them.
EMBEDS = ({"image": "x"}, {"image": "y"}, 5, None, {"~bytes": []}, ["", {"~number": 1}], {"~~bytes": {"~xml": "x"}})
MARKS = ({"bold": True}, {"bold": True}, {"~bytes": []}, {"~number": "NaN"}, {"m": {"~bytes": "AA=="}, "~": 0})


def a_text(chance: random.Random) -> Document:
    """Return a text of words, marked words, embeds and emoji, a part of it deleted again."""
    document = Document("text", client=5)
    for _ in range(chance.randint(1, 14)):
        at = chance.randint(0, len(document.text()))
        with document.transaction():
            match chance.randrange(4):
                case 0:
                    document.insert_embed(at, chance.choice(EMBEDS), chance.choice(({"link": "u"}, *MARKS, None)))
                case 1:
                    document.insert_text(at, chance.choice(PIECES), chance.choice(MARKS))
                case 2 if document.text():
                    document.delete_text(max(0, at - 2), at)
                case _:
                    document.insert_text(at, chance.choice(PIECES))
    return document


def text_ops(document: Document, chance: random.Random) -> list[Op]:
    """Return up to four operations on disjoint places, in any order."""
    text = document.text()
    cuts = sorted(chance.sample(range(len(text) + 1), min(len(text) + 1, 8)))
    ops = list[Op]()
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        place, old = place_range(document, start, end), digest_text(text[start:end])
        from_, to = place.start.encode(), place.end.encode()
        (anchor,) = place_anchors(document, [(start, chance.choice((0, -1)))])
        match chance.randrange(4):
            case 0:
                ops.append(Delete("d", from_, to, old))
            case 1:
                ops.append(Insert("d", anchor.encode(), chance.choice(PIECES)))
            case 2:
                embed, marks = from_stored(chance.choice(EMBEDS)), chance.choice(MARKS)
                said = {name: from_stored(value) for name, value in marks.items()}
                ops.append(Insert("d", anchor.encode(), f"x{EMBED}", said, (embed,)))
            case _:
                words = chance.choice(PIECES) + EMBED * text[start:end].count(EMBED)
                ops.append(Replace("d", from_, to, old, words))
    chance.shuffle(ops)
    return ops


def a_tree(chance: random.Random) -> Document:
    """Return values at two levels, shared lists and plain ones among them."""
    document = Document("data", client=5)
    with document.transaction():
        for key in "abc":
            set_path(document, (key,), chance.choice(VALUES))
        set_path(document, ("list",), [1, "two", {"three": 3}, [4]])
        set_path(document, ("~bytes",), {"n": 1})
        document.data_root["plain"] = {"inner": [1, 2], "n": 5}
    return document


def value_ops(document: Document, chance: random.Random) -> list[Op]:
    """Return some operations of which each was valid after those before it."""
    fork, ops = document.fork(8), list[Op]()
    items = [anchor_item(document, ("list",), at) for at in range(4)]
    for _ in range(chance.randint(1, 5)):
        path = chance.choice((("a",), ("b", "new"), ("c",), ("plain", "n"), ("list", 1), ("list", 2, "three"), ("n",)))
        item, after = chance.choice(items), chance.choice([None, *items])
        assert item is not None, "a shared list's items have anchors"
        op: Op = chance.choice(
            (
                SetValue("d", path, chance.choice(VALUES), ""),
                DeleteValue("d", path, ""),
                Increment("d", path, chance.choice((1, -2.5))),
                ListAdd("d", chance.choice((("list",), ("plain", "inner"), ("fresh",))), chance.choice(VALUES), after),
                ListMove("d", ("list",), item, after),
                ListRemove("d", ("list",), item, ""),
            )
        )
        try:
            fork = run({"d": fork}, [_checked(op, fork)], (), client=8).documents["d"]
        except Exception:  # noqa: BLE001  it does not fit what stands there: another one is drawn
            continue
        ops.append(op)
    return ops


def _checked(op: Op, document: Document) -> Op:
    """Return an operation with the old value that it verifies."""
    match op:
        case SetValue(doc, path, value):
            return SetValue(doc, path, value, hash_of_value(document, path))
        case DeleteValue(doc, path):
            return DeleteValue(doc, path, hash_of_value(document, path))
        case ListRemove(doc, path, item):
            at = next(at for at in range(len(document.value()["list"])) if anchor_item(document, path, at) == item)
            return ListRemove(doc, path, item, hash_of_value(document, (*path, at)))
        case _:
            return op


@settings(max_examples=examples(150), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_text_reads_as_it_was_meant(seed: int) -> None:
    chance = random.Random(seed)
    document = a_text(chance)
    ops = text_ops(document, chance)
    if ops:
        meaning, ran = predict(document, ops), run({"d": document}, ops, (), client=9)
        document.apply(ran.executed["d"].update)
        assert find_difference(meaning, document) == ""


@settings(max_examples=examples(150), deadline=None)
@given(seed=st.integers(0, 2**32))
def test_values_read_as_they_were_meant(seed: int) -> None:
    """One after the other, since operations of a plan verify what stood there before the first."""
    chance = random.Random(seed)
    document = a_tree(chance)
    for op in value_ops(document, chance):
        checked = _checked(op, document)
        meaning, ran = predict(document, [checked]), run({"d": document}, [checked], (), client=9)
        if ran.executed["d"].inserted or ran.executed["d"].deleted:
            document.apply(ran.executed["d"].update)
        assert find_difference(meaning, document) == "", checked


def _off_by_one(document: Document, point: int, text: str, marks: object = None) -> None:
    real_insert(document, max(0, point - 1), text, marks)  # type: ignore[arg-type]


def _without_marks(document: Document, point: int, text: str, marks: object = None) -> None:
    real_insert(document, point, text, {} if marks else None)


def _nothing(document: Document, start: int, end: int) -> None:
    """Delete nothing."""


real_insert, real_delete = Document.insert_text, Document.delete_text
PLANTED: dict[str, tuple[str, Callable[..., None]]] = {
    "it writes one place to the left": ("insert_text", _off_by_one),
    "it deletes nothing": ("delete_text", _nothing),
    "it deletes one more": (
        "delete_text",
        lambda document, start, end: real_delete(document, start, min(end + 1, len(document.text()))),
    ),
    "it loses the marks it was given": ("insert_text", _without_marks),
}


@pytest.mark.parametrize("name", list(PLANTED))
def test_a_fault_in_writing_a_text_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, "bring the boots along")
        document.insert_embed(5, {"image": "x"})
    place = place_range(document, 11, 16)
    old = digest_text("boots")
    (anchor,) = place_anchors(document, [(5, -1)])
    ops: list[Op] = [
        Replace("d", place.start.encode(), place.end.encode(), old, "shoes"),
        Insert("d", anchor.encode(), " me", {"bold": True}),
    ]
    meaning = predict(document, ops)
    assert find_difference(meaning, run({"d": document}, ops, (), client=9).documents["d"]) == ""
    monkeypatch.setattr(Document, *PLANTED[name])
    assert find_difference(meaning, run({"d": document}, ops, (), client=9).documents["d"]), name


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("set_path", lambda document, path, value: set_path(document, path, [value])),
        ("set_path", lambda document, path, value: set_path(document, path, value is True or 2)),
        ("delete_path", lambda document, path: None),
        ("set_path", lambda document, path, value: set_path(document, (*path[:-1], "beside"), value)),
    ],
)
def test_a_fault_in_writing_a_value_is_seen(
    name: str, planted: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = Document("data", client=5)
    with document.transaction():
        set_path(document, ("price",), 7)
        set_path(document, ("old",), True)
    ops: list[Op] = [
        SetValue("d", ("price",), 1, hash_of_value(document, ("price",))),
        DeleteValue("d", ("old",), hash_of_value(document, ("old",))),
    ]
    meaning = predict(document, ops)
    assert find_difference(meaning, run({"d": document}, ops, (), client=9).documents["d"]) == ""
    monkeypatch.setattr(execute_module, name, planted)
    assert find_difference(meaning, run({"d": document}, ops, (), client=9).documents["d"])


def test_a_list_set_to_what_it_is_keeps_the_items_that_a_plan_names() -> None:
    document = Document("data", client=5)
    with document.transaction():
        set_path(document, ("l",), [1, 2])
    item = anchor_item(document, ("l",), 0)
    assert item is not None
    ops: list[Op] = [
        SetValue("d", ("l",), [1, 2], hash_of_value(document, ("l",))),
        ListRemove("d", ("l",), item, hash_of_value(document, ("l", 0))),
    ]
    after = run({"d": document}, ops, (), client=9).documents["d"]
    assert after.value() == {"l": [2]}
    assert find_difference(predict(document, ops), after) == ""


def plain(word: str, image: str, *, bold: bool) -> Document:
    """Return a text of one word and one image, the word bold or not."""
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, word, {"bold": True} if bold else None)
        document.insert_embed(len(word), {"image": image})
    return document


@pytest.mark.parametrize(
    "after, words",
    [
        (plain("boats", "x", bold=True), "the text reads otherwise from character 3 on"),
        (plain("boots", "y", bold=True), "what is embedded in the text is not what was meant"),
        (plain("boots", "x", bold=False), "words that were to stay as they were look otherwise"),
    ],
)
def test_each_way_in_which_a_text_may_differ_is_told_by_itself(after: Document, words: str) -> None:
    meaning = predict(plain("boots", "x", bold=True), ())
    assert find_difference(meaning, plain("boots", "x", bold=True)) == ""
    told = find_difference(meaning, after)
    assert told.startswith(words.split(" from ")[0]), told
