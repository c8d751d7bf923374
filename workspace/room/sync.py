"""SyncStep1 and SyncStep2 of a room: what a client lacks, what this server lacks, and what need not be looked at twice.

A question of a few bytes may have a document for its answer. So a socket has one question at a time: what it asks while
one waits becomes part of it. An answer is made when the socket has taken what it was sent before and its person's
account allows it, as many in a turn of the room as have `TURN_BYTES` together, and one document is encoded once for
all who ask for the same of it. Runs in the room's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial

from crdt.documents.document import HAS_NOTHING, Document
from crdt.sync.y_sync import encode_step1, encode_step2
from crdt.updates.scan import INTERNAL, encode_state_vector, scan_state_vector
from workspace.errors import CLOSE_INTERNAL
from workspace.intents.model.events import Outcome
from workspace.protocol.repeats import Repeats
from workspace.protocol.session import DocumentEdit
from workspace.room.context import RoomContext
from workspace.room.mailbox import Job
from workspace.room.peer import Peer, PreparedAnswer

# Of answers made in one turn; a larger one is the turn's last. Encoding a megabyte takes some 4 ms.
TURN_BYTES = 1 << 20
# Of a document this large, who lacks half of it is sent all of it: encoded once for everybody.
CLOCKS_MIN = 50_000


class SyncAnswers:
    """Questions and answers about what each side has."""

    __slots__ = ("_asking", "_context", "_is_due", "_kept", "_left", "_parked", "_repeats", "_turn")

    def __init__(self, context: RoomContext) -> None:
        self._context = context
        # By document: see `workspace.protocol.repeats`.
        self._repeats: dict[str, Repeats] = {}
        # Whose questions can be answered, in the order in which they came; and those that cannot be yet.
        self._asking: dict[Peer, bytes] = {}
        self._parked: dict[Peer, bytes] = {}
        # What the last question was told: the document, its version, what was asked, and the answer.
        self._kept: tuple[Document, int, bytes, PreparedAnswer] | None = None
        self._turn, self._left, self._is_due = -1, TURN_BYTES, False

    def enter(self, peer: Peer, doc: str) -> None:
        """Let a socket's step 2 be looked up among those of its document."""
        assert peer.session.doc == doc, "a socket has one document"
        peer.session.repeats = self._repeats.setdefault(doc, Repeats())

    def leave(self, peer: Peer) -> None:
        """Answer a socket nothing more."""
        self._asking.pop(peer, None)
        self._parked.pop(peer, None)

    def forget(self, doc: str) -> None:
        """Forget a document."""
        self._repeats.pop(doc, None)

    def beat(self) -> None:
        """Let go of the last answer: it is as large as a document, and of use to those alone who come at once."""
        self._kept = None

    # ------------------------------------------------------------ what a client lacks

    def answer(self, peer: Peer, vector: bytes) -> None:
        """Answer a step 1, in this turn or as soon as it may be.

        The same question while its answer waits for the disk is one question; others, while one waits, become one that
        lacks what any of them lacks.
        """
        assert peer.session.doc is not None, "only document sockets sync"
        if peer.asked_vector == vector:
            return
        document = self._context.sequencer.fold.documents.get(peer.session.doc)
        if document is None:
            return
        # What somebody claims to have of others is left out at once: it would be read with each further question.
        vector = lacks(document.state_vector(), vector)
        waiting = self._parked if peer in self._parked else self._asking
        waiting[peer] = lowest(waiting[peer], vector) if peer in waiting else vector
        if waiting is self._asking and not self._is_due:
            self._work()

    def _work(self) -> None:
        """Answer who can be answered, until this turn's share is used up; the next turn goes on."""
        context = self._context
        if context.mailbox.turns != self._turn:
            self._turn, self._left = context.mailbox.turns, TURN_BYTES
        self._is_due = False
        for peer in list(self._asking):
            if self._left <= 0:
                self._is_due = True
                self._post(self._work)
                return
            if not self._park(peer):
                self._left -= self._make(peer, self._asking.pop(peer))
        if not self._asking:
            self._asking.clear()  # which gives back the table of a dict, as taking the last out does not

    def _park(self, peer: Peer) -> bool:
        """Put a question aside that cannot be answered yet, until it can; tell whether it was."""
        if peer.asked_vector is None and peer.is_drained:
            loop = asyncio.get_running_loop()
            owed = peer.account.owed(loop.time())
            if owed <= 0:
                return False
            loop.call_later(owed, self._post, partial(self._resume, peer))
        else:
            peer.when_drained = partial(self._post, partial(self._resume, peer))
        self._parked[peer] = self._asking.pop(peer)
        return True

    def _resume(self, peer: Peer) -> None:
        """Take up the question that a socket had put aside."""
        vector = self._parked.pop(peer, None)
        if vector is not None:
            self._asking[peer] = vector
        if not self._is_due:
            self._work()

    def _make(self, peer: Peer, vector: bytes) -> int:
        """Make an answer and let it out once all that it holds is durable; return how large it is."""
        document = self._context.sequencer.fold.documents.get(peer.session.doc or "")
        if document is None or peer.closing is not None:
            return 0
        try:
            answer = self._answer_of(document, vector)
        except BaseException:  # whoever asked is who cannot go on; a panic is no Exception
            peer.close(CLOSE_INTERNAL)
            self._is_due = bool(self._asking)
            if self._is_due:
                self._post(self._work)
            raise
        peer.asked_vector = vector
        peer.account.spend(len(answer), asyncio.get_running_loop().time())

        def job() -> None:
            peer.asked_vector = None
            peer.answer(answer)
            if peer in self._parked and peer.is_drained:
                self._post(partial(self._resume, peer))

        self._context.gate.after_durable(job)
        return len(answer)

    def _answer_of(self, document: Document, vector: bytes) -> PreparedAnswer:
        """Return what holds all that a client with this state vector lacks, encoded once for all who ask the same."""
        lacking, kept = lacks(document.state_vector(), vector), self._kept
        if kept is not None and kept[:3] == (document, document.version, lacking):
            return kept[3]
        answer = PreparedAnswer(encode_step2(document.encode(lacking)))
        self._context.metrics.add("sync_encodings_total")
        self._kept = (document, document.version, lacking, answer)
        return answer

    def _post(self, job: Job) -> None:
        """Have something done in a turn; behind a full mailbox it waits beside the loop."""
        mailbox = self._context.mailbox
        if not mailbox.try_post(job) and mailbox.is_open:
            self._context.tasks.start(mailbox.post(job), name=f"answers of {self._context.ws}")

    # ------------------------------------------------------------ what this server lacks

    def ask(self, peers: Iterable[Peer]) -> None:
        """Ask clients for what this document lacks."""
        for peer in peers:
            document = self._context.sequencer.fold.documents.get(peer.session.doc or "")
            if document is not None:
                peer.send(encode_step1(document.encode_state_vector()))

    def note(self, peer: Peer, edit: DocumentEdit, outcome: Outcome) -> None:
        """Remember a delete set that brought nothing and lacked nothing: it never will. One that was refused may."""
        repeats = peer.session.repeats
        if edit.digest and repeats is not None and outcome.refused is None and not (outcome.journal or outcome.notices):
            repeats.add(edit.digest)


def lowest(one: bytes, other: bytes) -> bytes:
    """Return the state vector of somebody who has only what both have; whoever lacks less can use the answer, too."""
    mine, theirs = scan_state_vector(one, INTERNAL), scan_state_vector(other, INTERNAL)
    return encode_state_vector({client: min(clock, theirs.get(client, 0)) for client, clock in mine.items()})


def lacks(state: Mapping[int, int], vector: bytes) -> bytes:
    """Return the state vector of what a client has of a document in `state`, without what the document has not.

    So the same bytes ask for the same: what somebody claims to have of others costs nothing, and who lacks half of a
    large document is taken for somebody who has nothing of it.
    """
    if vector == HAS_NOTHING:
        return vector
    claimed = scan_state_vector(vector, INTERNAL)
    has = {client: min(clock, state[client]) for client, clock in claimed.items() if state.get(client) and clock}
    total = sum(state.values())
    if not has or (total >= CLOCKS_MIN and 2 * sum(has.values()) <= total):
        return HAS_NOTHING
    return vector if has == claimed else encode_state_vector(has)
