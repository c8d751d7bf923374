"""A file on its way out: whole or a part of it, a piece at a time, with the headers that keep it from being a page."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from workspace.history.blob_octets import BytesMissing, octets_of
from workspace.http import entitlement
from workspace.http.blobs.media import disposition
from workspace.http.blobs.ranges import Part, Unsatisfiable, part_of
from workspace.http.problem import Problem
from workspace.intents.model.blobs import BlobRow
from workspace.ports import Store

# It never changes, and is for whoever may have it now: a browser keeps it, nobody in between does.
KEPT = "private, max-age=31536000, immutable"
# Opened by itself it is in no origin and runs nothing.
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def respond(request: Request, store: Store, row: BlobRow, *, filename: str, is_saved: bool) -> Response:
    """Return the answer that hands a file out. Raises `Problem` range_not_satisfiable."""
    etag = f'"{row.sha}"'
    headers = {"etag": etag, "cache-control": KEPT}
    if _is_known(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    try:
        wanted = request.headers.get("range") if request.method == "GET" else None
        part = part_of(wanted, request.headers.get("if-range"), size=row.size, etag=etag)
    except Unsatisfiable:
        reason = f"The file has {row.size} bytes; none of them is in the range that was asked for."
        remedy = "Ask for a range within, or for all of it."
        raise Problem(
            "range_not_satisfiable", reason, remedy=remedy, headers={"content-range": f"bytes */{row.size}"}
        ) from None
    whole = Part(0, row.size - 1)
    handed = part or whole
    headers |= {
        "accept-ranges": "bytes",
        "content-length": str(handed.size),
        "content-disposition": disposition(row.media, filename, is_saved=is_saved),
        "content-security-policy": SANDBOX,
        "content-type": row.media,
    }
    if part is not None:
        headers["content-range"] = f"bytes {part.first}-{part.last}/{row.size}"
    status = 206 if part is not None else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_octets(request, store, row, handed), status, headers)


async def _octets(request: Request, store: Store, row: BlobRow, part: Part) -> AsyncIterator[bytes]:
    async for octets in octets_of(store, row, first=part.first, last=part.last):
        if entitlement.is_over(request.scope):
            # Shorter than was said: whoever reads notices that this is not all.
            raise BytesMissing("the rights ended under which it was asked for")
        yield octets


def _is_known(header: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return etag in tags or "*" in tags
