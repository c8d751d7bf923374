"""Bad input over real sockets: the protocol's code, nobody else disturbed, nothing lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from agent.builtin.planner import BuiltinPlanner
from crdt.sync import encode_control, encode_step1, encode_update
from crdt.wire import Writer
from tests.support.server import Running, running_server
from workspace.document_client import DocumentClient, connect_document
from workspace.line import Line

WAIT = 10
NESTING_CLIENT = 900_000


@dataclass
class Bystander:
    """Somebody who only wants to go on typing."""

    server: Running
    document: DocumentClient
    typed: int = 0

    async def goes_on(self) -> None:
        """Type one more character and see it come back to a second reader of the document."""
        self.typed += 1
        await self.document.insert(len(self.document.text()), "x")
        token = await self.server.token("witness")
        async with connect_document(f"{self.server.ws_url}/ws/demo", "plan", token=token) as witness:
            await witness.until(lambda client: client.text().count("x") == self.typed, WAIT)
        assert self.document.closed is None


CARRIERS: dict[str, Any] = {"line": Line, "asgi": "websockets-sansio"}
carrier: ContextVar[Any] = ContextVar("carrier", default=Line)


@pytest.fixture(autouse=True, params=list(CARRIERS))
def _carriers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test here holds for the server's own line and for plain ASGI."""
    before = carrier.set(CARRIERS[request.param])
    yield
    carrier.reset(before)


@asynccontextmanager
async def scene() -> AsyncIterator[tuple[Running, Bystander]]:
    async with running_server(planner=BuiltinPlanner(), carrier=carrier.get()) as server:
        token = await server.token("bystander")
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as document:
            bystander = Bystander(server, document)
            await bystander.goes_on()
            yield server, bystander
            await bystander.goes_on()


async def raw(server: Running, path: str, *, token: str | None = None, **more: object) -> ClientConnection:
    offered = [Subprotocol("folkmoot"), *([Subprotocol(f"token.{token}")] if token else [])]
    return await connect(f"{server.ws_url}{path}", subprotocols=offered, compression=None, **more)  # type: ignore[arg-type]


async def closing(socket: ClientConnection) -> int:
    """Return the code with which the server closes."""
    async with asyncio.timeout(WAIT):
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def nested_arrays(depth: int) -> bytes:
    """An update that sets a map key to arrays within arrays: 52 KB of it end the process inside pycrdt."""
    writer = Writer().var_uint(1).var_uint(1).var_uint(NESTING_CLIENT).var_uint(0)
    writer.byte(0x28).var_uint(1).var_string("data").var_string("k").var_uint(1)
    for _ in range(depth):
        writer.byte(117).var_uint(1)
    return writer.byte(126).var_uint(0).getvalue()


FRAMES = {
    "empty": (b"", 4400),
    "unknown type": (b"\x09", 4400),
    "unknown sync": (b"\x00\x07\x00", 4400),
    "trailing": (encode_step1(b"\x00") + b"x", 4400),
    "short": (b"\x00\x02\xff\x01", 4400),
    "varint bomb": (b"\x00\x00" + b"\xff" * 5000, 4400),
    "vector of 2^29": (encode_step1(b"\xff\xff\xff\xff\x01"), 4400),
    "clients of 2^28": (encode_update(b"\xff\xff\xff\x7f"), 4400),
    "not an update": (encode_update(b"\x05garbage"), 4400),
    "control junk": (encode_control(b"not json"), 4400),
    "awareness junk": (b"\x01\x03\x05\x05\x05", 4400),
    "auth from a client": (b"\x02\x00\x00", 4400),
}


@pytest.mark.parametrize("name", list(FRAMES))
async def test_a_malformed_frame_closes_only_its_own_socket(name: str) -> None:
    frame, status = FRAMES[name]
    async with scene() as (server, bystander):
        socket = await raw(server, "/ws/demo/plan", token=await server.token("mallory"))
        await socket.send(frame)
        assert await closing(socket) == status
        await bystander.goes_on()


async def test_an_oversize_frame_is_too_big() -> None:
    async with scene() as (server, _):
        socket = await raw(server, "/ws/demo/plan", token=await server.token("mallory"))
        await socket.send(b"\x00\x02" + b"\x00" * (2 << 20))
        assert await closing(socket) == 1009


@pytest.mark.parametrize(
    ("path", "token", "more", "status"),
    [
        ("/ws/demo/nowhere", "good", {}, 4404),
        ("/ws/demo/..%2fplan", "good", {}, 4404),
        ("/ws/elsewhere/plan", "good", {}, 4401),
        ("/ws/demo/plan", None, {}, 4401),
        ("/ws/demo/plan", "fm_000000000000_00000000000000000000000000000000", {}, 4401),
        ("/ws/demo/plan", "nonsense", {}, 4401),
        ("/ws/demo", None, {}, 4401),
        ("/ws/demo/plan", "good", {"origin": "http://evil.example"}, 1008),
    ],
)
async def test_who_may_not_come_in_is_told_by_code(
    path: str, token: str | None, more: dict[str, str], status: int
) -> None:
    async with scene() as (server, _):
        given = await server.token("ana") if token == "good" else token
        assert await closing(await raw(server, path, token=given, **more)) == status


async def test_an_expired_token_does_not_count() -> None:
    async with scene() as (server, _):
        token = await server.token("ana", expires=server.lobby.clock.now() - 1)
        assert await closing(await raw(server, "/ws/demo/plan", token=token)) == 4401


async def test_revocation_closes_the_socket_within_a_second() -> None:
    async with scene() as (server, _):
        socket = await raw(server, "/ws/demo/plan", token=await server.token("mallory"))
        await socket.recv()
        await server.lobby.revoke("demo", actor="mallory", token_id=None)
        async with asyncio.timeout(1):
            assert await closing(socket) == 4401


async def test_a_viewer_is_denied_and_stays() -> None:
    async with (
        scene() as (server, bystander),
        connect_document(f"{server.ws_url}/ws/demo", "plan", token=await server.token("vera", "viewer")) as viewer,
    ):
        await viewer.insert(0, "mine")
        await bystander.goes_on()
        assert "mine" not in bystander.document.text()
        assert viewer.closed is None


async def speak(socket: ClientConnection, message: dict[str, object]) -> dict[str, object]:
    await socket.send(json.dumps(message))
    async with asyncio.timeout(WAIT):
        while True:
            answer = json.loads(await socket.recv())
            if answer["type"] in ("ack", "nack", "error", "welcome"):
                return answer


async def test_forged_and_repeated_intents_are_told_by_code() -> None:
    async with scene() as (server, _):
        socket = await raw(server, "/ws/demo", token=await server.token("ana"))
        assert (await speak(socket, {"type": "intent", "n": 1, "text": "x"}))["type"] == "error"
        welcome = await speak(socket, {"type": "hello"})
        intent = {"type": "intent", "n": 1, "text": 'append "y" to plan', "seen": 0}
        forged = await speak(socket, {**intent, "seen": 10_000})
        assert (forged["type"], forged["code"]) == ("nack", "bad_clock")
        first = await speak(socket, intent)
        again = await speak(socket, intent)
        assert first["type"] == "ack"
        assert (again["id"], again["seq"]) == (first["id"], first["seq"])
        assert (await speak(socket, {**intent, "text": "another"}))["code"] == "equivocation"
        assert (await speak(socket, {**intent, "n": 7}))["code"] == "gap"
        assert (await speak(socket, {**intent, "n": 2, "scope": [{"doc": "nowhere"}]}))["code"] == "bad_scope"
        assert (await speak(socket, {**intent, "n": 2, "scope": [{"doc": "plan", "from": "!"}]}))["code"] == "bad_scope"
        assert (await speak(socket, {**intent, "n": 2, "text": "x" * 9000}))["code"] == "too_large"
        assert (await speak(socket, {**intent, "n": 2, "kind": "dance"}))["code"] == "malformed"
        assert (await speak(socket, {**intent, "n": 2, "kind": "answer", "refs": ["q9"], "value": "a"}))[
            "code"
        ] == "malformed"
        guest = await raw(server, "/ws/demo", token=await server.token("vera", "viewer"))
        await speak(guest, {"type": "hello"})
        assert (await speak(guest, intent))["code"] == "read_only"
        thief = await raw(server, "/ws/demo", token=await server.token("mallory"))
        await thief.send(json.dumps({"type": "hello", "lane": welcome["lane"], "secret": "0" * 32}))
        assert await closing(thief) == 4401
        await guest.close()
        await socket.close()


async def test_an_id_under_which_somebody_writes_is_nobody_elses() -> None:
    async with scene() as (server, bystander):
        own = bystander.document.document.client
        url = f"{server.ws_url}/ws/demo"
        async with connect_document(url, "plan", token=await server.token("mallory")) as mallory:
            forged = mallory.document.fork(own)
            with forged.transaction() as done:
                forged.insert_text(0, "forged")
            await mallory.socket.send(encode_update(done[0].update))
            await mallory.insert(len(mallory.text()), "mine")
            await bystander.document.until(lambda client: client.text().endswith("mine"), WAIT)
            assert mallory.closed is None
        assert "forged" not in bystander.document.text()


async def test_a_value_that_is_nested_too_deep_is_taken_out_and_its_author_goes_on() -> None:
    async with scene() as (server, bystander):
        socket = await raw(server, "/ws/demo/plan", token=await server.token("ana"))
        await socket.send(encode_update(nested_arrays(50_000)))
        later = Writer().var_uint(1).var_uint(1).var_uint(NESTING_CLIENT).var_uint(1).byte(4)
        await socket.send(encode_update(later.var_uint(1).var_string("content").var_string("later").byte(0).getvalue()))
        await bystander.document.until(lambda client: "later" in client.text(), WAIT)
        await socket.close()


async def test_a_gap_is_answered_with_a_question_for_what_is_missing() -> None:
    async with scene() as (server, _):
        url = f"{server.ws_url}/ws/demo"
        async with connect_document(url, "plan", token=await server.token("ana")) as ana:
            with ana.document.transaction():
                ana.document.insert_text(0, "lost ")
            await ana.insert(5, "kept ")
            token = await server.token("ben")
            async with connect_document(url, "plan", token=token) as ben:
                await ben.until(lambda client: client.text().startswith("lost kept "), WAIT)
