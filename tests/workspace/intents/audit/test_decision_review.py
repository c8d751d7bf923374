"""A decision is made again from the log: the same policy rules the same, another says where it would have differed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workspace.intents.driver import Driver, two_prices
from tests.workspace.intents.story import Story
from workspace.intents.audit.decision_review import Difference, Review, changed
from workspace.intents.model.bodies import DecisionBody, PolicyConfig
from workspace.intents.model.record import seal
from workspace.intents.state.replay import NEVER, start_replay


def test_fields_of_a_policy_are_replaced_and_no_others() -> None:
    policy = PolicyConfig(chain=("first",))
    assert changed(policy, {"slots": 2}) == PolicyConfig(chain=("first",), slots=2)
    assert changed(policy, {}) == policy
    for wrong in ({"colour": "red"}, {"slots": "two"}, {"chain": 3}):
        with pytest.raises(ValueError):
            changed(policy, wrong)  # type: ignore[arg-type]


def reviewed(driver: Driver, **changes: Any) -> tuple[list[Difference], Review]:
    """Follow a log to its end, whatever would have been otherwise."""
    replay = start_replay(driver.journal, states_from=NEVER)
    review, found = Review(replay.fold, changes), []
    for row in driver.rows:
        record = replay.read(row)
        difference = review.look(record)
        found += [difference] if difference is not None else []
        replay.enter(record)
    return found, review


CHAINS = [
    (("first",), {"chain": ("fair",)}, None),
    (("first",), {"chain": ("ask", "first")}, ("i", "", "ask@1")),
    (("ask", "first"), {"chain": ("first",)}, ("", "i", "first@1")),
    (("branch",), {"chain": ("first",)}, ("branch", "i", "first@1")),
    (("first",), {"chain": ("branch",)}, ("i", "branch", "branch@1")),
]


@pytest.mark.parametrize("chain, changes, expected", CHAINS)
def test_another_chain_is_told_from_the_one_that_ruled(chain: Any, changes: Any, expected: Any) -> None:
    driver = Driver(PolicyConfig(chain=chain))
    two_prices(driver)
    found, review = reviewed(driver)
    assert (found, review.unsound, review.decided) == ([], [], 1)
    found, _ = reviewed(driver, **changes)
    if expected is None:
        assert {one.would_by for one in found} <= {"fair@3"}, "a draw may come out the same"
        return
    (one,) = found
    assert (one.was.rstrip("0123456789"), one.would.rstrip("0123456789"), one.would_by) == expected


def test_answers_that_would_have_sufficed_are_told_where_they_came() -> None:
    driver = Driver(PolicyConfig(chain=("vote", "first"), vote_quorum=3))
    ana, _ = two_prices(driver)
    for who in ("Cem", "Dee"):
        driver.ask(who, "", kind="answer", refs=(driver.question,), value=ana)
    driver.ask("Eva", "something else")
    driver.wait(61)
    assert reviewed(driver)[0] == []
    (early, *_) = reviewed(driver, vote_quorum=2)[0]
    assert (early.was, early.would, early.reason) == ("", ana, "the answers would have sufficed")


@pytest.mark.parametrize("field, value", [("inputs", "sha256:0"), ("silent", ("Nobody",))])
def test_inputs_that_are_not_those_of_the_log_are_unsound(field: str, value: object) -> None:
    driver = Driver(PolicyConfig(chain=("ask", "first")))
    two_prices(driver)
    driver.wait(61)
    replay = start_replay(driver.journal, states_from=NEVER)
    review, touched = Review(replay.fold), 0
    for row in driver.rows:
        record = replay.read(row)
        body = record.body
        if row.kind == "decision" and getattr(body, field) and not touched:
            touched = row.seq
            # The rest of the log is entered as it was written.
            review.look(forged(record, field, value))
        else:
            review.look(record)
        replay.enter(record)
    assert review.unsound == [touched]


def forged(record: Any, field: str, value: object) -> Any:
    """Return a record that says something else in one field of its body."""
    body = type(record.body)(
        **{name: getattr(record.body, name) for name in record.body.__struct_fields__} | {field: value}
    )
    return type(record)(record.seq, record.epoch, record.at, record.actor, body, record.row)


def test_a_decision_that_names_no_question_of_the_log_is_unsound() -> None:
    story = Story.begun()
    one, other = story.planned("Ana"), story.planned("Ben", 9, seen=1)
    review = Review(story.fold)
    body = DecisionBody("d8", (one.id, other.id), "L2", "first@1", "timer", {one.id: "run"}, "so", of="q99")
    last = story.rows[-1]
    record = seal(body, seq=last.seq + 1, epoch=1, at=last.at, actor="agent", prev=last.hash)
    assert review.look(record) is None
    assert review.unsound == [record.seq]
