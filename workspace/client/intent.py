"""An intent of one's own as the Python client sees it: its states as they come, up to its verdict."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from crdt.digest import Json
from workspace.client.bell import Bell
from workspace.client.faults import Disconnected, within
from workspace.client.feed import Feed

STATES_KEPT, STATE_BYTES_KEPT = 1_000, 1 << 20
Message = dict[str, Json]


@dataclass(frozen=True, slots=True)
class IntentState:
    """Where an intent stands. `verdict` is the body of its verdict record once it has one.

    `missed` states before this one were let go before they were read.
    """

    name: str
    reason: str = ""
    waits_for: tuple[str, ...] = ()
    verdict: Message | None = None
    missed: int = 0

    @property
    def is_final(self) -> bool:
        """True for the verdict."""
        return self.verdict is not None


@dataclass(slots=True, eq=False)
class Intent:
    """One intent of ours: its id in the log, and its states as they come. Any number may wait for its verdict."""

    id: str
    seq: int
    n: int
    last: IntentState
    _states: Feed[IntentState] = field(default_factory=lambda: Feed(STATES_KEPT, STATE_BYTES_KEPT), repr=False)
    _bell: Bell = field(default_factory=Bell, repr=False)
    _gone: Disconnected | None = field(default=None, repr=False)

    async def states(self) -> AsyncIterator[IntentState]:
        """Yield every state up to the verdict, from the first on, for each who asks. Raises `Disconnected`."""
        at = 0
        while True:
            await self._bell.until(lambda: self._states.end > at or self._gone is not None)  # noqa: B023
            if self._states.end == at:
                assert self._gone is not None, "it was waited for one of the two"
                raise self._gone
            missed, at = max(0, self._states.missed - at), max(at, self._states.missed)
            state = self._states.numbered(at)
            at += 1
            yield replace(state, missed=missed) if missed else state
            if state.is_final:
                return

    async def verdict(self, seconds: float = 60.0) -> Message:
        """Return the verdict's body.

        Raises:
            Overdue: it did not come in time; it may come yet.
            Disconnected: the connection is gone for good; what became of the intent is in the log.
        """
        async with within(seconds, f"The verdict of {self.id}"):
            await self._bell.until(lambda: self.last.is_final or self._gone is not None)
        if self.last.verdict is None:
            assert self._gone is not None, "it was waited for one of the two"
            raise self._gone
        return self.last.verdict

    def tell(self, state: IntentState) -> None:
        """Take in where it stands now; nothing comes behind its verdict."""
        if not self.last.is_final:
            self.last = state
            self._states.add(state, len(state.reason))
            self._bell.ring()

    def end(self, why: Disconnected) -> None:
        """Tell whoever waits that nothing more will come."""
        self._gone = why
        self._bell.ring()


def is_over(question: str, message: Message) -> bool:
    """Tell whether a question is closed by what the server says: that it is, or a whole board without it."""
    if message["type"] == "closed":
        return bool(message["id"] == question)
    return bool(message["whole"]) and all(one["id"] != question for one in message["questions"])


@dataclass(slots=True, eq=False)
class PendingAnswer:
    """Something said that has no answer yet: what to send again. Who waits may have given up; it stays said."""

    frame: bytes
    answer: asyncio.Future[Message | Disconnected]
    # What it asks about, where it is an acknowledgement; what it became, where it is an intent that was taken.
    ids: frozenset[str] = frozenset()
    intent: Intent | None = None

    async def wait(self) -> Message:
        """Return the answer. Raises `Disconnected`."""
        answer = await asyncio.shield(self.answer)
        if isinstance(answer, Disconnected):
            raise answer
        return answer

    def resolve(self, answer: Message | Disconnected) -> None:
        """Wake who waits; the first answer counts."""
        if not self.answer.done():
            self.answer.set_result(answer)
