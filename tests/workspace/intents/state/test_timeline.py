"""What ended for one author since some record is found as a walk over the whole board would find it."""

from __future__ import annotations

import pytest

from tests.workspace.intents.audit.test_time_travel import history
from tests.workspace.intents.driver import Driver
from workspace.intents.model.intent import RUNNING_KINDS


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_what_ended_for_an_author_is_what_a_walk_over_the_board_finds(seed: int) -> None:
    driver = history(seed)
    board, head = driver.sequencer.fold.board, driver.sequencer.fold.seq
    found_any = False
    for actor in ("Ana", "Ben", "Chen"):
        own = [e for e in board.entries.values() if e.actor == actor and e.body.kind in RUNNING_KINDS and e.verdict_seq]
        own.sort(key=lambda entry: -entry.verdict_seq)
        for after in range(0, head, 7):
            for upto in (after, (after + head) // 2, head):
                walked = [entry.id for entry in own if after < entry.verdict_seq <= upto]
                found = [e.id for e in board.timeline.ended(actor, after=after, upto=upto, limit=1000)]
                assert found == walked
                assert [e.id for e in board.timeline.ended(actor, after=after, upto=upto, limit=2)] == walked[:2]
                found_any = found_any or len(found) > 1
    assert found_any


@pytest.mark.long
def test_answers_and_cancels_are_not_what_an_author_waits_for() -> None:
    driver = Driver()
    asked = driver.ask("Ana", "wish")
    cancel = driver.ask("Ana", "", kind="cancel", refs=(asked,))
    assert driver.state(asked) == "cancelled"
    assert driver.verdict(cancel).state == "done"
    head = driver.sequencer.fold.seq
    assert [e.id for e in driver.sequencer.fold.board.timeline.ended("Ana", after=0, upto=head, limit=9)] == [asked]
