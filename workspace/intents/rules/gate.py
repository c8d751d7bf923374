"""May this plan be committed now? The causal gate C1 to C5 (semantics §5).

C1 what the author's edits were is here; C2 what the author knew of is settled; C3 what nobody knew of is decided;
C4 what was read still stands, by value; C5 the author may do this and every stated expectation holds.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Sequence

from crdt.digest import canonical
from crdt.documents.document import Document
from crdt.errors import CrdtError, StaleRead
from crdt.operations.fork import Ran, run
from crdt.updates.scan import scan_state_vector
from workspace.errors import Refusal
from workspace.intents.model.bodies import PlanBody
from workspace.intents.model.causality import happened_before
from workspace.intents.model.intent import RUNNING_KINDS, Expect, Need, States, rank_of
from workspace.intents.rules.conflict import Documents, anchored_docs, overlap
from workspace.intents.state.board import Entry
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import Turn

EDIT_RANK = rank_of("editor")
WAITS_SHOWN_MAX = 8


def read_need(need: Need) -> dict[int, int]:
    """Return the state vector of a dependency.

    Raises:
        CrdtError, ValueError: it is not base64 of a bounded Yjs state vector.
    """
    if not need.sv:
        return {}
    try:
        return scan_state_vector(b64decode(need.sv, validate=True))
    except binascii.Error as error:
        raise ValueError("needs.sv is not base64") from error


def lacks_updates(entry: Entry, kernel: KernelState) -> tuple[str, ...]:
    """C1: return the documents in which edits the author depends on have not arrived.

    A state vector does not move for a deletion (semantics F1), so the number of updates sent on the document's socket
    counts too; a full sync on a newer socket of the lane settles both.
    """
    missing = []
    for doc, need in entry.body.needs.items():
        document = kernel.fold.documents.get(doc)
        if document is None:
            continue
        known = document.state_vector()
        behind = any(known.get(client, 0) < clock for client, clock in read_need(need).items())
        key = (entry.body.lane, doc)
        resynced = kernel.synced.get(key, -1) > kernel.progress_of(entry).turn
        if behind or (kernel.sent.get(key, 0) < need.sent and not resynced):
            missing.append(doc)
    return tuple(missing)


def predecessors(entry: Entry, kernel: KernelState) -> list[Entry]:
    """C2: return the unsettled intents its author knew of and that may touch the same place."""
    found, seen, lane = [], entry.body.seen, entry.body.lane
    for other in kernel.neighbours(entry):  # in log order: what lies behind an intent is not its past
        if other.seq >= entry.seq:
            break
        if (other.seq <= seen or other.body.lane == lane) and other.body.kind in RUNNING_KINDS:
            assert happened_before(other.stamp, entry.stamp), "what was seen, or came before on the lane, is its past"
            if may_meet(other, entry, kernel):
                found.append(other)
    return found


def is_blocked(kernel: KernelState, turn: Turn, entry: Entry) -> bool:
    """Tell whether a queued intent waits for earlier ones, and show the nearest of them.

    It then sleeps: while those nearest are there and where they were, nothing can free it, and no event looks at it.
    """
    before = predecessors(entry, kernel)[-WAITS_SHOWN_MAX:]
    if before:
        nearest = tuple(other.id for other in before)
        turn.state(entry, "queued", waits_for=nearest, reason="Waits for earlier ones.")
        tied = set[str]().union(*(anchored_docs(one) for one in (entry, *before)))
        kernel.fold.board.live_index.sleep(entry, behind=nearest, tied=tuple(tied))
    return bool(before)


def rivals_to_await(entry: Entry, kernel: KernelState, now: float) -> list[Entry]:
    """C2 and C3: return the intents that must end, be planned or be settled before this one may commit.

    Those its author knew of must have ended where they work in its place: a plan may lie elsewhere than its scope.
    Only those accepted before this plan was ready and its window over are awaited, and only `overlap_wait_ms` long, so
    that a stream of newcomers cannot starve anybody; who comes later meets the commit as a late conflict. An intent
    that waits for an answer is awaited without that bound: its question has a deadline.
    """
    work, policy = kernel.progress_of(entry), kernel.fold.policy
    opened = max(work.ready_at, work.since + policy.window_ms / 1000)
    patience = now < work.ready_at + policy.overlap_wait_ms / 1000
    found = []
    seen, seq, lane = entry.body.seen, entry.seq, entry.body.lane
    for other in kernel.neighbours(entry):
        if other.seq <= seen or (other.body.lane == lane and other.seq < seq):
            if other.joins != entry.id and other.body.kind in RUNNING_KINDS and may_meet(other, entry, kernel):
                found.append(other)
            continue
        if seq <= other.body.seen or other.body.lane == lane or kernel.is_halted(other):
            continue  # that one knew of this one, is this one, or comes after it because the agent is stopped
        theirs = kernel.progress_of(other)
        if other.state == States.HELD:
            awaited = not _is_cleared(entry, other, kernel)
        elif other.state in (States.PARKED, States.READY) or other.body.kind not in RUNNING_KINDS:
            awaited = False
        else:
            awaited = patience and theirs.since <= opened and (other.state == States.PLANNING or not other.waits_for)
        if awaited and may_meet(other, entry, kernel):
            found.append(other)
    return found


def may_meet(one: Entry, other: Entry, kernel: KernelState) -> bool:
    """L1: tell whether two intents may touch the same place."""
    return overlap(kernel.areas_of(one), kernel.areas_of(other))


def _is_cleared(one: Entry, other: Entry, kernel: KernelState) -> bool:
    return frozenset((one.id, other.id)) in kernel.fold.board.cleared


def try_plan(plan: PlanBody, documents: Documents, *, client: int) -> Ran | Refusal:
    """C4: execute a plan on forks of the documents under `client`; a refusal says what no longer holds."""
    try:
        ran = run(documents, plan.ops, plan.reads, client=client)
    except StaleRead as stale:
        return Refusal("stale_read", stale.reason, stale.remedy)
    except CrdtError as error:
        return Refusal(error.code, error.reason, error.remedy)
    return ran


def unmet_expectation(expects: Sequence[Expect], documents: Documents) -> Expect | None:
    """C5: return the first stated expectation that does not hold now (Bayou's dependency check)."""
    for expect in expects:
        document = documents.get(expect.doc)
        if document is None or canonical(value_at(document, expect)) != canonical(expect.equals):
            return expect
    return None


def value_at(document: Document, expect: Expect) -> object:
    """Return the value an expectation speaks of; None where there is nothing."""
    value = document.value()
    for key in expect.path:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
            value = value[key]
        else:
            return None
    return value


def may_edit(entry: Entry) -> bool:
    """C5: tell whether the author's own rights cover the agent's edit; the agent never has more."""
    return entry.rank >= EDIT_RANK
