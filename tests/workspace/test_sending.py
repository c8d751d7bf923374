"""What is said of an effect: `failed` only where it cannot have arrived."""

from __future__ import annotations

import asyncio

import pytest

from workspace import sending
from workspace.errors import CourierFault
from workspace.intents.effects import Effect, Outgoing, Receiver
from workspace.intents.events import EffectSettled, SendEffect
from workspace.ports import Letter


class Refusing:
    """A receiver that takes nothing now; what it took from an earlier server it does not say."""

    def __init__(self, *, retry: bool) -> None:
        self.retry = retry

    async def deliver(self, _: Letter) -> str:
        raise CourierFault("not now", retry=self.retry)


class Told:
    """An office that keeps what it is told."""

    ws = "w"

    def __init__(self) -> None:
        self.events: list[EffectSettled] = []

    def report(self, event: EffectSettled) -> None:
        self.events.append(event)


@pytest.mark.parametrize("kind", ["webhook", "mail"])
@pytest.mark.parametrize("retry", [True, False])
@pytest.mark.parametrize("openings, status", [(0, "failed"), (1, "unknown"), (3, "unknown")])
async def test_what_a_server_that_died_may_have_sent_has_not_failed(
    kind: str, retry: bool, openings: int, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PAUSES_SECONDS", (0.0,) * 5)
    receiver = Receiver(kind, "https://example.org", "reversible", keys=True)  # type: ignore[arg-type]
    office = Told()
    task = sending.Sending({kind: Refusing(retry=retry)}, office)  # type: ignore[arg-type]
    task.start(SendEffect(Outgoing("c9", "sha256:0", Effect(0, "r", "reversible", {}), receiver, 3), openings))
    async with asyncio.timeout(5):
        while not office.events:
            await asyncio.sleep(0)
    assert [event.status for event in office.events] == [status]
