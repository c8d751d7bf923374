"""JSON of too many parts costs nothing, and words may hold whatever they like."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.protocol import bounded_json
from workspace.protocol.bounded_json import Malformed, read_json


@pytest.mark.parametrize(
    "payload",
    [
        b'{"a":[' + b",".join([b"[]"] * 340_000) + b"]}",
        b"[" + b",".join([b"1"] * 500_000) + b"]",
        b'{"a":[' + b",".join([b'","'] * 150_000) + b"]}",
        b"{" + b",".join([b'"a":{}'] * 150_000) + b"}",
        b"[" + b",".join([b'"x"'] * 20_002) + b"]",
    ],
    ids=["lists", "numbers", "strings", "one key", "just too many"],
)
def test_a_message_of_too_many_parts_is_refused_before_it_is_built(
    payload: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_json.msgspec.json, "decode", lambda *_: pytest.fail("it was built"))
    for form in (payload, payload.decode()):
        problem = read_json(form)
        assert isinstance(problem, Malformed)
        assert problem.code == "malformed"


@given(
    st.lists(st.sampled_from(["a", ",", '"', "\\", "\\\\", '\\"', "ü", "[", "{", ":"]), max_size=8).map("".join),
    st.integers(0, 60),
)
def test_commas_and_quotes_in_words_are_no_parts(word: str, many: int) -> None:
    value = {"words": word * 4_000, "more": [word] * many}
    assert read_json(json.dumps(value)) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value
