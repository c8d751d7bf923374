"""An intent of one's own as the Python client sees it: its states as they come, up to its verdict."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from crdt.digest import Json

QUEUE_MAX = 10_000
Message = dict[str, Json]


@dataclass(frozen=True, slots=True)
class IntentState:
    """Where an intent stands. `verdict` is the body of its verdict record once it has one."""

    name: str
    reason: str = ""
    waits_for: tuple[str, ...] = ()
    verdict: Message | None = None

    @property
    def is_final(self) -> bool:
        """True for the verdict."""
        return self.verdict is not None


@dataclass(slots=True)
class Intent:
    """One intent of ours: its id in the log, and its states as they come."""

    id: str
    seq: int
    n: int
    queue: asyncio.Queue[IntentState]
    last: IntentState

    async def states(self) -> AsyncIterator[IntentState]:
        """Yield every state up to the verdict."""
        while not self.last.is_final or not self.queue.empty():
            self.last = await self.queue.get()
            yield self.last
            if self.last.is_final:
                return

    async def verdict(self, seconds: float = 60.0) -> Message:
        """Return the verdict's body. Raises TimeoutError when it does not come in time."""
        async with asyncio.timeout(seconds):
            async for _ in self.states():
                pass
        assert self.last.verdict is not None, "states end with the verdict"
        return self.last.verdict


def is_over(question: str, message: Message) -> bool:
    """Tell whether a question is closed by what the server says: that it is, or a whole board without it."""
    if message["type"] == "closed":
        return bool(message["id"] == question)
    return bool(message["whole"]) and all(one["id"] != question for one in message["questions"])


@dataclass(slots=True)
class PendingAnswer:
    """A sent intent that has no answer yet: what to send again, and who waits."""

    frame: bytes
    answer: asyncio.Future[Message]
    ids: frozenset[str] = frozenset()
