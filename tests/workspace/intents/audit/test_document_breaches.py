"""An audit finds in the log what was written in a document that had been put away, and acts that might not be."""

from __future__ import annotations

import pytest

import workspace.intents.sequencer as sequencer
import workspace.intents.steps.commit_round as commit_round
import workspace.intents.steps.quarantine as quarantine
from tests.workspace.intents.audit.test_auditor import audited, conditions
from tests.workspace.intents.driver import Driver
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.events import Configured

AT_ONCE = PolicyConfig(window_ms=0)


def written_in_what_is_gone(driver: Driver) -> None:
    """Let a plan be ready and somebody type, and the document be deleted before both."""
    intent = driver.ask("Ana")
    driver.act("delete")
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "late"))
    if intent in driver.tasks:
        driver.replace(intent, "First", "Best")
    driver.wait(70)


def test_an_audit_finds_what_was_written_in_a_document_that_was_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    obedient = Driver(AT_ONCE)
    written_in_what_is_gone(obedient)
    assert conditions(obedient) == set()
    monkeypatch.setattr(sequencer, "refuse_put_away", lambda fold, docs: None)
    monkeypatch.setattr(quarantine, "refuse_put_away", lambda fold, docs: None)
    deaf = Driver(AT_ONCE)
    written_in_what_is_gone(deaf)
    kinds = {deaf.rows[breach.seq - 1].kind for breach in audited(deaf).breaches if breach.condition == "document"}
    assert kinds == {"update", "commit"}


@pytest.mark.damages_logs
def test_an_audit_finds_an_act_beyond_its_authors_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    for is_deaf, found in ((False, set[str]()), (True, {"document"})):
        if is_deaf:
            monkeypatch.setattr(commit_round, "stops_acts", lambda *_: False)
        driver = Driver(AT_ONCE)
        intent = driver.ask("Ana", "delete document plan", role="editor")
        driver.plan(intent, acts=(DocumentAct("delete", "plan"),))
        driver.wait(1)
        assert conditions(driver) == found


@pytest.mark.damages_logs
@pytest.mark.parametrize(
    "acts",
    [
        (DocumentAct("rename", "plan", "budget"),),
        (DocumentAct("delete", "plan"), DocumentAct("archive", "plan")),
        (DocumentAct("archive", "nowhere"),),
    ],
)
def test_an_audit_finds_an_act_that_might_not_be(acts: tuple[DocumentAct, ...]) -> None:
    driver = Driver(AT_ONCE)
    forged = (
        acts
        if acts[0].doc != "nowhere"
        else (DocumentAct("archive", "budget"), DocumentAct("rename", "plan", "budget"))
    )
    for act in forged:
        driver.handle(Configured("Olga", ConfigBody(acts=(act,))))
    assert conditions(driver) == {"document"}
