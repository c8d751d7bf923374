"""The log again: fold it, and stand at any `seq` of it (semantics §6). No clock, no network, no oracle.

A replay recomputes the hash chain, the bytes behind every update and commit, and state digests where it is asked to. It
says what the log holds; whether that was allowed is the audit's question (`audit/verify.py`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from crdt.breath import take_breath
from crdt.digest import digest_value
from crdt.documents.document import Document
from crdt.errors import CrdtError
from workspace.errors import LogCorrupt
from workspace.intents.model.bodies import CheckpointBody, CommitBody, ConfigBody, UpdateBody
from workspace.intents.model.record import Record, Row, is_linked, read_row
from workspace.intents.state.fold import UNREADABLE, Break, JournalLike, WorkspaceState, unreadable

T = TypeVar("T")
REPLAY_CLIENT = 2
NEVER = 1 << 53
NOT_AS_IT_WAS = "its edits give another document than stood here: bytes that no client makes can have no one order"


class LostDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """A document that is not what the log says: from which record, at or after which journal row, and why.

    `put_aside` is the record from which on the log goes on without it, 0 where it does not say so.
    """

    doc: str
    seq: int
    reason: str
    row: int = 0
    put_aside: int = 0


@dataclass(slots=True)
class JournalIndex:
    """Journal rows by number and by (document, lane), so that a record finds the bytes it names."""

    rows: dict[int, JournalLike] = field(default_factory=dict)
    by_lane: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)

    @staticmethod
    def of(journal: Iterable[JournalLike]) -> JournalIndex:
        """Return the index of rows given in ascending order of `jid`."""
        index = JournalIndex()
        index.add(journal)
        return index

    def add(self, journal: Iterable[JournalLike]) -> None:
        """Add rows that follow."""
        for row in journal:
            self.rows[row.jid] = row
            self.by_lane.setdefault((row.doc, row.lane), []).append(row.jid)

    def take(self, record: Record) -> list[JournalLike]:
        """Return the rows that a record names and mark them as sequenced."""
        match record.body:
            case UpdateBody() as body:
                jids = self.by_lane.get((body.doc, body.lane), [])
                named = jids[bisect_left(jids, body.first) : bisect_right(jids, body.last)]
            case CommitBody() as body:
                named = [part.jid for part in body.docs.values() if part.jid in self.rows]
            case _:
                return []
        assert self.used.isdisjoint(named), "a row of the journal is named by one record"
        self.used.update(named)
        return [self.rows[jid] for jid in named]

    def unsequenced(self) -> list[JournalLike]:
        """Return the rows that no record has named, in journal order."""
        return [row for jid, row in sorted(self.rows.items()) if jid not in self.used]


@dataclass(slots=True)
class Replay:
    """A fold under way: feed it rows in order. It stops at the first thing that is not as it was logged."""

    fold: WorkspaceState
    index: JournalIndex
    last: Row | None = None
    states: int = 0
    states_from: int = 1
    unchecked: int = 0
    put_aside: dict[str, int] = field(default_factory=dict)

    def step(self, row: Row) -> Record:
        """Enter one row.

        Raises:
            LogCorrupt: the chain is broken, the bytes or the state are not the logged ones.
            RecordUnknown, LogNewer: a newer version wrote it.
        """
        record = self.read(row)
        self.enter(record)
        return record

    def read(self, row: Row) -> Record:
        """Return the record of the next row; the state is still the one before it.

        Raises:
            LogCorrupt: the chain is broken.
            RecordUnknown, LogNewer: a newer version wrote it.
        """
        # The chain first: what does not follow is not worth reading.
        if not is_linked(row, self.last):
            raise LogCorrupt(f"record {row.seq} does not follow from the one before it: its hash is not reproduced")
        try:
            return read_row(row)
        except ValueError as error:
            raise LogCorrupt(f"record {row.seq} cannot be entered: {error}") from error

    def enter(self, record: Record) -> None:
        """Enter the record that was read.

        Raises:
            LogCorrupt: the bytes or the state are not the logged ones.
        """
        was_strict = self.fold.is_strict
        try:
            self.fold.feed(record, self.index.take(record))
            self.fold.apply(record)
            if self.fold.is_strict and not was_strict:
                self.read_again(record.seq)
        except (ValueError, KeyError, CrdtError, AssertionError) as error:
            raise LogCorrupt(f"record {record.seq} cannot be entered: {error}") from error
        if isinstance(record.body, ConfigBody):
            self.put_aside.update(dict.fromkeys(record.body.quarantined, record.seq))
        # Decision 47: a state is the sum of all before it, so an opening looks at the last one alone.
        if record.seq >= self.states_from:
            self._check_state(record)
        assert record.seq == self.fold.seq, "what was read is what was entered"
        self.last = record.row

    def read_again(self, seq: int) -> None:
        """Build documents anew in which folkmoot 0.1 may have had a character cut otherwise than Yjs cuts it.

        What pycrdt makes of such a cut is not what it reads from its own bytes: no fork would be like the document.
        """
        fold = self.fold
        for doc in [doc for doc, document in fold.documents.items() if document.has_pairs]:
            fold.documents[doc] = Document(fold.kinds[doc], client=fold.client)
            # All that was journaled by then was in records, too: a server opens with no run under way.
            for jid, row in sorted(self.index.rows.items()):
                if row.doc == doc and jid <= fold.jid:
                    fold.integrate(row, seq)

    def _check_state(self, record: Record) -> None:
        match record.body:
            case CommitBody(state=expected) | CheckpointBody(state=expected):
                self.doubt(record.seq)
                if self.fold.unsettled:
                    self._check_others(record)
                elif self.fold.state() != expected:
                    self._as_arrived(record, record.body)
                else:
                    self.states += 1
            case _:
                pass

    def _as_arrived(self, record: Record, body: CommitBody | CheckpointBody) -> None:
        """Look which document is another than a record says, and go on with what was there or without it.

        Bytes made by hand can be such that they have no one order: then a document depends on the order in which its
        edits came, and records name them person by person. So it is built from its rows as they came; where that is not
        what was there either, it is lost.

        Raises:
            LogCorrupt: nobody can say which document it is.
        """
        if self.fold.is_said_by_chance:
            self.unchecked += 1
            return
        others = self._built_from_rows()
        digests = {doc: document.digest() for doc, document in others.items()}
        if isinstance(body, CheckpointBody):
            wrong = {doc for doc, digest in self.fold.digests().items() if body.documents.get(doc) != digest}
            right = {doc for doc in wrong if digests.get(doc) == body.documents.get(doc)}
        else:
            is_it = digest_value({**self.fold.digests(), **digests}) == body.state
            right = set(others) if is_it else set()
            apart = {doc for doc, document in self.fold.documents.items() if _is_apart(document)}
            wrong = right or apart | others.keys()
        assert right <= wrong, "what comes out right in another order was wrong in this one"
        if not wrong:
            raise LogCorrupt(f"record {record.seq} says the state was {body.state}, replay gives another")
        self.fold.documents.update((doc, others[doc]) for doc in right)
        for doc in sorted(wrong - right):
            self._lose(doc, record.seq)
        self.states += wrong == right
        self.unchecked += wrong != right

    def _lose(self, doc: str, seq: int) -> None:
        self.fold.lose(Break(doc, seq, self.fold.rows.get(doc, 0), NOT_AS_IT_WAS, is_state=True))

    def _built_from_rows(self) -> dict[str, Document]:
        """Return the documents that are others where the rows that records have named are taken in journal order."""
        rows: dict[str, list[int]] = {}
        for jid in sorted(self.index.used):
            rows.setdefault(self.index.rows[jid].doc, []).append(jid)
        found = {}
        for doc, document in self.fold.documents.items():
            again = Document(document.kind, client=self.fold.client)
            again.is_strict = self.fold.is_strict
            try:
                for jid in rows.get(doc, []):
                    again.apply(self.index.rows[jid].update)
                if again.digest() != document.digest():
                    found[doc] = again
            except UNREADABLE:
                continue
        return found

    def doubt(self, seq: int) -> None:
        """Lose the documents whose state after record `seq` cannot be read."""
        for doc, reason in unreadable(self.fold.documents).items():
            self.fold.lose(Break(doc, seq, self.fold.rows.get(doc, 0), reason, is_state=True))

    def _check_others(self, record: Record) -> None:
        """Compare what can be: a checkpoint names each document, a commit one digest of all."""
        self.unchecked += 1
        if isinstance(record.body, CheckpointBody):
            for doc, digest in self.fold.digests().items():
                if record.body.documents.get(doc) != digest:
                    self._lose(doc, record.seq)

    def lost(self) -> tuple[LostDocument, ...]:
        """Return every document that was put aside, or could not be rebuilt here."""
        found = []
        for doc in sorted({*self.fold.breaks, *self.fold.quarantined}):
            kept, at = self.fold.breaks.get(doc), self.put_aside.get(doc, 0)
            if kept is not None:
                found.append(LostDocument(doc, kept.seq, kept.words, kept.jid, at))
            else:
                found.append(LostDocument(doc, at, self.fold.quarantined[doc], self.fold.rows.get(doc, 0), at))
        return tuple(found)


def _is_apart(document: Document) -> bool:
    try:
        return document.is_apart()
    except UNREADABLE:
        return True


def start_replay(journal: Iterable[JournalLike], *, client: int = REPLAY_CLIENT, states_from: int = 1) -> Replay:
    """Return an empty replay over these journal rows (ascending).

    Chain and bytes are verified everywhere, the digest of all documents at the commits and checkpoints from record
    `states_from` on: at every one that is two thirds of the time of a fold.
    """
    return Replay(WorkspaceState(client=client), JournalIndex.of(journal), states_from=states_from)


def fold_log(
    rows: Iterable[Row], journal: Iterable[JournalLike], *, to: int | None = None, client: int = REPLAY_CLIENT
) -> WorkspaceState:
    """Return the state of a workspace after record `to`, or after its last; `verify` checks every state on the way.

    Raises:
        LogCorrupt: see `Replay.step`.
    """
    replay = start_replay(journal, client=client, states_from=NEVER)
    for row in rows:
        if to is not None and row.seq > to:
            break
        replay.step(row)
        take_breath()
    return replay.fold
