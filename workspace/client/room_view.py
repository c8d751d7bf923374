"""What a server has told a client of a workspace: its records, questions, stops, inbox, and one's own intents.

Everything is kept within a bound, since a workspace may say more in a day than a program has memory for. Of records and
messages the newest are kept; who reads is told where something went unread, or gets it from the server again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from workspace.client.bell import Bell
from workspace.client.feed import Feed
from workspace.client.intent import Intent, IntentState, Message, is_over
from workspace.intents.model.bodies import RecordKinds
from workspace.intents.model.intent import TERMINAL, Kinds, States

MESSAGES_KEPT, MESSAGE_BYTES_KEPT = 10_000, 64 << 20
NOTES_KEPT, NOTE_BYTES_KEPT = 1_000, 8 << 20
INBOX_KEPT = 500


def newest_messages() -> Feed[Message]:
    """Return what keeps the records, or all messages, that came last."""
    return Feed(MESSAGES_KEPT, MESSAGE_BYTES_KEPT)


def newest_notes() -> Feed[Message]:
    """Return what keeps the drafts, or what else is said in passing."""
    return Feed(NOTES_KEPT, NOTE_BYTES_KEPT)


@dataclass(slots=True, eq=False, repr=False)
class RoomView:
    """The state of a workspace as far as its server has told it. `seen` is the last record, `head` the log's end."""

    lane: str = ""
    actor: str = ""
    role: str = ""
    seen: int = 0
    # The log's last record when the socket was opened: what comes behind it is new.
    head: int = 0
    records: Feed[Message] = field(default_factory=newest_messages)
    open_questions: dict[str, Message] = field(default_factory=dict)
    stops: list[Message] = field(default_factory=list)
    drafts: Feed[Message] = field(default_factory=newest_notes)
    notices: Feed[Message] = field(default_factory=newest_notes)
    # Own verdicts that wait to be acknowledged, the newest first; how many there are beyond these.
    inbox: dict[str, Message] = field(default_factory=dict)
    inbox_more: int = 0
    _messages: Feed[Message] = field(default_factory=newest_messages)
    # One's own that have no verdict yet, or no answer.
    _intents: dict[str, Intent] = field(default_factory=dict)
    _unanswered: set[str] = field(default_factory=set)
    _bell: Bell = field(default_factory=Bell)

    def take(self, message: Message, size: int) -> None:
        """Take in a message of `size` bytes. Raises what a message raises that is not as protocol §2 has it."""
        match message["type"]:
            case "welcome":
                self.lane, self.head = message["lane"], message["seq"]
                self.actor, self.role, self.stops = message["actor"], message["role"], []
            case "record":
                self._record(message, size)
            case "state":
                self._tell(message["id"], IntentState(message["state"], message["reason"], tuple(message["waits_for"])))
            case "question":
                self.open_questions[message["id"]] = message
            case "stops":
                self.stops = message["stops"]
            case "inbox":
                self._inbox(message)
            case "board" | "closed":
                self._close_questions(lambda question: is_over(question["id"], message))
            case "draft":
                self.drafts.add(message, size)
            case "ack" | "nack":
                pass
            case kind:
                self.notices.add(message, size)
                if kind == "rights":
                    self.role = message.get("member", self.role)
        self._messages.add(message, size)
        self._bell.ring()

    def own(self, id: str, seq: int, n: int, state: str, *, is_answered: bool) -> Intent:
        """Return an intent of this lane: its record and its answer may come in either order, and each again."""
        intent = self._intents.get(id)
        if intent is None:
            intent = self._intents[id] = Intent(id, seq, n, IntentState(state))
            self._unanswered.add(id)
        if is_answered:
            self._unanswered.discard(id)
            self._forget(id)
        return intent

    def _forget(self, id: str) -> None:
        """Let go of an intent that has ended and is its author's already: nothing more comes of it."""
        if id in self._intents and self._intents[id].last.is_final and id not in self._unanswered:
            del self._intents[id]

    def _record(self, record: Message, size: int) -> None:
        if record["seq"] <= self.seen:
            return
        if record["seq"] != self.seen + 1:
            raise ValueError(f"record {record['seq']} comes behind {self.seen}")
        self.records.add(record, size)
        self.seen = record["seq"]
        body = record["body"]
        if record["kind"] == RecordKinds.INTENT and body["lane"] == self.lane:
            self.own(body["id"], record["seq"], body["n"], States.QUEUED, is_answered=False)
        if record["kind"] == RecordKinds.VERDICT:
            self._tell(body["intent"], IntentState(body["state"], body["reason"], (), body))
            self._close_questions(lambda question: question["group"] == [body["intent"]])
        elif record["kind"] == RecordKinds.DECISION and body.get("of"):
            self.open_questions.pop(body["of"], None)
        elif record["kind"] == RecordKinds.INTENT and body["kind"] == Kinds.ANSWER:
            question = self.open_questions.get(body["refs"][0])
            if question is not None and len(question["group"]) == 1:
                del self.open_questions[question["id"]]

    def _inbox(self, message: Message) -> None:
        new = {entry["id"]: entry for entry in message["intents"]}
        self.inbox = new if message["whole"] else {**new, **self.inbox}
        if message["whole"]:
            self.inbox_more = message["more"]
        while len(self.inbox) > INBOX_KEPT:
            self.inbox.popitem()
            self.inbox_more += 1

    def _close_questions(self, is_over: Callable[[Message], bool]) -> None:
        self.open_questions = {id: q for id, q in self.open_questions.items() if not is_over(q)}

    def _tell(self, id: str, state: IntentState) -> None:
        assert state.name in TERMINAL or not state.is_final, "a verdict names an end"
        if (intent := self._intents.get(id)) is not None:
            intent.tell(state)
            self._forget(id)
