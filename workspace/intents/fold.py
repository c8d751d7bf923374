"""Everything a workspace is, as a fold of its log: documents, board, history, set-up (semantics §6).

Live and in replay the same `apply` runs. Live, document bytes are already in memory when their record is sealed; in
replay `feed` gives them first. That is the only difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from crdt.digest import digest_value
from crdt.document import Document, DocumentKind
from workspace.intents.board import Board
from workspace.intents.calls import Budget, RouteTable
from workspace.intents.effects import Outgoing, Receiver
from workspace.intents.history import Edit, History
from workspace.intents.intent import Role
from workspace.intents.invariant import Invariant
from workspace.intents.oracle import Judgement, Merged, Pair
from workspace.intents.policy import group_key
from workspace.intents.record import (
    CheckpointBody,
    CommitBody,
    ConfigBody,
    EffectBody,
    OracleBody,
    PolicyConfig,
    Record,
    UpdateBody,
    VerdictBody,
)
from workspace.intents.segment import Segments
from workspace.intents.usage import DAY_SECONDS, Usage

AGENT_LANE = "agent"


class JournalLike(Protocol):
    """One journal row, wherever it comes from."""

    @property
    def jid(self) -> int: ...
    @property
    def doc(self) -> str: ...
    @property
    def lane(self) -> str: ...
    @property
    def actor(self) -> str: ...
    @property
    def update(self) -> bytes: ...


@dataclass(slots=True)
class Fold:
    """The state of one workspace after record `seq`, hashed `hash`, and journal row `jid`.

    `client` is the Yjs client id under which documents are opened here; a replay may use any.
    """

    client: int
    name: str = ""
    seq: int = 0
    epoch: int = 0
    hash: str = ""
    jid: int = 0
    documents: dict[str, Document] = field(default_factory=dict)
    kinds: dict[str, DocumentKind] = field(default_factory=dict)
    members: dict[str, Role] = field(default_factory=dict)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    invariants: dict[str, Invariant] = field(default_factory=dict)
    routes: RouteTable | None = None
    budget: Budget = field(default_factory=Budget)
    usage: Usage = field(default_factory=Usage)
    judged: dict[Pair, Judgement] = field(default_factory=dict)
    merges: dict[str, Merged] = field(default_factory=dict)
    board: Board = field(default_factory=Board)
    history: History = field(default_factory=History)
    archived: set[str] = field(default_factory=set)
    receivers: dict[str, Receiver] = field(default_factory=dict)
    outbox: dict[tuple[str, int], Outgoing] = field(default_factory=dict)
    effects: dict[tuple[str, int], EffectBody] = field(default_factory=dict)
    redacted: dict[str, str] = field(default_factory=dict)
    checkpoint: int = 0
    touched: set[str] = field(default_factory=set)
    segments: Segments = field(default_factory=Segments)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def is_strict(self) -> bool:
        """Tell whether documents are read as they are now; those of a log's older part as they were then."""
        return not self.versions or int(self.versions.get("documents", "1")) >= 2

    def apply(self, record: Record) -> None:
        """Enter one record; the documents it names already hold its bytes."""
        assert record.seq == self.seq + 1, f"record {record.seq} after {self.seq}"
        self.seq, self.epoch, self.hash = record.seq, record.epoch, record.row.hash
        self.segments.add(record.seq, record.row.hash)
        match record.body:
            case UpdateBody() as body:
                edit = Edit(record.seq, body.doc, record.actor, body.lane)
                self.history.add(edit, inserted=body.inserted, deleted=body.deleted)
                self.jid = max(self.jid, body.last)
                self.touched.add(body.doc)
            case CommitBody() as body:
                for doc, part in body.docs.items():
                    edit = Edit(record.seq, doc, record.actor, AGENT_LANE, body.intents)
                    self.history.add(edit, inserted=part.inserted, deleted=part.deleted)
                    self.jid = max(self.jid, part.jid)
                    self.touched.add(doc)
                for effect in body.effects:
                    self.outbox[(body.commit, effect.i)] = Outgoing(
                        body.commit, record.row.hash, effect, self.receivers[effect.tool], record.epoch
                    )
            case EffectBody() as body:
                self.outbox.pop((body.commit, body.i), None)
                self.effects[(body.commit, body.i)] = body
            case ConfigBody() as body:
                self._configure(body)
            case CheckpointBody() as body:
                self.segments.seal(body.segments or ())
                self.checkpoint = record.seq
                self.touched.clear()
            case OracleBody() as body:
                self._account(body, record)
            case VerdictBody() as body:
                self.usage.forget(body.intent)
            case _:
                pass
        self.board.apply(record)

    def create(self, doc: str, kind: DocumentKind) -> None:
        """Add an empty document. Does nothing where one of that name exists."""
        if doc not in self.documents:
            document = self.documents[doc] = Document(kind, client=self.client)
            document.is_strict = self.is_strict
            self.kinds[doc] = kind

    def is_listed(self, doc: str) -> bool:
        """Tell whether there is a document of that name that is not archived."""
        return doc in self.kinds and doc not in self.archived

    @property
    def is_busy(self) -> bool:
        """Tell whether something goes on without anybody there: live intents, open questions, effects to be sent."""
        return bool(self.board.live or self.board.questions or self.outbox)

    def listed(self) -> dict[str, DocumentKind]:
        """Return the documents that are not archived, by name."""
        return {doc: kind for doc, kind in self.kinds.items() if doc not in self.archived}

    def feed(self, record: Record, journal: Sequence[JournalLike]) -> None:
        """Give the documents the bytes that `record` names, before `apply` (replay and recovery only).

        Raises:
            ValueError: the journal rows are not the ones whose SHA-256 the record holds.
        """
        match record.body:
            case UpdateBody() as body:
                check_bytes((row.update for row in journal), body.sha, record.seq)
                for row in journal:
                    self.documents[body.doc].apply(row.update)
            case CommitBody() as body:
                for doc, kind in body.created.items():
                    self.create(doc, kind)
                by_jid = {row.jid: row for row in journal}
                for doc, part in body.docs.items():
                    if part.jid not in by_jid:
                        raise ValueError(f"record {record.seq}: journal row {part.jid} is missing")
                    row = by_jid[part.jid]
                    check_bytes((row.update,), part.sha, record.seq)
                    self.documents[doc].apply(row.update)
            case _:
                pass

    def state(self) -> str:
        """Return the digest of every document: what a commit or checkpoint record holds."""
        return digest_value({doc: document.digest() for doc, document in self.documents.items()})

    def _configure(self, body: ConfigBody) -> None:
        if body.name is not None:
            self.name = body.name
        for doc, kind in body.documents.items():
            self.create(doc, kind)
        self.archived.update(body.archived)
        self.redacted.update(body.redacted)
        if body.forked is not None:
            self.outbox.clear()
        self.members.update(body.members)
        if body.versions:
            self.versions.update(body.versions)
            for document in self.documents.values():
                document.read_as(is_strict=self.is_strict)
        if body.policy is not None:
            self.policy = body.policy
        if body.invariants is not None:
            self.invariants = body.invariants
        if body.routes is not None:
            self.routes = body.routes
        if body.budget is not None:
            self.budget = body.budget
        if body.receivers is not None:
            self.receivers = body.receivers

    def _account(self, body: OracleBody, record: Record) -> None:
        if body.opened is not None:
            day = int(datetime.fromisoformat(record.at).timestamp() // DAY_SECONDS)
            self.usage.open(f"k{record.seq}", body.opened, day)
        if body.closed is not None:
            self.usage.close(body.closed)
        for judgement in body.judgements:
            self.judged.setdefault(judgement.pair, judgement)
        if body.merged is not None:
            self.merges[group_key(body.merged.group)] = body.merged
        if body.compared is not None:
            self.usage.compared.append(body.compared)


def sha_of(updates: Iterable[bytes]) -> str:
    """Return the SHA-256 over the given updates, end to end, as `sha256:hex`."""
    digest = sha256()
    for update in updates:
        digest.update(update)
    return f"sha256:{digest.hexdigest()}"


def check_bytes(updates: Iterable[bytes], sha: str, seq: int) -> None:
    """Raise ValueError unless these bytes are the ones that record `seq` was sealed over."""
    if sha_of(updates) != sha:
        raise ValueError(f"record {seq}: its document bytes are not the ones that were logged")
