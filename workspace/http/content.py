"""What a document holds from its first record on: content given with its making, as an edit of whoever gives it.

The edit goes into the same turn as the record that makes the document, so both are durable or neither. It is an
ordinary Yjs update of a client id of its own: stock clients, attribution and replay see nothing special in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from crdt.digest import Json, canonical
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.documents.pycrdt_document import DocumentKind
from crdt.errors import CrdtError
from crdt.line_ends import normalise_line_ends
from crdt.operations.ops import check_value
from crdt.updates.scan import INTERNAL, scan_update
from workspace.access import Identity
from workspace.http.problem import Problem, refuse
from workspace.intents.model.events import Edited
from workspace.intents.model.ids import http_lane
from workspace.names import compose, document_twin, refuse_document_name
from workspace.ports import Clock
from workspace.threads import compute

CLIENT_MIN, CLIENT_END = 1 << 20, 1 << 32


class NewDocument(msgspec.Struct, frozen=True):
    """Body of `PUT …/documents/DOC`; `content` is the text of a text document, or the object of a data document."""

    kind: DocumentKind = "text"
    content: Json | msgspec.UnsetType = msgspec.UNSET


def lane_of(identity: Identity, key: str = "") -> str:
    """Return the lane of everything that one token does over HTTP, or does under one idempotency key."""
    return http_lane(identity.token_id or identity.actor, key)


def new_documents(given: Mapping[str, DocumentKind | NewDocument]) -> dict[str, NewDocument]:
    """Return documents that a body wants, under composed names. Raises `Problem` bad_name and bad_content."""
    found: dict[str, NewDocument] = {}
    for name, wanted in given.items():
        check_name(compose(name), found)
        if compose(name) in found:
            raise Problem("bad_name", f"{name} is there twice, in two forms.", remedy="Give each document one name.")
        found[compose(name)] = NewDocument(wanted) if isinstance(wanted, str) else with_clean_content(wanted)
    return found


def check_name(name: str, known: Iterable[str] = ()) -> None:
    """Raise `Problem` bad_name where no document may be made under a name, beside those `known`."""
    refusal = refuse_document_name(name)
    if refusal is not None:
        refuse(refusal)
    twin = document_twin(name, known)
    if twin is not None:
        reason = f"{name} differs from {twin}, which is a document's name here, by nothing that is seen."
        raise Problem("bad_name", reason, remedy="Choose another name.")


def with_clean_content(wanted: NewDocument) -> NewDocument:
    """Return a document that is wanted, with plain line ends in a text. Raises `Problem` bad_content."""
    match wanted.kind, wanted.content:
        case _, msgspec.UNSET:
            return wanted
        case "text", str() as text:
            return NewDocument("text", normalise_line_ends(text))
        case "data", dict() as values:
            try:
                for value in values.values():
                    check_value(value)
            except CrdtError as error:
                raise Problem(
                    "bad_content", f"The content does not fit: {error.reason}.", remedy=error.remedy
                ) from error
            return wanted
        case "rich", _:
            reason, remedy = "A rich document is made empty.", "Leave content out, and write into it with an editor."
        case "text", _:
            reason, remedy = "The content of a text document is a text.", 'Send {"kind": "text", "content": "…"}.'
        case _:
            reason, remedy = "The content of a data document is an object.", 'Send {"kind": "data", "content": {…}}.'
    raise Problem("bad_content", reason, remedy=remedy)


async def first_edits(wanted: Mapping[str, NewDocument], identity: Identity, clock: Clock) -> tuple[Edited, ...]:
    """Return the edits that write what new documents begin with, in the name of who wants them.

    They are made beside the loop: a megabyte of values takes most of a second.
    """
    filled = {name: document for name, document in wanted.items() if document.content is not msgspec.UNSET}
    if not filled:
        return ()
    # Decision 79: an update of a client id of its own, so that attribution names whoever gave the content.
    clients = [_fresh_client(clock) for _ in filled]
    assert len(clients) == len(filled), "each document begins with one client"
    return await compute(_edits, filled, clients, identity)


def is_content(document: Document, content: Json) -> bool:
    """Tell whether a document holds just this."""
    return canonical(document.value()) == canonical(content)


def _edits(wanted: Mapping[str, NewDocument], clients: list[int], identity: Identity) -> tuple[Edited, ...]:
    edits, lane = [], lane_of(identity)
    for (name, document), client in zip(wanted.items(), clients, strict=True):
        update = _update(document, client=client)
        if update is not None:
            scan = scan_update(update, INTERNAL)
            edits.append(Edited(lane, identity.actor, name, update, scan, role=identity.role))
    return tuple(edits)


def _update(wanted: NewDocument, *, client: int) -> bytes | None:
    document = Document(wanted.kind, client=client)
    with document.transaction() as done:
        if isinstance(wanted.content, str):
            document.insert_text(0, wanted.content)
        elif isinstance(wanted.content, dict):
            for key, value in wanted.content.items():
                set_path(document, (key,), value)
    assert len(done) <= 1, "one transaction is one update"
    return done[0].update if done else None


def _fresh_client(clock: Clock) -> int:
    """Return a Yjs client id that nobody has: above the server's own, below what browsers pick beyond 32 bits."""
    client = CLIENT_MIN + int(clock.token(8), 16) % (CLIENT_END - CLIENT_MIN)
    assert CLIENT_MIN <= client < CLIENT_END, "below what browsers pick, above the server's own"
    return client
