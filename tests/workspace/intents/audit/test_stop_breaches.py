"""An audit finds in the log what was done although the agent was stopped, and nothing where everybody obeyed."""

from __future__ import annotations

from contextlib import nullcontext

import msgspec
import pytest

import workspace.intents.steps.accounting as accounting
import workspace.intents.steps.kernel_state as kernel
from tests.workspace.intents.audit.test_auditor import audited, conditions
from tests.workspace.intents.driver import Driver
from tests.world.mutations import MUTATIONS
from workspace.intents.model.bodies import ConfigBody, OracleBody, PolicyConfig
from workspace.intents.model.calls import CallOpened
from workspace.intents.model.effects import Effect, Outgoing, Receiver
from workspace.intents.model.events import CallOpening, Configured, EffectSettled, Proposed
from workspace.intents.model.intent import Scope
from workspace.intents.model.plan import Asked, Option, Planned
from workspace.intents.model.stop import Switch


def under_a_stop(driver: Driver) -> None:
    """Let Ana's plan be ready, and be stopped; then a model is asked, and she is planned for."""
    opened = CallOpened(("i0",), "Ana", "judge", "judge@1", "s", "r", "small", "m", 5)
    ana = driver.ask("Ana")
    driver.set(ana, "price", 8)
    driver.handle(Configured("Owner", ConfigBody(switch=Switch("workspace", True, "no"))))
    driver.handle(CallOpening(msgspec.structs.replace(opened, intents=(ana,))))
    driver.wait(1)
    other = driver.ask("Ben")
    if other in driver.tasks:
        driver.set(other, "price", 9)
    driver.wait(1)


def test_an_audit_finds_what_goes_against_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    obedient = Driver()
    under_a_stop(obedient)
    assert conditions(obedient) == set()
    monkeypatch.setattr(kernel.KernelState, "is_halted", lambda self, entry: False)
    monkeypatch.setattr(
        accounting,
        "open_call",
        lambda kernel, turn, event: turn.append(
            OracleBody(oracle="call_opened", intent=event.opened.intents[0], opened=event.opened), "agent"
        ),
    )
    deaf = Driver()
    under_a_stop(deaf)
    kinds = {deaf.rows[breach.seq - 1].kind for breach in audited(deaf).breaches if breach.condition == "stop"}
    assert kinds == {"plan", "commit", "oracle"}


def test_an_audit_finds_what_a_clock_that_stands_still_has_decided() -> None:
    running = next(mutation for mutation in MUTATIONS if mutation.name == "stop clocks")
    for applied in (False, True):
        driver = Driver(PolicyConfig(chain=("ask", "fair"), ask_seconds=5))
        seen = driver.sequencer.fold.seq
        ana, ben = (driver.ask(actor, seen=seen, scope=(Scope("budget"),)) for actor in ("Ana", "Ben"))
        chen = driver.ask("Chen", seen=seen, scope=(Scope("plan"),))
        driver.set(ana, "price", 1)
        driver.set(ben, "price", 2)
        task = driver.tasks.pop(chen)
        driver.handle(Proposed(chen, task.attempt, Asked("Which?", (Option("a", "A"),))))
        driver.wait(1)
        assert len(driver.sequencer.fold.board.questions) == 2
        driver.handle(Configured("Owner", ConfigBody(switch=Switch("workspace", True))))
        with running.applied() if applied else nullcontext():
            driver.wait(60)
        found = sorted(driver.rows[breach.seq - 1].kind for breach in audited(driver).breaches)
        assert found == (["decision", "verdict"] if applied else []), found


def stopped_with_an_effect() -> tuple[Driver, Outgoing]:
    driver = Driver()
    receivers = {"ops": Receiver("webhook", "https://example.org", "reversible")}
    driver.handle(Configured("Owner", ConfigBody(receivers=receivers)))
    ana = driver.ask("Ana")
    task, effect = driver.tasks.pop(ana), Effect(0, "ops", "reversible", {})
    driver.handle(Proposed(ana, task.attempt, Planned((), effects=(effect,))))
    driver.wait(1)
    (outgoing,) = driver.sequencer.fold.outbox.values()
    driver.handle(Configured("Owner", ConfigBody(switch=Switch("server", True))))
    return driver, outgoing


@pytest.mark.parametrize("begun, is_found", [(-1, False), (0, True), (1, True)], ids=["before", "at once", "later"])
def test_an_audit_finds_an_effect_that_left_under_a_stop(begun: int, is_found: bool) -> None:
    driver, outgoing = stopped_with_an_effect()
    (stop,) = driver.sequencer.fold.stops.all
    driver.ask("Ben")
    driver.handle(EffectSettled(outgoing, "sent", "204", begun=stop.seq + begun))
    assert conditions(driver) == ({"stop"} if is_found else set())


def test_an_effect_that_does_not_say_when_it_left_has_left_under_the_stop() -> None:
    driver, outgoing = stopped_with_an_effect()
    driver.handle(EffectSettled(outgoing, "sent", "204"))
    assert conditions(driver) == {"stop"}
