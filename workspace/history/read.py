"""Read a whole log, page by page; or just what is needed to stand at one `seq` of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from workspace.errors import SegmentCorrupt
from workspace.intents.audit.time_travel import documents_at, last_journal_row
from workspace.intents.audit.verify import Report, verify
from workspace.intents.model.bodies import CheckpointBody
from workspace.intents.model.record import Row, read_row
from workspace.intents.sequencer import CHECKPOINT_RECORDS
from workspace.ports import JournalRow, Store

PAGE = 50_000
# A turn may add a few records before its checkpoint comes.
USUALLY_WITHIN = CHECKPOINT_RECORDS + 100


async def read_all(store: Store, ws: str) -> tuple[list[Row], list[JournalRow]]:
    """Return the whole log and journal of a workspace."""
    rows = page = await store.rows(ws, limit=PAGE)
    while len(page) == PAGE:
        page = await store.rows(ws, first=len(rows) + 1, limit=PAGE)
        rows += page
    journal = part = await store.journal(ws, limit=PAGE)
    while len(part) == PAGE:
        part = await store.journal(ws, first=len(journal) + 1, limit=PAGE)
        journal += part
    return rows, journal


async def verify_log(store: Store, ws: str) -> Report:
    """Return whether the whole log of a workspace is as it was written, its packed segments too."""
    try:
        rows, journal = await read_all(store, ws)
    except SegmentCorrupt as fault:
        return Report(False, fault.first, 0, 0, first_bad=fault.first, reason=fault.reason, code=fault.code)
    return await asyncio.to_thread(verify, rows, journal)


async def read_documents(store: Store, ws: str, seq: int, kinds: Mapping[str, DocumentKind]) -> dict[str, Document]:
    """Return the documents as they were after record `seq`, from the nearest checkpoint. Raises `LogCorrupt`."""
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
    last = await asyncio.to_thread(last_journal_row, rows)
    journal: list[JournalRow] = []
    while part := await store.journal(ws, first=jid + 1 + len(journal), last=last, limit=PAGE):
        journal += part
    return await asyncio.to_thread(documents_at, checkpoint, states, kinds, rows, journal)


async def _checkpoint_before(store: Store, ws: str, seq: int) -> Row | None:
    """Return the last checkpoint not after `seq` that kept documents; older servers wrote some that did not."""
    for first in (max(1, seq - 2 * CHECKPOINT_RECORDS), 1):
        found = _last_checkpoint(await store.rows(ws, first=first, last=seq, kind="checkpoint", limit=PAGE))
        if found is not None:
            return found
    return None


def _last_checkpoint(rows: list[Row]) -> Row | None:
    for row in reversed(rows):
        body = read_row(row).body if row.kind == "checkpoint" else None
        if isinstance(body, CheckpointBody) and body.jid:
            return row
    return None
