"""What is shown follows the log, and what the sequencer knows beside it is given up where a record says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from crdt.documents.paths import set_path
from tests.workspace.intents.driver import Driver
from tests.workspace.intents.story import Story
from workspace.intents.model.bodies import OracleBody, PolicyConfig
from workspace.intents.model.intent import Scope
from workspace.intents.state.live_board import LiveBoard


def followed() -> tuple[Story, LiveBoard]:
    story = Story.begun()
    lives = LiveBoard.of_board(story.board)
    story.moved.clear()
    return story, lives


def test_an_intent_is_there_from_its_record_to_its_verdict() -> None:
    story, lives = followed()
    entry = story.intent(scope=(Scope("budget"),), deadline=9.0)
    assert lives.by_id == {}, "it is not followed yet"
    lives.follow(story.moved)
    assert lives.of(entry).stands == entry.stands == ("queued", (), "")
    assert (lives.index.of("queued"), list(lives.index.timed)) == ([entry], [entry.id])
    story.end(entry, "cancelled")
    lives.follow(story.moved)
    assert (lives.by_id, lives.index.of("queued"), lives.index.timed, lives.index.near([("budget", None)])) == (
        {},
        [],
        {},
        [],
    )
    assert lives.stands(entry) == ("cancelled", (), "It is cancelled."), "of what has ended the log speaks"
    assert lives.state_of(entry) == "cancelled"


def test_what_is_known_beside_the_log_changes_no_entry() -> None:
    story, lives = followed()
    entry = story.intent()
    lives.follow(story.moved)
    before = entry.stands
    lives.move(entry, "planning", waits_for=(), reason="reads the plan")
    assert entry.stands == before
    assert lives.stands(entry) == ("planning", (), "reads the plan")
    assert lives.index.of("planning") == [entry]


@pytest.mark.parametrize("record", ["plan", "question", "fault", "steered"])
def test_a_record_has_the_last_word(record: str) -> None:
    story, lives = followed()
    entry, other = story.intent("Ana"), story.intent("Ben")
    lives.follow(story.moved)
    lives.move(entry, "planning", waits_for=("i99",), reason="reads")
    story.moved.clear()
    match record:
        case "plan":
            story.plan(entry, story.set("price", 1), summary="sets it")
        case "question":
            story.question(entry, other)
        case "fault":
            story.append(OracleBody(oracle="planner_failed", intent=entry.id, reason="away"))
        case _:
            story.append(OracleBody(oracle="steered", intent=entry.id, source=other.id, reason="added"))
    lives.follow(story.moved)
    assert lives.of(entry).stands == entry.stands
    assert lives.of(other).stands == other.stands
    assert {one.id for one in lives.index.moved.values()} == {one.id for one in story.moved}


def test_a_plan_makes_an_intent_a_neighbour_where_it_works() -> None:
    story, lives = followed()
    entry = story.intent(scope=(Scope("plan"),))
    lives.follow(story.moved)
    assert lives.index.near([("budget", None)]) == []
    story.plan(entry, story.set("price", 1))
    lives.follow(story.moved)
    assert lives.index.near([("budget", None)]) == lives.index.near([("plan", None)]) == [entry]


def test_whoever_sleeps_behind_what_moved_looks_again() -> None:
    story, lives = followed()
    first, second, third = (story.intent(who) for who in ("Ana", "Ben", "Cem"))
    lives.follow(story.moved)
    story.moved.clear()
    lives.index.sleep(second, behind=(first.id,), tied=())
    lives.index.sleep(third, behind=(second.id,), tied=())
    story.plan(first, story.set("price", 1))
    lives.follow(story.moved)
    assert list(lives.index.asleep) == [third.id]


def test_an_opening_takes_everybody_to_have_been_shown_where_the_log_has_them() -> None:
    story = Story.begun()
    ready, ended = story.planned("Ana"), story.done("Ben")
    lives = LiveBoard.of_board(story.board)
    assert list(lives.by_id) == [ready.id]
    assert ended.id not in lives.by_id
    assert lives.of(ready).shown == ready.stands
    assert lives.index.moved == {}


def test_a_plan_that_is_made_again_is_shown_so_and_the_log_still_has_it_ready() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    driver.replace(intent, "Second", "2nd")
    driver.type("Ben", "plan", lambda document: document.delete_text(0, len(document.text())))
    driver.wait(1)
    entry: Any = driver.sequencer.fold.board.entries[intent]
    assert (entry.state, driver.state(intent)) == ("ready", "planning")
    repair = driver.tasks[intent].repair
    assert repair is not None
    assert repair.reason, "the planner is told why"
    driver.open()
    assert driver.state(intent) in ("ready", "planning"), "looked at again by value"


def test_a_planner_is_told_why_its_plan_no_longer_held_however_long_that_waited_for_a_slot() -> None:
    driver = Driver(PolicyConfig(slots=1, window_ms=1_000, overlap_wait_ms=0))
    first = driver.ask("Ana", scope=(Scope("budget"),))
    driver.set(first, "price", 1)
    second = driver.ask("Ben", seen=driver.start, scope=(Scope("plan"),))
    assert (driver.state(first), driver.state(second)) == ("ready", "planning"), "the only slot is taken"
    driver.type("Cem", "budget", lambda document: set_path(document, ("price",), 5))
    driver.wait(1)
    assert driver.stands(first) == ("queued", (), "Waits for a free planner.")
    driver.replace(second, "Second", "2nd")
    repair = driver.tasks[first].repair
    assert repair is not None
    assert "budget.price" in repair.reason
