"""The bytes of a file out of the store: in order, a piece at a time, and whether they are still what its id says."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable

from workspace.intents.model.blobs import PIECE_BYTES, BlobRow
from workspace.ports import Store


class BytesMissing(Exception):
    """Some of a file is not there: it went while it was read, or the database lost it."""


async def octets_of(store: Store, row: BlobRow, *, first: int = 0, last: int | None = None) -> AsyncIterator[bytes]:
    """Yield bytes `first` to `last` of a file, both counted in, at most a piece at a time.

    Raises:
        BytesMissing: some of them are not there.
        StoreFault: the database failed.
    """
    at, end = first, row.size if last is None else last + 1
    assert 0 <= at <= end <= row.size, "a part is inside the file"
    while at < end:
        number, start = divmod(at, PIECE_BYTES)
        piece = await store.piece(row.content, number)
        wanted = (piece or b"")[start : start + end - at]
        if not wanted:
            raise BytesMissing(f"{row.sha} ends at byte {at} of {row.size}")
        yield wanted
        at += len(wanted)
    assert at == end, "no more is handed out than was asked for"


async def find_damage(store: Store, row: BlobRow) -> str:
    """Return what is wrong with the bytes of a file, in words; empty where they are what its id says."""
    digest = hashlib.sha256()
    try:
        async for octets in octets_of(store, row):
            digest.update(octets)
    except BytesMissing as missing:
        return str(missing)
    found = f"sha256-{digest.hexdigest()}"
    return "" if found == row.sha else f"its bytes have another digest: {found}"


async def damaged_in(store: Store, ws: str, note: Callable[[BlobRow], None] | None = None) -> list[str]:
    """Return which files of a workspace are not what their ids say, and why; `note` is called with each behind it."""
    damaged = []
    async for row in rows_of(store, ws):
        found = await find_damage(store, row)
        if found:
            damaged.append(f"{row.sha}: {found}")
        if note is not None:
            note(row)
    return damaged


async def rows_of(store: Store, ws: str) -> AsyncIterator[BlobRow]:
    """Yield the files of a workspace by id."""
    after = ""
    while page := await store.blob_rows(ws, after=after):
        for row in page:
            yield row
        after = page[-1].sha
