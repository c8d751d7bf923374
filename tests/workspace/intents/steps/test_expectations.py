"""An instruction that expects something keeps its condition: it is not made part of one that does not state it."""

from __future__ import annotations

from tests.workspace.intents.driver import Driver
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.intent import Expect
from workspace.intents.state.replay import verify


def test_what_expects_something_is_not_merged_into_another() -> None:
    driver = Driver(policy=PolicyConfig(chain=("merge", "first"), merge_auto=True), has_judge=True)
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", "set 1", seen=seen)
    ben = driver.ask("Ben", "set 2", seen=seen, expects=(Expect("budget", ("price",), 100),))
    driver.set(ana, "price", 1)
    driver.set(ben, "price", 2)
    driver.wait(1)
    assert not driver.merge_tasks, "nobody is asked for words that would drop a condition"
    assert driver.verdict(ana).state == "done"
    assert driver.verdict(ben).state == "overruled"
    assert verify(driver.rows, driver.journal).ok
