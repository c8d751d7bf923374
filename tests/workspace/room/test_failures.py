"""What made a workspace stop is remembered: told in the log, or not taken again; and pauses grow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.updates.scan import scan_update
from tests.workspace.intents.driver import Driver
from tests.workspace.room.stage import Typist
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured, Edited, Ticked
from workspace.room.failures import EVENTS_MAX, PAUSE_SECONDS_MAX, WORKSPACES_MAX, Failures, place_of


def raised() -> BaseException:
    try:
        return {}["words of a person"]  # type: ignore[no-any-return]
    except KeyError as bug:
        return bug


def configured(name: str) -> Configured:
    return Configured("olga", ConfigBody(name=name))


def test_an_event_that_belongs_to_no_intent_is_known_when_it_comes_again_and_no_other_is() -> None:
    failures, core = Failures(), Driver().sequencer.kernel
    update = Typist().type("x").update
    for event, other in (
        (configured("bad"), configured("good")),
        (Edited("L1", "ana", "plan", update, scan_update(update)), configured("good")),
    ):
        assert failures.record(event, raised(), core, seq=3, prev="sha256:0") is None
        assert failures.knows("w", event)
        assert not failures.knows("w", other)
        assert not failures.knows("v", event), "another workspace may take it"
    again = Edited("L2", "ana", "plan", update, scan_update(update))
    assert failures.knows("w", again), "whoever reconnects has another lane"


def test_what_nobody_sends_again_is_not_remembered() -> None:
    failures, core = Failures(), Driver().sequencer.kernel
    failures.record(Ticked(), raised(), core, seq=3, prev="sha256:0")
    assert not failures.knows("w", Ticked())


def test_a_failure_on_an_intent_is_the_next_record_of_the_log() -> None:
    driver, failures = Driver(), Failures()
    id = driver.ask("Ana")
    core, fold = driver.sequencer.kernel, driver.sequencer.fold
    core.subject = id
    record = failures.record(Ticked(), raised(), core, seq=fold.seq, prev=fold.hash)
    assert record is not None
    assert (record.seq, record.row.prev) == (fold.seq + 1, fold.hash)
    assert id in record.row.body
    assert "words of a person" not in record.row.body


def test_what_is_remembered_is_bounded() -> None:
    failures, core = Failures(), Driver().sequencer.kernel
    for at in range(EVENTS_MAX + 5):
        failures.record(configured(f"n{at}"), raised(), core, seq=3, prev="")
    assert not failures.knows("w", configured("n0"))
    assert failures.knows("w", configured(f"n{EVENTS_MAX + 4}"))
    for at in range(WORKSPACES_MAX + 1):
        failures.note(f"v{at}", 0.0, "x", did_open=False)
    assert len(failures._kept) == WORKSPACES_MAX


def test_the_pauses_grow_and_end() -> None:
    failures = Failures()
    for at, expected in ((100.0, 0.0), (100.1, 1.0), (101.5, 2.0), (104.0, 4.0), (109.0, 5.0), (115.0, 5.0)):
        failures.note("w", at, "it stopped", did_open=True)
        assert failures.pause("w", at)[0] == pytest.approx(expected)
    assert failures.pause("w", 120.5)[0] == 0.0
    assert failures.pause("v", 100.0) == (0.0, "")
    failures.forget("w")
    assert failures.pause("w", 115.0) == (0.0, "")


@given(steps=st.lists(st.tuples(st.floats(0, 40), st.booleans()), max_size=30))
def test_whatever_happens_a_pause_is_within_its_bound(steps: list[tuple[float, bool]]) -> None:
    failures, now = Failures(), 0.0
    for passed, did_open in steps:
        now += passed
        failures.note("w", now, "why", did_open=did_open)
        seconds, why = failures.pause("w", now)
        assert 0.0 <= seconds <= PAUSE_SECONDS_MAX + 1e-6
        assert not seconds or why == "why"


def test_a_place_names_the_error_and_no_words() -> None:
    assert place_of(raised()).startswith("KeyError at raised, line ")
    assert place_of(ValueError("secret")) == "ValueError"
