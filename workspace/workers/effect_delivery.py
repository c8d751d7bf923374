"""Carry effects out beside the room's loop: tried again while that may help, the end reported as an event."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from workspace.errors import DeliveryFault, StoreFault
from workspace.intents.model.effects import EffectStatus, Outgoing, effect_key
from workspace.intents.model.events import EffectSettled
from workspace.intents.model.requests import SendEffect
from workspace.ports import Delivery, EffectSender
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER
from workspace.workers.plan_context import WorkerContext

PAUSES_SECONDS = (0.0, 1.0, 5.0, 30.0, 120.0)
SECONDS_MAX = 30.0
AT_ONCE = 4


class EffectDelivery:
    """The effects of one workspace that are on their way."""

    __slots__ = ("_context", "_held", "_room", "_senders", "_tasks")

    def __init__(self, senders: Mapping[str, EffectSender], context: WorkerContext) -> None:
        self._senders = senders
        self._context = context
        self._tasks = Tasks()
        self._room = asyncio.Semaphore(AT_ONCE)
        # While nothing may leave; most rooms never need it, and it takes a kilobyte.
        self._held: asyncio.Event | None = None

    def start(self, request: SendEffect) -> None:
        """Begin to carry out one effect."""
        assert request.openings >= 0, "servers that stopped are counted from none"
        self._tasks.start(self._send(request), name=f"send {request.outgoing.commit}")

    def hold(self) -> None:
        """Begin no attempt any more; what is on the wire ends as it ends."""
        if self._held is None:
            self._held = asyncio.Event()

    def resume(self) -> None:
        """Begin attempts again."""
        if self._held is not None:
            self._held.set()
            self._held = None

    async def close(self) -> None:
        """Stop; what is not settled is begun again when the workspace opens."""
        await self._tasks.close()

    async def _send(self, request: SendEffect) -> None:
        outgoing = request.outgoing
        key = effect_key(outgoing.seal, outgoing.effect.i)
        repeats = outgoing.receiver.keys or outgoing.receiver.kind == "mail"
        pauses = pauses_left(request)
        if request.openings and (not repeats or not pauses):
            why = "the server stopped while it was on its way, and the receiver does not honour keys"
            if repeats:
                why = f"the server stopped {request.openings} times while it was on its way"
            self._context.post_event(EffectSettled(outgoing, "unknown", why, 0))
            return
        delivery = Delivery(key, self._context.ws, outgoing.commit, outgoing.effect, outgoing.receiver)
        # A server that stopped may have brought it there: then nobody can say that it failed.
        attempts, problem, reached, begun = 0, "", request.openings > 0, 0
        for pause in pauses:
            await asyncio.sleep(pause)
            try:
                async with self._room:
                    refused = await self._ask_to_leave(outgoing)
                    if refused:
                        problem = refused
                        break
                    attempts, begun = attempts + 1, self._context.durable_seq()
                    async with asyncio.timeout(SECONDS_MAX):
                        detail = await self._sender_of(delivery).deliver(delivery)
            except DeliveryFault as fault:
                problem, reached = fault.reason, reached or fault.may_have_arrived
                if not fault.retry or (reached and not repeats):
                    break
            except StoreFault as fault:  # nobody can say whether it may leave: nothing was sent
                problem = fault.reason
            except TimeoutError:
                problem, reached = f"no answer within {SECONDS_MAX:g} seconds", True
                if not repeats:
                    break
            except Exception as bug:  # noqa: BLE001  a task root: a bug of a sender is a failed effect, not a lost one
                LOGGER.exception("a sender broke")
                problem = f"the sender broke: {type(bug).__name__}"
                break
            else:
                self._context.post_event(EffectSettled(outgoing, "sent", detail, attempts, begun))
                return
        assert attempts <= len(pauses), "no receiver is called more often than was said"
        status: EffectStatus = "unknown" if reached else "failed"
        self._context.post_event(EffectSettled(outgoing, status, problem, attempts, begun))

    async def _ask_to_leave(self, outgoing: Outgoing) -> str:
        """Return, once something may leave, why this may not; "" where it may, with nothing awaited after the look.

        Raises `StoreFault`.
        """
        while True:
            while self._held is not None:
                await self._held.wait()
            # Of the store, and last of all: who has lost the right a moment ago sends nothing.
            refused = await self._context.refuse_sending(outgoing)
            # The agent may have been stopped while the store was asked.
            if refused or self._held is None:
                return refused

    def _sender_of(self, delivery: Delivery) -> EffectSender:
        sender = self._senders.get(delivery.receiver.kind)
        if sender is None:
            raise DeliveryFault(f"this server has no sender for {delivery.receiver.kind}")
        return sender


def pauses_left(request: SendEffect) -> tuple[float, ...]:
    """Return the pauses before each attempt that is left; none when enough servers have begun it.

    The log cannot tell how many attempts a server made that stopped. One fewer for each bounds the calls of a receiver:
    at most 5 + 4 + 3 + 2 + 1. A mail is a file under its key's name: however often it is written, it is one.
    """
    if request.outgoing.receiver.kind == "mail":
        return PAUSES_SECONDS
    return PAUSES_SECONDS[: max(0, len(PAUSES_SECONDS) - request.openings)]
