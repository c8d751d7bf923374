"""Approvals, cancels, overrides: each act counts once, and no right grows by being listed."""

from __future__ import annotations

import pytest

from tests.workspace.intents.driver import Driver, sound
from workspace.intents.model.bodies import PolicyConfig


def suggested(driver: Driver) -> str:
    """A commenter's increment, which the gate turns into a suggestion."""
    intent = driver.ask("Gil", "add five", role="commenter")
    driver.add(intent, "price", 5)
    driver.wait(0.4)
    assert driver.state(intent) == "suggested"
    return intent


def branched(driver: Driver) -> tuple[str, str]:
    """Two variants of one value, side by side."""
    ana = driver.ask("Ana", seen=driver.start)
    ben = driver.ask("Ben", seen=driver.start)
    driver.set(ana, "price", 1)
    driver.set(ben, "price", 2)
    driver.wait(0.4)
    assert driver.state(ana) == driver.state(ben) == "branched"
    return ana, ben


def run_all(driver: Driver, by: int = 5) -> None:
    for intent in list(driver.tasks):
        driver.add(intent, "price", by)
    driver.wait(0.4)


# ------------------------------------------------------------ approving


@pytest.mark.parametrize("knew", [False, True])
def test_a_suggestion_that_two_approve_is_done_once(knew: bool) -> None:
    driver = Driver()
    target = suggested(driver)
    before = driver.sequencer.fold.seq
    first = driver.ask("Olga", "", role="owner", kind="approve", refs=(target,), seen=before)
    second = driver.ask("Ana", "", kind="approve", refs=(target,), seen=None if knew else before)
    run_all(driver)
    run_all(driver)
    assert driver.value("price") == 105
    assert driver.verdict(first).state == "done"
    assert (driver.verdict(second).state, driver.verdict(second).code) == ("merged", "already_approved")
    assert driver.verdict(second).winner == first
    sound(driver)


def test_who_approves_after_it_was_done_is_told_so() -> None:
    driver = Driver()
    target = suggested(driver)
    first = driver.ask("Olga", "", role="owner", kind="approve", refs=(target,))
    run_all(driver)
    late = driver.ask("Ana", "", kind="approve", refs=(target,))
    assert driver.verdict(late).code == "already_approved"
    assert not driver.tasks, "nobody plans it again"
    commit = driver.sequencer.fold.board.entries[first].commit
    assert commit is not None
    sound(driver)


def test_the_second_approval_goes_on_where_the_first_came_to_nothing() -> None:
    driver = Driver()
    target = suggested(driver)
    first = driver.ask("Olga", "", role="owner", kind="approve", refs=(target,))
    second = driver.ask("Ana", "", kind="approve", refs=(target,))
    assert driver.sequencer.fold.board.entries[second].waits_for == (first,)
    driver.ask("Olga", "", role="owner", kind="cancel", refs=(first,))
    run_all(driver)
    assert (driver.verdict(first).state, driver.verdict(second).state) == ("cancelled", "done")
    assert driver.value("price") == 105
    sound(driver)


def test_two_who_pick_different_variants_are_settled_by_the_rest_of_the_chain() -> None:
    driver = Driver(policy=PolicyConfig(chain=("branch", "priority", "ask")))
    ana, ben = branched(driver)
    before = driver.sequencer.fold.seq
    hers = driver.ask("Olga", "", role="owner", kind="approve", refs=(ana,), seen=before)
    his = driver.ask("Ben", "", kind="approve", refs=(ben,), seen=before)
    driver.wait(0.4)
    assert driver.verdict(hers).state == "done"
    assert (driver.verdict(his).state, driver.verdict(his).code) == ("overruled", "priority")
    assert driver.value("price") == 1
    assert set(driver.sequencer.fold.listed()) == {"plan", "budget"}, "no variant is left, none was added"
    sound(driver)


def test_the_people_are_asked_which_variant_where_the_chain_asks() -> None:
    driver = Driver(policy=PolicyConfig(chain=("branch", "ask")))
    ana, ben = branched(driver)
    before = driver.sequencer.fold.seq
    picks = [driver.ask(who, "", kind="approve", refs=(id,), seen=before) for who, id in (("Cy", ana), ("Di", ben))]
    driver.wait(0.4)
    assert [driver.state(id) for id in picks] == ["held", "held"]
    driver.ask("Olga", "", role="owner", kind="answer", refs=(driver.question,), value=picks[1])
    driver.wait(0.4)
    assert [driver.state(id) for id in picks] == ["overruled", "done"]
    assert driver.value("price") == 2
    sound(driver)


def test_who_picks_knowing_that_another_variant_was_picked_comes_too_late() -> None:
    driver = Driver(policy=PolicyConfig(chain=("branch",)))
    ana, ben = branched(driver)
    first = driver.ask("Ana", "", kind="approve", refs=(ana,))
    second = driver.ask("Ben", "", kind="approve", refs=(ben,))
    driver.wait(0.4)
    assert driver.verdict(first).state == "done"
    assert (driver.verdict(second).state, driver.verdict(second).code) == ("overruled", "already_picked")
    assert driver.value("price") == 1
    sound(driver)


# ------------------------------------------------------------ cancelling


# ------------------------------------------------------------ overriding
