"""What the sequencer keeps beside the log can be lost: what it remembers is what would be found again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.documents.paths import set_path
from tests.workspace.intents.driver import Driver, two_prices
from workspace.errors import LogCorrupt
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.bounds import RESERVED_IDS
from workspace.intents.model.intent import Scope
from workspace.intents.rules.comparisons import Comparisons
from workspace.intents.rules.conflict import areas_of, do_collide
from workspace.intents.state.trials import Trials
from workspace.intents.steps.kernel_state import writer_client


@given(st.sets(st.integers(0, RESERVED_IDS), max_size=50), st.integers(0, 2**64))
def test_an_agents_id_is_its_own_even_and_low(used: set[int], chance: int) -> None:
    client = writer_client(used, chance)
    assert client not in used
    assert client % 2 == 0
    assert 2 <= client < RESERVED_IDS


def test_where_every_id_was_used_nothing_may_be_written() -> None:
    last = range(0, RESERVED_IDS, 2)
    with pytest.raises(LogCorrupt):
        writer_client(set(last), 7)
    assert writer_client(set(last) - {4}, 7) == 4


def test_areas_are_looked_up_once_for_a_plan_and_where_anchors_drift_for_a_state_of_the_documents() -> None:
    driver = Driver()
    entries = driver.sequencer.fold.board.entries
    entry = entries[driver.ask("Ana", scope=(Scope("budget", keys=(("price",),)),))]
    drifting = entries[driver.ask("Cem", scope=(Scope("plan", from_="AQdjb250ZW50AA==", to="AQdjb250ZW50AA=="),))]
    kernel = driver.sequencer.kernel
    first, second = kernel.areas_of(entry), kernel.areas_of(drifting)
    assert (kernel.areas_of(entry) is first, kernel.areas_of(drifting) is second) == (True, True)
    driver.type("Ben", "plan", lambda document: document.insert_text(0, "x"))
    assert (kernel.areas_of(entry) is first, kernel.areas_of(drifting) is second) == (True, False)
    assert kernel.areas_of(drifting) == areas_of(drifting, driver.sequencer.fold.documents)
    for change in (
        lambda: driver.set(entry.id, "fee", 1),
        lambda: driver.type("Ben", "budget", lambda d: set_path(d, ("fee",), 2)),
    ):
        change()
        assert kernel.areas_of(entry) == areas_of(entry, driver.sequencer.fold.documents)


def test_what_is_remembered_of_two_plans_is_what_a_comparison_finds() -> None:
    driver = Driver(PolicyConfig(overlap_wait_ms=0, window_ms=10_000))
    ids = two_prices(driver)
    kernel, documents = driver.sequencer.kernel, driver.sequencer.fold.documents
    one, other = (driver.sequencer.fold.board.entries[id] for id in ids)
    for _ in range(2):
        assert kernel.collides(one, other) == do_collide(one, other, documents, client=kernel.scratch_client) is True
    driver.type("Cem", "budget", lambda document: set_path(document, ("price",), 3))
    kernel.turn += 1
    assert kernel.collides(one, other) == do_collide(one, other, documents, client=kernel.scratch_client)


def test_nothing_is_kept_of_what_has_ended() -> None:
    driver = Driver(PolicyConfig(chain=("first",)))
    ids = two_prices(driver)
    driver.wait(1)
    kernel = driver.sequencer.kernel
    assert all(driver.state(id) in ("done", "overruled") for id in ids)
    assert (kernel.progress, kernel.areas, kernel.adrift) == ({}, {}, {})
    compared = kernel.comparisons
    assert kernel.trials == Trials(_jid=kernel.trials._jid)
    assert compared == Comparisons(_jid=compared._jid, _begun=compared._begun, _gone=compared._gone)


def test_who_may_touch_anything_is_everybodys_neighbour() -> None:
    driver = Driver(PolicyConfig(slots=9))
    anywhere = driver.ask("Ana")
    budget = driver.ask("Ben", scope=(Scope("budget"),))
    plan = driver.ask("Cem", scope=(Scope("plan"),))
    kernel, entries = driver.sequencer.kernel, driver.sequencer.fold.board.entries
    near = {id: [entry.id for entry in kernel.neighbours(entries[id])] for id in (anywhere, budget, plan)}
    assert near == {anywhere: [anywhere, budget, plan], budget: [anywhere, budget], plan: [anywhere, plan]}
    assert kernel.may_meet(entries[anywhere], entries[budget])
    assert not kernel.may_meet(entries[plan], entries[budget])
