"""Variants stand side by side in documents of their own, and an approval picks one."""

from __future__ import annotations

from crdt.documents.paths import set_path
from crdt.operations.ops import Increment, SetValue
from crdt.operations.preconditions import hash_of_value
from tests.workspace.intents.driver import Driver, sound, two_prices
from workspace.intents.model.bodies import PolicyConfig


def test_branch_shows_both_variants_and_an_approval_picks_one() -> None:
    driver = Driver(policy=PolicyConfig(chain=("branch",)))
    ana, ben = two_prices(driver)
    assert [driver.verdict(id).state for id in (ana, ben)] == ["branched", "branched"]
    assert driver.value("price") == 100
    documents = driver.sequencer.fold.documents
    assert documents[f"budget.{ana}"].value() == {"price": 1}
    assert documents[f"budget.{ben}"].value() == {"price": 2}
    assert f"budget.{ben}" in driver.verdict(ana).reason
    picked = driver.ask("Olga", "", role="owner", kind="approve", refs=(ben,))
    driver.wait(0.4)
    assert driver.verdict(picked).state == "done", "the very plan that was shown runs; no planner is asked"
    assert driver.value("price") == 2
    assert set(driver.sequencer.fold.listed()) == {"plan", "budget"}
    sound(driver)


def test_a_variant_whose_plan_no_longer_holds_is_planned_anew() -> None:
    driver = Driver(policy=PolicyConfig(chain=("branch",)))
    ana, _ = two_prices(driver)
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 7))
    driver.wait(0.3)
    picked = driver.ask("Olga", "", role="owner", kind="approve", refs=(ana,))
    assert picked in driver.tasks
    driver.set(picked, "price", 1)
    driver.wait(0.4)
    assert driver.value("price") == 1
    sound(driver)


def test_who_is_late_cannot_be_a_variant() -> None:
    driver = Driver(policy=PolicyConfig(chain=("branch", "first"), overlap_wait_ms=0))
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", seen=seen)
    driver.set(ana, "price", 1)
    driver.wait(0.4)
    ben = driver.ask("Ben", seen=seen)
    driver.set(ben, "price", 2)
    driver.wait(0.4)
    assert (driver.verdict(ana).state, driver.verdict(ben).state) == ("done", "overruled")
    sound(driver)


def test_a_variant_that_is_planned_anew_keeps_what_had_joined_it() -> None:
    """What Cy added has ended as a part of the variant: a plan without it would lose it without a word."""
    driver = Driver(policy=PolicyConfig(chain=("branch",)))
    seen = driver.sequencer.fold.seq
    ana, ben = driver.ask("Ana", "set 1", seen=seen), driver.ask("Ben", "set 2", seen=seen)
    cy = driver.ask("Cy", "and add 5 to stock", refs=(ana,))
    price = SetValue("budget", ("price",), 1, hash_of_value(driver.sequencer.fold.documents["budget"], ("price",)))
    driver.plan(ana, [price, Increment("budget", ("stock",), 5)])
    driver.set(ben, "price", 2)
    driver.wait(0.4)
    assert [driver.verdict(id).state for id in (ana, ben, cy)] == ["branched", "branched", "merged"]
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 7))
    driver.wait(0.3)
    picked = driver.ask("Olga", "", role="owner", kind="approve", refs=(ana,))
    assert [steer.intent for steer in driver.tasks[picked].steers] == [cy]
    now = hash_of_value(driver.sequencer.fold.documents["budget"], ("price",))
    driver.plan(picked, [SetValue("budget", ("price",), 1, now)], serves=())
    assert driver.state(picked) == "planning", "it is the planner's failure, and asked for again"
    assert "leaves out what Cy had added" in str(driver.rows[-1].body)
    driver.plan(picked, [SetValue("budget", ("price",), 1, now), Increment("budget", ("stock",), 5)])
    driver.wait(0.4)
    assert driver.verdict(picked).state == "done"
    assert (driver.value("price"), driver.value("stock")) == (1, 5)
    sound(driver)
