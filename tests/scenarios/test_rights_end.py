"""Rights end when they end: verb by role, and in the middle of everything that lasts, revoked, run out, or elsewhere.

Everything here is looked at from outside: over HTTP, over sockets, at a receiver. *Elsewhere* is another process on the
same database, which this server is told nothing of.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect

from agent.builtin.planner import BuiltinPlanner
from crdt.operations.ops import Increment
from tests.support.http import WS
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.access import AccessRow, MemberRow
from workspace.errors import DeliveryFault
from workspace.intents.model.effects import Effect
from workspace.intents.model.plan import Asked, Option, Planned, Proposal, Task
from workspace.ports import Delivery, PlanContext
from workspace.settings import Settings
from workspace.sockets.uvicorn_protocol import FastProtocol
from workspace.store.scripts import ask
from workspace.store.sql import SqlStore

# What the law allows, and what a slow machine needs beside it.
WITHIN_SECONDS, SLACK_SECONDS = 1.0, 0.5
# Long enough for everything before it on a slow machine: what is measured begins with the end.
RUNS_OUT_SECONDS = 5.0
ENDS = ("revoked", "runs out", "elsewhere", "taken out", "member, taken out elsewhere")
RECEIVERS: dict[str, dict[str, Any]] = {
    "hook": {"kind": "webhook", "address": "https://example.org/in", "effect_class": "reversible", "keys": True},
    "bell": {"kind": "webhook", "address": "https://example.org/in", "keys": True},
}


class Slow:
    """A planner that does what the first word says: waits for ever, asks, or plans with an effect."""

    name = "slow@1"

    def __init__(self) -> None:
        self.cancelled: list[str] = []
        self.begun: list[str] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def plan(self, task: Task, context: PlanContext) -> Proposal:
        self.begun.append(task.text)
        word = task.text.split()[0]
        if word == "think":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.append(task.text)
                raise
        if word == "ask":
            return Asked("Which one?", (Option("a", "a"), Option("b", "b")), self.name)
        effects = (Effect(0, word, RECEIVERS[word].get("effect_class", "irreversible"), {"value": 1}),)
        return Planned((Increment("budget", ("price",), 5),), effects=effects, summary="calls")


class Receiver:
    """A sender of webhooks in place of the server's: takes nothing until it is told to, and counts who knocks."""

    def __init__(self) -> None:
        self.knocks = 0
        self.is_there = False

    async def deliver(self, _: Delivery) -> str:
        self.knocks += 1
        if not self.is_there:
            raise DeliveryFault("not now", retry=True)
        return "200"


@dataclass
class Case:
    """One server, its owner, and Ana, whose rights end in the given way."""

    server: Running
    end: str
    path: Path
    owner: httpx2.AsyncClient
    ana: httpx2.AsyncClient
    token: str
    planner: Slow
    receiver: Receiver
    until_at: float = 0.0
    ended_at: float = 0.0
    late: list[float] = field(default_factory=list)

    async def over(self) -> None:
        """Let Ana's rights end; returns as soon as they are over."""
        if self.end == "revoked":
            assert (await self.owner.post(f"{WS}/revoke", json={"actor": "ana"})).json()["revoked"]
            self.ended_at = time.time()
        elif self.end == "taken out":
            assert (await self.owner.request("DELETE", f"{WS}/members/ana")).status_code == 204
            self.ended_at = time.time()
        elif self.end.endswith("elsewhere"):
            other = SqlStore(f"sqlite:///{self.path}")
            await other.open()
            try:
                if self.end.startswith("member"):
                    noted = AccessRow("a1", "demo", "now", "op", "removed", "ana", "")
                    await other.change_member("demo", "ana", None, noted)
                else:
                    assert await other.revoke("demo", actor="ana")
                self.ended_at = time.time()
            finally:
                await other.close()
        else:
            await until(lambda: time.time() >= self.until_at)
            self.ended_at = self.until_at

    def is_in_time(self) -> None:
        """Check that what has just ended did so within what the law allows."""
        took = time.time() - self.ended_at
        assert took <= WITHIN_SECONDS + SLACK_SECONDS, f"ended {took:.2f} s after the rights did"

    async def intent(self, text: str, **more: Any) -> str:
        """Have Ana ask for something; return the intent's id."""
        answer = await self.ana.post(f"{WS}/intents", json={"text": text, **more})
        assert answer.status_code == 202, answer.text
        id: str = answer.json()["id"]
        return id

    async def looked(self, intent: str) -> dict[str, Any]:
        """Return how an intent stands, as the owner is shown it."""
        found: dict[str, Any] = (await self.owner.get(f"{WS}/intents/{intent}")).json()
        return found

    async def ended(self, intent: str) -> dict[str, Any]:
        """Return an intent that ended for its author's rights, with its one verdict, in time."""
        found = await until(lambda: self.looked(intent), lambda one: one["verdict"], seconds=5)
        self.is_in_time()
        verdict = found["verdict"]
        assert (verdict["state"], verdict["code"]) == ("rejected", "rights_ended"), verdict
        assert "ana" in verdict["reason"]
        assert verdict["remedy"]
        return found


@asynccontextmanager
async def case(end: str, path: Path, *, role: str = "editor", carrier: Any = FastProtocol) -> AsyncIterator[Case]:
    """Serve with Ana and the owner there, and the two receivers declared."""
    planner, receiver = Slow(), Receiver()
    store = SqlStore(f"sqlite:///{path}")
    async with running_server(planner=planner, store=store, carrier=carrier) as server:
        server.registry.senders["webhook"] = receiver
        until_at = time.time() + RUNS_OUT_SECONDS
        more = {"expires": until_at} if end == "runs out" else {}
        owner = await server.token("olga", "owner")
        if end.startswith("member"):
            # She was let in as a person: what she holds is a session, and no token of hers stands behind it.
            member = MemberRow("demo", "ana", "p-ana", role, gone=False, changes=0, created_at="now")
            row, token = server.registry.tokens.draw_session("p-ana", expires=time.time() + 600, label="x", place="y")
            await store.write_people((member, row))
        else:
            token = await server.token("ana", role, **more)
        async with (
            httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {owner}"}, timeout=20) as boss,
            httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {token}"}, timeout=20) as ana,
        ):
            # The room was made before the receiver was put in its place.
            room = await server.registry.room("demo")
            room._dispatcher._sending._senders = {"webhook": receiver}
            assert (await boss.put(f"{WS}/config", json={"receivers": RECEIVERS})).status_code == 200
            yield Case(server, end, path, boss, ana, token, planner, receiver, until_at)


Middle = Callable[[Case], Awaitable[None]]


async def follow(one: Case, accept: str) -> None:
    """The log is followed."""
    lines: list[str] = []
    async with one.ana.stream("GET", f"{WS}/log?follow=true", headers={"accept": accept}) as response:
        assert response.status_code == 200

        async def read() -> None:
            async for line in response.aiter_lines():
                lines.append(line)

        reading = asyncio.create_task(read())
        await until(lambda: len(lines) >= 3)
        await one.over()
        await until(reading.done, seconds=5)
        one.is_in_time()
        await reading
    told = len(lines)
    await one.owner.put(f"{WS}/config", json={"name": "secret"})
    assert len(lines) == told


async def follow_lines(one: Case) -> None:
    """The log is followed as lines."""
    await follow(one, "application/x-ndjson")


async def follow_events(one: Case) -> None:
    """The log is followed as events."""
    await follow(one, "text/event-stream")


async def wait_for_a_verdict(one: Case) -> None:
    """A request waits for the verdict of an instruction."""
    waiting = asyncio.create_task(one.ana.post(f"{WS}/intents?wait=60", json={"text": "think long"}))
    await until(lambda: one.planner.begun)
    await one.over()
    answer = await waiting
    one.is_in_time()
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def socket(one: Case, address: str) -> None:
    """A socket stands open."""
    async with connect(f"{one.server.ws_url}{address}", subprotocols=["folkmoot", f"token.{one.token}"]) as ws:  # type: ignore[list-item]
        closed = asyncio.create_task(ws.wait_closed())
        await one.over()
        await until(closed.done, seconds=20)
        one.is_in_time()
        assert ws.close_code == 4401
    room = await one.server.registry.room("demo")
    await until(lambda: not room.hub.peers)


async def document_socket(one: Case) -> None:
    """A document's socket stands open, and says nothing."""
    await socket(one, "/ws/demo/plan")


async def control_socket(one: Case) -> None:
    """The control socket stands open, and says nothing."""
    await socket(one, "/ws/demo")


async def planning(one: Case) -> None:
    """The agent plans."""
    intent = await one.intent("think long")
    await until(lambda: one.planner.begun)
    await one.over()
    found = await one.ended(intent)
    assert (found["plan"], found["commit"]) == (None, None)
    await until(lambda: one.planner.cancelled)


async def question(one: Case) -> None:
    """A question waits for Ana."""
    intent = await one.intent("ask me")
    await until(lambda: one.looked(intent), lambda found: found["state"] == "held")
    await one.over()
    await one.ended(intent)
    room = await one.server.registry.room("demo")
    assert not room.sequencer.fold.board.questions


async def approval(one: Case) -> None:
    """What cannot be taken back waits for somebody's yes, which comes after her rights have ended."""
    intent = await one.intent("bell")
    held = await until(lambda: one.looked(intent), lambda found: found["state"] == "held")
    question = held["decisions"][-1]["question"]["id"]
    await one.over()
    found = await one.ended(intent)
    one.receiver.is_there = True
    yes = {"kind": "answer", "refs": [question], "value": intent}
    late = (await one.owner.post(f"{WS}/intents?wait=5", json=yes)).json()
    assert late["verdict"]["code"] == "closed"
    assert found["commit"] is None
    assert one.receiver.knocks == 0


async def outbox(one: Case) -> None:
    """An effect is committed, and its receiver does not answer yet."""
    intent = await one.intent("hook")
    await until(lambda: one.looked(intent), lambda found: found["state"] == "done")
    await until(lambda: one.receiver.knocks)
    await one.over()
    # The rights are over, nobody has told this server, and the next attempt is due.
    one.receiver.is_there, knocks = True, one.receiver.knocks
    effects = await until(lambda: one.owner.get(f"{WS}/effects"), lambda got: got.json()[-1]["status"] != "waiting")
    settled = effects.json()[-1]
    assert settled["status"] == "failed", settled
    assert settled["detail"] == "not sent, rights_ended: ana has no access any more"
    assert one.receiver.knocks == knocks


MIDDLES: list[Middle] = [
    follow_lines, follow_events, wait_for_a_verdict, document_socket, control_socket, planning, question, approval,
    outbox,
]  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("middle", MIDDLES, ids=lambda middle: middle.__name__)
async def test_what_lasts_ends_with_the_rights_under_which_it_goes_on(end: str, middle: Middle, tmp_path: Path) -> None:
    async with case(end, tmp_path / "f.sqlite") as one:
        await middle(one)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("middle", [document_socket, control_socket], ids=lambda middle: middle.__name__)
async def test_sockets_over_plain_asgi_end_in_time_too(end: str, middle: Middle, tmp_path: Path) -> None:
    async with case(end, tmp_path / "f.sqlite", carrier="websockets-sansio") as one:
        await middle(one)


# ---------------------------------------------------------------- verb by role

Verb = Callable[[Case], Awaitable[httpx2.Response]]
VERBS: dict[str, Verb] = {
    "read": lambda one: one.ana.get(WS),
    "edit": lambda one: one.ana.put(f"{WS}/documents/new", json={"kind": "text"}),
    "instruct": lambda one: one.ana.post(f"{WS}/intents", json={"text": "ask me"}),
    "administer": lambda one: one.ana.put(f"{WS}/config", json={"name": "Hers"}),
}
RIGHTS = {
    "owner": {"read", "edit", "instruct", "administer"},
    "editor": {"read", "edit", "instruct"},
    "commenter": {"read", "instruct"},
    "viewer": {"read"},
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("role", RIGHTS)
async def test_every_verb_of_every_role_ends(end: str, role: str, tmp_path: Path) -> None:
    async with case(end, tmp_path / "f.sqlite", role=role) as one:
        for verb, act in VERBS.items():
            answer = await act(one)
            assert (answer.status_code < 400) == (verb in RIGHTS[role]), (verb, answer.text)
        await one.over()
        for act in VERBS.values():
            await until(lambda act=act: act(one), lambda answer: answer.status_code == 401, seconds=5)  # type: ignore[misc]
            one.is_in_time()


# ---------------------------------------------------------------- less than before, and more again


@pytest.mark.parametrize("now, ends", [("commenter", True), ("viewer", True), ("editor", False), ("owner", False)])
async def test_who_keeps_another_token_keeps_what_that_one_covers(now: str, ends: bool, tmp_path: Path) -> None:
    async with case("revoked", tmp_path / "f.sqlite") as one:
        intent = await one.intent("think long")
        await until(lambda: one.planner.begun)
        await one.server.token("ana", now)
        (first,) = [row.id for row in await one.server.registry.store.tokens("demo") if row.role == "editor"][:1]
        await one.owner.post(f"{WS}/revoke", json={"token_id": first})
        one.ended_at = time.time()
        found = await one.looked(intent)
        assert (found["verdict"] is not None) == ends
        if ends:
            assert found["verdict"]["reason"] == f"ana asked for this as editor, and is {now} now."


async def test_who_has_access_again_is_taken_as_before(tmp_path: Path) -> None:
    async with case("revoked", tmp_path / "f.sqlite") as one:
        first = await one.intent("think long")
        await one.over()
        await one.ended(first)
        one.ana.headers["authorization"] = f"Bearer {await one.server.token('ana')}"
        again = await one.intent("hook")
        await until(lambda: one.looked(again), lambda found: found["state"] == "done")


async def test_a_token_that_another_process_gives_another_end_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite"
    async with case("runs out", path) as one:
        url = f"{one.server.ws_url}/ws/demo/plan"
        async with connect(url, subprotocols=["folkmoot", f"token.{one.token}"]) as ws:  # type: ignore[list-item]
            other = SqlStore(f"sqlite:///{path}")
            await other.open()
            (row,) = [row for row in await other.tokens("demo") if row.actor == "ana"]
            await other._writing(renewed(row.id, one.until_at + 60), is_single=True)
            await other.close()
            await until(lambda: time.time() > one.until_at + 1.2)
            assert ws.close_code is None
            assert (await one.ana.get(WS)).status_code == 200


def renewed(id: str, expires: float) -> Any:
    """Return the script of a process that gives a token another end."""
    return ask("UPDATE token SET expires = ?2 WHERE id = ?1", id, expires)


# ---------------------------------------------------------------- while nobody was there


@pytest.mark.parametrize("word", ["think", "ask", "bell", "hook"])
async def test_what_was_under_way_ends_as_the_next_server_opens(word: str, tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite"
    async with case("elsewhere", path) as one:
        intent = await one.intent(word)
        state = {"think": "planning", "hook": "done"}.get(word, "held")
        await until(lambda: one.looked(intent), lambda found: found["state"] == state)
        knocks = one.receiver.knocks
        if word == "hook":
            await until(lambda: one.receiver.knocks)
    other = SqlStore(f"sqlite:///{path}")
    await other.open()
    await other.revoke("demo", actor="ana")
    await other.close()
    planner, receiver = Slow(), Receiver()
    receiver.is_there = True
    async with running_server(planner=planner, store=SqlStore(f"sqlite:///{path}"), workspace=None) as server:
        server.registry.senders["webhook"] = receiver
        room = await server.registry.room("demo")
        entry = room.sequencer.fold.board.entries[intent]
        if word == "hook":
            await until(lambda: not room.sequencer.fold.outbox)
            (effect,) = room.sequencer.fold.effects.values()
            assert effect.detail == "not sent, rights_ended: ana has no access any more"
        else:
            await until(lambda: entry.verdict)
            assert entry.verdict is not None
            assert entry.verdict.code == "rights_ended"
        assert (planner.begun, receiver.knocks) == ([], 0), knocks


async def test_on_an_open_server_nobody_loses_rights_that_everybody_has(tmp_path: Path) -> None:
    settings = Settings(is_open=True)
    async with running_server(planner=BuiltinPlanner(), settings=settings) as server:
        token = await server.token("ana", "owner")
        async with httpx2.AsyncClient(base_url=server.url, timeout=20) as anybody:
            asked = anybody.post(f"{WS}/intents?name=ana", json={"text": "call hook"})
            assert (await asked).status_code == 202
            gone = await anybody.post(
                f"{WS}/revoke",
                json={"actor": "ana"},
                headers={"authorization": f"Bearer {await server.token('olga', 'owner')}"},
            )
            assert gone.is_success
            again = await anybody.post(f"{WS}/intents?name=ana&wait=10", json={"text": "set budget.n to 1"})
            assert again.json()["state"] == "done"
            assert token
