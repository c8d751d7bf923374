"""What is kept beside the log: states at checkpoints, roots of segments, and the disk as a crash leaves it.

Documents are summed up here from the raw journal alone; the sequencer's fold is only what they are compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.updates.scan import INTERNAL, scan_update
from tests.world.facts import Violation
from tests.world.scale import CHECKPOINT_RECORDS, SEGMENT_RECORDS
from workspace.intents.model.record import Row
from workspace.intents.model.segment import Segment
from workspace.ports import JournalRow, SnapshotRow

# One turn may log this much before its checkpoint comes.
TURN_RECORDS = 60


@dataclass(slots=True)
class Shadow:
    """One document as the sum of its journal rows up to `jid`."""

    document: Document
    jid: int = 0
    upto: int = 0


@dataclass(slots=True)
class Kept:
    """Follows snapshots, checkpoints and segments as they become durable."""

    rows: dict[str, list[JournalRow]] = field(default_factory=dict)
    shadows: dict[str, Shadow] = field(default_factory=dict)
    snapshots: dict[str, list[SnapshotRow]] = field(default_factory=dict)
    sealed: list[dict[str, Any]] = field(default_factory=list)
    checkpoint: int = 0
    states: int = 0

    def journaled(self, row: JournalRow) -> None:
        """Enter one journal row."""
        self.rows.setdefault(row.doc, []).append(row)

    def document_at(self, doc: str, kind: DocumentKind, jid: int) -> Document:
        """Return a document after journal row `jid`; asked for in ascending order it costs only what is new."""
        shadow = self.shadows.get(doc)
        if shadow is None or shadow.jid > jid:
            shadow = self.shadows[doc] = Shadow(Document(kind, client=3))
        rows = self.rows.get(doc, [])
        while shadow.upto < len(rows) and rows[shadow.upto].jid <= jid:
            update = rows[shadow.upto].update
            shadow.document.apply(update, scan_update(update, INTERNAL))
            shadow.upto += 1
        shadow.jid = jid
        return shadow.document

    def snapshot(self, row: SnapshotRow, kind: DocumentKind) -> None:
        """Look at a state that is kept: it must be the sum of all edits until then, and say so."""
        true = self.document_at(row.doc, kind, row.jid)
        kept = Document.of_state(kind, row.state, client=3)
        if kept.value() != true.value() or kept.digest() != true.digest() or row.digest != true.digest():
            raise Violation("I12", f"the kept state of {row.doc} at {row.jid} is {kept.value()}, not {true.value()}")
        self.snapshots.setdefault(row.doc, []).append(row)
        self.states += 1

    def entered(self, seq: int) -> None:
        """See that checkpoints come: record `seq` is in the log."""
        if seq - self.checkpoint > CHECKPOINT_RECORDS + TURN_RECORDS:
            raise Violation("I12", f"no checkpoint between {self.checkpoint} and {seq}")

    def point(self, seq: int, body: dict[str, Any], kinds: dict[str, DocumentKind], rows: Sequence[Row]) -> None:
        """Look at a checkpoint, once its whole batch is there."""
        self.checkpoint = seq
        for doc, digest in body["documents"].items():
            true = self.document_at(doc, kinds[doc], body["jid"])
            kept = next((row for row in reversed(self.snapshots.get(doc, [])) if row.jid <= body["jid"]), None)
            if true.digest() != digest:
                raise Violation("I12", f"checkpoint {seq} says that {doc} was something else than it was")
            has_rows = any(row.jid <= body["jid"] for row in self.rows.get(doc, [])[:1])
            if (has_rows and kept is None) or (kept is not None and kept.digest != digest):
                raise Violation("I12", f"checkpoint {seq} stands on no kept state of {doc}")
        self._seal(seq, body.get("segments", []), rows)

    def _seal(self, seq: int, segments: list[dict[str, Any]], rows: Sequence[Row]) -> None:
        for segment in segments:
            first = self.sealed[-1]["last"] + 1 if self.sealed else 1
            last = first + SEGMENT_RECORDS - 1
            root = sha256("".join(row.hash for row in rows[first - 1 : last]).encode()).hexdigest()
            if segment != {"first": first, "last": last, "root": f"sha256:{root}"}:
                raise Violation("I1", f"checkpoint {seq} holds {segment}, which is not the next segment")
            self.sealed.append(segment)
        whole = (seq - 1) // SEGMENT_RECORDS
        if len(self.sealed) != whole:
            raise Violation("I1", f"checkpoint {seq} holds {len(self.sealed)} segments of {whole}")

    def packing(self, segments: Sequence[Segment]) -> None:
        """See that only what a durable checkpoint holds is moved."""
        told = [msgspec.to_builtins(segment) for segment in segments]
        if told != self.sealed[: len(told)]:
            raise Violation("I11", f"packed before a durable checkpoint holds it: {told} of {self.sealed}")


def look_at_disk(
    log: Sequence[Row], journal: Sequence[JournalRow], documents: dict[str, Document], *, written: int
) -> None:
    """I11: whatever a server died of, the disk is a whole prefix: records, the edits they name, the same documents.

    `documents` are those of the log's fold, `written` is the number of records that were seen to become durable.
    """
    if [row.seq for row in log] != list(range(1, written + 1)):
        raise Violation("I11", f"the disk has {len(log)} records, {written} were written")
    if [row.jid for row in journal] != list(range(1, len(journal) + 1)):
        raise Violation("I11", "the journal on the disk has a hole")
    rebuilt = {doc: Document(document.kind, client=3) for doc, document in documents.items()}
    for row in log:
        if row.kind in ("update", "commit"):
            for part in _named(row, journal):
                rebuilt[part.doc].apply(part.update, scan_update(part.update, INTERNAL))
    for doc, document in documents.items():
        if rebuilt[doc].value() != document.value() or rebuilt[doc].digest() != document.digest():
            raise Violation("I11", f"{doc} on the disk is {rebuilt[doc].value()}, in the log {document.value()}")


def _named(row: Row, journal: Sequence[JournalRow]) -> list[JournalRow]:
    """Return the journal rows that a record names; each must be there, byte for byte."""
    body = msgspec.json.decode(row.body)
    found: list[JournalRow] = []
    if row.kind == "update":
        span = journal[body["first"] - 1 : body["last"]]
        found = [one for one in span if one.doc == body["doc"] and one.lane == body["lane"]]
        sums = [(found, body["sha"])]
        if len(found) != body["count"]:
            raise Violation("I11", f"record {row.seq} names {body['count']} edits, {len(found)} are on the disk")
    else:
        sums = []
        for doc, part in body["docs"].items():
            own = [one for one in journal[part["jid"] - 1 : part["jid"]] if one.doc == doc]
            sums.append((own, part["sha"]))
            found += own
    for rows, sha in sums:
        if f"sha256:{sha256(b''.join(one.update for one in rows)).hexdigest()}" != sha:
            raise Violation("I11", f"the edits of record {row.seq} are not on the disk")
    return found
