"""Everything a workspace is, as a fold of its log: documents, board, history, set-up (semantics §6).

Live and in replay the same `apply` runs. Live, document bytes are already in memory when their record is sealed; in
replay `feed` gives them first. That is the only difference.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from crdt.digest import digest_value
from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.errors import CrdtError
from workspace.intents.model.bodies import (
    CheckpointBody,
    CommitBody,
    ConfigBody,
    EffectBody,
    OracleBody,
    PolicyConfig,
    UpdateBody,
    VerdictBody,
)
from workspace.intents.model.calls import Budget, CallOutcomes, RouteTable
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.effects import Outgoing, Receiver
from workspace.intents.model.ids import call_id
from workspace.intents.model.intent import Role
from workspace.intents.model.invariant import Invariant
from workspace.intents.model.oracle import Judgement, Merged, Pair, group_key
from workspace.intents.model.record import Record, check_bytes
from workspace.intents.model.segment import Segments
from workspace.intents.model.stop import Stops, Switch
from workspace.intents.model.times import day_of, unix_time
from workspace.intents.state.board import Board, Entry
from workspace.intents.state.catalog import Catalog
from workspace.intents.state.history import Edit, History
from workspace.intents.state.rights import Rights
from workspace.intents.state.usage import Usage

AGENT_LANE = "agent"
MARKER = "quarantined"
REASON_POINTS_MAX = 300
# What a document raises that cannot be read or rebuilt, whatever is in it.
UNREADABLE = (CrdtError, ValueError, RecursionError, AssertionError, OverflowError)


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


@dataclass(frozen=True, slots=True)
class Break:
    """Where a document of a log is lost: its name, the record, the journal row, and why.

    `is_state` where it took that row and all before, but cannot be read afterwards.
    """

    doc: str
    seq: int
    jid: int
    reason: str
    is_state: bool = False

    @property
    def words(self) -> str:
        """The same in words, for the log and for people."""
        row = f"its state after journal row {self.jid}" if self.is_state else f"journal row {self.jid}"
        return f"{row} (record {self.seq}): {self.reason}"[:REASON_POINTS_MAX]


@dataclass(slots=True)
class WorkspaceState:
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
    # Who first wrote under a Yjs id, by document: when they are there, it is theirs.
    owners: dict[tuple[str, int], str] = field(default_factory=dict)
    catalog: Catalog = field(default_factory=Catalog)
    rights: Rights = field(default_factory=Rights)
    # Put aside by the log, with the reason; and what this fold could not rebuild, put aside or not.
    quarantined: dict[str, str] = field(default_factory=dict)
    breaks: dict[str, Break] = field(default_factory=dict)
    receivers: dict[str, Receiver] = field(default_factory=dict)
    outbox: dict[tuple[str, int], Outgoing] = field(default_factory=dict)
    effects: dict[tuple[str, int], EffectBody] = field(default_factory=dict)
    redacted: dict[str, str] = field(default_factory=dict)
    checkpoint: int = 0
    touched: set[str] = field(default_factory=set)
    # The last journal row that a record names, by document.
    rows: dict[str, int] = field(default_factory=dict)
    # Whether a document whose bytes are not the logged ones is lost alone: as a workspace opens, not in a verification.
    is_lenient: bool = False
    segments: Segments = field(default_factory=Segments)
    versions: dict[str, str] = field(default_factory=dict)
    stops: Stops = field(default_factory=Stops)

    @property
    def is_strict(self) -> bool:
        """Tell whether documents are read as they are now; those of a log's older part as they were then."""
        return not self.versions or int(self.versions.get("documents", "1")) >= 2

    @property
    def is_read_back(self) -> bool:
        """Tell whether commits are read back and held against their scope here; an older part of a log knew neither."""
        return not self.versions or int(self.versions.get("plans", "1")) >= 2

    def apply(self, record: Record) -> list[Entry]:
        """Enter one record, whose bytes the documents hold already; return the intents that it has moved."""
        assert record.seq == self.seq + 1, f"record {record.seq} after {self.seq}"
        self.seq, self.epoch, self.hash = record.seq, record.epoch, record.row.hash
        self.segments.add(record.seq, record.row.hash)
        match record.body:
            case UpdateBody() as body:
                assert body.first <= body.last, "a run has a first row and a last"
                edit = Edit(record.seq, body.doc, record.actor, body.lane)
                self.history.add(edit, inserted=body.inserted, deleted=body.deleted)
                for client, _, _ in body.inserted:
                    self.owners.setdefault((body.doc, client), record.actor)
                self.jid = max(self.jid, body.last)
                self.rows[body.doc] = body.last
                self.touched.add(body.doc)
            case CommitBody() as body:
                self._make(body.created, self.board.entries[body.intents[0]].actor)
                for doc, part in body.docs.items():
                    edit = Edit(record.seq, doc, record.actor, AGENT_LANE, body.intents)
                    self.history.add(edit, inserted=part.inserted, deleted=part.deleted)
                    self.jid = max(self.jid, part.jid)
                    self.rows[doc] = part.jid
                    self.touched.add(doc)
                for effect in body.effects:
                    # Decision 34: what is to be sent is what commits declare and nothing has settled; no table.
                    self.outbox[(body.commit, effect.i)] = Outgoing(
                        body.commit, record.row.hash, effect, self.receivers[effect.tool], record.epoch
                    )
            case EffectBody() as body:
                self.outbox.pop((body.commit, body.i), None)
                self.effects[(body.commit, body.i)] = body
            case ConfigBody() as body:
                self._configure(body, record)
                if body.switch is not None:
                    self._throw(body.switch, record)
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
        return self.board.apply(record)

    def create(self, doc: str, kind: DocumentKind) -> None:
        """Add an empty document. Does nothing where one of that name exists."""
        if doc not in self.kinds:
            document = self.documents[doc] = Document(kind, client=self.client)
            document.is_strict = self.is_strict
            self.kinds[doc] = kind
            self.catalog.make(doc)

    def _make(self, documents: Mapping[str, DocumentKind], actor: str) -> None:
        for doc, kind in documents.items():
            self.create(doc, kind)
            self.catalog.makers.setdefault(doc, actor)

    def uncreate(self, doc: str) -> None:
        """Take back a `create` that no record holds."""
        assert doc in self.documents, "what was not made is not taken back"
        self.documents.pop(doc)
        self.kinds.pop(doc)
        self.catalog.unmake(doc)

    def put_back(self, doc: str, state: bytes) -> None:
        """Let a document be what it was, by its whole state then: no record holds what came in since."""
        assert doc in self.documents, "only what is there is put back"
        document = Document.of_state(self.kinds[doc], state, client=self.client)
        document.is_strict = self.is_strict
        self.documents[doc] = document

    def is_listed(self, doc: str) -> bool:
        """Tell whether there is a document of that id that is neither archived nor deleted."""
        return doc in self.documents and self.catalog.is_living(doc)

    @property
    def is_busy(self) -> bool:
        """Tell whether something goes on without anybody there: live intents, open questions, effects to be sent."""
        return bool(self.board.live or self.board.questions or self.outbox)

    def listed(self) -> dict[str, DocumentKind]:
        """Return the documents that are neither archived nor deleted, by id."""
        return {doc: self.kinds[doc] for doc in self.documents if self.catalog.is_living(doc)}

    @property
    def has_gone(self) -> bool:
        """Tell whether some document cannot be worked on: it was put aside, archived or deleted."""
        return bool(self.quarantined or self.catalog.put_away)

    def feed(self, record: Record, journal: Sequence[JournalLike]) -> None:
        """Give the documents the bytes that `record` names, before `apply` (replay and recovery only).

        A document that does not take them is lost from here on, and named in `breaks`; all others go on.

        Raises:
            ValueError: the journal rows are not the ones whose SHA-256 the record holds.
        """
        match record.body:
            case UpdateBody() as body:
                if self._is_sound(body.doc, journal, body.sha, record.seq, jid=body.first):
                    for row in journal:
                        self.integrate(row, record.seq)
            case CommitBody() as body:
                for doc, kind in body.created.items():
                    self.create(doc, kind)
                by_jid = {row.jid: row for row in journal}
                for doc, part in body.docs.items():
                    named = [by_jid[part.jid]] if part.jid in by_jid and by_jid[part.jid].doc == doc else []
                    if self._is_sound(doc, named, part.sha, record.seq, jid=part.jid):
                        self.integrate(named[0], record.seq)
            case _:
                pass

    def _is_sound(self, doc: str, rows: Sequence[JournalLike], sha: str, seq: int, *, jid: int) -> bool:
        """Tell whether these rows are what a record was sealed over; where not, the document may be lost alone.

        Raises:
            ValueError: they are not, and this fold is not lenient.
        """
        try:
            if not rows:
                raise ValueError(f"record {seq}: journal row {jid} is missing, or of another document")
            check_bytes((row.update for row in rows), sha, seq)
        except ValueError as error:
            if not self.is_lenient:
                raise
            self.lose(Break(doc, seq, jid, words_of(error)))
            return False
        return True

    def integrate(self, row: JournalLike, seq: int) -> None:
        """Give a document one row of its journal; it is lost where it does not take it."""
        document = self.documents.get(row.doc)
        if document is None:
            if row.doc not in self.kinds:
                raise ValueError(f"there is no document {row.doc}")
            return
        try:
            document.apply(row.update)
        except UNREADABLE as error:
            self.lose(Break(row.doc, seq, row.jid, words_of(error)))

    def lose(self, broken: Break) -> None:
        """Go on without a document that cannot be rebuilt."""
        assert broken.doc in self.kinds, "nobody loses what was never there"
        self.breaks.setdefault(broken.doc, broken)
        self.documents.pop(broken.doc, None)
        self.touched.discard(broken.doc)

    @property
    def unsettled(self) -> set[str]:
        """The documents that this fold has lost and the log has not put aside: states that hold them say nothing."""
        return self.breaks.keys() - self.quarantined.keys()

    @property
    def is_said_by_chance(self) -> bool:
        """Tell whether a digest of these documents was chance to the server that wrote this part of the log."""
        return any(document.is_said_by_chance() for document in self.documents.values())

    def state(self) -> str:
        """Return the digest of every document: what a commit or checkpoint record holds. See `quarantined`."""
        return digest_value(self.digests())

    def digests(self) -> dict[str, str]:
        """Return the digest of each document, the marker for those put aside."""
        assert self.documents.keys().isdisjoint(self.quarantined), "what is put aside is nobody's to read"
        found = {doc: document.digest() for doc, document in self.documents.items()}
        # Decision 77: what was put aside counts as a marker, or no state after it could be reproduced.
        return {**found, **dict.fromkeys(self.quarantined, MARKER)}

    def _configure(self, body: ConfigBody, record: Record) -> None:
        if body.name is not None:
            self.name = body.name
        self._make(body.documents, record.actor)
        by = self.board.author_of(body.commit) if body.commit else record.actor
        for act in (*(DocumentAct("archive", doc) for doc in body.archived), *body.acts):
            self.catalog.enter(act, seq=record.seq, at=record.at, actor=by)
        for doc, reason in body.quarantined.items():
            self.quarantined[doc] = reason
            self.documents.pop(doc, None)
            self.touched.discard(doc)
        self.redacted.update(body.redacted)
        if body.forked is not None:
            self.outbox.clear()
        self.members.update(body.members)
        self.rights.enter(body.rights)
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

    def _throw(self, switch: Switch, record: Record) -> None:
        """Enter a switch. A server under which the agent was stopped all the time has begun no effect."""
        idle = self.stops.enter(switch, seq=record.seq, epoch=record.epoch, at=record.at, actor=record.actor)
        assert idle >= 0, "nobody has idled a negative number of epochs"
        if idle:
            self.outbox = {place: replace(one, epoch=one.epoch + idle) for place, one in self.outbox.items()}
        self.board.postpone(switch.deadlines)

    def _account(self, body: OracleBody, record: Record) -> None:
        if body.opened is not None:
            self.usage.open(call_id(record.seq), body.opened, day_of(unix_time(record.at)))
        if body.closed is not None:
            assert body.closed.call in self.usage.opened, "a call is opened before it is closed, and closed once"
            _, opened = self.usage.opened[body.closed.call]
            if body.closed.outcome != CallOutcomes.LOST and not opened.shadow:
                self.board.came_through(opened.intents[0])
            self.usage.close(body.closed)
        for judgement in body.judgements:
            self.judged.setdefault(judgement.pair, judgement)
        if body.merged is not None:
            self.merges[group_key(body.merged.group)] = body.merged
        if body.compared is not None:
            self.usage.compared.append(body.compared)


def unreadable(
    documents: Mapping[str, Document], *, encoded: Collection[str] = (), is_digested: bool = True
) -> dict[str, str]:
    """Return the documents that cannot be digested, and those of `encoded` that cannot be encoded, with the reason."""
    found = {}
    for doc, document in documents.items():
        try:
            if is_digested:
                document.digest()
            if doc in encoded:
                document.encode()
        except UNREADABLE as error:
            found[doc] = words_of(error)
    return found


def words_of(error: BaseException) -> str:
    """Return in bounded words what a document raised: never more of its content than our own errors quote."""
    is_ours = type(error) is ValueError
    words = error.reason if isinstance(error, CrdtError) else str(error) if is_ours else type(error).__name__
    return words.encode("utf-8", "replace").decode()[:REASON_POINTS_MAX]
