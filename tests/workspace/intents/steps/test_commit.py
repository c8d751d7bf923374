"""*Done* is what stands there: a commit that does not read as it was meant is taken back before anybody is told."""

from __future__ import annotations

from typing import Any

import pytest

import workspace.intents.steps.commit as entering
import workspace.intents.steps.commit_round as committing
from crdt.documents.document import Document
from crdt.operations.ops import CreateDocument, Increment, Insert, SetValue, hash_of_value
from tests.workspace.intents.driver import TEXT, Driver
from workspace.intents.audit.verify import verify

real_insert = Document.insert_text


def writes_wrong(document: Document, point: int, text: str, marks: Any = None) -> None:
    """Insert one place too far to the left, as counting in other units did."""
    real_insert(document, max(0, point - 1) if text == "Last" else point, text, marks)


def test_what_does_not_read_as_meant_is_never_done(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    before = driver.sequencer.fold.state()
    intent = driver.ask("Ana", 'replace "Second" with "Last" in plan')
    monkeypatch.setattr(Document, "insert_text", writes_wrong)
    for _ in range(3):
        driver.replace(intent, "Second", "Last")
        driver.wait(1)
    verdict = driver.verdict(intent)
    assert (verdict.state, verdict.code) == ("suggested", "read_back")
    assert "does not read as it was meant" in verdict.reason
    assert driver.text() == TEXT
    assert driver.sequencer.fold.state() == before
    assert not driver.sequencer.fold.board.commits
    assert verify(driver.rows, driver.journal).ok
    monkeypatch.setattr(Document, "insert_text", real_insert)
    other = driver.ask("Ana", "once more")
    driver.replace(other, "Second", "Last")
    driver.wait(1)
    assert driver.verdict(other).state == "done", "what was put back is a document like any other"
    assert "Last line" in driver.text()


def test_a_document_that_was_made_for_it_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    before = driver.sequencer.fold.state()
    intent = driver.ask("Ana")
    monkeypatch.setattr(Document, "insert_text", lambda *given: real_insert(given[0], given[1], "x"))
    ops = [CreateDocument("notes", "text"), Insert("notes", "AQdjb250ZW50AA==", "hello")]
    driver.plan(intent, [*ops, SetValue("budget", ("price",), 7, old(driver, "price"))])
    driver.wait(1)
    assert driver.state(intent) == "planning", "the planner is asked again"
    assert driver.sequencer.fold.state() == before
    monkeypatch.setattr(Document, "insert_text", real_insert)
    driver.plan(intent, [*ops, SetValue("budget", ("price",), 7, old(driver, "price"))])
    driver.wait(1)
    assert driver.verdict(intent).state == "done"
    assert driver.sequencer.fold.documents["notes"].text() == "hello"
    assert verify(driver.rows, driver.journal).ok


def old(driver: Driver, key: str) -> str:
    return hash_of_value(driver.sequencer.fold.documents["budget"], (key,))


@pytest.mark.damages_logs
def test_an_audit_reads_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    monkeypatch.setattr(Document, "insert_text", writes_wrong)
    monkeypatch.setattr(entering, "unlike", lambda *_: "")
    driver.replace(intent, "Second", "Last")
    driver.wait(1)
    assert driver.verdict(intent).state == "done", "the guard is off"
    report = verify(driver.rows, driver.journal)
    assert "done" in [breach.condition for breach in report.breaches]
    monkeypatch.setattr(Document, "insert_text", real_insert)
    report = verify(driver.rows, driver.journal)
    assert "done" in [breach.condition for breach in report.breaches], "also where the writer is a right one"


def test_a_verdict_names_what_was_done() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    driver.replace(intent, "Second", "Last")
    driver.wait(1)
    other = driver.ask("Ana")
    driver.set(other, "price", 7)
    driver.wait(1)
    assert driver.verdict(intent).did == ("plan: replaced “Second” by “Last”",)
    assert driver.verdict(other).did == ("budget.price: set to 7, it was 100",)
    assert verify(driver.rows, driver.journal).ok


def test_what_cancels_out_or_is_written_over_is_not_named() -> None:
    driver = Driver()

    def put(key: str, value: object) -> SetValue:
        return SetValue("budget", (key,), value, old(driver, key))

    for ops, did in (
        ([put("price", 7), put("price", 8)], ("budget.price: set to 8, it was 100",)),
        ([Increment("budget", ("price",), 5), Increment("budget", ("price",), -5)], ()),
        ([Increment("budget", ("price",), 5), Increment("budget", ("price",), 2)], ("budget.price: added 7, now 15",)),
    ):
        intent = driver.ask("Ana")
        driver.plan(intent, list(ops))
        driver.wait(1)
        assert driver.verdict(intent).did == did
    assert verify(driver.rows, driver.journal).ok


def test_what_changed_nothing_says_so() -> None:
    driver = Driver()
    for ops in ([], [SetValue("budget", ("price",), 100, old(driver, "price"))]):
        intent = driver.ask("Ana")
        driver.plan(intent, list(ops))
        driver.wait(1)
        verdict = driver.verdict(intent)
        assert (verdict.state, verdict.code, "undo" in verdict.can) == ("done", "unchanged", False)
        assert verdict.reason == "Nothing was changed. The agent said: planned"
    assert verify(driver.rows, driver.journal).ok


@pytest.mark.damages_logs
def test_an_audit_objects_to_a_verdict_that_names_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    monkeypatch.setattr(committing, "done_by", lambda *_: ("budget.price: set to 8",))
    intent = driver.ask("Ana")
    driver.set(intent, "price", 7)
    driver.wait(1)
    assert driver.verdict(intent).did
    report = verify(driver.rows, driver.journal)
    assert "done" in [breach.condition for breach in report.breaches]


def test_of_two_undos_of_one_commit_the_second_is_planned_again() -> None:
    driver = Driver()
    first = driver.ask("Ana")
    driver.replace(first, "Second", "Last")
    driver.wait(1)
    commit = driver.verdict(first).commit
    seen = driver.sequencer.fold.seq
    undos = [driver.ask(name, "", kind="undo", refs=(commit,), seen=seen) for name in ("Ana", "Ben")]
    for undo in undos:
        driver.plan(undo, [Insert("plan", "AQdjb250ZW50QQ==", "Second")])
    driver.wait(60)
    assert driver.text().count("Second") == 1
    assert driver.verdict(undos[0]).state == "done"
    assert undos[1] in driver.tasks, "it is looked at again, and finds nothing left to do"
    assert verify(driver.rows, driver.journal).ok
