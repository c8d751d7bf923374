"""A question holds its intents by one decision, is shown to everybody, and has a deadline."""

from __future__ import annotations

from tests.workspace.intents.driver import Driver, two_prices
from workspace.intents.model.bodies import DecisionBody, PolicyConfig
from workspace.intents.model.events import QuestionOpened, StateChanged
from workspace.intents.model.plan import Option
from workspace.intents.steps.questions import hold
from workspace.intents.steps.turn import Turn


def held(*, is_about_both: bool = False, **more: object) -> tuple[Turn, DecisionBody, Driver, tuple[str, str]]:
    """Ask about two planned instructions."""
    driver = Driver(PolicyConfig(ask_seconds=40.0, window_ms=10_000))
    ids = two_prices(driver)
    kernel = driver.sequencer.kernel
    entries = tuple(driver.sequencer.fold.board.entries[id] for id in ids)
    turn = Turn(kernel.fold, kernel.lives, kernel.epoch, driver.now)
    kernel.runs.close(turn)
    if is_about_both:
        more["group"] = ids
    hold(
        kernel, turn, entries[1:], text="Which?", options=(Option(ids[0], "One"),),
        default=ids[0], because="it is first",
        layer="L2", policy="ask@1", **more,  # type: ignore[arg-type]
    )  # fmt: skip
    body = turn.records[-1].body
    assert isinstance(body, DecisionBody)
    return turn, body, driver, ids


def test_the_decision_carries_the_question_and_holds_who_is_asked_about() -> None:
    turn, decision, driver, ids = held(is_about_both=True, evidence={"edges": []}, inputs="sha256:0")
    question = decision.question
    assert question is not None
    assert (decision.group, question.group, decision.outcome) == (ids, ids, {ids[1]: "held"})
    assert (question.text, question.default, question.because) == ("Which?", ids[0], "it is first")
    assert question.deadline == driver.now + 40.0
    assert question.id[1:] == decision.decision[1:] == str(turn.records[-1].seq), "both are named for their record"
    assert (decision.inputs, question.evidence) == ("sha256:0", {"edges": []})


def test_without_a_group_it_is_about_whom_it_holds() -> None:
    _, decision, _, ids = held()
    assert decision.group == (ids[1],)


def test_everybody_sees_who_is_held_and_what_is_asked() -> None:
    turn, decision, _, ids = held()
    assert decision.question is not None
    shown = [notice for notice in turn.notices if isinstance(notice, StateChanged | QuestionOpened)]
    assert shown == [StateChanged(ids[1], "held", (), "Which?"), QuestionOpened(decision.question)]
