"""What is asked of a judge and a merger, and that only an opinion that all agree asks nobody."""

from __future__ import annotations

from typing import get_args

import msgspec
from hypothesis import given, settings

from tests.support.examples import examples
from tests.support.structs import any_struct
from workspace.intents.model.oracle import OPPOSING, Judgement, JudgeTask, Merged, Opinion


def test_who_could_not_judge_has_not_said_that_two_agree() -> None:
    assert set(get_args(Opinion)) - set(OPPOSING) == {"compatible", "unsure"}


@settings(max_examples=examples(60), deadline=None)
@given(judgement=any_struct(Judgement), task=any_struct(JudgeTask), merged=any_struct(Merged))
def test_what_is_asked_and_answered_is_read_as_it_was_written(
    judgement: Judgement, task: JudgeTask, merged: Merged
) -> None:
    for one in (judgement, task, merged):
        assert msgspec.json.decode(msgspec.json.encode(one), type=type(one)) == one


def test_a_merger_that_finds_no_middle_says_so_with_no_words() -> None:
    assert msgspec.json.decode(b'{"group":["i1","i2"],"text":""}', type=Merged) == Merged(("i1", "i2"), "")
