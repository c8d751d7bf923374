"""A ready plan is tried once, and again where something it stands on does not hold any more."""

from __future__ import annotations

from crdt.documents.paths import set_path
from tests.workspace.intents.driver import Driver
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.state.trials import Trials


def test_a_plan_is_due_until_it_is_tried_and_when_what_it_replaces_has_changed() -> None:
    driver = Driver(policy=PolicyConfig(window_ms=10_000))
    ids = [driver.ask(who, seen=driver.start) for who in ("Ana", "Ben")]
    driver.set(ids[0], "price", 7)
    driver.add(ids[1], "fee", 1)
    fold, ready = driver.sequencer.fold, driver.sequencer.kernel.lives.index.of("ready")
    trials, documents = Trials(), fold.documents

    def due() -> list[str]:
        return [entry.id for entry in trials.due(ready, documents, jid=fold.jid)]

    assert due() == ids
    for entry in ready:
        trials.passed(entry, documents)
    assert due() == []
    driver.type("Gil", "budget", lambda document: set_path(document, ("rent",), 1))
    driver.type("Gil", "plan", lambda document: document.insert_text(0, "x"))
    assert due() == [], "what others write elsewhere is nothing to them"
    driver.type("Gil", "budget", lambda document: set_path(document, ("price",), 3))
    assert due() == ids[:1]
    trials.forget_but(())
    assert trials == Trials(_jid=fold.jid), "nothing is kept of what has ended"


def test_it_is_said_whose_plan_another_one_would_spoil() -> None:
    driver = Driver(policy=PolicyConfig(window_ms=10_000))
    ids = [driver.ask(who, seen=driver.start) for who in ("Ana", "Ben", "Cem")]
    driver.set(ids[0], "price", 7)
    driver.add(ids[1], "price", 1)
    driver.set(ids[2], "fee", 1)
    trials, documents = driver.sequencer.kernel.trials, driver.sequencer.fold.documents
    after = documents["budget"].fork(40)
    with after.transaction():
        set_path(after, ("price",), 101)
    assert trials.spoilt_by(ids[1], documents, {"budget": after}) == [ids[0]]
    assert trials.spoilt_by(ids[0], documents, {"budget": after}) == [], "a writer does not spoil its own plan"
