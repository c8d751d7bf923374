"""One turn of the sequencer: what a single event appended, made durable, said and requested.

The turn seals records in order and enters each into the fold at once, so that later decisions of the same turn see it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crdt.documents.backing import Applied
from workspace.errors import Refusal
from workspace.intents.model.bodies import Body, Question, VerdictBody
from workspace.intents.model.calls import Blob
from workspace.intents.model.events import (
    Journaled,
    Notice,
    Outcome,
    QuestionClosed,
    QuestionOpened,
    RecordAppended,
    StateChanged,
)
from workspace.intents.model.intent import State
from workspace.intents.model.record import Record, seal
from workspace.intents.model.requests import Request
from workspace.intents.model.times import timestamp
from workspace.intents.state.board import Entry
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.live_board import LiveBoard

AGENT = "agent"


@dataclass(slots=True)
class Turn:
    """Collects the outcome of one event. `now` is unix seconds, the only time this turn knows."""

    fold: WorkspaceState
    lives: LiveBoard
    epoch: int
    now: float
    records: list[Record] = field(default_factory=list)
    journal: list[Journaled] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    blobs: tuple[Blob, ...] = ()
    applied: Applied | None = None
    refused: Refusal | None = None
    call: str = ""

    def append(self, body: Body, actor: str) -> Record:
        """Seal a record, enter it into the fold, tell the followers."""
        record = seal(
            body, seq=self.fold.seq + 1, epoch=self.epoch, at=timestamp(self.now), actor=actor, prev=self.fold.hash
        )
        self.lives.follow(self.fold.apply(record))
        assert self.fold.seq == record.seq, "later decisions of this turn see it"
        self.records.append(record)
        self.notices.append(RecordAppended(record))
        return record

    def journal_row(self, doc: str, *, lane: str, actor: str, update: bytes) -> int:
        """Give the next journal row its number and keep it for this turn's transaction."""
        assert update, "a row of the journal holds something"
        self.fold.jid += 1
        self.journal.append(Journaled(self.fold.jid, doc, lane, actor, update))
        return self.fold.jid

    def tell(self, notice: Notice) -> None:
        """Say something to people, after everything before it is durable."""
        self.notices.append(notice)

    def request(self, request: Request) -> None:
        """Want something from outside."""
        self.requests.append(request)

    def state(self, entry: Entry, state: State, *, waits_for: tuple[str, ...] = (), reason: str = "") -> None:
        """Show that an intent moved between two states that are not its end; silent when nothing changed."""
        live, stand = self.lives.of(entry), (state, waits_for, reason)
        if live.stands == stand == live.shown:
            return
        self.lives.move(entry, state, waits_for=waits_for, reason=reason)
        self.show(entry)

    def show(self, entry: Entry) -> None:
        """Show where a record that was just appended has put an intent."""
        assert entry.is_live, "of an end the verdict tells"
        live = self.lives.of(entry)
        live.shown = live.stands
        self.tell(StateChanged(entry.id, *live.stands))

    def show_moved(self, asked: tuple[str, ...]) -> None:
        """Show, at its end, what this turn has moved without saying so, and which of the questions are no more.

        So whoever was there all the time has on screen what somebody who comes now is shown.
        """
        moved = self.lives.index.moved
        for entry in moved.values():
            live = self.lives.of(entry)
            if live.stands != live.shown:
                self.show(entry)
        moved.clear()
        for question in asked:
            if question not in self.fold.board.questions:
                self.tell(QuestionClosed(question))

    def ask(self, question: Question) -> None:
        """Show a question that was just logged."""
        assert question.id in self.fold.board.questions, "what is shown was asked"
        self.tell(QuestionOpened(question))

    def verdict(self, body: VerdictBody, actor: str = AGENT) -> None:
        """Append the one end of an intent."""
        self.append(body, actor)
        assert body.intent not in self.fold.board.live, "an end is the end"

    def outcome(self) -> Outcome:
        """Return everything this turn led to."""
        return Outcome(
            tuple(self.records),
            tuple(self.journal),
            tuple(self.notices),
            tuple(self.requests),
            self.blobs,
            self.applied,
            self.refused,
            self.call,
        )
