"""A change of a workspace's set-up by somebody who has no room: the command line, also beside a running server.

The log is claimed as a server claims it, so whoever had it open may write no more: its sockets are told to reconnect,
and come again to a room that begins with this change. It looks whether it leads still at an order to the switch that
says what stands already (`Switches`), within a second.
"""

from __future__ import annotations

from collections.abc import Callable

from workspace.errors import Refusal
from workspace.history.read import read_all
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.bounds import Bounds
from workspace.intents.model.stop import Stop
from workspace.intents.model.times import timestamp
from workspace.intents.recovery import configure_alone, open_sequencer
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.replay import fold_log
from workspace.ports import Batch, Clock, JournalRow, Store, SwitchRow
from workspace.registry.registry import SHORT_LOG, library_versions
from workspace.threads import compute

Decide = Callable[[WorkspaceState], ConfigBody | Refusal | None]


async def change_outside(
    store: Store, clock: Clock, ws: str, *, actor: str, decide: Decide, bounds: Bounds
) -> Refusal | SwitchRow | None:
    """Enter what `decide` returns for the workspace as it stands (None: nothing); return why not, where it refuses.

    Else the order that has a server let go of the workspace, where one stands: it is dropped as soon as it was obeyed.
    Nothing is begun here: what is under way goes on when a server opens the workspace next.

    Raises:
        WorkspaceMissing: there is none.
        LogCorrupt: its log does not verify; nothing is written on top of it.
        StoreFault: the database failed, or another server claimed the workspace meanwhile.
    """
    # Looked at first: whoever has it open need not let go of it for what is refused, or changes nothing.
    looked_at = await compute(fold_log, *await read_all(store, ws))
    first = decide(looked_at)
    if not isinstance(first, ConfigBody):
        return first
    taken = await store.take(ws, short=SHORT_LOG)
    rows, journal = taken.log or await read_all(store, ws)
    sequencer, opened = await compute(
        open_sequencer, ws, epoch=taken.epoch, rows=rows, journal=journal, now=clock.now(),
        versions=library_versions(), chance=int(clock.token(4), 16), bounds=bounds,
    )  # fmt: skip
    fold = sequencer.fold
    body = decide(fold)
    outcomes = [opened]
    if isinstance(body, ConfigBody):
        outcomes.append(configure_alone(sequencer, body, actor))
    records = tuple(record.row for outcome in outcomes for record in outcome.records)
    kept = [row for outcome in outcomes for row in outcome.journal]
    journal_rows = tuple(JournalRow(row.jid, row.doc, row.lane, row.actor, row.update) for row in kept)
    blobs = tuple(blob for outcome in outcomes for blob in outcome.blobs)
    if records or journal_rows:
        head = (fold.seq, fold.jid)
        await store.submit(Batch(ws, taken.epoch, records, journal_rows, blobs=blobs, head=head, is_busy=fold.is_busy))
    if isinstance(body, Refusal):
        return body
    return await _order(store, ws, fold.stops.by_scope.get("workspace"), actor=actor, at=timestamp(clock.now()))


async def _order(store: Store, ws: str, stop: Stop | None, *, actor: str, at: str) -> SwitchRow | None:
    """Put an order that says how the workspace's switch stands; None where another one is to be obeyed anyway."""
    if any(row.ws == ws for row in await store.switches()):
        return None
    row = SwitchRow(ws, True, stop.by, stop.since, stop.reason) if stop is not None else SwitchRow(ws, False, actor, at)
    await store.put_switch(row)
    return row
