"""What is said of an effect: `failed` only where it cannot have arrived."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.until import until
from workspace.errors import DeliveryFault, StoreFault
from workspace.intents.model.effects import Effect, Outgoing, Receiver
from workspace.intents.model.events import EffectSettled
from workspace.intents.model.requests import SendEffect
from workspace.ports import Delivery
from workspace.workers import effect_delivery as sending


class Refusing:
    """A receiver that takes nothing now; what it took from an earlier server it does not say."""

    def __init__(self, *, retry: bool) -> None:
        self.retry = retry

    async def deliver(self, _: Delivery) -> str:
        raise DeliveryFault("not now", retry=self.retry)


class Told:
    """A context that keeps what it is told."""

    ws = "w"

    def __init__(self) -> None:
        self.events: list[EffectSettled] = []
        self.seq = 0
        # Why nothing may leave, "" where it may; a fault where nobody can say.
        self.refused: str | StoreFault = ""
        self.asked = 0

    async def refuse_sending(self, _: Outgoing) -> str:
        self.asked += 1
        if isinstance(self.refused, StoreFault):
            raise self.refused
        return self.refused

    def durable_seq(self) -> int:
        return self.seq

    def post_event(self, event: EffectSettled) -> None:
        self.events.append(event)


@pytest.mark.parametrize("kind", ["webhook", "mail"])
@pytest.mark.parametrize("retry", [True, False])
@pytest.mark.parametrize("openings, status", [(0, "failed"), (1, "unknown"), (3, "unknown")])
async def test_what_a_server_that_died_may_have_sent_has_not_failed(
    kind: str, retry: bool, openings: int, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PAUSES_SECONDS", (0.0,) * 5)
    receiver = Receiver(kind, "https://example.org", "reversible", keys=True)  # type: ignore[arg-type]
    context = Told()
    task = sending.EffectDelivery({kind: Refusing(retry=retry)}, context)  # type: ignore[arg-type]
    task.start(SendEffect(Outgoing("c9", "sha256:0", Effect(0, "r", "reversible", {}), receiver, 3), openings))
    await until(lambda: context.events)
    assert [event.status for event in context.events] == [status]


class Gate:
    """A receiver that says when somebody knocks, and answers when it is told to."""

    def __init__(self, faults: int = 0) -> None:
        self.knocks: list[str] = []
        self.knocked, self.answer = asyncio.Event(), asyncio.Event()
        self.faults = faults

    async def deliver(self, delivery: Delivery) -> str:
        self.knocks.append(delivery.key)
        self.knocked.set()
        await self.answer.wait()
        if len(self.knocks) <= self.faults:
            raise DeliveryFault("not now", retry=True)
        return "204"


def letter(commit: str = "c9") -> SendEffect:
    receiver = Receiver("webhook", "https://example.org", "reversible", keys=True)
    return SendEffect(Outgoing(commit, f"sha256:{commit}", Effect(0, "r", "reversible", {}), receiver, 3))


async def told(context: Told, count: int = 1) -> list[EffectSettled]:
    return await until(lambda: context.events, lambda events: len(events) >= count)


async def test_what_is_on_the_wire_ends_and_nothing_begins_while_the_agent_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "PAUSES_SECONDS", (0.0,) * 5)
    context, gate = Told(), Gate(faults=1)
    task = sending.EffectDelivery({"webhook": gate}, context)  # type: ignore[arg-type,dict-item]
    task.start(letter())
    await gate.knocked.wait()
    task.hold()
    context.seq = 7
    task.start(letter("c10"))
    gate.answer.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(gate.knocks) == 1, "it is not tried again, and nothing new is begun"
    assert context.events == []
    context.seq = 8
    task.resume()
    first, second = sorted(await told(context, 2), key=lambda event: event.outgoing.commit)
    assert (first.status, first.attempts, first.begun) == ("sent", 1, 8)
    assert (second.status, second.attempts, second.begun) == ("sent", 2, 8)
    assert len(set(gate.knocks)) == 2
    await task.close()


async def test_a_stop_in_the_moment_of_going_on_still_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSES_SECONDS", (0.0,) * 5)
    context, gate = Told(), Gate()
    gate.answer.set()
    task = sending.EffectDelivery({"webhook": gate}, context)  # type: ignore[arg-type,dict-item]
    task.hold()
    task.start(letter())
    for _ in range(5):
        await asyncio.sleep(0)
    task.resume()
    task.hold()
    for _ in range(5):
        await asyncio.sleep(0)
    assert gate.knocks == []
    task.resume()
    await told(context)
    await task.close()


async def test_a_stop_while_the_store_is_asked_who_may_send_still_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSES_SECONDS", (0.0,) * 5)
    context, gate, answered = Told(), Gate(), asyncio.Event()
    gate.answer.set()

    async def refuse_sending(_: Outgoing) -> str:
        context.asked += 1
        await answered.wait()
        return context.refused  # type: ignore[return-value]

    context.refuse_sending = refuse_sending  # type: ignore[method-assign]
    task = sending.EffectDelivery({"webhook": gate}, context)  # type: ignore[arg-type,dict-item]
    task.start(letter())
    await until(lambda: context.asked, lambda asked: asked == 1)
    task.hold()
    answered.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert gate.knocks == [], "the agent was stopped before it could leave"
    task.resume()
    (event,) = await told(context)
    assert (event.status, event.attempts, context.asked) == ("sent", 1, 2)
    await task.close()


@pytest.mark.parametrize("openings, status", [(0, "failed"), (1, "unknown")])
async def test_who_may_send_is_asked_again_before_each_attempt(
    openings: int, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PAUSES_SECONDS", (0.0,) * 5)
    receiver, context = Receiver("webhook", "https://example.org", "reversible", keys=True), Told()

    class Once:
        """Takes nothing the first time, and rights end meanwhile."""

        knocks = 0

        async def deliver(self, _: Delivery) -> str:
            self.knocks += 1
            context.refused = "not sent, rights_ended: ana has no access any more"
            raise DeliveryFault("not now", retry=True)

    once = Once()
    delivery = sending.EffectDelivery({"webhook": once}, context)  # type: ignore[arg-type]
    delivery.start(SendEffect(Outgoing("c9", "sha256:0", Effect(0, "r", "reversible", {}), receiver, 3), openings))
    await until(lambda: context.events)
    (event,) = context.events
    assert (event.status, event.detail, event.attempts) == (status, context.refused, 1)
    assert (once.knocks, context.asked) == (1, 2)


async def test_where_nobody_can_say_who_may_send_nothing_leaves_and_it_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "PAUSES_SECONDS", (0.0,) * 3)
    receiver, context, gate = Receiver("webhook", "https://example.org", "reversible"), Told(), Gate()
    context.refused = StoreFault("the disk is full")
    delivery = sending.EffectDelivery({"webhook": gate}, context)  # type: ignore[arg-type]
    delivery.start(SendEffect(Outgoing("c9", "sha256:0", Effect(0, "r", "reversible", {}), receiver, 3)))
    await until(lambda: context.events)
    (event,) = context.events
    assert (event.status, event.detail, event.attempts) == ("failed", "the disk is full", 0)
    assert (gate.knocks, context.asked) == ([], 3)
