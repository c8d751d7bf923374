"""What routes about a workspace, its documents and its log answer with, as types; see `people_answers`."""

from __future__ import annotations

from typing import Literal

import msgspec

from crdt.digest import Json
from crdt.documents.pycrdt_document import DocumentKind
from workspace.http.openapi.server_answers import StopsNow
from workspace.intents.audit.attribution import Stretch
from workspace.intents.audit.verify import Report
from workspace.intents.audit.what_if import WhatIf
from workspace.intents.model.bodies import PolicyConfig, RecordKind
from workspace.intents.model.calls import Budget, RouteTable
from workspace.intents.model.document_acts import DocumentState
from workspace.intents.model.effects import Receiver
from workspace.intents.model.intent import Role
from workspace.intents.model.invariant import Invariant
from workspace.intents.model.role_rules import RoleRule


class WorkspaceName(msgspec.Struct, frozen=True):
    """A workspace, by id and name."""

    id: str
    name: str


class WorkspaceNow(StopsNow, frozen=True, kw_only=True):
    """A workspace: its documents by name, its members, its rules, and how far its log goes.

    `broken` are the rules that do not hold, with the reason; `quarantined` the documents that cannot be read.
    """

    id: str
    name: str
    seq: int
    epoch: int
    documents: dict[str, DocumentKind]
    ids: dict[str, str]
    quarantined: dict[str, str]
    members: dict[str, Role]
    policy: PolicyConfig
    invariants: dict[str, Invariant]
    broken: dict[str, str]
    routes: RouteTable | None
    budget: Budget
    receivers: dict[str, Receiver]


class DocumentLine(msgspec.Struct, frozen=True):
    """A document as a whole; where it was put away also by whom, when, and by which record."""

    name: str
    kind: DocumentKind
    id: str
    state: DocumentState
    by: str | msgspec.UnsetType = msgspec.UNSET
    since: str | msgspec.UnsetType = msgspec.UNSET
    seq: int | msgspec.UnsetType = msgspec.UNSET


class MadeDocument(msgspec.Struct, frozen=True):
    """A document that is here now, made by this request or before it."""

    name: str
    kind: DocumentKind


class DocumentContent(msgspec.Struct, frozen=True):
    """What a document holds after record `seq`: `value` is a text, or an object; `digest` tells states apart."""

    name: str
    kind: DocumentKind
    seq: int
    value: Json
    digest: str


class Attribution(msgspec.Struct, frozen=True):
    """Who wrote each stretch of what was asked about, and who told the agent to."""

    document: str
    seq: int
    stretches: tuple[Stretch, ...]


class HereNow(msgspec.Struct, frozen=True):
    """What one is in a document and by which rule; `agent` says why the agent may not change it, or is empty."""

    document: str
    id: str
    role: Role
    reason: str
    agent: str


class RightsNow(msgspec.Struct, frozen=True):
    """The rules of rights that stand, by place; what one is in the document that was asked about."""

    places: dict[str, tuple[RoleRule, ...]]
    here: HereNow | msgspec.UnsetType = msgspec.UNSET


class GivenRights(msgspec.Struct, frozen=True):
    """The rules of rights that stand now; `notes` say for whom of those named nobody is known here."""

    places: dict[str, tuple[RoleRule, ...]]
    notes: tuple[str, ...]


class LogLine(msgspec.Struct, frozen=True):
    """One record of the log (protocol §2.3), one a line."""

    type: Literal["record"]
    seq: int
    epoch: int
    kind: RecordKind
    at: str
    actor: str
    body: Json
    prev: str
    hash: str


class Redacted(msgspec.Struct, frozen=True):
    """How many records an intent's words were taken out of; with `blobs` also which files went with them."""

    intent: str
    records: int
    blobs: list[str] | msgspec.UnsetType = msgspec.UNSET


class Replayed(msgspec.Struct, frozen=True):
    """What a replay came to: how each decision comes out again; with `audit` also what verifying the log found."""

    mode: Literal["audit", "what-if"]
    decisions: WhatIf
    report: Report | msgspec.UnsetType = msgspec.UNSET
