"""Standing at any `seq` from the nearest checkpoint is standing there from the beginning."""

from __future__ import annotations

import random

import pytest

from crdt.documents.paths import set_path
from tests.workspace.intents.driver import Driver
from workspace.errors import LogCorrupt
from workspace.history.read import read_documents
from workspace.intents import sequencer
from workspace.intents.audit.time_travel import board_at
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.events import Closing
from workspace.intents.state.replay import fold_log


def history(seed: int, steps: int = 120) -> Driver:
    """Let people type, instruct, answer and crash at random."""
    chance = random.Random(seed)
    driver = Driver(policy=PolicyConfig(chain=("ask", "fair"), ask_seconds=5.0))
    for at in range(steps):
        match chance.randrange(6):
            case 0:
                seen = max(0, driver.sequencer.fold.seq - chance.randrange(12))
                driver.ask(chance.choice(("Ana", "Ben")), f"wish {at}", seen=max(seen, 0))
            case 1 if driver.tasks:
                driver.set(chance.choice(list(driver.tasks)), chance.choice("abc"), at)
            case 2 if driver.tasks:
                driver.fail(chance.choice(list(driver.tasks)))
            case 3:
                driver.type("Chen", "plan", lambda document, at=at: document.insert_text(0, f"é{at} 😀"))
            case 4:
                driver.type("Chen", "budget", lambda document, at=at: set_path(document, ("b",), at))
            case _:
                driver.wait(chance.random() * 3)
        if chance.random() < 0.03:
            driver.open()
    driver.wait(400)
    return driver


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
async def test_from_a_checkpoint_or_from_the_beginning_it_is_the_same(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencer, "CHECKPOINT_RECORDS", 15)
    driver = history(seed)
    assert sum(row.kind == "checkpoint" for row in driver.rows) >= 3
    store, fold = await driver.stored(), driver.sequencer.fold
    for seq in range(1, len(driver.rows) + 1, 3):
        whole = fold_log(driver.rows, driver.journal, to=seq)
        found = await read_documents(store, "w", seq, fold.kinds)
        assert {doc: one.digest() for doc, one in found.items()} == {
            doc: one.digest() for doc, one in whole.documents.items()
        }, seq
        standings = {one.intent: (one.state, one.reason) for one in board_at(fold.board, seq)}
        then = whole.board.entries
        assert {id: state for id, (state, _) in standings.items()} == {id: entry.state for id, entry in then.items()}
        assert list(standings) == list(reversed(then)), "newest first"
        assert all(standings[id][1] == entry.reason for id, entry in then.items() if not entry.is_live), seq


async def test_a_kept_state_that_was_tampered_with_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "CHECKPOINT_RECORDS", 15)
    driver = history(1)
    other = Driver()
    driver.snapshots = [
        type(row)(row.doc, row.jid, other.sequencer.fold.documents[row.doc].encode(), row.digest)
        for row in driver.snapshots
    ]
    with pytest.raises(LogCorrupt, match="is not the one of the checkpoint"):
        await read_documents(await driver.stored(), "w", len(driver.rows), driver.sequencer.fold.kinds)


async def test_what_was_typed_just_before_a_crash_is_kept_at_the_next_checkpoint() -> None:
    driver = Driver()
    driver.handle(Closing())
    driver.open()
    driver.type("Ana", "budget", lambda document: set_path(document, ("a",), 1))
    driver.open()
    driver.handle(Closing())
    found = await read_documents(await driver.stored(), "w", len(driver.rows), driver.sequencer.fold.kinds)
    assert found["budget"].value() == {"price": 100, "a": 1}
