"""What each socket's person may where it is: kept for its session, and told to those that speak with the room.

The kernel looks at the rules in the turn of every edit. What a session keeps says only that it must be asked; what is
told is for people, who see why they may read and not write, as soon as that is durable.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from workspace.intents.rules.permissions import may_ask
from workspace.intents.rules.places import refuse_agent_at, role_at, role_somewhere, rule_at, spot, words_at
from workspace.protocol.rights_message import RightsMessage
from workspace.room.context import RoomContext
from workspace.room.peer import Peer


class RoomRights:
    """The rights of the sockets of one room."""

    __slots__ = ("_context",)

    def __init__(self, context: RoomContext) -> None:
        self._context = context

    def place(self, peer: Peer) -> None:
        """Let a session know what its person may: called as it comes in, and whenever that may have changed."""
        session, fold = peer.session, self._context.sequencer.fold
        actor, role = session.identity.actor, session.identity.role
        at = spot(fold, session.doc) if session.doc is not None else None
        # No rule gives more to a token that only reads.
        has_rules = not session.identity.only_reads
        session.is_ruled = has_rules and at is not None and rule_at(fold, at, actor=actor, role=role) is not None
        session.may_ask = has_rules and may_ask(fold, actor=actor, role=role)
        session.was_denied = session.was_muted = False

    def welcome(self, peer: Peer) -> None:
        """Tell a socket behind its welcome what its person is here, where that is not what the welcome says."""
        note = self._note(peer)
        peer.session.told_rights = note
        if note.reason or note.agent:
            self._context.gate.after_durable(lambda: peer.control(msgspec.json.encode(note)))

    def changed(self, peers: Iterable[Peer]) -> None:
        """Tell those of these sockets of whose person something has changed."""
        for peer in list(peers):
            self.place(peer)
            note = self._note(peer)
            if peer.session.has_hello and note != peer.session.told_rights:
                peer.session.told_rights = note
                peer.control(msgspec.json.encode(note))

    def _note(self, peer: Peer) -> RightsMessage:
        session, fold = peer.session, self._context.sequencer.fold
        actor, role = session.identity.actor, session.identity.role
        if session.identity.only_reads:
            return RightsMessage(role, session.doc or "", member=role)
        if session.doc is None:
            return RightsMessage(role_somewhere(fold, actor=actor, role=role), member=role)
        at = spot(fold, session.doc)
        is_ruled = rule_at(fold, at, actor=actor, role=role) is not None
        reason = f"{words_at(fold, at, actor=actor, role=role)}." if is_ruled else ""
        refused = refuse_agent_at(fold, at)
        return RightsMessage(
            role_at(fold, at, actor=actor, role=role),
            session.doc,
            reason,
            refused.reason if refused is not None else "",
            role,
        )
