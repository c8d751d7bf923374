"""The ten kinds of log record and the hash chain that binds them (semantics §1.1, §6).

`hash = SHA-256(prev ‖ canonical(seq, epoch, kind, at, actor, H(body)))`: the chain covers the body only through its
own hash, so that a body can later be redacted without breaking the chain. Document bytes are never in a body: a body
names journal rows and their SHA-256, and what travels on the wire is the body itself.

Every struct in a body refuses fields that it does not have. Whoever adds a field or a kind raises `LOG_FORMAT`.
"""

from __future__ import annotations

from json.encoder import encode_basestring as quoted
from typing import Literal

import msgspec

from crdt.digest import Json, canonical, sha256_of
from crdt.documents.document import DocumentKind
from crdt.operations.fork import Reading
from crdt.operations.ops import Op
from workspace.errors import RecordUnknown
from workspace.intents.log_format import FORMAT, check_format, undecoded_field
from workspace.intents.model.calls import Budget, CallClosed, CallOpened, Compared, RouteTable
from workspace.intents.model.effects import Effect, Receiver
from workspace.intents.model.intent import Expect, Forked, IntentKind, Need, Region, Role, Scope, TerminalState
from workspace.intents.model.invariant import Invariant
from workspace.intents.model.oracle import Judgement, Merged
from workspace.intents.model.plan import Option, Tokens
from workspace.intents.model.segment import Segment
from workspace.intents.model.stop import Switch

BLANKED = '{"~redacted":"'
# No policy's word on a decision: a question taken back, because what it asked about has changed.
CHANGED = "changed@1"
RecordKind = Literal[
    "update", "intent", "plan", "oracle", "decision", "commit", "verdict", "effect", "config", "checkpoint"
]
Spans = tuple[tuple[int, int, int], ...]  # (Yjs client id, first clock, end clock), half open


class UpdateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"deleted": "del", "inserted": "ins"}):
    """A run of document updates of one lane: journal rows `first` to `last` of that lane and document."""

    doc: str
    lane: str
    first: int
    last: int
    count: int
    size: int
    sha: str
    inserted: Spans = ()
    deleted: Spans = ()


class IntentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An accepted intent with its stamp `(seen, n)`, the derived vector clock and the role it was given under."""

    id: str
    lane: str
    n: int
    kind: IntentKind
    text: str
    seen: int
    vc: dict[str, int]
    role: Role
    sha: str
    needs: dict[str, Need] = {}
    scope: tuple[Scope, ...] | None = None
    refs: tuple[str, ...] = ()
    expects: tuple[Expect, ...] = ()
    value: str | None = None
    deadline: float | None = None


class PlanBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A proposal to edit, made on the documents as of `snapshot`; re-validated by value before it may commit.

    `serves` are the intents that had joined and that it carries out, too: unset in older logs, where that was all.
    """

    plan: str
    intents: tuple[str, ...]
    snapshot: int
    attempt: int
    ops: tuple[Op, ...]
    reads: tuple[Reading, ...]
    summary: str
    effects: tuple[Effect, ...] = ()
    tokens: Tokens = Tokens()
    planner: str = ""
    serves: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def docs(self) -> set[str]:
        """The documents in which it works: where it writes, and what it read strongly."""
        return {op.doc for op in self.ops} | {reading.doc for reading in self.reads if reading.strong}


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people are asked: who may answer is derived from the group; `deadline` in unix seconds.

    `default` stands where nobody settles it in time; `because` says in words why that one.
    """

    id: str
    group: tuple[str, ...]
    text: str
    options: tuple[Option, ...]
    deadline: float
    default: str
    evidence: dict[str, Json] = {}
    because: str = ""


OracleKind = Literal[
    "question", "timer", "planner_refused", "planner_failed", "requeued", "steered", "judged", "merged", "carries",
    "call_opened", "call_closed", "tool_refused", "shadow_compared", "turn_failed",
]  # fmt: skip


class OracleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An answer from outside the deterministic kernel: the planner's, a timer's. Replay reads it, never asks again."""

    oracle: OracleKind
    intent: str = ""
    question: Question | None = None
    code: str = ""
    reason: str = ""
    remedy: str = ""
    source: str = ""
    tool: str = ""
    arguments: str = ""
    opened: CallOpened | None = None
    closed: CallClosed | None = None
    compared: Compared | None = None
    judgements: tuple[Judgement, ...] = ()
    merged: Merged | None = None


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person's answer to a question; `implied` when it is only that an author stands by the own intent."""

    actor: str
    value: str
    intent: str = ""


Layer = Literal["L0", "L2", "L3", "L4", "E", "rights", "effects", "scope"]


class DecisionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was decided about a group of colliding intents, by which policy, on which evidence.

    An open question is a decision whose outcome is `held` for all; the decision that settles it names it in `of`.
    `answers` are all that came, `silent` whom it was put to by name and who gave none.
    """

    decision: str
    group: tuple[str, ...]
    layer: Layer
    policy: str
    by: Literal["policy", "person", "timer"]
    outcome: dict[str, str]
    reason: str
    inputs: str = ""
    evidence: dict[str, Json] = {}
    question: Question | None = None
    of: str = ""
    answers: tuple[Answer, ...] = ()
    silent: tuple[str, ...] = ()


class CommitDoc(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"deleted": "del", "inserted": "ins"}):
    """One document's part of a commit: the journal row with the bytes, and the state vectors around it."""

    jid: int
    sha: str
    before: str
    after: str
    inserted: Spans
    deleted: Spans


class CommitBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The agent's edit, entered in one transaction; `state` is the digest of every document afterwards.

    `weak_changed` are the documents of which the plan had seen an outline that was another by then (semantics §5).
    """

    commit: str
    plan: str
    intents: tuple[str, ...]
    base: int
    decisions: tuple[str, ...]
    docs: dict[str, CommitDoc]
    created: dict[str, DocumentKind]
    state: str
    origin: str
    summary: str
    effects: tuple[Effect, ...] = ()
    weak_changed: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class VerdictBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The one end of an intent, with the reason its author reads and what may be done about it.

    `did` names the operations of a commit whose effect was read in the documents, made from the operations themselves.
    """

    intent: str
    state: TerminalState
    code: str
    reason: str
    remedy: str = ""
    by: str = ""
    winner: str = ""
    commit: str = ""
    can: tuple[str, ...] = ()
    did: tuple[str, ...] = ()


class EffectBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of one declared outside effect; it left, or tried to, knowing the log up to `begun` (0: not said)."""

    commit: str
    i: int
    key: str
    status: Literal["sent", "failed", "unknown"]
    detail: str = ""
    attempts: int = 1
    begun: int = 0


class PolicyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a workspace settles conflicts. Seconds and milliseconds are bounded where they enter (`policy.check`)."""

    chain: tuple[str, ...] = ("priority", "ask", "fair")
    ask_seconds: float = 60.0
    human_edit: Literal["suggest", "apply_and_flag", "ask"] = "suggest"
    window_ms: int = 300
    overlap_wait_ms: int = 30_000
    replans_max: int = 2
    plan_seconds_max: float = 120.0
    slots: int = 4
    judge: bool = True
    merge_auto: bool = False
    vote_quorum: int = 3
    regions: tuple[Region, ...] = ()


class ConfigBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A change of the workspace's set-up; a missing field is left as it was.

    `quarantined` are documents that cannot be read any more, with the reason: from here on they count as a marker.
    """

    name: str | None = None
    documents: dict[str, DocumentKind] = {}
    members: dict[str, Role] = {}
    policy: PolicyConfig | None = None
    invariants: dict[str, Invariant] | None = None
    routes: RouteTable | None = None
    budget: Budget | None = None
    receivers: dict[str, Receiver] | None = None
    retired: tuple[str, ...] = ()
    archived: tuple[str, ...] = ()
    forked: Forked | None = None
    redacted: dict[str, str] = {}
    versions: dict[str, str] = {}
    quarantined: dict[str, str] = {}
    switch: Switch | None = None


class CheckpointBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The digest of every document after record `head` and journal row `jid`; the segments since the last one."""

    head: int
    state: str
    documents: dict[str, str]
    jid: int = 0
    segments: tuple[Segment, ...] | msgspec.UnsetType = msgspec.UNSET


Body = (
    UpdateBody
    | IntentBody
    | PlanBody
    | OracleBody
    | DecisionBody
    | CommitBody
    | VerdictBody
    | EffectBody
    | ConfigBody
    | CheckpointBody
)

BODIES: dict[RecordKind, type[Body]] = {
    "update": UpdateBody,
    "intent": IntentBody,
    "plan": PlanBody,
    "oracle": OracleBody,
    "decision": DecisionBody,
    "commit": CommitBody,
    "verdict": VerdictBody,
    "effect": EffectBody,
    "config": ConfigBody,
    "checkpoint": CheckpointBody,
}
KINDS = {body: kind for kind, body in BODIES.items()}
_DECODERS: dict[str, msgspec.json.Decoder[Body]] = {kind: msgspec.json.Decoder(body) for kind, body in BODIES.items()}


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One log record as it is stored: the body is its canonical JSON text."""

    seq: int
    epoch: int
    kind: str
    at: str
    actor: str
    body: str
    prev: str
    hash: str


class Record(msgspec.Struct, frozen=True):
    """One log record with its typed body. `seq` is dense from 1; `at` is only for people."""

    seq: int
    epoch: int
    at: str
    actor: str
    body: Body
    row: Row

    @property
    def kind(self) -> RecordKind:
        """Return which of the ten kinds this is."""
        return kind_of(self.body)


def kind_of(body: Body) -> RecordKind:
    """Return the record kind that a body belongs to."""
    return KINDS[type(body)]


def seal(body: Body, *, seq: int, epoch: int, at: str, actor: str, prev: str) -> Record:
    """Return the record that follows the one hashed `prev` (`""` before the first)."""
    text = canonical(msgspec.to_builtins(body)).decode()
    kind = kind_of(body)
    digest = chain_hash(seq=seq, epoch=epoch, kind=kind, at=at, actor=actor, sha=sha256_of(text.encode()), prev=prev)
    row = Row(seq=seq, epoch=epoch, kind=kind, at=at, actor=actor, body=text, prev=prev, hash=digest)
    return Record(seq=seq, epoch=epoch, at=at, actor=actor, body=body, row=row)


def chain_hash(*, seq: int, epoch: int, kind: str, at: str, actor: str, sha: str, prev: str) -> str:
    """Return the hash of one link: it covers the body through the body's own SHA-256 (semantics §6, redaction)."""
    head = (  # canonical JSON, written out: every record of a log passes here when it is opened
        f'{{"actor":{quoted(actor)},"at":{quoted(at)},"body":{quoted(sha)},'
        f'"epoch":{epoch:d},"kind":{quoted(kind)},"seq":{seq:d}}}'
    )
    return sha256_of((prev + head).encode("utf-8", "surrogatepass"))


def body_parts(row: Row) -> tuple[str, str]:
    """Return a row's body and the SHA-256 that its hash covers; a blanked body carries that of the original."""
    if not row.body.startswith(BLANKED):
        return row.body, sha256_of(row.body.encode())
    sha, _, tail = row.body[len(BLANKED) :].partition('","body":')
    return tail[:-1], sha


def read_row(row: Row) -> Record:
    """Return the typed record of a stored row.

    Raises:
        RecordUnknown: its kind or a field is none of this version's: a newer version's log is never half understood.
        LogNewer: from here on the log is of a format that this version does not know.
        msgspec.ValidationError: the body is no body of its kind.
    """
    if row.kind not in _DECODERS:
        raise RecordUnknown(seq=row.seq, kind=row.kind)
    try:
        body = _DECODERS[row.kind].decode(body_parts(row)[0])
    except msgspec.ValidationError as error:
        if field := undecoded_field(error):
            raise RecordUnknown(seq=row.seq, kind=row.kind, field=field) from error
        raise
    if isinstance(body, ConfigBody) and FORMAT in body.versions:
        check_format(body.versions[FORMAT], seq=row.seq)
    return Record(seq=row.seq, epoch=row.epoch, at=row.at, actor=row.actor, body=body, row=row)


def is_linked(row: Row, prev: Row | None) -> bool:
    """Tell whether `row` follows `prev` in the chain and carries the hash of its own content."""
    follows = row.seq == 1 and row.prev == "" if prev is None else row.seq == prev.seq + 1 and row.prev == prev.hash
    expected = chain_hash(
        seq=row.seq, epoch=row.epoch, kind=row.kind, at=row.at, actor=row.actor, sha=body_parts(row)[1], prev=row.prev
    )
    return follows and row.hash == expected and (prev is None or row.epoch >= prev.epoch)
