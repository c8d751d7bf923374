"""What a page shows of instructions and questions, from nothing but what it is told; a second reading of `log_view.ts`.

One that was there all the time is told everything as it happens. One that is opened now gets the log from some record
on, and the board. Both must show the same: that is looked at after every event of every history that the tests make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from workspace.intents.model.events import (
    DraftShown,
    Notice,
    QuestionClosed,
    QuestionOpened,
    RecordAppended,
    StateChanged,
)
from workspace.intents.model.record import Row, body_parts
from workspace.intents.sequencer import Sequencer
from workspace.room.arrival import boards

STEPS_KEPT = 4


@dataclass
class Card:
    """One instruction as it is shown."""

    id: str
    seq: int
    actor: str
    text: str
    kind: str
    state: str = "queued"
    reason: str = ""
    waits_for: tuple[str, ...] = ()
    summary: str = ""
    verdict: str = ""


@dataclass
class Asked:
    """One open question as it is shown."""

    id: str
    text: str
    options: tuple[tuple[str, str], ...]
    group: tuple[str, ...]
    policy: str = ""
    layer: str = ""
    answers: dict[str, str] = field(default_factory=dict)


@dataclass
class Screen:
    """The cards, questions, steps and drafts of one page."""

    cards: dict[str, Card] = field(default_factory=dict)
    questions: dict[str, Asked] = field(default_factory=dict)
    steps: dict[str, list[str]] = field(default_factory=dict)
    drafts: dict[tuple[str, str], str] = field(default_factory=dict)
    _how: dict[str, tuple[str, str]] = field(default_factory=dict)

    def live(self) -> dict[str, Any]:
        """Return all that is shown of what is under way."""
        cards = {
            # A plan's summary is shown once it is done; of a plan that was given up nothing is.
            id: replace(card, summary=card.summary if card.state == "ready" else "")
            for id, card in self.cards.items()
            if not card.verdict and card.kind not in ("answer", "cancel")
        }
        return {"cards": cards, "questions": self.questions, "steps": self.steps, "drafts": self.drafts}

    # ------------------------------------------------------------ as it happens

    def tell(self, notice: Notice) -> None:
        """Take one thing in that everybody is told."""
        match notice:
            case RecordAppended(record):
                self.enter(record.row)
            case StateChanged(id, state, waits_for, reason):
                card = self.cards.get(id)
                if card is not None and not card.verdict:
                    card.state, card.reason, card.waits_for = state, reason, waits_for
                    if state != "planning" or not reason:
                        self.steps.pop(id, None)
                    else:
                        self.steps[id] = [*self.steps.get(id, []), reason][-STEPS_KEPT:]
            case QuestionOpened(question):
                self._open(msgspec.to_builtins(question))
            case QuestionClosed(id):
                self.questions.pop(id, None)
            case DraftShown(plan, _, doc, text):
                self.drafts.pop((plan, doc), None)
                if text:
                    self.drafts[(plan, doc)] = text
            case _:
                pass

    def enter(self, row: Row) -> None:
        """Take a record in."""
        body = msgspec.json.decode(body_parts(row)[0])
        match row.kind:
            case "intent":
                self._intent(row.seq, row.actor, body)
            case "plan":
                for id in body["intents"]:
                    if id in self.cards:
                        self.cards[id].summary = body["summary"]
            case "decision":
                self.questions.pop(body.get("of", ""), None)
                if body.get("question"):
                    self._how[body["question"]["id"]] = body["policy"], body["layer"]
            case "verdict":
                if body["intent"] in self.cards:
                    card = self.cards[body["intent"]]
                    card.verdict = card.state = body["state"]
                    card.reason, card.waits_for = body["reason"], ()
                self.steps.pop(body["intent"], None)
                for id in [id for id, asked in self.questions.items() if asked.group == (body["intent"],)]:
                    del self.questions[id]
            case _:
                pass

    def _intent(self, seq: int, actor: str, body: Any) -> None:
        self.cards[body["id"]] = Card(body["id"], seq, actor, body["text"], body["kind"])
        asked = self.questions.get((body.get("refs") or [""])[0])
        if body["kind"] == "answer" and asked is not None:
            asked.answers[actor] = body["value"]
            if len(asked.group) == 1:
                del self.questions[asked.id]

    def _open(self, question: Any) -> None:
        options = tuple((option["value"], option["label"]) for option in question["options"])
        policy, layer = self._how.get(question["id"], ("", ""))
        self.questions[question["id"]] = Asked(
            question["id"], question["text"], options, tuple(question["group"]), policy, layer
        )

    # ------------------------------------------------------------ opened now

    @staticmethod
    def opened(sequencer: Sequencer, rows: Sequence[Row], seen: int) -> Screen:
        """Return what a page shows that is opened now with the log after `seen`."""
        screen, board = Screen(), sequencer.fold.board
        for question in board.questions.values():
            screen._open(msgspec.to_builtins(question))
        for row in rows[seen:]:
            screen.enter(row)
        for message in boards(sequencer, seen):
            screen.board(msgspec.json.decode(msgspec.json.encode(message)))
        return screen

    def board(self, message: Any) -> None:
        """Take a board in."""
        for one in message["intents"]:
            begun = one.get("begun")
            if begun is not None and one["id"] not in self.cards:
                self._intent(begun["seq"], begun["actor"], begun["body"])
                self.cards[one["id"]].summary = one.get("summary", "")
            card = self.cards[one["id"]]
            if card.verdict:
                continue
            card.state, card.reason = one["state"], one.get("reason", "")
            card.waits_for = tuple(one.get("waits_for", ()))
            if card.state not in ("parked", "queued", "planning", "ready", "held"):
                card.verdict = card.state
            self.steps.pop(card.id, None)
            if one.get("steps"):
                self.steps[card.id] = one["steps"]
        if message["whole"]:
            how = {one["id"]: one for one in message["questions"]}
            self.questions = {id: asked for id, asked in self.questions.items() if id in how}
            for id, asked in self.questions.items():
                asked.policy, asked.layer = how[id]["policy"], how[id]["layer"]
                asked.answers = dict(how[id]["answers"])
            self.drafts = {(draft["plan"], draft["doc"]): draft["text"] for draft in message["drafts"]}
