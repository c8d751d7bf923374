"""Whoever makes rules of rights and takes them back; and what may not be in the log while one stands, by the words."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.support.rights_oracle import PlainRule, is_agent_let, is_least, role_of
from tests.world.deeds import CELLS, LINES
from tests.world.facts import Known, Violation
from workspace.errors import WorkspaceFault
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured
from workspace.intents.model.role_rules import RoleRule

LAWFUL_SHARE, RULE_SHARE, CLEAR_SHARE = 0.4, 0.12, 0.35
WHO = ("ana", "ben", "cy", "olga", "@everyone", "@editor", "@commenter", "@agent")
ROLES = ("editor", "commenter", "viewer")
# What the tokens say: shared with nobody.
IN_THE_WORKSPACE = {"ana": "editor", "ben": "editor", "olga": "owner", "cy": "commenter", "sid": "editor"}


class Country(Protocol):
    """What the lawgiver needs of its world."""

    seed: int
    host: Any

    def note(self, what: str) -> None:
        """Keep what happened."""


class Lawgiver:
    """Makes rules by a chance of its own, so that whoever looks at a seed without it sees the same people."""

    def __init__(self, world: Country, ws: str) -> None:
        self._world = world
        self._ws = ws
        self._chance = random.Random(f"{world.seed} law")
        self._is_there = self._chance.random() < LAWFUL_SHARE

    def step(self) -> None:
        """Give one document its rules anew, or none, now and then."""
        host, chance = self._world.host, self._chance
        if not self._is_there or chance.random() >= RULE_SHARE or host is None:
            return
        whom = chance.sample(WHO, chance.choice((1, 1, 2, 3))) if chance.random() >= CLEAR_SHARE else []
        given = {chance.choice((LINES, CELLS)): tuple(_rule(who, chance.choice(ROLES)) for who in whom)}
        self._world.note(f"olga rules: {given}")
        host.spawn(self._give(host, given))

    async def _give(self, host: Any, given: dict[str, tuple[RoleRule, ...]]) -> None:
        with suppress(WorkspaceFault):
            room = await host.registry.room(self._ws)
            await room.submit(Configured("olga", ConfigBody(rights=given), "owner"))


def _rule(who: str, role: Any) -> RoleRule:
    return RoleRule(role, group=who[1:]) if who.startswith("@") else RoleRule(role, actor=who)  # type: ignore[arg-type]


@dataclass(slots=True)
class Allowed:
    """The rules that stand by the log, and what they forbid: each record is looked at before it counts."""

    rules: list[PlainRule] = field(default_factory=list)
    # How often something was looked at while a rule stood, and how often one made a difference to somebody.
    looked: int = 0

    def look(self, row: Any, body: dict[str, Any], intents: Mapping[str, Known], plans: Mapping[str, Any]) -> None:
        """Look at a record that has become durable."""
        if self.rules:
            self._forbid(row, body, intents, plans)
        for place, given in (body.get("rights") or {}).items() if row.kind == "config" else ():
            kept = [rule for rule in self.rules if rule[0] != place]
            told = [(place, f"@{one['group']}" if one.get("group") else one["actor"], one["role"]) for one in given]
            self.rules = [*kept, *told]

    def role_in(self, actor: str, doc: str, role: str) -> str:
        """Return what somebody of a role in the workspace is in a document by the rules that stand."""
        return role_of(self.rules, doc=doc, name=doc, actor=actor, role=role)

    def _role(self, actor: str, doc: str) -> str:
        return self.role_in(actor, doc, IN_THE_WORKSPACE[actor])

    def _forbid(self, row: Any, body: dict[str, Any], intents: Mapping[str, Known], plans: Mapping[str, Any]) -> None:
        match row.kind:
            case "update":
                self.looked += 1
                if not is_least(self._role(row.actor, body["doc"]), "editor"):
                    raise Violation("I44", f"{row.actor} types in {body['doc']} against {self.rules}")
            case "commit":
                self._commit(body, intents, plans)
            case "intent" if body["kind"] in ("do", "override", "approve", "undo"):
                barred = [part["doc"] for part in body.get("scope") or ()]
                if any(not is_least(self._role(row.actor, doc), "commenter") for doc in barred):
                    raise Violation("I44", f"{body['id']} asks for something in {barred} against {self.rules}")

    def _commit(self, body: dict[str, Any], intents: Mapping[str, Known], plans: Mapping[str, Any]) -> None:
        self.looked += 1
        origin = intents[body["intents"][0]]
        while origin.body["kind"] == "approve":
            origin = intents[origin.body["refs"][0]]
        is_variant = plans[body["plan"]]["planner"] == "branch@1"
        for doc in body["docs"]:
            if origin.body["kind"] != "undo" and not is_agent_let(self.rules, doc=doc, name=doc):
                raise Violation("I44", f"{body['commit']} has the agent write in {doc} against {self.rules}")
            for id in body["intents"] if not is_variant else ():
                if not is_least(self._role(intents[id].actor, doc), "editor"):
                    raise Violation("I44", f"{body['commit']} writes in {doc} for {id} against {self.rules}")
