"""What a planner is given and may answer: told apart on the way, and fit to stand in a log."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.operations.ops import SetValue
from tests.support.examples import examples
from tests.support.structs import any_struct
from workspace.intents.model.plan import Asked, Option, Planned, PlanRefused, Proposal, Tokens, is_expressible, whole

ANY_TEXT = st.text(st.characters(), max_size=12)  # halves of characters, too


@settings(max_examples=examples(60), deadline=None)
@given(proposal=st.one_of(any_struct(Asked), any_struct(PlanRefused), any_struct(Planned)))
def test_a_proposal_is_told_from_the_other_two_wherever_it_was_written_down(proposal: Proposal) -> None:
    again = msgspec.json.decode(msgspec.json.encode(proposal), type=Proposal)
    assert type(again) is type(proposal)
    assert msgspec.json.encode(again) == msgspec.json.encode(proposal)


def test_tokens_are_in_and_out_on_the_wire() -> None:
    assert msgspec.json.encode(Tokens(read=3, written=2)) == b'{"in":3,"out":2}'


@given(text=ANY_TEXT)
def test_a_whole_text_can_be_encoded_has_as_many_characters_and_is_left_alone_where_it_was_whole(text: str) -> None:
    mended = whole(text)
    mended.encode()
    assert len(mended) == len(text)
    assert whole(mended) == mended
    halves = [at for at, char in enumerate(text) if "\ud800" <= char <= "\udfff"]
    assert [at for at, char in enumerate(mended) if char != text[at]] == halves


@pytest.mark.parametrize(
    ("answer", "is_said"),
    [
        (Asked("Which one?", (Option("a", "A"),)), True),
        (Planned((SetValue("budget", ("tent",), 1e308, "absent"),)), True),
        (Planned((SetValue("budget", ("tent",), float("nan"), "absent"),)), False),
        (Planned((SetValue("budget", ("tent",), float("inf"), "absent"),)), False),
        (PlanRefused("no", "half of a character: \ud83d"), False),
        (Asked("\udc00"), False),
    ],
)
def test_what_no_record_can_hold_is_noticed_before_one_is_made(answer: Any, is_said: bool) -> None:
    assert is_expressible(answer) == is_said


@pytest.mark.long
def test_a_value_nested_beyond_what_can_be_walked_is_noticed() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert not is_expressible(Planned((SetValue("budget", ("tent",), deep, "absent"),)))
