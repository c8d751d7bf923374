"""Files in memory: the same contract as on tables."""

from __future__ import annotations

from collections.abc import Sequence

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

replace = msgspec.structs.replace


class _Content:
    """Bytes of files, or on their way into a workspace."""

    def __init__(self, made_in: str, started: float) -> None:
        self.made_in = made_in
        self.started = started
        self.is_whole = False
        self.pieces: list[bytes] = []

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces))


class MemoryBlobs:
    """The files' part of `workspace.ports.Store`, in dictionaries; a subclass knows the workspaces."""

    def __init__(self) -> None:
        super().__init__()
        self._contents: dict[str, _Content] = {}
        self._blobs: dict[tuple[str, str], BlobRow] = {}
        self._holders: dict[tuple[str, str, str], BlobHolder] = {}

    def has_workspace(self, ws: str) -> bool:
        """Tell whether there is such a workspace."""
        raise NotImplementedError

    async def begin_upload(self, ws: str, id: str, now: float) -> None:
        """Make room for bytes on their way into a workspace. Raises `WorkspaceMissing`."""
        self._check(ws)
        self._contents[id] = _Content(ws, now)

    async def put_piece(self, id: str, number: int, octets: bytes) -> None:
        """Keep the next piece of an upload. Raises `UploadEnded`."""
        assert 0 < len(octets) <= PIECE_BYTES, "a piece is not empty, and not too large"
        content = self._contents.get(id)
        if content is None or content.is_whole or content.size != number * PIECE_BYTES:
            raise UploadEnded("this upload was ended, or its workspace is gone")
        content.pieces.append(octets)

    async def finish_upload(self, row: BlobRow, holder: BlobHolder, quota: BlobQuota) -> tuple[BlobRow, bool]:
        """Make a file of what was uploaded; return it, and whether it is new."""
        self._check(row.ws)
        known = self._blobs.get((row.ws, row.sha))
        is_new = known is None or bool(known.gone)
        if (row.ws, row.sha, holder.actor) not in self._holders:
            totals = await self.blob_totals(row.ws, holder.actor)
            passed = full(totals if is_new else BlobTotals(0, 0, totals.own), row.size, quota)
            if passed:
                raise BlobsFull(passed)
        if known is None or known.gone:
            content = self._contents.get(row.content)
            if content is None or content.is_whole or content.size != row.size:
                raise UploadEnded("this upload was ended, or its workspace is gone")
            content.is_whole = True
            known = row
        else:
            await self.end_upload(row.content)
            known = replace(known, named_at=max(known.named_at, row.named_at))
        self._blobs[row.ws, row.sha] = known
        self._holders.setdefault((row.ws, row.sha, holder.actor), holder)
        return known, is_new

    async def end_upload(self, id: str) -> None:
        """Forget the bytes of an upload that does not become a file."""
        if id in self._contents and not self._contents[id].is_whole:
            del self._contents[id]

    async def end_uploads(self, before: float) -> int:
        """Forget uploads that began before a moment and never ended."""
        stale = [id for id, one in self._contents.items() if not one.is_whole and one.started < before]
        for id in stale:
            del self._contents[id]
        return len(stale)

    async def blob_row(self, ws: str, sha: str) -> BlobRow | None:
        """Return one file, also of one that is gone what is known."""
        return self._blobs.get((ws, sha))

    async def blob_rows(self, ws: str, *, after: str = "", limit: int = ROWS_MAX) -> list[BlobRow]:
        """Return files that are here, by id, those behind `after`."""
        found = [row for (own, sha), row in sorted(self._blobs.items()) if own == ws and sha > after and not row.gone]
        return found[: min(limit, ROWS_MAX)]

    async def holders(self, ws: str, sha: str) -> list[BlobHolder]:
        """Return who brought a file in, the first one first."""
        found = [one for (own, id, _), one in self._holders.items() if (own, id) == (ws, sha)]
        return sorted(found, key=lambda one: (one.created_at, one.actor))

    async def blob_totals(self, ws: str, actor: str = "") -> BlobTotals:
        """Return how much a workspace has, and how much of it one person holds."""
        rows = [row for (own, _), row in self._blobs.items() if own == ws and not row.gone]
        mine = sum(row.size for row in rows if (ws, row.sha, actor) in self._holders)
        return BlobTotals(len(rows), sum(row.size for row in rows), mine)

    async def piece(self, content: str, number: int) -> bytes | None:
        """Return a piece of a content, None where there is none any more."""
        kept = self._contents.get(content)
        return kept.pieces[number] if kept is not None and number < len(kept.pieces) else None

    async def idle_blobs(self, before: float, limit: int) -> list[tuple[str, str]]:
        """Return workspace and id of files not brought in or found named since a moment, the longest first."""
        found = [row for row in self._blobs.values() if not row.gone and row.named_at < before]
        return [(row.ws, row.sha) for row in sorted(found, key=lambda row: row.named_at)][: min(limit, ROWS_MAX)]

    async def note_named(self, ws: str, shas: Sequence[str], now: float) -> None:
        """Note that files were found named."""
        for sha in shas:
            row = self._blobs.get((ws, sha))
            if row is not None and not row.gone:
                self._blobs[ws, sha] = replace(row, named_at=max(row.named_at, now))

    async def lose_blobs(self, ws: str, shas: Sequence[str], why: str, *, before: float | None = None) -> list[str]:
        """Take files away, of those found named since `before` none; return which."""
        lost = []
        for sha in sorted(shas):
            row = self._blobs.get((ws, sha))
            if row is None or row.gone or (before is not None and row.named_at >= before):
                continue
            self._blobs[ws, sha] = replace(row, content="", media="", gone=why)
            self._forget_holders(ws, sha)
            self._forget_contents()
            lost.append(sha)
        return lost

    async def share_blobs(self, ws: str, into: str, shas: Sequence[str], now: float) -> int:
        """Let another workspace have files, without their holders. Return how many it has now."""
        self._check(into)
        rows = [row for sha in shas if (row := self._blobs.get((ws, sha))) is not None and not row.gone]
        for row in rows:
            self._blobs[into, row.sha] = replace(row, ws=into, named_at=now)
        return len(rows)

    def forget_blobs_of(self, ws: str) -> None:
        """Let go of a workspace's files."""
        for own, sha in [key for key in self._blobs if key[0] == ws]:
            del self._blobs[own, sha]
            self._forget_holders(own, sha)
        for id in [id for id, one in self._contents.items() if one.made_in == ws and not one.is_whole]:
            del self._contents[id]
        self._forget_contents()

    def _forget_holders(self, ws: str, sha: str) -> None:
        for key in [key for key in self._holders if key[:2] == (ws, sha)]:
            del self._holders[key]

    def _forget_contents(self) -> None:
        used = {row.content for row in self._blobs.values()}
        for id in [id for id, one in self._contents.items() if one.is_whole and id not in used]:
            del self._contents[id]

    def _check(self, ws: str) -> None:
        if not self.has_workspace(ws):
            raise WorkspaceMissing(f"there is no workspace {ws}")
