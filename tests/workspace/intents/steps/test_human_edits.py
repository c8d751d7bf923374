"""What people type is an instruction too: nothing replaces it unseen, and the workspace says what to do then."""

from __future__ import annotations

import pytest

from crdt.documents.paths import delete_path, set_path
from tests.workspace.intents.driver import Driver, sound
from workspace.intents.model.bodies import PolicyConfig


def test_an_unseen_hand_edit_is_not_overwritten() -> None:
    driver = Driver()
    seen = driver.sequencer.fold.seq
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 120))
    intent = driver.ask("Ana", seen=seen)
    driver.set(intent, "price", 90)
    driver.wait(1)
    assert driver.verdict(intent).state == "suggested"
    assert driver.verdict(intent).code == "human_edit"
    assert driver.value("price") == 120
    approval = driver.ask("Ana", "", kind="approve", refs=(intent,))
    driver.set(approval, "price", 90)
    driver.wait(1)
    assert driver.verdict(approval).state == "done"
    assert driver.value("price") == 90


def test_an_unseen_removal_by_hand_is_not_undone() -> None:
    driver = Driver()
    seen = driver.sequencer.fold.seq
    driver.type("Chen", "budget", lambda document: delete_path(document, ("price",)))
    intent = driver.ask("Ana", seen=seen)
    driver.set(intent, "price", 90)
    driver.wait(1)
    assert driver.verdict(intent).code == "human_edit"
    assert driver.value("price") is None
    knowing = driver.ask("Ana")
    driver.set(knowing, "price", 90)
    driver.wait(1)
    assert driver.value("price") == 90


def test_a_hand_edit_that_was_seen_may_be_overwritten() -> None:
    driver = Driver()
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 120))
    driver.wait(0.3)
    intent = driver.ask("Ana")
    driver.set(intent, "price", 90)
    driver.wait(1)
    assert driver.verdict(intent).state == "done"


def test_adding_builds_on_an_unseen_hand_edit() -> None:
    driver = Driver()
    seen = driver.sequencer.fold.seq
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 120))
    intent = driver.ask("Ana", seen=seen)
    driver.add(intent, "price", 5)
    driver.wait(1)
    assert driver.verdict(intent).state == "done"
    assert driver.value("price") == 125


def over_an_edit(mode: str) -> tuple[Driver, str]:
    """Let Ana set a price that Chen has typed over while the agent thought."""
    driver = Driver(policy=PolicyConfig(human_edit=mode))  # type: ignore[arg-type]
    ana = driver.ask("Ana", "set 1")
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 7))
    driver.wait(0.3)
    driver.set(ana, "price", 1)
    if ana in driver.tasks:
        driver.set(ana, "price", 1)
    driver.wait(0.4)
    return driver, ana


def test_apply_and_flag_runs_and_says_whose_edit_it_replaced() -> None:
    driver, ana = over_an_edit("apply_and_flag")
    assert driver.verdict(ana).state == "done"
    assert "Chen" in driver.verdict(ana).reason
    assert "undo" in driver.verdict(ana).can
    assert driver.value("price") == 1
    sound(driver)


@pytest.mark.parametrize("says, state, price", [("yes", "done", 1), ("no", "suggested", 7), ("", "suggested", 7)])
def test_ask_holds_the_plan_until_somebody_says_so(says: str, state: str, price: int) -> None:
    driver, ana = over_an_edit("ask")
    assert driver.state(ana) == "held"
    assert driver.value("price") == 7
    if says:
        driver.ask("Ana", "", kind="answer", refs=(driver.question,), value=ana if says == "yes" else "none")
    driver.wait(70)
    assert (driver.verdict(ana).state, driver.value("price")) == (state, price)
    sound(driver)
