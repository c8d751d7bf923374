"""A sequencer that goes on where a log ends."""

from __future__ import annotations

from tests.workspace.intents.driver import Driver
from workspace.intents.audit.verify import verify


def test_updates_that_no_record_names_yet_survive_a_crash_in_their_order() -> None:
    driver = Driver()
    for turn in range(8):
        driver.type(("Ana", "Ben")[turn % 2], "plan", lambda d, t=turn: d.insert_text(len(d.text()), f"<{t}>"))
    before = driver.text()
    driver.open()
    assert driver.text() == before
    assert verify(driver.rows, driver.journal).ok


def test_a_lane_idle_for_a_day_leaves_the_clock_and_may_return() -> None:
    driver = Driver()
    first = driver.ask("Ana")
    driver.plan(first)
    driver.wait(1)
    driver.now += 90_000
    driver.open()
    assert "LAna" in driver.sequencer.fold.board.lanes.retired
    ben = driver.ask("Ben")
    assert driver.sequencer.fold.board.entries[ben].body.vc == {}
    again = driver.ask("Ana")
    assert driver.sequencer.fold.board.entries[again].body.n == 2
    assert driver.sequencer.fold.board.entries[again].body.vc == {"LAna": 1, "LBen": 1}
