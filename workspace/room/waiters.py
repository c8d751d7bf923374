"""Those who wait for something of a room over HTTP: an answer, a verdict, the next record. Runs in the room's loop."""

from __future__ import annotations

import asyncio

from workspace.errors import RoomClosed
from workspace.intents.model.bodies import VerdictBody
from workspace.intents.model.events import Acked, Nacked
from workspace.intents.sequencer import Sequencer
from workspace.room.mailbox import Mailbox
from workspace.room.output_gate import OutputGate

# Done once whoever waits may not have the answer any more; None: they always may.
Over = asyncio.Future[None] | None


class Waiters:
    """Futures of HTTP requests, and what each actor was sent over HTTP."""

    __slots__ = ("_answers", "_delivered", "_gate", "_mailbox", "_records", "_sequencer")

    def __init__(self, sequencer: Sequencer, gate: OutputGate, mailbox: Mailbox) -> None:
        self._sequencer = sequencer
        self._gate = gate
        self._mailbox = mailbox
        self._answers: dict[str, asyncio.Future[Acked | Nacked]] = {}
        self._records: list[tuple[int, asyncio.Future[None]]] = []
        self._delivered: dict[str, int] = {}

    def await_answer(self, request: str) -> asyncio.Future[Acked | Nacked]:
        """Return the future of the ack or nack for an intent submitted under this request name."""
        future: asyncio.Future[Acked | Nacked] = asyncio.get_running_loop().create_future()
        assert request not in self._answers, "a request has a name of its own"
        self._answers[request] = future
        return future

    def forget(self, request: str) -> None:
        """Await no answer any more: the intent never came to the sequencer."""
        self._answers.pop(request, None)

    def answered(self, notice: Acked | Nacked) -> None:
        """Hand an ack or nack to the request that waits for it, if one does."""
        future = self._answers.pop(notice.request, None)
        if future is not None and not future.done():
            future.set_result(notice)

    def abandon(self) -> None:
        """Tell everybody who still waits that the room is gone."""
        assert not self._mailbox.is_open, "who waits is told once nothing comes any more"
        for future in self._answers.values():
            if not future.done():
                future.set_exception(RoomClosed("the workspace is restarting: send it again", retry=True))
        self._answers.clear()
        for _, waiter in self._records:
            if not waiter.done():
                waiter.set_result(None)

    async def await_verdict(self, intent: str, seconds: float, over: Over = None) -> VerdictBody | None:
        """Return the verdict of an intent when it is durable; None when it does not come in time, or before `over`."""
        loop, gate = asyncio.get_running_loop(), self._gate
        deadline = loop.time() + seconds
        while True:
            entry = self._sequencer.fold.board.entries[intent]
            left = deadline - loop.time()
            if left <= 0 or not self._mailbox.is_open or (over is not None and over.done()):
                return None
            if entry.verdict is not None and entry.verdict_seq <= gate.durable_seq:
                return entry.verdict
            await self.await_records(gate.durable_seq + 1, left, over)

    async def await_records(self, seq: int, seconds: float, over: Over = None) -> bool:
        """Wait until record `seq` is durable, at most so many seconds and no longer than `over`; tell whether it is."""
        if self._gate.durable_seq >= seq:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._records.append((seq, future))
        awaited = (future,) if over is None else (future, over)
        await asyncio.wait(awaited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            future.cancel()
        return not future.cancelled()

    def durable(self, seq: int) -> None:
        """Wake those who waited for records up to `seq`, and forget those who gave up."""
        assert seq <= self._gate.durable_seq, "nobody is woken for what is not on disk"
        kept = []
        for wanted, future in self._records:
            if wanted <= seq and not future.done():
                future.set_result(None)
            elif wanted > seq and not future.done():
                kept.append((wanted, future))
        self._records = kept

    def sent(self, actor: str, seq: int) -> None:
        """Remember that somebody was sent the state up to `seq`: it bounds what they may claim to have seen."""
        self._delivered[actor] = max(seq, self._delivered.get(actor, 0))

    def delivered(self, actor: str) -> int:
        """Return the highest `seq` somebody was sent."""
        return self._delivered.get(actor, 0)
