"""What sockets ask for, carried out: each command of a session becomes an event, an answer, or a close.

Runs inside the room's loop only. What cannot be done costs the socket that asked, never the room.
"""

from __future__ import annotations

from functools import partial
from typing import assert_never

import msgspec

from crdt.errors import CrdtError
from crdt.sync.awareness import Said
from crdt.sync.y_sync import encode_denied
from crdt.updates.coalesce import join
from workspace.errors import CLOSE_INTERNAL, CLOSE_REFUSED, CLOSE_UNAUTHENTICATED, Close, EventRefused, TurnFailed
from workspace.intents.model.events import Edited, Resynced, Submitted
from workspace.intents.model.intent import IntentFrame
from workspace.protocol.messages import Acknowledge, ClientMessage, Composing, ErrorMessage, Hello, Nack, Seen, encode
from workspace.protocol.session import (
    STATUS_MALFORMED,
    Announce,
    Command,
    DocumentEdit,
    EditDenied,
    End,
    InSync,
    Refuse,
    Say,
    WantPresence,
    WantState,
)
from workspace.room.context import RoomContext
from workspace.room.hub import Hub
from workspace.room.mailbox import Job
from workspace.room.peer import Peer
from workspace.room.work import SLICE_SECONDS

# Keystrokes are joined; of what has more items in it each is looked at, and others have turns between two of them.
JOINED_STRUCTS = 500


class Commands:
    """Carries out what the sockets of one room ask for."""

    __slots__ = ("_context", "_hub")

    def __init__(self, context: RoomContext, hub: Hub) -> None:
        self._context = context
        self._hub = hub

    def take(self, peer: Peer, command: Command) -> None:
        """Carry out one command of a socket that is in; what cannot be done costs this socket, not the room."""
        if peer not in self._hub.peers or peer.closing is CLOSE_UNAUTHENTICATED:
            return
        if self._comes_later(peer, partial(self.take, peer, command)):
            return
        try:
            self._take(peer, command)
        except TurnFailed:
            raise
        except EventRefused as fault:
            self._refuse(peer, command, fault)
        except BaseException:
            peer.close(CLOSE_INTERNAL)
            raise

    def leave(self, peer: Peer) -> None:
        """Let a socket go, once all that it has brought was carried out."""
        if not self._comes_later(peer, partial(self.leave, peer)):
            self._hub.leave(peer)

    def _comes_later(self, peer: Peer, job: Job) -> bool:
        """Tell whether something of a socket waits for the rest of its edits: `job` is then called behind them."""
        return peer.rest is not None and self._context.mailbox.try_post(job)

    def edit_part(self, peer: Peer, part: DocumentEdit, *, is_last: bool) -> bool:
        """Carry out one piece of a large edit of a socket that is in; tell whether something came of it."""
        hub, session = self._hub, peer.session
        if peer not in hub.peers or peer.closing is CLOSE_UNAUTHENTICATED:
            return True
        lane, actor, doc = session.lane, session.identity.actor, session.doc
        assert doc is not None, "only document sockets edit"
        held = hub.writers.held(peer, doc, part.scan, is_typed=not part.is_step2)
        event = Edited(lane, actor, doc, part.update, part.scan, part.is_step2, held=held, is_part=not is_last,
                       role=session.identity.role)  # fmt: skip
        try:
            with hub.work.of(actor):
                outcome = self._context.handle(event, peer)
        except EventRefused:
            peer.close(CLOSE_REFUSED)
            return True
        self._context.metrics.add("updates_total")
        return bool(outcome.journal or outcome.notices)

    def edit(self, peer: Peer, edits: list[DocumentEdit]) -> None:
        """Carry out edits of one socket that is in, as one where each follows the one before.

        From now on this list takes no more: what the socket sends next waits for the next turn.
        """
        if peer.waiting_edits is edits:
            peer.waiting_edits = None
        if peer.rest is edits:
            peer.rest = None
        hub, handle = self._hub, self._context.handle
        if peer not in hub.peers or peer.closing is CLOSE_UNAUTHENTICATED:
            return
        if self._comes_later(peer, partial(self.edit, peer, edits)):
            return
        session = peer.session
        doc, lane, actor, role = session.doc, session.lane, session.identity.actor, session.identity.role
        assert doc is not None, "only document sockets edit"
        # One event for a run of keystrokes: applying, writing and relaying cost by the event, not by the byte.
        structs = sum(edit.scan.structs for edit in edits)
        is_run = len(edits) > 1 and structs <= JOINED_STRUCTS
        joined = join([(edit.update, edit.scan) for edit in edits]) if is_run else None
        began = hub.work.timer()
        try:
            if joined is not None:
                update, scan = joined
                held = hub.writers.held(peer, doc, scan)
                handle(Edited(lane, actor, doc, update, scan, count=len(edits), held=held, role=role), peer)
            else:
                for at, edit in enumerate(edits, 1):
                    held = hub.writers.held(peer, doc, edit.scan, is_typed=not edit.is_step2)
                    event = Edited(lane, actor, doc, edit.update, edit.scan, edit.is_step2, held=held, role=role)
                    hub.syncing.note(peer, edit, handle(event, peer))
                    if at < len(edits) and hub.work.timer() - began > SLICE_SECONDS:
                        self._leave_rest(peer, edits[at:])
                        edits = edits[:at]
                        break
        except EventRefused:
            peer.close(CLOSE_REFUSED)
        else:
            self._context.metrics.add("updates_total", by=len(edits))
        hub.work.spend(actor, hub.work.timer() - began)

    def _leave_rest(self, peer: Peer, rest: list[DocumentEdit]) -> None:
        """Carry the rest of some edits out when others have had their turn."""
        peer.rest = rest
        if not self._context.mailbox.try_post(partial(self.edit, peer, rest)):
            self.edit(peer, rest)

    @staticmethod
    def _refuse(peer: Peer, command: Command, fault: EventRefused) -> None:
        """Say that something is not taken a second time; an instruction costs no more than itself."""
        if isinstance(command, Say) and isinstance(command.message, IntentFrame):
            peer.control(encode(Nack(command.message.n, fault.code, fault.reason, "Ask in other words.")))
        else:
            peer.close(CLOSE_REFUSED)

    def _take(self, peer: Peer, command: Command) -> None:
        session, hub, context = peer.session, self._hub, self._context
        match command:
            case WantState(vector):
                with hub.work.of(session.identity.actor):
                    hub.syncing.answer(peer, vector)
            case DocumentEdit():
                self.edit(peer, [command])
            case InSync():
                assert session.doc is not None, "only document sockets sync"
                context.handle(Resynced(session.lane, session.doc))
            case EditDenied(reason):
                context.gate.after_durable(lambda: peer.send(encode_denied(reason)))
            case Announce(payload):
                with hub.work.of(session.identity.actor):
                    self._announce(peer, payload)
            case WantPresence():
                # As large as everybody's presence: it is paced as what it costs.
                size = hub.presence.size(session.doc or "")
                hub.pace.say(f"? {session.id}", session.identity.actor, size, lambda: self._tell_presence(peer))
            case Say(message):
                self._say(peer, message)
            case Refuse(answer):
                peer.control(encode(answer))
            case End(close):
                peer.control(encode(ErrorMessage(close.code, close.reason, what="frame", document=session.doc or "")))
                peer.close(close)
            case _:
                assert_never(command)

    def _say(self, peer: Peer, message: ClientMessage) -> None:
        session, hub = peer.session, self._hub
        match message:
            case IntentFrame():
                event = Submitted(
                    lane=session.lane,
                    actor=session.identity.actor,
                    role=session.identity.role,
                    frame=message,
                    delivered=hub.log.delivered.get(session.lane, 0),
                    request=session.id,
                )
                self._context.handle(event, peer)
            case Composing():
                # A lane's, not a socket's: one that begins on one socket may end on another.
                size = len(msgspec.json.encode(message))
                show = partial(self._compose, peer, message)
                hub.pace.say(f"composing {session.lane}", session.identity.actor, size, show)
            case Acknowledge(intents):
                hub.log.inbox.take(peer, intents)
            case Seen() | Hello():
                # `seen` is for servers that forget what was delivered; this one counts it. `hello` came before.
                pass
            case _:
                assert_never(message)

    def _compose(self, peer: Peer, message: Composing) -> None:
        if peer in self._hub.peers:
            self._hub.log.arrivals.compose(peer, message)

    def _announce(self, peer: Peer, payload: bytes) -> None:
        hub, session = self._hub, peer.session
        try:
            said = hub.presence.find_own(peer, payload)
        except CrdtError as error:
            peer.close(Close(STATUS_MALFORMED, error.code, error.reason))
            return
        # Stock clients send others' entries back: only what it says of itself counts.
        if said is not None:
            hub.pace.say(session.id, session.identity.actor, len(said.raw), lambda: self._show(peer, said))

    def _show(self, peer: Peer, said: Said) -> None:
        """Show everybody what a socket says of itself; `said` may have waited for a while."""
        hub = self._hub
        if peer not in hub.peers:
            return
        try:
            problem = hub.presence.announce(peer, said)
        except CrdtError as error:
            peer.close(Close(STATUS_MALFORMED, error.code, error.reason))
            return
        if problem:
            hub.refusals.presence(peer, problem)
        own = hub.presence.client_of(peer)
        if own is not None:
            hub.writers.announce(peer, own)

    def _tell_presence(self, peer: Peer) -> None:
        present = self._hub.presence.frame(peer.session.doc or "") if peer in self._hub.peers else None
        if present is not None:
            peer.send(present)
