"""A log is decided again by its own policies to the same end, and by others up to the first decision that differs."""

from __future__ import annotations

import msgspec
import pytest

from crdt.digest import Json
from crdt.documents.paths import set_path
from tests.workspace.intents.driver import Driver
from workspace.intents.audit.decision_review import changed
from workspace.intents.audit.what_if import WhatIf, decide_again
from workspace.intents.model.bodies import DecisionBody, PolicyConfig
from workspace.intents.model.intent import Region, Scope
from workspace.intents.model.record import Record, Row, read_row, seal

BUDGET = (Scope("budget"),)


def group(driver: Driver) -> dict[str, str]:
    """Let Ana and Ben want one price, unseen by each other; return their intents by name."""
    seen = driver.sequencer.fold.seq
    ids = {name: driver.ask(name, seen=seen, scope=BUDGET) for name in ("Ana", "Ben")}
    for name, id in ids.items():
        driver.set(id, "price", f"{name} {seen}")
    driver.wait(0.4)
    return ids


def vote(driver: Driver, who: str, value: str) -> str:
    return driver.ask(who, "", role="commenter", kind="answer", refs=(driver.question,), value=value)


def again(driver: Driver, **changes: Json) -> WhatIf:
    return decide_again(driver.rows, driver.journal, changes=changes)


def decisions(driver: Driver) -> list[tuple[Record, DecisionBody]]:
    records = [read_row(row) for row in driver.rows]
    return [(record, record.body) for record in records if isinstance(record.body, DecisionBody)]


def voted() -> tuple[Driver, dict[str, str], list[str]]:
    """Return a vote of three that two carried: Chen for Ana's, then Dee and Eve for Ben's."""
    driver = Driver(policy=PolicyConfig(chain=("vote", "first"), vote_quorum=3))
    ids = group(driver)
    ballots = [vote(driver, who, ids[name]) for who, name in (("Chen", "Ana"), ("Dee", "Ben"), ("Eve", "Ben"))]
    driver.wait(1)
    assert driver.verdict(ids["Ben"]).state == "done"
    return driver, ids, ballots


def test_a_vote_is_counted_again() -> None:
    driver, _, _ = voted()
    found = again(driver)
    assert (found.decided, found.same, found.first, found.unsound) == (2, 2, None, ())


def test_a_smaller_quorum_would_have_settled_a_vote_earlier() -> None:
    driver, ids, ballots = voted()
    found = again(driver, vote_quorum=1)
    assert found.first is not None
    assert (found.first.seq, found.first.was, found.first.would) == (int(ballots[0][1:]), "", ids["Ana"])
    assert found.counterfactual_from == found.first.seq + 1
    assert found.counterfactual == len(driver.rows) - found.first.seq
    assert (found.decided, found.same) == (1, 1)


def test_a_larger_quorum_would_not_have_been_reached() -> None:
    driver, ids, _ = voted()
    found = again(driver, vote_quorum=4)
    assert found.first is not None
    closing = next(body for _, body in decisions(driver) if body.of)
    assert (found.first.decision, found.first.was, found.first.would) == (closing.decision, ids["Ben"], "")
    assert (found.decided, found.same) == (2, 1)


def test_most_votes_at_the_deadline_are_counted_again() -> None:
    driver = Driver(policy=PolicyConfig(chain=("vote", "first"), vote_quorum=3))
    ids = group(driver)
    vote(driver, "Chen", ids["Ben"])
    driver.wait(61)
    assert driver.verdict(ids["Ben"]).state == "done"
    assert again(driver).first is None
    found = again(driver, chain=["ask", "first"])
    assert found.first is not None, "answers to a question are no votes: the default would have stood"
    assert (found.first.was, found.first.would) == (ids["Ben"], ids["Ana"])


def test_the_default_of_an_unanswered_question_is_that_of_the_chain() -> None:
    driver = Driver(policy=PolicyConfig(chain=("ask", "first")))
    ids = group(driver)
    driver.wait(61)
    assert driver.verdict(ids["Ana"]).state == "done"
    assert (again(driver).decided, again(driver).first) == (2, None)
    fair = Driver(policy=PolicyConfig(chain=("ask", "fair")))
    drawn = group(fair)
    fair.wait(61)
    winner = next(id for id in drawn.values() if fair.verdict(id).state == "done")
    found = again(driver, chain=["ask", "fair"]).first
    assert (found is None) == (winner == drawn["Ana"])


@pytest.mark.parametrize("mode", ["suggest", "apply_and_flag", "ask"])
def test_the_human_edit_rule_is_applied_again(mode: str) -> None:
    driver = Driver(policy=PolicyConfig(human_edit=mode))  # type: ignore[arg-type]
    ana = driver.ask("Ana")
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 7))
    driver.wait(0.3)
    driver.set(ana, "price", 8)
    driver.wait(1)
    driver.set(ana, "price", 8)
    driver.wait(1)
    if mode == "ask":
        driver.wait(61)
    assert again(driver).first is None
    assert again(driver).decided == (2 if mode == "ask" else 1)
    for other, would in (("suggest", "none"), ("apply_and_flag", ana), ("ask", "")):
        found = again(driver, human_edit=other).first
        assert (found is None) == (other == mode)
        if found is not None:
            assert (found.would, found.would_by) == (would, f"human_edit:{other}@1")


def test_a_chain_that_is_replaced_leaves_the_regions_of_the_log() -> None:
    driver = Driver(policy=PolicyConfig(chain=("fair",), regions=(Region("budget", chain=("first",)),)))
    group(driver)
    assert again(driver, chain=["ask"]).first is None, "the region's own chain decides"
    assert again(driver, chain=["ask"], regions=[]).first is not None


def test_fields_that_no_policy_has_are_refused() -> None:
    with pytest.raises(ValueError, match="no quorum"):
        changed(PolicyConfig(), {"quorum": 3})
    with pytest.raises(ValueError):
        changed(PolicyConfig(), {"vote_quorum": "many"})
    assert changed(PolicyConfig(slots=2), {"vote_quorum": 5}) == PolicyConfig(slots=2, vote_quorum=5)


def test_an_answer_that_was_counted_for_another_is_found() -> None:
    """Somebody turns the outcome of a vote round and seals the log anew."""
    driver, ids, _ = voted()
    rows: list[Row] = []
    for row in driver.rows:
        body = read_row(row).body
        if isinstance(body, DecisionBody) and body.of:
            turned = {ids["Ana"]: "run", ids["Ben"]: "overruled"}
            body = msgspec.structs.replace(body, outcome=turned)
        prev = rows[-1].hash if rows else ""
        rows.append(seal(body, seq=row.seq, epoch=row.epoch, at=row.at, actor=row.actor, prev=prev).row)
        if isinstance(body, DecisionBody) and body.of:
            break
    found = decide_again(rows, driver.journal).first
    assert found is not None
    assert (found.was, found.would) == (ids["Ana"], ids["Ben"])
