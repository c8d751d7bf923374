"""Renamed, archived, deleted, restored documents: what is under way there ends, nothing is written there."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.operations.ops import CreateDocument, Insert
from tests.workspace.intents.driver import TEXT, Driver, sound
from workspace.intents.model.bodies import CommitBody, ConfigBody, PolicyConfig, UpdateBody
from workspace.intents.model.document_acts import ActName, DocumentAct
from workspace.intents.model.events import Configured, DocumentActed, EditRefused
from workspace.intents.model.intent import Need, Scope
from workspace.intents.model.record import read_row
from workspace.intents.state.replay import fold_log

TOP = "AQdjb250ZW50QQ=="
AT_ONCE = PolicyConfig(window_ms=0)
AWAY: tuple[ActName, ...] = ("archive", "delete")
CODES = {"archive": "document_archived", "delete": "document_deleted"}


def top(words: str) -> list[Insert]:
    return [Insert("plan", TOP, words)]


@pytest.mark.parametrize("do", AWAY)
@pytest.mark.parametrize("when", ["queued", "planning", "ready", "held", "parked"])
def test_what_is_under_way_there_ends_with_who_did_it(do: ActName, when: str) -> None:
    driver = Driver(PolicyConfig(window_ms=5_000, slots=1))
    scope = (Scope("plan"),)
    if when == "queued":
        driver.ask("Ben", "something else", scope=(Scope("budget"),))
    needs = {"plan": Need(sent=7)} if when == "parked" else {}
    intent = driver.ask("Ana", scope=scope, needs=needs)
    if when in ("ready", "held"):
        driver.replace(intent, "First", "Best")
    if when == "held":
        driver.type("Cem", "plan", lambda document: document.insert_text(2, "x"))
    assert driver.state(intent) in (when, "ready" if when == "held" else when)
    driver.act(do)
    if when == "planning":
        driver.plan(intent, top("Best "))
    if when == "queued":
        driver.fail(next(iter(driver.tasks)))
        driver.wait(1)
        for _ in range(4):
            for other in list(driver.tasks):
                driver.fail(other)
    driver.wait(70)
    verdict = driver.verdict(intent)
    assert (verdict.state, verdict.code) == ("rejected", CODES[do])
    assert "Olga" in verdict.reason
    assert verdict.remedy
    assert driver.ask("Ana", scope=scope) == CODES[do].upper(), "nobody can point there until it is restored"
    driver.act("restore")
    assert driver.state(driver.ask("Ana", scope=scope)) in ("queued", "planning")
    sound(driver)


@pytest.mark.parametrize("do", AWAY)
def test_several_plans_that_were_ready_for_it_all_end(do: ActName) -> None:
    """Each was tried while the document lived, and nothing that it stands on has changed since."""
    driver = Driver(PolicyConfig(window_ms=5_000))
    intents = [
        driver.ask(who, scope=(Scope("budget", keys=((key,),)),), lane=who) for who, key in (("Ana", "a"), ("Ben", "b"))
    ]
    for intent, key in zip(intents, "ab", strict=True):
        driver.set(intent, key, 1)
    assert [driver.state(intent) for intent in intents] == ["ready", "ready"]
    driver.act(do, "budget")
    driver.wait(70)
    assert [driver.verdict(intent).code for intent in intents] == [CODES[do]] * 2
    assert driver.sequencer.fold.documents["budget"].value() == {"price": 100}
    sound(driver)


@pytest.mark.parametrize("do", AWAY)
def test_edits_that_a_document_did_not_take_any_more_hold_up_nobody_elsewhere(do: ActName) -> None:
    driver = Driver(AT_ONCE)
    intent = driver.ask("Ana", scope=(Scope("plan"),), needs={"budget": unsent()})
    assert driver.state(intent) == "parked"
    driver.act(do, "budget")
    driver.replace(intent, "First", "Best")
    driver.wait(1)
    assert driver.verdict(intent).state == "done"
    sound(driver)


@pytest.mark.parametrize("when", ["planning", "ready"])
def test_what_went_on_without_its_edits_waits_for_them_again_once_they_can_come(when: str) -> None:
    driver = Driver(PolicyConfig(window_ms=5_000))
    intent = driver.ask("Ana", scope=(Scope("plan"),), needs={"budget": unsent()})
    driver.act("delete", "budget")
    assert driver.state(intent) == "planning"
    if when == "ready":
        driver.replace(intent, "First", "Best")
        assert driver.state(intent) == "ready"
    driver.act("restore", "budget")
    if when == "planning":
        driver.replace(intent, "First", "Best")
    driver.wait(6)
    assert driver.state(intent) == "parked"
    assert driver.text() == TEXT
    driver.wait(90_000)
    assert driver.verdict(intent).code == "missing_updates"
    sound(driver)


def unsent() -> Need:
    """Return a need of words that somebody has typed and that never arrived."""
    hand = Document("data", client=990_000)
    with hand.transaction():
        set_path(hand, ("mine",), 1)
    return Need(base64.b64encode(hand.encode_state_vector()).decode(), sent=1)


@pytest.mark.parametrize("do", AWAY)
def test_an_edit_after_it_is_refused_by_code_and_stands_nowhere(do: ActName) -> None:
    driver = Driver()
    driver.act(do)
    driver.type("Ana", "plan", lambda document: document.insert_text(0, "late"))
    (refused,) = [notice for notice in driver.notices if isinstance(notice, EditRefused)]
    assert (refused.action, refused.code) == ("drop", CODES[do])
    assert driver.text() == TEXT
    driver.act("restore")
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "again "))
    assert driver.text() == f"again {TEXT}", "what was there is there again"
    driver.wait(1)
    sound(driver)


def test_everybody_is_told_what_became_of_a_document_and_by_whose_word() -> None:
    driver = Driver()
    driver.act("rename", name="schedule")
    driver.act("archive")
    driver.act("restore")
    told = [notice for notice in driver.notices if isinstance(notice, DocumentActed)]
    assert told == [
        DocumentActed("rename", "plan", "plan", "schedule", "Olga"),
        DocumentActed("archive", "plan", "schedule", "schedule", "Olga"),
        DocumentActed("restore", "plan", "schedule", "schedule", "Olga"),
    ]


def test_a_rename_disturbs_nobody_at_work_there() -> None:
    driver = Driver(AT_ONCE)
    intent = driver.ask("Ana", scope=(Scope("plan"),))
    driver.act("rename", name="schedule")
    driver.replace(intent, "First", "Best")
    driver.wait(1)
    assert driver.verdict(intent).did == ("schedule: replaced “First” by “Best”",), "named as it is called now"
    other = driver.ask("Ben", scope=(Scope("schedule"),))
    assert driver.tasks[other].snapshot.documents.keys() == {"schedule", "budget"}
    assert driver.tasks[other].scope == (Scope("schedule"),)
    driver.plan(other, [Insert("schedule", TOP, "Top. ")])
    driver.wait(1)
    assert driver.verdict(other).state == "done"
    assert driver.text().startswith("Top. Best line")
    sound(driver)


def test_an_instruction_does_it_for_whoever_may_and_is_a_suggestion_for_others() -> None:
    driver = Driver(AT_ONCE)
    words = "delete document plan"
    editor = driver.ask("Ana", words)
    driver.plan(editor, acts=(DocumentAct("delete", "plan"),))
    driver.wait(1)
    suggested = driver.verdict(editor)
    assert (suggested.state, suggested.code, suggested.can) == ("suggested", "needs_approval", ("approve",))
    assert driver.sequencer.fold.is_listed("plan")
    approval = driver.ask("Olga", "", role="owner", kind="approve", refs=(editor,))
    driver.plan(approval, acts=(DocumentAct("delete", "plan"),))
    driver.wait(1)
    done = driver.verdict(approval)
    assert (done.state, done.did, done.can) == ("done", ("plan: deleted",), ("override",))
    put = driver.sequencer.fold.catalog.put_away["plan"]
    assert (put.state, put.actor) == ("deleted", "Olga")
    again = driver.ask("Olga", words, role="owner")
    driver.plan(again, acts=(DocumentAct("delete", "plan"),))
    driver.wait(1)
    assert (driver.verdict(again).state, driver.verdict(again).code) == ("done", "unchanged")
    sound(driver)


def test_what_its_author_has_not_named_is_asked_about_first() -> None:
    driver = Driver(AT_ONCE)
    intent = driver.ask("Olga", "tidy up here", role="owner")
    driver.plan(intent, acts=(DocumentAct("delete", "plan"),))
    driver.wait(1)
    assert driver.state(intent) == "held"
    assert driver.sequencer.fold.is_listed("plan")
    driver.ask("Olga", "", role="owner", kind="answer", refs=(driver.question,), value=intent)
    driver.wait(1)
    assert driver.verdict(intent).did == ("plan: deleted",)
    sound(driver)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (DocumentAct("delete", "nowhere"), "not_found"),
        (DocumentAct("rename", "plan", "budget"), "exists"),
    ],
)
def test_what_cannot_be_done_ends_with_its_code(act: DocumentAct, code: str) -> None:
    driver = Driver(AT_ONCE)
    intent = driver.ask("Olga", f'do it to document {act.doc}, "{act.doc}"', role="owner")
    driver.plan(intent, acts=(act,))
    driver.wait(1)
    assert (driver.verdict(intent).state, driver.verdict(intent).code) == ("rejected", code)
    sound(driver)


def test_a_name_that_was_given_up_is_another_documents_and_a_plan_finds_the_right_one() -> None:
    driver = Driver(AT_ONCE)
    driver.act("delete")
    intent = driver.ask("Ana", 'make document "plan"')
    driver.plan(intent, [CreateDocument("plan", "text")])
    driver.wait(1)
    fold = driver.sequencer.fold
    new = fold.catalog.find("plan")
    assert new is not None
    assert (new != "plan", fold.catalog.name_of(new)) == (True, "plan")
    assert (fold.documents[new].text(), fold.documents["plan"].text()) == ("", TEXT)
    second = driver.ask("Ana", scope=(Scope("plan"),))
    driver.plan(second, top("new "))
    driver.wait(1)
    assert (fold.documents[new].text(), fold.documents["plan"].text()) == ("new ", TEXT)
    sound(driver)
    driver.open()
    assert driver.sequencer.fold.catalog == fold.catalog
    driver.act("restore")
    assert not driver.sequencer.fold.is_listed("plan"), "its name is another's"
    driver.act("restore", name="old plan")
    assert driver.sequencer.fold.catalog.find("old plan") == "plan"
    sound(driver)


def test_two_plans_that_make_one_name_make_one_document() -> None:
    driver = Driver(AT_ONCE)
    driver.act("delete")
    one, other = (driver.ask(who, 'make document "plan"', lane=who) for who in ("Ana", "Ben"))
    for intent in (one, other):
        driver.plan(intent, [CreateDocument("plan", "text")])
    driver.wait(60)
    assert driver.verdict(one).state == "done"
    names = [driver.sequencer.fold.catalog.name_of(doc) for doc in driver.sequencer.fold.listed()]
    assert sorted(names) == ["budget", "plan"]
    sound(driver)


def test_the_agent_makes_no_more_documents_than_may_live() -> None:
    driver = Driver(AT_ONCE)
    bound = driver.sequencer.kernel.bounds.documents
    names = [f"d{number}" for number in range(bound - 2)]
    driver.handle(Configured("Olga", ConfigBody(documents=dict.fromkeys(names, "text"))))
    intent = driver.ask("Olga", 'make document "more"', role="owner")
    driver.plan(intent, [CreateDocument("more", "text")])
    driver.wait(1)
    assert (driver.verdict(intent).state, driver.verdict(intent).code) == ("rejected", "too_large")
    driver.act("archive", "d0")
    intent = driver.ask("Olga", 'make document "more"', role="owner")
    driver.plan(intent, [CreateDocument("more", "text")])
    driver.wait(1)
    assert driver.verdict(intent).state == "done"


STEPS = st.lists(
    st.sampled_from(
        (
            "type Ana",
            "type Ben",
            "ask Ana",
            "ask Ben",
            "plan",
            "archive",
            "delete",
            "restore",
            "rename",
            "wait",
            "crash",
        )
    ),
    min_size=4,
    max_size=24,
)


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_an_edit_is_before_it_in_the_log_or_refused_whatever_comes_when(steps: list[str]) -> None:
    driver, words, asked = Driver(PolicyConfig(window_ms=300)), list[str](), list[str]()
    for number, step in enumerate(steps):
        match step.split():
            case ["type", who]:
                words.append(f"<{number}>")
                driver.hands.pop((who, "plan"), None)
                driver.type(who, "plan", lambda document: document.insert_text(0, words[-1]))
            case ["ask", who]:
                id = driver.ask(who, scope=(Scope(driver.sequencer.fold.catalog.name_of("plan")),))
                asked += [id] if id.startswith("i") else []
            case ["plan"]:
                for intent in list(driver.tasks)[:1]:
                    shown = driver.tasks[intent].snapshot.names
                    name = next((name for name, doc in shown.items() if doc == "plan"), "plan")
                    driver.plan(intent, [Insert(name, TOP, f"[{intent}]")])
            case ["rename"]:
                driver.act("rename", name=f"n{number}")
            case ["wait"]:
                driver.wait(0.4)
            case ["crash"]:
                driver.open()
            case [do]:
                driver.act(do)  # type: ignore[arg-type]
    driver.wait(70)
    while driver.tasks:
        for intent in list(driver.tasks):
            driver.fail(intent)
        driver.wait(70)
    text = driver.text()
    refused = [notice for notice in driver.notices if isinstance(notice, EditRefused)]
    assert sum(word in text for word in words) + len(refused) == len(words)
    for intent in asked:
        verdict = driver.verdict(intent)
        assert (f"[{intent}]" in text) == (verdict.state == "done"), verdict
    is_away = False
    for row in driver.rows:
        match read_row(row).body:
            case ConfigBody() as body:
                for act in body.acts:
                    is_away = act.do in AWAY if act.do != "rename" else is_away
            case UpdateBody(doc="plan"):
                assert not is_away, "what is written stands before it in the log"
            case CommitBody(docs=docs) if "plan" in docs:
                assert not is_away
            case _:
                pass
    sound(driver)
    assert fold_log(driver.rows, driver.journal).catalog == driver.sequencer.fold.catalog
