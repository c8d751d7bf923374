"""A person's browser: two documents, the control channel on the first one's socket, a stamp read when writing begins.

Follows the protocol and shares nothing with the server but `crdt`. What each intent's author truly knew is kept in
`Sent`, for the monitor; the server sees only the frames.
"""

from __future__ import annotations

import asyncio
import random
import re
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from crdt.documents.document import Document
from crdt.documents.paths import delete_path, set_path
from crdt.errors import MissingDependencies
from crdt.sync.y_sync import (
    ControlFrame,
    SyncStep1,
    SyncUpdate,
    decode_frame,
    encode_control,
    encode_step1,
    encode_step2,
    encode_update,
)
from crdt.updates.scan import INTERNAL, scan_update
from tests.world.copies import Copy
from tests.world.deeds import CELLS, LINES
from tests.world.facts import Sent, Violation
from tests.world.network import Frame, Wire

NOTICE_SECONDS = 2.0
KINDS = {LINES: "text", CELLS: "data"}
Dial = Callable[["Person", str], Wire | None]


# How a socket is closed whose document was archived or deleted, and what is said where it is called otherwise.
PUT_AWAY = (4412, 4413)
RENAMED = re.compile(r"document_renamed: It is called (.+) now\.")


def now_called(reason: str) -> str:
    """Return the name that a server closes a socket with, or ""."""
    found = RENAMED.match(reason)
    return found[1] if found is not None else ""


@dataclass(slots=True, eq=False)
class Person:
    """One browser tab of somebody. `shown` holds each record with the time it came on screen, without gaps."""

    actor: str
    role: str
    token: str
    chance: random.Random
    dial: Dial
    stamps_at_send: bool = False
    notices: float = NOTICE_SECONDS
    ledger: Callable[[Sent], None] = lambda sent: None
    lane: str = ""
    secret: str = ""
    n: int = 0
    stamped: int = 0
    is_away: bool = False
    copies: dict[str, Copy] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    shown_at: list[float] = field(default_factory=list)
    pending: dict[int, dict[str, Any]] = field(default_factory=dict)
    settled: dict[int, dict[str, Any]] = field(default_factory=dict)
    said: deque[tuple[int, dict[str, Any], bool]] = field(default_factory=deque)
    sent: list[Sent] = field(default_factory=list)
    questions: dict[str, dict[str, Any]] = field(default_factory=dict)
    verdicts: dict[str, str] = field(default_factory=dict)
    acks: dict[tuple[str, int], str] = field(default_factory=dict)
    states: list[tuple[str, str]] = field(default_factory=list)
    nacks: list[tuple[bool, str]] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    emptied: set[str] = field(default_factory=set)
    composing: tuple[int, int] | None = None
    voided: int = 0

    def __post_init__(self) -> None:
        for name, kind in KINDS.items():
            client = self.chance.randrange(1 << 16, 2**52)
            self.copies[name] = Copy(name, Document(kind, client=client))  # type: ignore[arg-type]

    # ------------------------------------------------------------ sockets

    def connect(self) -> None:
        """Open what is not open; the second document waits for the lane that the first one's socket gets."""
        for copy in self.copies.values():
            if self.is_away or (copy.wire is not None and copy.wire.is_up) or (copy.name != LINES and not self.lane):
                continue
            wire = self.dial(self, copy.name)
            copy.wire, copy.is_welcome, copy.is_synced, copy.sent = wire, False, False, 0
            if copy.name == LINES:
                self.said.clear()
            if wire is None:
                self.retry()
                continue
            self._hello(copy, wire)
            wire.send(encode_step1(copy.document.encode_state_vector()))

    def _hello(self, copy: Copy, wire: Wire) -> None:
        hello: dict[str, Any] = {"type": "hello", "seen": len(self.records) + len(self.waiting)}
        if self.lane:
            hello.update(lane=self.lane, secret=self.secret)
        if copy.name != LINES:
            hello["follow"] = False
        wire.send(encode_control(msgspec.json.encode(hello)))

    def retry(self) -> None:
        """Try again in a while."""
        asyncio.get_running_loop().call_later(self.chance.uniform(0.1, 2.0), self.connect)

    def closed(self, name: str, wire: Wire, status: int = 1006) -> None:
        """A socket is gone; one that is closed for good says what became of its document."""
        copy = self.copies[name]
        if copy.wire is not wire:
            return
        copy.called = now_called(wire.reason) or copy.called
        copy.is_away = status in PUT_AWAY
        copy.wire, copy.is_welcome, copy.is_synced = None, False, False
        self.retry()

    def cut(self) -> None:
        """Lose every connection at once."""
        for copy in self.copies.values():
            copy.is_welcome = copy.is_synced = False
            if copy.wire is not None:
                copy.wire.cut()

    def take(self, name: str, wire: Wire, frame: Frame) -> None:
        """Take in one frame of a document's socket."""
        copy = self.copies[name]
        if copy.wire is not wire:
            return
        assert isinstance(frame, bytes), "a document socket speaks binary"
        if frame[0] in (1, 2):
            return
        match decode_frame(frame):
            case SyncStep1(vector):
                self._push(copy, encode_step2(copy.document.encode(vector)))
                copy.is_synced = True
                self._send_pending()
            case SyncUpdate(update):
                try:
                    copy.document.apply(update, scan_update(update, INTERNAL))
                    self._look(copy)
                except MissingDependencies:
                    if copy.wire is not None:
                        copy.wire.send(encode_step1(copy.document.encode_state_vector()))
                self._show()
            case ControlFrame(payload):
                self._hear(copy, msgspec.json.decode(payload))
            case _:
                pass

    def _push(self, copy: Copy, frame: bytes) -> None:
        if copy.wire is not None and copy.wire.is_up:
            copy.sent += 1
            copy.wire.send(frame)

    def _hear(self, copy: Copy, message: dict[str, Any]) -> None:
        match message["type"]:
            case "welcome":
                if message["secret"]:
                    self.lane, self.secret = message["lane"], message["secret"]
                copy.is_welcome, copy.is_away = True, False
                self.n = max(self.n, message["n"])
                self.connect()
                self._send_pending()
            case "record":
                if message["seq"] == len(self.records) + len(self.waiting) + 1:
                    self.waiting.append(message)
                    self._show()
            case "ack" | "nack":
                self._answered(message)
            case "state":
                self.states.append((message["id"], message["state"]))
            case "question":
                self.questions[message["id"]] = message
            case "document" if message["id"] in self.copies:
                there = self.copies[message["id"]]
                there.called, there.is_away = message["name"], message["do"] in ("archive", "delete")
                self.connect()
            case "rights":
                self._ruled(copy, message)
            case "error" if message.get("what") == "edit" and message["code"] == "document_read_only":
                self.voided += 1
                self._load_anew(copy)
            case _:
                pass

    def _ruled(self, copy: Copy, message: dict[str, Any]) -> None:
        """Take note of what one may here; what was written on the way to a lower role may be nobody else's."""
        may_edit = message["role"] in ("owner", "editor")
        if copy.may_edit and not may_edit:
            self._load_anew(copy)
        copy.may_edit = may_edit

    def _load_anew(self, copy: Copy) -> None:
        """Throw a replica away in which there is what the server did not take, as a reload of the page does.

        What was written here and not answered yet builds on what is on screen from now on.
        """
        for at, sent in enumerate(self.sent):
            if self.pending.get(sent.n) is sent.frame and sent.lane == self.lane:
                own = {name: ids for name, ids in sent.own.items() if name != copy.name}
                self.sent[at] = self._void(sent, own, copy.name)
        self.removed, self.emptied = (set(), self.emptied) if copy.name == LINES else (self.removed, set())
        copy.document = Document(KINDS[copy.name], client=self.chance.randrange(1 << 16, 2**52))  # type: ignore[arg-type]
        if copy.wire is not None:
            copy.wire.cut()

    def _void(self, sent: Sent, own: dict[str, tuple[int, int]], name: str) -> Sent:
        """Return the truth about an intent whose author has lost what they wrote in one document; tell it again."""
        removed, emptied = (frozenset(), sent.emptied) if name == LINES else (sent.removed, frozenset())
        told = replace(sent, own=own, removed=removed, emptied=emptied)
        self.ledger(told)
        return told

    def _answered(self, message: dict[str, Any]) -> None:
        """Match an answer with what was said: one each, in order; the same words the same, a lie is refused (I5)."""
        n, what = message["n"], message.get("code", "ack")
        number, frame, is_lie = self.said.popleft() if self.said else (0, {}, False)
        if number != n or (is_lie and what != "equivocation"):
            raise Violation("I5", f"{self.actor} said {'another ' * is_lie}number {number} and hears {what} of {n}")
        is_due = self.pending.get(n) is frame
        if what == "ack":
            if self.acks.setdefault((self.lane, n), message["id"]) != message["id"]:
                raise Violation("I5", f"{self.actor}'s number {n} is {self.acks[(self.lane, n)]} and {message['id']}")
            if is_due:
                self.settled[n] = self.pending.pop(n)
            return
        if self.settled.get(n) is frame and not is_lie:
            raise Violation("I5", f"{self.actor}'s number {n} was acknowledged and is then refused: {what}")
        self.nacks.append((is_due, what))
        if is_due:
            self._renumber(n)

    def _renumber(self, n: int) -> None:
        """Forget what was refused, and number what stands behind it anew."""
        del self.pending[n]
        behind = [self.pending.pop(key) for key in sorted(self.pending) if key > n]
        self.n = n - 1
        for frame in behind:
            self.issue(frame, self.sent_of(frame["n"]))

    def sent_of(self, n: int) -> Sent:
        """Return the truth about the last intent with this number."""
        return next(sent for sent in reversed(self.sent) if sent.n == n and sent.lane == self.lane)

    def _look(self, copy: Copy) -> None:
        """A cell that somebody filled again is not one that this person emptied."""
        cells = copy.document.value() if copy.name == CELLS and self.emptied else None
        if isinstance(cells, dict):
            self.emptied -= cells.keys()

    # ------------------------------------------------------------ what is on screen

    def _show(self) -> None:
        """Put records on screen in order, each once the edits it names are in the documents here."""
        now = asyncio.get_running_loop().time()
        while self.waiting and self._is_here(self.waiting[0]):
            record = self.waiting.pop(0)
            self.records.append(record)
            self.shown_at.append(now)
            body = record["body"]
            if record["kind"] == "verdict":
                self.verdicts[body["intent"]] = body["state"]
                for id in [id for id, question in self.questions.items() if question["group"] == [body["intent"]]]:
                    del self.questions[id]
            elif record["kind"] == "decision" and body.get("of"):
                self.questions.pop(body["of"], None)

    def _is_here(self, record: dict[str, Any]) -> bool:
        body = record["body"]
        parts = (
            {body["doc"]: body} if record["kind"] == "update" else body["docs"] if record["kind"] == "commit" else {}
        )
        for name, part in parts.items():
            copy = self.copies.get(name)
            if copy is None:
                continue
            if not copy.holds(part):
                return False
        return True

    def noticed(self) -> int:
        """Return the last record that was on screen long enough to have been read."""
        limit = asyncio.get_running_loop().time() - self.notices
        fresh = next((at for at, shown in enumerate(self.shown_at) if shown > limit), len(self.shown_at))
        return max(fresh, self.stamped)

    def truly_noticed(self) -> int:
        """Return the same with the notice time that people need, whatever this browser counts."""
        limit = asyncio.get_running_loop().time() - NOTICE_SECONDS
        return next((at for at, shown in enumerate(self.shown_at) if shown > limit), len(self.shown_at))

    # ------------------------------------------------------------ acting

    def edit(self, name: str, change: Callable[[Document], None]) -> None:
        """Change a document by hand and send it."""
        copy = self.copies[name]
        assert not copy.is_away, "the page lets nobody write in what was put away"
        with copy.document.transaction() as done:
            change(copy.document)
        for applied in done:
            if copy.is_synced:
                self._push(copy, encode_update(applied.update))

    def type_line(self, word: str) -> None:
        """Write a new line somewhere."""
        document = self.copies[LINES].document
        if self.copies[LINES].is_away:
            return
        lines = document.text().split("\n")
        at = self.chance.randrange(len(lines))
        point = sum(len(line) + 1 for line in lines[:at])
        self.edit(LINES, lambda document: document.insert_text(point, f"{word}\n"))

    def touch_line(self, *, remove: bool) -> None:
        """Cut a line out, or put a mark at its end."""
        text = self.copies[LINES].document.text()
        lines = text.split("\n")[:-1]
        if not lines or self.copies[LINES].is_away:
            return
        at = self.chance.randrange(len(lines))
        start = sum(len(line) + 1 for line in lines[:at])
        if remove:
            self.removed |= {lines[at].split("+")[0]} - {""}
            self.edit(LINES, lambda document: document.delete_text(start, start + len(lines[at]) + 1))
        else:
            end = start + len(lines[at])
            self.edit(LINES, lambda document: document.insert_text(end, "+"))

    def set_cell(self, key: str, value: int | None) -> None:
        """Set a cell by hand, or empty it."""
        cells = self.copies[CELLS].document.value()
        if self.copies[CELLS].is_away:
            return
        if value is not None:
            self.emptied.discard(key)
            self.edit(CELLS, lambda document: set_path(document, (key,), value))
        elif isinstance(cells, dict) and key in cells:
            self.emptied.add(key)
            self.edit(CELLS, lambda document: delete_path(document, (key,)))

    def compose(self) -> None:
        """Begin to write an instruction: what was noticed until now is what its author knows."""
        if self.composing is None:
            self.composing = (self.noticed(), max(self.truly_noticed(), self.stamped))

    def vouch(self, seq: int) -> None:
        """Act on what is on screen beside the button that is pressed."""
        seen, true = self.composing or (self.noticed(), max(self.truly_noticed(), self.stamped))
        at = min(seq, len(self.records))
        self.composing = (max(seen, at), max(true, at))

    def submit(self, kind: str, text: str = "", **more: Any) -> None:
        """Send what was composed; it waits here while there is no connection."""
        self.compose()
        assert self.composing is not None, "just begun"
        stamp, true = self.composing
        self.composing = None
        if self.stamps_at_send:
            stamp = self.noticed()
        stamp = max(stamp, self.stamped)
        frame = {"type": "intent", "kind": kind, "text": text, "seen": stamp, **more}
        self.issue(frame, self._truth(true))

    def _truth(self, noticed: int) -> Sent:
        clock: dict[str, int] = {}
        for record in self.records[:noticed]:
            if record["kind"] == "intent":
                lane = record["body"]["lane"]
                clock[lane] = clock.get(lane, 0) + 1
        own = {
            name: (copy.document.client, copy.document.state_vector().get(copy.document.client, 0))
            for name, copy in self.copies.items()
        }
        return Sent(self.actor, "", 0, {}, noticed, {}, own, frozenset(self.removed), clock, frozenset(self.emptied))

    def issue(self, frame: dict[str, Any], truth: Sent) -> None:
        """Give an intent its number and send it."""
        self.n += 1
        message = {**frame, "n": self.n}
        self.stamped = max(self.stamped, frame["seen"])
        clock = {**truth.shown, **({self.lane: max(self.n - 1, truth.shown.get(self.lane, 0))} if self.n > 1 else {})}
        self.sent.append(replace(truth, lane=self.lane, n=self.n, frame=message, clock=clock))
        self.ledger(self.sent[-1])
        self.pending[self.n] = message
        self._send_pending(only=self.n)

    def _send_pending(self, only: int | None = None) -> None:
        """Send what was not answered, in order, once the documents' own edits are on their way."""
        main = self.copies[LINES].wire
        here = [copy for copy in self.copies.values() if not copy.is_away]
        if main is None or not all(copy.is_synced and copy.is_welcome for copy in here):
            return
        for n in sorted(self.pending):
            if only in (None, n):
                self._state_needs(self.pending[n])
                self._say(main, self.pending[n])

    def _say(self, main: Wire, frame: dict[str, Any], *, said: dict[str, Any] | None = None) -> None:
        """Send a frame, or something else under its number."""
        self.said.append((frame["n"], frame, said is not None))
        main.send(encode_control(msgspec.json.encode(said or frame)))

    def _state_needs(self, frame: dict[str, Any]) -> None:
        """Name what an intent depends on, once: sent again it is the same, word for word."""
        if "needs" not in frame and frame["kind"] in ("do", "override", "approve", "undo"):
            frame["needs"] = {
                copy.name: {"sv": b64encode(copy.document.encode_state_vector()).decode(), "sent": copy.sent}
                for copy in self.copies.values()
                if not copy.is_away
            }

    def say_again(self) -> None:
        """Send every unanswered intent once more, though nothing was lost, and one that was answered long ago."""
        self._send_pending()
        main = self.copies[LINES].wire
        if main is not None and self.copies[LINES].is_welcome and self.settled:
            self._say(main, self.settled[self.chance.choice(list(self.settled))])

    def equivocate(self) -> None:
        """Send other words under a number that is taken, as a copied browser would."""
        main = self.copies[LINES].wire
        if main is not None and self.copies[LINES].is_welcome and self.settled:
            frame = self.settled[self.chance.choice(list(self.settled))]
            self._say(main, frame, said={**frame, "text": f"{frame['text']} "})

    def forge(self, seen: int) -> None:
        """Claim to have seen what was never sent, under the next number."""
        main = self.copies[LINES].wire
        if main is not None and self.copies[LINES].is_welcome and not self.pending:
            frame = {"type": "intent", "n": self.n + 1, "kind": "do", "text": "forged", "seen": seen}
            self._say(main, frame)
