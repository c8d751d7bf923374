"""Files of a workspace over HTTP: bring one in, read one, list them, delete one (docs/blobs.md).

Who may read a file: whoever may read a document that names it, whoever brought it in, and an owner. To everybody else
it looks as if it were not there.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import Response

from crdt.digest import Json
from crdt.documents.blob_references import REFERENCE, is_blob_id
from workspace.access import Identity
from workspace.http import entitlement
from workspace.http.blobs.downloads import respond
from workspace.http.blobs.media import is_filename
from workspace.http.blobs.uploads import Wanted, receive
from workspace.http.openapi.blob_answers import BlobDeleted, BlobNow, BlobPage
from workspace.http.openapi.operation import FILE, Body, Parameter, Reply, describe
from workspace.http.problem import Problem
from workspace.http.request import answer, charge, enter, number, registry_of, word
from workspace.intents.model.blobs import ROWS_MAX, BlobHolder, BlobRow, Losses
from workspace.intents.model.document_acts import DocumentState
from workspace.room.room import Room

LINE_UNITS = 512
SAYS_YES = ("1", "true")
NOT_HERE = "There is no such file here, or it is not for you."
WHY = {
    Losses.UNNAMED: "no document named it for a long time",
    Losses.DELETED: "somebody deleted it",
    Losses.REDACTED: "it was taken out with the words that named it",
}
SEEN: tuple[DocumentState, ...] = ("living", "archived")


FILENAME = Parameter("filename", "how the file is called; at most 200 characters, no path", example="camp.png")
BRINGING = (
    "bad_name", "not_found", "blob_too_large", "blobs_full", "blob_share_full", "too_many_uploads", "upload_ended",
)  # fmt: skip
BROUGHT = (
    Reply(201, "it is here now", BlobNow, headers={"location": "where it is"}),
    Reply(200, "it was here already", BlobNow, headers={"location": "where it is"}),
)
HANDED = {"etag": "its id", "content-disposition": "how it may be shown", "accept-ranges": "`bytes`"}


@describe(*BROUGHT, takes=(FILENAME,), body=Body(bytes, None), refuses=BRINGING, is_read=False)
async def create(request: Request) -> Response:
    """`POST …/blobs?filename=`: bring a file in, as the body itself; the server says its id."""
    return await _bring(request, "")


@describe(*BROUGHT, takes=(FILENAME,), body=Body(bytes, None), refuses=(*BRINGING, "digest_mismatch"), is_read=False)
async def put(request: Request) -> Response:
    """`PUT …/blobs/ID?filename=`: bring in the file of this id; the same again changes nothing."""
    return await _bring(request, _id_of(request))


async def _bring(request: Request, sha: str) -> Response:
    room, identity = await enter(request, "edit")
    filename = request.query_params.get("filename", "")
    if not is_filename(filename):
        reason = (
            "A file's name has at most 200 printable characters in UTF-8, none of them / \\ or a quotation mark; "
            "it is neither blank nor . or .. alone."
        )
        raise Problem("bad_name", reason, remedy="Give it another name, or none.")
    media = request.headers.get("content-type", "")
    if media.partition(";")[0].strip().lower().startswith("multipart/"):
        remedy = "Send the bytes of one file as the body, with its own Content-Type."
        raise Problem("malformed", "The body is a form, not a file.", remedy=remedy)
    row, is_new = await receive(request, identity, Wanted(room.ws, sha, filename, media))
    holders = await room.store.holders(room.ws, row.sha)
    response = answer(described(row, holders), 201 if is_new else 200)
    response.headers["location"] = f"{request.scope.get('root_path', '')}/api/workspaces/{room.ws}/blobs/{row.sha}"
    return response


@describe(
    Reply(200, "the file", media=FILE, headers=HANDED),
    Reply(206, "the range that `Range` names", media=FILE, headers={**HANDED, "content-range": "which it is"}),
    Reply(304, "whoever asks has it already"),
    takes=(FILENAME, Parameter("download", "`1`: to be saved, whatever it is", words=("0", "1", "true", "false"))),
    refuses=("bad_name", "blob_gone", "range_not_satisfiable"),
)
async def show(request: Request) -> Response:
    """`GET …/blobs/ID?filename=&download=1`: the file, or the part of it that `Range` names."""
    sha = _id_of(request)
    room, identity = await enter(request, "read")
    row, holders = await _readable(request, room, identity, sha)
    if row.gone:
        raise Problem("blob_gone", f"This file is here no more: {WHY[row.gone]}.", remedy="Bring it in again.")
    filename = request.query_params.get("filename") or _first_name(holders)
    if not is_filename(filename):
        raise Problem("bad_name", "A file's name is printable, and no path.", remedy="Give it another name.")
    is_saved = word(request, "download") in SAYS_YES
    response = respond(request, room.store, row, filename=filename, is_saved=is_saved)
    if request.method == "GET":
        charge(request, identity, int(response.headers.get("content-length", "0")))
    return response


@describe(
    Reply(200, "some of the files", BlobPage),
    takes=(
        Parameter("after", "the id after which to go on, as `next` gave it"),
        Parameter("limit", "at most so many", low=1, high=ROWS_MAX, default=100),
    ),
)
async def index(request: Request) -> Response:
    """`GET …/blobs?after=&limit=`: the files one may read, by id, a page at a time; `next` is where to go on."""
    room, identity = await enter(request, "read")
    after = request.query_params.get("after", "")
    if after and not is_blob_id(after):
        raise Problem("malformed", "after is the id of a file, as `next` gave it.", remedy="Leave it out to begin.")
    limit = number(request, "limit")
    store = room.store
    named = await _named(request, room)
    rows = await store.blob_rows(room.ws, after=after, limit=limit)
    files: list[Json] = []
    for row in rows:
        holders = await store.holders(room.ws, row.sha)
        if _may_read(request, identity, holders, is_named=row.sha in named):
            files.append({**described(row, holders), "named": row.sha in named})
    charge(request, identity, LINE_UNITS * len(rows))
    totals = await store.blob_totals(room.ws, identity.actor)
    settings = registry_of(request).settings
    space = {
        "files": totals.count, "files_max": settings.blobs_max,
        "bytes": totals.size, "bytes_max": settings.blob_space_bytes_max,
        "own": totals.own, "own_max": settings.blob_share_bytes_max, "file_max": settings.blob_bytes_max,
    }  # fmt: skip
    return answer({"blobs": files, "next": rows[-1].sha if len(rows) == limit else None, "space": space})


@describe(
    Reply(200, "it is gone", BlobDeleted),
    takes=(Parameter("named", "`1`: though documents name it; an owner's", words=("0", "1", "true", "false")),),
    refuses=("blob_named",),
    is_read=False,
)
async def delete(request: Request) -> Response:
    """`DELETE …/blobs/ID?named=1`: take a file away; one that a document names is an owner's to take, who says so."""
    sha = _id_of(request)
    room, identity = await enter(request, "edit")
    row, holders = await _readable(request, room, identity, sha)
    is_owner = _is_owner(request, identity)
    if not is_owner and identity.actor not in {one.actor for one in holders}:
        raise Problem("forbidden", "Only who brought a file in, or an owner, deletes it.", remedy="Ask an owner.")
    if not is_owner and len(holders) > 1:
        raise Problem("forbidden", "Others brought this file in, too.", remedy="Ask an owner.")
    fold = room.sequencer.fold
    docs = sorted(map(fold.catalog.name_of, await registry_of(request).blob_names.naming(room, sha)))
    if docs and not (is_owner and word(request, "named") in SAYS_YES):
        remedy = "Take it out of them first; an owner may delete it all the same, with ?named=1."
        raise Problem("blob_named", f"Documents name this file: {', '.join(docs[:5])}.", remedy=remedy)
    entitlement.check(request)
    if not row.gone:
        await room.store.lose_blobs(room.ws, [sha], Losses.DELETED)
    return answer({"id": sha, "deleted": True})


def described(row: BlobRow, holders: Collection[BlobHolder]) -> dict[str, Json]:
    """Return what the API says of a file."""
    return {
        "id": row.sha,
        "reference": REFERENCE + row.sha,
        "size": row.size,
        "media": row.media,
        "created_at": row.created_at,
        "by": [{"actor": one.actor, "filename": one.filename, "at": one.created_at} for one in holders],
    }


def _first_name(holders: Collection[BlobHolder]) -> str:
    """Return the first name that holders gave a file, empty without one; what no name is was kept by older servers."""
    return next((one.filename for one in holders if one.filename and is_filename(one.filename)), "")


def _id_of(request: Request) -> str:
    sha: str = request.path_params["id"]
    if not is_blob_id(sha):
        remedy = "Give the file's SHA-256: sha256- and 64 hex digits, small letters."
        raise Problem("malformed", "This is not the id of a file.", remedy=remedy)
    return sha


async def _readable(request: Request, room: Room, identity: Identity, sha: str) -> tuple[BlobRow, list[BlobHolder]]:
    """Return a file that somebody may read, with who brought it in. Raises `Problem` not_found for any other."""
    row = await room.store.blob_row(room.ws, sha)
    holders = await room.store.holders(room.ws, sha)
    # Looked up in any case: how long the answer takes does not say whether there is one.
    named = await _named(request, room)
    if row is None or not _may_read(request, identity, holders, is_named=sha in named):
        raise Problem("not_found", NOT_HERE)
    return row, holders


async def _named(request: Request, room: Room) -> frozenset[str]:
    """Return the files that documents name which whoever reads in a workspace may read: all but deleted ones."""
    names = await registry_of(request).blob_names.of(room)
    catalog = room.sequencer.fold.catalog
    entitlement.check(request)
    seen = (own for doc, own in names.items() if catalog.state_of(doc) in SEEN)
    return frozenset[str]().union(*seen)


def _may_read(request: Request, identity: Identity, holders: Collection[BlobHolder], *, is_named: bool) -> bool:
    return is_named or _is_owner(request, identity) or identity.actor in {one.actor for one in holders}


def _is_owner(request: Request, identity: Identity) -> bool:
    return identity.may("administer", registry_of(request).clock.now())
