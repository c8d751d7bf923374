"""What an instruction refers to, and how long its plan is waited for."""

from __future__ import annotations

import pytest

from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from tests.workspace.intents.driver import Driver
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.intent import Scope
from workspace.intents.model.plan import EARLIER_MAX, NOT_AT_ALL, WHOLE


def test_a_plan_is_waited_for_as_the_policy_says_and_not_beyond_the_deadline() -> None:
    for deadline, seconds in ((5, 5), (500, 60), (None, 60)):
        driver = Driver(policy=PolicyConfig(plan_seconds_max=60.0))
        more = {} if deadline is None else {"deadline": driver.now + deadline}
        assert driver.tasks[driver.ask("Ana", **more)].seconds_max == seconds


def pointing(driver: Driver, words: str) -> Scope:
    """Point at some words of the text."""
    document = driver.sequencer.fold.documents["plan"]
    at = document.text().index(words)
    place = place_range(document, at, at + len(words))
    return Scope("plan", from_=place.start.encode(), to=place.end.encode(), quote=words)


def cut(driver: Driver, words: str) -> None:
    def change(document: Document) -> None:
        at = document.text().index(words)
        document.delete_text(at, at + len(words))

    driver.type("Ben", "plan", change)
    driver.wait(0.3)


@pytest.mark.parametrize(
    "says, state, code",
    [(WHOLE, "planning", ""), (NOT_AT_ALL, "rejected", "empty_scope"), ("", "expired", "no_answer")],
)
def test_a_place_that_is_gone_is_not_guessed_at(says: str, state: str, code: str) -> None:
    driver = Driver()
    place = pointing(driver, "Second")
    cut(driver, "Second")
    intent = driver.ask("Ana", "make it shine", scope=(place, Scope("budget")))
    assert driver.state(intent) == "held"
    question = driver.sequencer.fold.board.questions[driver.question]
    assert "“Second”" in question.text
    assert "deleted by Ben" in question.text
    if says:
        driver.ask("Ana", "", kind="answer", refs=(question.id,), value=says)
    else:
        driver.wait(61)
    assert driver.state(intent) == state
    if code:
        assert driver.verdict(intent).code == code
    else:
        assert driver.tasks[intent].scope == (Scope("plan"), Scope("budget")), "the whole document, as its author says"


def test_a_point_between_characters_is_never_gone() -> None:
    driver = Driver()
    point = pointing(driver, "Second")
    cut(driver, "Second")
    intent = driver.ask("Ana", scope=(Scope("plan", from_=point.from_),))
    assert driver.state(intent) == "planning"


def test_a_planner_is_told_what_its_author_had_seen_and_nothing_else() -> None:
    driver = Driver()
    before = driver.sequencer.fold.seq
    said = [driver.ask("Ana", f"wish {at}") for at in range(EARLIER_MAX + 2)]
    for intent in said:
        driver.plan(intent)
        driver.wait(1)
    assert all(driver.state(intent) == "done" for intent in said)
    aware, blind = driver.ask("Ben", "go on"), driver.ask("Cem", "start", seen=before)
    told = driver.tasks[aware].earlier
    assert [one.intent for one in told] == list(reversed(said))[:EARLIER_MAX], "the newest six, newest first"
    assert (told[0].actor, told[0].text, told[0].state) == ("Ana", f"wish {EARLIER_MAX + 1}", "done")
    assert driver.tasks[blind].earlier == ()
