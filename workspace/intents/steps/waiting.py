"""Intents that wait: for edits of their own author, for earlier ones, for whoever came in time (semantics §5).

C1: what depends on edits that have not arrived is held, they are asked for, and it is given up in time. C2: a queued
intent sleeps behind those its author knew of. C3: a ready one awaits whoever was accepted before its window was over.
"""

from __future__ import annotations

from workspace.intents.model.bodies import OracleBody, VerdictBody
from workspace.intents.model.events import Resync
from workspace.intents.model.intent import RUNNING_KINDS, States
from workspace.intents.rules.conflict import anchored_docs
from workspace.intents.rules.gate import builds_on, lacks_updates, predecessors
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import AGENT, Turn

RESYNC_AT = (0.0, 5.0, 15.0)
MISSING_ONLINE_SECONDS = 30.0
MISSING_OFFLINE_SECONDS = 86_400.0
WAITS_SHOWN_MAX = 8


def park(kernel: KernelState, turn: Turn) -> bool:
    """C1: hold what depends on edits that have not arrived, ask for them, give up in time."""
    moved = False
    for entry in kernel.lives.index.of(States.QUEUED, States.PARKED):
        kernel.subject = entry.id
        missing = lacks_updates(
            entry,
            kernel.fold.documents,
            sent=kernel.sent,
            synced=kernel.synced,
            since=kernel.progress_of(entry).turn,
        )
        if not missing:
            if kernel.lives.of(entry).state == States.PARKED:
                moved = True
                # Where the log has it: what has joined another still waits for that one.
                reason = entry.reason if entry.state == States.QUEUED else kernel.progress_of(entry).stale
                turn.state(entry, States.QUEUED, waits_for=entry.waits_for, reason=reason)
            continue
        if kernel.lives.of(entry).state == States.QUEUED:
            turn.state(entry, "parked", reason=f"Waits for the author's own edits in {', '.join(missing)}.")
        moved = _press(kernel, turn, entry, missing) or moved
    return moved


def _press(kernel: KernelState, turn: Turn, entry: Entry, missing: tuple[str, ...]) -> bool:
    """Ask the author's client for what is missing; end the intent when it never comes."""
    work = kernel.progress_of(entry)
    waited = turn.now - work.since
    assert waited >= 0, "a room's time never goes back"
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
    for entry in kernel.lives.index.of(States.PARKED):
        work = kernel.progress_of(entry)
        times += [work.since + at for at in RESYNC_AT[work.resyncs :]]
        times += [work.since + MISSING_ONLINE_SECONDS, work.since + MISSING_OFFLINE_SECONDS]
    return min((at for at in times if at > kernel.now), default=None)


def known_before(kernel: KernelState, entry: Entry) -> list[Entry]:
    """C2: return the unsettled intents its author knew of and that may touch the same place."""
    return predecessors(
        entry,
        kernel.neighbours(entry),
        may_meet=lambda other: kernel.may_meet(other, entry),
        is_parked=lambda other: kernel.lives.state_of(other) == States.PARKED,
    )


def is_blocked(kernel: KernelState, turn: Turn, entry: Entry) -> bool:
    """Tell whether a queued intent waits for earlier ones, and show the nearest of them.

    It then sleeps: while those nearest are there and where they were, nothing can free it, and no event looks at it.
    """
    before = known_before(kernel, entry)[-WAITS_SHOWN_MAX:]
    assert all(one.seq < entry.seq for one in before), "nobody waits for who comes after"
    if before:
        nearest = tuple(other.id for other in before)
        turn.state(entry, "queued", waits_for=nearest, reason="Waits for earlier ones.")
        tied = set[str]().union(*(anchored_docs(one) for one in (entry, *before)))
        kernel.lives.index.sleep(entry, behind=nearest, tied=tuple(tied))
    return bool(before)


def rivals_to_await(kernel: KernelState, entry: Entry, *, now: float) -> list[Entry]:
    """C2 and C3: return the intents that must end, be planned or be settled before this one may commit.

    Those its author knew of must have ended where they work in its place: a plan may lie elsewhere than its scope.
    Only those accepted before this plan was ready and its window over are awaited, and only `overlap_wait_ms` long, so
    that a stream of newcomers cannot starve anybody; who comes later meets the commit as a late conflict. An intent
    that waits for an answer is awaited without that bound: its question has a deadline.
    """
    work, policy = kernel.progress_of(entry), kernel.fold.policy
    # Decision 7: a question before anything is written beats one after; newcomers wait for nobody, or nobody would end.
    opened = max(work.ready_at, work.since + policy.window_ms / 1000)
    patience = now < work.ready_at + policy.overlap_wait_ms / 1000
    found = []
    seen, seq, lane = entry.body.seen, entry.seq, entry.body.lane
    # Decision 60: a plan may lie elsewhere than its scope, so those its author knew of are looked for again here.
    for other in kernel.neighbours(entry):
        if other.seq <= seen or (other.body.lane == lane and other.seq < seq):
            # What is parked is waited for by who builds on it, as it is where it stands in the queue.
            is_apart = kernel.lives.state_of(other) == States.PARKED and not builds_on(entry, other)
            is_before = other.joins != entry.id and other.body.kind in RUNNING_KINDS and not is_apart
            if is_before and kernel.may_meet(other, entry):
                found.append(other)
            continue
        if seq <= other.body.seen or other.body.lane == lane or kernel.is_halted(other):
            continue  # that one knew of this one, is this one, or comes after it because the agent is stopped
        theirs, live = kernel.progress_of(other), kernel.lives.of(other)
        if live.state == States.HELD:
            awaited = frozenset((entry.id, other.id)) not in kernel.fold.board.cleared
        elif live.state in (States.PARKED, States.READY) or other.body.kind not in RUNNING_KINDS:
            awaited = False
        else:
            awaited = patience and theirs.since <= opened and (live.state == States.PLANNING or not live.waits_for)
        if awaited and kernel.may_meet(other, entry):
            found.append(other)
    assert all(other is not entry for other in found), "nobody waits for itself"
    return found
