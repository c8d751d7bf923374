"""Which connected socket writes under which Yjs id. Pure.

An id belongs to the connection that announced it or typed under it first, for as long as that is there: two who write
under one id at the same time would make documents that never agree again. Whoever wrote under it first, by the log,
has it whenever they are there. Once its holder has gone, whoever brings more of it is believed: a copy that was handed
on by a neighbour, or brought along from elsewhere, locks nobody out.
"""

from __future__ import annotations

from collections.abc import Mapping

from crdt.scan import Scan
from workspace.peer import Peer

NOBODY: frozenset[int] = frozenset()


class Writers:
    """The ids of one room's documents and the sockets that hold them; `owners` wrote first under one, by the log."""

    def __init__(self, owners: Mapping[tuple[str, int], str]) -> None:
        self._owners = owners
        self._holders: dict[str, dict[int, Peer]] = {}
        self._announced: dict[Peer, int] = {}

    def held(self, peer: Peer, doc: str, scan: Scan, *, is_typed: bool = True) -> frozenset[int]:
        """Return the ids of an update that somebody else holds; what is typed under a free one is held from now on."""
        holders = self._holders.setdefault(doc, {})
        others = NOBODY
        for client in scan.inserted:
            holder = holders.get(client)
            if holder is peer:
                continue
            actor = peer.session.identity.actor
            if holder is not None and holder.session.identity.actor != actor:
                if self._owners.get((doc, client)) == actor:
                    self._take(peer, holder, holders, client)
                    continue
                others |= {client}
            elif holder is None and is_typed and not peer.writes_as:
                # Its first: what it sends under a second one is handed on, as neighbours in one browser do.
                self.claim(peer, doc, client)
        return others

    def claim(self, peer: Peer, doc: str, client: int, *, is_announced: bool = False) -> None:
        """Let a socket hold an id that is free, or that somebody holds who has announced another one as its own."""
        holders = self._holders.setdefault(doc, {})
        holder = holders.get(client)
        if holder is not None and (not is_announced or self._announced.get(holder) == client):
            return
        if is_announced:
            self._announced[peer] = client
        if holder is not peer:
            self._take(peer, holder, holders, client)

    @staticmethod
    def _take(peer: Peer, holder: Peer | None, holders: dict[int, Peer], client: int) -> None:
        if holder is not None:
            holder.writes_as = tuple(id for id in holder.writes_as if id != client)
        if len(peer.writes_as) < peer.session.bounds.socket_ids_max:
            holders[client] = peer
            peer.writes_as = (*peer.writes_as, client)

    def leave(self, peer: Peer, doc: str) -> None:
        """Let go of what a socket held."""
        holders = self._holders.get(doc, {})
        for client in peer.writes_as:
            holders.pop(client, None)
        peer.writes_as = ()
        self._announced.pop(peer, None)
        if not holders:
            self._holders.pop(doc, None)
