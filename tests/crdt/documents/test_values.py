"""What Yjs can store has one form in JSON, and goes back to the same: stock Yjs says what it stored."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, XmlElement, XmlFragment, XmlText

from crdt.digest import EXACT_MAX, canonical
from crdt.documents.values import (
    BIGINT,
    DEEP,
    LEVELS_MAX,
    escape_tag,
    for_people,
    from_stored,
    has_choice,
    read_entries,
    read_loosely,
    read_tag,
    to_stored,
    write_xml,
)
from crdt.errors import WrongKind
from tests.crdt.outside import Server, comparable
from tests.support.examples import examples
from tests.support.oracle import Oracle

NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_infinity=False, allow_nan=False)
KEYS = st.text(max_size=3) | st.sampled_from(("~bytes", "~~xml", "~number", "~bigint", "~deep", "__proto__"))
STORED = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | st.binary(max_size=4) | st.just(math.inf),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


@given(value=STORED)
def test_what_is_read_is_stored_as_it_was(value: object) -> None:
    said = from_stored(value)
    assert json.loads(canonical(said)) == json.loads(canonical(from_stored(to_stored(said))))
    assert from_stored(to_stored(said)) == said


@given(value=STORED)
def test_the_form_is_json_and_no_two_values_share_one(value: object) -> None:
    assert json.loads(canonical(from_stored(value))) is not ...
    if isinstance(value, dict | list) and value:
        other = [*value, 1] if isinstance(value, list) else {**value, "one more": 1}
        assert from_stored(other) != from_stored(value)


@settings(max_examples=examples(80), deadline=None)
@given(value=st.dictionaries(KEYS, STORED, max_size=3))
def test_a_shared_map_reads_as_the_plain_value_does(value: dict[str, Any]) -> None:
    doc: Doc = Doc()
    root = doc.get("data", type=Map)
    for key, part in value.items():
        root[key] = part
    slow = escape_tag(read_entries(root, doc.get_update))
    assert slow == read_loosely(root)
    assert canonical(slow) == canonical(from_stored({key: root[key] for key in value}))


@pytest.mark.stock
@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 10**5))
def test_values_of_stock_yjs_read_as_it_reads_them(yjs: Oracle, seed: int) -> None:
    server = Server("data")
    for _, update, _ in yjs.program(seed=seed, kind="data", people=2, steps=12):
        server.send(update)
    said = yjs.look("data", server.relayed)["value"]
    assert comparable(server.document.value()) == comparable(said)


@pytest.mark.parametrize(
    "value",
    [{"~bytes": "no base64!"}, {"~bytes": 1}, {"~number": "1"}, {"~bigint": str(2**63)}, {"~bigint": 1},
     {"~xml": "<p></p>"}, {"~deep": True}, [{"a": {"~xml": ""}}]],
)  # fmt: skip
def test_a_tag_that_names_nothing_is_no_value(value: object) -> None:
    with pytest.raises(WrongKind):
        to_stored(value)


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ({"~bytes": "AP8="}, b"\x00\xff"), ({"~number": "-Infinity"}, -math.inf), ({"~bigint": "-5"}, -5),
        ({"~~bytes": "x"}, {"~bytes": "x"}), ({"~~~xml": 1}, {"~~xml": 1}), ({"~bytes": "AP8=", "b": 1}, None),
    ],
)  # fmt: skip
def test_a_tag_stands_for_what_it_names(said: dict[str, Any], stored: object) -> None:
    assert read_tag(said) == (None if stored is None else (stored,))
    assert to_stored(said) == (said if stored is None else stored)
    assert read_tag("~bytes") is None


@given(value=STORED)
def test_people_are_shown_no_number_that_browsers_round(value: object) -> None:
    shown = for_people(from_stored(value))

    def largest(part: object) -> int:
        if isinstance(part, dict):
            return max(map(largest, part.values()), default=0)
        if isinstance(part, list):
            return max(map(largest, part), default=0)
        return abs(part) if isinstance(part, int) else 0

    assert largest(shown) <= EXACT_MAX
    assert from_stored(to_stored(shown)) == from_stored(value), "and what they send back is what stood there"
    assert for_people(2**53 + 1) == {BIGINT: "9007199254740993"}
    assert for_people(True) is True


def test_what_lies_too_deep_is_cut_off() -> None:
    value: object = "seen"
    for _ in range(LEVELS_MAX):
        value = [value]
    assert "seen" in str(from_stored(value))
    assert DEEP in str(from_stored([value]))


MARKS = st.dictionaries(st.sampled_from("abc"), st.sampled_from((True, "x", 1.5, {"href": "u"})), max_size=1)
NODES = st.recursive(
    st.tuples(st.just("text"), st.lists(st.tuples(st.text("aé<&", min_size=1, max_size=3), MARKS), max_size=2)),
    lambda inner: st.tuples(
        st.sampled_from(("p", "h1")),
        st.dictionaries(st.sampled_from(("level", "id")), st.sampled_from(("1", "é")), max_size=2),
        st.lists(inner, max_size=3),
    ),
    max_leaves=6,
)


def grow(parent: XmlFragment | XmlElement, node: Any) -> None:
    if node[0] == "text":
        text = XmlText()
        parent.children.append(text)
        for words, marks in node[1]:
            text.insert(len(str(text).encode()) if not marks else 0, words, marks)
        return
    element = XmlElement(node[0], node[1])
    parent.children.append(element)
    for child in node[2]:
        grow(element, child)


@settings(max_examples=examples(80), deadline=None)
@given(nodes=st.lists(NODES, max_size=3))
def test_xml_is_written_as_pycrdt_writes_it_but_for_its_order_of_chance(nodes: list[Any]) -> None:
    doc: Doc = Doc()
    root = doc.get("default", type=XmlFragment)
    for node in nodes:
        grow(root, node)
    written = write_xml(root)
    if not has_choice(root):
        assert written == str(root)
    assert sorted(written) == sorted(str(root)), "the same words, perhaps in another order"
    assert has_choice(root) == any(map(_has_two, nodes))


def _has_two(node: Any) -> bool:
    return node[0] != "text" and (len(node[1]) > 1 or any(map(_has_two, node[2])))
