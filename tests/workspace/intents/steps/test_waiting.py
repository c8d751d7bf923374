"""Who waits: for the own edits, for what its author knew of."""

from __future__ import annotations

import base64

from crdt.documents.document import Document
from crdt.updates.scan import scan_update
from tests.workspace.intents.driver import PLACES, Driver
from workspace.intents.model.events import (
    Edited,
    LaneChanged,
    Resync,
    SocketOpened,
)
from workspace.intents.model.intent import Need


def test_who_has_seen_it_refines_and_is_not_asked() -> None:
    driver = Driver()
    ana = driver.ask("Ana", scope=PLACES)
    ben = driver.ask("Ben", scope=PLACES)
    assert ben not in driver.tasks, "waits for what its author had seen"
    assert driver.sequencer.fold.board.entries[ben].waits_for == (ana,)
    driver.replace(ana, "Second", "Formal")
    driver.wait(1)
    driver.replace(ben, "Formal", "Casual")
    driver.wait(1)
    assert driver.verdict(ben).state == "done"
    assert not driver.sequencer.fold.board.settled


def test_an_intent_waits_for_its_authors_own_edits() -> None:
    driver = Driver()
    hand = Document("text", client=777_777, updates=(driver.sequencer.fold.documents["plan"].encode(),))
    with hand.transaction() as done:
        hand.insert_text(0, "Mine. ")
    need = Need(base64.b64encode(hand.encode_state_vector()).decode(), 1)
    driver.handle(LaneChanged("LAna", online=True, docs=("plan",)))
    driver.handle(SocketOpened("LAna", "plan"))
    intent = driver.ask("Ana", needs={"plan": need})
    assert driver.state(intent) == "parked"
    assert any(isinstance(notice, Resync) for notice in driver.notices)
    update = done[0].update
    driver.handle(Edited("LAna", "Ana", "plan", update, scan_update(update)))
    assert driver.state(intent) == "planning"
    lost = driver.ask("Ben", needs={"plan": Need(need.sv, 5)})
    driver.handle(LaneChanged("LBen", online=True, docs=("plan",)))
    driver.wait(31)
    assert driver.verdict(lost).code == "missing_updates"
