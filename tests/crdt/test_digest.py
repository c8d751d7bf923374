"""A value has one canonical form and one digest: in any order of keys, whether its numbers went through Yjs or not."""

from __future__ import annotations

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Map

from crdt.digest import ALGORITHM, DEPTH_MAX, EXACT_MAX, canonical, digest_text, digest_value, normalise, sha256_of

NUMBERS = st.integers(-EXACT_MAX, EXACT_MAX) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def shuffled(value: object, chance: random.Random) -> object:
    if isinstance(value, dict):
        items = [(key, shuffled(part, chance)) for key, part in value.items()]
        chance.shuffle(items)
        return dict(items)
    return [shuffled(part, chance) for part in value] if isinstance(value, list) else value


def as_floats(value: object) -> object:
    """Return a value as it comes back from Yjs, where every number is a float."""
    if isinstance(value, dict):
        return {key: as_floats(part) for key, part in value.items()}
    if isinstance(value, list):
        return [as_floats(part) for part in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@given(value=VALUES, seed=st.integers(0, 99))
def test_neither_the_order_of_keys_nor_the_kind_of_numbers_counts(value: object, seed: int) -> None:
    other = shuffled(as_floats(value), random.Random(seed))
    assert canonical(other) == canonical(value)
    assert digest_value(other) == digest_value(value)


@given(value=VALUES)
def test_the_canonical_form_is_json_of_the_same_value(value: object) -> None:
    again = json.loads(canonical(value))
    assert again == value
    assert canonical(again) == canonical(value)


@given(value=st.dictionaries(st.text(min_size=1, max_size=4), VALUES, max_size=4))
def test_a_round_trip_through_pycrdt_changes_no_digest(value: dict[str, object]) -> None:
    doc: Doc = Doc()
    root = doc.get("data", type=Map)
    root["kept"] = value
    assert digest_value(root["kept"]) == digest_value(value)


@given(left=VALUES, right=VALUES)
def test_values_that_differ_have_other_digests(left: object, right: object) -> None:
    assert (digest_value(left) == digest_value(right)) == (canonical(left) == canonical(right))


@pytest.mark.parametrize(
    "value, form",
    [
        (1.0, b"1"), (-0.0, b"0"), (True, b"true"), (2**53, b"9007199254740992"), (2.0**54, b"1.8014398509481984e+16"),
        ({"b": 1, "a": (2,)}, b'{"a":[2],"b":1}'), ("é😀", '"é😀"'.encode()), ("\ud83d", b'"\xed\xa0\xbd"'),
    ],
)  # fmt: skip
def test_forms_are_what_logs_were_hashed_with(value: object, form: bytes) -> None:
    assert canonical(value) == form


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, b"bytes", object(), {"a": [math.nan]}])
def test_what_json_lacks_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical(value)


def test_nesting_is_bounded() -> None:
    value: object = 1
    for _ in range(DEPTH_MAX):
        value = [value]
    assert normalise(value) == value
    with pytest.raises(ValueError, match="nested"):
        normalise([value])


def test_a_digest_names_its_algorithm() -> None:
    known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha256_of(b"") == digest_text("") == f"{ALGORITHM}{known}"
    assert digest_text("1") != digest_value("1"), "a text is not its JSON"
