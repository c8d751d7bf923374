"""Ids are made and read in one place: what is made can be read, and nothing else can."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.intents.model.ids import (
    CALL,
    COMMIT,
    DECISION,
    INTENT,
    NOUNS,
    PLAN,
    QUESTION,
    SEQ_MAX,
    BadId,
    Letter,
    call_id,
    commit_id,
    commit_origin,
    decision_id,
    draft_id,
    http_lane,
    intent_id,
    is_id,
    plan_id,
    question_id,
    seq_of,
    socket_lane,
)

MAKERS: dict[Letter, Callable[[int], str]] = {
    INTENT: intent_id,
    PLAN: plan_id,
    DECISION: decision_id,
    QUESTION: question_id,
    COMMIT: commit_id,
    CALL: call_id,
}
SEQS = st.integers(1, SEQ_MAX)
LETTERS = st.sampled_from(get_args(Letter))


def test_every_letter_has_a_maker_and_a_noun() -> None:
    assert set(MAKERS) == set(NOUNS) == set(get_args(Letter))


def test_the_forms_that_logs_hold_are_these() -> None:
    assert [make(12) for make in MAKERS.values()] == ["i12", "p12", "d12", "q12", "c12", "k12"]
    assert draft_id("i12", 2) == "i12.2"
    assert commit_origin("c15") == "commit:c15"
    assert socket_lane("Zk3") == "LZk3"
    assert http_lane("t1") == "H:t1"
    assert http_lane("t1", "once") == "H:t1:200651a8b2d5912f"


@given(seq=SEQS, letter=LETTERS, other=LETTERS)
def test_an_id_is_read_as_what_it_was_made_of_and_as_no_other(seq: int, letter: Letter, other: Letter) -> None:
    made = MAKERS[letter](seq)
    assert seq_of(made, letter) == seq
    assert is_id(made, other) == (letter == other)


@given(text=st.one_of(st.text(max_size=20), st.from_regex(r"[ipdqck]\d{1,20}", fullmatch=True)), letter=LETTERS)
def test_what_can_be_read_is_what_would_be_made(text: str, letter: Letter) -> None:
    try:
        seq = seq_of(text, letter)
    except BadId:
        assert not is_id(text, letter)
    else:
        assert MAKERS[letter](seq) == text


@pytest.mark.parametrize(
    "text", ["", "i", "i0", "i012", "i-1", "i²", "i１", "i1 ", " i1", "I1", "12", "i9007199254740992", "i1.0"]
)
def test_what_only_looks_like_an_id_is_refused_by_name(text: str) -> None:
    assert not is_id(text, INTENT)
    with pytest.raises(BadId, match=r"is no id of an intent: that is i and the number of its record"):
        seq_of(text, INTENT)


@pytest.mark.parametrize("seq", [0, -1, SEQ_MAX + 1])
def test_no_id_is_made_of_what_is_no_place_in_a_log(seq: int) -> None:
    with pytest.raises(AssertionError):
        intent_id(seq)


@given(one=st.text(max_size=300), other=st.text(max_size=300))
def test_lanes_of_two_keys_are_two(one: str, other: str) -> None:
    assert (http_lane("t", one) == http_lane("t", other)) == (one == other)
    assert len(http_lane("t", one)) <= 80
