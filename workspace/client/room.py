"""A workspace from Python: bots, terminals, tests (protocol §4).

`connect` opens the plain-JSON socket of a workspace, keeps the lane across reconnects, stamps each instruction when it
is begun, and sends again by its number what was not answered: the server does nothing twice. Nothing waits for ever:
what was not reached, refused, or said in time is an error (`workspace.client.faults`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Literal

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from crdt.documents.paths import Path
from workspace.client.faults import Disconnected, FellBehind, Overdue, Refused, Unusable, within
from workspace.client.given import LOOK, check_number, written
from workspace.client.intent import Intent, Message, PendingAnswer
from workspace.client.line import AWAY_SECONDS, OPEN_SECONDS, Line
from workspace.client.past_log import past_records
from workspace.client.room_address import read_address
from workspace.client.room_view import RoomView
from workspace.intents.model.intent import INSTRUCTIONS
from workspace.tasks import Tasks

ANSWER_SECONDS = 60.0
LEFT = "left"


class RoomClient(RoomView):
    """A workspace over the plain-JSON socket. Made by `connect`."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        origin: str | None = None,
        *,
        seen: int = 0,
        open_seconds: float = OPEN_SECONDS,
        away_seconds: float = AWAY_SECONDS,
    ) -> None:
        check_number("seen", seen)
        super().__init__(seen=seen)
        self.address = read_address(url, token)
        self.secret, self.n = "", 0
        self._line = Line(self.address, origin=origin, open_seconds=open_seconds, away_seconds=away_seconds)
        self._stamp: int | None = None
        self._stamped = 0
        self._socket: ClientConnection | None = None
        # What was said and has no answer: one intent at a time, so that a refused number is the next one's.
        self._said: PendingAnswer | None = None
        self._acknowledging: PendingAnswer | None = None
        self._order, self._ready = asyncio.Lock(), asyncio.Event()
        self._gone: Disconnected | None = None

    def __repr__(self) -> str:
        return f"<RoomClient {self.address.shown} as {self.actor or 'nobody yet'}>"

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
        seconds: float = ANSWER_SECONDS,
    ) -> Intent:
        """Send an intent and return it once it is in the log.

        Who stops waiting has said it all the same: it is sent again after a broken connection, and done once.

        Raises:
            Unusable: no server could read it; nothing was sent.
            Refused: the server answered with `nack`; nothing was logged.
            Overdue: it had no answer within `seconds`; it may be done yet.
            Disconnected: the connection is gone for good.
        """
        if scope is None and doc is not None:
            scope = [{"doc": doc, **({"keys": list(map(_listed, _listed(keys)))} if keys else {})}]
        extra = {"scope": scope, "refs": refs, "value": value, "expects": expects, "needs": needs}
        message: Message = {"kind": kind, "text": text} | {k: part for k, part in extra.items() if part is not None}
        if seen is not None:
            check_number("seen", seen)
        written({"type": "intent", "n": 0, "seen": 0, **message})
        said: PendingAnswer | None = None
        try:
            async with within(seconds, "The answer to an intent"), self._order:
                await self._up()
                if self._said is not None:
                    # Who said it has stopped waiting; until it is answered nobody knows whether its number is taken.
                    await self._said.wait()
                self._said = said = self._next(message, seen)
                await self._send(said.frame)
                answer = await said.wait()
        except Overdue:
            if said is None:
                raise Overdue("A connection to say an intent", seconds, "It was not said: say it again.") from None
            raise
        if said.intent is None:
            raise Refused(answer["code"], answer["reason"], answer.get("remedy", ""))
        return said.intent

    def _next(self, message: Message, seen: int | None) -> PendingAnswer:
        """Return the lane's next intent, with its number and its stamp."""
        stamp = seen if seen is not None else self._stamp if self._stamp is not None else self.seen
        stamp = self._stamped = max(stamp, self._stamped)
        if message["kind"] in INSTRUCTIONS:
            self._stamp = None
        self.n += 1
        frame = msgspec.json.encode({"type": "intent", "n": self.n, "seen": stamp, **message})
        return PendingAnswer(frame, asyncio.get_running_loop().create_future())

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

    async def acknowledge(self, ids: Iterable[str], seconds: float = ANSWER_SECONDS) -> None:
        """Take own verdicts out of the inbox, on every device; returns once that is durable.

        Raises:
            Unusable: these are no ids, or more than 500; nothing was sent.
            Refused: one of them is not one's own or has no verdict; then none was acknowledged.
            Overdue: it had no answer in time.
            Disconnected: the connection is gone for good.
        """
        read = [*_listed(ids)]
        frame = written({"type": "acknowledge", "intents": read})
        async with within(seconds, "The answer to an acknowledgement"), self._order:
            await self._up()
            future = asyncio.get_running_loop().create_future()
            self._acknowledging = waiting = PendingAnswer(frame, future, frozenset(read))
            try:
                await self._send(frame)
                answer = await waiting.wait()
            finally:
                self._acknowledging = None
        if answer["type"] == "error":
            raise Refused(answer["code"], answer["reason"], answer.get("remedy", ""))

    # ------------------------------------------------------------ watching

    async def log(self, after: int = 0) -> AsyncIterator[Message]:
        """Yield every log record after `after`, the past ones and then as they come, however slowly they are read.

        What this client keeps no more comes from the server again. Ends where the room was left; raises `Disconnected`
        where the connection is gone for good.
        """
        check_number("after", after)
        while True:
            oldest = self.records[0]["seq"] if self.records else self.seen + 1
            if after + 1 < oldest:
                await self._ready.wait()
                if self._is_left():
                    return
                hello = {"lane": self.lane, "secret": self.secret}
                async for record in past_records(
                    self.address, hello, after=after, last=oldest - 1, origin=self._line.origin
                ):
                    after = record["seq"]
                    yield record
            elif after < self.seen:
                after += 1
                yield self.records[after - oldest]
            else:
                await self._bell.until(lambda: self.seen > after or self._gone is not None)  # noqa: B023
                if self.seen <= after and self._is_left():
                    return

    def messages(self) -> AsyncIterator[Message]:
        """Yield every message of the server from now on, as protocol §2.2 has them: for what is in no record, too.

        Ends where the room was left.

        Raises:
            FellBehind: more came than is kept before it was read. `messages()` goes on with what comes now.
            Disconnected: the connection is gone for good.
        """
        return self._messages_from(self._messages.end)

    async def _messages_from(self, at: int) -> AsyncIterator[Message]:
        while True:
            await self._bell.until(lambda: self._messages.end > at or self._gone is not None)  # noqa: B023
            if self._messages.missed > at:
                raise FellBehind(self._messages.missed - at)
            if self._messages.end <= at and self._is_left():
                return
            at += 1
            yield self._messages.numbered(at - 1)

    async def until(self, predicate: Callable[[RoomClient], bool], seconds: float = 30.0) -> None:
        """Wait until something holds. Raises `Overdue`, and `Disconnected` when the connection is gone for good."""
        async with within(seconds, "What was waited for in a workspace"):
            await self._bell.until(lambda: self._gone is not None or predicate(self))
        if self._gone is not None and not predicate(self):
            raise self._gone

    async def question(self, seconds: float = 30.0) -> Message:
        """Return an open question, waiting for one to come."""
        await self.until(lambda room: bool(room.open_questions), seconds)
        return next(iter(self.open_questions.values()))

    async def caught_up(self, seq: int, seconds: float = 30.0) -> None:
        """Wait until everything up to `seq` has been received."""
        check_number("seq", seq)
        await self.until(lambda room: room.seen >= seq, seconds)

    # ------------------------------------------------------------ inside

    def _is_left(self) -> bool:
        """Return True where the room was left here. Raises `Disconnected` where the connection is gone otherwise."""
        if self._gone is not None and self._gone.code != LEFT:
            raise self._gone
        return self._gone is not None

    async def _up(self) -> None:
        await self._ready.wait()
        if self._gone is not None:
            raise self._gone

    async def _send(self, frame: bytes) -> None:
        if self._socket is not None:
            # What does not arrive is sent again on the next socket.
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(frame, text=True)

    async def run(self) -> None:
        """Keep the socket open until it is closed for good; every frame is taken in here, in order."""
        self._give_up(await self._line.run(self._converse))

    def leave(self) -> None:
        """Wake whoever waits, since nothing more will come: the room is left."""
        self._give_up(Disconnected(LEFT, "The room was left: this client closed the connection."))

    def _give_up(self, why: Disconnected) -> None:
        if self._gone is not None:
            return
        self._gone = why
        self._ready.set()
        for waiting in filter(None, (self._said, self._acknowledging)):
            waiting.resolve(why)
        for intent in self._intents.values():
            intent.end(why)
        self._bell.ring()

    async def _converse(self, socket: ClientConnection) -> None:
        hello: Message = {"type": "hello", "seen": self.seen}
        hello |= {"lane": self.lane, "secret": self.secret} if self.lane else {}
        try:
            await socket.send(msgspec.json.encode(hello), text=True)
            async for frame in socket:
                message = msgspec.json.decode(frame)
                self.take(message, len(frame))
                if message["type"] == "welcome":
                    await self._welcome(socket, message)
                elif message["type"] in ("ack", "nack"):
                    self._answered(message)
                elif message["type"] in ("inbox", "error"):
                    self._acknowledged(message)
        finally:
            self._socket = None
            if self._gone is None:  # else nobody shall wait any more: `_up` raises
                self._ready.clear()

    async def _welcome(self, socket: ClientConnection, message: Message) -> None:
        """Go on where the lane was: say again what has no answer."""
        if message["seq"] < self.seen:
            reason = (
                f"The server's log ends at {message['seq']}, and {self.seen} was seen: it is another, or an older one."
            )
            raise Disconnected("log_shorter", reason)
        self.secret = message["secret"] or self.secret
        self._line.opened()
        for waiting in filter(None, (self._said, self._acknowledging)):
            await socket.send(waiting.frame, text=True)
        self._socket = socket
        self._ready.set()

    def _answered(self, answer: Message) -> None:
        if self._said is None or answer["n"] != self.n:
            return
        if answer["type"] == "nack":
            self.n -= 1
        else:
            self._said.intent = self.own(answer["id"], answer["seq"], answer["n"], answer["state"], is_answered=True)
        said, self._said = self._said, None
        said.resolve(answer)

    def _acknowledged(self, answer: Message) -> None:
        """Wake who waits for an acknowledgement: all other requests are answered by `ack` and `nack`."""
        waiting = self._acknowledging
        # An inbox that still holds them was on its way before.
        if waiting is not None and (
            answer["type"] == "error" or (answer["whole"] and waiting.ids.isdisjoint(self.inbox))
        ):
            waiting.resolve(answer)


def _listed(things: Any) -> list[Any]:
    """Return several things as a list. Raises `Unusable` for one alone: a text's letters are not what is meant."""
    if isinstance(things, str | bytes) or not isinstance(things, Iterable):
        raise Unusable("malformed", f"Several are given as a list, not as {type(things).__name__}.", LOOK)
    return list(things)


@contextlib.asynccontextmanager
async def connect(
    url: str,
    *,
    token: str | None = None,
    origin: str | None = None,
    seen: int = 0,
    open_seconds: float = OPEN_SECONDS,
    away_seconds: float = AWAY_SECONDS,
) -> AsyncIterator[RoomClient]:
    """Open a workspace and yield it once it has its lane.

    Args:
        url: the link that a person gets (`http://HOST/w/WS#token=TOKEN`), or the socket's (`ws://HOST/ws/WS`).
        token: counts instead of the link's.
        seen: the last record of the log that is known already: records come from the next one on.
        open_seconds: within which it is open, or an error.
        away_seconds: how long a connection that broke is tried again; 0 never, `math.inf` for ever.

    Raises:
        Unusable: the address is none; nothing was sent.
        Disconnected: it cannot be opened; `code`, `reason` and `remedy` say why and what to do.
    """
    room, tasks = (
        RoomClient(url, token, origin, seen=seen, open_seconds=open_seconds, away_seconds=away_seconds),
        Tasks(),
    )
    # Awaited: whoever uses the client hears of its end from what it waits for.
    tasks.start(room.run(), name=f"room client {room.address.shown}", is_awaited=True)
    try:
        await room._up()
        yield room
    finally:
        room.leave()
        await tasks.close()
