"""Which connected socket writes under which Yjs id. Pure.

An id belongs to the connection that typed under it first, for as long as that is there: two who write under one id at
the same time would make documents that never agree again. Whoever wrote under it first, by the log, has it whenever
they are there. What a presence announces as its own gives nothing by itself, since anybody can announce anything: it
tells the author from a neighbour who hands on what the author typed. Once its holder has gone, whoever brings more of
it is believed: a copy that was handed on, or brought along from elsewhere, locks nobody out.
"""

from __future__ import annotations

from collections.abc import Mapping

from crdt.updates.summary import UpdateSummary
from workspace.room.peer import Peer

NOBODY: frozenset[int] = frozenset()


class ClientIds:
    """The ids of one room's documents and the sockets that hold them; `owners` wrote first under one, by the log."""

    __slots__ = ("_announced", "_holders", "_owners")

    def __init__(self, owners: Mapping[tuple[str, int], str]) -> None:
        self._owners = owners
        self._holders: dict[str, dict[int, Peer]] = {}
        self._announced: dict[Peer, int] = {}

    def held(self, peer: Peer, doc: str, scan: UpdateSummary, *, is_typed: bool = True) -> frozenset[int]:
        """Return the ids of an update that somebody else holds; what is typed under a free one is held from now on."""
        holders = self._holders.setdefault(doc, {})
        others = NOBODY
        for client in scan.inserted:
            holder = holders.get(client)
            if holder is peer:
                continue
            actor = peer.session.identity.actor
            if holder is not None and holder.session.identity.actor != actor:
                if self._owners.get((doc, client)) == actor or self._was_handed_on(client, by=holder, author=peer):
                    self._take(peer, holder, holders, client)
                    continue
                others |= {client}
            elif holder is None and is_typed and not peer.writes_as and self._may_be_own(peer, client):
                # Its first: what it sends under a second one is handed on, as neighbours in one browser do.
                self._take(peer, None, holders, client)
        return others

    def announce(self, peer: Peer, client: int) -> None:
        """Note the id that a socket's presence names as its own."""
        self._announced[peer] = client

    def _was_handed_on(self, client: int, *, by: Peer, author: Peer) -> bool:
        """Tell whether who holds an id is somebody else by its own word, and who comes is not."""
        return self._announced.get(author) == client and self._announced.get(by) not in (None, client)

    def _may_be_own(self, peer: Peer, client: int) -> bool:
        """Tell whether what comes first under an id may be its sender's own: not where that is another by its word."""
        own = self._announced.get(peer)
        return own == client if own is not None else client not in self._announced.values()

    @staticmethod
    def _take(peer: Peer, holder: Peer | None, holders: dict[int, Peer], client: int) -> None:
        assert holder is not peer, "nobody takes an id from themselves"
        if holder is not None:
            assert client in holder.writes_as, "a holder knows what it holds"
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
