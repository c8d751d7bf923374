"""A sequencer that goes on where a log ends: fold it, enter what it does not name yet, put aside what is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from crdt.documents.backing import EMPTY_UPDATE
from crdt.updates.scan import INTERNAL, scan_update
from workspace.errors import LogCorrupt
from workspace.intents.model.bodies import ConfigBody, RecordKinds
from workspace.intents.model.bounds import DEFAULT_BOUNDS, Bounds
from workspace.intents.model.events import Outcome
from workspace.intents.model.ids import intent_id
from workspace.intents.model.record import Row
from workspace.intents.model.stop import Switch
from workspace.intents.model.times import unix_time
from workspace.intents.sequencer import Sequencer
from workspace.intents.state.fold import UNREADABLE, Break, JournalLike, WorkspaceState, words_of
from workspace.intents.state.replay import Replay, start_replay
from workspace.intents.steps import accounting, agent_stop
from workspace.intents.steps.failures import end_failed
from workspace.intents.steps.kernel_state import KernelState, Progress, Quick, writer_client
from workspace.intents.steps.quarantine import put_aside
from workspace.intents.steps.turn import AGENT, Turn

IDLE_LANE_SECONDS = 86_400.0


def open_sequencer(
    ws: str,
    *,
    epoch: int,
    rows: Sequence[Row],
    journal: Iterable[JournalLike],
    now: float,
    versions: dict[str, str],
    chance: int = 0,
    bounds: Bounds = DEFAULT_BOUNDS,
    has_judge: bool = False,
    quick: Quick | None = None,
    switches: Sequence[tuple[str, Switch]] = (),
) -> tuple[Sequencer, Outcome]:
    """Return a sequencer that goes on where the log ends, and what must be made durable before it opens.

    Closes what was journaled and not yet sequenced, in journal order, and records the versions of this server. Chain
    and bytes are verified all the way, the documents' state at the last record that holds one: it is the sum of all
    before it. `verify` checks every one. `chance` is a random number: it draws the agent's Yjs id. `switches` are those
    thrown before, each with who has: the log is told of them before anything is begun.

    Raises:
        LogCorrupt: the log does not verify; nothing may be written on top of it.
    """
    last = next((row.seq for row in reversed(rows) if row.kind in (RecordKinds.COMMIT, RecordKinds.CHECKPOINT)), 0)
    replay = start_replay(journal, states_from=last)
    replay.fold.is_lenient = True
    for row in rows:
        replay.step(row)
    fold = replay.fold
    used = {client for document in fold.documents.values() for client in document.state_vector()}
    sequencer = Sequencer(
        ws,
        epoch=epoch,
        fold=fold,
        client=writer_client(used | fold.history.agents, chance),
        bounds=bounds,
        has_judge=has_judge,
        quick=quick,
    )
    kernel = sequencer.kernel
    kernel.now = now
    turn = Turn(fold, kernel.lives, epoch, now)
    for waiting in replay.index.unsequenced():
        if waiting.update != EMPTY_UPDATE:  # a fork leaves out what came after it
            _resume_run(kernel, turn, waiting)
    kernel.runs.close(turn)
    _put_lost_aside(replay, turn)
    accounting.close_lost(kernel, turn, is_crash=not rows or rows[-1].kind != RecordKinds.CHECKPOINT)
    end_failed(kernel, turn)
    _take_up(kernel)
    idle = _idle_lanes(fold, now)
    was_strict = fold.is_strict
    if fold.versions != versions or idle:
        turn.append(ConfigBody(versions=versions, retired=idle), AGENT)
    if fold.is_strict and not was_strict:
        replay.read_again(fold.seq)
    agent_stop.take_up(kernel, turn, switches)
    return sequencer, turn.outcome()


def configure_alone(sequencer: Sequencer, body: ConfigBody, actor: str) -> Outcome:
    """Enter a set-up in a log that is opened for that alone; return what must be made durable.

    What is under way stays as it is: a server plans and commits it, which knows whose rights have ended.
    """
    kernel = sequencer.kernel
    turn = Turn(kernel.fold, kernel.lives, kernel.epoch, kernel.now)
    if kernel.fold.rights or body.rights:  # whoever has the database is its owner
        body = msgspec.structs.replace(body, role="owner")
    turn.append(body, actor)
    return turn.outcome()


def _take_up(kernel: KernelState) -> None:
    """Go on with every live intent; everybody comes anew, and is shown where it stands."""
    for entry in kernel.live():
        kernel.progress[entry.id] = Progress(since=kernel.now, turn=kernel.turn, ready_at=kernel.now)
    kernel.lives.all_shown()


def _put_lost_aside(replay: Replay, turn: Turn) -> None:
    """Open without the documents that cannot be rebuilt or read: everything else goes on."""
    fold = replay.fold
    replay.doubt(fold.seq)
    lost = {doc: fold.breaks[doc].words for doc in sorted(fold.unsettled)}
    if lost:
        put_aside(turn, lost)


def _idle_lanes(fold: WorkspaceState, now: float) -> tuple[str, ...]:
    """Return lanes without an intent for a day: they leave the derived clock, which bounds it (semantics §1.3)."""
    lanes, entries = fold.board.lanes, fold.board.entries
    return tuple(
        lane
        for lane, places in sorted(lanes.places.items())
        if lane not in lanes.retired and now - unix_time(entries[intent_id(places[-1])].at) > IDLE_LANE_SECONDS
    )


def _resume_run(kernel: KernelState, turn: Turn, row: JournalLike) -> None:
    """Apply a journal row that no record names yet, as it was applied before the crash."""
    fold = kernel.fold
    fold.jid = max(fold.jid, row.jid)
    document = fold.documents.get(row.doc)
    if document is None and row.doc in fold.kinds:
        return  # put aside: its rows stay in the journal, and no record will name this one
    if document is None:
        raise LogCorrupt(f"journal row {row.jid} is of no document")
    try:
        scan = scan_update(row.update, INTERNAL)
        applied = document.apply(row.update, scan)
    except UNREADABLE as error:
        kernel.runs.close(turn, doc=row.doc)
        fold.lose(Break(row.doc, fold.seq + 1, row.jid, words_of(error)))
        return
    if applied is None:
        raise LogCorrupt(f"journal row {row.jid} holds nothing new")
    kernel.runs.add(turn, row.jid, applied, scan, doc=row.doc, lane=row.lane, actor=row.actor)
