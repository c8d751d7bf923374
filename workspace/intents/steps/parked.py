"""Intents that wait for edits of their own author: held, asked for, given up in time (C1; semantics §5)."""

from __future__ import annotations

from workspace.intents.model.bodies import OracleBody, VerdictBody
from workspace.intents.model.events import Resync
from workspace.intents.model.intent import States
from workspace.intents.rules.gate import lacks_updates
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import AGENT, Turn

RESYNC_AT = (0.0, 5.0, 15.0)
MISSING_ONLINE_SECONDS = 30.0
MISSING_OFFLINE_SECONDS = 86_400.0


def park(kernel: KernelState, turn: Turn) -> bool:
    """C1: hold what depends on edits that have not arrived, ask for them, give up in time."""
    moved = False
    for entry in kernel.fold.board.live_index.of(States.QUEUED, States.PARKED):
        kernel.subject = entry.id
        missing = lacks_updates(entry, kernel)
        if not missing:
            if entry.state == States.PARKED:
                moved = True
                turn.state(entry, "queued")
            continue
        if entry.state == States.QUEUED:
            turn.state(entry, "parked", reason=f"Waits for the author's own edits in {', '.join(missing)}.")
        moved = _press(kernel, turn, entry, missing) or moved
    return moved


def _press(kernel: KernelState, turn: Turn, entry: Entry, missing: tuple[str, ...]) -> bool:
    """Ask the author's client for what is missing; end the intent when it never comes."""
    work = kernel.progress_of(entry)
    waited = turn.now - work.since
    is_online = entry.body.lane in kernel.online
    while is_online and work.resyncs < len(RESYNC_AT) and waited >= RESYNC_AT[work.resyncs]:
        work.resyncs += 1
        for doc in missing:
            turn.tell(Resync(entry.body.lane, doc))
    if waited < (MISSING_ONLINE_SECONDS if is_online else MISSING_OFFLINE_SECONDS):
        return False
    turn.append(OracleBody(oracle="timer", intent=entry.id, reason="missing updates"), AGENT)
    turn.verdict(
        VerdictBody(
            intent=entry.id,
            state="expired",
            code="missing_updates",
            reason=f"Edits that this depends on never arrived in {', '.join(missing)}.",
            remedy="Send it again on the current state.",
            can=("resend",),
        )
    )
    return True


def parked_deadline(kernel: KernelState) -> float | None:
    """Return when the next parked intent must be looked at again, in unix seconds."""
    times = []
    for entry in kernel.fold.board.live_index.of(States.PARKED):
        work = kernel.progress_of(entry)
        times += [work.since + at for at in RESYNC_AT[work.resyncs :]]
        times += [work.since + MISSING_ONLINE_SECONDS, work.since + MISSING_OFFLINE_SECONDS]
    return min((at for at in times if at > kernel.now), default=None)
