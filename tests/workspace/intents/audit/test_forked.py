"""A fork of a log at any record: nothing that was settled there runs again, nothing is left open."""

from __future__ import annotations

import pytest

from tests.workspace.intents.driver import Driver
from workspace.intents.audit.time_travel import end_of_turn
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.intent import Forked, Scope
from workspace.intents.model.record import read_row, seal
from workspace.intents.model.times import timestamp
from workspace.intents.state.replay import JournalIndex


def story(chain: tuple[str, ...]) -> Driver:
    """Two who collide, an addition, one that was added to, a cancel, an undo."""
    driver = Driver(policy=PolicyConfig(chain=chain))  # type: ignore[arg-type]
    ana, ben = (driver.ask(who, seen=driver.start) for who in ("Ana", "Ben"))
    driver.set(ana, "price", 1)
    driver.set(ben, "price", 2)
    driver.wait(0.4)
    driver.wait(0.01)
    if driver.sequencer.fold.board.questions:
        driver.ask("Olga", "", role="owner", kind="answer", refs=(driver.question,), value=ben)
    driver.wait(0.4)
    first = driver.ask("Ana", "add", scope=(Scope("budget", keys=(("seats",),)),))
    driver.wait(0.01)
    driver.ask("Ben", "and more", refs=(first,))
    driver.wait(0.01)
    driver.add(first, "seats", 3)
    driver.wait(0.4)
    gone = driver.ask("Cem", "never")
    driver.wait(0.01)
    driver.ask("Cem", "", kind="cancel", refs=(gone,))
    return driver


def fork(driver: Driver, at: int) -> Driver:
    """Open a copy that begins where a fork at record `at` does."""
    copy, at = Driver.__new__(Driver), end_of_turn(driver.rows, at)
    index, rows = JournalIndex.of(driver.journal), driver.rows[:at]
    for row in rows:
        index.take(read_row(row))
    body = ConfigBody(name="copy", forked=Forked("w", at), receivers={})
    config = seal(body, seq=at + 1, epoch=1, at=timestamp(driver.now), actor="Olga", prev=rows[-1].hash)
    kept = [row for row in driver.journal if row.jid in index.used]
    copy.__dict__.update(
        driver.__dict__ | {"rows": [*rows, config.row], "journal": kept, "notices": [], "tasks": {}, "snapshots": []}
    )
    copy.open()
    return copy


@pytest.mark.long
@pytest.mark.parametrize("chain", [("first",), ("ask",), ("branch",)])
def test_a_fork_from_any_record_runs_nothing_twice_and_leaves_nothing_open(chain: tuple[str, ...]) -> None:
    driver = story(chain)
    for at in range(driver.start, len(driver.rows) + 1):
        copy = fork(driver, at)
        for _ in range(6):  # what waited for others is planned behind them
            for intent in list(copy.tasks):
                copy.add(intent, "seats", 3)
            copy.wait(70)
        board = copy.sequencer.fold.board
        assert not board.live, (at, [(entry.id, entry.state) for entry in board.live.values()])
        counted: dict[str, int] = {}
        for _, commit in board.commits.values():
            if board.entries[commit.intents[0]].verdict.state != "branched":  # type: ignore[union-attr]
                counted[commit.intents[0]] = counted.get(commit.intents[0], 0) + 1
        assert all(count == 1 for count in counted.values()), (at, counted)
        report = verify(copy.rows, copy.journal)
        assert report.ok, (at, report)
    ends = {end_of_turn(driver.rows, at) for at in range(1, len(driver.rows) + 1)}
    assert 8 <= len(ends) < len(driver.rows) - 2, "some records end a turn, some do not"
