"""How policies are called: with a version in the log, without one in a verdict's code."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.policies import (
    BOTH,
    BRANCH,
    MERGE,
    NONE,
    POLICIES,
    EditMode,
    RuledBy,
    edit_rule,
    policy_name,
)
from workspace.intents.rules.policy import check


def test_every_policy_of_a_chain_has_a_name_with_a_version() -> None:
    ruled = {word for name, word in vars(RuledBy).items() if name.isupper()}
    assert set(POLICIES) <= {policy_name(word) for word in ruled}
    assert check(PolicyConfig(chain=POLICIES)) is None


@pytest.mark.parametrize("mode", get_args(EditMode))
def test_the_human_edit_rule_is_called_after_its_mode(mode: EditMode) -> None:
    assert edit_rule(mode) == f"human_edit:{mode}@1"
    assert policy_name(edit_rule(mode)) == f"human_edit:{mode}"


def test_a_mode_that_there_is_not_is_a_bug_and_no_name() -> None:
    mode: Any = "shrug"
    with pytest.raises(AssertionError):
        edit_rule(mode)


@pytest.mark.parametrize("word", ["vote", "vote@", "@", "vote@one"])
def test_a_name_without_a_version_names_no_ruling(word: str) -> None:
    with pytest.raises(AssertionError, match="has no version"):
        policy_name(word)


def test_what_is_ruled_without_a_winner_looks_like_no_intent() -> None:
    assert len({NONE, BOTH, MERGE, BRANCH}) == 4
    assert not any(word[1:].isdigit() for word in (NONE, BOTH, MERGE, BRANCH))
