"""One socket's side of the conversation: frames in, commands out. Pure; rights are looked at here, at every act.

A session belongs to one identity and speaks for one lane. Before `hello` the lane is one of its own, good for edits
only; after `hello` it is a lane that can issue intents.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from crdt.errors import CrdtError
from crdt.sync.y_sync import (
    AwarenessFrame,
    ControlFrame,
    QueryAwareness,
    SyncStep1,
    SyncUpdate,
    decode_frame,
)
from crdt.updates.runs import join_runs, may_hold_runs
from crdt.updates.scan import LIMITS, Limits, scan_state_vector, scan_update
from crdt.updates.structs import with_sections
from crdt.updates.summary import UpdateSummary
from workspace.access import Identity
from workspace.errors import CLOSE_UNAUTHENTICATED, Close
from workspace.intents.model.intent import IntentFrame
from workspace.protocol.bounded_json import Malformed
from workspace.protocol.messages import Acknowledge, ClientMessage, Composing, ErrorMessage, Hello, Nack, decode_client
from workspace.protocol.repeats import Repeats, digest_of
from workspace.protocol.rights_message import RightsMessage
from workspace.settings import Settings

STATUS_MALFORMED = 4400
STATUS_TOO_BIG = 1009
DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class WantState:
    """The client says what it has and wants the rest: `vector` is its state vector, checked."""

    vector: bytes


class DocumentEdit(msgspec.Struct, frozen=True):
    """The client changes the document, and may. There is one for each keystroke: a struct is made in half the time."""

    update: bytes
    scan: UpdateSummary
    is_step2: bool
    # Of a delete set that may come again: see `workspace.protocol.repeats`.
    digest: bytes = b""
    # The longest run of structs that could not be joined: see `crdt.updates.runs`.
    run: int = 0


@dataclass(frozen=True, slots=True)
class InSync:
    """A client has answered a SyncStep1 with what brings nothing, or may not edit: nothing is missing."""


@dataclass(frozen=True, slots=True)
class EditDenied:
    """The client may not do that; said once, the socket stays."""

    reason: str


@dataclass(frozen=True, slots=True)
class Announce:
    """The client says who is here."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class WantPresence:
    """The client asks who is here."""


@dataclass(frozen=True, slots=True)
class Say:
    """A control message."""

    message: ClientMessage


@dataclass(frozen=True, slots=True)
class Refuse:
    """A control message that cannot be taken: answered, the socket stays."""

    answer: Nack | ErrorMessage


@dataclass(frozen=True, slots=True)
class End:
    """The socket is closed."""

    close: Close


Command = WantState | DocumentEdit | InSync | EditDenied | Announce | WantPresence | Say | Refuse | End


@dataclass(slots=True)
class Session:
    """State of one socket. `doc` is None on the plain-JSON socket; `lane` changes once, at `hello`."""

    id: str
    identity: Identity
    lane: str
    doc: str | None = None
    has_hello: bool = False
    limits: Limits = LIMITS
    bounds: Settings = DEFAULTS
    was_denied: bool = False
    was_cut: bool = False
    was_muted: bool = False
    # What the room has found out (`workspace.room.told_rights`): whether a rule of rights speaks of this person in this
    # document, so that the kernel says in each edit's turn what it means; whether they may instruct anywhere; and what
    # they were told of it.
    is_ruled: bool = False
    may_ask: bool = False
    told_rights: RightsMessage | None = None
    repeats: Repeats | None = None

    def read(self, frame: bytes | str, now: float) -> Command | None:
        """Return what a frame asks for; None when it needs no answer. `now` is unix seconds."""
        if not self.identity.may("read", now):
            return End(CLOSE_UNAUTHENTICATED)
        if self.doc is None:
            return self._control(frame, now)
        if isinstance(frame, str):
            return End(Close(STATUS_MALFORMED, "malformed", "A document socket speaks binary frames."))
        try:
            return self._document_frame(frame, now)
        except CrdtError as error:
            status = STATUS_TOO_BIG if error.code == "too_large" else STATUS_MALFORMED
            return End(Close(status, error.code, error.reason))

    def _document_frame(self, frame: bytes, now: float) -> Command | None:
        match decode_frame(frame):
            case SyncStep1(vector):
                scan_state_vector(vector, self.limits)
                return WantState(vector)
            case SyncUpdate(update, is_step2):
                return self._edit(update, is_step2=is_step2, now=now)
            case AwarenessFrame(payload):
                return Announce(payload)
            case QueryAwareness():
                return WantPresence()
            case ControlFrame(payload):
                return self._control(payload, now)

    def _edit(self, update: bytes, *, is_step2: bool, now: float) -> Command | None:
        assert self.doc is not None, "a socket without a document has nothing to edit"
        may_edit = self.is_ruled or self.identity.may("edit", now)
        digest = digest_of(update) if is_step2 else b""
        if digest and (not may_edit or (self.repeats is not None and digest in self.repeats)):
            return InSync()
        scan, run = scan_update(update, self.limits), 0
        if may_hold_runs(scan):
            update, run = join_runs(update)
            scan = scan_update(update, self.limits)
        if may_edit:
            return DocumentEdit(update, with_sections(update, scan), is_step2, digest, run)
        if is_step2 and not scan.inserted:
            return InSync()
        if self.was_denied:
            return None
        self.was_denied = True
        return EditDenied(f"A {self.identity.role} may not edit documents.")

    def _control(self, payload: bytes | str, now: float) -> Command | None:
        message = decode_client(
            payload, bytes_max=self.bounds.message_bytes_max, composing_bytes_max=self.bounds.composing_bytes_max
        )
        if isinstance(message, Malformed):
            if not message.is_json:
                return End(Close(STATUS_MALFORMED, message.code, message.reason))
            if message.n is not None and self.has_hello:
                return Refuse(Nack(message.n, message.code, message.reason, message.remedy))
            return Refuse(ErrorMessage(message.code, message.reason, message.remedy))
        if not self.has_hello and not isinstance(message, Hello):
            return Refuse(ErrorMessage("malformed", "Say hello first and wait for welcome."))
        if isinstance(message, Hello) and self.has_hello:
            return Refuse(ErrorMessage("malformed", "This socket has its lane already."))
        if isinstance(message, IntentFrame) and self.identity.only_reads:
            return Refuse(
                Nack(message.n, "read_only", "This token only reads.", "Ask with one that carries your role.")
            )
        if isinstance(message, Acknowledge) and self.identity.only_reads:
            return Refuse(ErrorMessage("read_only", "This token only reads.", "Ask with one that carries your role."))
        if isinstance(message, Composing) and not (self.may_ask or self.identity.may("instruct", now)):
            return self._may_not_compose()
        return Say(message)

    def _may_not_compose(self) -> Command | None:
        """Refuse to show that somebody composes who cannot ask for anything; said once."""
        if self.was_muted:
            return None
        self.was_muted = True
        reason = f"A {self.identity.role} gives no instructions, so there is nothing to show of one."
        return Refuse(ErrorMessage("forbidden", reason, "Ask an owner for the right to."))
