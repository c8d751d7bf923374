"""What ends by itself: questions unanswered or about what is gone, and what was asked with rights that are over."""

from __future__ import annotations

import pytest

from tests.workspace.intents.driver import PLACES, Driver, sound, two_prices
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.events import Proposed, RightsChanged
from workspace.intents.model.intent import Role, rank_of
from workspace.intents.model.plan import Planned


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


@pytest.mark.parametrize("role", ["owner", "editor", "commenter"])
@pytest.mark.parametrize("now", ["owner", "editor", "commenter", "viewer", None])
def test_what_was_asked_ends_where_its_author_may_less_than_then(role: Role, now: Role | None) -> None:
    driver = Driver()
    ana, ben = driver.ask("Ana", role=role, scope=PLACES), driver.ask("Ben", scope=PLACES)
    driver.handle(RightsChanged({"Ana": now}))
    is_less = rank_of(now or "") < rank_of(role)
    assert (driver.state(ana) == "rejected") == is_less
    assert driver.state(ben) in ("planning", "queued")
    if is_less:
        verdict = driver.verdict(ana)
        assert (verdict.code, verdict.can) == ("rights_ended", ("resend",) if now else ())
        assert verdict.reason.startswith("Ana")
    sound(driver)


@pytest.mark.parametrize("stage", ["planning", "ready", "held", "after a crash"])
def test_nothing_of_it_is_committed_whatever_had_become_of_it(stage: str) -> None:
    driver = Driver()
    ana = driver.ask("Ana", scope=PLACES)
    task = driver.tasks[ana]
    if stage == "ready" or stage == "after a crash":
        driver.add(ana, "price", 1)
        assert driver.state(ana) == "ready"
    if stage == "held":
        ben = driver.ask("Ben", seen=driver.start, scope=PLACES)
        driver.set(ana, "price", 1)
        driver.set(ben, "price", 2)
        driver.wait(1)
        assert driver.state(ana) == driver.state(ben) == "held"
    if stage == "after a crash":
        driver.open()
    driver.handle(RightsChanged({"Ana": None}))
    driver.handle(Proposed(ana, task.attempt, Planned((), summary="late")))
    driver.wait(100)
    assert driver.verdict(ana).code == "rights_ended"
    assert driver.value("price") == (2 if stage == "held" else 100)
    assert not driver.sequencer.fold.board.questions
    driver.open()
    assert driver.verdict(ana).code == "rights_ended", "the log says so"
    sound(driver)


def test_what_had_joined_goes_on_alone_and_whom_it_joined_is_asked_for_without_it() -> None:
    driver = Driver()
    ana = driver.ask("Ana", "first", scope=PLACES)
    ben = driver.ask("Ben", "and this", kind="do", refs=(ana,), scope=PLACES)
    assert driver.sequencer.fold.board.entries[ana].steers == (ben,)
    driver.handle(RightsChanged({"Ben": None}))
    assert (driver.verdict(ben).code, driver.sequencer.fold.board.entries[ana].steers) == ("rights_ended", ())
    assert driver.tasks[ana].steers == ()
    cy = driver.ask("Cy", "this too", kind="do", refs=(ana,), scope=PLACES)
    driver.handle(RightsChanged({"Ana": None}))
    assert (driver.verdict(ana).code, driver.state(cy)) == ("rights_ended", "planning")
    driver.add(cy, "price", 3)
    driver.wait(1)
    assert (driver.verdict(cy).state, driver.value("price")) == ("done", 103)
    sound(driver)
