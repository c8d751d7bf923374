"""The rules of rights over HTTP: which stand, what one is in a document, and those of whole places given anew."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crdt.digest import Json
from workspace.access import Identity
from workspace.errors import Refusal
from workspace.http.openapi.operation import Body, Parameter, Reply, describe
from workspace.http.openapi.workspace_answers import GivenRights, RightsNow
from workspace.http.problem import Problem, refuse
from workspace.http.request import answer, body_of, enter, registry_of, write
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured
from workspace.intents.model.role_rules import RoleRule
from workspace.intents.rules.document_acts import refuse_former
from workspace.intents.rules.places import refuse_agent_at, role_at, rule_at, spot, words_at
from workspace.intents.state.fold import WorkspaceState
from workspace.names import find_document
from workspace.registry.given_rules import rules_by_id, rules_by_name
from workspace.registry.known_names import names_in, notes_on, people_of
from workspace.room.context import Handle


class NewRights(msgspec.Struct, frozen=True):
    """Body of `PUT …/rights`: the rules of each place it names, all of them; other places stay as they are."""

    places: dict[str, tuple[RoleRule, ...]]


def described(fold: WorkspaceState) -> dict[str, Json]:
    """Return what the API says of the rules that stand."""
    return {"places": msgspec.to_builtins(rules_by_name(fold))}


def _here(fold: WorkspaceState, name: str, identity: Identity) -> dict[str, Json] | Refusal:
    """Return what somebody is in a document, and by which rule; and whether the agent may change it."""
    called = find_document(name, fold.catalog.holders)
    doc, former = fold.catalog.find(called), refuse_former(fold.catalog, called)
    if doc is None or former is not None:
        return former or Refusal("not_found", f"There is no document {name}.", "Name one that there is.")
    at, actor, role = spot(fold, doc), identity.actor, identity.role
    denied = refuse_agent_at(fold, at)
    return {
        "document": at.name,
        "id": doc,
        "role": role if identity.only_reads else role_at(fold, at, actor=actor, role=role),
        "reason": words_at(fold, at, actor=actor, role=role) if rule_at(fold, at, actor=actor, role=role) else "",
        "agent": denied.reason if denied is not None else "",
    }


@describe(
    Reply(200, "the rules that stand", RightsNow),
    takes=(Parameter("document", "say what one is in this document, too", example="plan"),),
)
async def show(request: Request) -> Response:
    """`GET …/rights?document=DOC`: the rules that stand; with a document also what one is there, as `here`."""
    room, identity = await enter(request, "read")
    name = request.query_params.get("document")

    def found() -> dict[str, Json] | Refusal:
        fold = room.sequencer.fold
        here = _here(fold, name, identity) if name is not None else None
        if isinstance(here, Refusal):
            return here
        return {**described(fold), **({"here": here} if here is not None else {})}

    return _answered(await room.read(found))


@describe(
    Reply(200, "the rules that stand now", GivenRights),
    body=Body(NewRights, {"places": {"prices/": [{"role": "viewer", "actor": "Ben"}]}}),
    refuses=("bad_name", "too_large", "exists", "document_archived", "document_deleted"),
    is_read=False,
)
async def put(request: Request) -> Response:
    """`PUT …/rights`: the rules of places given anew, none of one where it has an empty list; for the owner.

    `notes` say for whom of those named nobody is known here: the rule stands all the same.
    """
    room, identity = await enter(request, "grant")
    body = await body_of(request, NewRights)
    if not body.places:
        raise Problem("malformed", "places names none.", remedy='Send {"places": {"prices/": […]}}.')
    people = await people_of(registry_of(request).store, room.ws)

    def give(handle: Handle) -> dict[str, Json] | Refusal:
        fold = room.sequencer.fold
        given = rules_by_id(fold, body.places)
        if isinstance(given, Refusal):
            return given
        if given:
            handle(Configured(identity.actor, ConfigBody(rights=given), identity.role))
        rules = [rule for place in body.places.values() for rule in place]
        return {**described(fold), "notes": list[Json](notes_on(rules, people | names_in(fold)))}

    return _answered(await write(request, room, give))


def _answered(found: dict[str, Json] | Refusal) -> Response:
    if isinstance(found, Refusal):
        # Where it is now is said; to be led there nobody need be redirected.
        refuse(msgspec.structs.replace(found, code="not_found") if found.code == "document_renamed" else found)
    return answer(found)
