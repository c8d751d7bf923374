"""Open runs: whatever people type into each other, every record can be replayed in log order."""

from __future__ import annotations

from crdt.documents.paths import set_path
from tests.workspace.intents.driver import Driver
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import UpdateBody
from workspace.intents.model.record import read_row
from workspace.intents.state.replay import fold_log
from workspace.intents.steps.runs import RUN_BYTES_MAX, RUN_SECONDS_MAX


def test_people_who_type_into_each_others_words_replay_in_log_order() -> None:
    driver = Driver()
    for turn in range(8):
        driver.type(
            ("Ana", "Ben", "Chen")[turn % 3], "plan", lambda d, t=turn: d.insert_text(len(d.text()), f"<{t}é😀>")
        )
    driver.type("Ana", "plan", lambda d: d.delete_text(len(d.text()) - 3, len(d.text())))
    driver.wait(0.3)
    report = verify(driver.rows, driver.journal)
    assert report.ok, report
    assert fold_log(driver.rows, driver.journal).state() == driver.sequencer.fold.state()
    driver.open()
    assert driver.text().endswith("<7")


def updates(driver: Driver) -> list[UpdateBody]:
    """Return the records of what people typed since the beginning."""
    bodies = [read_row(row).body for row in driver.rows[driver.start :]]
    return [body for body in bodies if isinstance(body, UpdateBody)]


def test_what_one_person_types_in_a_row_is_one_record() -> None:
    driver = Driver()
    for letter in "hello":
        driver.type("Ana", "plan", lambda d, letter=letter: d.insert_text(0, letter))
        driver.wait(RUN_SECONDS_MAX / 10)
    assert updates(driver) == [], "it is journaled and waits"
    driver.wait(RUN_SECONDS_MAX)
    (record,) = updates(driver)
    assert (record.count, record.last - record.first) == (5, 4)


def test_a_run_that_builds_on_anothers_closes_that_one_first() -> None:
    driver = Driver()
    driver.type("Ana", "plan", lambda d: d.insert_text(0, "abc"))
    driver.type("Ben", "budget", lambda d: set_path(d, ("fee",), 1))
    assert updates(driver) == []
    driver.type("Ben", "plan", lambda d: d.insert_text(1, "x"))
    assert [(one.doc, one.lane) for one in updates(driver)] == [("plan", "SAna")], "another document's run stays open"
    driver.wait(RUN_SECONDS_MAX)
    assert [(one.doc, one.lane) for one in updates(driver)[1:]] == [("budget", "SBen"), ("plan", "SBen")]


def test_a_run_has_a_size() -> None:
    driver = Driver()
    for _ in range(3):
        driver.type("Ana", "plan", lambda d: d.insert_text(0, "x" * (RUN_BYTES_MAX // 2 + 1)))
    driver.wait(RUN_SECONDS_MAX)
    assert [one.count for one in updates(driver)] == [2, 1]


def test_an_instruction_closes_every_run_before_it() -> None:
    driver = Driver()
    for who in ("Ana", "Ben"):
        driver.type(who, "plan", lambda d: d.insert_text(len(d.text()), "end "))
    driver.ask("Cem")
    kinds = [row.kind for row in driver.rows[driver.start :]]
    assert kinds == ["update", "update", "intent"]
    assert driver.sequencer.kernel.runs.due_at() is None
