"""Whoever stops the agent and lets it go on: the owner on a server, the operator for all, a command line beside."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

from tests.world.person import Person
from workspace.errors import WorkspaceFault
from workspace.ports import SERVER, SwitchRow
from workspace.registry.switches import throw

BRAKED_SHARE, STOP_SHARE, SENDING_SHARE, GO_ON_SHARE, TAKE_BACK_SHARE = 0.4, 0.05, 0.3, 0.15, 0.2


class Road(Protocol):
    """What the brake needs of its world."""

    seed: int
    people: list[Person]
    host: Any
    disk: Any
    clock: Any

    def note(self, what: str) -> None:
        """Keep what happened."""


class Brake:
    """Throws switches by a chance of its own, so that whoever looks at a seed without it sees the same people."""

    def __init__(self, world: Road, ws: str) -> None:
        self._world = world
        self._ws = ws
        self._chance = random.Random(f"{world.seed} brake")
        self._is_there = self._chance.random() < BRAKED_SHARE

    def step(self, is_on: bool, *, is_sending: bool) -> None:
        """Let somebody throw a switch now and then, more often while something `is_sending` outside.

        `is_on` tells whether the log says that the agent is stopped.
        """
        if is_on and self._is_there and self._chance.random() < TAKE_BACK_SHARE:
            self._take_back()
        share = GO_ON_SHARE if is_on else SENDING_SHARE if is_sending else STOP_SHARE
        if self._is_there and self._chance.random() < share:
            self.throw(
                self._chance.choice(("own", "own", "all", "order")), is_on=not is_on or self._chance.random() < 0.2
            )

    def _take_back(self) -> None:
        """Let somebody undo what the agent has done last: that is what many stop it for."""
        person = self._chance.choice(self._world.people)
        commits = [record["body"]["commit"] for record in person.records if record["kind"] == "commit"]
        if commits and person.role != "commenter":
            person.submit("undo", refs=[commits[-1]])

    def let_go(self) -> None:
        """Let the agent go on, whatever has stopped it."""
        for way in ("own", "all"):
            self.throw(way, is_on=False)

    def throw(self, way: str, *, is_on: bool) -> None:
        """Throw a switch on the server that is up, or in the store beside it."""
        host = self._world.host
        if host is None:
            return
        self._world.note(f"the agent {'is stopped' if is_on else 'goes on'}: {way}")
        reason = f"because {self._chance.randrange(1000)}"
        match way:
            case "own":

                async def own() -> None:
                    await throw(await host.registry.room(self._ws), is_on=is_on, actor="olga", reason=reason)

                host.spawn(_quietly(own))
            case "all":
                host.spawn(_quietly(lambda: host.registry.switches.throw(is_on=is_on, actor="op", reason=reason)))
            case _:
                at = f"{self._world.clock.now():.6f}"
                ws = self._chance.choice((SERVER, self._ws))
                host.spawn(_quietly(lambda: self._world.disk.put_switch(SwitchRow(ws, is_on, "cli", at, reason))))


async def _quietly(work: Callable[[], Awaitable[None]]) -> None:
    with suppress(WorkspaceFault):
        await work()
