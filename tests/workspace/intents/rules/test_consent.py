"""What people have allowed is exactly what they were asked: read from decisions that let it run, and from no others."""

from __future__ import annotations

import pytest

from tests.workspace.intents.story import Story
from workspace.intents.rules.consent import allowed_over, approved, edits_of


@pytest.mark.parametrize(
    "layer, outcome, is_allowed",
    [("E", "run", True), ("E", "suggested", False), ("L2", "run", False), ("effects", "run", False)],
)
def test_edits_may_be_replaced_that_somebody_was_asked_about(layer: str, outcome: str, is_allowed: bool) -> None:
    story = Story.begun()
    entry = story.planned()
    story.decide({entry.id: outcome}, layer=layer, evidence={"edits": [[3, "Ben", "plan"], [5, "Cem", "plan"]]})
    assert allowed_over(entry) == ({3, 5} if is_allowed else set())


@pytest.mark.parametrize(
    "layer, outcome, is_allowed", [("effects", "run", True), ("effects", "refused", False), ("E", "run", False)]
)
def test_effects_may_leave_that_somebody_has_seen(layer: str, outcome: str, is_allowed: bool) -> None:
    story = Story.begun()
    entry = story.planned()
    assert approved(entry) == set()
    story.decide({entry.id: outcome}, layer=layer, evidence={"digest": "sha256:1"})
    assert ("sha256:1" in approved(entry)) == is_allowed
    assert "sha256:2" not in approved(entry), "another plan is another question"


def test_a_decision_without_edits_allows_none() -> None:
    story = Story.begun()
    entry = story.planned()
    for evidence in ({}, {"edits": "all"}, {"edits": [3]}):
        assert edits_of(story.decide({entry.id: "run"}, layer="E", evidence=evidence)) == []
    assert allowed_over(entry) == set()
