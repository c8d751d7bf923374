"""L4: the agent breaks no declared rule, alone or together; what people broke by hand it may leave or mend."""

from __future__ import annotations

from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.paths import set_path
from tests.support.examples import examples
from tests.workspace.intents.driver import Driver, sound
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.events import Configured
from workspace.intents.model.invariant import Invariant, broken
from workspace.intents.steps import invariant_guard as guarding

LIMIT = {"cap": Invariant("sum_at_most", "budget", limit=150, message="We have 150")}


def driver_with(rules: dict[str, Invariant], **more: object) -> Driver:
    driver = Driver(**more)  # type: ignore[arg-type]
    driver.handle(Configured("Owner", ConfigBody(invariants=rules)))
    driver.start = driver.sequencer.fold.seq
    return driver


def test_one_that_breaks_a_rule_alone_is_told_which_and_why() -> None:
    driver = driver_with(LIMIT)
    intent = driver.ask("Ana")
    driver.add(intent, "price", 51)
    driver.wait(1)
    verdict = driver.verdict(intent)
    assert (verdict.state, verdict.code) == ("rejected", "invariant")
    assert "We have 150" in verdict.reason
    assert driver.value("price") == 100
    sound(driver)


def test_two_that_break_it_only_together_are_settled() -> None:
    driver = driver_with(LIMIT)
    first, second = (driver.ask(name, seen=driver.start) for name in ("Ana", "Ben"))
    driver.add(first, "a", 30)
    driver.add(second, "b", 30)
    driver.wait(1)
    decision = driver.sequencer.fold.board.layers[driver.question]
    assert decision.layer == "L4"
    assert decision.question is not None
    assert decision.question.evidence["rules"] == {"cap": "We have 150"}
    driver.ask("Owner", "", role="owner", kind="answer", refs=(driver.question,), value=second)
    driver.wait(1)
    assert driver.verdict(second).state == "done"
    assert driver.verdict(first).state == "overruled"
    assert not broken(driver.sequencer.fold.invariants, driver.sequencer.fold.documents)
    sound(driver)


def test_only_who_is_needed_for_the_break_is_asked() -> None:
    driver = driver_with(LIMIT, policy=PolicyConfig(chain=("first",)))
    ids = [driver.ask(name, seen=driver.start) for name in ("Ana", "Ben", "Chen")]
    for id, key, by in zip(ids, "abc", (1, 45, 20), strict=True):
        driver.add(id, key, by)
    driver.wait(1)
    assert [driver.verdict(id).state for id in ids] == ["done", "done", "overruled"]
    (decision,) = driver.sequencer.fold.board.settled
    assert decision.group == (ids[1], ids[2])
    sound(driver)


@given(amounts=st.lists(st.integers(min_value=1, max_value=40), min_size=1, max_size=9))
@settings(max_examples=examples(60), deadline=None)
def test_the_core_of_a_break_is_minimal_and_found_in_two_evaluations_a_plan(amounts: list[int]) -> None:
    driver = driver_with(LIMIT, policy=PolicyConfig(window_ms=60_000))
    ids = [driver.ask(f"P{at}", seen=driver.start) for at in range(len(amounts))]
    for at, (id, by) in enumerate(zip(ids, amounts, strict=True)):
        driver.add(id, f"k{at}", by)
    entries = [driver.sequencer.fold.board.entries[id] for id in ids]
    by_id, room = dict(zip(ids, amounts, strict=True)), LIMIT["cap"].limit - 100
    with mock.patch.object(guarding, "_breaks", side_effect=guarding._breaks) as evaluate:
        guilty, why = guarding._core(driver.sequencer.kernel, entries, frozenset())
    total = sum(by_id[entry.id] for entry in guilty)
    assert evaluate.call_count <= 2 * len(entries)
    assert bool(guilty) == bool(why) == (sum(amounts) > room)
    if guilty:
        assert total > room, "together they break it"
        assert all(total - by_id[entry.id] <= room for entry in guilty), "and none can be spared"


def test_what_people_broke_by_hand_may_be_left_or_mended() -> None:
    driver = driver_with(LIMIT)
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 500))
    driver.wait(0.3)
    leaves, mends = driver.ask("Ana"), driver.ask("Ben")
    driver.set(leaves, "name", "x")
    driver.wait(1)
    driver.set(mends, "price", 10)
    driver.wait(1)
    assert driver.verdict(leaves).state == driver.verdict(mends).state == "done"
    third = driver.ask("Ana")
    driver.add(third, "price", 1000)
    driver.wait(1)
    assert driver.verdict(third).code == "invariant", "mended, it counts again"


def test_a_rule_that_people_broke_excuses_no_other() -> None:
    """I10: what was false before is nobody's doing here; what held must hold."""
    driver = driver_with({**LIMIT, "seats": Invariant("sum_at_most", "budget", ("seats",), limit=10)})
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 500))
    driver.wait(0.3)
    intent = driver.ask("Ana")
    driver.set(intent, "seats", {"a": 11})
    driver.wait(1)
    verdict = driver.verdict(intent)
    assert verdict.code == "invariant"
    assert "(seats)" in verdict.reason
    assert driver.value("seats") is None
    sound(driver)
