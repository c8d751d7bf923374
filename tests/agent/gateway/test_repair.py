"""Whatever a model sends can be kept and sent back, and the model is told what could not."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.gateway.repair import LEVELS_MAX, PROBLEMS_MAX, clean, mended, read_input
from crdt.digest import canonical

WILD_TEXT = st.text(st.characters() | st.characters(categories=["Cs"]) | st.just("\x00"), max_size=6)
WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WILD_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WILD_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(value=WILD)
def test_what_is_mended_can_be_encoded_and_is_mended_once(value: Any) -> None:
    whole, problems = mended(value)
    assert canonical(whole).decode("utf-8")
    assert mended(whole) == (whole, ())
    assert len(problems) <= PROBLEMS_MAX
    assert all(problem.encode() for problem in problems)
    if not problems:
        assert canonical(whole) == canonical(value)


@given(value=WILD)
def test_what_is_read_of_any_json_can_be_encoded(value: Any) -> None:
    whole, problems = read_input(json.dumps(value))
    assert canonical(whole).decode("utf-8")
    assert bool(problems) == bool(mended(value)[1])


@pytest.mark.parametrize(
    ("text", "kept", "words"),
    [
        ('{"value":NaN}', {"value": "NaN"}, "value is NaN"),
        ('{"value":[1,-Infinity]}', {"value": [1, "-Infinity"]}, "value.1 is -Infinity"),
        ('{"value":1e400}', {"value": "1e400"}, "value is 1e400"),
        ('{"by":12345678901234567890123}', {"by": "12345678901234567890123"}, "by is 12345678901234567890123"),
        ('{"by":-9223372036854775809}', {"by": "-9223372036854775809"}, "by is -9223372036854775809"),
        ('{"new_str":"x\\ud83d"}', {"new_str": "x\ufffd"}, "new_str holds half of a character"),
        ('{"\\udc00":1}', {"\ufffd": 1}, "holds half of a character"),
        ('{"new_str":"a\\u0000b"}', {"new_str": "a\ufffdb"}, "new_str holds the character U+0000"),
    ],
)
def test_the_field_is_named_and_something_harmless_stands_in_its_place(text: str, kept: Any, words: str) -> None:
    whole, problems = read_input(text)
    assert whole == kept
    assert words in problems[0]


def test_what_is_whole_stays_as_it_is() -> None:
    text = '{"a":"😀","b":9223372036854775807,"c":1e308,"d":[null,true],"e":"line\\nline"}'
    assert read_input(text) == (json.loads(text), ())


def test_nesting_and_length_have_bounds_that_no_model_can_pass() -> None:
    for text in ("[" * 100_000 + "]" * 100_000, '{"a":' + "[" * 80 + "]" * 80 + "}"):
        whole, problems = read_input(text)
        assert canonical(whole)
        assert f"nested more than {LEVELS_MAX} deep" in problems[0]
    digits = "1" * 10_000
    whole, problems = read_input(f'{{"by":{digits}}}')
    assert len(problems[0]) < 150
    assert len(whole["by"]) < 50


def test_what_is_no_json_is_told_apart() -> None:
    for text in ('{"a":', "{a:1}", "", "\\"):
        with pytest.raises(ValueError, match=r"."):
            read_input(text)


def test_nobody_is_told_where_nobody_asked() -> None:
    assert clean({"text": "\ud83d", "n": math.nan}) == {"text": "\ufffd", "n": None}
