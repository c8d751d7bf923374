"""The bodies of the ten kinds of log record, with what is nested in them (semantics §1.1).

A body holds what its record says and nothing of where it stands: `record.py` seals it into the chain. Document bytes
are never in a body: a body names journal rows and their SHA-256, and what travels on the wire is the body itself. The
log keeps a body as canonical JSON, whose keys are sorted: the order of the fields here is for readers.

Every struct in a body refuses fields that it does not have. Whoever adds a field, a kind, a policy or another word that
may be written raises `LOG_FORMAT`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from crdt.digest import Json, canonical, sha256_of
from crdt.documents.document import Document
from crdt.documents.pycrdt_document import DocumentKind
from crdt.operations.item_readings import Reading, follow_items
from crdt.operations.ops import Op
from workspace.intents.model.calls import Budget, CallClosed, CallOpened, Compared, RouteTable
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.effects import Effect, EffectStatus, Receiver
from workspace.intents.model.ids import INTENT, is_id, seq_of
from workspace.intents.model.intent import Forked, IntentFrame, IntentKind, Region, Role, TerminalState
from workspace.intents.model.invariant import Invariant
from workspace.intents.model.oracle import Judgement, Merged
from workspace.intents.model.plan import Option, Tokens
from workspace.intents.model.policies import EditMode, Fate
from workspace.intents.model.role_rules import RoleRule
from workspace.intents.model.segment import Segment
from workspace.intents.model.stop import Switch

RecordKind = Literal[
    "update", "intent", "plan", "oracle", "decision", "commit", "verdict", "effect", "config", "checkpoint"
]
OracleKind = Literal[
    "question", "timer", "planner_refused", "planner_failed", "requeued", "steered", "judged", "merged", "carries",
    "call_opened", "call_closed", "tool_refused", "shadow_compared", "turn_failed",
]  # fmt: skip
# Where a collision was found: L0 to L4 of semantics §3, E a human's edit, and what a plan may not do by itself.
Layer = Literal["L0", "L2", "L3", "L4", "E", "rights", "effects", "scope"]
Decider = Literal["policy", "person", "timer"]
# What the author of an intent that has ended can do about it.
NextAct = Literal["override", "approve", "resend", "undo"]
Spans = tuple[tuple[int, int, int], ...]  # (Yjs client id, first clock, end clock), half open


class RecordKinds:
    """The ten kinds of record, by name."""

    UPDATE: Final = "update"
    INTENT: Final = "intent"
    PLAN: Final = "plan"
    ORACLE: Final = "oracle"
    DECISION: Final = "decision"
    COMMIT: Final = "commit"
    VERDICT: Final = "verdict"
    EFFECT: Final = "effect"
    CONFIG: Final = "config"
    CHECKPOINT: Final = "checkpoint"


class OracleKinds:
    """What an oracle record tells of, by name."""

    QUESTION: Final = "question"
    TIMER: Final = "timer"
    PLANNER_REFUSED: Final = "planner_refused"
    PLANNER_FAILED: Final = "planner_failed"
    REQUEUED: Final = "requeued"
    STEERED: Final = "steered"
    JUDGED: Final = "judged"
    MERGED: Final = "merged"
    CARRIES: Final = "carries"
    CALL_OPENED: Final = "call_opened"
    CALL_CLOSED: Final = "call_closed"
    TOOL_REFUSED: Final = "tool_refused"
    SHADOW_COMPARED: Final = "shadow_compared"
    TURN_FAILED: Final = "turn_failed"


class Layers:
    """The layers on which a collision is found, by name."""

    L0: Final = "L0"
    L2: Final = "L2"
    L3: Final = "L3"
    L4: Final = "L4"
    EDIT: Final = "E"
    RIGHTS: Final = "rights"
    EFFECTS: Final = "effects"
    SCOPE: Final = "scope"


class Deciders:
    """By whom a decision was made, by name."""

    POLICY: Final = "policy"
    PERSON: Final = "person"
    TIMER: Final = "timer"


class VerdictCodes:
    """Codes of verdicts that the kernel itself compares or says twice, by name; all others are for people."""

    NO_ANSWER: Final = "no_answer"
    RIGHTS_ENDED: Final = "rights_ended"


class UpdateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"deleted": "del", "inserted": "ins"}):
    """A run of document updates of one lane: journal rows `first` to `last` of that lane and document.

    `role` is its author's in the workspace, where rules of rights stood.
    """

    doc: str
    lane: str
    first: int
    last: int
    count: int
    size: int
    sha: str
    inserted: Spans = ()
    deleted: Spans = ()
    role: Role | msgspec.UnsetType = msgspec.UNSET


class IntentBody(IntentFrame, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """An accepted intent: its frame with the stamp `(seen, n)`, the derived vector clock, the role of its author.

    `sha` is that of the frame as it was sent: the same dot with another one is an equivocation.
    """

    # A frame leaves these out where they are the default. A record always had them, and its hash covers them.
    kind: IntentKind
    text: str
    seen: int
    id: str
    lane: str
    vc: dict[str, int]
    role: Role
    sha: str


class PlanBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A proposal to edit, made on the documents as of `snapshot`; re-validated by value before it may commit.

    `serves` are the intents that had joined and that it carries out, too: unset in older logs, where that was all.
    `acts` are what it does with documents as a whole, by their ids.
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
    # Unset and not empty: records of servers that did not know the field keep their canonical form, and so their hash.
    serves: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    acts: tuple[DocumentAct, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def docs(self) -> set[str]:
        """The documents in which it works: where it writes, and what it read strongly."""
        return {op.doc for op in self.ops} | {reading.doc for reading in self.reads if reading.strong}

    def ops_on(self, documents: Mapping[str, Document]) -> Sequence[Op]:
        """Return the operations with the numbers that items have in these documents. Raises `StaleRead`."""
        return follow_items(documents, self.ops, self.reads)


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people are asked: `deadline` in unix seconds, `default` where nobody settles it, `because` in words why."""

    id: str
    group: tuple[str, ...]
    text: str
    options: tuple[Option, ...]
    deadline: float
    default: str
    evidence: dict[str, Json] = {}
    because: str = ""


class OracleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An answer from outside the deterministic core: the planner's, a timer's. Replay reads it, never asks again."""

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


class DecisionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was decided about a group of colliding intents, by which policy, on which evidence.

    An open question is a decision whose outcome is `held` for all; the decision that settles it names it in `of`.
    `answers` are all that came, `silent` whom it was put to by name and who gave none.
    """

    decision: str
    group: tuple[str, ...]
    layer: Layer
    policy: str
    by: Decider
    outcome: dict[str, Fate]
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
    can: tuple[NextAct, ...] = ()
    did: tuple[str, ...] = ()


class EffectBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of one declared outside effect; it left, or tried to, knowing the log up to `begun` (0: not said)."""

    commit: str
    i: int
    key: str
    status: EffectStatus
    detail: str = ""
    attempts: int = 1
    begun: int = 0


class PolicyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a workspace settles conflicts. Seconds and milliseconds are bounded where they enter (`policy.check`)."""

    chain: tuple[str, ...] = ("priority", "ask", "fair")
    ask_seconds: float = 60.0
    human_edit: EditMode = "suggest"
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
    `acts` are what was done with documents as a whole; `commit` names the one that did it for an instruction.
    `rights` are the rules of whole places; `role` is that of who changes it, where such rules stand.
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
    acts: tuple[DocumentAct, ...] = ()
    commit: str = ""
    rights: dict[str, tuple[RoleRule, ...]] = {}
    role: Role | None = None


class CheckpointBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The digest of every document after record `head` and journal row `jid`; the segments since the last one."""

    head: int
    state: str
    documents: dict[str, str]
    jid: int = 0
    segments: tuple[Segment, ...] | msgspec.UnsetType = msgspec.UNSET


Body = (
    UpdateBody | IntentBody | PlanBody | OracleBody | DecisionBody | CommitBody | VerdictBody | EffectBody | ConfigBody
    | CheckpointBody
)  # fmt: skip

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


def accepted(frame: IntentFrame, *, id: str, lane: str, vc: dict[str, int], role: Role, sha: str = "") -> IntentBody:
    """Return the body that the log keeps of a frame accepted on `lane`; `sha` where it was sent in other words."""
    body = IntentBody(**msgspec.structs.asdict(frame), id=id, lane=lane, vc=vc, role=role, sha=sha or frame_sha(frame))
    assert is_id(body.id, INTENT), body.id
    assert body.seen < seq_of(body.id, INTENT), "an author has seen records that are not in the log"
    return body


def frame_sha(frame: IntentFrame) -> str:
    """Return the SHA-256 of a frame's canonical form: a repeat on the same dot has the same one."""
    assert type(frame) is IntentFrame, "a body has fields that its frame has not"
    return sha256_of(canonical(msgspec.to_builtins(frame)))


def kind_of(body: Body) -> RecordKind:
    """Return the record kind that a body belongs to."""
    return KINDS[type(body)]
