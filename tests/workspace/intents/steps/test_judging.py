"""L3 and `merge`: a judge only ever adds questions; a merged instruction runs when its authors agree."""

from __future__ import annotations

import pytest

from crdt.documents.paths import set_path
from tests.workspace.intents.driver import Driver, sound
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.events import Judged
from workspace.intents.model.oracle import Judgement, Opinion


def pair(driver: Driver, *, roles: tuple[str, str] = ("editor", "editor")) -> tuple[str, str]:
    """Two concurrent instructions on two values of one document: no L2 conflict."""
    first = driver.ask("Ana", "make the party formal", seen=driver.start, role=roles[0])
    second = driver.ask("Ben", "keep the party casual", seen=driver.start, role=roles[1])
    driver.set(first, "tone", "formal")
    driver.set(second, "style", "casual")
    driver.wait(0.4)
    return first, second


def opine(driver: Driver, opinion: Opinion) -> None:
    task = driver.judge_tasks.pop()
    driver.handle(Judged(task, tuple(Judgement(p, opinion, ("formal", "casual")) for p in task.pairs), "test"))
    driver.wait(0.1)


def test_nothing_is_committed_before_the_judge_has_spoken_and_each_pair_is_asked_once() -> None:
    driver = Driver(has_judge=True)
    first, second = pair(driver)
    assert driver.state(first) == driver.state(second) == "ready"
    (task,) = driver.judge_tasks
    assert task.pairs == ((first, second),)
    assert [item.text for item in task.items] == ["make the party formal", "keep the party casual"]
    opine(driver, "compatible")
    assert driver.verdict(first).state == driver.verdict(second).state == "done"
    assert not driver.judge_tasks
    sound(driver)


@pytest.mark.parametrize("roles", [("editor", "editor"), ("owner", "editor")])
def test_a_contradiction_is_a_question_even_where_rank_would_have_ruled(roles: tuple[str, str]) -> None:
    driver = Driver(has_judge=True)
    first, second = pair(driver, roles=roles)
    opine(driver, "contradict")
    assert driver.state(first) == driver.state(second) == "held"
    decision = driver.sequencer.fold.board.layers[driver.question]
    assert decision.layer == "L3"
    assert {option.value for option in decision.question.options} == {first, second, "none", "both"}  # type: ignore[union-attr]
    driver.ask("Owner", "", role="owner", kind="answer", refs=(driver.question,), value=second)
    driver.wait(1)
    assert driver.verdict(second).state == "done"
    assert driver.verdict(first).state == "overruled"
    sound(driver)


def test_the_people_may_say_that_both_can_be() -> None:
    driver = Driver(has_judge=True)
    first, second = pair(driver)
    opine(driver, "contradict")
    driver.ask("Owner", "", role="owner", kind="answer", refs=(driver.question,), value="both")
    driver.wait(1)
    assert driver.verdict(first).state == driver.verdict(second).state == "done"
    sound(driver)


def test_whom_a_judge_finds_compatible_are_held_against_each_other_all_the_same() -> None:
    """I26: it was asked about other plans than those that meet now, and takes no question away."""
    driver = Driver(has_judge=True)
    first, second = pair(driver)
    driver.type("Chen", "budget", lambda document: set_path(document, ("tone",), "plain"))
    driver.type("Chen", "budget", lambda document: set_path(document, ("style",), "plain"))
    opine(driver, "compatible")
    assert driver.state(first) == driver.state(second) == "planning", "both are planned again"
    driver.set(second, "tone", "casual")
    driver.set(first, "tone", "formal")
    driver.wait(1)
    assert driver.sequencer.fold.board.layers[driver.question].layer == "L2"
    assert driver.value("tone") == "plain"
    sound(driver)


def test_unsure_lets_both_run_and_tells_both() -> None:
    driver = Driver(has_judge=True)
    first, second = pair(driver)
    opine(driver, "unsure")
    assert driver.verdict(first).state == driver.verdict(second).state == "done"
    assert "keep the party casual" in driver.verdict(first).reason
    assert "make the party formal" in driver.verdict(second).reason


@pytest.mark.parametrize("answer", [True, False])
def test_a_judge_that_fails_means_ask_and_without_an_answer_both_run(answer: bool) -> None:
    driver = Driver(has_judge=True)
    first, second = pair(driver)
    driver.handle(Judged(driver.judge_tasks.pop(), (), "test", "it broke"))
    driver.wait(0.1)
    assert driver.state(first) == "held"
    if answer:
        driver.ask("Owner", "", role="owner", kind="answer", refs=(driver.question,), value=first)
    driver.wait(120)
    assert driver.verdict(first).state == "done"
    assert driver.verdict(second).state == ("overruled" if answer else "done")
    sound(driver)


def test_a_late_contradiction_with_what_was_committed_is_asked_too() -> None:
    driver = Driver(has_judge=True)
    first = driver.ask("Ana", "formal", seen=driver.start)
    driver.set(first, "tone", "formal")
    driver.wait(1)
    assert driver.verdict(first).state == "done"
    second = driver.ask("Ben", "casual", seen=driver.start)
    driver.set(second, "style", "casual")
    driver.wait(0.4)
    opine(driver, "contradict")
    assert driver.state(second) == "held"
    driver.wait(120)
    assert driver.verdict(second).state in ("done", "overruled")
    sound(driver)


def test_who_has_seen_the_other_is_not_judged_and_other_documents_are_not_compared() -> None:
    driver = Driver(has_judge=True)
    first = driver.ask("Ana")
    driver.set(first, "tone", "formal")
    driver.wait(1)
    later = driver.ask("Ben")
    driver.set(later, "style", "casual")
    driver.wait(1)
    assert driver.verdict(later).state == "done"
    other = driver.ask("Chen", seen=driver.start)
    driver.replace(other, "Third", "3rd")
    driver.wait(1)
    assert driver.verdict(other).state == "done"
    assert not driver.judge_tasks


def test_the_judge_may_be_switched_off() -> None:
    driver = Driver(has_judge=True, policy=PolicyConfig(judge=False))
    first, _ = pair(driver)
    assert driver.verdict(first).state == "done"


def test_a_restart_asks_the_judge_again_and_keeps_what_it_said() -> None:
    driver = Driver(has_judge=True)
    first, _ = pair(driver)
    driver.judge_tasks.clear()
    driver.open()
    driver.wait(0.5)
    opine(driver, "contradict")
    assert driver.state(first) == "held"
    driver.open()
    driver.wait(0.5)
    assert driver.state(first) == "held"
    assert not driver.judge_tasks


def test_a_pure_judge_answers_at_once_and_only_what_matters_is_logged() -> None:
    driver = Driver(has_judge=True)
    driver.sequencer.kernel.quick = lambda one, other: Judgement(
        (one.intent, other.intent), "contradict" if {one.actor, other.actor} == {"Ana", "Ben"} else "compatible"
    )
    first, second = pair(driver)
    assert driver.state(first) == driver.state(second) == "held"
    assert not driver.judge_tasks
    third = driver.ask("Chen", seen=driver.start)
    driver.set(third, "third", 1)
    driver.wait(1)
    assert driver.verdict(third).state == "done"
    assert sum('"judged"' in row.body for row in driver.rows) == 1
    sound(driver)


@pytest.mark.long
@pytest.mark.parametrize(("people", "questions"), [(6, 1), (20, 1), (25, 2)])
def test_one_question_lists_twenty_instructions(people: int, questions: int) -> None:
    driver = Driver(has_judge=True, policy=PolicyConfig(slots=64))
    ids = [driver.ask(f"P{at}", f"do {at}", seen=driver.start) for at in range(people)]
    for at, id in enumerate(ids):
        driver.set(id, f"k{at}", at)
    driver.wait(0.4)
    first = driver.judge_tasks[:questions]
    assert max(len(task.items) for task in driver.judge_tasks) <= 20
    assert sum(len(task.pairs) for task in first) >= min(people, 20) * (min(people, 20) - 1) // 2
    asked = [pair for task in driver.judge_tasks for pair in task.pairs]
    assert len(set(asked)) == len(asked) == people * (people - 1) // 2, "every pair once"
    if people <= 20:
        assert len(driver.judge_tasks) == questions
    while driver.judge_tasks:
        opine(driver, "compatible")
    assert {driver.state(id) for id in ids} == {"done"}
    sound(driver)
