"""Plans are held against each other only where they may meet, and the log is what it would be if all were."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.digest import digest_text
from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.operations.item_readings import Reading
from crdt.operations.ops import DeleteValue, Increment, Insert, Op, Replace, SetValue, hash_of_value
from tests.support.unindexed import unindexed
from tests.workspace.intents.driver import Driver, sound
from workspace.errors import Refusal
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.intent import Scope
from workspace.intents.rules import gate
from workspace.intents.rules.conflict import do_collide
from workspace.intents.rules.gate import try_plan

PEOPLE = ("Ana", "Ben", "Cem", "Dan", "Eva")
KEYS = ("price", "fee", "rent")
SCOPES: tuple[Any, ...] = (
    None,
    (Scope("budget"),),
    (Scope("plan"),),
    *((Scope("budget", keys=((key,),)),) for key in KEYS),
)


def a_plan(driver: Driver, intent: str, chance: random.Random) -> tuple[list[Op], tuple[Reading, ...]]:
    """Return operations on the task's own snapshot, and what they read."""
    images = driver.tasks[intent].snapshot.documents
    if chance.random() < 0.2:
        document = Document.of_state("text", images["plan"].state, client=6)
        start = chance.randrange(len(document.text()) - 3)
        place, old = place_range(document, start, start + 3), document.text()[start : start + 3]
        ends = place.start.encode(), place.end.encode()
        word = chance.choice(("new", "other"))
        return [chance.choice((Insert("plan", ends[0], word), Replace("plan", *ends, digest_text(old), word)))], ()
    document, key = Document.of_state("data", images["budget"].state, client=6), chance.choice(KEYS)
    old = hash_of_value(document, (key,))
    op: Op = SetValue("budget", (key,), chance.choice((1, 2, "x", {"in": 3})), old)
    match chance.randrange(5):
        case 0 | 1:
            op = Increment("budget", (key,), chance.choice((1, 2.5)))
        case 2 if old != "absent":
            op = DeleteValue("budget", (key,), old)
        case 3:
            op = SetValue("budget", (key, "in"), chance.choice((4, 5)), hash_of_value(document, (key, "in")))
        case _:
            pass
    read = chance.choice(KEYS) if chance.random() < 0.3 else None
    reads = (Reading("budget", hash_of_value(document, (read,)), (read,)),) if read else ()
    return [op], reads


def live_through(seed: int) -> Driver:
    """Return a workspace after a random history."""
    chance = random.Random(seed)
    waits = {"window_ms": chance.choice((0, 300)), "overlap_wait_ms": chance.choice((0, 1_000, 30_000))}
    chain = chance.choice((("priority", "ask", "fair"), ("first",), ("fair",), ("ask", "first")))
    driver = Driver(policy=PolicyConfig(**waits, chain=chain, slots=chance.choice((2, 6))))  # type: ignore[arg-type]
    for _ in range(chance.randrange(10, 45)):
        act, open = chance.random(), sorted(driver.tasks)
        if act < 0.4:
            seen = driver.sequencer.fold.seq if chance.random() < 0.3 else None
            lane = driver.sequencer.fold.board.lanes.clock(f"L{(who := chance.choice(PEOPLE))}")
            stamp = seen if seen is not None else max(driver.start, lane.seen)
            role = chance.choice(("editor", "editor", "owner"))
            driver.ask(who, f"wish {seed}", seen=stamp, scope=chance.choice(SCOPES), role=role)
        elif act < 0.8 and open:
            intent = chance.choice(open)
            ops, reads = a_plan(driver, intent, chance)
            driver.plan(intent, ops, reads=reads)
        elif act < 0.85 and open:
            driver.fail(chance.choice(open))
        elif act < 0.9:
            key, value = chance.choice(KEYS), chance.randrange(3)
            driver.type("Gil", "budget", lambda document: set_path(document, (key,), value))  # noqa: B023
        elif act < 0.93:
            driver.type("Gil", "plan", lambda document: document.insert_text(0, "x"))
        elif driver.sequencer.fold.board.questions and act < 0.96:
            question = next(iter(driver.sequencer.fold.board.questions.values()))
            value = chance.choice(question.options).value if question.options else "yes"
            driver.ask(chance.choice(PEOPLE), "", kind="answer", refs=(question.id,), value=value)
        else:
            driver.wait(chance.choice((0.1, 0.4, 2)))
    driver.wait(100)
    return driver


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_random_histories_come_to_the_log_of_the_definition(seed: int) -> None:
    found = live_through(seed)
    with unindexed():
        defined = live_through(seed)
    assert [row.kind for row in found.rows] == [row.kind for row in defined.rows]
    assert found.rows == defined.rows, "same records, same order, same verdicts"


@pytest.mark.long
@settings(deadline=None, max_examples=30)
@given(seed=st.integers(100, 10**6))
def test_any_history_comes_to_the_log_of_the_definition(seed: int) -> None:
    found = live_through(seed)
    with unindexed():
        defined = live_through(seed)
    assert found.rows == defined.rows, "same records, same order, same verdicts"
    sound(found)


@pytest.mark.long
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6))
def test_what_stands_on_nothing_that_changed_still_holds_and_no_collision_is_left_out(seed: int) -> None:
    chance = random.Random(seed)
    driver = Driver(policy=PolicyConfig(window_ms=10_000, slots=9))
    ids = [driver.ask(f"P{at}", seen=driver.start) for at in range(6)]
    for id in ids:
        ops, reads = a_plan(driver, id, chance)
        driver.plan(id, ops, reads=reads)
    key = chance.choice(KEYS)
    driver.type("Gil", "budget", lambda document: set_path(document, (key,), chance.choice((1, "x"))))
    if chance.random() < 0.5:
        driver.type("Gil", "plan", lambda document: document.delete_text(2, 9))
    kernel, documents = driver.sequencer.kernel, driver.sequencer.fold.documents
    ready = kernel.lives.index.of("ready")
    due = {entry.id for entry in kernel.trials.due(ready, documents, jid=kernel.fold.jid)}
    for entry in ready:
        assert entry.plan is not None
        held = not isinstance(try_plan(entry.plan, documents, client=kernel.scratch_client), Refusal)
        assert held or entry.id in due, "what does not hold any more is tried"
    found = kernel.comparisons.edges(
        ready, kernel.fold.documents, jid=kernel.fold.jid, begun=kernel.begun, collides=kernel.collides
    )
    assert found is not None, "so few are compared at once"
    pairs = [(one, other) for at, one in enumerate(ready) for other in ready[at + 1 :]]
    assert {(one.id, other.id) for one, other in found} == {
        (one.id, other.id) for one, other in pairs if do_collide(one, other, documents, client=kernel.scratch_client)
    }


@pytest.mark.long
def test_many_on_one_key_are_compared_by_value_and_never_carried_out_in_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    original = gate.run
    monkeypatch.setattr(gate, "run", lambda *args, **named: counted.append("run") or original(*args, **named))
    counts = {}
    for many in (10, 20, 40):
        driver = Driver(policy=PolicyConfig(slots=50))
        ids = [driver.ask(f"P{at}", seen=driver.start, scope=SCOPES[3]) for at in range(many)]
        for id in ids:
            driver.add(id, "price", 1)
        counted.clear()
        driver.wait(1)
        assert driver.value("price") == 100 + many
        counts[many] = len(counted)
    assert counts[40] <= 4 * counts[10] + 4, f"trials grow with the plans and not with their pairs: {counts}"
