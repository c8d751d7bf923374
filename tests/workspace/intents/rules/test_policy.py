"""`branch`, chains per region, and the three ways to treat a human's unseen edit."""

from __future__ import annotations

import pytest

from crdt.documents.paths import set_path
from tests.workspace.intents.driver import Driver
from workspace.intents.audit.what_if import decide_again
from workspace.intents.model.bodies import DecisionBody, PolicyConfig
from workspace.intents.model.intent import Region
from workspace.intents.model.record import read_row
from workspace.intents.rules.policy import check
from workspace.intents.state.replay import fold_log, verify

BUDGET = ({"doc": "budget", "keys": [["price"]]},)


def two_prices(driver: Driver) -> tuple[str, str]:
    """Let Ana and Ben set one price, unseen by each other."""
    seen = driver.sequencer.fold.seq
    ana, ben = driver.ask("Ana", "set 1", seen=seen), driver.ask("Ben", "set 2", seen=seen)
    driver.set(ana, "price", 1)
    driver.set(ben, "price", 2)
    driver.wait(0.4)
    return ana, ben


def sound(driver: Driver) -> None:
    """The log verifies, replays to the same state, and its policies decide the same again."""
    assert verify(driver.rows, driver.journal).ok
    assert fold_log(driver.rows, driver.journal).state() == driver.sequencer.fold.state()
    again = decide_again(driver.rows, driver.journal)
    assert (again.first, again.unsound) == (None, ())


def test_branch_shows_both_variants_and_an_approval_picks_one() -> None:
    driver = Driver(policy=PolicyConfig(chain=("branch",)))
    ana, ben = two_prices(driver)
    assert [driver.verdict(id).state for id in (ana, ben)] == ["branched", "branched"]
    assert driver.value("price") == 100
    documents = driver.sequencer.fold.documents
    assert documents[f"budget.{ana}"].value() == {"price": 1}
    assert documents[f"budget.{ben}"].value() == {"price": 2}
    assert f"budget.{ben}" in driver.verdict(ana).reason
    picked = driver.ask("Olga", "", role="owner", kind="approve", refs=(ben,))
    driver.wait(0.4)
    assert driver.verdict(picked).state == "done", "the very plan that was shown runs; no planner is asked"
    assert driver.value("price") == 2
    assert set(driver.sequencer.fold.listed()) == {"plan", "budget"}
    sound(driver)


def test_a_variant_whose_plan_no_longer_holds_is_planned_anew() -> None:
    driver = Driver(policy=PolicyConfig(chain=("branch",)))
    ana, _ = two_prices(driver)
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 7))
    driver.wait(0.3)
    picked = driver.ask("Olga", "", role="owner", kind="approve", refs=(ana,))
    assert picked in driver.tasks
    driver.set(picked, "price", 1)
    driver.wait(0.4)
    assert driver.value("price") == 1
    sound(driver)


def test_who_is_late_cannot_be_a_variant() -> None:
    driver = Driver(policy=PolicyConfig(chain=("branch", "first"), overlap_wait_ms=0))
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", seen=seen)
    driver.set(ana, "price", 1)
    driver.wait(0.4)
    ben = driver.ask("Ben", seen=seen)
    driver.set(ben, "price", 2)
    driver.wait(0.4)
    assert (driver.verdict(ana).state, driver.verdict(ben).state) == ("done", "overruled")
    sound(driver)


@pytest.mark.parametrize("path, by", [((), "first@1"), (("price",), "first@1"), (("other",), "fair@3")])
def test_a_region_settles_by_its_own_chain(path: tuple[str, ...], by: str) -> None:
    regions = (Region("budget", ("first",), path), Region("plan", ("ask",)))
    driver = Driver(policy=PolicyConfig(chain=("fair",), regions=regions))
    two_prices(driver)
    decisions = [read_row(row).body for row in driver.rows if row.kind == "decision"]
    assert [decision.policy for decision in decisions if isinstance(decision, DecisionBody)] == [by]
    sound(driver)


def test_the_narrowest_region_counts_and_unknown_chains_are_refused() -> None:
    regions = (Region("budget", ("fair",)), Region("budget", ("first",), ("price",)))
    driver = Driver(policy=PolicyConfig(chain=("ask", "fair"), regions=regions))
    two_prices(driver)
    assert "asked first" in next(read_row(r).body.reason for r in driver.rows if r.kind == "decision")  # type: ignore[union-attr]
    refused = check(PolicyConfig(regions=(Region("budget", ("coin",)),)))
    assert refused is not None
    assert refused.code == "malformed"
    assert check(PolicyConfig(regions=(Region("budget", ()),))) is not None


def over_an_edit(mode: str) -> tuple[Driver, str]:
    """Let Ana set a price that Chen has typed over while the agent thought."""
    driver = Driver(policy=PolicyConfig(human_edit=mode))  # type: ignore[arg-type]
    ana = driver.ask("Ana", "set 1")
    driver.type("Chen", "budget", lambda document: set_path(document, ("price",), 7))
    driver.wait(0.3)
    driver.set(ana, "price", 1)
    if ana in driver.tasks:
        driver.set(ana, "price", 1)
    driver.wait(0.4)
    return driver, ana


def test_apply_and_flag_runs_and_says_whose_edit_it_replaced() -> None:
    driver, ana = over_an_edit("apply_and_flag")
    assert driver.verdict(ana).state == "done"
    assert "Chen" in driver.verdict(ana).reason
    assert "undo" in driver.verdict(ana).can
    assert driver.value("price") == 1
    sound(driver)


@pytest.mark.parametrize("says, state, price", [("yes", "done", 1), ("no", "suggested", 7), ("", "suggested", 7)])
def test_ask_holds_the_plan_until_somebody_says_so(says: str, state: str, price: int) -> None:
    driver, ana = over_an_edit("ask")
    assert driver.state(ana) == "held"
    assert driver.value("price") == 7
    if says:
        driver.ask("Ana", "", kind="answer", refs=(driver.question,), value=ana if says == "yes" else "none")
    driver.wait(70)
    assert (driver.verdict(ana).state, driver.value("price")) == (state, price)
    sound(driver)


def test_a_question_whose_last_open_intent_is_withdrawn_is_settled_at_once() -> None:
    driver = Driver(policy=PolicyConfig(chain=("ask", "first"), overlap_wait_ms=0))
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", seen=seen)
    driver.set(ana, "price", 1)
    driver.wait(0.4)
    ben = driver.ask("Ben", seen=seen)
    driver.set(ben, "price", 2)
    driver.wait(0.4)
    assert (driver.state(ana), driver.state(ben)) == ("done", "held")
    driver.ask("Ben", "", kind="cancel", refs=(ben,))
    assert not driver.sequencer.fold.board.questions, "nobody is left to decide about"
    assert driver.sequencer.next_deadline() is None, "the room sleeps"
    sound(driver)


@pytest.mark.parametrize("draw", range(8))
def test_between_equals_what_is_done_stands(draw: int) -> None:
    driver = Driver(policy=PolicyConfig(chain=("fair",), overlap_wait_ms=0))
    for _ in range(draw):  # another group, another draw
        driver.type("Chen", "plan", lambda document: document.insert_text(0, "x"))
        driver.wait(0.3)
    seen = driver.sequencer.fold.seq
    ana = driver.ask("Ana", seen=seen)
    driver.set(ana, "price", 1)
    driver.wait(0.4)
    ben = driver.ask("Ben", seen=seen)
    driver.set(ben, "price", 2)
    driver.wait(0.4)
    assert (driver.verdict(ana).state, driver.verdict(ben).state) == ("done", "overruled")
    assert driver.value("price") == 1
    sound(driver)


def test_nobody_answering_branches_where_the_chain_says_so() -> None:
    driver = Driver(policy=PolicyConfig(chain=("ask", "branch"), ask_seconds=5))
    ana, ben = two_prices(driver)
    assert driver.state(ana) == driver.state(ben) == "held"
    driver.wait(6)
    assert [driver.verdict(id).state for id in (ana, ben)] == ["branched", "branched"]
    assert driver.value("price") == 100
    sound(driver)


def test_no_variants_where_somebody_has_left_before_the_deadline() -> None:
    driver = Driver(policy=PolicyConfig(chain=("ask", "branch"), ask_seconds=5))
    seen = driver.sequencer.fold.seq
    three = [driver.ask(who, seen=seen) for who in ("Ana", "Ben", "Cem")]
    for price, intent in enumerate(three):
        driver.set(intent, "price", price)
    driver.wait(0.4)
    driver.ask("Cem", "", kind="cancel", refs=(three[2],))
    driver.wait(6)
    assert [driver.state(id) for id in three] == ["done", "overruled", "cancelled"]
    sound(driver)
