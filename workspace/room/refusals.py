"""What is said when something of a socket is refused: what, where, why and what to do. The socket stays.

Only bytes that are not the protocol end a socket. A client that says hello is told; a stock client sees what stands.
"""

from __future__ import annotations

from crdt.sync.y_sync import encode_denied, encode_update
from workspace.errors import Close
from workspace.intents.model.events import EditRefused
from workspace.intents.rules.places import ASK_RULE, READ_ONLY
from workspace.ports import Clock
from workspace.protocol.messages import ErrorMessage, encode
from workspace.protocol.session import STATUS_MALFORMED
from workspace.room.peer import Peer
from workspace.room.sync import SyncAnswers
from workspace.telemetry import Metrics

NEW_ID = "Reload: the editor gets a Yjs client id of its own then."
REMEDIES = {
    "unsupported_value": "Store plain values or shared types instead; the rest of your edit stands.",
    "nested_too_deep": "Store it flatter; the rest of your edit stands.",
    "no_place": "Put it where such a value belongs; the rest of your edit stands.",
    "foreign_id": NEW_ID,
    "conflicting_id": NEW_ID,
    "too_large": "Take something out of the document, or begin another one; what you typed before is saved.",
    "crowded": "Reload, so that your editor knows what the others wrote there, and write it again.",
    "not_found": "Open a document that exists.",
    READ_ONLY: f"Reload the document: what you typed here is in nobody else's. {ASK_RULE}",
}


class Refusals:
    """Tells people what of theirs was not taken."""

    __slots__ = ("_clock", "_metrics", "_syncing")

    def __init__(self, syncing: SyncAnswers, *, clock: Clock, metrics: Metrics) -> None:
        self._syncing = syncing
        self._clock = clock
        self._metrics = metrics

    def edit(self, peer: Peer, refused: EditRefused) -> None:
        """Say what became of an edit that was not taken as a whole."""
        match refused.action:
            case "resync":
                if peer.may_ask(self._clock.now()):
                    self._syncing.ask([peer])
            case "drop":
                if refused.removal:
                    peer.send(encode_update(refused.removal))
                if refused.code == READ_ONLY and not peer.session.was_denied:
                    peer.session.was_denied = True
                    peer.send(encode_denied(refused.reason))
                remedy = REMEDIES.get(refused.code, "")
                peer.control(encode(ErrorMessage(refused.code, refused.reason, remedy, "edit", refused.doc)))
                self._metrics.add("refusals_total", f'code="{refused.code}"')
            case "close":
                peer.close(Close(STATUS_MALFORMED, refused.code, refused.reason))

    def presence(self, peer: Peer, problem: str) -> None:
        """Say once that a part of a presence was left out: a client repeats it every 15 s."""
        session = peer.session
        if session.was_cut:
            return
        session.was_cut = True
        reason = f"A part of your presence is not shown to others: {problem}."
        remedy = "Keep pictures and long selections out of it; you are shown as present all the same."
        peer.control(encode(ErrorMessage("too_large", reason, remedy, "presence", session.doc or "")))
        self._metrics.add("refusals_total", 'code="too_large"')
