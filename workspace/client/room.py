"""A workspace from Python: bots, terminals, tests (protocol §4).

`connect` opens the plain-JSON socket of a workspace, keeps the lane across reconnects, stamps each instruction when it
is begun, and sends again by dot what was not answered. `workspace.client.document` opens documents.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from crdt.documents.paths import Path
from workspace.client.intent import QUEUE_MAX, Intent, IntentState, Message, PendingAnswer, is_over
from workspace.errors import WorkspaceFault
from workspace.intents.model.bodies import RecordKinds
from workspace.intents.model.intent import INSTRUCTIONS, TERMINAL, Kinds
from workspace.tasks import Tasks

FRAME_BYTES_MAX = 64 << 20
FINAL_STATUS = range(4400, 4500)
RETRY_SECONDS = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)


class Refused(WorkspaceFault):
    """The server refused an intent (`nack`); `code` is the protocol's."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.refusal = code


class Disconnected(WorkspaceFault):
    """The server closed the socket for good; `status` is the close code."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"closed with {status}: {reason}")
        self.status = status


@dataclass(slots=True, eq=False)
class RoomClient:
    """A workspace over the plain-JSON socket. Made by `connect`."""

    url: str
    token: str | None
    origin: str | None = None
    lane: str = ""
    secret: str = ""
    actor: str = ""
    role: str = ""
    n: int = 0
    seen: int = 0
    records: list[Message] = field(default_factory=list)
    open_questions: dict[str, Message] = field(default_factory=dict)
    stops: list[Message] = field(default_factory=list)
    drafts: list[Message] = field(default_factory=list)
    notices: list[Message] = field(default_factory=list)
    # Own verdicts that wait to be acknowledged, the newest first; how many there are beyond these.
    inbox: dict[str, Message] = field(default_factory=dict)
    inbox_more: int = 0
    _stamp: int | None = None
    _stamped: int = 0
    _socket: ClientConnection | None = None
    _acknowledging: PendingAnswer | None = None
    _waiting: dict[int, PendingAnswer] = field(default_factory=dict)
    _intents: dict[str, Intent] = field(default_factory=dict)
    _early: dict[str, list[IntentState]] = field(default_factory=dict)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _order: asyncio.Lock = field(default_factory=asyncio.Lock)
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _gone: Disconnected | None = None

    # ------------------------------------------------------------ instructing

    def compose(self) -> int:
        """Begin to write an instruction: what has been shown until now is what its author knew. Returns the stamp."""
        self._stamp = self.seen
        return self._stamp

    async def intent(
        self,
        text: str,
        *,
        kind: str = "do",
        doc: str | None = None,
        keys: list[Path] | None = None,
        scope: list[Message] | None = None,
        refs: list[str] | None = None,
        value: str | None = None,
        seen: int | None = None,
        expects: list[Message] | None = None,
        needs: Message | None = None,
    ) -> Intent:
        """Send an intent and return it once it is in the log.

        Raises:
            Refused: the server answered with `nack`; nothing was logged.
            Disconnected: the socket was closed for good.
        """
        async with self._order:
            return await self._intent(text, kind, doc, keys, scope, refs, value, seen, expects, needs)

    async def _intent(
        self,
        text: str,
        kind: str,
        doc: str | None,
        keys: list[Path] | None,
        scope: list[Message] | None,
        refs: list[str] | None,
        value: str | None,
        seen: int | None,
        expects: list[Message] | None,
        needs: Message | None,
    ) -> Intent:
        """Send one intent; the lane's earlier ones have been answered."""
        await self._up()
        stamp = seen if seen is not None else self._stamp if self._stamp is not None else self.seen
        stamp = self._stamped = max(stamp, self._stamped)
        if kind in INSTRUCTIONS:
            self._stamp = None
        if scope is None and doc is not None:
            scope = [{"doc": doc, **({"keys": [list(key) for key in keys]} if keys else {})}]
        self.n += 1
        message: Message = {"type": "intent", "n": self.n, "kind": kind, "text": text, "seen": stamp}
        extra = {"scope": scope, "refs": refs, "value": value, "expects": expects, "needs": needs}
        message.update({name: part for name, part in extra.items() if part is not None})
        answer = await self._send_intent(self.n, msgspec.json.encode(message))
        if answer["type"] == "nack":
            self.n -= 1
            raise Refused(answer["code"], answer["reason"])
        return self._register(answer)

    async def answer(self, question: str, value: str) -> Intent:
        """Answer a question."""
        return await self.intent("", kind="answer", refs=[question], value=value)

    async def cancel(self, intent: str) -> Intent:
        """Cancel a live intent."""
        return await self.intent("", kind="cancel", refs=[intent])

    async def stop(self, scope: Literal["mine", "all"] = "mine") -> Intent:
        """Cancel everything of one's own that is under way, or everything one may."""
        return await self.intent("", kind="cancel", value=scope)

    async def approve(self, intent: str) -> Intent:
        """Run a suggestion."""
        return await self.intent("", kind="approve", refs=[intent])

    async def override(self, intent: str, text: str) -> Intent:
        """Replace an intent by another, knowingly."""
        return await self.intent(text, kind="override", refs=[intent])

    async def undo(self, commit: str) -> Intent:
        """Take back a commit: what others have typed since stays."""
        return await self.intent("", kind="undo", refs=[commit])

    async def steer(self, intent: str, text: str) -> Intent:
        """Add to an instruction that the agent is working on."""
        return await self.intent(text, refs=[intent])

    async def acknowledge(self, ids: Iterable[str]) -> None:
        """Take own verdicts out of the inbox, on every device; returns once that is durable.

        Raises:
            Refused: one of them is not one's own or has no verdict; then none was acknowledged.
            Disconnected: the socket was closed for good.
        """
        async with self._order:
            await self._up()
            read = list(ids)
            assert self._acknowledging is None, "one at a time, by the lock above"
            frame = msgspec.json.encode({"type": "acknowledge", "intents": read})
            self._acknowledging = waiting = PendingAnswer(
                frame, asyncio.get_running_loop().create_future(), frozenset(read)
            )
            if self._socket is not None:
                with contextlib.suppress(ConnectionClosed):
                    await self._socket.send(frame, text=True)
            try:
                answer = await waiting.answer
            finally:
                self._acknowledging = None
        if answer["type"] == "error":
            raise Refused(answer["code"], answer["reason"])

    # ------------------------------------------------------------ watching

    async def log(self, after: int = 0) -> AsyncIterator[Message]:
        """Yield log records after `after`, the past ones and then as they come."""
        at = 0
        while True:
            while at < len(self.records):
                record = self.records[at]
                at += 1
                if record["seq"] > after:
                    yield record
            reached = at
            async with self._changed:
                await self._changed.wait_for(lambda: len(self.records) > reached or self._gone is not None)  # noqa: B023
            if at >= len(self.records):
                return

    async def until(self, predicate: Callable[[RoomClient], bool], seconds: float = 30.0) -> None:
        """Wait until something holds. Raises TimeoutError, and `Disconnected` when the socket is gone for good."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: self._gone is not None or predicate(self))
        if self._gone is not None and not predicate(self):
            raise self._gone

    async def question(self, seconds: float = 30.0) -> Message:
        """Return an open question, waiting for one to come."""
        await self.until(lambda room: bool(room.open_questions), seconds)
        return next(iter(self.open_questions.values()))

    async def caught_up(self, seq: int, seconds: float = 30.0) -> None:
        """Wait until everything up to `seq` has been received."""
        await self.until(lambda room: room.seen >= seq, seconds)

    # ------------------------------------------------------------ inside

    async def _up(self) -> None:
        await self._ready.wait()
        if self._gone is not None:
            raise self._gone

    async def _send_intent(self, n: int, frame: bytes) -> Message:
        waiting = PendingAnswer(frame, asyncio.get_running_loop().create_future())
        assert n not in self._waiting, "a number is given to one intent, and waited for once"
        self._waiting[n] = waiting
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(frame, text=True)
        return await waiting.answer

    def _register(self, ack: Message) -> Intent:
        known = self._intents.get(ack["id"])
        if known is not None:
            return known
        first = IntentState(ack["state"])
        intent = Intent(ack["id"], ack["seq"], ack["n"], asyncio.Queue(QUEUE_MAX), first)
        self._intents[intent.id] = intent
        for state in self._early.pop(intent.id, []):
            intent.queue.put_nowait(state)
        return intent

    async def run(self) -> None:
        """Keep the socket open until it is closed for good; every frame is taken in here, in order."""
        attempt = 0
        while self._gone is None:
            try:
                async with open_socket(
                    self.url,
                    subprotocols=offer(self.token),
                    max_size=FRAME_BYTES_MAX,
                    compression=None,
                    origin=Origin(self.origin) if self.origin is not None else None,
                ) as socket:
                    self._socket = socket
                    attempt = 0
                    await self._converse(socket)
            except ConnectionClosed as closed:
                self._note_close(closed)
            except OSError:
                pass
            finally:
                self._socket = None
                if self._gone is None:  # else nobody shall wait any more: `_up` raises
                    self._ready.clear()
            if self._gone is None:
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
                attempt += 1
        # Whoever waits in `until` or `log` is woken by frames, and none comes any more.
        async with self._changed:
            self._changed.notify_all()

    def _note_close(self, closed: ConnectionClosed) -> None:
        status = closed.rcvd.code if closed.rcvd is not None else 1006
        if status in FINAL_STATUS or status == 1008:
            self._give_up(Disconnected(status, closed.rcvd.reason if closed.rcvd is not None else ""))

    def _give_up(self, why: Disconnected) -> None:
        self._gone = why
        self._ready.set()
        for waiting in (*self._waiting.values(), *filter(None, (self._acknowledging,))):
            if not waiting.answer.done():
                waiting.answer.set_exception(why)

    async def _converse(self, socket: ClientConnection) -> None:
        hello: Message = {"type": "hello", "seen": self.seen}
        hello |= {"lane": self.lane, "secret": self.secret} if self.lane else {}
        await socket.send(msgspec.json.encode(hello), text=True)
        async for frame in socket:
            await self._take(socket, msgspec.json.decode(frame))
            async with self._changed:
                self._changed.notify_all()

    async def _take(self, socket: ClientConnection, message: Message) -> None:
        match message["type"]:
            case "welcome":
                self.lane, self.secret = message["lane"], message["secret"]
                self.actor, self.role, self.stops = message["actor"], message["role"], []
                for n, waiting in sorted(self._waiting.items()):
                    if not waiting.answer.done():
                        await socket.send(waiting.frame, text=True)
                    else:
                        del self._waiting[n]
                if self._acknowledging is not None:
                    await socket.send(self._acknowledging.frame, text=True)
                self._ready.set()
            case "ack" | "nack":
                answered = self._waiting.pop(message["n"], None)
                if answered is not None and not answered.answer.done():
                    answered.answer.set_result(message)
            case "record":
                self._record(message)
            case "state":
                self._tell(message["id"], IntentState(message["state"], message["reason"], tuple(message["waits_for"])))
            case "question":
                self.open_questions[message["id"]] = message
            case "stops":
                self.stops = message["stops"]
            case "inbox":
                new = {entry["id"]: entry for entry in message["intents"]}
                self.inbox = new if message["whole"] else {**new, **self.inbox}
                if message["whole"]:
                    self.inbox_more = message["more"]
                    self._acknowledged(message)
            case "board" | "closed":
                self._close_questions(lambda question: is_over(question["id"], message))
            case "draft":
                self.drafts.append(message)
            case kind:
                self.notices.append(message)
                if kind == "error":
                    self._acknowledged(message)
                elif kind == "rights":
                    self.role = message.get("member", self.role)

    def _acknowledged(self, answer: Message) -> None:
        """Wake who waits for an acknowledgement: all other requests are answered by `ack` and `nack`."""
        waiting = self._acknowledging
        if waiting is None or waiting.answer.done():
            return
        # An inbox that still holds them was on its way before.
        if answer["type"] == "error" or waiting.ids.isdisjoint(self.inbox):
            waiting.answer.set_result(answer)

    def _record(self, record: Message) -> None:
        if record["seq"] <= self.seen:
            return
        self.records.append(record)
        self.seen = record["seq"]
        body = record["body"]
        if record["kind"] == RecordKinds.VERDICT:
            self._tell(body["intent"], IntentState(body["state"], body["reason"], (), body))
            self._close_questions(lambda question: question["group"] == [body["intent"]])
        elif record["kind"] == RecordKinds.DECISION and body.get("of"):
            self.open_questions.pop(body["of"], None)
        elif record["kind"] == RecordKinds.INTENT and body["kind"] == Kinds.ANSWER:
            question = self.open_questions.get(body["refs"][0])
            if question is not None and len(question["group"]) == 1:
                del self.open_questions[question["id"]]

    def _close_questions(self, is_over: Callable[[Message], bool]) -> None:
        self.open_questions = {id: q for id, q in self.open_questions.items() if not is_over(q)}

    def _tell(self, id: str, state: IntentState) -> None:
        assert state.name in TERMINAL or not state.is_final, "a verdict names an end"
        if (intent := self._intents.get(id)) is None:
            self._early.setdefault(id, []).append(state)
            return
        intent.queue.put_nowait(state)


def offer(token: str | None) -> list[Subprotocol]:
    """Return the subprotocols that carry a token (protocol §1)."""
    return [Subprotocol("folkmoot"), *([Subprotocol(f"token.{token}")] if token else [])]


@contextlib.asynccontextmanager
async def connect(url: str, *, token: str | None = None, origin: str | None = None) -> AsyncIterator[RoomClient]:
    """Open a workspace (`ws://host/ws/WS`) and yield it once it has its lane. Raises `Disconnected`."""
    room, tasks = RoomClient(url, token, origin), Tasks()
    # Awaited: whoever uses the client hears of its end from what it waits for.
    tasks.start(room.run(), name=f"room client {url}", is_awaited=True)
    try:
        await room._up()
        yield room
    finally:
        await tasks.close()
