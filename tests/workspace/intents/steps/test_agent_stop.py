"""The agent is stopped: nothing of it enters the log any more, people go on; it goes on where it was, once."""

from __future__ import annotations

from typing import Any

import pytest

from crdt.documents.paths import set_path
from crdt.operations.ops import DeleteValue, Increment, hash_of_value
from tests.support.live_board import shown_amiss
from tests.workspace.intents.driver import Driver
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.calls import CallOpened
from workspace.intents.model.effects import Effect, Receiver
from workspace.intents.model.events import (
    CallOpening,
    Configured,
    EffectSettled,
    Judged,
    MergeProposed,
    PlanFailed,
    Proposed,
    QuestionOpened,
    StopsChanged,
    Ticked,
)
from workspace.intents.model.oracle import Judgement, Merged
from workspace.intents.model.plan import Asked, Option, Planned
from workspace.intents.model.requests import AskPlanner, HaltAgent, Request, ResumeAgent, SendEffect, StopPlanner
from workspace.intents.model.stop import StopScope, Switch
from workspace.intents.state.replay import fold_log

HOOK = Receiver("webhook", "https://example.org/in", "reversible", keys=True)
WORDS = "The agent is stopped by Owner: checking the numbers"
OF_THE_AGENT = ("plan", "commit")


class Watched(Driver):
    """A workspace whose requests are kept."""

    def __post_init__(self) -> None:
        self.requests: list[Request] = []
        super().__post_init__()
        self.handle(Configured("Owner", ConfigBody(receivers={"hook": HOOK})))

    def _keep(self, outcome: Any) -> None:
        self.requests += outcome.requests
        super()._keep(outcome)

    def wished(self, kind: type[Request]) -> list[Any]:
        """Return the requests of one kind since the last look."""
        found = [wish for wish in self.requests if isinstance(wish, kind)]
        self.requests = [wish for wish in self.requests if not isinstance(wish, kind)]
        return found


def throw(driver: Driver, *, on: bool, scope: StopScope = "workspace", actor: str = "Owner", reason: str = "") -> None:
    driver.handle(Configured(actor, ConfigBody(switch=Switch(scope, on, reason))))


def stop(driver: Driver, **more: Any) -> None:
    throw(driver, on=True, reason="checking the numbers", **more)


def go_on(driver: Driver, **more: Any) -> None:
    throw(driver, on=False, **more)


def sends(driver: Driver, intent: str) -> None:
    """Plan something that sends, and let it be done."""
    task = driver.tasks.pop(intent)
    effect = Effect(0, "hook", "reversible", {"value": 1})
    ops = (Increment("budget", ("price",), 1),)
    driver.handle(Proposed(intent, task.attempt, Planned(ops, effects=(effect,), summary="sends")))
    driver.wait(0.4)


def of_the_agent(driver: Driver, since: int) -> list[str]:
    return [row.kind for row in driver.rows[since:] if row.kind in OF_THE_AGENT or '"call_opened"' in row.body]


def test_planning_stops_at_once_and_begins_again_on_what_there_is_then() -> None:
    driver = Watched()
    intent = driver.ask("Ana")
    task = driver.tasks[intent]
    stop(driver)
    assert [wish.intent for wish in driver.wished(StopPlanner)] == [intent]
    assert driver.state(intent) == "queued"
    assert driver.stands(intent)[2] == WORDS
    driver.set(intent, "price", 7)  # an answer that was under way is not taken
    driver.type("Ben", "budget", lambda document: document.value())
    driver.wait(100)
    assert of_the_agent(driver, driver.start) == []
    driver.wished(AskPlanner)
    go_on(driver)
    (asked,) = driver.wished(AskPlanner)
    assert (asked.task.attempt, asked.task.fault) == (task.attempt, task.fault), "the archive answers what was answered"
    assert driver.state(intent) == "planning"
    driver.set(intent, "price", 8)
    driver.wait(1)
    assert driver.verdict(intent).state == "done"
    assert driver.value("price") == 8
    assert verify(driver.rows, driver.journal).ok


def test_an_answer_to_what_was_asked_before_the_stop_is_not_taken_for_one_to_what_is_asked_after_it() -> None:
    driver = Watched()
    intent = driver.ask("Ana")
    (first,) = driver.wished(AskPlanner)
    stop(driver)
    go_on(driver)
    (second,) = driver.wished(AskPlanner)
    assert first.task.attempt == second.task.attempt
    driver.handle(Proposed(intent, 0, Planned((), summary="old"), first.ask))
    driver.handle(PlanFailed(intent, 0, "old", first.ask))
    assert driver.state(intent) == "planning"
    assert driver.sequencer.fold.board.entries[intent].faults == 0
    driver.handle(Proposed(intent, 0, Planned((), summary="new"), second.ask))
    driver.wait(1)
    assert driver.verdict(intent).state == "done"


def test_a_ready_plan_waits_and_is_looked_at_again_by_value() -> None:
    driver = Watched()
    seen = driver.sequencer.fold.seq
    intent, other = driver.ask("Ana", seen=seen), driver.ask("Ben", "else", seen=seen)
    driver.set(intent, "price", 7)
    driver.add(other, "other", 1)
    stop(driver)
    driver.wait(100)
    assert driver.state(intent) == "ready"
    assert driver.stands(intent)[2] == WORDS
    go_on(driver)
    driver.wait(1)
    assert driver.verdict(intent).state == "done"
    assert driver.verdict(other).state == "done"
    assert verify(driver.rows, driver.journal).ok


def test_new_instructions_are_taken_and_wait_where_people_see_why() -> None:
    driver = Watched()
    stop(driver)
    intent = driver.ask("Ana")
    assert driver.state(intent) == "queued"
    assert driver.stands(intent)[2] == WORDS
    assert not driver.tasks
    stop(driver, scope="server", actor="Op")
    assert "stopped on the whole server by Op" in driver.stands(intent)[2]
    go_on(driver)
    assert not driver.tasks, "the server's switch is another one"
    assert driver.stands(intent)[2].startswith("The agent is stopped on the whole server")
    go_on(driver, scope="server")
    assert intent in driver.tasks
    assert [stop.scope for stop in driver.sequencer.fold.stops.after(driver.sequencer.fold.seq - 1)] == ["server"]


def test_cancelling_works_at_once_and_a_deadline_passes() -> None:
    driver = Watched()
    first, second = driver.ask("Ana"), driver.ask("Ben", "b", deadline=driver.now + 20)
    stop(driver)
    driver.ask("Ana", "", kind="cancel", refs=(first,))
    assert driver.verdict(first).state == "cancelled"
    driver.wait(30)
    assert (driver.verdict(second).state, driver.verdict(second).code) == ("expired", "deadline")
    assert verify(driver.rows, driver.journal).ok


def test_an_undo_is_a_persons_act_and_goes_on() -> None:
    driver = Watched()
    intent = driver.ask("Ana")
    driver.set(intent, "price", 7)
    driver.wait(1)
    seen = driver.sequencer.fold.seq
    ready = driver.ask("Ben", "b", seen=seen)
    driver.set(ready, "price", 9)
    stop(driver)
    assert driver.state(ready) == "ready"
    undo = driver.ask("Ana", "", kind="undo", refs=(driver.verdict(intent).commit,), seen=seen)
    driver.set(undo, "price", 100)
    driver.wait(1)
    assert driver.verdict(undo).state == "done"
    assert driver.value("price") == 100
    assert driver.sequencer.fold.board.entries[ready].is_live
    assert verify(driver.rows, driver.journal).ok
    go_on(driver)
    driver.wait(100)
    while driver.sequencer.fold.board.live:
        for open_task in list(driver.tasks):
            driver.set(open_task, "price", 9)
        driver.wait(100)
    assert verify(driver.rows, driver.journal).ok


def test_no_call_is_opened_and_the_end_of_one_is_taken() -> None:
    driver = Watched()
    intent = driver.ask("Ana")
    for opened in (
        CallOpened((intent,), "Ana", "plan", "plan@1", "s", "r", "small", "m", 5),
        CallOpened((intent,), "Ana", "judge", "judge@1", "s", "r", "small", "m", 5),
        CallOpened((intent,), "Ana", "plan", "plan@1", "s", "r", "small", "m", 5, shadow=True),
    ):
        assert driver.handle(CallOpening(opened)).call
        stop(driver)
        refused = driver.handle(CallOpening(opened)).refused
        assert refused is not None
        assert (refused.code, refused.reason) == ("agent_stopped", WORDS)
        go_on(driver)


def test_judge_and_merger_are_stopped_and_asked_again() -> None:
    policy = PolicyConfig(chain=("merge", "ask", "fair"))
    driver = Watched(has_judge=True, policy=policy)
    seen = driver.sequencer.fold.seq
    ana, ben = driver.ask("Ana", seen=seen), driver.ask("Ben", seen=seen)
    driver.set(ana, "price", 1)
    driver.set(ben, "price", 2)
    driver.wait(1)
    (asked,) = driver.merge_tasks
    stop(driver)
    assert driver.wished(HaltAgent)
    driver.handle(MergeProposed(Merged((ana, ben), "both")))
    assert not driver.sequencer.fold.merges
    driver.wait(50)
    assert driver.merge_tasks == [asked]
    go_on(driver)
    assert driver.wished(ResumeAgent)
    assert driver.merge_tasks == [asked, asked]
    assert verify(driver.rows, driver.journal).ok


def test_what_the_judge_says_under_the_stop_is_not_taken() -> None:
    driver = Watched(has_judge=True)
    seen = driver.sequencer.fold.seq
    ana, ben = driver.ask("Ana", "make it short", seen=seen), driver.ask("Ben", "make it long", seen=seen)
    driver.add(ana, "price", 1)
    driver.add(ben, "price", 2)
    driver.wait(1)
    (asked,) = driver.judge_tasks
    stop(driver)
    driver.handle(Judged(asked, (Judgement((ana, ben), "contradict"),)))
    assert not driver.sequencer.fold.judged
    go_on(driver)
    assert driver.judge_tasks == [asked, asked]


def asking(driver: Driver, intent: str) -> None:
    task = driver.tasks.pop(intent)
    driver.handle(Proposed(intent, task.attempt, Asked("Which?", (Option("a", "A"), Option("b", "B")))))


def test_the_clocks_of_questions_stand_still() -> None:
    driver = Watched(policy=PolicyConfig(ask_seconds=60))
    intent = driver.ask("Ana")
    asking(driver, intent)
    driver.wait(40)
    stop(driver)
    assert driver.sequencer.next_deadline() is None or driver.sequencer.next_deadline() > driver.now  # type: ignore[operator]
    driver.wait(1_000)
    assert driver.state(intent) == "held"
    driver.notices.clear()
    go_on(driver)
    told = [notice.question.deadline for notice in driver.notices if isinstance(notice, QuestionOpened)]
    assert told == [pytest.approx(driver.now + 20)]
    driver.wait(19)
    assert driver.state(intent) == "held"
    driver.wait(2)
    assert driver.verdict(intent).code == "no_answer"
    assert verify(driver.rows, driver.journal).ok


def test_an_answer_is_recorded_and_acted_on_later() -> None:
    driver = Watched()
    intent = driver.ask("Ana")
    asking(driver, intent)
    stop(driver)
    driver.ask("Ana", "", kind="answer", refs=(driver.question,), value="a")
    assert driver.state(intent) == "queued"
    assert not driver.tasks
    go_on(driver)
    assert driver.tasks[intent].exchanges[0].answer == "a"


def test_effects_that_are_under_way_are_not_wished_for_again() -> None:
    driver = Watched()
    sends(driver, driver.ask("Ana"))
    (wish,) = driver.wished(SendEffect)
    stop(driver)
    go_on(driver)
    assert driver.wished(SendEffect) == [], "it waits where it is: wished for twice it might leave twice"
    stop(driver)
    driver.handle(EffectSettled(wish.outgoing, "sent", "204", begun=driver.sequencer.fold.seq - 1))
    assert not driver.sequencer.fold.outbox, "what was on the wire ends as it ends"
    assert verify(driver.rows, driver.journal).ok


@pytest.mark.parametrize("openings", [1, 2, 5])
def test_servers_under_which_the_agent_was_stopped_have_begun_no_effect(openings: int) -> None:
    driver = Watched()
    sends(driver, driver.ask("Ana"))
    driver.wished(SendEffect)
    stop(driver)
    for _ in range(openings):
        driver.open()
        assert driver.wished(SendEffect) == []
    go_on(driver)
    (wish,) = driver.wished(SendEffect)
    assert wish.openings == 1, "only the server that sent it before the stop may have begun it"
    assert fold_log(driver.rows, driver.journal).outbox == driver.sequencer.fold.outbox
    driver.open()
    (wish,) = driver.wished(SendEffect)
    assert wish.openings == 2


def test_a_server_that_starts_while_stopped_stays_stopped() -> None:
    driver = Watched()
    seen = driver.sequencer.fold.seq
    planning, ready = driver.ask("Ana", seen=seen), driver.ask("Ben", "b", seen=seen)
    driver.set(ready, "price", 5)
    stop(driver)
    since = len(driver.rows)
    driver.open()
    driver.wait(100)
    later = driver.ask("Chen", "c")
    driver.wait(100)
    assert of_the_agent(driver, since) == []
    assert not driver.tasks
    assert verify(driver.rows, driver.journal).ok
    go_on(driver)
    driver.add(planning, "other", 1)
    driver.wait(1)
    assert driver.verdict(ready).state == driver.verdict(planning).state == "done"
    driver.add(later, "other", 1)
    driver.wait(1)
    assert driver.verdict(later).state == "done"
    assert verify(driver.rows, driver.journal).ok


def test_people_are_told_at_each_change() -> None:
    driver = Watched()
    stop(driver)
    stop(driver, scope="server", actor="Op")
    go_on(driver, scope="server", actor="Op")
    go_on(driver)
    told = [[stop.by for stop in out.stops] for out in driver.notices if isinstance(out, StopsChanged)]
    assert told == [["Owner"], ["Owner", "Op"], ["Owner"], []]


def test_a_question_asked_under_the_stop_has_its_whole_time() -> None:
    driver = Watched(policy=PolicyConfig(ask_seconds=60))
    first = driver.ask("Owner", role="owner")
    stop(driver)
    driver.wait(500)
    driver.ask("Ana", "instead", kind="override", refs=(first,))
    assert driver.sequencer.fold.board.questions[driver.question].deadline == pytest.approx(driver.now + 60)
    driver.wait(500)
    go_on(driver)
    assert driver.sequencer.fold.board.questions[driver.question].deadline == pytest.approx(driver.now + 60)
    driver.handle(Ticked())
    assert verify(driver.rows, driver.journal).ok


def test_what_an_undo_passed_while_the_agent_was_stopped_is_made_anew() -> None:
    """C3: it cannot be compared with the undo and decided while it is stopped, so its plan of before must not run."""
    driver = Watched()
    first = driver.ask("Ana")
    driver.set(first, "price", 7)
    driver.wait(1)
    commit = driver.verdict(first).commit
    second = driver.ask("Ben", seen=driver.sequencer.fold.seq)
    driver.set(second, "price", 9)
    stop(driver)
    assert driver.state(second) == "ready"
    undo = driver.ask("Ana", "", kind="undo", refs=(commit,), seen=driver.sequencer.fold.seq - 3)
    driver.handle(
        Proposed(undo, driver.tasks[undo].attempt, Planned((DeleteValue("budget", ("price",), hash_at(driver)),)))
    )
    driver.wait(1)
    assert driver.verdict(undo).state == "done"
    assert driver.state(second) == "queued"
    assert "undo changed the same place" in driver.sequencer.kernel.progress[second].stale
    assert not shown_amiss(driver.sequencer)
    driver.wished(AskPlanner)
    go_on(driver)
    assert second in {wish.task.intent for wish in driver.wished(AskPlanner)}, "it is planned on what the undo has left"
    assert verify(driver.rows, driver.journal).ok


def hash_at(driver: Driver) -> str:
    return hash_of_value(driver.sequencer.fold.documents["budget"], ("price",))


def test_a_plan_that_no_longer_held_is_still_one_that_did_not_hold_after_a_stop() -> None:
    driver = Watched()
    intent = driver.ask("Ana", seen=driver.start)
    driver.set(intent, "price", 7)
    driver.type("Ben", "budget", lambda document: set_path(document, ("price",), 3))
    driver.wait(1)
    assert driver.state(intent) == "planning", "it is planned again, on what Ben typed"
    stop(driver)
    assert driver.state(intent) == "queued"
    assert not shown_amiss(driver.sequencer)
    go_on(driver)
    (asked,) = driver.wished(AskPlanner)[-1:]
    assert asked.task.repair is not None
    assert asked.task.repair.reason != "The documents changed meanwhile."
