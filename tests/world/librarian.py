"""Whoever renames, archives, deletes and restores documents: people over HTTP, and the agent as it is told to."""

from __future__ import annotations

import json
import random
from typing import Any, Protocol

from starlette.applications import Starlette

from tests.world.deeds import CELLS, LINES, Deed
from tests.world.person import Person
from workspace.app import API, Application
from workspace.errors import WorkspaceFault
from workspace.http.problem import Problem, on_fault, on_problem
from workspace.registry.registry import RoomRegistry
from workspace.sockets.endpoint import SocketEndpoint

PRESENT_SHARE, ACT_SHARE, BY_AGENT_SHARE, TAKE_BACK_SHARE = 0.35, 0.08, 0.45, 0.25
# Each document has names of its own: what is called so was never another one.
NAMES = {LINES: (LINES, "the plan", "wishes"), CELLS: (CELLS, "costs", "sums/2027")}
ACTS = ("rename", "rename", "rename", "archive", "delete", "restore")


class Desk(Protocol):
    """What the librarian needs of its world."""

    seed: int
    people: list[Person]
    host: Any
    monitor: Any
    tokens: dict[str, str]

    def note(self, what: str) -> None:
        """Keep what happened."""


def application(registry: RoomRegistry, endpoint: SocketEndpoint) -> Starlette:
    """Return the server's HTTP as it is, without its lifespan: a world boots and ends its registries itself."""
    handlers: dict[Any, Any] = {Problem: on_problem, WorkspaceFault: on_fault}
    app = Application(endpoint, registry, routes=list(API), exception_handlers=handlers)
    app.state.registry = registry
    return app


class Librarian:
    """Acts by a chance of its own, so that whoever looks at a seed without it sees the same people."""

    def __init__(self, world: Desk, ws: str) -> None:
        self._world = world
        self._ws = ws
        self._chance = random.Random(f"{world.seed} librarian")
        self._is_there = self._chance.random() < PRESENT_SHARE
        self.answers: list[int] = []

    def step(self) -> None:
        """Let somebody do something with a document now and then; what is away is mostly taken back soon."""
        chance = self._chance
        if not self._is_there:
            return
        away = [doc for doc in NAMES if self._world.monitor.papers.is_away(doc)]
        if away and chance.random() < TAKE_BACK_SHARE:
            self._act("restore", chance.choice(away))
        elif chance.random() < ACT_SHARE:
            self._act(chance.choice(ACTS), chance.choice(tuple(NAMES)))

    def _act(self, do: str, doc: str) -> None:
        name = self._chance.choice(NAMES[doc]) if do == "rename" else ""
        if self._chance.random() < BY_AGENT_SHARE:
            person = self._chance.choice(self._world.people)
            called = person.copies[doc].called
            seconds = self._chance.choice((0.05, 2.0, 8.0))
            person.compose()
            # Whoever names a document in quotes need not be asked whether it is meant.
            person.submit("do", Deed("act", act=do, line=called, word=name, seconds=seconds).text())
        else:
            actor = self._chance.choice(("olga", "olga", "olga", "ana", "cy"))
            self.ask(actor, do, doc, name)

    def take_back(self) -> None:
        """Restore whatever is away."""
        for doc in NAMES:
            if self._world.monitor.papers.is_away(doc):
                self.ask("olga", "restore", doc, "")

    def ask(self, actor: str, do: str, doc: str, name: str) -> None:
        """Send a request to the server that is up, if one is, as somebody."""
        host = self._world.host
        if host is None:
            return
        self._world.note(f"{actor} would {do} {doc} {name}")
        body = (
            {"name": name}
            if do == "rename"
            else {"state": {"archive": "archived", "delete": "deleted"}.get(do, "living")}
        )
        host.spawn(self._send(host, actor, self._world.monitor.papers.name_of(doc), body))

    async def _send(self, host: Any, actor: str, name: str, body: dict[str, str]) -> None:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "PATCH",
            "scheme": "http",
            "path": f"/api/workspaces/{self._ws}/documents/{name}",
            "query_string": b"",
            "headers": [
                (b"host", b"world"),
                (b"authorization", f"Bearer {self._world.tokens[actor]}".encode()),
                (b"content-type", b"application/json"),
            ],
            "server": ("world", 80),
            "client": ("127.0.0.1", 1),
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.answers.append(message["status"])

        await host.http(scope, receive, send)
