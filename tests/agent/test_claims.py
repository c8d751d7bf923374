"""A verdict's words are the model's only where the operations bear them out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.claims import account_of
from agent.editing import Editing
from crdt.ops import Check, Op
from tests.agent.test_model_planner import DOCS, task
from workspace.intents.plan import SUMMARY_POINTS_MAX


def edited() -> Editing:
    editing = Editing(task())
    table = editing.text("plan").table
    at = table.text.index("Hi folks.")
    table.edit(at, at + 9, "Dear colleagues,")
    return editing


def raised() -> Editing:
    editing = Editing(task())
    editing.data("budget").increase(("travel",), 100)
    return editing


def account(summary: str, editing: Editing, *, is_doubtful: bool = False, sent: tuple[str, ...] = ()) -> str:
    ops, _ = editing.result()
    return account_of(
        summary,
        ops,
        before={op.doc: editing.open(op.doc) for op in ops},
        after={name: values.working for name, values in editing.values.items()},
        sent=sent,
        names=DOCS,
        is_doubtful=is_doubtful,
    )


@pytest.mark.parametrize(
    "words",
    [
        "Greeted formally.",
        "Replaced “Hi folks.” by “Dear colleagues,” in plan.",
        "Changed 'hi folks' to `Dear colleagues`.",
        "The 1 greeting of the Plan is formal now.",
    ],
)
def test_words_that_the_operations_bear_out_stay_alone(words: str) -> None:
    assert account(words, edited()) == words


@pytest.mark.parametrize(
    "words",
    [
        "Replaced “Hi folks.” by “Good evening”.",
        "Updated plan and budget.",
        "Greeted all 7 colleagues.",
        'Deleted "A table."',
    ],
)
def test_words_that_name_what_no_operation_touches_stand_behind_the_operations(words: str) -> None:
    listed = "What was done: plan: replaced “Hi folks.” by “Dear colleagues,”."
    assert account(words, edited()) == f"{listed} The agent said: {words}"


def test_old_and_new_values_are_borne_out_and_others_are_not() -> None:
    assert account("travel went from 400 to 500, by 100.", raised()) == "travel went from 400 to 500, by 100."
    assert account("travel went to 600.", raised()).startswith("What was done: budget.travel: added 100. The agent")


def test_without_operations_nothing_was_changed_whatever_is_claimed() -> None:
    editing = Editing(task())
    assert account("Greeted formally.", editing) == "Nothing was changed. The agent said: Greeted formally."
    assert account("Nothing was changed: it is formal.", editing) == "Nothing was changed: it is formal."
    assert account(" ", editing) == "Nothing was changed."
    check: list[Op] = [Check("plan", "sha256:x")]
    assert account_of("Done.", check, before={}, after={}).startswith("Nothing was changed.")


def test_what_leaves_the_workspace_is_something_done() -> None:
    editing = Editing(task())
    assert account("Told Zoe.", editing, sent=("a mail to zoe@example.org",)) == "Told Zoe."
    doubtful = account("Told Zoe.", editing, sent=("a mail to zoe@example.org",), is_doubtful=True)
    assert doubtful == "What was done: will send a mail to zoe@example.org. The agent said: Told Zoe."


def test_doubt_and_silence_list_the_operations() -> None:
    listed = "What was done: plan: replaced “Hi folks.” by “Dear colleagues,”."
    assert account("Greeted formally.", edited(), is_doubtful=True) == f"{listed} The agent said: Greeted formally."
    assert account("", edited()) == listed


@given(words=st.text(max_size=3_000), is_doubtful=st.booleans())
def test_an_account_has_a_bound_and_is_never_empty(words: str, is_doubtful: bool) -> None:
    for editing in (edited(), Editing(task())):
        told = account(words, editing, is_doubtful=is_doubtful)
        assert 0 < len(told) <= SUMMARY_POINTS_MAX


def test_many_operations_are_counted_not_all_listed() -> None:
    editing = Editing(task())
    for number in range(20):
        editing.data("budget").put((f"k{number}",), "x" * 500)
    told = account("Filled it.", editing, is_doubtful=True)
    assert "and 12 more. The agent said: Filled it." in told
    assert len(told) < SUMMARY_POINTS_MAX
