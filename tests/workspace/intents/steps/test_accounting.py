"""Model calls in the log: reserved, settled, refused over budget, complete after a crash."""

from __future__ import annotations

import msgspec
import pytest

from tests.workspace.intents.driver import Driver
from workspace.intents.audit.usage_report import report
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.bounds import Bounds
from workspace.intents.model.calls import (
    Blob,
    Budget,
    CallClosed,
    CallOpened,
    CallUsage,
)
from workspace.intents.model.events import CallEnded, CallOpening, Configured, ToolDenied
from workspace.intents.model.times import day_of
from workspace.intents.state.replay import fold_log


def opened(intent: str, reserve: int = 1000, **more: object) -> CallOpened:
    return CallOpened((intent,), "Ana", "plan", "plan@1", "sha256:p", "sha256:r", "small", "haiku", reserve, **more)  # type: ignore[arg-type]


def begin(driver: Driver, call: CallOpened) -> str:
    outcome = driver.handle(CallOpening(call, (Blob("sha256:r", b"{}"),)))
    assert outcome.refused is None, outcome.refused
    assert outcome.blobs
    return outcome.call


def settle(driver: Driver, call: str, cost: int, outcome: str = "ok", **more: object) -> None:
    usage = CallUsage(10, 5)
    driver.handle(CallEnded(CallClosed(call, outcome, usage, cost, cost * 10, "table", 20, "sha256:a", **more)))  # type: ignore[arg-type]


def test_a_reservation_gives_way_to_what_the_call_did_cost() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    usage, today = driver.sequencer.fold.usage, day_of(driver.now)
    call = begin(driver, opened(intent))
    assert usage.spent == {(today, ""): 1000, (today, "Ana"): 1000}
    settle(driver, call, 300)
    assert usage.spent == {(today, ""): 300, (today, "Ana"): 300}
    settle(driver, call, 300)
    assert usage.spent[(today, "")] == 300, "an end told twice counts once"
    assert verify(driver.rows, driver.journal).ok
    assert fold_log(driver.rows, driver.journal).usage == usage


def test_budgets_refuse_before_a_call_and_are_passed_by_one_call_at_most() -> None:
    driver = Driver()
    driver.handle(Configured("Owner", ConfigBody(budget=Budget(author_day=0.002))))
    intent = driver.ask("Ana")
    calls = [begin(driver, opened(intent, 1500)) for _ in range(2)]
    refused = driver.handle(CallOpening(opened(intent, 1500))).refused
    assert refused is not None
    assert refused.code == "over_budget"
    for call in calls:
        settle(driver, call, 1500)
    assert driver.ask("Ana", "more") == "OVER_BUDGET"
    assert driver.ask("Ben", "mine").startswith("i"), "another author's day is another budget"
    driver.now += 86_400
    assert driver.ask("Ana", "tomorrow").startswith("i")


@pytest.mark.parametrize("budget", [Budget(workspace_day=0.001), Budget(intent=0.001), Budget(workspace_day=0)])
def test_every_budget_counts(budget: Budget) -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    driver.handle(Configured("Owner", ConfigBody(budget=budget)))
    outcomes = [driver.handle(CallOpening(opened(intent, 1000))).refused for _ in range(2)]
    assert outcomes[-1] is not None


def test_a_crash_closes_what_was_open_at_what_was_reserved() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    settle(driver, begin(driver, opened(intent)), 100)
    begin(driver, opened(intent, 700))
    driver.open()
    usage = driver.sequencer.fold.usage
    assert not usage.opened
    assert usage.spent[(day_of(driver.now), "Ana")] == 800
    outcomes = {key.outcome: line.calls for key, line in usage.lines.items()}
    assert outcomes == {"ok": 1, "lost": 1}
    driver.wait(0)
    assert [call.prompt_sha for call in driver.tasks[intent].recorded] == ["sha256:p"], (
        "what answered is not asked again"
    )


def test_nobody_calls_for_an_instruction_that_has_ended() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    driver.ask("Ana", "", kind="cancel", refs=(intent,))
    refused = driver.handle(CallOpening(opened(intent))).refused
    assert refused is not None
    assert refused.code == "cancelled"
    assert begin(driver, opened(intent, shadow=True)), "a shadow goes on off the user's path"


def test_what_code_refused_is_in_the_log() -> None:
    driver = Driver()
    intent = driver.ask("Ana")
    driver.handle(ToolDenied(intent, "send_email", "{}", "no_such_tool", "There is no tool.", "haiku"))
    body = msgspec.json.decode(driver.rows[-1].body)
    assert (body["oracle"], body["tool"], body["code"], body["intent"]) == (
        "tool_refused", "send_email", "no_such_tool", intent,
    )  # fmt: skip


def test_the_account_adds_up() -> None:
    driver = Driver()
    done, lost = driver.ask("Ana"), driver.ask("Ben", seen=driver.start)
    settle(driver, begin(driver, opened(done)), 50, "overloaded")
    settle(driver, begin(driver, opened(done)), 100)
    settle(driver, begin(driver, opened(done, shadow=True)), 400)
    settle(driver, begin(driver, opened(done, round=1)), 200)
    settle(driver, begin(driver, opened(lost)), 25)
    driver.set(done, "price", 1)
    driver.ask("Ben", "", kind="cancel", refs=(lost,))
    driver.wait(1)
    fold = driver.sequencer.fold
    account = report(fold.usage, fold.board, fold.budget, day=day_of(driver.now))
    assert account["total"]["cost"] == 0.000775  # type: ignore[index, call-overload]
    assert account["saved"] == {"paid": 0.00035, "strongest": 0.002, "saved": 0.00165, "share": 0.825}
    assert account["failures"]["cost"] == 0.00005  # type: ignore[index, call-overload]
    assert account["shadows"]["cost"] == 0.0004  # type: ignore[index, call-overload]
    assert account["verdicts"]["cancelled"]["cost"] == 0.000025  # type: ignore[index, call-overload]


def test_one_instruction_has_so_many_calls_whatever_becomes_of_them() -> None:
    driver = Driver()
    driver.sequencer.kernel.bounds = Bounds(calls=3)
    intent = driver.ask("Ana")
    settle(driver, begin(driver, opened(intent)), 1)
    settle(driver, begin(driver, opened(intent, round=1)), 1, "overloaded")
    begin(driver, opened(intent, tries=1))
    refused = driver.handle(CallOpening(opened(intent, round=2))).refused
    assert refused is not None
    assert refused.code == "over_calls"
    assert refused.remedy
    assert begin(driver, opened(intent, shadow=True)), "shadows are counted apart"
    assert fold_log(driver.rows, driver.journal).usage == driver.sequencer.fold.usage
    driver.ask("Ana", "", kind="cancel", refs=(intent,))
    assert intent not in driver.sequencer.fold.usage.asked, "only what is live is counted"
    assert begin(driver, opened(driver.ask("Ana"))), "and each for itself"
