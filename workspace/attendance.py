"""Who is present in each document of a room, the agent among them. Runs in the room's loop."""

from __future__ import annotations

from crdt.awareness import Presence
from crdt.digest import Json
from crdt.sync import encode_awareness_frame
from workspace.house import House
from workspace.peer import Peer

AGENT_USER = {"name": "Agent", "kind": "agent", "color": "#7c5cff"}
# How many of its intents the agent names: every socket gets them anew at each change.
SHOWN_MAX = 20
IDLE_AGENT: dict[str, Json] = {"user": AGENT_USER, "agent": {"status": "idle", "intents": []}}


class Attendance:
    """The awareness of every document; `by_doc` holds the sockets of each, kept by the doorman."""

    def __init__(self, house: House, by_doc: dict[str, set[Peer]]) -> None:
        self._house = house
        self._by_doc = by_doc
        self._presence: dict[str, Presence] = {}
        self._agent = self._agent_state()

    def of(self, doc: str) -> Presence:
        """Return who is here in one document; the agent is, from the first moment."""
        kept = self._presence.get(doc)
        if kept is None:
            kept = self._presence[doc] = Presence()
            kept.place(self._house.sequencer.client, self._agent_state(), now=self._house.clock.now())
        return kept

    def frame(self, doc: str) -> bytes | None:
        """Return the frame that tells a newcomer who is here."""
        present = self.of(doc).everyone()
        return encode_awareness_frame(present) if present is not None else None

    def announce(self, peer: Peer, payload: bytes) -> None:
        """Take in what a socket says of itself and tell everybody. Raises `CrdtError` for bad bytes."""
        session = peer.session
        assert session.doc is not None, "only document sockets announce"
        heard = self.of(session.doc).receive(
            session.id, payload, actor=session.identity.actor, now=self._house.clock.now()
        )
        if heard is not None:
            self.spread(session.doc, heard)

    def client_of(self, peer: Peer) -> int | None:
        """Return the Yjs id that a socket has announced as its own."""
        doc = peer.session.doc
        return self.of(doc).clients.get(peer.session.id) if doc is not None else None

    def leave(self, peer: Peer) -> None:
        """Tell everybody that a socket is gone."""
        doc = peer.session.doc
        gone = self.of(doc).leave(peer.session.id) if doc is not None else None
        if doc is not None and gone is not None:
            self.spread(doc, gone)

    def refresh(self) -> None:
        """Show what the agent is doing, when that changed."""
        state = self._agent_state()
        if state != self._agent:
            self._agent = state
            self.place_agent()

    def place_agent(self) -> None:
        """Say again that the agent is here: it also keeps silent stock clients connected."""
        for doc, peers in self._by_doc.items():
            if peers:
                now = self._house.clock.now()
                self.spread(doc, self.of(doc).place(self._house.sequencer.client, self._agent_state(), now=now))

    def spread(self, doc: str, update: bytes) -> None:
        """Send an awareness update to every socket of a document, its sender included."""
        frame = encode_awareness_frame(update)
        for peer in self._by_doc.get(doc, ()):
            peer.send(frame)

    def _agent_state(self) -> dict[str, Json]:
        board = self._house.sequencer.fold.board
        if not board.live:
            return IDLE_AGENT
        planning = [entry.id for entry in board.shelves.of("planning")][:SHOWN_MAX]
        held = [entry.id for entry in board.shelves.of("held", "ready")][:SHOWN_MAX]
        status = "planning" if planning else "waiting" if held else "idle"
        return {"user": AGENT_USER, "agent": {"status": status, "intents": planning or held}}
