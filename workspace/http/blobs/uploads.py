"""A file on its way in: read as it comes, a piece at a time in memory, on disk before the next is read.

The digest is computed as the bytes come. Nothing is there before all of them are; what ends on the way (who sends goes,
or is too slow, or may no more) leaves nothing, and what a killed server leaves is swept away later.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from starlette.requests import ClientDisconnect, Request

from workspace.access import Identity, person_in
from workspace.errors import BlobsFull, UploadEnded, WorkspaceFault
from workspace.http import entitlement
from workspace.http.blobs.media import HEAD_BYTES, media_of
from workspace.http.bounded_protocol import PATIENCE
from workspace.http.problem import Problem
from workspace.http.request import charge, registry_of
from workspace.intents.model.blobs import PIECE_BYTES, BlobHolder, BlobQuota, BlobRow, BlobTotals, full
from workspace.intents.model.times import timestamp
from workspace.ports import Store
from workspace.settings import Settings

ID_BYTES = 16
MIB = 1 << 20


class Wanted(NamedTuple):
    """What is said of a file before its first byte: its id, where it is known, and what it was called."""

    ws: str
    sha: str
    filename: str
    media: str


def quota_of(settings: Settings) -> BlobQuota:
    """Return what a workspace may have of files."""
    return BlobQuota(settings.blobs_max, settings.blob_space_bytes_max, settings.blob_share_bytes_max)


async def receive(request: Request, identity: Identity, wanted: Wanted) -> tuple[BlobRow, bool]:
    """Take the body of a request as a file; return it, and whether it is new. It is on disk then.

    Raises:
        Problem: blob_too_large, blobs_full, blob_share_full, too_many_uploads, digest_mismatch, upload_ended,
            timeout; or the rights are over under which it came.
    """
    registry = registry_of(request)
    settings, store = registry.settings, registry.store
    told = _told_length(request)
    if told is not None and told > settings.blob_bytes_max:
        raise too_large(settings)
    await _check_room(store, settings, wanted, identity, told or 0)
    with _one_of(registry.uploads, person_in(wanted.ws, identity.actor), settings.uploads_max):
        id = registry.clock.token(ID_BYTES)
        await store.begin_upload(wanted.ws, id, registry.clock.now())
        try:
            upload = _Upload(store, id, settings)
            async with asyncio.timeout(settings.upload_seconds_max) as deadline:
                _end_with_rights(request, deadline)
                await _read(request, upload)
            return await _finish(request, identity, wanted, upload)
        except BaseException as error:
            # Also where the request is cancelled: what is left would count until it is swept away.
            with suppress(WorkspaceFault):
                await store.end_upload(id)
            problem = _as_problem(error, request, settings)
            if problem is None:
                raise
            raise problem from error


class _Upload:
    """What has come of a file: hashed, and on disk but for the last piece."""

    def __init__(self, store: Store, id: str, settings: Settings) -> None:
        self.id = id
        self.size = 0
        self.head = b""
        self._store = store
        self._settings = settings
        self._hash = hashlib.sha256()
        self._rest = bytearray()
        self._number = 0

    @property
    def sha(self) -> str:
        """The id of what has come so far."""
        return f"sha256-{self._hash.hexdigest()}"

    async def take(self, chunk: bytes) -> None:
        """Take bytes. Raises `Problem` blob_too_large, `UploadEnded`."""
        self.size += len(chunk)
        if self.size > self._settings.blob_bytes_max:
            raise too_large(self._settings)
        self.head += chunk[: HEAD_BYTES - len(self.head)]
        self._hash.update(chunk)
        self._rest += chunk
        while len(self._rest) >= PIECE_BYTES:
            await self._keep(bytes(self._rest[:PIECE_BYTES]))
            del self._rest[:PIECE_BYTES]

    async def end(self) -> None:
        """Keep the last piece."""
        if self._rest:
            await self._keep(bytes(self._rest))
            self._rest.clear()

    async def _keep(self, piece: bytes) -> None:
        await self._store.put_piece(self.id, self._number, piece)
        self._number += 1


async def _read(request: Request, upload: _Upload) -> None:
    patience: dict[str, Callable[[float], None]] = request.scope.get("extensions", {}).get(PATIENCE, {})
    for take in patience.values():
        take(registry_of(request).settings.upload_seconds_max)
    async for chunk in request.stream():
        entitlement.check(request)
        await upload.take(chunk)
    await upload.end()
    entitlement.check(request)


async def _finish(request: Request, identity: Identity, wanted: Wanted, upload: _Upload) -> tuple[BlobRow, bool]:
    registry = registry_of(request)
    if wanted.sha and upload.sha != wanted.sha:
        reason = f"What came is {upload.sha}, {upload.size} bytes: not what the address says."
        raise Problem("digest_mismatch", reason, remedy="Send all of the file, to the address of its own digest.")
    now = registry.clock.now()
    media = media_of(upload.head, wanted.media)
    row = BlobRow(wanted.ws, upload.sha, upload.id, upload.size, media, timestamp(now), now)
    holder = BlobHolder(wanted.ws, upload.sha, identity.actor, wanted.filename, timestamp(now))
    found = await registry.store.finish_upload(row, holder, quota_of(registry.settings))
    charge(request, identity, upload.size)
    registry.metrics.add("blobs_received_total")
    registry.metrics.add("blob_bytes_received_total", by=upload.size)
    return found


def _end_with_rights(request: Request, deadline: asyncio.Timeout) -> None:
    """Have whoever waits for the next bytes wait no longer, once the rights are over under which these came."""
    loop = asyncio.get_running_loop()

    def end(_: asyncio.Future[None]) -> None:
        with suppress(RuntimeError):  # the upload is over
            deadline.reschedule(loop.time())

    entitlement.end_of(request).add_done_callback(end)


def _as_problem(error: BaseException, request: Request, settings: Settings) -> Problem | None:
    """Return what whoever sent the bytes is told of what became of them; None where that is no matter of theirs."""
    match error:
        case TimeoutError():
            if entitlement.is_over(request.scope):
                return entitlement.ended(request.scope)
            reason = f"The upload took longer than {settings.upload_seconds_max} s (FOLKMOOT_UPLOAD_SECONDS_MAX)."
            remedy = "Send it again over a faster line, or a smaller file."
            return Problem("timeout", reason, remedy=remedy, headers={"connection": "close"})
        case ClientDisconnect():
            return Problem("malformed", "The connection ended within the body.", remedy="Send all of it again.")
        case UploadEnded():
            return Problem("upload_ended", f"{error.reason[0].upper()}{error.reason[1:]}.", remedy="Begin again.")
        case BlobsFull(passed=passed):
            return no_room(passed, settings)
        case _:
            return None


async def _check_room(store: Store, settings: Settings, wanted: Wanted, identity: Identity, size: int) -> None:
    """Raise `Problem` before the first byte where there is no room for so many; what is here already needs none."""
    known = await store.blob_row(wanted.ws, wanted.sha) if wanted.sha else None
    if known is not None and not known.gone:
        return
    totals: BlobTotals = await store.blob_totals(wanted.ws, identity.actor)
    passed = full(totals, size, quota_of(settings))
    if passed:
        raise no_room(passed, settings)


def _size(octets: int) -> str:
    return (
        f"{octets / MIB:.0f} MiB"
        if octets >= MIB
        else f"{octets / 1024:.0f} KiB"
        if octets >= 1024
        else f"{octets} bytes"
    )


def too_large(settings: Settings) -> Problem:
    """Return the problem of a file that is larger than any may be."""
    most = settings.blob_bytes_max
    reason = f"A file has at most {most} bytes, {_size(most)} (FOLKMOOT_BLOB_BYTES_MAX)."
    return Problem("blob_too_large", reason, remedy="Send a smaller one, or ask who runs the server for more.")


def no_room(passed: str, settings: Settings) -> Problem:
    """Return the problem of a file for which there is no room; `passed` is the bound that it would pass."""
    match passed:
        case "count":
            what = f"This workspace has as many files as it may have, {settings.blobs_max} (FOLKMOOT_BLOBS_MAX)."
        case "own":
            most = _size(settings.blob_share_bytes_max)
            what = f"Of files you hold {most} here at most (FOLKMOOT_BLOB_SHARE_BYTES_MAX)."
            remedy = "Delete some that no document names any more, or ask who runs the server for more."
            return Problem("blob_share_full", what, remedy=remedy)
        case _:
            most = _size(settings.blob_space_bytes_max)
            what = f"This workspace has {most} of files at most (FOLKMOOT_BLOB_SPACE_BYTES_MAX)."
    return Problem("blobs_full", what, remedy="Ask the owner to delete some, or who runs the server for more.")


@contextmanager
def _one_of(uploads: Counter[str], person: str, most: int) -> Iterator[None]:
    """Count an upload of a person's until the block is left. Raises `Problem` too_many_uploads."""
    if uploads[person] >= most:
        reason = f"{most} of your uploads are under way (FOLKMOOT_UPLOADS_MAX)."
        raise Problem("too_many_uploads", reason, remedy="Wait until some of them are done.")
    uploads[person] += 1
    try:
        yield
    finally:
        uploads[person] -= 1
        if not uploads[person]:
            del uploads[person]


def _told_length(request: Request) -> int | None:
    """Return what the request says how long its body is; the server's parser has looked at it."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None
