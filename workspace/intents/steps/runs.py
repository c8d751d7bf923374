"""Open runs: human document updates on their way to becoming one `update` record (semantics §1.1).

Every update is journaled raw at once; a run of one lane in one document is closed into a record after 200 ms and
always before an intent, a snapshot or a commit. Runs that are open together in one document never depend on each
other: an update that builds on another lane's open run closes that document's runs first. So the records can be
replayed in `seq` order and every update finds what it refers to (semantics F4).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import msgspec

from crdt.documents.backing import Applied
from crdt.updates.scan import normalise_ranges
from crdt.updates.summary import UpdateSummary
from workspace.intents.model.bodies import UpdateBody
from workspace.intents.model.intent import Role
from workspace.intents.state.history import spans_of, spans_of_ranges
from workspace.intents.steps.turn import Turn

RUN_SECONDS_MAX = 0.2
RUN_BYTES_MAX = 1 << 20


@dataclass(slots=True)
class Run:
    """Journaled updates of one lane in one document that no record names yet."""

    doc: str
    lane: str
    actor: str
    opened_at: float
    first: int
    # What its author is in the workspace, where rules of rights stand; after a crash nobody knows.
    role: Role | None = None
    last: int = 0
    count: int = 0
    size: int = 0
    sha: hashlib._Hash = field(default_factory=hashlib.sha256)
    inserted: dict[int, tuple[int, int]] = field(default_factory=dict)
    deleted: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def add(self, jid: int, applied: Applied) -> None:
        """Take in one more update of this lane."""
        assert jid > self.last, "rows of the journal come in order"
        self.last = jid
        self.count += 1
        self.size += len(applied.update)
        self.sha.update(applied.update)
        for client, (start, end) in applied.inserted.items():
            low, high = self.inserted.get(client, (start, end))
            self.inserted[client] = (min(low, start), max(high, end))
        for client, ranges in applied.deleted.items():
            self.deleted.setdefault(client, []).extend(ranges)

    def holds(self, client: int, clock: int) -> bool:
        """Tell whether this run inserted the id just below `clock` of `client`, or one after it."""
        span = self.inserted.get(client)
        return span is not None and clock > span[0]

    def body(self) -> UpdateBody:
        """Return the record body that closes this run."""
        assert self.count > 0, "a run is opened by an update"
        assert self.first <= self.last, "a run has a first row and a last"
        ranges = {client: normalise_ranges(spans) for client, spans in self.deleted.items()}
        return UpdateBody(
            doc=self.doc,
            lane=self.lane,
            first=self.first,
            last=self.last,
            count=self.count,
            size=self.size,
            sha=f"sha256:{self.sha.hexdigest()}",
            inserted=spans_of(self.inserted),
            deleted=spans_of_ranges(ranges),
            role=self.role or msgspec.UNSET,
        )


@dataclass(slots=True)
class Runs:
    """All open runs of a workspace, in the order in which they were opened.

    An edit looks at those of its own document only, and a turn at none: in a workspace that thousands edit there are
    always hundreds.
    """

    open: dict[tuple[str, str], Run] = field(default_factory=dict)
    _of_doc: dict[str, dict[str, Run]] = field(default_factory=dict)
    # When the oldest was opened; the clock may have gone back since, so it need not be the first.
    _oldest: float | None = None

    def add(
        self,
        turn: Turn,
        jid: int,
        applied: Applied,
        scan: UpdateSummary,
        *,
        doc: str,
        lane: str,
        actor: str,
        role: Role | None = None,
    ) -> None:
        """Enter one journaled update; close the document's runs first where it builds on another lane's.

        What was typed with another `role` is another run.
        """
        # Decision 3: records are replayed in `seq` order, and pycrdt loses an update that comes before what it needs.
        mates = self._of_doc.get(doc)
        if mates and any(self._builds_on(run, scan) for run in mates.values() if run.lane != lane):
            self.close(turn, doc=doc)
        run = self.open.get((doc, lane))
        role = role if turn.fold.rights else None
        if run is None or run.size > RUN_BYTES_MAX or run.role != role:
            if run is not None:
                self.close(turn, doc=doc)
            run = self.open[(doc, lane)] = Run(doc, lane, actor, turn.now, jid, role)
            self._of_doc.setdefault(doc, {})[lane] = run
            self._oldest = turn.now if self._oldest is None else min(self._oldest, turn.now)
        run.add(jid, applied)

    def close(self, turn: Turn, *, doc: str | None = None) -> None:
        """Close all open runs, or those of one document, in the order of their first update."""
        closed = list(self.open.values() if doc is None else self._of_doc.get(doc, {}).values())
        if len(closed) == len(self.open):
            # A dict that was emptied piece by piece keeps its room.
            self.open.clear()
            self._of_doc.clear()
        for run in closed:
            self.open.pop((run.doc, run.lane), None)
            self._of_doc.pop(run.doc, None)
            turn.append(run.body(), run.actor)
        if closed:
            self._oldest = min((run.opened_at for run in self.open.values()), default=None)

    def due_at(self) -> float | None:
        """Return when the oldest open run must be closed, in unix seconds."""
        return None if self._oldest is None else self._oldest + RUN_SECONDS_MAX

    @staticmethod
    def _builds_on(run: Run, scan: UpdateSummary) -> bool:
        continued = ((client, start) for client, (start, _) in scan.inserted.items())
        return any(run.holds(client, clock) for client, clock in (*scan.needs.items(), *continued))
