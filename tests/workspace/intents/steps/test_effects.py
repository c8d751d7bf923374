"""Effects in the sequencer: declared, refused, approved, sent and settled once, there again after a crash."""

from __future__ import annotations

import pytest

from crdt.digest import Json
from crdt.operations.ops import Increment
from tests.workspace.intents.driver import Driver
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.effects import Effect, Receiver, check_receivers, effect_key
from workspace.intents.model.events import Configured, EffectSettled, Proposed
from workspace.intents.model.plan import Planned
from workspace.intents.model.requests import SendEffect
from workspace.intents.state.replay import fold_log

MAIL: dict[str, Json] = {"to": "zoe@example.org", "subject": "Hello", "text": "Hi"}
RECEIVERS = {
    "post": Receiver("mail", "bot@example.org", allowed=("example.org",)),
    "hook": Receiver("webhook", "https://example.org/in", "reversible", secret="hook"),
}


def started() -> tuple[Driver, list[SendEffect]]:
    driver = Driver()
    requests: list[SendEffect] = []
    keep = driver._keep

    def keep_wishes(outcome: object) -> None:
        requests.extend(wish for wish in outcome.requests if isinstance(wish, SendEffect))  # type: ignore[attr-defined]
        keep(outcome)  # type: ignore[arg-type]

    driver._keep = keep_wishes  # type: ignore[method-assign]
    driver.handle(Configured("Owner", ConfigBody(receivers=RECEIVERS)))
    return driver, requests


def declare(driver: Driver, intent: str, *effects: Effect) -> None:
    task = driver.tasks.pop(intent)
    ops = (Increment("budget", ("price",), 1),)
    driver.handle(Proposed(intent, task.attempt, Planned(ops, effects=effects, summary="sends")))
    driver.wait(0.4)


def mail(i: int = 0, **more: Json) -> Effect:
    return Effect(i, "post", "irreversible", {**MAIL, **more})


def hook(i: int = 0) -> Effect:
    return Effect(i, "hook", "reversible", {"value": 1})


def test_what_can_be_taken_back_goes_out_after_the_commit_once() -> None:
    driver, requests = started()
    intent = driver.ask("Ana")
    declare(driver, intent, hook())
    assert driver.verdict(intent).state == "done"
    (wish,) = requests
    assert wish.outgoing.receiver == RECEIVERS["hook"]
    for _ in range(2):
        driver.handle(EffectSettled(wish.outgoing, "sent", "204"))
    records = [row for row in driver.rows if row.kind == "effect"]
    assert len(records) == 1, "a second answer is dropped"
    assert effect_key(wish.outgoing.seal, 0) in records[0].body
    assert not driver.sequencer.fold.outbox
    driver.open()
    assert len(requests) == 1
    assert verify(driver.rows, driver.journal).ok


def test_what_was_not_settled_is_wished_for_again_after_a_crash() -> None:
    driver, requests = started()
    declare(driver, driver.ask("Ana"), hook())
    driver.open()
    assert requests[0].outgoing == requests[1].outgoing, "the same effect under the same key"
    assert (requests[0].openings, requests[1].openings) == (0, 1)
    assert fold_log(driver.rows, driver.journal).outbox == driver.sequencer.fold.outbox


@pytest.mark.parametrize("says, state, price", [("yes", "done", 101), ("no", "rejected", 100), ("", "rejected", 100)])
def test_what_is_final_needs_somebodys_word(says: str, state: str, price: int) -> None:
    driver, requests = started()
    intent = driver.ask("Ana")
    declare(driver, intent, mail())
    assert driver.state(intent) == "held"
    question = driver.sequencer.fold.board.questions[driver.question]
    assert "zoe@example.org" in question.text
    assert driver.ask("Cy", "", role="commenter", kind="answer", refs=(question.id,), value=intent) == "FORBIDDEN"
    if says:
        driver.ask("Ana", "", kind="answer", refs=(question.id,), value=intent if says == "yes" else "none")
    driver.wait(70)
    assert (driver.verdict(intent).state, driver.value("price")) == (state, price)
    assert len(requests) == (says == "yes")
    assert verify(driver.rows, driver.journal).ok


def test_a_guest_sends_nothing() -> None:
    driver, requests = started()
    intent = driver.ask("Cy", role="commenter")
    declare(driver, intent, hook())
    assert (driver.verdict(intent).state, driver.verdict(intent).code) == ("suggested", "needs_approval")
    assert not requests


@pytest.mark.parametrize(
    "effect",
    [
        Effect(0, "nobody", "reversible", {}),
        Effect(0, "post", "reversible", MAIL),
        Effect(1, "hook", "reversible", {}),
        mail(to="a@elsewhere.org"),
        mail(to="a@example.org, b@example.org"),
        mail(subject="one\r\nBcc: all@example.org"),
        Effect(0, "hook", "reversible", {"value": "x" * 40_000}),
    ],
    ids=["no receiver", "class is not the planner's", "number", "domain", "list", "header", "size"],
)
def test_what_a_planner_may_not_declare_is_a_failed_plan(effect: Effect) -> None:
    driver, requests = started()
    intent = driver.ask("Ana")
    for _ in range(3):
        declare(driver, intent, effect)
    assert (driver.verdict(intent).state, driver.value("price")) == ("failed", 100)
    assert not requests


def test_an_approval_holds_for_exactly_what_was_shown() -> None:
    driver, requests = started()
    intent = driver.ask("Ana")
    declare(driver, intent, mail())
    driver.ask("Ana", "", kind="answer", refs=(driver.question,), value=intent)
    assert len(requests) == 1
    other = driver.ask("Ana")
    declare(driver, other, mail(text="another text"))
    assert driver.state(other) == "held"


def test_receivers_from_outside_are_bounded() -> None:
    assert check_receivers(RECEIVERS) is None
    for bad in (
        {"Post": Receiver("mail", "bot@example.org")},
        {"post": Receiver("mail", "not a mailbox")},
        {"hook": Receiver("webhook", "file:///etc/passwd")},
        {"hook": Receiver("webhook", "https://x", secret="THE KEY ITSELF")},
        {f"r{n}": Receiver("webhook", "https://x") for n in range(40)},
    ):
        assert check_receivers(bad) is not None
