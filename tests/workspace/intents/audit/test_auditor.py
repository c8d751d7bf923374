"""An audit finds from the log alone what a guard that does not run lets through, and nothing where all run.

Each guard of the live sequencer is switched off in turn; the log that comes of it is well formed in every byte.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

import crdt.operations.execute
import crdt.operations.fork
import workspace.intents.steps.admission as admission
import workspace.intents.steps.commit_round as committing
import workspace.intents.steps.kernel_state as kernel
import workspace.intents.steps.planning as planning
import workspace.intents.steps.resolution as settling
import workspace.intents.steps.waiting as waiting
from crdt.digest import digest_text
from crdt.documents.anchor import place_anchors
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.operations.item_readings import Reading
from crdt.operations.ops import Insert, SetValue, hash_of_value
from tests.workspace.intents.driver import Driver
from workspace.intents.audit.verify import Report, verify
from workspace.intents.model.bodies import (
    CommitBody,
    ConfigBody,
    DecisionBody,
    IntentBody,
    PlanBody,
    PolicyConfig,
    VerdictBody,
)
from workspace.intents.model.effects import Effect, Receiver
from workspace.intents.model.events import Configured, Judged, Proposed
from workspace.intents.model.intent import Expect, Need, Scope
from workspace.intents.model.invariant import Invariant
from workspace.intents.model.oracle import Judgement
from workspace.intents.model.plan import Planned
from workspace.intents.model.record import Row, read_row, seal
from workspace.intents.rules.conflict import Unseen
from workspace.intents.state.board import VARIANT_PLANNER

Switch = Callable[[pytest.MonkeyPatch], None]
BUDGET = (Scope("budget"),)


def audited(driver: Driver) -> Report:
    """Return what an audit says; the log is as it was written, whatever was done."""
    assert verify(driver.rows, driver.journal, is_audited=False).ok
    return verify(driver.rows, driver.journal)


def conditions(driver: Driver) -> set[str]:
    """Return the conditions that an audit finds broken."""
    report = audited(driver)
    assert report.ok == (not report.breaches)
    if report.breaches:
        assert (report.code, report.first_bad) == ("gate_breached", report.breaches[0].seq)
    return {breach.condition for breach in report.breaches}


def two_prices(driver: Driver, **more: object) -> None:
    """Let Ana and Ben set one price, unseen by each other."""
    seen = driver.sequencer.fold.seq
    ana, ben = driver.ask("Ana", seen=seen, **more), driver.ask("Ben", seen=seen, **more)
    driver.set(ana, "price", 1)
    driver.set(ben, "price", 2)
    driver.wait(1)


def one_after_the_other(driver: Driver) -> None:
    """Let Ben, who knows nothing of Ana's, overwrite what she has done already."""
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", seen=seen)
    driver.set(ana, "price", 1)
    driver.wait(60)
    ben = driver.ask("Ben", seen=seen)
    driver.set(ben, "price", 2)
    driver.wait(1)


def typed_over(driver: Driver) -> None:
    """Let Ana's plan set what Chen has set since she began to write."""
    ana = driver.ask("Ana")
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 7))
    driver.wait(0.3)
    image = driver.tasks[ana].snapshot.documents["budget"]
    assert Document("data", client=6, updates=(image.state,)).value() == {"price": 100}
    driver.set(ana, "price", 8)
    driver.wait(1)
    if ana in driver.tasks:
        driver.set(ana, "price", 8)
        driver.wait(1)


def expecting(driver: Driver) -> None:
    """Let Ana expect another price than there is."""
    ana = driver.ask("Ana", expects=(Expect("budget", ("price",), 5),))
    driver.set(ana, "price", 8)
    driver.wait(1)


def over_the_limit(driver: Driver) -> None:
    """Let Ana add more than the rule allows."""
    driver.handle(Configured("Owner", ConfigBody(invariants={"cap": Invariant("sum_at_most", "budget", limit=150)})))
    driver.add(driver.ask("Ana"), "price", 60)
    driver.wait(1)


def by_a_commenter(driver: Driver) -> None:
    """Let somebody who may only suggest change something."""
    driver.set(driver.ask("Cy", role="commenter"), "price", 8)
    driver.wait(1)


def before_its_edits(driver: Driver) -> None:
    """Let Ana depend on words of hers that have not arrived."""
    hand = Document("data", client=990_000)
    with hand.transaction():
        set_path(hand, ("mine",), 1)
    need = Need(base64.b64encode(hand.encode_state_vector()).decode())
    ana = driver.ask("Ana", needs={"budget": need})
    if ana in driver.tasks:
        driver.set(ana, "price", 8)
    driver.wait(1)


def not_in_its_turn(driver: Driver) -> None:
    """Let Ana send two about one price: the second is planned first where nothing holds it."""
    first, second = driver.ask("Ana", scope=BUDGET), driver.ask("Ana", scope=BUDGET)
    if second in driver.tasks:
        driver.set(second, "price", 2)
        driver.wait(60)
    driver.set(first, "price", 1)
    driver.wait(60)
    if first in driver.tasks:
        driver.set(first, "price", 1)
        driver.wait(60)


def contradicting(driver: Driver) -> None:
    """Let two ask for opposite things in different places, and a judge say so."""
    driver.has_judge = True
    driver.open()
    seen = driver.sequencer.fold.seq
    ana, ben = driver.ask("Ana", "shorter", seen=seen), driver.ask("Ben", "longer", seen=seen)
    driver.set(ana, "a", 1)
    driver.set(ben, "b", 1)
    driver.wait(1)
    for task in driver.judge_tasks:
        driver.handle(Judged(task, tuple(Judgement(pair, "contradict") for pair in task.pairs), "test", ""))
    driver.wait(40)


def sending(driver: Driver) -> None:
    """Let a plan send what cannot be taken back."""
    receiver = Receiver("webhook", "https://example.test/x")
    driver.handle(Configured("Owner", ConfigBody(receivers={"shop": receiver})))
    ana = driver.ask("Ana")
    task = driver.tasks.pop(ana)
    planned = Planned(ops=(), summary="send", effects=(Effect(0, "shop", "irreversible", {"n": 1}),))
    driver.handle(Proposed(ana, task.attempt, planned))
    driver.wait(1)


def by_another(kind: str, **more: object) -> Callable[[Driver], None]:
    """Let Zoe, who stands below, end or take back what is Ana's."""

    def story(driver: Driver) -> None:
        ana = driver.ask("Ana", role="owner")
        if kind == "undo":
            driver.set(ana, "price", 1)
            driver.wait(60)
            (ana,) = driver.sequencer.fold.board.commits
        driver.ask("Zoe", "other" if kind == "override" else "", kind=kind, refs=(ana,), role="commenter", **more)
        driver.wait(1)

    return story


def answered_by_a_stranger(driver: Driver) -> None:
    """Let Zoe answer what Ana and Ben are asked."""
    two_prices(driver)
    driver.ask("Zoe", "", kind="answer", refs=(driver.question,), value="none", role="commenter")
    driver.wait(1)


def beyond_its_scope(driver: Driver) -> None:
    """Let Ana point at the price, and her plan change the text."""
    ana = driver.ask("Ana", scope=(Scope("budget", keys=(("price",),)),))
    driver.replace(ana, "First", "1st")
    driver.wait(1)


def off(*places: tuple[Any, str, object]) -> Switch:
    """Return what puts each named guard out of use."""

    def switch(patch: pytest.MonkeyPatch) -> None:
        for owner, name, stand_in in places:
            patch.setattr(owner, name, stand_in)

    return switch


NOTHING_UNSEEN = (committing, "unseen_by", lambda *args: Unseen())
NONE_COLLIDE = (kernel.KernelState, "collides", lambda *args, **named: False)
NONE_LATE = (committing, "late_rivals", lambda *args, **named: ())
STALE = (
    (crdt.operations.fork, "hash_reading", lambda _, reading: reading.hash),
    (crdt.operations.execute, "_verify", lambda *args: None),
)
NOT_OPPOSED = tuple((module, "contradictions", lambda *args: []) for module in (settling, committing))

NO_ORDER = ((planning, "is_blocked", lambda *args: False), (committing, "rivals_to_await", lambda *args, **more: []))
GUARDS = {
    "colliding plans": (off(NONE_COLLIDE, NOTHING_UNSEEN, NONE_LATE, *STALE), two_prices, "C3/I8"),
    "late rivals": (off(NOTHING_UNSEEN, NONE_LATE), one_after_the_other, "C3/I8"),
    "people's edits": (off(NOTHING_UNSEEN, *STALE), typed_over, "C3/I9"),
    "people's edits, planned again": (off(NOTHING_UNSEEN), typed_over, "C3/I9"),
    "old values": (off(NOTHING_UNSEEN, *STALE), typed_over, "C4/I7"),
    "expectations": (off((committing, "unmet_expectation", lambda *args: None)), expecting, "C5"),
    "rights": (off((committing, "is_suggested", lambda *args: False)), by_a_commenter, "C5"),
    "scope": (
        off(*((module, "asks_beyond", lambda *args: False) for module in (planning, committing))),
        beyond_its_scope,
        "scope",
    ),
    "approvals": (off((committing, "to_approve", lambda *args: ())), sending, "C5"),
    "rules": (off((committing, "guard_rules", lambda *args: "clear")), over_the_limit, "C5/I10"),
    "arrivals": (off((waiting, "lacks_updates", lambda *args, **more: ())), before_its_edits, "C1/I6"),
    "causal order": (off(*NO_ORDER, NOTHING_UNSEEN, NONE_LATE), not_in_its_turn, "C2"),
    "who may cancel": (off((admission, "may_cancel", lambda *args, **named: True)), by_another("cancel"), "C5"),
    "who may replace": (off((admission, "may_replace", lambda *args, **named: True)), by_another("override"), "C5"),
    "who may take back": (off((admission, "may_undo", lambda *args, **named: True)), by_another("undo"), "C5"),
    "who may answer": (off((admission, "may_answer", lambda *args, **named: True)), answered_by_a_stranger, "C5"),
    "contradictions": (off(*NOT_OPPOSED), contradicting, "C3/I8"),
}


@pytest.mark.damages_logs
@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_that_did_not_run_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    switch, story, condition = GUARDS[name]
    kept = Driver()
    story(kept)
    assert conditions(kept) == set(), "with every guard on"
    driver = Driver()
    with monkeypatch.context() as patch:
        switch(patch)
        story(driver)
    assert condition in conditions(driver)


def seen_in_outline(driver: Driver, *, is_typed: bool) -> str:
    """Let Ana's plan set a price; of the text it has seen an outline, in which Chen types meanwhile or does not."""
    ana = driver.ask("Ana")
    image = driver.tasks[ana].snapshot.documents["plan"]
    outline = Reading("plan", digest_text(Document("text", client=6, updates=(image.state,)).text()), strong=False)
    if is_typed:
        driver.type("Chen", "plan", lambda document: document.insert_text(0, "Hm. "))
    old = hash_of_value(driver.sequencer.fold.documents["budget"], ("price",))
    driver.plan(ana, [SetValue("budget", ("price",), 5, old)], reads=(outline,))
    driver.wait(1)
    return ana


@pytest.mark.parametrize("is_typed", [True, False])
def test_what_changed_of_what_was_seen_in_outline_is_recorded_and_stops_nothing(is_typed: bool) -> None:
    driver = Driver()
    entry = driver.sequencer.fold.board.entries[seen_in_outline(driver, is_typed=is_typed)]
    assert entry.state == "done"
    assert entry.commit is not None
    assert entry.commit.weak_changed == (("plan",) if is_typed else msgspec.UNSET)
    assert conditions(driver) == set()

    def unsaid(body: Any) -> Any:
        return msgspec.structs.replace(body, weak_changed=("budget",)) if isinstance(body, CommitBody) else body

    assert [b.condition for b in verify(resealed(driver, unsaid), driver.journal).breaches] == ["C4/I7"]


@pytest.mark.damages_logs
def test_two_colliding_plans_with_a_false_expectation_do_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """All guards that stand between two plans are off: the log verifies, and the audit names both breaks."""
    driver = Driver()
    with monkeypatch.context() as patch:
        off(NONE_COLLIDE, NOTHING_UNSEEN, NONE_LATE, *STALE, (committing, "unmet_expectation", lambda *args: None))(
            patch
        )
        two_prices(driver, expects=(Expect("budget", ("price",), 5),))
    assert driver.value("price") == 2
    assert {"C3/I8", "C5"} <= conditions(driver)


def resealed(driver: Driver, change: Callable[[Any], Any]) -> list[Row]:
    """Return the log with some bodies changed and every hash made anew, as somebody with the disk could."""
    rows: list[Row] = []
    for row in driver.rows:
        record = read_row(row)
        prev = rows[-1].hash if rows else ""
        again = seal(change(record.body), seq=row.seq, epoch=row.epoch, at=row.at, actor=record.actor, prev=prev)
        rows.append(again.row)
    return rows


def settled_by_first() -> Driver:
    """Return a log in which a policy has decided between two."""
    driver = Driver(policy=PolicyConfig(chain=("first",)))
    two_prices(driver)
    assert audited(driver).ok
    return driver


def forged(change: Callable[[Any], Any]) -> set[str]:
    """Return what an audit says of a forged log."""
    driver = settled_by_first()
    report = verify(resealed(driver, change), driver.journal)
    return {breach.condition for breach in report.breaches}


def test_a_forged_log_is_found_out() -> None:
    def knew(body: Any) -> Any:
        return msgspec.structs.replace(body, seen=0) if isinstance(body, IntentBody) else body

    def undecided(body: Any) -> Any:
        return msgspec.structs.replace(body, decisions=()) if isinstance(body, CommitBody) else body

    def bigger(body: Any) -> Any:
        return msgspec.structs.replace(body, vc={"LZoe": 3}) if isinstance(body, IntentBody) else body

    assert forged(lambda body: body) == set()
    assert forged(bigger) == {"I2"}
    assert forged(undecided) == {"C3/I8"}
    assert forged(knew) == {"C3/I9"}, "who had seen less has overwritten the price unseen"


def done(driver: Driver) -> str:
    """Let one plan set the price and write into the text."""
    ana = driver.ask("Ana")
    image = driver.tasks[ana].snapshot.documents["plan"]
    text = Document("text", client=6, updates=(image.state,))
    old = hash_of_value(driver.sequencer.fold.documents["budget"], ("price",))
    driver.plan(
        ana, [SetValue("budget", ("price",), 5, old), Insert("plan", place_anchors(text, [(0, -1)])[0].encode(), "X")]
    )
    driver.wait(1)
    return ana


def joined(driver: Driver) -> None:
    """Let Ben add to what Ana asks for."""
    ana = driver.ask("Ana")
    driver.ask("Ben", "and more", refs=(ana,))
    driver.set(ana, "price", 5)
    driver.wait(1)


def sent(driver: Driver) -> None:
    """Let Ana say yes to what her plan sends."""
    sending(driver)
    (question,) = driver.sequencer.fold.board.questions.values()
    driver.ask("Ana", "", kind="answer", refs=(question.id,), value=question.group[0])
    driver.wait(1)


def twice(driver: Driver) -> None:
    """Let Ana have two things done."""
    for key in ("a", "b"):
        driver.set(driver.ask("Ana"), key, 1)
        driver.wait(1)


def answered(driver: Driver) -> None:
    """Let Ana and Ben be asked, and the owner answer."""
    two_prices(driver)
    (question,) = driver.sequencer.fold.board.questions.values()
    driver.ask("Olga", "", role="owner", kind="answer", refs=(question.id,), value=question.group[0])
    driver.wait(1)


def changed(kind: Any, **fields: Any) -> Callable[[Any], Any]:
    """Return what puts other values into every body of a kind; a function is given the body."""

    def change(body: Any) -> Any:
        if not isinstance(body, kind):
            return body
        new = {name: value(body) if callable(value) else value for name, value in fields.items()}
        return msgspec.structs.replace(body, **new)

    return change


OTHER_EFFECT = (Effect(0, "shop", "irreversible", {"n": 2}),)
FORGERIES: dict[str, tuple[Callable[[Driver], object], tuple[Callable[[Any], Any], ...], str]] = {
    "a document beside the plan": (done, (changed(PlanBody, ops=lambda body: body.ops[:1]),), "C4/I7"),
    "another value than the plan's": (
        done,
        (changed(PlanBody, ops=lambda body: (msgspec.structs.replace(body.ops[0], value=6), *body.ops[1:])),),
        "C4/I7",
    ),
    "a variant that all share": (done, (changed(PlanBody, planner=VARIANT_PLANNER),), "C3/I8"),
    "without who joined": (joined, (changed(CommitBody, intents=lambda body: body.intents[:1]),), "C4/I7"),
    "effects left out": (sent, (changed(CommitBody, effects=()),), "C5"),
    "effects that nobody approved": (
        sent,
        (changed(PlanBody, effects=OTHER_EFFECT), changed(CommitBody, effects=OTHER_EFFECT)),
        "C5",
    ),
    "one done twice": (twice, (changed(CommitBody, intents=("i5",)),), "I5"),
    "an end that is not what was done": (done, (changed(VerdictBody, state="rejected"),), "I4"),
    "a decision on other inputs": (answered, (changed(DecisionBody, inputs="sha256:0"),), "I18"),
    "another decision than the inputs give": (
        answered,
        (
            changed(
                DecisionBody,
                outcome=lambda body: (
                    dict(zip(body.outcome, reversed(body.outcome.values()), strict=True)) if body.of else body.outcome
                ),
            ),
        ),
        "I18",
    ),
    "while people are asked": (
        answered,
        (changed(DecisionBody, outcome=lambda body: {} if body.of else body.outcome),),
        "C3/I8",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_plan_or_commit_is_named(name: str) -> None:
    story, changes, condition = FORGERIES[name]
    driver = Driver()
    story(driver)
    assert conditions(driver) == set(), "as it was written"

    def change(body: Any) -> Any:
        for one in changes:
            body = one(body)
        return body

    assert condition in {breach.condition for breach in verify(resealed(driver, change), driver.journal).breaches}
