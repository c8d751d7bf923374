"""Carry effects out beside the room's loop: tried again while that may help, the end reported as an event."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from workspace.errors import CourierFault
from workspace.intents.model.effects import effect_key
from workspace.intents.model.events import EffectSettled
from workspace.intents.model.requests import SendEffect
from workspace.ports import Courier, Letter
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER
from workspace.workers.plan_context import Office

PAUSES_SECONDS = (0.0, 1.0, 5.0, 30.0, 120.0)
SECONDS_MAX = 30.0
AT_ONCE = 4


class Sending:
    """The effects of one workspace that are on their way."""

    def __init__(self, couriers: Mapping[str, Courier], office: Office) -> None:
        self._couriers = couriers
        self._office = office
        self._tasks = Tasks()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._may_leave = asyncio.Event()
        self._may_leave.set()

    def start(self, wish: SendEffect) -> None:
        """Begin to carry out one effect."""
        self._tasks.start(self._send(wish), name=f"send {wish.outgoing.commit}")

    def hold(self) -> None:
        """Begin no attempt any more; what is on the wire ends as it ends."""
        self._may_leave.clear()

    def resume(self) -> None:
        """Begin attempts again."""
        self._may_leave.set()

    async def close(self) -> None:
        """Stop; what is not settled is begun again when the workspace opens."""
        await self._tasks.close()

    async def _send(self, wish: SendEffect) -> None:
        outgoing = wish.outgoing
        key = effect_key(outgoing.seal, outgoing.effect.i)
        repeats = outgoing.receiver.keys or outgoing.receiver.kind == "mail"
        pauses = pauses_left(wish)
        if wish.openings and (not repeats or not pauses):
            why = "the server stopped while it was on its way, and the receiver does not honour keys"
            if repeats:
                why = f"the server stopped {wish.openings} times while it was on its way"
            self._office.report(EffectSettled(outgoing, "unknown", why, 0))
            return
        letter = Letter(key, self._office.ws, outgoing.commit, outgoing.effect, outgoing.receiver)
        # A server that stopped may have brought it there: then nobody can say that it failed.
        attempts, problem, reached, begun = 0, "", wish.openings > 0, 0
        for pause in pauses:
            await asyncio.sleep(pause)
            try:
                async with self._room:
                    while not self._may_leave.is_set():
                        await self._may_leave.wait()
                    attempts, begun = attempts + 1, self._office.durable_seq
                    async with asyncio.timeout(SECONDS_MAX):
                        detail = await self._courier(letter).deliver(letter)
            except CourierFault as fault:
                problem, reached = fault.reason, reached or fault.may_have_arrived
                if not fault.retry or (reached and not repeats):
                    break
            except TimeoutError:
                problem, reached = f"no answer within {SECONDS_MAX:g} seconds", True
                if not repeats:
                    break
            except Exception as bug:  # noqa: BLE001  a task root: a bug of a courier is a failed effect, not a lost one
                LOGGER.exception("a courier broke")
                problem = f"the courier broke: {type(bug).__name__}"
                break
            else:
                self._office.report(EffectSettled(outgoing, "sent", detail, attempts, begun))
                return
        status = "unknown" if reached else "failed"
        self._office.report(EffectSettled(outgoing, status, problem, attempts, begun))  # type: ignore[arg-type]

    def _courier(self, letter: Letter) -> Courier:
        courier = self._couriers.get(letter.receiver.kind)
        if courier is None:
            raise CourierFault(f"this server has no courier for {letter.receiver.kind}")
        return courier


def pauses_left(wish: SendEffect) -> tuple[float, ...]:
    """Return the pauses before each attempt that is left; none when enough servers have begun it.

    The log cannot tell how many attempts a server made that stopped. One fewer for each bounds the calls of a receiver:
    at most 5 + 4 + 3 + 2 + 1. A mail is a file under its key's name: however often it is written, it is one.
    """
    if wish.outgoing.receiver.kind == "mail":
        return PAUSES_SECONDS
    return PAUSES_SECONDS[: max(0, len(PAUSES_SECONDS) - wish.openings)]
