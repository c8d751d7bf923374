"""Everybody connected to one room: who joins, what each is told, who is present. Runs inside the room's loop only."""

from __future__ import annotations

from typing import assert_never

from crdt.errors import CrdtError
from crdt.sync.y_sync import encode_denied, encode_step1, encode_update
from crdt.updates.coalesce import join
from workspace import __version__
from workspace.errors import (
    CLOSE_BROKEN,
    CLOSE_INTERNAL,
    CLOSE_NOT_FOUND,
    CLOSE_REFUSED,
    CLOSE_UNAUTHENTICATED,
    Close,
    EventRefused,
    TurnFailed,
)
from workspace.intents.model.events import (
    Acked,
    DocumentsChanged,
    DraftShown,
    Edited,
    EditRefused,
    LaneChanged,
    Nacked,
    Notice,
    QuestionClosed,
    QuestionOpened,
    RecordAppended,
    Resync,
    Resynced,
    SocketOpened,
    StateChanged,
    StopsChanged,
    Submitted,
    UpdateRelayed,
)
from workspace.intents.model.intent import IntentFrame
from workspace.intents.model.record import VerdictBody
from workspace.protocol.frames import pack_binary
from workspace.protocol.messages import (
    Acknowledge,
    ClientMessage,
    Composing,
    ErrorMessage,
    Hello,
    Nack,
    Seen,
    Welcome,
    encode,
    encode_record,
)
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
from workspace.room.arrival import Arrivals
from workspace.room.client_ids import ClientIds
from workspace.room.context import RoomContext
from workspace.room.idle import IdleDocuments
from workspace.room.inbox import Inbox
from workspace.room.log_follow import catch_up
from workspace.room.notices import answer_of, notice_of, standing
from workspace.room.peer import Peer, PreparedMessage
from workspace.room.presence import RoomPresence
from workspace.room.refusals import Refusals
from workspace.room.sync import SyncAnswers


class Hub:
    """The sockets of a room, by document and lane."""

    def __init__(self, context: RoomContext) -> None:
        self._context = context
        self.peers: set[Peer] = set()
        self._by_doc: dict[str, set[Peer]] = {}
        self._lanes: dict[str, set[Peer]] = {}
        # Those who follow the log, in the order in which they began to.
        self._listeners: dict[Peer, None] = {}
        self.presence = RoomPresence(context, self._by_doc)
        self.inbox = Inbox(context)
        self.arrivals = Arrivals(context, self._listeners)
        self.resting = IdleDocuments(context, self._by_doc)
        self.delivered: dict[str, int] = {}
        self.writers = ClientIds(context.sequencer.fold.owners)
        self.syncing = SyncAnswers(context)
        self.refusals = Refusals(context, self.syncing)

    # ------------------------------------------------------------ coming and going

    def join(self, peer: Peer) -> None:
        """Let a socket in: a document socket is asked what it has, and told who is here."""
        session, context = peer.session, self._context
        doc, fold = session.doc, context.sequencer.fold
        if doc is not None and not fold.is_listed(doc):
            peer.close(CLOSE_BROKEN if doc in fold.quarantined else CLOSE_NOT_FOUND)
            return
        self.peers.add(peer)
        context.metrics.add("sockets", by=1)
        if doc is None:
            return
        self._by_doc.setdefault(doc, set()).add(peer)
        self.syncing.enter(peer, doc)
        self._enter_lane(peer)
        vector = fold.documents[doc].encode_state_vector()
        present = self.presence.frame(doc)
        context.after_durable(lambda: peer.send(encode_step1(vector)))
        if present is not None:
            context.after_durable(lambda: peer.send(present))

    def leave(self, peer: Peer) -> None:
        """Forget a socket; its lane goes offline with its last one."""
        if peer not in self.peers:
            return
        self.peers.discard(peer)
        self._listeners.pop(peer, None)
        self.inbox.leave(peer)
        self._context.metrics.add("sockets", by=-1)
        doc = peer.session.doc
        if doc is not None:
            self._by_doc.get(doc, set()).discard(peer)
            self.presence.leave(peer)
            self.writers.leave(peer, doc)
        self._leave_lane(peer)
        if not self.peers:
            self._context.idle_since = self._context.clock.now()

    def _enter_lane(self, peer: Peer) -> None:
        lane, doc = peer.session.lane, peer.session.doc
        mates = self._lanes.setdefault(lane, set())
        mates.add(peer)
        if len(mates) == 1:
            self._context.handle(LaneChanged(lane, online=True))
        if doc is not None:
            self._context.handle(SocketOpened(lane, doc))

    def _leave_lane(self, peer: Peer) -> None:
        lane = peer.session.lane
        mates = self._lanes.get(lane, set())
        mates.discard(peer)
        if not mates and lane in self._lanes:
            del self._lanes[lane]
            self._context.handle(LaneChanged(lane, online=False))
            self.arrivals.leave(lane)

    def close_all(self, why: Close, *, token_ids: frozenset[str] | None = None) -> None:
        """Close every socket, or those of the given tokens."""
        for peer in list(self.peers):
            if token_ids is None or peer.session.identity.token_id in token_ids:
                peer.close(why)

    # ------------------------------------------------------------ what sockets ask for

    def take(self, peer: Peer, command: Command) -> None:
        """Carry out one command of a socket that is in; what cannot be done costs this socket, not the room."""
        if peer not in self.peers:
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

    def _refuse(self, peer: Peer, command: Command, fault: EventRefused) -> None:
        """Say that something is not taken a second time; an instruction costs no more than itself."""
        if isinstance(command, Say) and isinstance(command.message, IntentFrame):
            peer.control(encode(Nack(command.message.n, fault.code, fault.reason, "Ask in other words.")))
        else:
            peer.close(CLOSE_REFUSED)

    def _take(self, peer: Peer, command: Command) -> None:
        session, context = peer.session, self._context
        match command:
            case WantState(vector):
                self.syncing.answer(peer, vector)
            case DocumentEdit():
                self._edit(peer, [command])
            case InSync():
                assert session.doc is not None, "only document sockets sync"
                context.handle(Resynced(session.lane, session.doc))
            case EditDenied(reason):
                context.after_durable(lambda: peer.send(encode_denied(reason)))
            case Announce(payload):
                self._announce(peer, payload)
            case WantPresence():
                present = self.presence.frame(session.doc or "")
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

    def edit(self, peer: Peer, edits: list[DocumentEdit]) -> None:
        """Carry out edits of one socket that is in, as one where each follows the one before."""
        if peer in self.peers:
            try:
                self._edit(peer, edits)
            except EventRefused:
                peer.close(CLOSE_REFUSED)

    def _edit(self, peer: Peer, edits: list[DocumentEdit]) -> None:
        session, context = peer.session, self._context
        doc, lane, actor = session.doc, session.lane, session.identity.actor
        assert doc is not None, "only document sockets edit"
        joined = join([(edit.update, edit.scan) for edit in edits]) if len(edits) > 1 else None
        if joined is not None:
            update, scan = joined
            held = self.writers.held(peer, doc, scan)
            context.handle(Edited(lane, actor, doc, update, scan, count=len(edits), held=held), peer)
        else:
            for edit in edits:
                held = self.writers.held(peer, doc, edit.scan, is_typed=not edit.is_step2)
                event = Edited(lane, actor, doc, edit.update, edit.scan, edit.is_step2, held=held)
                self.syncing.note(peer, edit, context.handle(event, peer))
        context.metrics.add("updates_total", by=len(edits))

    def _say(self, peer: Peer, message: ClientMessage) -> None:
        session = peer.session
        match message:
            case IntentFrame():
                event = Submitted(
                    lane=session.lane,
                    actor=session.identity.actor,
                    role=session.identity.role,
                    frame=message,
                    delivered=self.delivered.get(session.lane, 0),
                    request=session.id,
                )
                self._context.handle(event, peer)
            case Composing():
                self.arrivals.compose(peer, message)
            case Acknowledge(intents):
                self.inbox.take(peer, intents)
            case Seen() | Hello():
                # `seen` is for servers that forget what was delivered; this one counts it. `hello` came before.
                pass

    def _announce(self, peer: Peer, payload: bytes) -> None:
        try:
            problem = self.presence.announce(peer, payload)
        except CrdtError as error:
            peer.close(Close(STATUS_MALFORMED, error.code, error.reason))
            return
        if problem:
            self.refusals.presence(peer, problem)
        own = self.presence.client_of(peer)
        if own is not None:
            self.writers.announce(peer, own)

    def beat(self) -> None:
        """Every 15 s: the agent is still here and so is everybody, expired tokens are out, what lies still rests."""
        self.presence.place_agent()
        self.presence.renew()
        self.resting.beat()
        now = self._context.clock.now()
        for peer in list(self.peers):
            if not peer.session.identity.may("read", now):
                peer.close(CLOSE_UNAUTHENTICATED)

    # ------------------------------------------------------------ lanes and the log

    def welcome(self, peer: Peer, hello: Hello, *, lane: str, secret: str) -> None:
        """Put a socket on its lane, tell it where the log stands, and let it follow from `hello.seen`."""
        if peer not in self.peers:
            return
        self._leave_lane(peer)
        peer.session.lane, peer.session.has_hello = lane, True
        self._enter_lane(peer)
        # What an earlier life of this server sent counts too; nobody can have seen more than is durable.
        self.deliver(peer, min(max(0, hello.seen), self._context.durable_seq))
        identity, sequencer = peer.session.identity, self._context.sequencer
        board = sequencer.fold.board
        told = standing(sequencer.fold, sequencer.lives)
        answer = Welcome(
            lane=lane,
            secret=secret,
            n=board.lanes.clock(lane).n,
            seq=sequencer.fold.seq,
            epoch=sequencer.kernel.epoch,
            actor=identity.actor,
            role=identity.role,
            server=__version__,
        )

        def job() -> None:
            peer.control(encode(answer))
            for message in told:
                peer.control(message)
            if hello.follow and peer in self.peers:
                peer.following = "catching_up"
                self._listeners[peer] = None
                self._context.spawn(catch_up(self._context, self, peer, max(0, hello.seen)))

        self._context.after_durable(job)

    def deliver(self, peer: Peer, seq: int) -> None:
        """Remember that a socket was sent the log up to `seq`."""
        lane = peer.session.lane
        self.delivered[lane] = max(seq, self.delivered.get(lane, 0))

    # ------------------------------------------------------------ notices

    def tell(self, notice: Notice, by: Peer | None) -> None:
        """Tell people one thing. Called in order, after everything before it is durable."""
        match notice:
            case Acked() | Nacked():
                self._answer(notice, by)
            case RecordAppended(record):
                wire = PreparedMessage(encode_record(record.row)) if self._listeners else None
                self._context.waiters.durable(record.seq)
                self._context.metrics.add("records_total", f'kind="{record.kind}"')
                for peer in self._listeners:
                    if wire is not None and peer.following == "live":
                        peer.control(wire)
                        self.deliver(peer, record.seq)
                if isinstance(record.body, VerdictBody):
                    self.inbox.arrived(record.body)
            case UpdateRelayed(doc, update, lane):
                self._spread(doc, update, lane, by)
            case StateChanged() | QuestionOpened() | DraftShown() | StopsChanged():
                self._to_followers(notice_of(notice))
            case QuestionClosed(id):
                self.arrivals.closed(id)
            case DocumentsChanged(_, removed, broken):
                for doc in (*removed, *broken):
                    self.syncing.forget(doc)
                    for peer in list(self._by_doc.get(doc, ())):
                        peer.close(CLOSE_BROKEN if doc in broken else CLOSE_NOT_FOUND)
            case Resync(lane, doc):
                self.syncing.ask([peer for peer in self._lanes.get(lane, ()) if peer.session.doc == doc])
            case EditRefused():
                if by is not None:
                    self.refusals.edit(by, notice)
            case _:
                assert_never(notice)

    def _spread(self, doc: str, update: bytes, lane: str, by: Peer | None) -> None:
        """Relay an update to a document's sockets, packed once."""
        peers = self._by_doc.get(doc)
        if not peers:
            return
        frame = encode_update(update)
        packed = pack_binary(frame)
        # Only its own typing is not sent back: who answers a question still gets the commit it leads to.
        typist = by if by is not None and by.session.lane == lane else None
        for peer in peers:
            if peer is typist:
                continue
            write_packed = peer.write_packed
            if write_packed is not None:
                write_packed(packed)
            else:
                peer.send(frame, packed)

    def _answer(self, notice: Acked | Nacked, by: Peer | None) -> None:
        self._context.waiters.answered(notice)
        if isinstance(notice, Acked):
            self._context.metrics.add("intents_total")
        else:
            self._context.metrics.add("refusals_total", f'code="{notice.refusal.code}"')
        if by is not None:
            by.control(encode(answer_of(notice)))

    def _to_followers(self, message: bytes) -> None:
        note = PreparedMessage(message)
        for peer in self._listeners:
            peer.control(note)
