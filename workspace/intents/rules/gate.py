"""May this plan be committed now? The pure half of the causal gate: C1, C2, C4 and C5 (semantics §5).

C1 what the author's edits were is here; C2 what the author knew of is settled; C4 what was read still stands, by value;
C5 the author may do this and every stated expectation holds. C3, what nobody knew of is decided, is the commit round's:
`steps/commit_round` asks `rules/conflict` for late rivals, and the audit's `precedence` looks at it from the log.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence

from crdt.digest import canonical
from crdt.documents.document import Document
from crdt.errors import CrdtError, StaleRead
from crdt.operations.fork import Ran, run
from crdt.updates.scan import scan_state_vector
from workspace.errors import Refusal
from workspace.intents.model.bodies import PlanBody
from workspace.intents.model.causality import happened_before
from workspace.intents.model.intent import RUNNING_KINDS, Expect, Need
from workspace.intents.rules.conflict import Documents
from workspace.intents.state.board import Entry
from workspace.intents.state.fold import WorkspaceState

LOST_REMEDY = "Go on in another document; a fork of the workspace from before it broke still has it."
# One document's socket: the lane it belongs to, and the document.
Socket = tuple[str, str]


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


def lacks_updates(
    entry: Entry, documents: Documents, *, sent: Mapping[Socket, int], synced: Mapping[Socket, int], since: int
) -> tuple[str, ...]:
    """C1: return the documents in which edits the author depends on have not arrived.

    `sent` counts the updates that came on each socket, `synced` is the turn of its last full sync, `since` the turn in
    which the intent was accepted. A state vector does not move for a deletion (semantics F1), so the count decides,
    too; a full sync on a newer socket of the lane settles both.
    """
    missing = []
    for doc, need in entry.body.needs.items():
        document = documents.get(doc)
        if document is None:
            continue
        known = document.state_vector()
        behind = any(known.get(client, 0) < clock for client, clock in read_need(need).items())
        key = (entry.body.lane, doc)
        resynced = synced.get(key, -1) > since
        if behind or (sent.get(key, 0) < need.sent and not resynced):
            missing.append(doc)
    return tuple(missing)


def predecessors(
    entry: Entry,
    others: Iterable[Entry],
    *,
    may_meet: Callable[[Entry], bool],
    is_parked: Callable[[Entry], bool] = lambda _: False,
) -> list[Entry]:
    """C2: return the intents its author knew of and that may touch the same place.

    `others` are live and in log order; `may_meet` tells of one whether it may work where this one does (L1),
    `is_parked` whether it waits for edits of its own author: that holds up who builds on it alone (`builds_on`).
    """
    found, seen, lane = [], entry.body.seen, entry.body.lane
    for other in others:  # in log order: what lies behind an intent is not its past
        if other.seq >= entry.seq:
            break
        if (other.seq <= seen or other.body.lane == lane) and other.body.kind in RUNNING_KINDS:
            assert happened_before(other.stamp, entry.stamp), "what was seen, or came before on the lane, is its past"
            if may_meet(other) and (builds_on(entry, other) or not is_parked(other)):
                found.append(other)
    assert not found or found[-1].seq < entry.seq, "what comes before it lies before it in the log"
    return found


def builds_on(entry: Entry, other: Entry) -> bool:
    """Tell whether an intent makes no sense before an earlier one: it is of the same lane, or names it.

    Who merely saw one that is parked need not wait: nobody can say whether its edits ever come. It is then the later
    word that was done first, and goes under only by a decision (decision 65).
    """
    return other.body.lane == entry.body.lane or other.id in entry.body.refs


def try_plan(plan: PlanBody, documents: Documents, *, client: int) -> Ran | Refusal:
    """C4: execute a plan on forks of the documents under `client`; a refusal says what no longer holds."""
    # Decision 66: what was only seen in outline makes no plan stale, or any keystroke anywhere would starve the agent.
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


def docs_of(plan: PlanBody) -> set[str]:
    """Return every document that a plan writes or reads, weakly too."""
    found = {op.doc for op in plan.ops} | {reading.doc for reading in plan.reads}
    assert plan.docs <= found, "where a plan works is part of what it touches"
    return found


def refuse_lost(fold: WorkspaceState, docs: Iterable[str]) -> Refusal | None:
    """Return why nothing may be done with these documents, or None."""
    lost = sorted({doc for doc in docs if doc in fold.quarantined})
    if not lost:
        return None
    assert fold.documents.keys().isdisjoint(lost), "what is put aside is nobody's to read"
    reason = f"{', '.join(lost)} cannot be read any more: {fold.quarantined[lost[0]]}."
    return Refusal("document_broken", reason, LOST_REMEDY)
