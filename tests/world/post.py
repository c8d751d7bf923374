"""The world outside: receivers that outlive every server, carriers that fail, and what must hold of an effect.

What has arrived is the receivers' to say; what should arrive is read from the log alone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tests.world.facts import Violation
from workspace.errors import DeliveryFault
from workspace.intents.model.effects import Effect, Receiver
from workspace.intents.model.record import Row
from workspace.ports import Delivery

RECEIVERS: Mapping[str, Receiver] = {
    "letters": Receiver("mail", "folkmoot@example.org", "irreversible"),
    "board": Receiver("webhook", "https://example.org/board", "reversible", keys=True),
    "siren": Receiver("webhook", "https://example.org/siren", "irreversible"),
    "bell": Receiver("webhook", "https://example.org/bell", "reversible"),
}
HANGS_SECONDS = 40.0
# The share of servers that cannot reach anybody for as long as they live.
DOWN_SHARE = 0.15


def effect_of(i: int, send: str, text: str) -> Effect:
    """Return the effect that a deed declares."""
    args = {"to": "all@example.org", "subject": "A deed", "text": text}
    return Effect(i, send, RECEIVERS[send].effect_class, args)


@dataclass(frozen=True, slots=True)
class Declared:
    """One effect of a durable commit: the key it must go under, and what it is."""

    key: str
    effect: dict[str, Any]


@dataclass(slots=True)
class Post:
    """What the log has declared and settled, and what has arrived: how often, and under which keys."""

    declared: dict[tuple[str, int], Declared] = field(default_factory=dict)
    settled: dict[tuple[str, int], str] = field(default_factory=dict)
    arrived: dict[tuple[str, int], int] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def committed(self, row: Row, body: dict[str, Any], words: list[str], decisions: list[dict[str, Any]]) -> None:
        """Look at a commit: it declares what was asked for; what is final was looked at, as it is, by a person."""
        effects = body["effects"]
        if [effect["tool"] for effect in effects] != words:
            raise Violation("effects", f"{body['commit']} sends {effects}, asked was {words}")
        shown = [
            [{name: part for name, part in one.items() if name != "receiver"} for one in asked["evidence"]["effects"]]
            for asked in decisions
            if asked["layer"] == "effects" and asked["by"] == "person" and "run" in asked["outcome"].values()
        ]
        if any(effect["class"] == "irreversible" for effect in effects) and effects not in shown:
            raise Violation("effects", f"{body['commit']} sends what nobody has approved: {effects}")
        for i, effect in enumerate(effects):
            self.declared[(body["commit"], i)] = Declared(_key(row.hash, i), effect)

    def arrive(self, delivery: Delivery) -> None:
        """A delivery is at its receiver, who counts it once a key where keys are honoured."""
        place = (delivery.commit, delivery.effect.i)
        declared = self.declared.get(place)
        if declared is None:
            raise Violation("effects", f"an effect of {delivery.commit} arrived before its commit was durable")
        if (delivery.receiver.keys or delivery.receiver.kind == "mail") and delivery.key in self.keys:
            return
        self.keys.add(delivery.key)
        self.arrived[place] = self.arrived.get(place, 0) + 1
        if self.arrived[place] > 1:
            raise Violation("effects", f"effect {place} ({delivery.effect.tool}) arrived {self.arrived[place]} times")
        if delivery.key != declared.key:
            raise Violation("effects", f"effect {place} arrived under another key than its own")

    def ended(self, body: dict[str, Any]) -> None:
        """Look at what the log says of an effect."""
        place = (body["commit"], body["i"])
        declared = self.declared.get(place)
        if declared is None or place in self.settled or body["key"] != declared.key:
            raise Violation("effects", f"effect {place} was settled twice, or never declared so")
        self.settled[place] = body["status"]
        if body["status"] == "sent" and not self.arrived.get(place):
            raise Violation("effects", f"effect {place} is sent, says the log; it never arrived")

    def look_back(self) -> None:
        """At the end every effect has settled, and none that arrived is said to have failed."""
        for place in self.declared:
            status = self.settled.get(place)
            if status is None or (status == "failed" and self.arrived.get(place)):
                raise Violation(
                    "effects", f"effect {place} ended {status}, it arrived {self.arrived.get(place, 0)} times"
                )


def _key(hash: str, i: int) -> str:
    content = f"{hash}\n{i}"
    return f"sha256:{sha256(content.encode()).hexdigest()}"


class Transport:
    """A server's way to the outside: slow, refused, lost on the way back; its server may die around it."""

    def __init__(
        self,
        chance: random.Random,
        arrive: Callable[[Delivery], None],
        mishap: Callable[[], None],
        leave: Callable[[], None],
    ) -> None:
        self._leave = leave
        self._chance = chance
        self._arrive = arrive
        self._mishap = mishap
        self._is_down = chance.random() < DOWN_SHARE

    async def deliver(self, delivery: Delivery) -> str:
        """Carry a delivery. `workspace.ports.EffectSender`."""
        self._leave()
        draw = self._chance.random()
        if draw < 0.12:
            self._mishap()
        await asyncio.sleep(HANGS_SECONDS if 0.12 <= draw < 0.16 else self._chance.uniform(0.001, 2.0))
        if 0.16 <= draw < 0.30 or self._is_down:
            raise DeliveryFault("the line is busy", retry=True)
        if 0.30 <= draw < 0.34:
            raise DeliveryFault("nobody of that name lives here")
        self._arrive(delivery)
        await asyncio.sleep(HANGS_SECONDS if 0.34 <= draw < 0.40 else self._chance.uniform(0.001, 1.0))
        if 0.40 <= draw < 0.52:
            raise DeliveryFault("the answer was lost", retry=True, may_have_arrived=True)
        return "taken"
