"""Intents that wait: for edits of their own author, for earlier ones, for whoever came in time (semantics §5).

C1: what depends on edits that have not arrived is held, they are asked for, and it is given up in time. C2: a queued
intent sleeps behind those its author knew of. C3: a ready one awaits whoever was accepted before its window was over.
Where more wait than there are planners, people take turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import islice

from crdt.documents.document import Document
from workspace.errors import Refusal
from workspace.intents.model.bodies import OracleBody, VerdictBody
from workspace.intents.model.causality import are_concurrent
from workspace.intents.model.events import Resync
from workspace.intents.model.intent import RUNNING_KINDS, States
from workspace.intents.rules.conflict import anchored_docs
from workspace.intents.rules.gate import builds_on, lacks_updates, predecessors
from workspace.intents.state.board import Entry
from workspace.intents.state.shelves import in_order
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.quarantine import builds_on_barred
from workspace.intents.steps.turn import AGENT, Turn

RESYNC_AT = (0.0, 5.0, 15.0)
MISSING_ONLINE_SECONDS = 30.0
MISSING_OFFLINE_SECONDS = 86_400.0
WAITS_SHOWN_MAX = 8


def park(kernel: KernelState, turn: Turn) -> bool:
    """C1: hold what depends on edits that have not arrived, ask for them, give up in time."""
    moved, documents = False, _takes_edits(kernel)
    for entry in kernel.lives.needy():
        kernel.subject = entry.id
        if builds_on_barred(kernel, turn, entry):
            moved = True
            continue
        missing = _missing(kernel, entry, documents)
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


def wait_again(kernel: KernelState, entry: Entry) -> Refusal | None:
    """C1: return why a ready plan has to wait for edits after all, or None.

    It went on without them while their document was put away; since that was restored they can come.
    """
    if kernel.fold.catalog.returned.keys().isdisjoint(entry.body.needs):
        return None
    missing = _missing(kernel, entry, _takes_edits(kernel))
    reason = f"It waits for its author's own edits in {', '.join(missing)}."
    return Refusal("stale_read", reason, "It is planned again when they are here.") if missing else None


def _takes_edits(kernel: KernelState) -> Mapping[str, Document]:
    """Return the documents to which edits can come: nobody sends any to one that was put away.

    What waits for such edits goes on, and ends with why where it is about that document.
    """
    fold = kernel.fold
    return {doc: fold.documents[doc] for doc in fold.listed()} if fold.catalog.put_away else fold.documents


def _missing(kernel: KernelState, entry: Entry, documents: Mapping[str, Document]) -> tuple[str, ...]:
    since = kernel.progress_of(entry).turn
    return lacks_updates(entry, documents, sent=kernel.sent, synced=kernel.synced, since=since)


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
    """C2: return the unsettled intents its author knew of and that may touch the same place; the 8 nearest."""
    found = list[Entry]()
    for other in kernel.known_near(entry):
        found += predecessors(
            entry,
            (other,),
            may_meet=lambda other: kernel.may_meet(other, entry),
            is_parked=lambda other: kernel.lives.state_of(other) == States.PARKED,
        )
        if len(found) == WAITS_SHOWN_MAX:
            break
    return found[::-1]


def is_blocked(kernel: KernelState, turn: Turn, entry: Entry) -> bool:
    """Tell whether a queued intent waits for earlier ones, and show the nearest of them.

    It then sleeps: while those nearest are there and where they were, nothing can free it, and no event looks at it.
    """
    before = known_before(kernel, entry)
    assert all(one.seq < entry.seq for one in before), "nobody waits for who comes after"
    if before:
        nearest = tuple(other.id for other in before)
        turn.state(entry, "queued", waits_for=nearest, reason="Waits for earlier ones.")
        tied = set[str]().union(*(anchored_docs(one) for one in (entry, *before)))
        kernel.lives.index.sleep(entry, behind=nearest, tied=tuple(tied))
    return bool(before)


def rivals_to_await(kernel: KernelState, entry: Entry, *, now: float) -> list[Entry]:
    """C2 and C3: return intents that must end, be planned or be settled before this one may commit, at most 8.

    Those its author knew of must have ended where they work in its place: a plan may lie elsewhere than its scope.
    Only those accepted before this plan was ready and its window over are awaited, and only `overlap_wait_ms` long, so
    that a stream of newcomers cannot starve anybody; who comes later meets the commit as a late conflict. An intent
    that waits for an answer is awaited without that bound: its question has a deadline.
    """
    work, policy = kernel.progress_of(entry), kernel.fold.policy
    # Decision 7: a question before anything is written beats one after; newcomers wait for nobody, or nobody would end.
    opened = max(work.ready_at, work.since + policy.window_ms / 1000)
    patience = now < work.ready_at + policy.overlap_wait_ms / 1000
    # Decision 60: a plan may lie elsewhere than its scope, so those its author knew of are looked for again here.
    known = (other for other in kernel.known_near(entry) if _is_before(kernel, entry, other))
    found = list(islice(known, WAITS_SHOWN_MAX))
    for other in kernel.unready_near(entry) if len(found) < WAITS_SHOWN_MAX else ():
        if are_concurrent(entry.stamp, other.stamp) and not kernel.is_halted(other):
            theirs, live = kernel.progress_of(other), kernel.lives.of(other)
            if live.state == States.HELD:
                awaited = frozenset((entry.id, other.id)) not in kernel.fold.board.cleared
            elif live.state == States.PARKED or other.body.kind not in RUNNING_KINDS:
                awaited = False
            else:
                awaited = patience and theirs.since <= opened and (live.state == States.PLANNING or not live.waits_for)
            if awaited and kernel.may_meet(other, entry):
                found.append(other)
                if len(found) == WAITS_SHOWN_MAX:
                    break
    assert all(other is not entry for other in found), "nobody waits for itself"
    return sorted(found, key=in_order)


def _is_before(kernel: KernelState, entry: Entry, other: Entry) -> bool:
    """C2: tell whether an intent that its author knew of must end before another one may commit."""
    # What is parked is waited for by who builds on it, as it is where it stands in the queue.
    is_apart = kernel.lives.state_of(other) == States.PARKED and not builds_on(entry, other)
    is_running = other.joins != entry.id and other.body.kind in RUNNING_KINDS
    return is_running and not is_apart and kernel.may_meet(other, entry)


def in_turns(kernel: KernelState) -> list[Entry]:
    """Return those that are queued, by when they came; who has fewest at work comes first where planners are short.

    A hundred instructions of one person hold nobody else up for longer than one of theirs takes.
    """
    index, slots = kernel.lives.index, kernel.fold.policy.slots
    busy = index.count(States.PLANNING)
    # While none is free it does not matter, and most turns find none or enough. Who was found to wait for nothing else
    # has been looked at: nothing can hold it back before one is free.
    if busy >= slots:
        return index.not_short()
    queued = index.of(States.QUEUED)
    if busy + len(queued) <= slots:
        return queued
    turns = Counter(entry.actor for entry in index.of(States.PLANNING))
    places = []
    for entry in queued:
        places.append(turns[entry.actor])
        turns[entry.actor] += 1
    assert len(places) == len(queued), "everybody has a place"
    return [entry for _, _, entry in sorted(zip(places, range(len(queued)), queued, strict=True))]
