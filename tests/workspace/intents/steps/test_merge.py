"""One instruction for a whole group: asked for once, run when all agree, passed over without an honest middle."""

from __future__ import annotations

import pytest

from tests.support.live_board import shown_amiss
from tests.workspace.intents.driver import Driver, sound
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.events import MergeProposed, PlanFailed
from workspace.intents.model.intent import Expect
from workspace.intents.model.oracle import Merged
from workspace.intents.state.replay import fold_log


def pair(driver: Driver, *, roles: tuple[str, str] = ("editor", "editor")) -> tuple[str, str]:
    """Two concurrent instructions on two values of one document: no L2 conflict."""
    first = driver.ask("Ana", "make the party formal", seen=driver.start, role=roles[0])
    second = driver.ask("Ben", "keep the party casual", seen=driver.start, role=roles[1])
    driver.set(first, "tone", "formal")
    driver.set(second, "style", "casual")
    driver.wait(0.4)
    return first, second


MERGING = PolicyConfig(chain=("merge", "fair"))


def colliding(driver: Driver) -> tuple[str, str]:
    first = driver.ask("Ana", "price 7", seen=driver.start)
    second = driver.ask("Ben", "price 9", seen=driver.start)
    driver.set(first, "price", 7)
    driver.set(second, "price", 9)
    driver.wait(0.4)
    return first, second


def propose(driver: Driver, text: str) -> None:
    task = driver.merge_tasks.pop()
    group = tuple(item.intent for item in task.items)
    driver.handle(MergeProposed(Merged(group, text, {"Ana": "a little"})))
    driver.wait(0.1)


def test_a_merged_instruction_runs_when_every_author_agrees() -> None:
    driver = Driver(policy=MERGING, has_judge=True)
    first, second = colliding(driver)
    propose(driver, "set the price to 8")
    question = driver.sequencer.fold.board.questions[driver.question]
    assert question.options[-1].value == "merge"
    assert "set the price to 8" in question.options[-1].label
    driver.ask("Ana", "", kind="answer", refs=(question.id,), value="merge")
    assert driver.state(first) == "held", "one author is not both"
    driver.ask("Ben", "", kind="answer", refs=(question.id,), value="merge")
    assert driver.tasks[first].text == "set the price to 8"
    driver.set(first, "price", 8)
    driver.wait(1)
    assert driver.value("price") == 8
    assert driver.verdict(first).state == driver.verdict(second).state == "merged"
    assert sum(row.kind == "commit" for row in driver.rows) == 1
    sound(driver)


def test_auto_needs_nobodys_word() -> None:
    driver = Driver(policy=PolicyConfig(chain=("merge",), merge_auto=True), has_judge=True)
    first, second = colliding(driver)
    propose(driver, "set the price to 8")
    driver.set(first, "price", 8)
    driver.wait(1)
    assert driver.verdict(second).state == "merged"
    sound(driver)


def test_who_is_merged_into_anothers_words_waits_for_those_in_the_log_too() -> None:
    driver = Driver(policy=PolicyConfig(chain=("merge",), merge_auto=True), has_judge=True)
    first, second = colliding(driver)
    propose(driver, "set the price to 8")
    board = fold_log(driver.rows, driver.journal).board
    assert board.live[second].stands == ("queued", (first,), "Is done together with Ana's instruction.")
    # Nothing is asked of a planner, and nothing is edited: what is shown is what the log says.
    driver.handle(PlanFailed(first, driver.tasks[first].attempt, "Busy."))
    assert not shown_amiss(driver.sequencer)
    assert driver.state(second) == "queued"


def test_what_was_added_to_one_of_them_goes_on_alone() -> None:
    """Cy adds to Ben's instruction, then Ben's is merged into Ana's words: Cy's is in neither, so it runs by itself."""
    driver = Driver(policy=PolicyConfig(chain=("merge",), merge_auto=True), has_judge=True)
    first = driver.ask("Ana", "price 7", seen=driver.start)
    second = driver.ask("Ben", "price 9", seen=driver.start)
    third = driver.ask("Cy", "and note it", refs=(second,))
    driver.set(first, "price", 7)
    driver.set(second, "price", 9)
    driver.wait(0.4)
    propose(driver, "set the price to 8")
    driver.set(first, "price", 8)
    driver.wait(1)
    assert driver.verdict(first).state == driver.verdict(second).state == "merged"
    driver.set(third, "note", 1)
    driver.wait(1)
    assert driver.verdict(third).state == "done"
    sound(driver)


def test_approving_a_merged_suggestion_runs_what_was_merged() -> None:
    driver = Driver(policy=PolicyConfig(chain=("merge",), merge_auto=True), has_judge=True)
    first = driver.ask("Cy", "price 7", seen=driver.start, role="commenter")
    second = driver.ask("Ben", "price 9", seen=driver.start)
    driver.set(first, "price", 7)
    driver.set(second, "price", 9)
    driver.wait(0.4)
    propose(driver, "set the price to 8")
    driver.set(first, "price", 8)
    driver.wait(1)
    assert (driver.verdict(first).state, driver.verdict(first).code) == ("suggested", "needs_approval")
    driver.ask("Ben", "", kind="cancel", refs=(second,))
    approval = driver.ask("Olga", "", role="owner", kind="approve", refs=(first,))
    assert driver.tasks[approval].text == "set the price to 8"


@pytest.mark.parametrize("has_judge", [True, False])
def test_without_an_honest_middle_the_next_policy_decides(has_judge: bool) -> None:
    driver = Driver(policy=MERGING, has_judge=has_judge)
    first, second = colliding(driver)
    if has_judge:
        propose(driver, "")
    driver.wait(1)
    assert sorted([driver.verdict(first).state, driver.verdict(second).state]) == ["done", "overruled"]
    sound(driver)


def test_nobody_answers_about_a_merge_and_the_rest_of_the_chain_rules() -> None:
    driver = Driver(policy=MERGING, has_judge=True)
    first, second = colliding(driver)
    propose(driver, "set the price to 8")
    driver.wait(120)
    assert sorted([driver.verdict(first).state, driver.verdict(second).state]) == ["done", "overruled"]
    sound(driver)


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
