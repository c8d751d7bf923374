"""Documents over HTTP: list, make, read now or as of any `seq`."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from crdt.digest import Json
from crdt.document import Document
from workspace.founding import found
from workspace.http.content import NewDocument, check_name, first_edits, is_content, with_clean_content
from workspace.http.guard import answer, body_of, document_name, enter, lobby_of, number
from workspace.http.problem import Problem
from workspace.intents.evidence import render
from workspace.intents.record import ConfigBody
from workspace.reading import read_documents
from workspace.room import Room

FORMATS = ("json", "text", "update")


async def index(request: Request) -> Response:
    """`GET …/documents`."""
    room, identity = await enter(request, "read")

    def listed() -> list[dict[str, Json]]:
        fold = room.sequencer.fold
        room.callers.sent(identity.actor, fold.seq)
        return [{"name": name, "kind": kind} for name, kind in sorted(fold.listed().items())]

    return answer(await room.ask(listed))


async def create(request: Request) -> Response:
    """`PUT …/documents/DOC`: make a document, empty or with `content`; the same again changes nothing."""
    room, identity = await enter(request, "edit")
    name = document_name(request, room)
    body = with_clean_content(await body_of(request, NewDocument))
    if name not in room.sequencer.fold.kinds:
        check_name(name)
    edits = await first_edits({name: body}, identity, room.clock)

    def create_here() -> Problem | None:
        fold = room.sequencer.fold
        if name in fold.kinds:
            return _clash(fold.documents[name], name, body)
        if len(fold.kinds) >= room.settings.documents_max:
            return Problem("too_large", f"A workspace has at most {room.settings.documents_max} documents.")
        found(room, identity.actor, ConfigBody(documents={name: body.kind}), edits)
        return None

    problem = await room.ask(create_here)
    if problem is not None:
        raise problem
    return answer({"name": name, "kind": body.kind}, 201)


def _clash(document: Document, name: str, wanted: NewDocument) -> Problem | None:
    """Return why a document that is here already is not the wanted one; None where it is."""
    if document.kind != wanted.kind:
        return Problem(
            "exists", f"{name} exists already, as a {document.kind} document.", remedy="Choose another name."
        )
    if wanted.content is not msgspec.UNSET and not is_content(document, wanted.content):
        remedy = "Read it, and change it by an edit or an instruction; or choose another name."
        return Problem("exists", f"{name} exists already, with other content.", remedy=remedy)
    return None


async def show(request: Request) -> Response:
    """`GET …/documents/DOC?at=SEQ&format=json|text|update`."""
    room, identity = await enter(request, "read", "at", "format")
    name = document_name(request, room)
    form = request.query_params.get("format", "json")
    if form not in FORMATS:
        raise Problem("malformed", f"format is one of {', '.join(FORMATS)}.")
    at = number(request, "at", default=0, low=1, high=2**53)
    if at:
        document, seq = await _past(request, room, name, at)
        return _rendered(document, name, seq, form)

    def now() -> Response | None:
        fold = room.sequencer.fold
        document = fold.documents.get(name)
        if document is None:
            return None
        room.callers.sent(identity.actor, fold.seq)
        return _rendered(document, name, fold.seq, form)

    response = await room.ask(now)
    if response is None:
        raise Problem("not_found", "No such workspace or document, or it is not yours.")
    return response


async def _past(request: Request, room: Room, name: str, at: int) -> tuple[Document, int]:
    """Return a document as it was after record `at`, folded beside the loop from the checkpoint before."""
    if at > room.durable_seq:
        raise Problem("malformed", f"The log ends at {room.durable_seq}.")
    kinds = dict(room.sequencer.fold.kinds)
    document = (await read_documents(lobby_of(request).store, room.ws, at, kinds)).get(name)
    if document is None:
        raise Problem("not_found", f"{name} did not exist at {at}.")
    return document, at


def _rendered(document: Document, name: str, seq: int, form: str) -> Response:
    headers = {"x-folkmoot-seq": str(seq)}
    match form:
        case "text":
            return PlainTextResponse(render(document), headers=headers)
        case "update":
            return Response(document.encode(), headers=headers, media_type="application/octet-stream")
        case _:
            body = {"name": name, "kind": document.kind, "seq": seq, "value": document.value()}
            return answer({**body, "digest": document.digest()})
