"""Documents as a whole over HTTP: renamed, archived, deleted, restored; and which document an address names."""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crdt.digest import Json
from workspace.access import Identity
from workspace.errors import Refusal
from workspace.http.content import check_name
from workspace.http.openapi.operation import Body, Reply, describe
from workspace.http.openapi.workspace_answers import DocumentLine
from workspace.http.problem import Problem, refuse
from workspace.http.request import answer, body_of, document_name, enter, write
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.document_acts import Acts, DocumentAct, DocumentState
from workspace.intents.model.events import Configured
from workspace.intents.rules.document_acts import changes_nothing, find_away, refuse_act, refuse_put_away
from workspace.intents.rules.places import refuse_act_at
from workspace.intents.state.fold import WorkspaceState
from workspace.names import compose
from workspace.room.context import Handle
from workspace.room.room import Room

STATES: tuple[DocumentState, ...] = ("living", "archived", "deleted")
ACT_REFUSALS = (
    "bad_name", "exists", "ambiguous", "over_share", "document_read_only", "document_renamed", "document_broken",
    "document_archived", "document_deleted", "too_large",
)  # fmt: skip
NOT_HERE = "No such workspace or document, or it is not yours."


class DocumentChange(msgspec.Struct, frozen=True):
    """Body of `PATCH …/documents/DOC`: a new name, or another state; both where it is restored under another name."""

    name: str | None = None
    state: DocumentState | None = None


def described(fold: WorkspaceState, doc: str) -> dict[str, Json]:
    """Return what the API says of a document as a whole: by whom and when too, where it was put away."""
    catalog = fold.catalog
    put = catalog.put_away.get(doc)
    found: dict[str, Json] = {
        "name": catalog.name_of(doc), "kind": fold.kinds[doc], "id": doc, "state": catalog.state_of(doc)
    }  # fmt: skip
    return {**found, "by": put.actor, "since": put.at, "seq": put.seq} if put is not None else found


def document_id(request: Request, room: Room) -> str:
    """Return the id of the document that a path names.

    Raises `Problem` not_found; document_renamed where it is called otherwise by now: it names the new address.
    """
    name, catalog = document_name(request, room), room.sequencer.fold.catalog
    doc = catalog.find(name)
    if doc is None:
        raise Problem("not_found", NOT_HERE)
    if not catalog.is_called(doc, name):
        now = catalog.name_of(doc)
        parts = request.scope["path"].rpartition(request.path_params["doc"])
        where = request.scope.get("root_path", "") + quote(parts[0].removeprefix(request.scope.get("root_path", "")))
        query = f"?{request.url.query}" if request.url.query else ""
        reason = f"{name} is called {now} now."
        raise Problem(
            "document_renamed", reason, remedy=f"Ask for {now}.", headers={"location": f"{where}{quote(now)}{query}"}
        )
    return doc


def check_not_deleted(fold: WorkspaceState, doc: str) -> None:
    """Raise `Problem` document_deleted for a document that was deleted; what is archived is read."""
    if fold.catalog.state_of(doc) == "deleted":
        refusal = refuse_put_away(fold, (doc,))
        assert refusal is not None, "what was deleted is refused"
        refuse(refusal)


@describe(
    Reply(200, "as it is now", DocumentLine),
    body=Body(DocumentChange, {"name": "minutes"}),
    refuses=ACT_REFUSALS,
    is_read=False,
)
async def change(request: Request) -> Response:
    """`PATCH …/documents/DOC`: call it otherwise, archive it, delete it, or restore it."""
    room, identity = await enter(request, "edit")
    wanted = await body_of(request, DocumentChange)
    doc = _restored_id(request, room) if wanted.state == "living" else document_id(request, room)
    name = compose(wanted.name) if wanted.name is not None else ""
    if wanted.name is not None:
        called = room.sequencer.fold.catalog.called()
        check_name(name, [other for other, held in called.items() if held != doc])
    match wanted.state:
        case None if name:
            act = DocumentAct(Acts.RENAME, doc, name)
        case "living":
            act = DocumentAct(Acts.RESTORE, doc, name)
        case "archived" if not name:
            act = DocumentAct(Acts.ARCHIVE, doc)
        case "deleted" if not name:
            act = DocumentAct(Acts.DELETE, doc)
        case _:
            raise Problem("malformed", "Give a name, or a state; both only to restore it under another name.")
    return await _carry_out(request, room, identity, act)


@describe(Reply(200, "as it is now", DocumentLine), refuses=ACT_REFUSALS, is_read=False)
async def delete(request: Request) -> Response:
    """`DELETE …/documents/DOC`: nobody sees it any more; it is kept, and can be restored."""
    room, identity = await enter(request, "edit")
    return await _carry_out(request, room, identity, DocumentAct(Acts.DELETE, document_id(request, room)))


def _restored_id(request: Request, room: Room) -> str:
    """Return the id of the document that is to be restored: one that is put away, though another has its name by now.

    Raises `Problem` as `document_id` does, where none is; ambiguous where several are.
    """
    away = find_away(room.sequencer.fold.catalog, document_name(request, room))
    if isinstance(away, Refusal):
        refuse(away)
    return away if away is not None else document_id(request, room)


async def _carry_out(request: Request, room: Room, identity: Identity, act: DocumentAct) -> Response:
    def now(handle: Handle) -> Refusal | dict[str, Json]:
        fold = room.sequencer.fold
        named = msgspec.structs.replace(act, was=fold.catalog.name_of(act.doc))
        refused = refuse_act_at(fold, named, actor=identity.actor, role=identity.role)
        refused = refused or refuse_act(fold.catalog, named, documents_max=room.settings.documents_max)
        if refused is not None:
            return refused
        if not changes_nothing(fold.catalog, named):
            handle(Configured(identity.actor, ConfigBody(acts=(named,)), identity.role))
        return described(fold, act.doc)

    done = await write(request, room, now)
    if isinstance(done, Refusal):
        refuse(done)
    return answer(done)
