"""The round: who runs when, what a latecomer meets, what ends a ready plan instead of a commit."""

from __future__ import annotations

from tests.workspace.intents.driver import TEXT, Driver
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.intent import Expect


def test_one_instruction_runs_after_its_window() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    driver.replace(intent, "Second", "2nd")
    assert driver.state(intent) == "ready"
    driver.wait(0.31)
    assert driver.verdict(intent).state == "done"
    assert driver.text() == TEXT.replace("Second", "2nd")


def test_a_latecomer_meets_the_commit_as_its_incumbent() -> None:
    driver = Driver()
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", seen=seen)
    driver.set(ana, "price", 200)
    driver.wait(1)
    ben = driver.ask("Ben", seen=seen)
    driver.set(ben, "price", 50)
    driver.wait(1)
    assert driver.state(ben) == "held"
    question = driver.sequencer.fold.board.questions[driver.question]
    assert {option.value for option in question.options} == {ana, ben}
    assert question.evidence["late"] == [ana]
    driver.ask("Ana", "", kind="answer", refs=(question.id,), value=ben)
    driver.wait(1)
    assert driver.verdict(ben).state == "done"
    assert driver.value("price") == 50
    assert driver.verdict(ana).state == "done", "a verdict is never changed"


def test_a_latecomer_whose_place_was_rewritten_is_asked_about_too() -> None:
    driver = Driver(PolicyConfig(overlap_wait_ms=0))
    seen = driver.sequencer.fold.seq
    ana, ben = driver.ask("Ana", seen=seen), driver.ask("Ben", seen=seen)
    driver.replace(ana, "Second line.", "Formal words.")
    driver.wait(1)
    assert driver.verdict(ana).state == "done"
    driver.replace(ben, "Second", "2nd")
    driver.wait(1)
    assert driver.state(ben) == "held"


def test_increments_add_up_without_a_question() -> None:
    driver = Driver()
    ids = [driver.ask(name, seen=driver.start) for name in ("Ana", "Ben")]
    for intent, by in zip(ids, (5, -30), strict=True):
        driver.add(intent, "price", by)
    driver.wait(1)
    assert [driver.verdict(id).state for id in ids] == ["done", "done"]
    assert driver.value("price") == 75


def test_a_guest_may_only_suggest_and_another_guest_may_not_approve() -> None:
    driver = Driver()
    intent = driver.ask("Gil", role="commenter")
    driver.set(intent, "price", 1)
    driver.wait(1)
    assert driver.verdict(intent).code == "needs_approval"
    assert driver.ask("Hal", "", role="commenter", kind="approve", refs=(intent,)) == "FORBIDDEN"
    assert driver.ask("Vi", role="viewer") == "READ_ONLY"
    approval = driver.ask("Ana", "", kind="approve", refs=(intent,))
    driver.set(approval, "price", 1)
    driver.wait(1)
    assert driver.value("price") == 1


def test_an_expectation_that_does_not_hold_is_said() -> None:
    driver = Driver()
    intent = driver.ask("Ana", expects=(Expect("budget", ("price",), 99),))
    driver.set(intent, "price", 1)
    driver.wait(1)
    assert driver.verdict(intent).code == "expectation"
    assert driver.value("price") == 100


def test_typing_past_the_end_of_a_window_does_not_hide_it() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    driver.replace(intent, "First", "Best")
    driver.now += 10
    driver.type("Ben", "plan", lambda d: d.insert_text(0, "x"))
    due = driver.sequencer.next_deadline()
    assert due is not None
    assert due <= driver.now, "a tick is wanted at once, not when overlapping instructions are given up"
