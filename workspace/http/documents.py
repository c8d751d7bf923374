"""Documents over HTTP: list, make, read now or as of any `seq`."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from crdt.digest import Json
from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.documents.values import for_people
from workspace.access import Identity, person_in
from workspace.history.read import read_documents
from workspace.http.content import NewDocument, check_name, first_edits, is_content, with_clean_content
from workspace.http.document_acts import NOT_HERE, STATES, check_not_deleted, described, document_id
from workspace.http.openapi.operation import TEXT, Body, Parameter, Reply, describe
from workspace.http.openapi.parameters import AT
from workspace.http.openapi.workspace_answers import DocumentContent, DocumentLine, MadeDocument
from workspace.http.problem import Problem, problem_of, refuse
from workspace.http.request import answer, body_of, charge, document_name, enter, number, registry_of, word, write
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.document_acts import new_id
from workspace.intents.model.events import ReadFrom
from workspace.intents.model.intent import rank_of
from workspace.intents.rules.evidence import in_lines
from workspace.intents.rules.gate import refuse_lost
from workspace.intents.rules.permissions import may_ask
from workspace.intents.rules.places import Spot, refuse_edit
from workspace.intents.rules.shares import refuse_documents
from workspace.intents.state.fold import WorkspaceState
from workspace.registry.creation import found
from workspace.room.context import Handle
from workspace.room.room import Room

# Measured: a byte of a value costs about as much as so many of an encoded document.
UNITS_A_BYTE = 8
FORMATS = ("json", "text", "update")
BYTES = "application/octet-stream"
SEQ_HEADER = {"x-folkmoot-seq": "the record after which it holds this"}


class DocumentView(msgspec.Struct, frozen=True):
    """What was seen of a document between two turns of its room."""

    kind: DocumentKind
    value: Json = None
    digest: str = ""
    state: bytes = b""


@describe(
    Reply(200, "the documents, by name", list[DocumentLine]),
    takes=(Parameter("state", "those that stand so", words=(*STATES, "all"), default="living", example="all"),),
)
async def index(request: Request) -> Response:
    """`GET …/documents?state=living|archived|deleted|all`: those that live, unless others are asked for."""
    room, identity = await enter(request, "read")
    state = word(request, "state")

    def listed() -> list[dict[str, Json]]:
        fold = room.sequencer.fold
        room.waiters.sent(identity.actor, fold.seq)
        rows = [described(fold, doc) for doc in fold.documents if state in ("all", fold.catalog.state_of(doc))]
        return sorted(rows, key=lambda row: (str(row["name"]), str(row["id"])))

    return answer(await room.read(listed))


@describe(
    Reply(201, "it is here", MadeDocument),
    body=Body(NewDocument, {"kind": "text", "content": "# Minutes"}),
    refuses=(
        "bad_name", "bad_content", "exists", "over_share", "document_read_only", "document_broken", "document_archived",
        "document_deleted", "document_renamed",
    ),
    is_read=False,
)  # fmt: skip
async def create(request: Request) -> Response:
    """`PUT …/documents/DOC`: make a document, empty or with `content`; the same again changes nothing."""
    room, identity = await enter(request, "edit")
    name = document_name(request, room)
    body = with_clean_content(await body_of(request, NewDocument))
    if room.sequencer.fold.catalog.is_free(name):
        check_name(name, room.sequencer.fold.catalog.called())
    async with registry_of(request).probes.turn(person_in(room.ws, identity.actor)):
        edits = await first_edits({name: body}, identity, room.clock)

    def create_here(handle: Handle) -> Problem | None:
        fold = room.sequencer.fold
        doc = fold.catalog.find(name)
        if doc is not None and not fold.catalog.is_free(name):
            refuse_broken(fold, doc)
            return _clash(fold.documents[doc], name, body)
        refusal = refuse_documents(
            fold, room.sequencer.kernel.bounds, actor=identity.actor, rank=rank_of(identity.role), new=1
        )
        if refusal is not None:
            return problem_of(refusal)
        # Another document has the name for its id: it was called so, or was deleted.
        doc = new_id(name, fold.kinds, fold.seq + 1)
        barred = refuse_edit(fold, Spot(doc, name), actor=identity.actor, role=identity.role)
        if barred is not None:
            return problem_of(barred)
        own = tuple(msgspec.structs.replace(edit, doc=doc) for edit in edits)
        found(handle, identity.actor, ConfigBody(documents={doc: body.kind}), own, role=identity.role)
        return None

    problem = await write(request, room, create_here)
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


@describe(
    Reply(200, "what it holds", DocumentContent, headers=SEQ_HEADER),
    Reply(200, "with `format=text`: as people read it", media=TEXT, headers=SEQ_HEADER),
    Reply(200, "with `format=update`: Yjs v1 bytes", media=BYTES, headers=SEQ_HEADER),
    takes=(AT, Parameter("format", "in which form", words=FORMATS, default="json", example="json")),
    refuses=("document_renamed", "document_broken", "document_deleted", "too_many_reads"),
)
async def show(request: Request) -> Response:
    """`GET …/documents/DOC?at=SEQ&format=json|text|update`: what it holds, now or after a record."""
    room, identity = await enter(request, "read")
    doc = document_id(request, room)
    name = room.sequencer.fold.catalog.name_of(doc)
    # What is shown counts as seen (semantics §2): a later instruction may build on it.
    form = word(request, "format")
    at = number(request, "at")
    if at:
        document, seq = await _past(request, room, doc, at, actor=identity.actor)
        return _charged(request, identity, _rendered(_view(document, form), name, seq, form))

    def now() -> tuple[DocumentView, int] | None:
        fold = room.sequencer.fold
        refuse_broken(fold, doc)
        check_not_deleted(fold, doc)
        document = fold.documents.get(doc)
        if document is None:
            return None
        view = _view(document, form)
        room.waiters.sent(identity.actor, fold.seq)
        return view, fold.seq

    def logged(handle: Handle) -> tuple[DocumentView, int] | None:
        # What is shown has a number in the log: else an instruction by it would not have seen what was just typed.
        if room.sequencer.kernel.runs.open:
            handle(ReadFrom())
        return now()

    # Looked at for the whole workspace: a rule may let somebody ask for something in one document alone.
    may_instruct = not identity.only_reads and may_ask(room.sequencer.fold, actor=identity.actor, role=identity.role)
    found = await (room.write(logged) if may_instruct else room.read(now))
    if found is None:
        raise Problem("not_found", NOT_HERE)
    return _charged(request, identity, _rendered(found[0], name, found[1], form))


def _charged(request: Request, identity: Identity, response: Response) -> Response:
    """Return an answer once it is entered what it cost: what is read as a value was walked, digested and written."""
    is_encoded = response.media_type == BYTES
    charge(request, identity, len(response.body) * (1 if is_encoded else UNITS_A_BYTE))
    return response


async def _past(request: Request, room: Room, doc: str, at: int, *, actor: str) -> tuple[Document, int]:
    """Return a document as it was after record `at`, folded beside the loop from the checkpoint before."""
    if at > room.durable_seq:
        raise Problem("malformed", f"The log ends at {room.durable_seq}.")
    kinds = dict(room.sequencer.fold.kinds)
    assert at >= 1, "records are counted from 1"
    reads, ws = registry_of(request).reads, room.ws
    documents = await reads.once(
        ("documents", ws, at), person_in(ws, actor), lambda: read_documents(reads.store, ws, at, kinds)
    )
    document = documents.get(doc)
    if document is None:
        refuse_broken(room.sequencer.fold, doc)
        raise Problem("not_found", f"{doc} did not exist at {at}.")
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
            return Response(view.state, headers=headers, media_type=BYTES)
        case _:
            body = {"name": name, "kind": view.kind, "seq": seq, "value": for_people(view.value)}
            return answer({**body, "digest": view.digest})
