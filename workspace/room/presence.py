"""Who is present in each document of a room, the agent among them. Runs in the room's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from crdt.digest import Json
from crdt.sync.awareness import Presence, Renewal, Said, encode_awareness
from crdt.sync.awareness_state import encode_state
from crdt.sync.y_sync import encode_awareness_frame
from workspace.intents.model.intent import States
from workspace.intents.sequencer import Sequencer
from workspace.ports import Clock
from workspace.protocol.frames import pack_binary
from workspace.room.peer import Peer
from workspace.settings import Settings
from workspace.tasks import Tasks

AGENT_USER = {"name": "Agent", "kind": "agent", "color": "#7c5cff"}
# Clients drop who was not renewed for 30 s: with a beat every 15 s each entry is said again in time.
RENEW_SHARE = 0.9
# How many entries are renewed before others have their turn.
RENEWED_AT_ONCE = 32
# How many of its intents the agent names: every socket gets them anew at each change.
SHOWN_MAX = 20
# What somebody's presence takes, roughly: a name, a colour, a cursor.
ENTRY_BYTES = 300
IDLE_AGENT: dict[str, Json] = {"user": AGENT_USER, "agent": {"status": "idle", "intents": []}}
IDLE_TEXT = encode_state(IDLE_AGENT)


class RoomPresence:
    """The awareness of every document; `by_doc` holds the sockets of each, kept by the hub."""

    __slots__ = ("_agent", "_agent_text", "_by_doc", "_clock", "_presence", "_sequencer", "_settings", "_tasks")

    def __init__(
        self,
        sequencer: Sequencer,
        by_doc: Mapping[str, set[Peer]],
        *,
        clock: Clock,
        settings: Settings,
        tasks: Tasks,
    ) -> None:
        self._sequencer = sequencer
        self._by_doc = by_doc
        self._clock = clock
        self._settings = settings
        self._tasks = tasks
        self._presence: dict[str, Presence] = {}
        self._agent = self._agent_state()
        self._agent_text = _text_of(self._agent)

    def of(self, doc: str) -> Presence:
        """Return who is here in one document; the agent is, from the first moment."""
        kept = self._presence.get(doc)
        if kept is None:
            kept = self._presence[doc] = Presence(self._settings.awareness_bytes_max)
            kept.place(self._sequencer.client, self._agent, now=self._clock.now(), text=self._agent_text)
        return kept

    def frame(self, doc: str) -> bytes | None:
        """Return the frame that tells a newcomer who is here."""
        present = self.of(doc).everyone()
        return encode_awareness_frame(present) if present is not None else None

    def size(self, doc: str) -> int:
        """Return about how many bytes it takes to tell a newcomer who is here."""
        return ENTRY_BYTES * len(self.of(doc).entries)

    def find_own(self, peer: Peer, payload: bytes) -> Said | None:
        """Return what of an announcement a socket says of itself; None where it only repeats others, as clients do.

        Raises:
            MalformedFrame: the bytes are no awareness update.
        """
        session = peer.session
        assert session.doc is not None, "only document sockets announce"
        return self.of(session.doc).find_own(session.id, payload)

    def announce(self, peer: Peer, said: Said) -> str:
        """Take in what a socket says of itself and tell everybody else; return what was left out of it, or nothing.

        Raises:
            MalformedFrame: the state is no JSON.
        """
        session = peer.session
        assert session.doc is not None, "only document sockets announce"
        heard = self.of(session.doc).take(session.id, said, actor=session.identity.actor, now=self._clock.now())
        if heard is None:
            return ""
        if heard.update is not None:
            self.spread(session.doc, heard.update, but=session.id)
        return heard.problem

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
            self._agent, self._agent_text = state, _text_of(state)
            self.place_agent()

    def place_agent(self) -> None:
        """Say again that the agent is here: it also keeps silent stock clients connected."""
        for doc, peers in self._by_doc.items():
            if peers:
                now, client = self._clock.now(), self._sequencer.client
                entry = self.of(doc).place(client, self._agent, now=now, text=self._agent_text)
                self.spread(doc, encode_awareness([entry]))

    def renew(self) -> None:
        """Say again who is here: a throttled tab does not do it in time, and is here as long as its socket lives."""
        now, after = self._clock.now(), RENEW_SHARE * self._settings.presence_seconds
        for doc in [doc for doc, peers in self._by_doc.items() if peers]:
            renewals = self.of(doc).renew(now=now, after=after)
            if len(renewals) > RENEWED_AT_ONCE:
                self._tasks.start(self._renew_in_turns(doc, renewals), name=f"renew {doc}")
            else:
                self._tell(doc, renewals)

    async def _renew_in_turns(self, doc: str, renewals: list[Renewal]) -> None:
        for at in range(0, len(renewals), RENEWED_AT_ONCE):
            self._tell(doc, renewals[at : at + RENEWED_AT_ONCE])
            await asyncio.sleep(0)

    def _tell(self, doc: str, renewals: list[Renewal]) -> None:
        questions = {renewal.session: renewal.question for renewal in renewals if renewal.question is not None}
        for renewal in renewals:
            self.spread(doc, renewal.update, but=renewal.session)
        for peer in self._by_doc.get(doc, ()):
            question = questions.get(peer.session.id)
            if question is not None:
                peer.send(encode_awareness_frame(question))

    def spread(self, doc: str, update: bytes, *, but: str = "") -> None:
        """Send an awareness update to every socket of a document but that of the session whose entry it is."""
        frame = encode_awareness_frame(update)
        packed = pack_binary(frame)
        for peer in self._by_doc.get(doc, ()):
            if peer.session.id != but:
                peer.send(frame, packed)

    def _agent_state(self) -> dict[str, Json]:
        index = self._sequencer.lives.index
        if not self._sequencer.fold.board.live:
            return IDLE_AGENT
        planning = [entry.id for entry in index.of(States.PLANNING)][:SHOWN_MAX]
        held = [entry.id for entry in index.of(States.HELD, States.READY)][:SHOWN_MAX]
        status = "planning" if planning else "waiting" if held else "idle"
        return {"user": AGENT_USER, "agent": {"status": status, "intents": planning or held}}


def _text_of(agent: dict[str, Json]) -> str:
    """Return what the agent does as it is sent; one text for all the rooms in which it does nothing."""
    return IDLE_TEXT if agent is IDLE_AGENT else encode_state(agent)
