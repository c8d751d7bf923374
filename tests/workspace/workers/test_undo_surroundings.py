"""What the log says around a commit: how it was before and after, and whether it stands."""

from __future__ import annotations

from tests.workspace.intents.driver import Driver
from workspace.intents.model.events import Proposed
from workspace.workers.undo_planner import _plan
from workspace.workers.undo_surroundings import LogView, surroundings, taken_back_by


def committed(driver: Driver, old: str, new: str) -> str:
    intent = driver.ask("Ana")
    driver.replace(intent, old, new)
    driver.wait(1.0)
    commit = driver.verdict(intent).commit
    assert commit
    return commit


def undone(driver: Driver, commit: str) -> str:
    intent = driver.ask("Ana", "", kind="undo", refs=(commit,))
    task = driver.tasks[intent]
    driver.handle(Proposed(intent, task.attempt, _plan(LogView(commit), driver.rows, driver.journal, task)))
    driver.wait(1.0)
    commit = driver.verdict(intent).commit
    assert commit
    return commit


def test_a_commit_is_stood_around_whatever_came_before_and_after_it() -> None:
    driver = Driver()
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "Before. "))
    driver.wait(1.0)
    before = driver.text()
    commit = committed(driver, "Second", "Other")
    after = driver.text()
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "After. "))
    driver.wait(1.0)
    around = surroundings(driver.rows, driver.journal, commit)
    assert (around.before["plan"].text(), around.after["plan"].text()) == (before, after)
    assert around.whole.documents["plan"].text() == driver.text()
    assert around.commit is not None
    assert around.commit.commit == commit
    assert driver.rows[around.seq - 1].kind == "commit"


def test_around_a_commit_that_is_not_there_is_nothing() -> None:
    driver = Driver()
    around = surroundings(driver.rows, driver.journal, "c99")
    assert (around.commit, around.seq, around.before, around.after) == (None, 0, {}, {})


def test_the_past_knows_who_brought_and_took_what() -> None:
    driver = Driver()
    commit = committed(driver, "Second", "Other")
    around = surroundings(driver.rows, driver.journal, commit)
    past = around.past("plan")
    assert past.since == around.seq
    assert around.name(around.seq) == commit
    assert around.seq in past.writers
    assert around.seq not in past.undos


def test_a_commit_stands_taken_back_and_stands_again() -> None:
    driver = Driver()
    commit = committed(driver, "Second", "Other")
    board = driver.sequencer.fold.board
    assert taken_back_by(board, commit) == ""
    undo = undone(driver, commit)
    assert taken_back_by(board, commit) == undo
    undone(driver, undo)
    assert taken_back_by(board, commit) == ""


def test_a_view_that_goes_on_says_what_one_of_the_whole_log_says() -> None:
    driver = Driver()
    commit = committed(driver, "Second", "Other")
    view = LogView(commit)
    view.enter(driver.rows, driver.journal)
    read, rows_read = len(driver.journal), len(driver.rows)
    undo = undone(driver, commit)
    committed(driver, "Third", "Last")
    view.enter(driver.rows[rows_read:], driver.journal[read:])
    whole = surroundings(driver.rows, driver.journal, commit)
    assert (view.rows, view.journal) == (len(driver.rows), len(driver.journal))
    assert view.around.whole.state() == whole.whole.state()
    mine, theirs = view.around.past("plan"), whole.past("plan")
    assert (mine.since, mine.undos, mine.writers) == (theirs.since, theirs.undos, theirs.writers)
    assert taken_back_by(view.around.whole.board, commit) == taken_back_by(whole.whole.board, commit) == undo
    for side in ("before", "after"):
        one, other = getattr(view.around, side), getattr(whole, side)
        assert {doc: was.digest() for doc, was in one.items()} == {doc: was.digest() for doc, was in other.items()}
