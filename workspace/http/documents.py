"""Documents over HTTP: list, make, read now or as of any `seq`."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from crdt.digest import Json
from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.documents.values import for_people
from workspace.history.read import read_documents
from workspace.http.content import NewDocument, check_name, first_edits, is_content, with_clean_content
from workspace.http.problem import Problem, refuse
from workspace.http.request import answer, body_of, document_name, enter, number, registry_of
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.rules.evidence import in_lines
from workspace.intents.rules.gate import refuse_lost
from workspace.intents.state.fold import WorkspaceState
from workspace.registry.creation import found
from workspace.room.context import Handle
from workspace.room.room import Room

FORMATS = ("json", "text", "update")


class DocumentView(msgspec.Struct, frozen=True):
    """What was seen of a document between two turns of its room."""

    kind: DocumentKind
    value: Json = None
    digest: str = ""
    state: bytes = b""


async def index(request: Request) -> Response:
    """`GET …/documents`."""
    room, identity = await enter(request, "read")

    def listed() -> list[dict[str, Json]]:
        fold = room.sequencer.fold
        room.waiters.sent(identity.actor, fold.seq)
        return [{"name": name, "kind": kind} for name, kind in sorted(fold.listed().items())]

    return answer(await room.read(listed))


async def create(request: Request) -> Response:
    """`PUT …/documents/DOC`: make a document, empty or with `content`; the same again changes nothing."""
    room, identity = await enter(request, "edit")
    name = document_name(request, room)
    body = with_clean_content(await body_of(request, NewDocument))
    if name not in room.sequencer.fold.kinds:
        check_name(name)
    edits = await first_edits({name: body}, identity, room.clock)

    def create_here(handle: Handle) -> Problem | None:
        fold = room.sequencer.fold
        refuse_broken(fold, name)
        if name in fold.kinds:
            return _clash(fold.documents[name], name, body)
        if len(fold.kinds) >= room.settings.documents_max:
            return Problem("too_large", f"A workspace has at most {room.settings.documents_max} documents.")
        found(handle, identity.actor, ConfigBody(documents={name: body.kind}), edits)
        return None

    problem = await room.write(create_here)
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
    # What is shown counts as seen (semantics §2): a later instruction may build on it.
    form = request.query_params.get("format", "json")
    if form not in FORMATS:
        raise Problem("malformed", f"format is one of {', '.join(FORMATS)}.")
    at = number(request, "at", default=0, low=1, high=2**53)
    if at:
        document, seq = await _past(request, room, name, at)
        return _rendered(_view(document, form), name, seq, form)

    def now() -> tuple[DocumentView, int] | None:
        fold = room.sequencer.fold
        refuse_broken(fold, name)
        document = fold.documents.get(name)
        if document is None:
            return None
        view = _view(document, form)
        room.waiters.sent(identity.actor, fold.seq)
        return view, fold.seq

    found = await room.read(now)
    if found is None:
        raise Problem("not_found", "No such workspace or document, or it is not yours.")
    return _rendered(found[0], name, found[1], form)


async def _past(request: Request, room: Room, name: str, at: int) -> tuple[Document, int]:
    """Return a document as it was after record `at`, folded beside the loop from the checkpoint before."""
    if at > room.durable_seq:
        raise Problem("malformed", f"The log ends at {room.durable_seq}.")
    kinds = dict(room.sequencer.fold.kinds)
    assert at >= 1, "records are counted from 1"
    document = (await read_documents(registry_of(request).store, room.ws, at, kinds)).get(name)
    if document is None:
        refuse_broken(room.sequencer.fold, name)
        raise Problem("not_found", f"{name} did not exist at {at}.")
    return document, at


def refuse_broken(fold: WorkspaceState, name: str) -> None:
    """Raise `Problem` document_broken for a document that was put aside."""
    refusal = refuse_lost(fold, (name,))
    if refusal is not None:
        refuse(refusal)


def _view(document: Document, form: str) -> DocumentView:
    """Return of a document what a form of it is made of; no more, because the room waits meanwhile."""
    if form == "update":
        return DocumentView(document.kind, state=document.encode())
    value = document.text() if document.kind == "text" else document.value()  # with a place for each embed
    return DocumentView(document.kind, value, document.digest() if form == "json" else "")


def _rendered(view: DocumentView, name: str, seq: int, form: str) -> Response:
    """Return the response, made beside the room: what was looked at does not change any more."""
    assert form in FORMATS, "the format was checked as it was read"
    headers = {"x-folkmoot-seq": str(seq)}
    match form:
        case "text":
            return PlainTextResponse(in_lines(view.value), headers=headers)
        case "update":
            return Response(view.state, headers=headers, media_type="application/octet-stream")
        case _:
            body = {"name": name, "kind": view.kind, "seq": seq, "value": for_people(view.value)}
            return answer({**body, "digest": view.digest})
