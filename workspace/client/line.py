"""A socket that is kept open: opened within a limit, opened again where it breaks, given up for good with a reason.

The first opening fails at once, unless the server itself says that it starts. From then on whatever breaks is opened
again until `away_seconds` have passed, because servers restart; what a server refuses for good ends it at once.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from workspace.client.dial import dialled
from workspace.client.faults import Disconnected, Unusable, closed_with, is_final, is_seconds
from workspace.client.given import check_origin
from workspace.client.room_address import Address

OPEN_SECONDS, AWAY_SECONDS = 10.0, 300.0
RETRY_SECONDS = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
# A connection that was let in is opened again at once; where so many in a row held for less than this, with pauses that
# grow: a server that closes them all is not asked without end.
STEADY_SECONDS, LAPSES_MAX = 5.0, 20
# A server that starts says so at the first opening, too.
STARTING = frozenset({1012, 1013, 4529})
# What no further try changes.
FOR_GOOD = frozenset({"redirected", "untrusted", "bad_message", "log_shorter"})

Converse = Callable[[ClientConnection], Awaitable[None]]


@dataclass(slots=True, eq=False)
class Line:
    """A workspace's socket, or a document's. `run` keeps it open; who speaks on it calls `opened` once it is let in."""

    address: Address
    doc: str | None = None
    origin: str | None = None
    open_seconds: float = OPEN_SECONDS
    away_seconds: float = AWAY_SECONDS
    has_opened: bool = False
    _cut: asyncio.TimerHandle | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name, seconds, least in (
            ("open_seconds", self.open_seconds, 0.001),
            ("away_seconds", self.away_seconds, 0),
        ):
            if not is_seconds(seconds) or seconds < least or (name == "open_seconds" and math.isinf(seconds)):
                raise Unusable("malformed", f"{name} is a number of seconds, {least:g} or more.", "Give another one.")
        check_origin(self.origin)

    def opened(self) -> None:
        """Note that the server has let this socket in: its limit is over, and what breaks now is opened again."""
        self.has_opened = True
        self._let_in()

    async def run(self, converse: Converse) -> Disconnected:
        """Keep the socket open, with `converse` on each that was opened; return why there will be no other."""
        now = asyncio.get_running_loop().time
        attempt, lapses, since = 0, 0, now()
        while True:
            began, had_opened = now(), self.has_opened
            self.has_opened = False
            why = await self._once(converse, self._left(since, had_opened))
            if self.has_opened:
                # What is broken now is away from now on.
                lapses = 0 if now() - began >= STEADY_SECONDS else lapses + 1
                attempt, since = max(0, lapses - LAPSES_MAX), now()
            self.has_opened = had_opened or self.has_opened
            pause = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)] * random.uniform(0.5, 1.0)
            if self._is_over(why) or pause >= self._left(since, self.has_opened):
                return why
            await asyncio.sleep(pause)
            attempt += 1

    def _left(self, since: float, has_opened: bool) -> float:
        """Return how many seconds are left to open it."""
        most = self.away_seconds if has_opened else self.open_seconds
        return since + most - asyncio.get_running_loop().time()

    def _is_over(self, why: Disconnected) -> bool:
        """Tell whether it is not opened again, however much time is left."""
        if self.has_opened:
            return is_final(why.status) or why.code in FOR_GOOD
        return not (why.status in STARTING or why.code == "unavailable")

    async def _once(self, converse: Converse, left: float) -> Disconnected:
        """Open it once and speak on it until it ends; return why it ended."""
        now = asyncio.get_running_loop().time
        began, seconds = now(), max(0.001, min(self.open_seconds, left))
        url, token, shown = self.address.socket(self.doc), self.address.token, self.address.shown
        try:
            async with dialled(url, token, shown=shown, origin=self.origin, seconds=seconds) as socket:
                # Cut, not closed: who says nothing would not answer a close either.
                self._cut = asyncio.get_running_loop().call_later(began + seconds - now(), socket.transport.abort)
                why = await self._speak(converse, socket)
                is_mute = not self.has_opened and why.status == 1006 and now() - began >= seconds
        except Disconnected as refused:
            return refused
        finally:
            self._let_in()
        if is_mute:
            return Disconnected("no_answer", f"{shown} opened a socket and said nothing for {seconds:g} s.", retry=True)
        return why

    def _let_in(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None

    async def _speak(self, converse: Converse, socket: ClientConnection) -> Disconnected:
        try:
            await converse(socket)
        except ConnectionClosed:
            pass
        except Disconnected as why:
            return why
        except Exception as bug:  # noqa: BLE001  a root: who waits is told, whatever a server has sent
            what = f"{self.address.shown} sent what this client cannot read: {type(bug).__name__}: {bug}"
            return Disconnected("bad_message", f"{what[:500]}.")
        if (broken := socket.protocol.parser_exc) is not None and not isinstance(broken, EOFError):
            return Disconnected("bad_message", f"{self.address.shown} sent what is no WebSocket frame: {broken}.")
        return closed_with(socket.close_code or 1006, socket.close_reason or "")
