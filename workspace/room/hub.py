"""Everybody connected to one room: who is in, and what each is told. Runs inside the room's loop only."""

from __future__ import annotations

from typing import assert_never

from crdt.sync.y_sync import encode_step1, encode_update
from workspace.errors import (
    CLOSE_ARCHIVED,
    CLOSE_BROKEN,
    CLOSE_DELETED,
    CLOSE_INTERNAL,
    CLOSE_NOT_FOUND,
    CLOSE_UNAUTHENTICATED,
    Close,
)
from workspace.intents.model.document_acts import Acts
from workspace.intents.model.events import (
    Acked,
    DocumentActed,
    DocumentsChanged,
    DraftShown,
    EditRefused,
    LaneChanged,
    Nacked,
    Notice,
    QuestionClosed,
    QuestionOpened,
    RecordAppended,
    Resync,
    RulesChanged,
    SocketOpened,
    StateChanged,
    StopsChanged,
    UpdateRelayed,
)
from workspace.protocol.frames import pack_binary
from workspace.protocol.messages import Hello, encode
from workspace.room.client_ids import ClientIds
from workspace.room.context import RoomContext
from workspace.room.idle import IdleDocuments
from workspace.room.lane_grant import LaneGrant
from workspace.room.log_follow import LogFollow
from workspace.room.notices import answer_of, close_of, document_message, notice_of, renamed_to
from workspace.room.pace import Pace
from workspace.room.peer import Peer, PreparedMessage
from workspace.room.presence import RoomPresence
from workspace.room.refusals import Refusals
from workspace.room.sync import SyncAnswers
from workspace.room.told_rights import RoomRights
from workspace.room.waiters import Waiters
from workspace.room.work import MeasuredWork


class Hub:
    """The sockets of a room, by document and lane; `waiters` are those who ask over HTTP."""

    def __init__(self, context: RoomContext, waiters: Waiters) -> None:
        self._context = context
        self._waiters = waiters
        self.peers: set[Peer] = set()
        # When the last socket left, or the room opened: what nobody needs is closed after a while.
        self.empty_since = context.clock.now()
        self._by_doc: dict[str, set[Peer]] = {}
        self._lanes: dict[str, set[Peer]] = {}
        sequencer, clock = context.sequencer, context.clock
        self.presence = RoomPresence(
            sequencer, self._by_doc, clock=clock, settings=context.settings, tasks=context.tasks
        )
        self.work = MeasuredWork(clock)
        self.log = LogFollow(context, self.peers, self.work)
        self._pace: Pace | None = None
        self.idle = IdleDocuments(
            sequencer, self._by_doc, clock=clock, settings=context.settings, metrics=context.metrics
        )
        self.writers = ClientIds(sequencer.fold.owners)
        self.syncing = SyncAnswers(context)
        self.rights = RoomRights(context)
        self.refusals = Refusals(self.syncing, clock=clock, metrics=context.metrics)

    @property
    def pace(self) -> Pace:
        """How fast people are heard of; made for the first who says something of that kind."""
        if self._pace is None:
            context = self._context
            self._pace = Pace(context.clock, context.settings.presence_bytes_per_second_max, caught=context.caught)
        return self._pace

    def fall_silent(self) -> None:
        """Let nobody hear of anybody any more: the room ends."""
        if self._pace is not None:
            self._pace.close()

    # ------------------------------------------------------------ coming and going

    def join(self, peer: Peer) -> None:
        """Let a socket in: a document socket is asked what it has, and told who is here."""
        context, doc = self._context, peer.session.doc
        assert peer not in self.peers, "a socket joins once"
        fold, after_durable = context.sequencer.fold, context.gate.after_durable
        if doc is not None and not fold.is_listed(doc):
            peer.close(close_of(fold, doc))
            return
        self.peers.add(peer)
        self.rights.place(peer)
        context.metrics.add("sockets", by=1)
        if doc is None:
            return
        self._by_doc.setdefault(doc, set()).add(peer)
        self.syncing.enter(peer, doc)
        self._enter_lane(peer)
        # Both are taken now and sent later: what comes meanwhile reaches the socket as an update of its own.
        vector = fold.documents[doc].encode_state_vector()
        present = self.presence.frame(doc)
        after_durable(lambda: peer.send(encode_step1(vector)))
        if present is not None:
            after_durable(lambda: peer.send(present))

    def leave(self, peer: Peer) -> None:
        """Forget a socket; its lane goes offline with its last one."""
        if peer not in self.peers:
            return
        self.peers.discard(peer)
        self.log.leave(peer)
        self.syncing.leave(peer)
        self._context.metrics.add("sockets", by=-1)
        doc = peer.session.doc
        for speaker in (peer.session.id, f"? {peer.session.id}"):
            if self._pace is not None:
                self._pace.forget(speaker)
        if doc is not None:
            self._by_doc.get(doc, set()).discard(peer)
            self.presence.leave(peer)
            self.writers.leave(peer, doc)
        self._leave_lane(peer)
        assert peer not in self.log.followers, "who has left is told nothing more"
        if not self.peers:
            self.note_use()

    def note_use(self) -> None:
        """Note that somebody asks for this workspace without a socket: it is not idle."""
        self.empty_since = self._context.clock.now()

    def welcome(self, peer: Peer, hello: Hello, granted: LaneGrant | None) -> None:
        """Put a socket on the lane it was granted and let it follow the log; one that was granted none is closed."""
        if granted is None:
            peer.close(CLOSE_UNAUTHENTICATED)
        if granted is None or peer not in self.peers:
            return
        self._leave_lane(peer)
        peer.session.lane, peer.session.has_hello = granted.lane, True
        self._enter_lane(peer)
        self.log.welcome(peer, hello, granted.secret)
        self.rights.welcome(peer)

    def _enter_lane(self, peer: Peer) -> None:
        assert peer in self.peers, "a lane has sockets that are in"
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
            if self._pace is not None:
                self._pace.forget(f"composing {lane}")
            self.log.arrivals.leave(lane)

    def close_all(self, why: Close) -> None:
        """Close every socket."""
        for peer in list(self.peers):
            peer.close(why)

    def beat(self) -> None:
        """Every 15 s: the agent is still here and so is everybody, what lies still rests."""
        self.presence.place_agent()
        self.presence.renew()
        self.syncing.beat()
        self.idle.beat()

    # ------------------------------------------------------------ what each is told

    def tell(self, notices: tuple[Notice, ...], by: Peer | None) -> None:
        """Tell people what a turn led to, in order; everything before it is durable.

        A notice that cannot be told costs all sockets, not the room: they come again and have it from the log.
        """
        for notice in notices:
            try:
                match notice:
                    case UpdateRelayed(doc, update, lane):
                        self._relay(doc, update, lane, by)
                    case RecordAppended(record):
                        self._waiters.durable(record.seq)
                        self._context.metrics.add("records_total", f'kind="{record.kind}"')
                        self.log.append(record)
                    case Acked() | Nacked():
                        self._answer(notice, by)
                    case StateChanged() | QuestionOpened() | DraftShown() | StopsChanged():
                        self.log.tell(notice_of(notice))
                    case QuestionClosed(id):
                        self.log.arrivals.closed(id)
                    case DocumentsChanged(_, removed, broken):
                        for doc in (*removed, *broken):
                            self._close_document(doc, CLOSE_BROKEN if doc in broken else CLOSE_NOT_FOUND)
                    case DocumentActed():
                        self._act(notice)
                    case RulesChanged():
                        self.rights.changed(self.peers)
                    case Resync(lane, doc):
                        self.syncing.ask([peer for peer in self._lanes.get(lane, ()) if peer.session.doc == doc])
                    case EditRefused():
                        if by is not None:
                            self.refusals.edit(by, notice)
                    case _:
                        assert_never(notice)
            except Exception as bug:  # noqa: BLE001  a root: who waits over HTTP is answered all the same
                self._context.caught(bug)
                self.close_all(CLOSE_INTERNAL)

    def _close_document(self, doc: str, why: Close) -> None:
        self.syncing.forget(doc)
        for peer in list(self._by_doc.get(doc, ())):
            peer.close(why)

    def _act(self, acted: DocumentActed) -> None:
        """Tell everybody what became of a document; its sockets are closed where they cannot go on."""
        message = PreparedMessage(encode(document_message(acted)))
        for peer in {*self.log.followers, *self._by_doc.get(acted.doc, ())}:
            peer.control(message)
        if acted.do == Acts.RENAME:
            self.rights.changed(self._by_doc.get(acted.doc, ()))
            # Who speaks with the room has just been told, and goes on; nobody else can know, and would come again
            # under a name that may soon be another document's.
            why = renamed_to(acted.name)
            for peer in [peer for peer in self._by_doc.get(acted.doc, ()) if not peer.session.has_hello]:
                peer.close(why)
        elif acted.do != Acts.RESTORE:
            self._close_document(acted.doc, CLOSE_ARCHIVED if acted.do == Acts.ARCHIVE else CLOSE_DELETED)

    def _relay(self, doc: str, update: bytes, lane: str, by: Peer | None) -> None:
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
        self._waiters.answered(notice)
        if isinstance(notice, Acked):
            self._context.metrics.add("intents_total")
        else:
            self._context.metrics.add("refusals_total", f'code="{notice.refusal.code}"')
        if by is not None:
            by.control(encode(answer_of(notice)))
