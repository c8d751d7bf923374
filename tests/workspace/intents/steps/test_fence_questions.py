"""The scope is a fence: nothing outside it is written without asking, and what was allowed is not asked twice."""

from __future__ import annotations

from typing import Any

import pytest

import workspace.intents.steps.commit_round as committing
import workspace.intents.steps.planning as planning
from crdt.digest import digest_text
from crdt.documents.anchor import place_anchors, place_range
from crdt.operations.ops import CreateDocument, Delete, DeleteValue, Insert, Op, Replace, SetValue, hash_of_value
from tests.workspace.intents.driver import TEXT, Driver
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.bounds import Bounds
from workspace.intents.model.events import Configured
from workspace.intents.model.intent import Scope
from workspace.intents.state.replay import fold_log

PLAN, BUDGET = Scope("plan"), Scope("budget")


def put(driver: Driver, key: str, value: object) -> Op:
    return SetValue("budget", (key,), value, hash_of_value(driver.sequencer.fold.documents["budget"], (key,)))


def rewrite(driver: Driver, old: str, new: str) -> Op:
    document = driver.sequencer.fold.documents["plan"]
    start = document.text().index(old)
    place = place_range(document, start, start + len(old))
    return Replace("plan", place.start.encode(), place.end.encode(), digest_text(old), new)


def passage(driver: Driver, words: str) -> Scope:
    document = driver.sequencer.fold.documents["plan"]
    start = document.text().index(words)
    place = place_range(document, start, start + len(words))
    return Scope("plan", from_=place.start.encode(), to=place.end.encode(), quote=words)


def is_asked(driver: Driver, intent: str) -> str:
    """Return what is asked about an intent, "" for nothing; the documents are untouched either way."""
    assert driver.text() == TEXT
    assert driver.value("price") == 100
    questions = [q for q in driver.sequencer.fold.board.questions.values() if q.group == (intent,)]
    assert (driver.state(intent) == "held") == bool(questions)
    return questions[0].text if questions else ""


def answer(driver: Driver, value: str, actor: str = "Ana") -> None:
    driver.ask(actor, "", kind="answer", refs=(driver.question,), value=value)


def replays(driver: Driver) -> None:
    report = verify(driver.rows, driver.journal)
    assert report.ok, report
    assert fold_log(driver.rows, driver.journal).state() == driver.sequencer.fold.state()


def test_what_lies_elsewhere_waits_for_a_word() -> None:
    driver = Driver()
    intent = driver.ask("Ana", "change April to May", scope=(PLAN,))
    driver.plan(intent, [put(driver, "April", "May"), rewrite(driver, "First", "Best")])
    driver.wait(5)
    text = is_asked(driver, intent)
    assert text.startswith("Ana pointed at plan. The agent would also write elsewhere: budget.April: set to May. Do")
    answer(driver, intent)
    driver.wait(1)
    assert driver.verdict(intent).state == "done"
    assert driver.value("April") == "May"
    replays(driver)


def test_a_no_changes_nothing_and_silence_leaves_a_suggestion() -> None:
    driver = Driver()
    refused = driver.ask("Ana", scope=(PLAN,))
    driver.plan(refused, [put(driver, "April", "May")])
    assert is_asked(driver, refused)
    answer(driver, "none")
    assert (driver.verdict(refused).state, driver.verdict(refused).code) == ("rejected", "outside_scope")
    silent = driver.ask("Ana", scope=(PLAN,))
    driver.plan(silent, [put(driver, "April", "May")])
    assert is_asked(driver, silent)
    driver.wait(100)
    assert (driver.verdict(silent).state, driver.verdict(silent).code) == ("suggested", "outside_scope")
    assert is_asked(driver, silent) == ""
    approval = driver.ask("Ben", "", kind="approve", refs=(silent,))
    driver.plan(approval, [put(driver, "April", "May")])
    driver.wait(1)
    assert driver.verdict(approval).state == "done", "who approves has seen where it writes"
    other = driver.ask("Ben", "", kind="approve", refs=(silent,))
    assert driver.verdict(other).code == "already_approved"
    replays(driver)


def test_an_approval_allows_no_more_than_was_shown() -> None:
    driver = Driver()
    intent = driver.ask("Ana", scope=(PLAN,))
    driver.plan(intent, [put(driver, "April", "May")])
    driver.wait(100)
    approval = driver.ask("Ben", "", kind="approve", refs=(intent,))
    driver.plan(approval, [put(driver, "April", "May"), put(driver, "price", 0)])
    driver.wait(1)
    assert "budget.price" in is_asked(driver, approval)
    replays(driver)


@pytest.mark.parametrize(
    ("words", "is_inside"), [("Second", True), ("Second line", True), ("First", False), ("line.\nSecond", False)]
)
def test_a_passage_is_a_fence_too(words: str, is_inside: bool) -> None:
    driver = Driver()
    intent = driver.ask("Ana", scope=(passage(driver, "Second line."),))
    driver.plan(intent, [rewrite(driver, words, "X")])
    assert bool(is_asked(driver, intent)) is not is_inside
    replays(driver)


@pytest.mark.parametrize("assoc", [0, -1])
@pytest.mark.parametrize(("at", "is_inside"), [(11, False), (12, True), (18, True), (24, True), (25, False)])
def test_words_may_be_added_at_both_ends_of_a_passage(at: int, assoc: int, is_inside: bool) -> None:
    driver = Driver()
    intent = driver.ask("Ana", scope=(passage(driver, "Second line."),))
    (anchor,) = place_anchors(driver.sequencer.fold.documents["plan"], [(at, assoc)])
    driver.plan(intent, [Insert("plan", anchor.encode(), "x")])
    assert bool(is_asked(driver, intent)) is not is_inside


def test_keys_are_a_fence_with_all_that_hangs_from_them() -> None:
    driver = Driver()
    scope = (Scope("budget", keys=(("team",), ("price", "net"))),)
    inside = driver.ask("Ana", scope=scope)
    driver.plan(inside, [SetValue("budget", ("team", "lead"), "Zoe", "absent")])
    driver.wait(1)
    assert driver.verdict(inside).state == "done"
    beside = driver.ask("Ana", scope=scope)
    driver.plan(beside, [put(driver, "price", 7)])
    assert "budget.price: set to 7" in is_asked(driver, beside)
    assert "pointed at budget.team, budget.price.net" in is_asked(driver, beside)


def test_who_points_at_nothing_sets_no_fence() -> None:
    driver = Driver()
    intent = driver.ask("Ana", "do it")
    driver.plan(intent, [put(driver, "price", 7), rewrite(driver, "First", "Best")])
    driver.wait(1)
    assert driver.verdict(intent).state == "done"


def test_a_document_is_made_where_its_author_has_named_it() -> None:
    driver = Driver()
    named = driver.ask("Ana", "put it into a document called notes, please", scope=(PLAN,))
    ops = [CreateDocument("notes", "text"), Insert("notes", "AQdjb250ZW50AA==", "hello")]
    driver.plan(named, ops)
    driver.wait(1)
    assert driver.verdict(named).state == "done"
    for words, doc in (
        ("make it short, and denote it", "note"),
        ("please do it", "it"),
        ("write a list of meals", "meals"),
        ("make a document a bit shorter", "a"),
    ):
        unnamed = driver.ask("Ana", words, scope=(PLAN,))
        driver.plan(unnamed, [CreateDocument(doc, "text"), Insert(doc, "AQdjb250ZW50AA==", "hello")])
        assert is_asked(driver, unnamed), words
        answer(driver, "none")
    replays(driver)


def test_what_is_asked_is_all_that_is_allowed_and_all_of_it_is_shown() -> None:
    driver = Driver()
    intent = driver.ask("Ana", scope=(PLAN,))
    long = "ok " * 1_000 + "EVIL"
    many = [SetValue("budget", (f"k{at}",), "v" * 300, "absent") for at in range(30)]
    gone = DeleteValue("budget", ("price",), hash_of_value(driver.sequencer.fold.documents["budget"], ("price",)))
    driver.plan(intent, [*many, put(driver, "long", long), gone])
    (question,) = driver.sequencer.fold.board.questions.values()
    does = question.evidence["does"]
    assert len(does) == 32
    assert "budget.price: removed" in does[0]
    assert question.text.index("budget.price: removed") < question.text.index("budget.k0")
    assert "and 28 more, listed below" in question.text
    assert all("v" * 300 in one for one in does[1:31])
    assert "3004 characters" in does[31]
    driver.type("Ben", "budget", lambda document: document.data_root.__setitem__("k0", "x"))
    answer(driver, intent)
    driver.wait(1)
    driver.plan(intent, [put(driver, "long", long.replace("EVIL", "GOOD"))])
    assert driver.state(intent) == "held", "another deed at the same place is asked about"
    replays(driver)


def test_the_same_deed_twice_is_two() -> None:
    driver = Driver()
    intent = driver.ask("Ana", scope=(BUDGET,))
    document = driver.sequencer.fold.documents["plan"]
    places = [place_range(document, at, at + 4) for at in (6, 19)]
    line = digest_text("line")
    gone = [Delete("plan", place.start.encode(), place.end.encode(), line) for place in places]
    driver.plan(intent, [*gone])
    (question,) = driver.sequencer.fold.board.questions.values()
    assert question.evidence["does"] == ["plan: deleted “line”", "plan: deleted “line” (2)"]


def test_what_cannot_be_shown_is_not_asked_about() -> None:
    driver = Driver()
    intent = driver.ask("Ana", scope=(PLAN,))
    driver.plan(intent, [SetValue("budget", (f"k{at}",), "v" * 1_900, "absent") for at in range(60)])
    assert (driver.verdict(intent).state, driver.verdict(intent).code) == ("rejected", "outside_scope")
    replays(driver)


def test_two_places_that_read_alike_are_two() -> None:
    driver = Driver()
    intent = driver.ask("Ana", scope=(Scope("budget", keys=(("a", "b"),)),))
    driver.plan(intent, [SetValue("budget", ("a.b",), 2, "absent")])
    assert "pointed at budget.a.b. The agent would also write elsewhere: budget.“a.b”: set to 2" in is_asked(
        driver, intent
    )


def test_who_joins_points_for_both() -> None:
    driver = Driver()
    first = driver.ask("Ana", scope=(PLAN,))
    driver.ask("Ben", "and the price", refs=(first,), scope=(Scope("budget", keys=(("price",),)),))
    driver.plan(first, [put(driver, "price", 7), rewrite(driver, "First", "Best")])
    driver.wait(1)
    assert driver.verdict(first).state == "done"
    other = driver.ask("Ana", scope=(PLAN,))
    driver.ask("Ben", "and the price", refs=(other,), scope=(Scope("budget", keys=(("price",),)),))
    driver.plan(other, [put(driver, "rent", 7)])
    assert driver.state(other) == "held"
    replays(driver)


def test_who_joins_without_pointing_opens_no_fence() -> None:
    driver = Driver()
    first = driver.ask("Ana", scope=(PLAN,))
    driver.ask("Ben", "and the price", refs=(first,))
    driver.plan(first, [put(driver, "price", 7), rewrite(driver, "First", "Best")])
    assert is_asked(driver, first)
    replays(driver)


def test_what_nothing_is_done_for_runs_by_itself_whatever_the_planner_says() -> None:
    driver = Driver()
    first = driver.ask("Ana", scope=(PLAN,))
    second = driver.ask("Ben", "and the price", refs=(first,), scope=(Scope("budget", keys=(("price",),)),))
    driver.plan(first, [rewrite(driver, "First", "Best")], serves=(second,))
    driver.wait(1)
    assert driver.verdict(first).state == "done"
    driver.set(second, "price", 7)
    driver.wait(1)
    assert driver.verdict(second).state == "done"
    replays(driver)


def test_what_was_allowed_is_not_asked_twice_and_nothing_else_is_allowed_by_it() -> None:
    driver = Driver()
    intent = driver.ask("Ana", scope=(PLAN,))
    driver.plan(intent, [put(driver, "April", "May")])
    driver.type("Ben", "budget", lambda document: document.data_root.__setitem__("April", "June"))
    answer(driver, intent)
    driver.wait(1)
    driver.plan(intent, [put(driver, "April", "May")])
    driver.wait(1)
    assert driver.state(intent) != "held", "the same place"
    other = driver.ask("Ana", scope=(PLAN,))
    driver.plan(other, [put(driver, "April", "July")])
    driver.type("Ben", "budget", lambda document: document.data_root.__setitem__("April", "August"))
    answer(driver, other)
    driver.wait(1)
    driver.plan(other, [put(driver, "May", "July")])
    assert driver.state(other) == "held", "another place"
    replays(driver)


@pytest.mark.damages_logs
def test_an_audit_objects_where_nobody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> bool:
        return False

    driver = Driver()
    monkeypatch.setattr(planning, "asks_beyond", never)
    monkeypatch.setattr(committing, "asks_beyond", never)
    intent = driver.ask("Ana", scope=(PLAN,))
    driver.plan(intent, [put(driver, "April", "May")])
    driver.wait(1)
    assert driver.verdict(intent).state == "done"
    report = verify(driver.rows, driver.journal)
    assert [breach.condition for breach in report.breaches] == ["scope"]


# ------------------------------------------------------------ documents that a plan makes


def make(driver: Driver, actor: str, *names: str, role: str = "editor") -> str:
    text = f"make {' and '.join(names)}"
    intent = driver.ask(actor, text, role=role)
    driver.plan(intent, [CreateDocument(name, "text") for name in names])
    driver.wait(1)
    return intent


def test_more_than_a_share_is_not_made_and_the_instruction_says_why() -> None:
    driver = Driver()
    there = set(driver.sequencer.fold.kinds)
    driver.sequencer.kernel.bounds = Bounds(documents=len(there) + 4)
    assert driver.verdict(make(driver, "Eva", "one", "two")).state == "done"
    over = driver.verdict(make(driver, "Eva", "three"))
    assert (over.state, over.code) == ("rejected", "over_share")
    assert over.remedy
    assert driver.verdict(make(driver, "Ben", "four")).state == "done"
    assert driver.verdict(make(driver, "Olga", "five", role="owner")).state == "done"
    full = driver.verdict(make(driver, "Olga", "six", role="owner"))
    assert (full.state, full.code) == ("rejected", "too_large")
    assert set(driver.sequencer.fold.kinds) == there | {"one", "two", "four", "five"}


def test_who_made_a_document_is_told_by_the_log() -> None:
    driver = Driver()
    make(driver, "Eva", "one")
    driver.handle(Configured("Ben", ConfigBody(documents={"two": "data"})))
    makers = driver.sequencer.fold.catalog.makers
    assert (makers["one"], makers["two"]) == ("Eva", "Ben")
    assert fold_log(driver.rows, driver.journal).catalog.makers == makers
