"""Adding to an instruction under way: one plan for both, one commit, and nobody is steered by who may not."""

from __future__ import annotations

import pytest

from crdt.operations.ops import SetValue, hash_of_value
from tests.workspace.intents.driver import Driver
from workspace.intents.audit.verify import verify
from workspace.intents.audit.what_if import decide_again
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.events import Proposed
from workspace.intents.model.intent import Expect, Scope
from workspace.intents.model.plan import Asked, Option
from workspace.intents.state.replay import fold_log


def replays(driver: Driver) -> None:
    fold, live = fold_log(driver.rows, driver.journal), driver.sequencer.fold
    assert fold.state() == live.state()
    assert {id: entry.state for id, entry in fold.board.entries.items()} == {
        id: entry.state for id, entry in live.board.entries.items()
    }


def test_who_saw_it_adds_to_it_and_one_commit_serves_both() -> None:
    driver = Driver()
    first = driver.ask("Ana", "shorten it")
    old = driver.tasks[first]
    second = driver.ask("Ben", "no, keep the price", refs=(first,))
    assert second not in driver.tasks, "what joined is not planned by itself"
    task = driver.tasks[first]
    assert task.attempt > old.attempt
    assert [(steer.actor, steer.text) for steer in task.steers] == [("Ben", "no, keep the price")]
    driver.set(first, "price", 7)
    driver.wait(1)
    assert driver.verdict(first).state == "done"
    assert driver.verdict(second).state == "merged"
    (_, commit) = next(iter(driver.sequencer.fold.board.commits.values()))
    assert commit.intents == (first, second)
    replays(driver)


def test_what_the_plan_does_not_carry_out_runs_by_itself() -> None:
    driver = Driver()
    first = driver.ask("Ana", "shorten it")
    second = driver.ask("Ben", "and the price", refs=(first,))
    third = driver.ask("Cy", "and the other", refs=(first,))
    put = SetValue("budget", ("price",), 7, hash_of_value(driver.sequencer.fold.documents["budget"], ("price",)))
    driver.plan(first, [put], serves=(second, "i999"))
    replays(driver)
    assert driver.state(third) == "queued"
    assert "runs by itself" in driver.sequencer.fold.board.entries[third].moves[-1].reason
    driver.wait(1)
    assert driver.verdict(first).state == "done"
    assert driver.verdict(second).state == "merged"
    (_, commit) = next(iter(driver.sequencer.fold.board.commits.values()))
    assert commit.intents == (first, second)
    assert driver.tasks[third].text == "and the other", "planned on what the first has come to"
    driver.set(third, "other", 1)
    driver.wait(1)
    assert driver.verdict(third).state == "done"
    assert driver.verdict(third).commit != commit.commit
    assert verify(driver.rows, driver.journal).ok
    replays(driver)


def test_a_ready_plan_is_planned_again_with_what_was_added() -> None:
    driver = Driver()
    first = driver.ask("Ana")
    driver.set(first, "price", 7)
    assert driver.state(first) == "ready"
    driver.ask("Ben", "rather 8", refs=(first,))
    assert driver.tasks[first].steers[0].text == "rather 8"
    driver.set(first, "price", 8)
    driver.wait(1)
    assert driver.value("price") == 8


def test_unseen_or_from_below_it_stays_an_instruction_of_its_own() -> None:
    driver = Driver()
    before = driver.sequencer.fold.seq
    first = driver.ask("Ana", role="owner")
    unseen = driver.ask("Ben", "keep it", seen=before, refs=(first,))
    below = driver.ask("Chen", "keep it", refs=(first,))
    assert not driver.sequencer.fold.board.entries[first].steers
    driver.set(first, "price", 7)
    driver.set(unseen, "other", 1)
    driver.wait(1)
    assert driver.verdict(first).state == "done"
    driver.set(below, "third", 1)
    driver.wait(1)
    assert driver.verdict(unseen).state == driver.verdict(below).state == "done"


def test_when_one_end_goes_the_other_goes_on_alone() -> None:
    driver = Driver()
    first = driver.ask("Ana")
    second = driver.ask("Ben", "and the other", refs=(first,))
    driver.ask("Ana", "", kind="cancel", refs=(first,))
    assert driver.verdict(first).state == "cancelled"
    driver.set(second, "other", 1)
    driver.wait(1)
    assert driver.verdict(second).state == "done"
    third = driver.ask("Ana")
    fourth = driver.ask("Ben", "and more", refs=(third,))
    driver.ask("Ben", "", kind="cancel", refs=(fourth,))
    assert driver.tasks[third].steers == ()
    driver.set(third, "price", 3)
    driver.wait(1)
    assert driver.verdict(third).state == "done"
    replays(driver)


def test_a_restart_keeps_what_joined() -> None:
    driver = Driver()
    first = driver.ask("Ana")
    second = driver.ask("Ben", "and the other", refs=(first,))
    driver.open()
    driver.wait(0)
    assert [steer.text for steer in driver.tasks[first].steers] == ["and the other"]
    driver.set(first, "price", 7)
    driver.wait(1)
    assert driver.verdict(second).state == "merged"


def test_what_the_agent_asked_falls_when_it_begins_again() -> None:
    """It asks, its words change before anybody answers, and it asks again: one question, one verdict."""
    driver = Driver()
    first = driver.ask("Ana", "shorten it")
    second = driver.ask("Ben", "and the title", refs=(first,))
    asked = Asked("Which one?", (Option("a", "A"), Option("b", "B")))
    driver.handle(Proposed(first, driver.tasks.pop(first).attempt, asked))
    assert driver.state(first) == "held"
    driver.ask("Ben", "", kind="cancel", refs=(second,))
    assert not driver.sequencer.fold.board.questions
    driver.handle(Proposed(first, driver.tasks.pop(first).attempt, asked))
    (question,) = driver.sequencer.fold.board.questions.values()
    replays(driver)
    driver.wait(question.deadline)
    assert driver.verdict(first).state == "expired"
    replays(driver)


def test_what_expects_something_of_its_own_does_not_join() -> None:
    driver = Driver()
    first = driver.ask("Ana", "make it 7")
    second = driver.ask("Ben", "and note it", refs=(first,), expects=(Expect("budget", ("price",), 100),))
    assert not driver.sequencer.fold.board.entries[first].steers, "one commit cannot stand on two conditions"
    driver.set(first, "price", 7)
    driver.wait(1)
    driver.set(second, "note", 1)
    driver.wait(1)
    assert driver.verdict(first).state == "done"
    assert driver.verdict(second).code == "expectation"
    replays(driver)


def overtaken(driver: Driver, *, is_known_to_olga: bool | None) -> tuple[str, str]:
    """Let Ben, who knew of Ana's, set the price first; then hers turns out to set it too, perhaps by Olga's word."""
    ana = driver.ask("Ana", scope=(Scope("plan"),))
    before = driver.sequencer.fold.seq
    ben = driver.ask("Ben", scope=(Scope("budget", keys=(("price",),)),))
    driver.set(ben, "price", 5)
    driver.wait(60)
    assert driver.verdict(ben).state == "done"
    if is_known_to_olga is not None:
        seen = None if is_known_to_olga else before
        driver.ask("Olga", "and the price", role="owner", refs=(ana,), seen=seen)
    driver.set(ana, "price", 8)
    assert driver.sequencer.fold.board.entries[ana].state == "held", "Olga has pointed at nothing: it opens no fence"
    driver.ask("Ana", "", kind="answer", refs=(driver.question,), value=ana)
    driver.wait(1)
    if ana in driver.tasks:
        driver.set(ana, "price", 8)
        driver.wait(1)
    report = verify(driver.rows, driver.journal)
    assert report.ok, report
    return ana, ben


@pytest.mark.parametrize("is_known_to_olga", [None, False])
def test_what_a_later_word_did_first_is_not_undone_by_an_earlier_one_in_silence(is_known_to_olga: bool | None) -> None:
    driver = Driver(policy=PolicyConfig(chain=("ask",)))
    ana, ben = overtaken(driver, is_known_to_olga=is_known_to_olga)
    assert driver.value("price") == 5
    assert driver.state(ana) == "held"
    assert driver.sequencer.fold.board.questions[driver.question].group == (ben, ana), "what is done comes first"
    driver.ask("Olga", "", role="owner", kind="answer", refs=(driver.question,), value=ana)
    driver.wait(1)
    if ana in driver.tasks:
        driver.set(ana, "price", 8)
        driver.wait(1)
    assert driver.value("price") == 8
    assert verify(driver.rows, driver.journal).ok
    replays(driver)


def test_whoever_adds_to_an_instruction_knowing_of_a_later_one_may_go_over_it() -> None:
    driver = Driver(policy=PolicyConfig(chain=("ask",)))
    ana, _ = overtaken(driver, is_known_to_olga=True)
    assert driver.verdict(ana).state == "done"
    assert driver.value("price") == 8
    replays(driver)


@pytest.mark.parametrize("chain", [("ask", "branch"), ("ask",), ("vote", "fair")])
def test_a_question_about_a_plan_that_is_made_anew_is_taken_back_and_decides_nothing(chain: tuple[str, ...]) -> None:
    driver = Driver(policy=PolicyConfig(chain=chain))
    ana = driver.ask("Ana")
    adds = driver.ask("Cy", "and the other", refs=(ana,))
    ben = driver.ask("Ben", seen=driver.start)
    driver.set(ana, "price", 7)
    driver.set(ben, "price", 9)
    driver.wait(1)
    assert (driver.state(ana), driver.state(ben)) == ("held", "held")
    asked = driver.question
    driver.ask("Cy", "", kind="cancel", refs=(adds,))
    assert asked not in driver.sequencer.fold.board.questions, "it asked about a plan with Cy's words in it"
    assert (driver.state(ana), driver.state(ben)) == ("planning", "ready")
    decision = driver.sequencer.fold.board.entries[ana].decisions[-1]
    assert (decision.policy, decision.of) == ("changed@1", asked)
    assert decision.outcome == {ana: "open", ben: "open"}
    driver.wait(1)
    assert driver.state(ben) == "ready", "whose plan is made anew is waited for"
    driver.set(ana, "price", 8)
    driver.wait(1)
    assert driver.question != asked, "what they collide over now is asked anew"
    driver.wait(100)
    assert not driver.sequencer.fold.board.live
    assert verify(driver.rows, driver.journal).ok
    again = decide_again(driver.rows, driver.journal)
    assert (again.first, again.unsound) == (None, ())
    replays(driver)


def test_a_variant_that_is_picked_and_planned_anew_keeps_what_had_joined_it() -> None:
    driver = Driver(policy=PolicyConfig(chain=("branch",)))
    ana, ben = driver.ask("Ana", seen=driver.start), driver.ask("Ben", seen=driver.start)
    driver.ask("Olga", "and the other", role="owner", refs=(ana,))
    driver.set(ana, "price", 7)
    driver.set(ben, "price", 9)
    driver.wait(1)
    assert (driver.state(ana), driver.state(ben)) == ("branched", "branched")
    other = driver.ask("Chen")
    driver.set(other, "price", 11)
    driver.wait(60)
    pick = driver.ask("Ana", "", kind="approve", refs=(ana,))
    driver.wait(1)
    task = driver.tasks[pick]
    assert [steer.text for steer in task.steers] == ["and the other"], "the plan was stale: it is made anew, for both"
    driver.set(pick, "price", 7)
    driver.wait(60)
    assert driver.verdict(pick).state == "done"
    assert verify(driver.rows, driver.journal).ok
    replays(driver)
