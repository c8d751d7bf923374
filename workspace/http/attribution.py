"""Who wrote this, and who told the agent to, over HTTP."""

from __future__ import annotations

import json
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crdt.documents.document import Document
from crdt.documents.paths import Path
from crdt.documents.pycrdt_document import DocumentKind
from crdt.errors import CrdtError
from workspace.access import person_in
from workspace.history.read import read_all
from workspace.http.document_acts import NOT_HERE, check_not_deleted, document_id
from workspace.http.documents import refuse_broken
from workspace.http.openapi.operation import Parameter, Reply, describe
from workspace.http.openapi.parameters import AT, SEQ_MAX
from workspace.http.openapi.workspace_answers import Attribution
from workspace.http.problem import Problem
from workspace.http.request import answer, enter, number, registry_of
from workspace.intents.audit.attribution import POINTS_MAX, Words, find_value, find_words, stretches_of
from workspace.intents.model.events import ReadFrom
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.history import Ranges
from workspace.intents.state.replay import REPLAY_CLIENT, fold_log
from workspace.room.context import Handle
from workspace.room.room import Room
from workspace.threads import compute

Found = Words | tuple[Ranges, ...]
QUERY_POINTS_MAX = 2_000


class DocumentNow(msgspec.Struct, frozen=True):
    """A document as it stood, and after which record."""

    kind: DocumentKind
    state: bytes
    seq: int


@describe(
    Reply(200, "each stretch, with who wrote it and who told the agent to", Attribution),
    takes=(
        Parameter("quote", f"of a text: words of it, at most {QUERY_POINTS_MAX} characters", example="travel"),
        Parameter("from", "of a text: from this character, counted from 0", low=0, high=SEQ_MAX, example=0),
        Parameter("to", "of a text: to before this character", low=0, high=SEQ_MAX, example=5),
        Parameter("path", "of a data document: the keys to a value, as a JSON list", example='["travel"]'),
        AT,
    ),
    refuses=("document_renamed", "document_broken", "document_deleted", "too_many_reads"),
)
async def show(request: Request) -> Response:
    """`GET …/attribution/DOC?quote=|from=&to=|path=[…]&at=SEQ`: each stretch with its record, commit, people."""
    room, identity = await enter(request, "read")
    doc = document_id(request, room)
    name = room.sequencer.fold.catalog.name_of(doc)
    at = number(request, "at")
    if at and at < room.durable_seq:
        return await _past(request, room, doc, at, name=name, actor=identity.actor)
    seen = await room.write(partial(_look, room, doc))
    # Nobody types more slowly because somebody asks who wrote: ids are looked for beside the room, in a copy.
    found = await _look_for(seen, name, request, person_in(room.ws, identity.actor))
    stretches = await room.read(lambda: stretches_of(room.sequencer.fold, doc, found))
    return answer({"document": name, "seq": seen.seq, "stretches": msgspec.to_builtins(stretches)})


def _look(room: Room, doc: str, handle: Handle) -> DocumentNow:
    """Return how a document stands when all that was typed is in the log. Raises `Problem`."""
    handle(ReadFrom())
    fold = room.sequencer.fold
    _check(fold, doc)
    document = fold.documents[doc]
    return DocumentNow(document.kind, document.encode(), fold.seq)


async def _past(request: Request, room: Room, doc: str, at: int, *, name: str, actor: str) -> Response:
    """Answer from the log up to a record, folded beside the room."""
    reads, ws = registry_of(request).reads, room.ws

    async def folded() -> WorkspaceState:
        rows, journal = await read_all(reads.store, ws)
        return await compute(fold_log, rows, journal, to=at)

    fold = await reads.once(("fold", ws, at), person_in(ws, actor), folded)
    _check(fold, doc)
    document = fold.documents[doc]
    # Others may wait for the same fold: each looks in a copy of their own.
    seen = DocumentNow(document.kind, document.encode(), fold.seq)
    found = await _look_for(seen, name, request, person_in(ws, actor))
    return answer({"document": name, "seq": fold.seq, "stretches": msgspec.to_builtins(stretches_of(fold, doc, found))})


def _check(fold: WorkspaceState, doc: str) -> None:
    refuse_broken(fold, doc)
    if doc not in fold.documents:
        raise Problem("not_found", NOT_HERE)
    check_not_deleted(fold, doc)


async def _look_for(seen: DocumentNow, name: str, request: Request, person: str) -> Found:
    async with registry_of(request).probes.turn(person):
        return await compute(_find_in, seen, name, request)


def _find_in(seen: DocumentNow, name: str, request: Request) -> Found:
    return _find(Document.of_state(seen.kind, seen.state, client=REPLAY_CLIENT), name, request)


def _find(document: Document, name: str, request: Request) -> Found:
    """Return the ids of what is asked about. Raises `Problem` where it is not there, or cannot be asked so."""
    try:
        if document.kind == "data":
            return find_value(document, name, _path(request.query_params.get("path", "")))
        if document.kind != "text":
            raise ValueError(f"{name} is a {document.kind} document; text and data documents are attributed")
        return _find_text(document, request)
    except CrdtError as error:
        raise Problem("not_found", error.reason) from error
    except ValueError as error:
        raise Problem("malformed", str(error)) from error


def _find_text(document: Document, request: Request) -> Found:
    text = document.text()
    quote = request.query_params.get("quote", "")
    if quote:
        start = text.find(quote[:QUERY_POINTS_MAX])
        if start < 0:
            raise ValueError("the quote does not stand in this document")
        return find_words(document, start, start + len(quote))
    start = number(request, "from", high=len(text))
    end = number(request, "to", default=min(len(text), start + POINTS_MAX), low=start, high=len(text))
    assert start <= end <= len(text), "bounds were checked as they were read"
    return find_words(document, start, end)


def _path(text: str) -> Path:
    try:
        return msgspec.convert(json.loads(text[:QUERY_POINTS_MAX]), Path)
    except (ValueError, RecursionError) as error:
        raise ValueError('path is a JSON list of keys, e.g. ["budget", "travel"]') from error
