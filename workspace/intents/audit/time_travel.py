"""Stand at any `seq` of a log without folding all of it: from the nearest checkpoint and what follows (semantics §6).

Documents come from the states kept with a checkpoint and the journal rows since; the board from what is known today,
with the intents that were still under way then put back to where they stood (`timeline.py`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

import msgspec

from crdt.breath import take_breath
from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.errors import CrdtError
from workspace.errors import LogCorrupt
from workspace.intents.model.bodies import CheckpointBody, CommitBody, ConfigBody, RecordKinds, UpdateBody
from workspace.intents.model.record import Row, read_row
from workspace.intents.state.board import Board, Entry
from workspace.intents.state.fold import MARKER, JournalLike, WorkspaceState
from workspace.intents.state.replay import REPLAY_CLIENT, JournalIndex

DOCUMENT_KINDS = frozenset({RecordKinds.UPDATE, RecordKinds.COMMIT, RecordKinds.CONFIG})


class StateAt(msgspec.Struct, frozen=True):
    """Where one intent stood at some `seq`."""

    intent: str
    seq: int
    actor: str
    text: str
    state: str
    reason: str = ""


def end_of_turn(rows: Sequence[Row], at: int) -> int:
    """Return the last record of the turn in which record `at` was written; `rows` begin with record 1.

    A turn is durable as one and has one time. Turns within one millisecond count as one, which is a little later.
    """
    assert 0 < at <= len(rows), "it is one of these records"
    here = rows[at - 1]
    assert here.seq == at, "rows begin with record 1"
    # Decision 59: cut between a commit and its verdict, a fork would carry the intent out a second time.
    while at < len(rows) and (rows[at].epoch, rows[at].at) == (here.epoch, here.at):
        at += 1
    return at


def last_journal_row(rows: Iterable[Row]) -> int:
    """Return the highest journal row that these records name, 0 for none."""
    last = 0
    for row in rows:
        match read_row(row).body if row.kind in DOCUMENT_KINDS else None:
            case UpdateBody() as body:
                last = max(last, body.last)
            case CommitBody() as body:
                last = max(last, *(part.jid for part in body.docs.values()), 0)
            case _:
                pass
    return last


def documents_at(
    checkpoint: CheckpointBody | None,
    states: Mapping[str, bytes],
    kinds: Mapping[str, DocumentKind],
    rows: Iterable[Row],
    journal: Iterable[JournalLike],
) -> dict[str, Document]:
    """Return the documents after the last of `rows`, which follow the checkpoint (None: the log's beginning).

    `states` are the documents as they were at the checkpoint, `journal` the rows since.

    Raises:
        LogCorrupt: a state is not the one the checkpoint names, or bytes are not the logged ones.
    """
    fold = WorkspaceState(client=REPLAY_CLIENT)
    index = JournalIndex.of(journal)
    try:
        at, kept = (checkpoint.head, checkpoint.documents) if checkpoint is not None else (0, {})
        for doc, digest in kept.items():
            if digest == MARKER:
                fold.quarantined[doc] = MARKER
                fold.kinds[doc] = kinds[doc]
                continue
            fold.create(doc, kinds[doc])
            if doc in states:
                fold.documents[doc] = Document.of_state(kinds[doc], states[doc], client=REPLAY_CLIENT)
            if fold.documents[doc].digest() != digest:
                raise LogCorrupt(f"the kept state of {doc} is not the one of the checkpoint after {at}")
            take_breath()
        for row in rows:
            if row.kind not in DOCUMENT_KINDS:
                continue
            record = read_row(row)
            take_breath()
            fold.feed(record, index.take(record))
            if isinstance(record.body, ConfigBody):
                for doc, kind in record.body.documents.items():
                    fold.create(doc, kind)
                for doc in record.body.quarantined:
                    fold.documents.pop(doc, None)
    except (ValueError, KeyError, CrdtError) as error:
        raise LogCorrupt(f"the log does not lead there: {error}") from error
    return fold.documents


def board_at(board: Board, seq: int) -> Iterator[StateAt]:
    """Yield where every intent stood after record `seq`, newest first; the board may not change meanwhile.

    Planning is not in the log, so who was being planned stands `queued`.
    """
    under_way = {entry.id for entry in board.timeline.under_way(seq)}
    for entry in board.timeline.until(seq):
        state, reason = _stood(entry, seq) if entry.id in under_way else (entry.state, entry.reason)
        yield StateAt(entry.id, entry.seq, entry.actor, entry.body.text, state, reason)


def _stood(entry: Entry, seq: int) -> tuple[str, str]:
    assert entry.seq <= seq, "it was accepted by then"
    moved = bisect_right(entry.moves, seq, key=attrgetter("seq"))
    return entry.moves[moved - 1][1:] if moved else ("queued", "")
