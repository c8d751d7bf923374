"""On the way to a plan: planned again, given up, asked about, and what comes too late is dropped."""

from __future__ import annotations

from crdt.digest import digest_value
from crdt.operations.ops import SetValue
from tests.workspace.intents.driver import Driver
from workspace.intents.model.events import (
    Proposed,
)
from workspace.intents.model.plan import Asked, Option, Planned, PlanRefused


def test_typing_inside_a_rewrite_plans_again_and_then_suggests() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    driver.type("Chen", "plan", lambda document: document.insert_text(document.text().index("line.\nThird"), "very "))
    driver.replace(intent, "Second line.", "2nd")
    driver.wait(1)
    assert driver.tasks[intent].attempt == 1
    assert driver.tasks[intent].repair is not None
    driver.replace(intent, "Second very line.", "2nd")
    driver.wait(1)
    assert driver.verdict(intent).state == "suggested"
    assert "very" in driver.text()


def test_a_plan_that_is_stale_three_times_is_suggested() -> None:
    driver = Driver()
    intent = driver.ask("Ana", lane="L")
    for _ in range(3):
        task = driver.tasks[intent]
        stale = SetValue("budget", ("price",), 1, digest_value("never"))
        driver.tasks.pop(intent)
        driver.handle(Proposed(intent, task.attempt, Planned(ops=(stale,))))
        driver.wait(1)
    assert driver.verdict(intent).state == "suggested"
    assert driver.verdict(intent).code == "stale"


def test_planner_answers_end_in_verdicts() -> None:
    driver = Driver()
    refused, failing = driver.ask("Ana"), driver.ask("Ben")
    task = driver.tasks.pop(refused)
    driver.handle(Proposed(refused, task.attempt, PlanRefused("not_understood", "no idea", "say it otherwise")))
    assert driver.verdict(refused).remedy == "say it otherwise"
    for _ in range(3):
        driver.fail(failing)
    assert driver.verdict(failing).state == "failed"


def test_a_late_answer_of_a_planner_nobody_waits_for_is_dropped() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    task = driver.tasks[intent]
    driver.ask("Ana", "", kind="cancel", refs=(intent,))
    assert driver.verdict(intent).state == "cancelled"
    before = driver.sequencer.fold.seq
    driver.handle(Proposed(intent, task.attempt, Planned(ops=())))
    assert driver.sequencer.fold.seq == before


def test_the_agent_may_ask_its_author() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    task = driver.tasks.pop(intent)
    driver.handle(Proposed(intent, task.attempt, Asked("Which one?", (Option("a", "A"), Option("b", "B")))))
    assert driver.state(intent) == "held"
    driver.ask("Ana", "", kind="answer", refs=(driver.question,), value="b")
    assert driver.tasks[intent].exchanges[0].answer == "b"
    driver.plan(intent)
    driver.wait(1)
    assert driver.verdict(intent).state == "done"


def test_an_intent_that_is_not_done_by_its_deadline_expires() -> None:
    driver = Driver()
    late, early = driver.ask("Ana", deadline=driver.now + 5), driver.ask("Ben", deadline=driver.now + 500)
    driver.wait(6)
    assert (driver.verdict(late).state, driver.verdict(late).code) == ("expired", "deadline")
    driver.set(early, "price", 1)
    driver.wait(1)
    assert driver.verdict(early).state == "done"
    assert driver.ask("Ana", deadline=-1.0) == "MALFORMED"
