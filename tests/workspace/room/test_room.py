"""Readers beside the writer: what a reader raises is the reader's, and data stops no room twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

import workspace.intents.steps.admission as admission
import workspace.intents.steps.planning as planning
from agent.builtin.planner import BuiltinPlanner
from crdt.documents.document import Document
from crdt.errors import BrokenDocument
from tests.support.server import Running, running_server
from tests.support.until import until
from tests.workspace.room.stage import stage
from workspace.client import connect
from workspace.client.dial import offer
from workspace.client.document import connect_document
from workspace.errors import EventRefused, RoomClosed
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured
from workspace.intents.sequencer import Sequencer
from workspace.protocol.session import DocumentEdit, Session, WantState
from workspace.room.failures import Failures
from workspace.room.log_follow import LogFollow
from workspace.room.peer import Peer

WAIT = 20.0
EMPTY = b"\x00\x00"


@pytest.fixture
async def server() -> AsyncIterator[Running]:
    async with running_server(planner=BuiltinPlanner()) as running:
        yield running


async def http(server: Running, role: str = "owner") -> httpx2.AsyncClient:
    token = await server.token("olga", role)
    return httpx2.AsyncClient(base_url=server.url, headers={"authorization": f"Bearer {token}"})


def fails(monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException, *, kind: str = "text") -> None:
    real: Callable[..., object] = getattr(Document, name)

    def call(document: Document, *more: object) -> object:
        if document.kind == kind:
            raise error
        return real(document, *more)

    monkeypatch.setattr(Document, name, call)


class Panic(BaseException):
    """What a native library raises is no Exception."""


async def test_what_a_reader_raises_goes_to_the_reader_and_the_room_lives(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await server.registry.room("demo")
    client = await http(server)
    token = await server.token("Ana")
    async with client, connect_document(f"{server.ws_url}/ws/demo", "budget", token=token, kind="data") as budget:
        for error in (RecursionError("deep"), RuntimeError("a bug"), Panic("native")):
            with monkeypatch.context() as patched:
                for reader in ("value", "text"):
                    fails(patched, reader, error)
                answer = await client.get("/api/workspaces/demo/documents/plan")
            assert answer.status_code in (409, 500), answer.text
            assert answer.json()["code"] in ("internal", "document_broken")
            assert answer.json()["remedy"]
        assert (await client.get("/api/workspaces/demo/documents/plan")).status_code == 200
        assert room.is_open
        await budget.set(("x",), 1)
        assert (await client.get("/api/workspaces/demo/documents/budget")).status_code == 200
    assert server.registry.rooms["demo"] is room


async def test_what_a_socket_asks_for_and_cannot_have_costs_that_socket_alone(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, token = await server.registry.room("demo"), await server.token("Ana")
    peer = Peer(Session(id="p", identity=await _identity(server), lane="p", doc="plan"))
    await room.read(lambda: room.hub.join(peer))
    async with connect_document(f"{server.ws_url}/ws/demo", "budget", token=token, kind="data") as budget:
        with monkeypatch.context() as patched:
            fails(patched, "encode", RuntimeError("a bug"))
            with pytest.raises(RuntimeError):
                await room.read(lambda: room.commands.take(peer, WantState(b"\x00")))
            assert room.mailbox.try_post(lambda: room.commands.take(peer, WantState(b"\x00")))
            await room.read(lambda: None)
        assert peer.closing is not None
        assert (peer.closing.status, peer.closing.code) == (1011, "internal")
        await budget.set(("x",), 1)
    assert room.is_open


async def _identity(server: Running) -> object:
    return await server.registry.tokens.identify(await server.token("Eve", "viewer"), "demo")


async def test_a_peer_that_was_refused_has_no_further_say(server: Running) -> None:
    room = await server.registry.room("demo")
    peer = Peer(Session(id="p", identity=await _identity(server), lane="p", doc="nowhere"))  # type: ignore[arg-type]
    await room.read(lambda: room.hub.join(peer))
    assert peer.closing is not None
    assert peer.closing.status == 4404
    update = DocumentEdit(EMPTY, None, is_step2=True)  # type: ignore[arg-type]
    for command in (WantState(b"\x00"), update):
        await room.read(lambda command=command: room.commands.take(peer, command))  # type: ignore[misc]
    await room.read(lambda: room.commands.edit(peer, [update]))
    assert room.is_open
    assert not room.hub.peers


@pytest.mark.damages_logs
async def test_a_document_that_breaks_closes_its_own_sockets_and_is_shown_to_the_owner(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, token = await server.registry.room("demo"), await server.token("Ana")
    address = f"{server.ws_url}/ws/demo"
    client = await http(server)
    async with (
        client,
        connect(address, token=token) as people,
        connect_document(address, "budget", token=token, kind="data") as budget,
    ):
        async with connect_document(address, "plan", token=token) as plan:
            await plan.insert(0, "words")
            await plan.saved()
            await people.until(lambda r: any(one["kind"] == "update" for one in r.records), WAIT)
            fails(monkeypatch, "value", BrokenDocument("it panicked"))
            fails(monkeypatch, "digest", BrokenDocument("it panicked"))
            refused = await client.get("/api/workspaces/demo/documents/plan")
            assert refused.status_code == 409, refused.text
            await until(lambda: all(peer.session.doc != "plan" for peer in room.hub.peers))
        for path in ("documents/plan", "attribution/plan"):
            answer = (await client.get(f"/api/workspaces/demo/{path}")).json()
            assert (answer["code"], bool(answer["remedy"])) == ("document_broken", True)
        again = await client.put("/api/workspaces/demo/documents/plan", json={"kind": "text"})
        assert (again.status_code, again.json()["code"]) == (409, "document_broken")
        instruction = {"text": 'append "x" to plan', "scope": [{"doc": "plan"}]}
        asked = await client.post("/api/workspaces/demo/intents", json=instruction)
        assert (asked.status_code, asked.json()["code"]) == (409, "document_broken")
        shown = (await client.get("/api/workspaces/demo")).json()
        assert list(shown["documents"]) == ["budget"]
        assert "panicked" in shown["quarantined"]["plan"]
        peer = Peer(Session(id="p", identity=await _identity(server), lane="p", doc="plan"))  # type: ignore[arg-type]
        await room.read(lambda: room.hub.join(peer))
        assert peer.closing is not None
        assert (peer.closing.status, peer.closing.code) == (4410, "document_broken")
        await budget.set(("by hand",), 1)
        assert (await (await people.intent("set budget.price to 7")).verdict(WAIT))["state"] == "done"
        checked = (await client.get("/api/workspaces/demo/verify")).json()
        assert (checked["ok"], checked["code"], checked["lost"][0]["doc"]) == (False, "document_broken", "plan")
    assert server.registry.rooms["demo"] is room, "nobody at another document was disturbed"


async def test_an_event_that_stopped_the_room_is_not_taken_again(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Sequencer._configure

    def configure(sequencer: Sequencer, turn: object, event: Configured) -> None:
        if event.config.name == "bad":
            raise ZeroDivisionError
        real(sequencer, turn, event)  # type: ignore[arg-type]

    monkeypatch.setattr(Sequencer, "_configure", configure)
    client = await http(server)
    async with client:
        first = await client.put("/api/workspaces/demo/config", json={"name": "bad"})
        assert (first.status_code, first.json()["code"]) == (503, "no_sequencer")
        room = await server.registry.room("demo")
        for _ in range(3):
            answer = await client.put("/api/workspaces/demo/config", json={"name": "bad"})
            assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert (await client.put("/api/workspaces/demo/config", json={"name": "good"})).status_code == 200
    assert server.registry.rooms["demo"] is room, "stopped once"
    with pytest.raises(EventRefused):
        await room.submit(Configured("olga", ConfigBody(name="bad")))


async def test_an_instruction_that_stops_the_room_as_it_arrives_is_refused_when_it_comes_again(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = admission.submit

    def submit(core: object, turn: object, event: object) -> None:
        real(core, turn, event)  # type: ignore[arg-type]
        if "boom" in event.frame.text:  # type: ignore[attr-defined]
            raise ZeroDivisionError

    monkeypatch.setattr(admission, "submit", submit)
    async with connect(f"{server.ws_url}/ws/demo", token=await server.token("Ana")) as people:
        with pytest.raises(Exception, match="not taken again"):
            async with asyncio.timeout(WAIT):
                await people.intent("boom")
        assert (await (await people.intent('append "x" to plan')).verdict(WAIT))["state"] == "done"
    assert server.registry.metrics.value("rooms_opened_total") == 2


async def test_a_turn_that_raises_on_an_intent_stops_the_room_twice_and_ends_the_intent(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    def expressible(answer: object) -> bool:
        if "boom" in str(getattr(answer, "summary", "")):
            asked.append("planned")
            raise ZeroDivisionError
        return True

    monkeypatch.setattr(planning, "is_expressible", expressible)
    async with connect(f"{server.ws_url}/ws/demo", token=await server.token("Ana")) as people:
        bad = await people.intent('append "boom" to plan')
        verdict = await bad.verdict(WAIT)
        assert (verdict["state"], verdict["code"]) == ("failed", "internal")
        assert verdict["remedy"]
        assert (await (await people.intent('append "x" to plan')).verdict(WAIT))["state"] == "done"
    assert len(asked) == 2
    rows = await server.registry.store.rows("demo")
    assert sum('"turn_failed"' in row.body for row in rows) == 2


async def test_a_closed_room_says_so(server: Running) -> None:
    room = await server.registry.room("demo")
    await room.close()
    for call in (room.read(lambda: 1), room.submit(Configured("olga", ConfigBody(name="x")))):
        with pytest.raises(RoomClosed):
            await call


async def test_who_comes_in_a_pause_is_told_why_and_to_come_later(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await server.registry.room("demo")
    await room.close()
    monkeypatch.setattr(Failures, "pause", lambda *args: (3.0, "it does not open"))
    client = await http(server)
    async with client:
        answer = await client.get("/api/workspaces/demo")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "it does not open" in answer.json()["detail"]
    token = await server.token("Ana")
    async with open_socket(
        f"{server.ws_url}/ws/demo/plan", subprotocols=offer(token), max_size=1 << 20, compression=None
    ) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, bool(closed.value.rcvd.reason)) == (1013, True)


async def test_what_cannot_be_told_costs_those_who_were_to_be_told_their_sockets(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come again and have it from the log; the room goes on."""
    room = await server.registry.room("demo")
    real, broke = LogFollow.tell, list[bytes]()

    def tell(log: LogFollow, message: bytes) -> None:
        if b'"type":"state"' in message and not broke:
            broke.append(message)
            raise UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates not allowed")
        real(log, message)

    monkeypatch.setattr(LogFollow, "tell", tell)
    async with connect(f"{server.ws_url}/ws/demo", token=await server.token("Ana")) as people:
        assert (await (await people.intent('append "x" to plan')).verdict(WAIT))["state"] == "done"
    assert broke
    assert server.registry.rooms["demo"] is room


async def test_what_was_submitted_and_what_was_seen_is_told_when_it_is_on_disk() -> None:
    """I19, I23: a call to a model leaves when `submit` returns, and its reservation is in the log by then."""
    async with stage() as one:
        one.store.is_held = True
        asked = asyncio.ensure_future(one.room.submit(Configured("olga", ConfigBody(name="x"))))
        seen = asyncio.ensure_future(one.room.read(lambda: one.room.sequencer.fold.name))
        await until(lambda: one.store.waiting)
        for _ in range(20):  # as long as it takes everything that may to come to its end
            await asyncio.sleep(0)
        assert not asked.done()
        assert not seen.done()
        one.store.write()
        assert await seen == "x"
        assert (await asked).records
