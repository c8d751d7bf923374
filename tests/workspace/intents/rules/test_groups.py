"""What a ruling makes of a group: who loses, who is kept, who is told what; and which chain settles it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workspace.intents.story import Story
from workspace.intents.model.bodies import DecisionBody, PolicyConfig
from workspace.intents.model.policies import BOTH, BRANCH, MERGE, NONE
from workspace.intents.rules.groups import (
    are_rival_picks,
    beside,
    chain_of,
    end_beyond_scope,
    is_standing,
    losers_by,
    member_of,
    ops_of,
    outcome_of,
    overruled,
    picks_variants,
)
from workspace.intents.state.board import Entry


def three(*states: str) -> tuple[Story, tuple[Entry, ...]]:
    """Three instructions of Ana, Ben and Cem: live, done or gone."""
    story = Story.begun()
    seen, group = story.fold.seq, []
    for at, (actor, state) in enumerate(zip(("Ana", "Ben", "Cem"), states, strict=True)):
        if state == "done":
            group.append(story.done(actor, at, seen=seen))
            continue
        group.append(story.planned(actor, at, seen=seen))
        if state == "gone":
            story.end(group[-1], "cancelled")
    return story, tuple(group)


def test_who_is_done_still_stands_and_who_has_left_does_not() -> None:
    _, group = three("live", "done", "gone")
    assert [is_standing(entry) for entry in group] == [True, True, False]
    assert [member_of(entry).is_committed for entry in group] == [False, True, False]
    assert len(ops_of(group)) == 3


LOSERS = [
    ("a winner beats all where nobody says who collides", "Ana", None, ["Ben", "Cem"]),
    ("a winner beats whom it collides with", "Ana", [("Ana", "Ben")], ["Ben"]),
    ("a winner that collides with nobody beats nobody", "Ana", [("Ben", "Cem")], []),
    ("in a chain the middle beats both ends", "Ben", [("Ana", "Ben"), ("Ben", "Cem")], ["Ana", "Cem"]),
    ("without a winner all lose", NONE, [("Ana", "Ben")], ["Ana", "Ben", "Cem"]),
    ("nobody loses by both", BOTH, [("Ana", "Ben")], []),
    ("nobody loses by a merge", MERGE, None, []),
    ("nobody loses by variants", BRANCH, None, []),
]


@pytest.mark.parametrize("winner, edges, lose", [row[1:] for row in LOSERS], ids=[row[0] for row in LOSERS])
def test_who_loses_is_who_collides_with_the_winner(winner: str, edges: Any, lose: list[str]) -> None:
    _, group = three("live", "live", "live")
    ids = {entry.actor: entry.id for entry in group}
    evidence = {} if edges is None else {"edges": [sorted(ids[name] for name in edge) for edge in edges]}
    assert [entry.actor for entry in losers_by(group, ids.get(winner, winner), evidence)] == lose


OUTCOMES = [
    ("L2", "policy", ("live", "live", "live"), "Ana", ["run", "overruled", "overruled"]),
    ("L2", "policy", ("done", "live", "live"), "Ana", ["kept", "overruled", "overruled"]),
    ("L2", "policy", ("done", "live", "live"), "Ben", ["replaced", "run", "overruled"]),
    ("L2", "policy", ("gone", "live", "live"), "Ben", ["withdrawn", "run", "overruled"]),
    ("L2", "person", ("live", "live", "live"), NONE, ["overruled"] * 3),
    ("L3", "person", ("live", "live", "live"), BOTH, ["run"] * 3),
    ("L2", "policy", ("done", "live", "live"), MERGE, ["kept", "merge", "merge"]),
    ("L2", "policy", ("live", "gone", "live"), BRANCH, ["branch", "withdrawn", "branch"]),
    ("rights", "person", ("live", "live", "gone"), "Ana", ["kept", "overruled", "withdrawn"]),
    ("rights", "person", ("live", "live", "gone"), "Ben", ["overruled", "run", "withdrawn"]),
    ("E", "person", ("live", "gone", "gone"), NONE, ["suggested", "withdrawn", "withdrawn"]),
    ("effects", "timer", ("live", "gone", "gone"), NONE, ["refused", "withdrawn", "withdrawn"]),
    ("scope", "person", ("live", "gone", "gone"), NONE, ["refused", "withdrawn", "withdrawn"]),
    ("scope", "timer", ("live", "gone", "gone"), NONE, ["suggested", "withdrawn", "withdrawn"]),
]


@pytest.mark.parametrize("layer, by, states, winner, ends", OUTCOMES)
def test_a_ruling_means_something_for_each_of_the_group(
    layer: Any, by: str, states: tuple[str, ...], winner: str, ends: list[str]
) -> None:
    _, group = three(*states)
    ids = {entry.actor: entry.id for entry in group}
    value = ids.get(winner, winner)
    outcome = outcome_of(group, value, losers_by(group, value, {}), layer=layer, by=by)
    assert [outcome[entry.id] for entry in group] == ends


def test_who_collides_with_nobody_that_won_stays_open() -> None:
    _, group = three("live", "live", "live")
    ana, ben, cem = (entry.id for entry in group)
    evidence: dict[str, Any] = {"edges": [[ana, ben]]}
    assert outcome_of(group, ana, losers_by(group, ana, evidence), layer="L2", by="policy")[cem] == "open"


def test_a_no_about_the_scope_ends_it_and_silence_leaves_it_to_be_looked_at() -> None:
    assert [end_beyond_scope(by) for by in ("person", "timer", "policy")] == ["refused", "suggested", "suggested"]


@pytest.mark.parametrize(
    "rival, layer, code, says",
    [("live", "L2", "first", "runs instead"), ("done", "L2", "first", "stays"), ("live", "rights", "first", "goes on"),
     ("", "L2", "none_chosen", "Nobody's instruction was run")],
)  # fmt: skip
def test_whoever_lost_is_told_to_whom_and_what_may_be_done(rival: str, layer: Any, code: str, says: str) -> None:
    story, group = three(rival or "live", "live", "gone")
    decision: DecisionBody = story.decide({group[0].id: "run", group[1].id: "overruled"}, layer=layer)
    verdict = overruled(group[1], decision, group[0] if rival else None)
    assert (verdict.state, verdict.code, verdict.by) == ("overruled", code, decision.decision)
    assert says in verdict.reason
    assert verdict.winner == (group[0].id if rival else "")
    assert verdict.can == ("override",)


def branched(story: Story) -> tuple[Entry, Entry]:
    """Two variants that stand side by side."""
    one, other = story.planned("Ana", 1), story.planned("Ben", 2, seen=1)
    story.decide({one.id: "branch", other.id: "branch"}, policy="branch@1")
    for entry in (one, other):
        story.end(entry, "branched")
    return one, other


def test_who_picks_one_of_several_variants_is_not_answered_with_more_of_them() -> None:
    story = Story.begun()
    one, other = branched(story)
    assert beside(one) == beside(other) == {one.id, other.id}
    picks = [story.intent("Cem", "", kind="approve", refs=(entry.id,)) for entry in (one, other)]
    again = story.intent("Dee", "", kind="approve", refs=(one.id,))
    assert picks_variants(picks, story.board)
    assert are_rival_picks(*picks, story.board)
    assert not are_rival_picks(picks[0], again, story.board), "the same one twice is no contradiction"
    assert not are_rival_picks(picks[0], story.planned("Eva"), story.board)
    for own, used in {("branch", "first"): ("first",), ("branch",): ("fair",)}.items():
        assert chain_of(PolicyConfig(chain=own), "L2", picks, story.board).chain == used
    plain = [story.planned("Eva"), story.planned("Fay")]
    assert chain_of(PolicyConfig(chain=("branch",)), "L2", plain, story.board).chain == ("branch",)
