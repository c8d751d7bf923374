"""What may happen to a sequencer, and what it answers: events in, records, notices and requests out.

The sequencer asks nobody. What it wants from outside comes back as a *request*; what it tells people comes back as an
*notice*, in order. The room carries both out: notices only after everything before them is durable (the output gate).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from crdt.documents.backing import Applied
from crdt.updates.summary import UpdateSummary
from workspace.errors import Refusal
from workspace.intents.model.bodies import ConfigBody, Question
from workspace.intents.model.calls import Blob, CallClosed, CallOpened, Compared
from workspace.intents.model.document_acts import ActName
from workspace.intents.model.effects import EffectStatus, Outgoing
from workspace.intents.model.intent import IntentFrame, Role, State
from workspace.intents.model.oracle import Judgement, JudgeTask, Merged
from workspace.intents.model.plan import Draft, Proposal
from workspace.intents.model.record import Record
from workspace.intents.model.requests import Request
from workspace.intents.model.stop import Stop

# ---------------------------------------------------------------- events


class Submitted(msgspec.Struct, frozen=True):
    """An intent arrived on `lane`. `delivered` is the highest `seq` this lane was ever sent; `request` comes back."""

    lane: str
    actor: str
    role: Role
    frame: IntentFrame
    delivered: int
    request: str = ""


class Edited(msgspec.Struct, frozen=True):
    """A document update arrived on `lane`, scanned and within bounds.

    `role` is its author's in the workspace, which the session has looked at; rules of rights are looked at in the turn.
    Whoever makes an edit and forgets the role is refused wherever such a rule stands.

    `count` is how many updates the client sent for it: several that followed one another may come as one. `held` are
    Yjs ids of it under which somebody else, who is connected, writes. `is_part`: more of what the client sent as one
    follows; it counts, and its author is in step, with the last part.
    """

    lane: str
    actor: str
    doc: str
    update: bytes
    scan: UpdateSummary
    step2: bool = False
    count: int = 1
    held: frozenset[int] = frozenset()
    is_part: bool = False
    role: Role = "viewer"


class Proposed(msgspec.Struct, frozen=True):
    """The planner answered for an intent; an answer to another `attempt`, or `ask` of it (0: any), is dropped."""

    intent: str
    attempt: int
    proposal: Proposal
    ask: int = 0


class PlanFailed(msgspec.Struct, frozen=True):
    """The planner failed (model error, time-out, crash): nothing was planned. `ask` as in `Proposed`."""

    intent: str
    attempt: int
    reason: str
    ask: int = 0


class Drafted(msgspec.Struct, frozen=True):
    """The planner shows words it is writing."""

    intent: str
    attempt: int
    draft: Draft


class Stepped(msgspec.Struct, frozen=True):
    """The planner says in plain words what it is doing."""

    intent: str
    attempt: int
    words: str


class CallOpening(msgspec.Struct, frozen=True):
    """The planner wants to ask a model: reserve and log it, or refuse; `blobs` are what will be sent."""

    opened: CallOpened
    blobs: tuple[Blob, ...] = ()


class CallEnded(msgspec.Struct, frozen=True):
    """A model call is over, one way or another; `blobs` are what came back."""

    closed: CallClosed
    blobs: tuple[Blob, ...] = ()


class ToolDenied(msgspec.Struct, frozen=True):
    """Code refused a tool call of a model: beyond the author's rights, the workspace, or the tools there are."""

    intent: str
    tool: str
    arguments: str
    code: str
    reason: str
    model: str = ""


class ShadowCompared(msgspec.Struct, frozen=True):
    """A shadow plan was made and compared with the one that served."""

    intent: str
    compared: Compared


class Judged(msgspec.Struct, frozen=True):
    """The judge answered, or failed: pairs it does not name count as failed."""

    task: JudgeTask
    judgements: tuple[Judgement, ...]
    judge: str = ""
    reason: str = ""


class MergeProposed(msgspec.Struct, frozen=True):
    """The merger answered; an empty text says that there is no honest middle, or that it failed."""

    merged: Merged


class EffectSettled(msgspec.Struct, frozen=True):
    """What became of one effect, after so many attempts; `begun` is the log's last record as the last of them began."""

    outgoing: Outgoing
    status: EffectStatus
    detail: str = ""
    attempts: int = 1
    begun: int = 0


class Configured(msgspec.Struct, frozen=True):
    """Somebody with the right to do so, who is `role` in the workspace, changes the set-up."""

    actor: str
    config: ConfigBody
    role: Role | None = None


class RightsChanged(msgspec.Struct, frozen=True):
    """These people may less from now on than they might: their role by name, None where they have no right at all.

    What they asked for with more ends; what they ask from now on comes with the role they have then.
    """

    roles: dict[str, Role | None]


class LaneChanged(msgspec.Struct, frozen=True):
    """A lane got its first socket, or lost its last one; `docs` are the documents it has sockets for now."""

    lane: str
    online: bool
    docs: tuple[str, ...] = ()


class SocketOpened(msgspec.Struct, frozen=True):
    """A document socket of a lane was opened: what it has sent is counted from zero again."""

    lane: str
    doc: str


class Resynced(msgspec.Struct, frozen=True):
    """A lane that may not edit has answered a SyncStep1: it counts as an update sent, and brings nothing."""

    lane: str
    doc: str


class Ticked(msgspec.Struct, frozen=True):
    """Time passed. The room ticks when `next_deadline` is reached."""


class DocumentDoubted(msgspec.Struct, frozen=True):
    """Somebody could not read a document: all are looked at, and what cannot be read is put aside."""


class ReadFrom(msgspec.Struct, frozen=True):
    """Somebody is about to read the log: what is being typed is put into it now instead of when its run is full."""


class Closing(msgspec.Struct, frozen=True):
    """The room closes in good order: open runs are closed and a checkpoint is written."""


Event = (
    Submitted
    | Edited
    | Proposed
    | PlanFailed
    | Drafted
    | Stepped
    | CallOpening
    | CallEnded
    | ToolDenied
    | ShadowCompared
    | Judged
    | MergeProposed
    | EffectSettled
    | Configured
    | RightsChanged
    | LaneChanged
    | SocketOpened
    | Resynced
    | Ticked
    | DocumentDoubted
    | ReadFrom
    | Closing
)

# ---------------------------------------------------------------- notices: what people are told, in order


class Acked(msgspec.Struct, frozen=True):
    """An intent is in the log (or was already): the answer to its sender."""

    lane: str
    request: str
    n: int
    id: str
    seq: int
    state: State


class Nacked(msgspec.Struct, frozen=True):
    """An intent was refused and nothing was logged."""

    lane: str
    request: str
    n: int
    refusal: Refusal


class RecordAppended(msgspec.Struct, frozen=True):
    """A record was appended: every following lane gets it, in order, without gaps."""

    record: Record


class UpdateRelayed(msgspec.Struct, frozen=True):
    """A document changed by `update`: every socket of that document but the lane `by` gets these bytes."""

    doc: str
    update: bytes
    by: str


class StateChanged(msgspec.Struct, frozen=True):
    """An intent moved between two states that are not its end."""

    id: str
    state: State
    waits_for: tuple[str, ...] = ()
    reason: str = ""


class QuestionOpened(msgspec.Struct, frozen=True):
    """People are asked; sent to everybody who follows, the page shows buttons to those who may answer."""

    question: Question


class QuestionClosed(msgspec.Struct, frozen=True):
    """A question is settled, answered, or of no use any more: nobody can answer it now."""

    id: str


class DraftShown(msgspec.Struct, frozen=True):
    """Words the agent is writing for an intent. `plan` names the attempt; an empty text ends the draft."""

    plan: str
    intents: tuple[str, ...]
    doc: str
    text: str


class StopsChanged(msgspec.Struct, frozen=True):
    """A switch was thrown: the stops that hold now, none where the agent works."""

    stops: tuple[Stop, ...]


class DocumentActed(msgspec.Struct, frozen=True):
    """Somebody did something with a document as a whole: its id, its name before and since, and by whose word.

    Everybody who follows is told; sockets of one that was archived or deleted are closed.
    """

    do: ActName
    doc: str
    was: str
    name: str
    actor: str


class RulesChanged(msgspec.Struct, frozen=True):
    """The rules of rights are others now: who is connected is told what they may where they are."""


class DocumentsChanged(msgspec.Struct, frozen=True):
    """Documents were created or removed, or broke: sockets of removed ones are closed with 4404, else with 4410."""

    created: tuple[str, ...]
    removed: tuple[str, ...]
    broken: tuple[str, ...] = ()


class Resync(msgspec.Struct, frozen=True):
    """Something is missing from this lane in this document: its sockets are sent a SyncStep1."""

    lane: str
    doc: str


class EditRefused(msgspec.Struct, frozen=True):
    """An update was not taken, or not all of it; the socket stays unless the bytes were malformed.

    `resync` asks its author for what is missing. `drop` says why something was left out: `removal` is the update that
    takes it out of the author's own replica, empty where nothing has to go.
    """

    lane: str
    doc: str
    action: Literal["resync", "drop", "close"]
    code: str
    reason: str
    removal: bytes = b""


Notice = (
    Acked
    | Nacked
    | RecordAppended
    | UpdateRelayed
    | StateChanged
    | QuestionOpened
    | QuestionClosed
    | DraftShown
    | StopsChanged
    | RulesChanged
    | DocumentsChanged
    | DocumentActed
    | Resync
    | EditRefused
)


class Journaled(msgspec.Struct, frozen=True):
    """One journal row to make durable with this outcome."""

    jid: int
    doc: str
    lane: str
    actor: str
    update: bytes


class Outcome(msgspec.Struct, frozen=True):
    """What one event led to. Records and journal rows are one transaction; notices wait for it."""

    records: tuple[Record, ...] = ()
    journal: tuple[Journaled, ...] = ()
    notices: tuple[Notice, ...] = ()
    requests: tuple[Request, ...] = ()
    blobs: tuple[Blob, ...] = ()
    applied: Applied | None = None
    refused: Refusal | None = None
    call: str = ""
