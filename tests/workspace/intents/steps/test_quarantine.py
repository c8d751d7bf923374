"""A document that cannot be rebuilt or read is put aside alone, as a fact of the log; everything else goes on."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from crdt.documents.anchor import Anchor
from crdt.documents.backing import Applied
from crdt.documents.document import TEXT_ROOT, Document
from crdt.documents.paths import set_path
from crdt.documents.shape import Known
from crdt.errors import BrokenDocument
from crdt.operations.ops import Insert
from crdt.updates.summary import UpdateSummary
from tests.workspace.intents.driver import Driver
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import CheckpointBody, ConfigBody, PolicyConfig
from workspace.intents.model.events import Closing, Configured, DocumentDoubted, DocumentsChanged
from workspace.intents.model.intent import Scope
from workspace.intents.model.record import read_row

POISON = "poison"
Spoil = Callable[[], None]
BUDGET, PLAN = (Scope("budget"),), (Scope("plan"),)


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Spoil:
    """Return what makes every document that holds the word unreadable: its digest, its value and its state."""

    def spoil() -> None:
        digest, value, encode = Document.digest, Document.value, Document.encode

        def guarded(read: Callable[..., object]) -> Callable[..., object]:
            def call(document: Document, *more: object) -> object:
                if document.kind == "text" and POISON in document.text():
                    raise BrokenDocument("it panicked")
                return read(document, *more)

            return call

        monkeypatch.setattr(Document, "digest", guarded(digest))
        monkeypatch.setattr(Document, "value", guarded(value))
        monkeypatch.setattr(Document, "encode", guarded(encode))

    return spoil


@pytest.fixture
def unbuildable(monkeypatch: pytest.MonkeyPatch) -> Spoil:
    """Return what makes every update that holds the word one that no document takes."""

    def spoil() -> None:
        apply = Document.apply

        def call(
            document: Document, update: bytes, scan: UpdateSummary | None = None, *, known: Known = ""
        ) -> Applied | None:
            if POISON.encode() in update:
                raise BrokenDocument("pycrdt panicked")
            return apply(document, update, scan, known=known)

        monkeypatch.setattr(Document, "apply", call)

    return spoil


def poisoned() -> Driver:
    """Return a workspace with the word in its text."""
    driver = Driver(PolicyConfig(window_ms=0))
    driver.type("Eve", "plan", lambda document: document.insert_text(0, POISON))
    driver.wait(1)
    return driver


def works_on(driver: Driver) -> None:
    """People and the agent go on in the other document, and the log of it verifies but for the lost one."""
    driver.type("Ben", "budget", lambda document: set_path(document, ("by hand",), 1))
    driver.wait(1)
    intent = driver.ask("Ana", scope=BUDGET)
    assert set(driver.tasks[intent].snapshot.documents) == {"budget"}
    driver.set(intent, "price", 7)
    driver.wait(1)
    assert driver.verdict(intent).state == "done"
    assert (driver.value("price"), driver.value("by hand")) == (7, 1)
    driver.handle(Closing())
    body = read_row(driver.rows[-1]).body
    assert isinstance(body, CheckpointBody)
    assert body.documents["plan"] == "quarantined"


def quarantining(driver: Driver) -> int:
    """Return the record that puts the text aside."""
    (seq,) = [row.seq for row in driver.rows if row.kind == "config" and '"quarantined"' in row.body]
    return seq


@pytest.mark.damages_logs
def test_what_cannot_be_rebuilt_is_put_aside_at_opening(unbuildable: Spoil) -> None:
    driver = poisoned()
    jid, seq = driver.journal[-1].jid, driver.rows[-1].seq
    unbuildable()
    driver.open()
    assert list(driver.sequencer.fold.documents) == ["budget"]
    assert f"journal row {jid} (record {seq})" in driver.sequencer.fold.quarantined["plan"]
    works_on(driver)
    driver.open()
    works_on(driver)
    report = verify(driver.rows, driver.journal)
    assert (report.ok, report.code, report.first_bad, report.breaches) == (False, "document_broken", seq, ())
    (lost,) = report.lost
    assert (lost.doc, lost.seq, lost.row, lost.put_aside) == ("plan", seq, jid, quarantining(driver))
    assert "pycrdt panicked" in report.reason
    assert report.head == driver.rows[-1].seq, "all of it was looked at"
    assert report.states >= 4, "states behind it are reproduced"


@pytest.mark.damages_logs
@pytest.mark.parametrize("damage", ["other bytes", "gone"])
def test_a_row_that_is_not_as_it_was_logged_costs_its_document_alone(damage: str) -> None:
    driver = poisoned()
    driver.handle(Closing())
    at = next(at for at, row in enumerate(driver.journal) if row.doc == "plan")
    kept = driver.journal.pop(at)
    if damage == "other bytes":
        driver.journal.insert(at, msgspec.structs.replace(kept, update=b"\x01\x01\xff"))
    driver.open()
    assert list(driver.sequencer.fold.documents) == ["budget"]
    assert f"journal row {kept.jid}" in driver.sequencer.fold.quarantined["plan"]
    works_on(driver)
    driver.open()
    works_on(driver)
    assert verify(driver.rows, driver.journal).code == "log_corrupt", "that it is another is never passed over"


@pytest.mark.damages_logs
def test_commits_made_before_it_was_put_aside_are_passed_over_not_called_corrupt(unbuildable: Spoil) -> None:
    driver = poisoned()
    driver.set(driver.ask("Ana", scope=BUDGET), "price", 5)
    driver.wait(1)
    intent = driver.ask("Ana", scope=PLAN)
    driver.replace(intent, "First", "Best")
    driver.wait(1)
    driver.handle(Closing())
    unbuildable()
    driver.open()
    assert driver.value("price") == 5
    works_on(driver)
    report = verify(driver.rows, driver.journal)
    assert (report.code, report.unchecked, report.breaches) == ("document_broken", 3, ())


@pytest.mark.damages_logs
def test_what_was_typed_last_and_is_in_no_record_counts_too(unbuildable: Spoil) -> None:
    driver = Driver(PolicyConfig(window_ms=0))
    driver.type("Eve", "plan", lambda document: document.insert_text(0, POISON))
    unbuildable()
    driver.open()
    works_on(driver)
    driver.open()
    works_on(driver)
    assert verify(driver.rows, driver.journal).code == "document_broken"


@pytest.mark.damages_logs
@pytest.mark.parametrize("when", ["checkpoint", "commit", "doubt", "opening", "snapshot"])
def test_what_cannot_be_read_is_put_aside_where_it_is_met_and_no_turn_raises(unreadable: Spoil, when: str) -> None:
    driver = poisoned()
    waiting = driver.ask("Ana", scope=BUDGET) if when == "commit" else ""
    unreadable()
    driver.notices.clear()
    match when:
        case "checkpoint":
            driver.handle(Closing())
        case "commit":
            driver.set(waiting, "price", 3)
            driver.wait(1)
            assert driver.verdict(waiting).state == "done"
        case "doubt":
            driver.handle(DocumentDoubted())
        case "opening":
            driver.open()
        case _:
            asked = driver.ask("Ana", scope=BUDGET)
            assert set(driver.tasks[asked].snapshot.documents) == {"budget"}
            driver.ask("Ana", "", kind="cancel", refs=(asked,))
    quarantining(driver)
    told = [notice for notice in driver.notices if isinstance(notice, DocumentsChanged) and notice.broken]
    assert [notice.broken for notice in told] == [("plan",)]
    works_on(driver)
    driver.open()
    works_on(driver)
    report = verify(driver.rows, driver.journal)
    assert (report.ok, report.code, report.breaches) == (False, "document_broken", ())
    (lost,) = report.lost
    assert lost.doc == "plan"
    assert lost.row == max(row.jid for row in driver.journal if row.doc == "plan")
    assert "it panicked" in lost.reason


@pytest.mark.damages_logs
@pytest.mark.parametrize("when", ["planning", "ready"])
def test_an_instruction_that_needs_it_is_refused_with_a_code(unreadable: Spoil, when: str) -> None:
    driver = poisoned()
    if when == "ready":
        driver.handle(Configured("Owner", ConfigBody(policy=PolicyConfig(window_ms=5_000))))
    intent = driver.ask("Ana", scope=PLAN)
    if when == "ready":
        driver.replace(intent, "First", "Best")
        assert driver.state(intent) == "ready"
    unreadable()
    driver.handle(DocumentDoubted())
    if when == "planning":
        driver.plan(intent, [Insert("plan", Anchor(None, TEXT_ROOT, 0).encode(), "Best ")])
    driver.wait(10)
    verdict = driver.verdict(intent)
    assert (verdict.state, verdict.code) == ("rejected", "document_broken")
    assert "fork" in verdict.remedy
    assert driver.ask("Ana", scope=PLAN) == "DOCUMENT_BROKEN", "and nobody can point there any more"


@pytest.mark.damages_logs
def test_its_name_is_not_given_to_another(unreadable: Spoil) -> None:
    driver = poisoned()
    unreadable()
    driver.handle(DocumentDoubted())
    driver.handle(Configured("Owner", ConfigBody(documents={"plan": "data"})))
    assert "plan" not in driver.sequencer.fold.documents
    driver.open()
    works_on(driver)


@pytest.mark.damages_logs
def test_a_log_that_puts_aside_what_this_version_can_read_is_followed_all_the_same() -> None:
    driver = poisoned()
    driver.handle(Configured("agent", ConfigBody(quarantined={"plan": "an older version could not"})))
    works_on(driver)
    driver.open()
    works_on(driver)
    report = verify(driver.rows, driver.journal)
    assert (report.code, report.unchecked, report.lost[0].doc) == ("document_broken", 0, "plan")
