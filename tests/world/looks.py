"""Looking at the whole: in a lull, back in time, and at the end."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from tests.support.live_board import shown_amiss, unlike_the_log
from tests.world.deeds import CELLS, LINES
from tests.world.facts import Violation
from tests.world.monitor import Monitor
from tests.world.person import Person
from tests.world.stock import Stock
from workspace.history.read import read_documents
from workspace.intents.audit.time_travel import board_at
from workspace.intents.audit.verify import verify
from workspace.intents.audit.what_if import decide_again

# Two frames of the slowest socket, a stalled disk, and a moment.
QUIET_SECONDS = 12.0
LULL_ROUNDS, ROUND_SECONDS = 8, 4.0


class Scene(Protocol):
    """What there is to look at."""

    people: list[Person]
    stock: Stock
    monitor: Monitor
    host: Any
    disk: Any
    lulls: int
    problems: list[BaseException]

    def note(self, what: str) -> None:
        """Keep what happened."""


def values(scene: Scene) -> list[Any]:
    """Return what the server and everybody has, for whoever looks at a failing seed."""
    documents = scene.monitor.replay.fold.documents
    return [
        (name, documents[name].value(), [person.copies[name].document.value() for person in scene.people])
        for name in (LINES, CELLS)
    ]


def is_even(scene: Scene) -> bool:
    """I13: everybody's documents are the server's, and everybody was shown the whole log."""
    documents = scene.monitor.replay.fold.documents
    return (
        not any(uneven(scene, person) for person in scene.people)
        and scene.stock.document.value() == documents[LINES].value()
        and all(len(person.records) == len(scene.monitor.rows) for person in scene.people)
    )


def uneven(scene: Scene, person: Person) -> list[str]:
    """Return the documents that are not the server's."""
    documents = scene.monitor.replay.fold.documents
    return [name for name, copy in person.copies.items() if copy.document.value() != documents[name].value()]


async def lull(scene: Scene) -> None:
    """Let nobody begin anything for a while. When nothing has moved long enough, who is connected has what all have."""
    loop = asyncio.get_running_loop()
    for _ in range(LULL_ROUNDS):
        before = len(scene.monitor.journal), scene.host
        edits = [copy.document.digest() for person in scene.people for copy in person.copies.values()]
        await asyncio.sleep(QUIET_SECONDS)
        since = loop.time() - QUIET_SECONDS
        here = [person for person in scene.people if _is_here(person, since)]
        again = [copy.document.digest() for person in scene.people for copy in person.copies.values()]
        if scene.host is None or before != (len(scene.monitor.journal), scene.host) or edits != again:
            continue
        if scene.problems:
            return
        scene.lulls += 1
        for person in here:
            if names := uneven(scene, person):
                raise Violation("I13", f"in a lull {person.actor} has another {names}: {values(scene)}")
        return


def _is_here(person: Person, since: float) -> bool:
    return all(
        copy.is_synced and copy.is_welcome and copy.wire is not None and copy.wire.is_up and copy.wire.opened_at < since
        for copy in person.copies.values()
    )


def look_live(scene: Scene, ws: str) -> None:
    """I42: what the server has of its intents is what the disk says, entry by entry, and so is what it shows."""
    room = scene.host.registry.rooms.get(ws) if scene.host is not None else None
    folded = scene.monitor.replay.fold
    if room is None or room.sequencer.fold.hash != folded.hash:
        return  # what it has decided last is not on the disk yet
    amiss = unlike_the_log(room.sequencer.fold.board, folded.board, folded.board.entries)
    amiss += shown_amiss(room.sequencer)
    if room.sequencer.fold.catalog != folded.catalog:
        raise Violation("I43", f"the catalog is {room.sequencer.fold.catalog}, by the log {folded.catalog}")
    if amiss:
        raise Violation("I42", "; ".join(amiss))


async def stand_at(monitor: Monitor, store: Any, ws: str, seq: int) -> None:
    """Go back to record `seq` by way of the kept states: what stood there then is what was seen there then."""
    fold = monitor.replay.fold
    kinds = {doc: document.kind for doc, document in fold.documents.items()}
    documents = await read_documents(store, ws, seq, kinds)
    true = monitor.state_at(seq)
    if LINES in documents:
        cells = documents[CELLS].value()
        assert isinstance(cells, dict), "a data document is a map"
        now = {key: value for key, value in cells.items() if isinstance(value, int)}
        if now != true.cells or documents[LINES].text().split("\n") != true.lines:
            raise Violation("I12", f"{now} {documents[LINES].text()!r}, but it was {true}")
    for standing in board_at(fold.board, seq):
        has_ended = monitor.ends.get(standing.intent, seq + 1) <= seq
        if has_ended != (standing.state not in ("parked", "queued", "planning", "ready", "held")):
            raise Violation("I12", f"{standing.intent} stood {standing.state}")


async def look_back(scene: Scene) -> None:
    """Look at the whole log once more: states, verdicts told to their authors, policies decided again."""
    monitor = scene.monitor
    rows, journal = monitor.rows, monitor.journal
    report = verify(rows, journal)
    if not report.ok:
        raise Violation("I12", report.reason)
    again = decide_again(rows, journal)
    if again.first is not None or again.unsound:
        raise Violation("I18", f"decided again otherwise: {again}")
    loose = monitor.replay.index.unsequenced()
    if loose:
        raise Violation("I11", f"edits that no record names: {[row.jid for row in loose]}")
    monitor.post.look_back()
    acked = {id for person in scene.people for id in person.acks.values()}
    if not acked <= set(monitor.intents):
        raise Violation("I5", f"acknowledged and not in the log: {acked - set(monitor.intents)}")
    for person in scene.people:
        if person.said:
            raise Violation("I5", f"{person.actor} said what was never answered: {list(person.said)}")
        for (lane, n), id in person.acks.items():
            if person.lane == lane and person.verdicts.get(id) != monitor.intents[id].verdict:
                raise Violation("I4", f"{person.actor} was never told how {id} ({lane} {n}) ended")
