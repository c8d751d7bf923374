"""What a socket is told once it has caught up with the log: the board as somebody sees it who was here all the time.

The log says what was asked, decided and done. Where an instruction stands meanwhile, whom it waits for, what the agent
is writing and who composes is not in it; and what was begun long before this socket's part of the log is not in that
part. Runs in the room's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice

import msgspec

from workspace.intents.model.bodies import IntentBody
from workspace.intents.model.ids import draft_id
from workspace.intents.model.intent import State
from workspace.intents.sequencer import Sequencer
from workspace.intents.state.board import Entry
from workspace.protocol.messages import Composing, ComposingMessage, DraftMessage, encode
from workspace.room.mailbox import Job
from workspace.room.peer import Peer, PreparedMessage

INTENTS_AT_ONCE = 50


class ClosedMessage(msgspec.Struct, frozen=True, tag_field="type", tag="closed"):
    """A question is settled, answered, or of no use any more."""

    id: str


class Begun(msgspec.Struct, frozen=True):
    """The record of an intent, for a socket that is not sent the record itself: its part of the log begins later."""

    seq: int
    at: str
    actor: str
    body: IntentBody


class BoardIntent(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where one intent stands, or how it ended meanwhile; `begun` where this socket is not sent its record."""

    id: str
    state: State
    reason: str = ""
    waits_for: tuple[str, ...] = ()
    summary: str = ""
    steps: tuple[str, ...] = ()
    begun: Begun | None = None


class BoardQuestion(msgspec.Struct, frozen=True):
    """An open question: by which policy it is asked, on which layer, and the last word of each who has answered."""

    id: str
    policy: str
    layer: str
    answers: dict[str, str]


class BoardMessage(msgspec.Struct, frozen=True, tag_field="type", tag="board"):
    """Where everything stands, sent once a socket has caught up; several where there is much.

    The first is `whole`: it holds all but the rest of the intents, and what is not in it is not open, not being written
    and not being composed any more.
    """

    intents: tuple[BoardIntent, ...]
    whole: bool = True
    questions: tuple[BoardQuestion, ...] = ()
    drafts: tuple[DraftMessage, ...] = ()
    composing: tuple[ComposingMessage, ...] = ()


class Arrivals:
    """Who is writing an instruction, and the board for those who have caught up; `followers` follow the log."""

    __slots__ = ("_after_durable", "_composing", "_followers", "_sequencer")

    def __init__(
        self, sequencer: Sequencer, after_durable: Callable[[Job], None], *, followers: Collection[Peer]
    ) -> None:
        self._sequencer = sequencer
        self._after_durable = after_durable
        self._followers = followers
        self._composing: dict[str, ComposingMessage] = {}

    def show(self, peer: Peer, seen: int) -> None:
        """Show a socket that has the records after `seen` where everything stands."""
        others = tuple(note for lane, note in self._composing.items() if lane != peer.session.lane)
        notes = [PreparedMessage(msgspec.json.encode(board)) for board in boards(self._sequencer, seen, others)]

        def job() -> None:
            for note in notes if peer in self._followers else ():
                peer.control(note)

        self._after_durable(job)

    def compose(self, peer: Peer, message: Composing) -> None:
        """Tell all others that somebody began or stopped writing an instruction."""
        lane, actor = peer.session.lane, peer.session.identity.actor
        self._tell(ComposingMessage(lane, actor, message.scope, message.on))

    def leave(self, lane: str) -> None:
        """Tell all others that somebody who was writing has gone."""
        if lane in self._composing:
            self._tell(ComposingMessage(lane, self._composing[lane].actor, None, on=False))

    def closed(self, question: str) -> None:
        """Tell everybody that a question cannot be answered any more."""
        note = PreparedMessage(msgspec.json.encode(ClosedMessage(question)))
        for peer in self._followers:
            peer.control(note)

    def _tell(self, message: ComposingMessage) -> None:
        self._composing.pop(message.lane, None)
        if message.on:
            self._composing[message.lane] = message
        note = PreparedMessage(encode(message))
        for peer in self._followers:
            if peer.session.lane != message.lane:
                peer.control(note)


def boards(sequencer: Sequencer, seen: int, composing: tuple[ComposingMessage, ...] = ()) -> list[BoardMessage]:
    """Return the messages that show the board to who has the records after `seen`."""
    board = sequencer.fold.board
    ended = (entry for entry in board.timeline.under_way(min(seen, sequencer.fold.seq)) if not entry.is_live)
    shown = (_described(sequencer, entry, seen) for entry in (*ended, *board.live.values()))
    first = tuple(islice(shown, INTENTS_AT_ONCE))
    asked, drafts = tuple(_questions(sequencer)), tuple(_drafts(sequencer))
    found = [BoardMessage(first, questions=asked, drafts=drafts, composing=composing)]
    while more := tuple(islice(shown, INTENTS_AT_ONCE)):
        found.append(BoardMessage(more, whole=False))
    return found


def _described(sequencer: Sequencer, entry: Entry, seen: int) -> BoardIntent:
    work = sequencer.kernel.progress.get(entry.id)
    return BoardIntent(
        id=entry.id,
        state=entry.state,
        reason=entry.reason,
        waits_for=entry.waits_for,
        summary=entry.plan.summary if entry.plan is not None else "",
        steps=work.steps if work is not None and entry.state == "planning" else (),
        begun=Begun(entry.seq, entry.at, entry.actor, entry.body) if entry.seq <= seen else None,
    )


def _questions(sequencer: Sequencer) -> Iterator[BoardQuestion]:
    board = sequencer.fold.board
    for id in board.questions:
        opened, votes = board.layers.get(id), board.votes.get(id, ())
        policy, layer = (opened.policy, opened.layer) if opened is not None else ("", "")
        yield BoardQuestion(id, policy, layer, {vote.actor: vote.value for vote in votes})


def _drafts(sequencer: Sequencer) -> Iterator[DraftMessage]:
    for entry in sequencer.fold.board.live_index.of("planning"):
        work = sequencer.kernel.progress_of(entry)
        for doc, text in work.drafts.items():
            yield DraftMessage(draft_id(entry.id, work.attempt), (entry.id,), doc, text)
