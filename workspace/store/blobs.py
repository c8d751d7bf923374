"""Files on tables: pieces as they come in, the file once it is whole, and what goes with the last that has a content.

What must be so together is one script: a file is there with all of its bytes, or is not there. Pieces of an upload
stand in transactions of their own, under a content that no file has yet; whoever dies on the way leaves those, and
`end_uploads` takes them away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from workspace.errors import BlobsFull, UploadEnded, WorkspaceMissing
from workspace.intents.model.blobs import (
    PIECE_BYTES,
    ROWS_MAX,
    BlobHolder,
    BlobQuota,
    BlobRow,
    BlobTotals,
    full,
)
from workspace.store import blob_statements as statements
from workspace.store.scripts import Ask, Each, Script, ask
from workspace.store.statements import DELETE_OWNED, DELETE_WORKSPACE, LOCK_EPOCH

T = TypeVar("T")
STALE_MAX = 100


class BlobTables:
    """The files' part of `workspace.ports.Store`; a subclass runs scripts."""

    async def _reading(self, script: Script[T], *, is_one_moment: bool = False) -> T:
        """Run a script that only reads. Raises `StoreFault`."""
        raise NotImplementedError

    async def _writing(self, script: Script[T], *, is_single: bool = False) -> T:
        """Run a script in one transaction; `is_single`: it writes with one statement."""
        raise NotImplementedError

    # ------------------------------------------------------------ bytes on their way

    async def begin_upload(self, ws: str, id: str, now: float) -> None:
        """Make room for bytes on their way into a workspace. Raises `WorkspaceMissing`."""
        await self._writing(_begin(ws, id, now))

    async def put_piece(self, id: str, number: int, octets: bytes) -> None:
        """Keep the next piece of an upload; on disk when this returns. Raises `UploadEnded`."""
        await self._writing(_put_piece(id, number, octets))

    async def finish_upload(self, row: BlobRow, holder: BlobHolder, quota: BlobQuota) -> tuple[BlobRow, bool]:
        """Make a file of what was uploaded as `row.content`; return it, and whether it is new.

        Where the workspace has it already its bytes stay, those that came go. Raises `UploadEnded`, `BlobsFull`,
        `WorkspaceMissing`.
        """
        return await self._writing(_finish(row, holder, quota))

    async def end_upload(self, id: str) -> None:
        """Forget the bytes of an upload that does not become a file."""
        await self._writing(_end([id]))

    async def end_uploads(self, before: float) -> int:
        """Forget uploads that began before a moment and never ended; return how many, 100 at most."""
        stale = [row[0] for row in await self._reading(ask(statements.SELECT_STALE, before, STALE_MAX))]
        if stale:
            await self._writing(_end(stale))
        return len(stale)

    # ------------------------------------------------------------ files

    async def blob_row(self, ws: str, sha: str) -> BlobRow | None:
        """Return one file, also of one that is gone what is known."""
        rows = await self._reading(ask(statements.SELECT_BLOB_ROW, ws, sha))
        return BlobRow(*rows[0]) if rows else None

    async def blob_rows(self, ws: str, *, after: str = "", limit: int = ROWS_MAX) -> list[BlobRow]:
        """Return files that are here, by id, those behind `after`; at most 200."""
        rows = await self._reading(ask(statements.SELECT_BLOB_ROWS, ws, after, min(limit, ROWS_MAX)))
        return [BlobRow(*row) for row in rows]

    async def holders(self, ws: str, sha: str) -> list[BlobHolder]:
        """Return who brought a file in, the first one first."""
        return [BlobHolder(*row) for row in await self._reading(ask(statements.SELECT_HOLDERS, ws, sha))]

    async def blob_totals(self, ws: str, actor: str = "") -> BlobTotals:
        """Return how much a workspace has, and how much of it one person holds."""
        return await self._reading(_totals(ws, actor))

    async def piece(self, content: str, number: int) -> bytes | None:
        """Return a piece of a content, None where there is none any more."""
        rows = await self._reading(ask(statements.SELECT_PIECE, content, number))
        return bytes(rows[0][0]) if rows else None

    async def idle_blobs(self, before: float, limit: int) -> list[tuple[str, str]]:
        """Return workspace and id of files not brought in or found named since a moment, the longest first."""
        rows = await self._reading(ask(statements.SELECT_IDLE, before, min(limit, ROWS_MAX)))
        return [(ws, sha) for ws, sha in rows]

    async def note_named(self, ws: str, shas: Sequence[str], now: float) -> None:
        """Note that files were found named."""
        await self._writing(_note(ws, shas, now))

    async def lose_blobs(self, ws: str, shas: Sequence[str], why: str, *, before: float | None = None) -> list[str]:
        """Take files away, of those found named since `before` none; return which."""
        return await self._writing(_lose(ws, shas, why, before))

    async def share_blobs(self, ws: str, into: str, shas: Sequence[str], now: float) -> int:
        """Let another workspace have files, without their holders; no byte is copied. Return how many it has now."""
        return await self._writing(_share(ws, into, shas, now))


def _begin(ws: str, id: str, now: float) -> Script[None]:
    yield from _hold(ws)
    yield Ask(statements.INSERT_CONTENT, (id, ws, 0, now, False))


def _hold(ws: str) -> Script[None]:
    if not (yield Ask(LOCK_EPOCH, (ws,))):
        raise WorkspaceMissing(f"there is no workspace {ws}")


def _put_piece(id: str, number: int, octets: bytes) -> Script[None]:
    assert 0 < len(octets) <= PIECE_BYTES, "a piece is not empty, and not too large"
    size = number * PIECE_BYTES
    # Behind a piece that is not full there is no other: the size would not be this.
    if not (yield Ask(statements.GROW_CONTENT, (id, size, size + len(octets)))):
        raise UploadEnded("this upload was ended, or its workspace is gone")
    yield Ask(statements.INSERT_PIECE, (id, number, octets))


def _finish(row: BlobRow, holder: BlobHolder, quota: BlobQuota) -> Script[tuple[BlobRow, bool]]:
    yield from _hold(row.ws)
    found = yield Ask(statements.LOCK_BLOB_ROW, (row.ws, row.sha))
    known = BlobRow(*found[0]) if found else None
    is_new = known is None or bool(known.gone)
    holders = yield Ask(statements.SELECT_HOLDERS, (row.ws, row.sha))
    if holder.actor not in {BlobHolder(*one).actor for one in holders}:
        totals = yield from _totals(row.ws, holder.actor)
        # Of what is here already the workspace has no byte more, but the person does.
        passed = full(totals if is_new else BlobTotals(0, 0, totals.own), row.size, quota)
        if passed:
            raise BlobsFull(passed)
        yield Ask(statements.INSERT_HOLDER, msgspec.structs.astuple(holder))
    if known is not None and not known.gone:
        assert known.size == row.size, "one digest is one file"
        yield Ask(statements.UPDATE_NAMED, (row.ws, row.sha, row.named_at))
        yield from _end([row.content])
        return msgspec.structs.replace(known, named_at=max(known.named_at, row.named_at)), False
    if not (yield Ask(statements.SEAL_CONTENT, (row.content, row.size))):
        raise UploadEnded("this upload was ended, or its workspace is gone")
    yield Ask(statements.PUT_BLOB, msgspec.structs.astuple(row))
    return row, True


def _end(ids: Sequence[str]) -> Script[None]:
    yield Each(statements.DELETE_UPLOAD, [(id,) for id in ids])
    yield Each(statements.DELETE_PIECES, [(id,) for id in ids])


def _totals(ws: str, actor: str) -> Script[BlobTotals]:
    ((count, size, own),) = yield Ask(statements.SELECT_TOTALS, (ws, actor))
    # PostgreSQL's sums are decimal numbers.
    return BlobTotals(int(count), int(size), int(own))


def _note(ws: str, shas: Sequence[str], now: float) -> Script[None]:
    yield Each(statements.UPDATE_NAMED, [(ws, sha, now) for sha in shas])


def _lose(ws: str, shas: Sequence[str], why: str, before: float | None) -> Script[list[str]]:
    lost = []
    for sha in sorted(shas):
        found = yield Ask(statements.LOCK_BLOB_ROW, (ws, sha))
        row = BlobRow(*found[0]) if found else None
        if row is None or row.gone or (before is not None and row.named_at >= before):
            continue
        yield Ask(statements.LOCK_CONTENT, (row.content,))
        yield Ask(statements.LOSE_BLOB, (ws, sha, why))
        yield Ask(statements.DELETE_HOLDERS, (ws, sha))
        yield from forget([row.content])
        lost.append(sha)
    return lost


def forget(contents: Sequence[str]) -> Script[None]:
    """Take contents away that no file has any more, with their pieces."""
    yield Each(statements.DELETE_UNNAMED, [(id,) for id in contents])
    yield Each(statements.DELETE_PIECES, [(id,) for id in contents])


def _share(ws: str, into: str, shas: Sequence[str], now: float) -> Script[int]:
    yield from _hold(into)
    shared = 0
    for sha in sorted(shas):
        found = yield Ask(statements.LOCK_BLOB_ROW, (ws, sha))
        if found and not BlobRow(*found[0]).gone:
            row = BlobRow(*found[0])
            yield Ask(statements.LOCK_CONTENT, (row.content,))
            yield Ask(statements.PUT_BLOB, msgspec.structs.astuple(msgspec.structs.replace(row, ws=into, named_at=now)))
            shared += 1
    return shared


def delete(ws: str) -> Script[None]:
    """Remove a workspace. Its row goes first: whoever appends or uploads holds it, and finds it gone afterwards."""
    yield Ask(DELETE_WORKSPACE, (ws,))
    contents = [row[0] for row in (yield Ask(statements.SELECT_CONTENTS_OF, (ws,)))]
    for id in contents:
        yield Ask(statements.LOCK_CONTENT, (id,))
    for statement in DELETE_OWNED:
        yield Ask(statement, (ws,))
    yield Each(statements.DELETE_UPLOAD, [(id,) for id in contents])
    yield from forget(contents)
