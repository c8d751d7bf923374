"""A verdict stays in its author's inbox until acknowledged, across sessions, devices and servers."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.http import problem
from tests.support.server import Running, running_server
from tests.workspace.intents.audit.test_time_travel import history
from tests.workspace.intents.driver import Driver
from workspace.client import Refused, RoomClient, connect
from workspace.client.document import connect_document
from workspace.clock import SystemClock
from workspace.history.fork import fork_workspace
from workspace.intents.model.events import Proposed
from workspace.intents.model.intent import RUNNING_KINDS
from workspace.intents.model.plan import Asked, Option
from workspace.ports import InboxRow, Store
from workspace.protocol.messages import ACKNOWLEDGED_MAX
from workspace.room import inbox
from workspace.room.output_gate import OutputGate
from workspace.store.memory import MemoryStore
from workspace.store.sql import SqlStore
from workspace.tasks import Tasks

WS = "/api/workspaces/demo"


class CountingStore(MemoryStore):
    """Counts what is read and written of inboxes."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.writes = 0

    async def inbox(self, ws: str, actor: str) -> InboxRow:
        """Read one."""
        self.reads += 1
        return await super().inbox(ws, actor)

    async def put_inbox(self, row: InboxRow, epoch: int) -> None:
        """Write one."""
        self.writes += 1
        await super().put_inbox(row, epoch)


@asynccontextmanager
async def served(store: Store | None = None) -> AsyncIterator[Running]:
    async with running_server(planner=BuiltinPlanner(), store=store) as server:
        yield server


@asynccontextmanager
async def person(server: Running, who: str, role: str = "editor") -> AsyncIterator[RoomClient]:
    async with connect(f"{server.ws_url}/ws/demo", token=await server.token(who, role)) as room:
        yield room


async def cancelled_while_away(server: Running) -> str:
    """Ana asks for what takes an answer and leaves; the owner cancels it. Returns its id."""
    async with person(server, "Ana") as ana:
        asked = await ana.intent('ask "What shall this say?"', doc="plan")
        await ana.question()
    async with person(server, "Olga", "owner") as olga:
        cancel = await olga.cancel(asked.id)
        assert (await cancel.verdict())["state"] == "done"
    return asked.id


def states(room: RoomClient) -> dict[str, str]:
    return {id: entry["verdict"]["state"] for id, entry in room.inbox.items()}


async def test_a_verdict_that_came_while_its_author_was_away_waits_on_every_device_until_acknowledged_on_one() -> None:
    async with served() as server:
        id = await cancelled_while_away(server)
        async with (
            person(server, "Ana") as desk,
            person(server, "Ana") as phone,
            person(server, "Olga", "owner") as olga,
        ):
            assert desk.lane != phone.lane
            for room in (desk, phone):
                await room.until(lambda room: bool(room.inbox))
                assert states(room) == {id: "cancelled"}
                entry = room.inbox[id]
                assert (entry["text"], entry["kind"]) == ('ask "What shall this say?"', "do")
                assert entry["verdict"]["by"] or entry["verdict"]["reason"]
            await desk.acknowledge([id])
            assert desk.inbox == {}
            await phone.until(lambda room: not room.inbox)
            assert olga.inbox == {}, "what ended for others, and own cancels, are nothing of hers"
        async with person(server, "Ana") as later:
            done = await later.intent("set budget.food to 5", doc="budget")
            await done.verdict()
            await later.until(lambda room: bool(room.inbox))
            assert states(later) == {done.id: "done"}, "what was acknowledged does not come back"


async def test_an_inbox_survives_the_server(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    async with served(SqlStore(url)) as server:
        first, second = await cancelled_while_away(server), await cancelled_while_away(server)
        async with person(server, "Ana") as ana:
            await ana.acknowledge([second])
    async with served(SqlStore(url)) as server:
        third = await cancelled_while_away(server)
        async with person(server, "Ana") as ana:
            await ana.until(lambda room: len(room.inbox) == 2)
            assert list(ana.inbox) == [third, first], "newest first; an older one that was left open is still there"
            await ana.acknowledge([first, third])
    async with served(SqlStore(url)) as server, person(server, "Ana") as ana:
        await ana.intent("set budget.food to 5", doc="budget")
        await ana.until(lambda room: len(room.inbox) == 1)
        assert first not in ana.inbox
        assert third not in ana.inbox


async def test_only_an_author_acknowledges_and_only_what_has_ended() -> None:
    store = CountingStore()
    async with served(store) as server:
        id = await cancelled_while_away(server)
        async with person(server, "Ana") as ana, person(server, "Ben") as ben:
            under_way = await ana.intent('ask "What else?"', doc="plan")
            for room, ids, code in (
                (ben, [id], "forbidden"),
                (ana, ["i999"], "malformed"),
                (ana, [id, under_way.id], "malformed"),
            ):
                with pytest.raises(Refused) as refused:
                    await room.acknowledge(ids)
                assert refused.value.code == code
            assert list(ana.inbox) == [id], "all or none"
            await ana.acknowledge([id, id])
            await ana.acknowledge([id])
            assert store.writes == 1, "to acknowledge again changes nothing"


@pytest.mark.parametrize("ids", [[], ["i1"] * (ACKNOWLEDGED_MAX + 1), ["i" * 300], [7], "i1", None])
async def test_an_acknowledgement_out_of_bounds_closes_its_own_socket_only(ids: object) -> None:
    async with served() as server, person(server, "Ana") as other:
        headers = {"authorization": f"Bearer {await server.token('Ana')}"}
        async with httpx2.AsyncClient(base_url=server.url, headers=headers) as client:
            problem(await client.post(f"{WS}/inbox", json={"intents": ids}), 400, "malformed")
        async with person(server, "Ana") as ana:
            assert ana._socket is not None
            await ana._socket.send(json.dumps({"type": "acknowledge", "intents": ids}), text=True)
            await ana.until(lambda room: room._gone is not None or bool(room.notices))
            assert ana.notices[0]["code"] == "malformed"
        assert other._gone is None


async def test_a_document_socket_costs_no_read_and_a_person_at_most_one() -> None:
    store = CountingStore()
    async with served(store) as server:
        token = await server.token("Ana")
        for _ in range(3):
            async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token):
                pass
        assert store.reads == 0
        for _ in range(3):
            async with person(server, "Ana") as ana:
                done = await ana.intent("set budget.food to 5", doc="budget")
                await ana.until(lambda room: done.id in room.inbox)  # noqa: B023
        assert store.reads == 1
        assert store.writes == 0


async def test_of_many_the_newest_are_shown_the_rest_counted_and_the_oldest_fall_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox, "SHOWN_MAX", 3)
    monkeypatch.setattr(inbox, "KEPT_MAX", 5)
    async with served() as server:
        async with person(server, "Ana") as ana:
            ids = []
            for at in range(8):
                done = await ana.intent(f"set budget.food to {at}", doc="budget")
                await done.verdict()
                ids.append(done.id)
        async with person(server, "Ana") as ana:
            await ana.until(lambda room: bool(room.inbox))
            assert (list(ana.inbox), ana.inbox_more) == (ids[:4:-1], 2)
            await ana.acknowledge(ids[:4:-1])
            assert (list(ana.inbox), ana.inbox_more) == (ids[4:2:-1], 0)
            await ana.acknowledge(ids[3:5])
            assert ana.inbox == {}


async def test_a_fork_begins_with_everything_acknowledged() -> None:
    driver = Driver()
    before = driver.ask("Ana", "wish")
    driver.fail(before)
    while driver.state(before) != "failed":
        driver.fail(before)
    store = await driver.stored()
    await fork_workspace(store, SystemClock(), "w", at=driver.sequencer.fold.seq, id="v", name="V", actor="Olga")
    async with running_server(planner=BuiltinPlanner(), store=store, workspace=None) as server:
        for ws, expected in (("w", [before]), ("v", [])):
            room = await server.registry.room(ws)
            assert [entry.id for entry in (await room.hub.log.inbox.of("Ana")).intents] == expected
        async with connect(f"{server.ws_url}/ws/v", token=await server.token("Ana", ws="v")) as ana:
            done = await ana.intent("set budget.food to 5", doc="budget")
            await ana.until(lambda room: done.id in room.inbox)
            assert list(ana.inbox) == [done.id]


async def test_what_ends_as_a_fork_opens_is_in_its_authors_inbox_there() -> None:
    """The question was open where the fork begins, and its deadline has long passed."""
    driver = Driver()
    asked = driver.ask("Ana")
    options = (Option("a", "A"), Option("b", "B"))
    driver.handle(Proposed(asked, driver.tasks.pop(asked).attempt, Asked("Which?", options)))
    store = await driver.stored()
    await fork_workspace(store, SystemClock(), "w", at=driver.sequencer.fold.seq, id="v", name="V", actor="Olga")
    async with running_server(planner=BuiltinPlanner(), store=store, workspace=None) as server:
        async with connect(f"{server.ws_url}/ws/v", token=await server.token("Ana", ws="v")) as ana:
            await ana.until(lambda room: asked in room.inbox)
            assert ana.inbox[asked]["verdict"]["code"] == "no_answer"
            await ana.acknowledge([asked])
        room = await server.registry.room("v")
        assert not (await room.hub.log.inbox.of("Ana")).intents
        assert "w" not in server.registry.rooms, "nothing happens in the original"


def never(*more: object) -> None:
    raise AssertionError("nothing goes wrong, nothing is let out")


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happens_an_inbox_holds_what_ended_and_was_not_acknowledged(seed: int) -> None:
    chance = random.Random(seed)
    driver = history(seed, 120)
    store, fold = await driver.stored(), driver.sequencer.fold
    epoch = (await store.workspace("w") or pytest.fail("it is there")).epoch
    fold.epoch = driver.sequencer.kernel.epoch = epoch
    gate = OutputGate(driver.sequencer, store, caught=never, stop=never, released=never)
    gate.durable_seq = 0
    opened = inbox.Inbox(driver.sequencer, store, gate=gate, tasks=Tasks())
    read: dict[str, set[str]] = {"Ana": set(), "Ben": set()}
    acknowledged = 0
    while gate.durable_seq < fold.seq:
        gate.durable_seq = min(fold.seq, gate.durable_seq + chance.randrange(1, 20))
        if chance.random() < 0.3:
            opened = inbox.Inbox(driver.sequencer, store, gate=gate, tasks=Tasks())
        for actor, known in read.items():
            entries = [e for e in fold.board.entries.values() if e.actor == actor and e.body.kind in RUNNING_KINDS]
            ended = [e for e in entries if 0 < e.verdict_seq <= gate.durable_seq]
            waits = sorted((e for e in ended if e.id not in known), key=lambda e: -e.verdict_seq)
            assert [entry.id for entry in (await opened.of(actor)).intents] == [e.id for e in waits]
            ids = {e.id for e in ended if chance.random() < 0.3}
            assert opened.problem(actor, ids) is None
            assert await opened.acknowledge(actor, ids) == bool(ids - known)
            acknowledged += len(ids - known)
            known |= ids
    assert acknowledged > 0
