"""Read a whole log, page by page."""

from __future__ import annotations

from workspace.intents.record import Row
from workspace.ports import JournalRow, Store

PAGE = 50_000


async def read_all(store: Store, ws: str) -> tuple[list[Row], list[JournalRow]]:
    """Return the whole log and journal of a workspace."""
    rows: list[Row] = []
    while page := await store.rows(ws, first=len(rows) + 1, limit=PAGE):
        rows += page
    journal: list[JournalRow] = []
    while part := await store.journal(ws, first=len(journal) + 1, limit=PAGE):
        journal += part
    return rows, journal
