"""The control messages of protocol §2 as types: JSON objects with a `type`, in type-100 frames or text frames.

What a client sends is bounded here before anything else looks at it: size, nesting, numbers, lengths. What does not
fit comes back as a `Malformed` value, never as an exception. Unknown extra fields are ignored.
"""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from crdt.digest import Json
from workspace.intents.model.bodies import VerdictBody
from workspace.intents.model.document_acts import ActName
from workspace.intents.model.intent import IntentFrame, IntentKind, Role, Scope, State
from workspace.intents.model.log_format import undecoded_field
from workspace.intents.model.plan import Option
from workspace.intents.model.record import Row, body_parts
from workspace.intents.model.stop import Stop
from workspace.protocol.bounded_json import INTEGER_MAX, Malformed, json_of, json_problem
from workspace.protocol.lenient import type_of, without_unknown

T = TypeVar("T")

# The wire's version, in `welcome`: it rises when something goes or changes its meaning, not when something comes.
PROTOCOL_NUMBER = 1
MESSAGE_BYTES_MAX = 256 * 1024
COMPOSING_BYTES_MAX = 16 * 1024
SCOPES_MAX = 256  # the highest that the settings allow an instruction
LANE_POINTS_MAX = 80
ID_POINTS_MAX = 200
ACKNOWLEDGED_MAX = 500

# ---------------------------------------------------------------- from the client


class Hello(msgspec.Struct, frozen=True):
    """Begins the conversation: resume `lane` by its `secret`, or get a new one; records follow from `seen` + 1 on.

    `follow` false asks for no records on this socket: it is a second document socket of a lane that follows elsewhere.
    """

    lane: str | None = None
    secret: str | None = None
    seen: int = 0
    follow: bool = True


class Seen(msgspec.Struct, frozen=True):
    """Everything up to `seq` was applied and shown."""

    seq: int


class Composing(msgspec.Struct, frozen=True):
    """The author began (`on`) or stopped writing an instruction about `scope`."""

    on: bool
    scope: tuple[Scope, ...] | None = None


class Acknowledge(msgspec.Struct, frozen=True):
    """The author has read the verdicts on these own intents: they leave the inbox, on every device."""

    intents: tuple[str, ...]


ClientMessage = Hello | IntentFrame | Seen | Composing | Acknowledge


_CLIENT: dict[str, type[ClientMessage]] = {
    "hello": Hello,
    "intent": IntentFrame,
    "seen": Seen,
    "composing": Composing,
    "acknowledge": Acknowledge,
}


class _Head(msgspec.Struct, frozen=True):
    """What is read of a message that is too large: enough to answer it."""

    type: str = ""
    n: int | None = None


def decode_client(
    payload: bytes | str, *, bytes_max: int = MESSAGE_BYTES_MAX, composing_bytes_max: int = COMPOSING_BYTES_MAX
) -> ClientMessage | Malformed:
    """Return the message in a client's control frame, or what is wrong with it."""
    if len(payload) > bytes_max:
        return _too_large(payload, bytes_max)
    value = json_of(payload)
    if isinstance(value, Malformed):
        return value
    if not isinstance(value, dict):
        return Malformed("malformed", "A message is a JSON object.")
    name, number = value.get("type"), value.get("n")
    kind = _CLIENT.get(name) if isinstance(name, str) else None
    n = number if kind is IntentFrame and isinstance(number, int) and not isinstance(number, bool) else None
    problem = json_problem(value)
    if problem:
        return Malformed("malformed", problem, n)
    if kind is None:
        return Malformed("malformed", "The message has no known type.")
    if kind is Composing and len(payload) > composing_bytes_max:
        return Malformed("too_large", f"A composing message has at most {composing_bytes_max} bytes.")
    message = read_value(value, kind, is_lenient=True)
    if isinstance(message, Malformed):
        return msgspec.structs.replace(message, n=n)
    return message


def _too_large(payload: bytes | str, bytes_max: int) -> Malformed:
    try:
        head = msgspec.json.decode(payload, type=_Head)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        head = _Head()
    n = head.n if head.type == "intent" and head.n is not None and abs(head.n) <= INTEGER_MAX else None
    return Malformed("too_large", f"A message has at most {bytes_max} bytes.", n)


def read_value(value: Json, kind: type[T], *, is_lenient: bool = False) -> T | Malformed:
    """Return a decoded JSON value as a typed one; `is_lenient` passes over fields that the type does not have."""
    try:
        message = msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        if is_lenient and isinstance(error, msgspec.ValidationError) and undecoded_field(error):
            return read_value(without_unknown(value, type_of(kind)), kind)
        return Malformed("malformed", f"A field does not fit: {error}")
    problem = _field_problem(message)
    return Malformed("malformed", problem) if problem else message


def _field_problem(message: object) -> str:
    match message:
        case Hello(lane=lane, secret=secret, seen=seen):
            if len(lane or "") > LANE_POINTS_MAX or len(secret or "") > LANE_POINTS_MAX or seen < 0:
                return "hello names no lane that was ever given out, or a negative seen."
            if (lane is None) != (secret is None):
                return "hello resumes a lane with its secret, or names neither."
        case Seen(seq=seq) if seq < 0:
            return "seq is negative."
        case Composing(scope=scope) if scope is not None and len(scope) > SCOPES_MAX:
            return f"A scope has at most {SCOPES_MAX} parts."
        case Acknowledge(intents=ids):
            if not 0 < len(ids) <= ACKNOWLEDGED_MAX or any(len(id) > ID_POINTS_MAX for id in ids):
                return f"An acknowledgement names 1 to {ACKNOWLEDGED_MAX} intents by their ids."
        case IntentFrame(n=n, seen=seen, refs=refs):
            if n < 0 or seen < 0:
                return "n and seen count from zero."
            if any(len(ref) > ID_POINTS_MAX for ref in refs):
                return "refs holds something that is no id."
        case _:
            pass
    return ""


# ---------------------------------------------------------------- from the server


class Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """Answers `hello`: the lane, its secret when it is new (else empty), its last accepted `n`, the log's head.

    `protocol` is the version of the wire that this server speaks.
    """

    lane: str
    secret: str
    n: int
    seq: int
    epoch: int
    actor: str
    role: Role
    server: str
    protocol: int = PROTOCOL_NUMBER


class Ack(msgspec.Struct, frozen=True, tag_field="type", tag="ack"):
    """The intent `n` is in the log at `seq`."""

    n: int
    id: str
    seq: int
    state: State


class Nack(msgspec.Struct, frozen=True, tag_field="type", tag="nack"):
    """The intent `n` was refused; nothing was logged."""

    n: int
    code: str
    reason: str
    remedy: str = ""


class StateMessage(msgspec.Struct, frozen=True, tag_field="type", tag="state"):
    """An intent moved between two states that are not its end."""

    id: str
    state: State
    waits_for: tuple[str, ...]
    reason: str


class QuestionMessage(msgspec.Struct, frozen=True, tag_field="type", tag="question"):
    """People are asked. `options` are `{value, label}`; `answer.value` is one of the values.

    Without an answer `default` stands, `because` of what is said here.
    """

    id: str
    group: tuple[str, ...]
    text: str
    options: tuple[Option, ...]
    deadline: float
    default: str
    evidence: dict[str, Json]
    because: str = ""


class DraftMessage(msgspec.Struct, frozen=True, tag_field="type", tag="draft"):
    """Words the agent is writing, not part of the document; an empty text ends the draft."""

    plan: str
    intents: tuple[str, ...]
    doc: str
    text: str


class StopsMessage(msgspec.Struct, frozen=True, tag_field="type", tag="stops"):
    """Who has stopped the agent, since when and why: all of it at each change, none where the agent works."""

    stops: tuple[Stop, ...]


class DocumentMessage(msgspec.Struct, frozen=True, tag_field="type", tag="document"):
    """What somebody did with a document as a whole: its id in the log, its name before and since.

    Of one that was archived or deleted this is the last word on its own sockets: they are closed behind it.
    """

    do: ActName
    id: str
    was: str
    name: str
    actor: str


class ErrorMessage(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """Something of what the client sent was refused: `what`, where, why and what to do; the socket stays.

    Before a close, the reason for it.
    """

    code: str
    reason: str
    remedy: str = ""
    what: Literal["message", "edit", "presence", "frame"] = "message"
    document: str = ""


class ComposingMessage(msgspec.Struct, frozen=True, tag_field="type", tag="composing"):
    """Somebody else began or stopped writing an instruction."""

    lane: str
    actor: str
    scope: tuple[Scope, ...] | None
    on: bool


class InboxEntry(msgspec.Struct, frozen=True):
    """An own intent whose verdict waits to be acknowledged; its text is cut at 500 code points, the reason at 1,000."""

    id: str
    seq: int
    at: str
    kind: IntentKind
    text: str
    refs: tuple[str, ...]
    verdict: VerdictBody
    verdict_seq: int
    undone_by: str


class InboxMessage(msgspec.Struct, frozen=True, tag_field="type", tag="inbox"):
    """Own verdicts that are not acknowledged, newest first: all (`whole`) with `more` beyond these, or a new one."""

    intents: tuple[InboxEntry, ...]
    more: int = 0
    whole: bool = True


ServerMessage = (
    Welcome | Ack | Nack | StateMessage | QuestionMessage | DraftMessage | StopsMessage | DocumentMessage
    | ErrorMessage | ComposingMessage | InboxMessage
)  # fmt: skip

_ENCODER = msgspec.json.Encoder()


def encode(message: ServerMessage) -> bytes:
    """Return a server message as JSON bytes."""
    return _ENCODER.encode(message)


def encode_record(row: Row) -> bytes:
    """Return the `record` message of the control channel (protocol §2) for a log row, as JSON bytes."""
    message = {
        "type": "record",
        "seq": row.seq,
        "epoch": row.epoch,
        "kind": row.kind,
        "at": row.at,
        "actor": row.actor,
        "body": msgspec.Raw(body_parts(row)[0].encode()),
        "prev": row.prev,
        "hash": row.hash,
    }
    return msgspec.json.encode(message)
