"""What is in a log against the rules of rights that stood is named, whatever let it in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crdt.operations.ops import Insert
from tests.workspace.intents.driver import TEXT, Driver
from tests.workspace.intents.steps.test_rights_in_turn import PLAN, group, person, top
from workspace.intents import sequencer
from workspace.intents.audit.right_breaches import CONDITION
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.events import Configured
from workspace.intents.model.intent import Role
from workspace.intents.steps import admission, planning
from workspace.intents.steps import commit_round as committing


def typed(driver: Driver) -> None:
    driver.rule("plan", person("Ben", "commenter"))
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "x"))
    driver.wait(1)


def typed_before_a_crash(driver: Driver) -> None:
    driver.rule("plan", person("Ben", "commenter"))
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "x"))
    driver.open()


def asked(driver: Driver, *, role: Role = "editor", **more: Any) -> None:
    intent = driver.ask("Ben", role=role, **more)
    if intent in driver.tasks:
        driver.plan(intent, top("x "))


def suggested(driver: Driver) -> None:
    driver.rule("plan", person("Ben", "commenter"))
    asked(driver, scope=PLAN)


def read(driver: Driver) -> None:
    driver.rule("plan", person("Ben", "viewer"))
    asked(driver)


def by_the_agent(driver: Driver) -> None:
    driver.rule("plan", group("agent", "viewer"))
    asked(driver)


def joined(driver: Driver) -> None:
    driver.rule("plan", person("Ben", "commenter"))
    first = driver.ask("Ana", scope=PLAN)
    driver.ask("Ben", "and this", refs=(first,), scope=PLAN)
    driver.plan(first, top("x "))


def pointed(driver: Driver) -> None:
    driver.rule("plan", person("Ben", "viewer"))
    asked(driver, scope=PLAN)


def lowly(driver: Driver) -> None:
    driver.rule("plan", group("agent", "editor"))
    asked(driver, role="viewer")


def off(*places: tuple[object, str]) -> Callable[[pytest.MonkeyPatch], None]:
    def switch(patch: pytest.MonkeyPatch) -> None:
        for owner, name in places:
            stand_in = (lambda *args, **named: True) if name == "may_ask" else (lambda *args, **named: None)
            patch.setattr(owner, name, stand_in)

    return switch


GUARDS = {
    "an edit": (off((sequencer, "is_barred")), typed),
    "an edit that a crash left": (off((sequencer, "is_barred")), typed_before_a_crash),
    "a suggestion": (off((committing, "is_suggested")), suggested),
    "a reader's plan": (off((committing, "ends_for_rights"), (planning, "ends_for_rights"),
                            (committing, "is_suggested")), read),
    "the agent's": (off((committing, "ends_for_rights"), (planning, "ends_for_rights")), by_the_agent),
    "who joined": (off((committing, "ends_for_rights"), (planning, "ends_for_rights")), joined),
    "where somebody points": (off((admission, "refuse_instruct")), pointed),
    "who may ask nothing": (off((admission, "may_ask")), lowly),
}  # fmt: skip


@pytest.mark.damages_logs
@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_that_did_not_run_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    switch, story = GUARDS[name]
    kept = Driver(PolicyConfig(window_ms=0))
    story(kept)
    assert verify(kept.rows, kept.journal).ok, "with every guard on"
    driver = Driver(PolicyConfig(window_ms=0))
    with monkeypatch.context() as patch:
        switch(patch)
        story(driver)
    assert CONDITION in {one.condition for one in verify(driver.rows, driver.journal).breaches}


@pytest.mark.damages_logs
@pytest.mark.parametrize(
    ("config", "role"),
    [
        (ConfigBody(rights={"plan": ()}), "editor"),
        (ConfigBody(rights={"plan": ()}), None),
        (ConfigBody(acts=(DocumentAct("rename", "plan", "a/plan"),)), "editor"),
        (ConfigBody(acts=(DocumentAct("rename", "plan", "a/plan"),)), None),
        (ConfigBody(acts=(DocumentAct("archive", "plan"),)), "editor"),
        (ConfigBody(documents={"a/new": "text"}), "editor"),
    ],
)
def test_what_changes_documents_and_rights_is_held_against_who_did_it(config: ConfigBody, role: Role | None) -> None:
    driver = Driver()
    driver.rule("a/", group("everyone", "commenter"))
    driver.handle(Configured("Ben", config, role))
    (found,) = verify(driver.rows, driver.journal).breaches
    assert (found.condition, found.seq) == (CONDITION, driver.sequencer.fold.seq)


def test_an_owner_does_all_of_it_and_without_rules_nobody_is_asked() -> None:
    driver = Driver()
    driver.handle(Configured("Ben", ConfigBody(acts=(DocumentAct("rename", "plan", "a/plan"),))))
    driver.rule("a/", group("everyone", "commenter"))
    driver.handle(Configured("Olga", ConfigBody(acts=(DocumentAct("rename", "plan", "a/b/plan"),)), "owner"))
    driver.rule("a/")
    assert verify(driver.rows, driver.journal).ok
    assert driver.text() == TEXT
    assert isinstance(top("x")[0], Insert)
