"""What is said of JSON before pycrdt reads it is what pycrdt then makes of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from crdt.updates.json_text import has_fraction, is_read, measure_depth, parse_whole
from tests.crdt.updates.hostile_updates import embedded
from tests.support.examples import examples

SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=6)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('a"\\[{]}', max_size=3), inner, max_size=3),
    max_leaves=8,
)
TEXTS = VALUES.map(json.dumps) | st.text('[]{}",:\\u d8320eE+-.1', max_size=14)


def embed_of(text: str) -> object:
    """Return what pycrdt makes of JSON that is embedded in a text. Raises what pycrdt raises."""
    doc: Doc = Doc()
    words = doc.get("content", type=Text)
    doc.apply_update(embedded(text))
    ((value, _),) = words.diff()
    return value


@settings(max_examples=examples(400), deadline=None)
@given(text=TEXTS)
@example(text="18446744073709551615")
@example(text="9223372036854775808")
@example(text="-9223372036854775809")
@example(text="18446744073709551616")
@example(text="1e400")
@example(text='"\\ud83d"')
@example(text="[1e308, 1E309]")
def test_what_is_read_pycrdt_reads(text: str) -> None:
    """Refusing what pycrdt reads would be harmless: its author is told. The other way round a document breaks."""
    if is_read(text):
        embed_of(text)


@settings(max_examples=examples(300), deadline=None)
@given(value=VALUES.filter(lambda value: not isinstance(value, str)))
def test_a_number_without_a_fraction_comes_back_as_it_was(value: object) -> None:
    text = json.dumps(value)
    if is_read(text) and not has_fraction(text):
        assert embed_of(text) == value


@given(digits=st.integers(-(2**66), 2**66).map(str))
def test_a_whole_number_is_parsed_as_pycrdt_holds_it(digits: str) -> None:
    parsed = parse_whole(digits)
    assert float(parsed) == float(digits)
    assert isinstance(parsed, int) == (len(digits) < 19)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(value=VALUES)
def test_the_depth_of_brackets_is_that_of_the_value(value: object) -> None:
    assert measure_depth(json.dumps(value)) == depth(value)
    assert measure_depth(json.dumps(value, ensure_ascii=False)) == depth(value)


@pytest.mark.parametrize(
    ("text", "deep"), [("]]]]", 0), ('"[[["', 0), ('"\\"[["', 0), ("[{" * 40_000, 80_000), ("", 0)]
)
def test_a_depth_is_told_of_any_text(text: str, deep: int) -> None:
    assert measure_depth(text) == deep
