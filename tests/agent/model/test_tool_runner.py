"""Tool calls are carried out on copies: a look is a reading, what is out of reach is denied, and nothing raises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.editing.editor import Editor
from agent.model.tool_runner import (
    HITS_MAX,
    PlanFinished,
    ToolDenied,
    ToolOutcome,
    ToolQuestion,
    ToolResult,
    ToolRunner,
)
from crdt.operations.fork import run
from tests.agent.model.test_planner import DOCS, TEXT, task
from tests.support.examples import examples
from workspace.intents.model.effects import Receiver
from workspace.intents.model.plan import Exchange, Steer


def runner(*answers: Exchange, **more: object) -> ToolRunner:
    return ToolRunner(Editor(task(**more)), list(answers))


def finished(outcome: ToolOutcome) -> PlanFinished:
    assert isinstance(outcome, PlanFinished), outcome
    return outcome


def test_what_was_read_line_by_line_is_a_reading_of_just_that() -> None:
    made = runner()
    shown = made.use("view", {"document": "plan", "range": [3, 3]})
    assert isinstance(shown, ToolResult)
    assert "3| ## Intro" in shown.text
    _, reads = made.plan()
    (reading,) = reads
    assert reading.strong
    assert run(DOCS, (), reads, client=99).documents == {}, "it holds on the snapshot"


def test_a_list_of_documents_is_a_weak_reading_of_each() -> None:
    made = runner()
    made.use("list_documents", {})
    assert [(reading.doc, reading.strong) for reading in made.plan()[1]] == [("budget", False), ("plan", False)]


def test_edits_are_seen_by_later_calls_and_reach_no_snapshot() -> None:
    made = runner()
    made.use("str_replace", {"document": "plan", "old_str": "Hi folks.", "new_str": "Dear all,"})
    made.use("increment", {"document": "budget", "path": ["travel"], "by": 5})
    assert "Dear all," in made.use("view", {"document": "plan"}).text  # type: ignore[union-attr]
    assert "405" in made.use("view", {"document": "budget", "path": ["travel"]}).text  # type: ignore[union-attr]
    assert made.editor.open("plan").text() == TEXT
    done = finished(made.use("finish", {"summary": "Done."}))
    after = run(DOCS, done.ops, done.reads, client=99).documents
    assert after["plan"].text() == TEXT.replace("Hi folks.", "Dear all,")


@pytest.mark.parametrize(
    ("name", "given_", "code"),
    [
        ("dance", {}, "no_such_tool"),
        ("view", {"document": "../etc/passwd"}, "forbidden"),
        ("view", {"document": "_own"}, "forbidden"),
        ("view", {"document": "nowhere"}, "no_document"),
        ("search", {"query": "x", "document": "../x"}, "forbidden"),
        ("create_document", {"document": "_own", "kind": "text"}, "forbidden"),
        ("send", {"receiver": "zoe", "text": "x"}, "no_receiver"),
    ],
)
def test_what_is_out_of_reach_is_denied(name: str, given_: dict[str, Any], code: str) -> None:
    made = runner()
    outcome = made.use(name, given_)
    assert isinstance(outcome, ToolDenied)
    assert outcome.code == code
    assert made.plan() == ((), ())


@pytest.mark.parametrize(
    ("name", "given_", "words"),
    [
        ("str_replace", {"document": "plan", "old_str": "l", "new_str": ""}, "occurs 3 times"),
        ("str_replace", {"document": "plan", "old_str": "", "new_str": ""}, "old_str is empty"),
        ("str_replace", {"document": "budget", "old_str": "a", "new_str": ""}, "data document"),
        ("insert", {"document": "plan", "insert_line": 99, "text": "x"}, "has 9 lines"),
        ("delete_lines", {"document": "plan", "first_line": 0, "last_line": 1}, "lines 1 to 9"),
        ("set_value", {"document": "budget", "path": [], "value": 1}, "Name a path"),
        ("set_value", {"document": "budget", "path": ["n"], "value": 2**60}, "above 2**53"),
        ("list_remove", {"document": "budget", "path": ["items"], "index": 0, "value": "b"}, "not item 0"),
        ("view", {"document": "budget", "path": ["nope"]}, "nothing at budget.nope"),
        ("create_document", {"document": "plan", "kind": "text"}, "already"),
        ("create_document", {"document": "d", "kind": "data", "content": "x"}, "Only text"),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(name: str, given_: dict[str, Any], words: str) -> None:
    made = runner()
    outcome = made.use(name, given_)
    assert isinstance(outcome, ToolResult)
    assert outcome.is_error
    assert words in outcome.text
    assert made.plan()[0] == ()


def test_a_call_that_nothing_can_hold_is_not_carried_out() -> None:
    made = runner()
    outcome = made.use("insert", {"document": "plan", "insert_line": 0, "text": "x"}, unfit=["text is odd"])
    assert outcome == ToolResult("insert was not carried out: text is odd.", is_error=True)
    assert made.plan()[0] == ()


def test_hits_are_bounded_and_each_is_a_reading() -> None:
    made = runner()
    made.use("insert", {"document": "plan", "insert_line": 0, "text": "\n".join(["word"] * 50)})
    shown = made.use("search", {"query": "word"})
    assert isinstance(shown, ToolResult)
    assert len(shown.text.splitlines()) == HITS_MAX
    made.use("search", {"query": "table"})
    made.use("search", {"query": "travel"})
    assert {reading.doc for reading in made.plan()[1]} == {"plan", "budget"}


def test_a_question_is_put_unless_its_author_has_answered_it() -> None:
    asked = runner().use("ask", {"question": "Which?", "options": ["a", "b"]})
    assert asked == ToolQuestion("Which?", ("a", "b"))
    answered = runner(Exchange("Which?", "a")).use("ask", {"question": "Which?"})
    assert isinstance(answered, ToolResult)
    assert answered.text == '{"answer":"a","question":"Which?"}'


def test_an_effect_is_declared_once_it_may_be_and_numbered() -> None:
    receivers = {"zoe": Receiver("mail", "bot@example.org", allowed=("example.org",))}
    made = runner(receivers=receivers)
    wrong = made.use("send", {"receiver": "zoe", "to": "a@evil.example", "subject": "s", "text": "t"})
    assert isinstance(wrong, ToolResult)
    assert wrong.is_error
    for _ in range(2):
        made.use("send", {"receiver": "zoe", "to": "a@example.org", "subject": "s", "text": "t"})
    effects = finished(made.use("finish", {"summary": "Sent."})).effects
    assert [effect.i for effect in effects] == [0, 1]


def test_whom_a_plan_serves_is_asked_for_once() -> None:
    steers = (Steer("i2", "Ben", "and warmly"), Steer("i3", "Eva", "and soon"))
    made = runner(steers=steers)
    first = made.use("finish", {"summary": "s"})
    assert isinstance(first, ToolResult)
    assert "served is missing" in first.text
    assert finished(made.use("finish", {"summary": "s"})).serves == (), "decision 86: who is not named is not served"
    assert finished(runner(steers=steers).use("finish", {"summary": "s", "served": [2]})).serves == ("i3",)


JSON = st.recursive(
    st.none() | st.integers() | st.floats() | st.sampled_from(["plan", "budget", "Hi folks.", "travel", "items", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
NAMES = st.sampled_from(["view", "search", "str_replace", "insert", "delete_lines", "create_document", "set_value",
                         "increment", "delete_value", "list_add", "list_remove", "ask", "finish", "send"])  # fmt: skip
FIELDS = st.sampled_from(["path", "value", "by", "index", "text", "range", "query", "summary", "old_str", "new_str",
                          "insert_line", "first_line", "last_line", "kind", "question"])  # fmt: skip
CALLS = st.tuples(NAMES, st.dictionaries(FIELDS, JSON, max_size=3), st.sampled_from(["plan", "budget", None]))


@settings(max_examples=examples(150), deadline=None)
@given(calls=st.lists(CALLS, max_size=6))
def test_whatever_a_model_calls_ends_in_a_result_and_a_plan_that_runs(
    calls: list[tuple[str, dict[str, Any], Any]],
) -> None:
    made = runner()
    for name, given_, document in calls:
        outcome = made.use(name, given_ if document is None else {"document": document, **given_})
        assert isinstance(outcome, ToolOutcome)
    done = made.use("finish", {"summary": "Done."})
    if isinstance(done, PlanFinished):
        run(DOCS, done.ops, done.reads, client=99)
    else:
        assert isinstance(done, ToolResult)
        assert done.is_error
