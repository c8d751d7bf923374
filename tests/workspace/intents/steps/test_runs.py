"""Open runs: whatever people type into each other, every record can be replayed in log order."""

from __future__ import annotations

from tests.workspace.intents.driver import Driver
from workspace.intents.audit.verify import verify
from workspace.intents.state.replay import fold_log


def test_people_who_type_into_each_others_words_replay_in_log_order() -> None:
    driver = Driver()
    for turn in range(8):
        driver.type(
            ("Ana", "Ben", "Chen")[turn % 3], "plan", lambda d, t=turn: d.insert_text(len(d.text()), f"<{t}é😀>")
        )
    driver.type("Ana", "plan", lambda d: d.delete_text(len(d.text()) - 3, len(d.text())))
    driver.wait(0.3)
    report = verify(driver.rows, driver.journal)
    assert report.ok, report
    assert fold_log(driver.rows, driver.journal).state() == driver.sequencer.fold.state()
    driver.open()
    assert driver.text().endswith("<7")
