"""What commits have sent, or still have to, over HTTP: the newest first, with what became of each."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.http import WS, client_of
from tests.support.server import running_server
from tests.support.until import until
from workspace.errors import DeliveryFault
from workspace.ports import Delivery
from workspace.settings import Settings
from workspace.workers import effect_delivery


async def test_effects_are_listed_newest_first_with_what_became_of_them(tmp_path: Path) -> None:
    settings = Settings(mail=str(tmp_path))
    async with running_server(planner=BuiltinPlanner(), settings=settings) as server:
        async with client_of(server, "olga", "owner") as client:
            assert (await client.get(f"{WS}/effects")).json() == []
            letters = {"letters": {"kind": "mail", "address": "folkmoot@example.org", "effect_class": "reversible"}}
            await client.put(f"{WS}/config", json={"receivers": letters})
            for name in ("one", "two"):
                order = {"text": f'mail "zoe@example.org" subject "{name}" saying "Hello."'}
                await client.post(f"{WS}/intents?wait=20", json=order)
            listed = (await client.get(f"{WS}/effects")).json()
            assert len(listed) == 2
            assert [effect["args"]["subject"] for effect in listed] == ["two", "one"]


class Busy:
    """A receiver that takes nothing, and waits with its first answer until it is told to go on."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.goes_on = asyncio.Event()

    async def deliver(self, delivery: Delivery) -> str:
        self.calls.append(delivery.receiver.address)
        await self.goes_on.wait()
        raise DeliveryFault("not now", retry=True)


OPS = {"kind": "webhook", "address": "https://example.org/in", "effect_class": "reversible", "secret": "ops"}


@pytest.mark.parametrize("now", [{}, {"ops": {**OPS, "address": "https://example.org/other"}}])
async def test_nothing_goes_to_a_receiver_that_was_taken_away_or_is_another_one(
    now: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effect_delivery, "PAUSES_SECONDS", (0.0,) * 5)
    busy = Busy()
    async with running_server(planner=BuiltinPlanner()) as server, client_of(server, "olga", "owner") as client:
        room = await server.registry.room("demo")
        room._dispatcher._sending._senders = {"webhook": busy}
        assert (await client.put(f"{WS}/config", json={"receivers": {"ops": OPS}})).status_code == 200
        await client.post(f"{WS}/intents?wait=20", json={"text": 'call ops with {"price": 5}'})
        await until(lambda: busy.calls)
        assert (await client.put(f"{WS}/config", json={"receivers": now})).status_code == 200
        busy.goes_on.set()
        await until(lambda: not room.sequencer.fold.outbox, lambda settled: settled)
        (told,) = (await client.get(f"{WS}/effects")).json()
        assert (told["status"], told["detail"].startswith("not sent: ")) == ("failed", True), told
        assert busy.calls == [OPS["address"]], "it is not called again"
        assert (await client.get(f"{WS}/verify")).json()["ok"]
