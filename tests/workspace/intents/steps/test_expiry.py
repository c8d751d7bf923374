"""Questions come to an end by themselves: unanswered, or about what is not there any more."""

from __future__ import annotations

import pytest

from tests.workspace.intents.driver import PLACES, Driver, sound, two_prices
from workspace.intents.model.bodies import PolicyConfig


def test_an_unanswered_question_is_settled_by_its_default_and_survives_a_crash() -> None:
    driver = Driver()
    ana, ben = driver.ask("Ana", seen=driver.start, scope=PLACES), driver.ask("Ben", seen=driver.start, scope=PLACES)
    driver.replace(ana, "Second", "Formal")
    driver.replace(ben, "Second", "Casual")
    driver.wait(1)
    default = driver.sequencer.fold.board.questions[driver.question].default
    driver.open()
    driver.wait(61)
    assert {driver.verdict(ana).state, driver.verdict(ben).state} == {"done", "overruled"}
    assert driver.verdict(default).state == "done"


@pytest.mark.parametrize("withdrawn", [0, 1])
def test_a_withdrawn_rival_overrules_nobody(withdrawn: int) -> None:
    driver = Driver()
    names = ("Ana", "Ben")
    ids = [driver.ask(name, seen=driver.start, scope=PLACES) for name in names]
    for intent, word in zip(ids, ("Formal", "Casual"), strict=True):
        driver.replace(intent, "Second", word)
    driver.wait(1)
    assert [driver.state(id) for id in ids] == ["held", "held"]
    driver.ask(names[withdrawn], "", kind="cancel", refs=(ids[withdrawn],))
    driver.wait(1)
    assert driver.verdict(ids[withdrawn]).state == "cancelled"
    assert driver.verdict(ids[1 - withdrawn]).state == "done"
    assert not driver.sequencer.fold.board.questions


def test_a_question_whose_last_open_intent_is_withdrawn_is_settled_at_once() -> None:
    driver = Driver(policy=PolicyConfig(chain=("ask", "first"), overlap_wait_ms=0))
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", seen=seen)
    driver.set(ana, "price", 1)
    driver.wait(0.4)
    ben = driver.ask("Ben", seen=seen)
    driver.set(ben, "price", 2)
    driver.wait(0.4)
    assert (driver.state(ana), driver.state(ben)) == ("done", "held")
    driver.ask("Ben", "", kind="cancel", refs=(ben,))
    assert not driver.sequencer.fold.board.questions, "nobody is left to decide about"
    assert driver.sequencer.next_deadline() is None, "the room sleeps"
    sound(driver)


def test_nobody_answering_branches_where_the_chain_says_so() -> None:
    driver = Driver(policy=PolicyConfig(chain=("ask", "branch"), ask_seconds=5))
    ana, ben = two_prices(driver)
    assert driver.state(ana) == driver.state(ben) == "held"
    driver.wait(6)
    assert [driver.verdict(id).state for id in (ana, ben)] == ["branched", "branched"]
    assert driver.value("price") == 100
    sound(driver)


def test_no_variants_where_somebody_has_left_before_the_deadline() -> None:
    driver = Driver(policy=PolicyConfig(chain=("ask", "branch"), ask_seconds=5))
    seen = driver.sequencer.fold.seq
    three = [driver.ask(who, seen=seen) for who in ("Ana", "Ben", "Cem")]
    for price, intent in enumerate(three):
        driver.set(intent, "price", price)
    driver.wait(0.4)
    driver.ask("Cem", "", kind="cancel", refs=(three[2],))
    driver.wait(6)
    assert [driver.state(id) for id in three] == ["done", "overruled", "cancelled"]
    sound(driver)
