"""Read a whole log, page by page; or just what is needed to stand at one `seq` of it."""

from __future__ import annotations

from collections.abc import Mapping

from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from workspace.errors import RecordUnknown, SegmentCorrupt
from workspace.intents.audit.time_travel import documents_at, last_journal_row
from workspace.intents.audit.verify import Report, verify
from workspace.intents.model.bodies import CheckpointBody, RecordKinds
from workspace.intents.model.record import Row, read_row
from workspace.intents.sequencer import CHECKPOINT_RECORDS
from workspace.ports import JournalRow, Store
from workspace.threads import compute

PAGE = 50_000
# A turn may add a few records before its checkpoint comes.
USUALLY_WITHIN = CHECKPOINT_RECORDS + 100


async def read_all(store: Store, ws: str) -> tuple[list[Row], list[JournalRow]]:
    """Return the whole log and journal of a workspace."""
    return await read_rest(store, ws, rows=0, journal=0)


async def read_rest(store: Store, ws: str, *, rows: int, journal: int) -> tuple[list[Row], list[JournalRow]]:
    """Return what log and journal hold after the first so many rows."""
    more = page = await store.rows(ws, first=rows + 1, limit=PAGE)
    while len(page) == PAGE:
        page = await store.rows(ws, first=rows + len(more) + 1, limit=PAGE)
        more += page
    later = part = await store.journal(ws, first=journal + 1, limit=PAGE)
    while len(part) == PAGE:
        part = await store.journal(ws, first=journal + len(later) + 1, limit=PAGE)
        later += part
    return more, later


async def verify_log(store: Store, ws: str) -> Report:
    """Return whether the whole log of a workspace is as it was written, its packed segments too."""
    try:
        rows, journal = await read_all(store, ws)
    except (SegmentCorrupt, RecordUnknown) as fault:
        seq = fault.seq if isinstance(fault, RecordUnknown) else fault.first
        return Report(False, seq, 0, 0, first_bad=seq, reason=fault.reason, code=fault.code)
    return await compute(verify, rows, journal)


async def read_documents(store: Store, ws: str, seq: int, kinds: Mapping[str, DocumentKind]) -> dict[str, Document]:
    """Return the documents as they were after record `seq`, from the nearest checkpoint. Raises `LogCorrupt`."""
    assert seq >= 1, "there are no documents before the first record"
    near = max(1, seq - USUALLY_WITHIN)
    rows = await store.rows(ws, first=near, last=seq, limit=PAGE)
    mark = _last_checkpoint(rows)
    if mark is None and near > 1:
        mark, rows = await _checkpoint_before(store, ws, near - 1), []
    checkpoint = read_row(mark).body if mark is not None else None
    assert checkpoint is None or isinstance(checkpoint, CheckpointBody), "a row is of the kind that was asked for"
    first, jid = (mark.seq + 1, checkpoint.jid) if mark is not None and checkpoint is not None else (1, 0)
    states = {row.doc: row.state for row in await store.snapshots(ws, jid=jid)} if jid else {}
    rows = [row for row in rows if row.seq >= first]
    while page := await store.rows(ws, first=first + len(rows), last=seq, limit=PAGE):
        rows += page
    last = await compute(last_journal_row, rows)
    journal: list[JournalRow] = []
    while part := await store.journal(ws, first=jid + 1 + len(journal), last=last, limit=PAGE):
        journal += part
    return await compute(documents_at, checkpoint, states, kinds, rows, journal)


async def _checkpoint_before(store: Store, ws: str, seq: int) -> Row | None:
    """Return the last checkpoint not after `seq` that kept documents; older servers wrote some that did not."""
    for first in (max(1, seq - 2 * CHECKPOINT_RECORDS), 1):
        found = _last_checkpoint(await store.rows(ws, first=first, last=seq, kind="checkpoint", limit=PAGE))
        if found is not None:
            return found
    return None


def _last_checkpoint(rows: list[Row]) -> Row | None:
    for row in reversed(rows):
        body = read_row(row).body if row.kind == RecordKinds.CHECKPOINT else None
        if isinstance(body, CheckpointBody) and body.jid:
            return row
    return None
