"""SyncStep1 and SyncStep2 of a room: what a client lacks, what this server lacks, and what need not be looked at twice.

Runs in the room's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from crdt.sync.y_sync import encode_step1, encode_step2
from workspace.intents.model.events import Outcome
from workspace.intents.sequencer import Sequencer
from workspace.protocol.repeats import Repeats
from workspace.protocol.session import DocumentEdit
from workspace.room.mailbox import Job
from workspace.room.peer import Peer


class SyncAnswers:
    """Questions and answers about what each side has."""

    __slots__ = ("_after_durable", "_repeats", "_sequencer")

    def __init__(self, sequencer: Sequencer, after_durable: Callable[[Job], None]) -> None:
        self._sequencer = sequencer
        self._after_durable = after_durable
        # By document: see `workspace.protocol.repeats`.
        self._repeats: dict[str, Repeats] = {}

    def enter(self, peer: Peer, doc: str) -> None:
        """Let a socket's step 2 be looked up among those of its document."""
        peer.session.repeats = self._repeats.setdefault(doc, Repeats())

    def forget(self, doc: str) -> None:
        """Forget a document."""
        self._repeats.pop(doc, None)

    def answer(self, peer: Peer, vector: bytes) -> None:
        """Answer a step 1; the same question while its answer waits for the disk is one question."""
        doc = peer.session.doc
        assert doc is not None, "only document sockets sync"
        if peer.asked_vector == vector:
            return
        peer.asked_vector, update = vector, self._sequencer.fold.documents[doc].encode(vector)

        def job() -> None:
            peer.asked_vector = None
            peer.answer(encode_step2(update))

        self._after_durable(job)

    def ask(self, peers: Iterable[Peer]) -> None:
        """Ask clients for what this document lacks."""
        for peer in peers:
            document = self._sequencer.fold.documents.get(peer.session.doc or "")
            if document is not None:
                peer.send(encode_step1(document.encode_state_vector()))

    def note(self, peer: Peer, edit: DocumentEdit, outcome: Outcome) -> None:
        """Remember a delete set that brought nothing and lacked nothing: it never will."""
        repeats = peer.session.repeats
        if edit.digest and repeats is not None and not (outcome.journal or outcome.notices):
            repeats.add(edit.digest)
