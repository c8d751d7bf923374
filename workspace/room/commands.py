"""What sockets ask for, carried out: each command of a session becomes an event, an answer, or a close.

Runs inside the room's loop only. What cannot be done costs the socket that asked, never the room.
"""

from __future__ import annotations

from typing import assert_never

from crdt.errors import CrdtError
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
from workspace.room.peer import Peer


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
        try:
            self._take(peer, command)
        except TurnFailed:
            raise
        except EventRefused as fault:
            self._refuse(peer, command, fault)
        except BaseException:
            peer.close(CLOSE_INTERNAL)
            raise

    def edit(self, peer: Peer, edits: list[DocumentEdit]) -> None:
        """Carry out edits of one socket that is in, as one where each follows the one before.

        From now on this list takes no more: what the socket sends next waits for the next turn.
        """
        if peer.waiting_edits is edits:
            peer.waiting_edits = None
        hub, handle = self._hub, self._context.handle
        if peer not in hub.peers or peer.closing is CLOSE_UNAUTHENTICATED:
            return
        session = peer.session
        doc, lane, actor = session.doc, session.lane, session.identity.actor
        assert doc is not None, "only document sockets edit"
        # One event for a run of keystrokes: applying, writing and relaying cost by the event, not by the byte.
        joined = join([(edit.update, edit.scan) for edit in edits]) if len(edits) > 1 else None
        try:
            if joined is not None:
                update, scan = joined
                held = hub.writers.held(peer, doc, scan)
                handle(Edited(lane, actor, doc, update, scan, count=len(edits), held=held), peer)
            else:
                for edit in edits:
                    held = hub.writers.held(peer, doc, edit.scan, is_typed=not edit.is_step2)
                    event = Edited(lane, actor, doc, edit.update, edit.scan, edit.is_step2, held=held)
                    hub.syncing.note(peer, edit, handle(event, peer))
        except EventRefused:
            peer.close(CLOSE_REFUSED)
        else:
            self._context.metrics.add("updates_total", by=len(edits))

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
                hub.syncing.answer(peer, vector)
            case DocumentEdit():
                self.edit(peer, [command])
            case InSync():
                assert session.doc is not None, "only document sockets sync"
                context.handle(Resynced(session.lane, session.doc))
            case EditDenied(reason):
                context.gate.after_durable(lambda: peer.send(encode_denied(reason)))
            case Announce(payload):
                self._announce(peer, payload)
            case WantPresence():
                present = hub.presence.frame(session.doc or "")
                if present is not None:
                    peer.send(present)
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
                hub.log.arrivals.compose(peer, message)
            case Acknowledge(intents):
                hub.log.inbox.take(peer, intents)
            case Seen() | Hello():
                # `seen` is for servers that forget what was delivered; this one counts it. `hello` came before.
                pass
            case _:
                assert_never(message)

    def _announce(self, peer: Peer, payload: bytes) -> None:
        hub = self._hub
        try:
            problem = hub.presence.announce(peer, payload)
        except CrdtError as error:
            peer.close(Close(STATUS_MALFORMED, error.code, error.reason))
            return
        if problem:
            hub.refusals.presence(peer, problem)
        own = hub.presence.client_of(peer)
        if own is not None:
            hub.writers.announce(peer, own)
