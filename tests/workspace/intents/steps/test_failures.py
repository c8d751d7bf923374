"""What makes a turn raise, or was under way when the server died, is tried twice and then ends with a verdict."""

from __future__ import annotations

from typing import Any

import pytest

import workspace.intents.steps.commit_round as committing
from tests.workspace.intents.driver import Driver
from tests.workspace.intents.steps.test_accounting import begin, opened, settle
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.effects import Effect, Receiver
from workspace.intents.model.events import Closing, Configured, Event, Judged, PlanFailed, Proposed, Stepped
from workspace.intents.model.intent import Scope
from workspace.intents.model.invariant import Invariant
from workspace.intents.model.oracle import Judgement, JudgeTask
from workspace.intents.model.plan import Asked, Planned
from workspace.intents.model.record import seal
from workspace.intents.state.replay import fold_log
from workspace.intents.steps.failures import failure
from workspace.intents.steps.turn import AGENT
from workspace.room.failures import Failures


def crash(driver: Driver) -> None:
    """Let the process die: nothing of the turn is kept."""
    driver.open()
    driver.wait(0)


def raised(driver: Driver, event: Event, failures: Failures) -> None:
    """Put an event through that makes the turn raise, and do what a room does then."""
    fold = driver.sequencer.fold
    seq, prev = fold.seq, fold.hash
    try:
        driver.sequencer.handle(event, driver.now)
    except Exception as bug:  # noqa: BLE001  whatever it is
        record = failures.record(event, bug, driver.sequencer.kernel, seq=seq, prev=prev)
        driver.rows += [record.row] if record is not None else []
    else:
        raise AssertionError("the turn did not raise")
    crash(driver)


def poison(monkeypatch: pytest.MonkeyPatch, intent: str) -> None:
    real = committing.enter_commit

    def enter(kernel: Any, turn: Any, entry: Any, ran: Any) -> Any:
        if entry.id == intent:
            raise ZeroDivisionError("nobody foresaw it")
        return real(kernel, turn, entry, ran)

    monkeypatch.setattr(committing, "enter_commit", enter)


def answer(driver: Driver, intent: str) -> Proposed:
    task = driver.tasks.pop(intent)
    return Proposed(intent, task.attempt, Planned(ops=(), summary="planned"))


def test_a_turn_that_raises_twice_on_one_intent_ends_it_and_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    driver, failures = Driver(PolicyConfig(window_ms=0)), Failures()
    bad = driver.ask("Ana", scope=(Scope("budget"),))
    good = driver.ask("Ben", scope=(Scope("plan"),), seen=driver.start)
    poison(monkeypatch, bad)
    raised(driver, answer(driver, bad), failures)
    assert driver.sequencer.fold.board.entries[bad].tries == 1
    assert driver.state(bad) == "planning", "once is chance"
    raised(driver, answer(driver, bad), failures)
    verdict = driver.verdict(bad)
    assert (verdict.state, verdict.code) == ("failed", "internal")
    assert verdict.remedy
    assert bad not in driver.tasks, "nobody is asked a third time"
    driver.handle(answer(driver, good))
    driver.wait(1)
    assert driver.verdict(good).state == "done"
    assert verify(driver.rows, driver.journal).ok
    assert fold_log(driver.rows, driver.journal).board.entries[bad].tries == 2
    assert "nobody foresaw" not in "".join(row.body for row in driver.rows), "errors may quote people's words"


def test_a_failing_event_without_an_intent_is_remembered_not_recorded() -> None:
    driver, failures = Driver(), Failures()
    event = Configured("Owner", ConfigBody(name="half \ud83d"))
    raised(driver, event, failures)
    assert "turn_failed" not in "".join(row.body for row in driver.rows)
    assert failures.knows("w", event)
    assert not failures.knows("w", Configured("Owner", ConfigBody(name="whole")))
    assert not failures.knows("v", event)


def test_a_record_about_an_intent_that_is_gone_or_unknown_still_opens() -> None:
    driver = Driver()
    for intent in ("i999", driver.ask("Ana")):
        driver.ask("Ana", "", kind="cancel", refs=(intent,))
        fold = driver.sequencer.fold
        body = failure(intent, "raised", "x")
        record = seal(body, seq=fold.seq + 1, epoch=driver.epoch, at=driver.rows[-1].at, actor=AGENT, prev=fold.hash)
        driver.rows.append(record.row)
        driver.open()
    assert verify(driver.rows, driver.journal).ok


@pytest.mark.parametrize("progress", [False, True])
def test_two_servers_that_died_over_a_model_call_are_enough(progress: bool) -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    begin(driver, opened(intent))
    crash(driver)
    assert driver.state(intent) == "planning"
    if progress:
        settle(driver, begin(driver, opened(intent)), 10)
    begin(driver, opened(intent))
    crash(driver)
    if progress:
        assert driver.state(intent) == "planning", "the call that was lost came through the second time"
        assert driver.sequencer.fold.board.entries[intent].tries == 1
    else:
        assert (driver.verdict(intent).state, driver.verdict(intent).code) == ("failed", "internal")
        assert intent not in driver.tasks
    assert verify(driver.rows, driver.journal).ok


def test_a_server_that_closes_in_good_order_has_not_tried() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    for _ in range(4):
        begin(driver, opened(intent))
        driver.handle(Closing())
        crash(driver)
    assert driver.state(intent) == "planning"
    assert driver.sequencer.fold.board.entries[intent].tries == 0


HALF = "half \ud83d"


def test_half_characters_and_no_numbers_from_a_planner_are_a_failed_plan_not_a_failed_turn() -> None:
    driver = Driver()
    for proposal in (
        Planned(ops=(), summary=HALF),
        Asked(HALF),
        Planned(ops=(), effects=(Effect(0, "ops", "reversible", {"n": float("nan")}),)),
    ):
        intent = driver.ask("Ana")
        driver.handle(Stepped(intent, driver.tasks[intent].attempt, HALF))
        driver.handle(Proposed(intent, driver.tasks.pop(intent).attempt, proposal))
        assert driver.sequencer.fold.board.entries[intent].faults == 1
        driver.handle(PlanFailed(intent, driver.tasks.pop(intent).attempt, HALF))
        driver.ask("Ana", "", kind="cancel", refs=(intent,))
    assert verify(driver.rows, driver.journal).ok


def test_half_characters_of_a_judge_are_a_judge_that_failed() -> None:
    driver = Driver()
    one, other = driver.ask("Ana", seen=driver.start), driver.ask("Ben", seen=driver.start)
    task = JudgeTask((), ((one, other),))
    driver.handle(Judged(task, (Judgement((one, other), "contradict", (HALF, HALF)),), "j", HALF))
    assert driver.sequencer.fold.judged[(one, other)].opinion == "failed"


# ---------------------------------------------------------------- what a commit names, checked again


def hook(tool: str = "ops", effect_class: str = "reversible") -> Effect:
    return Effect(0, tool, effect_class, {"text": "now"})


OPS = Receiver("webhook", "https://x.test/in", "reversible")


@pytest.mark.parametrize("now", [{}, {"duty": OPS}, {"ops": Receiver("webhook", "https://x.test/in", "irreversible")}])
@pytest.mark.parametrize("is_held", [False, True])
def test_a_receiver_that_changed_while_the_plan_waited_is_planned_again(
    now: dict[str, Receiver], is_held: bool
) -> None:
    driver = Driver()
    kind = "irreversible" if is_held else "reversible"
    receivers = {"ops": Receiver("webhook", "https://x.test/in", kind)}
    driver.handle(Configured("Owner", ConfigBody(receivers=receivers)))
    intent = driver.ask("Ana")
    task = driver.tasks.pop(intent)
    planned = Planned(ops=(), summary="calls", effects=(hook(effect_class=kind),))
    driver.handle(Proposed(intent, task.attempt, planned))
    if is_held:
        driver.wait(1)
        assert driver.state(intent) == "held"
    if is_held and now.get("ops") is not None:
        now = {"ops": OPS}
    driver.handle(Configured("Owner", ConfigBody(receivers=now)))
    if is_held:
        driver.ask("Ana", "", kind="answer", refs=(driver.question,), value=intent)
    driver.wait(1)
    assert driver.state(intent) == "planning", "the planner is told what there is now"
    assert driver.tasks[intent].receivers == now
    driver.open()
    assert not driver.sequencer.fold.outbox
    assert verify(driver.rows, driver.journal).ok


def test_a_document_of_a_variants_name_is_in_nobodys_way() -> None:
    driver = Driver(PolicyConfig(chain=("branch",)))
    ana, ben = driver.ask("Ana", seen=driver.start), driver.ask("Ben", seen=driver.start)
    driver.handle(Configured("Cy", ConfigBody(documents={f"budget.{ana}": "text"})))
    driver.set(ana, "price", 1)
    driver.set(ben, "price", 2)
    driver.wait(1)
    assert {driver.verdict(ana).state, driver.verdict(ben).state} == {"branched"}
    assert verify(driver.rows, driver.journal).ok


def test_numbers_whose_sum_is_none_break_a_rule_and_no_turn() -> None:
    driver = Driver()
    rule = Invariant("sum_at_most", "budget", limit=10)
    driver.handle(Configured("Owner", ConfigBody(invariants={"small": rule})))
    first = driver.ask("Ana")
    driver.set(first, "price", 1e308)
    driver.wait(1)
    assert driver.verdict(first).code in ("invariant", "done")
    for key in ("a", "b"):
        driver.type("Ben", "budget", lambda document, key=key: document.data_root.__setitem__(key, 1.7e308))
    second = driver.ask("Ana")
    driver.set(second, "c", 1)
    driver.wait(1)
    assert driver.verdict(second).state == "done", "the rule was broken before"
