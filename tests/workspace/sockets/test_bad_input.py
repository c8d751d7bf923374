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
from websockets.frames import Close
from websockets.typing import Subprotocol

from agent.builtin.planner import BuiltinPlanner
from crdt.documents.anchor import place_anchors
from crdt.sync.awareness import AwarenessEntry, decode_awareness, encode_awareness
from crdt.sync.y_sync import (
    AwarenessFrame,
    ControlFrame,
    decode_frame,
    encode_awareness_frame,
    encode_control,
    encode_step1,
    encode_update,
)
from crdt.updates.lib0 import Writer
from tests.support.server import Running, running_server
from workspace.client import Refused
from workspace.client.document import DocumentClient, connect_document
from workspace.settings import Settings
from workspace.sockets.uvicorn_protocol import FastProtocol

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


CARRIERS: dict[str, Any] = {"line": FastProtocol, "asgi": "websockets-sansio"}
carrier: ContextVar[Any] = ContextVar("carrier", default=FastProtocol)


@pytest.fixture(autouse=True, params=list(CARRIERS))
def _carriers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test here holds for the server's own line and for plain ASGI."""
    before = carrier.set(CARRIERS[request.param])
    yield
    carrier.reset(before)


@asynccontextmanager
async def scene(settings: Settings | None = None) -> AsyncIterator[tuple[Running, Bystander]]:
    async with running_server(planner=BuiltinPlanner(), carrier=carrier.get(), settings=settings) as server:
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
    return (await farewell(socket)).code


async def farewell(socket: ClientConnection) -> Close:
    """Return the server's close."""
    async with asyncio.timeout(WAIT):
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd


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


async def test_an_oversize_frame_is_too_big_and_the_reason_names_the_bound() -> None:
    async with scene(Settings(document_bytes_max=1 << 20, frame_bytes_max=2 << 20)) as (server, _):
        socket = await raw(server, "/ws/demo/plan", token=await server.token("mallory"))
        # Under a foreign server a client that has much left to send may be cut before it reads why.
        await socket.send(b"\x00\x02" + b"\x00" * (20 << 20 if carrier.get() is FastProtocol else 2 << 20))
        close = await farewell(socket)
        assert (close.code, str(2 << 20) in close.reason) == (1009, True)
        assert carrier.get() is not FastProtocol or "FOLKMOOT_FRAME_BYTES_MAX" in close.reason


async def heard(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next control message of a kind, on either socket."""
    async with asyncio.timeout(WAIT):
        while True:
            frame = await socket.recv()
            if isinstance(frame, bytes):
                if frame[0] != 100:
                    continue
                decoded = decode_frame(frame)
                assert isinstance(decoded, ControlFrame)
                frame = decoded.payload.decode()
            message = json.loads(frame)
            if message["type"] == kind:
                return dict(message)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


ODD: dict[str, tuple[str, str]] = {
    "nested": (json.dumps({"type": "intent", "n": 1, "text": "x", "seen": 0, "refs": deep(40)}), "malformed"),
    "an unknown kind": ('{"type":"intent","n":1,"kind":"dance","text":"x","seen":0}', "malformed"),
    "no number": ('{"type":"intent","n":1,"text":"x","seen":NaN}', "malformed"),
    "too large": (json.dumps({"type": "intent", "n": 1, "text": "x" * 300_000, "seen": 0}), "too_large"),
    "a large number": ('{"type":"intent","n":1,"text":"x","seen":99999999999999999999}', "malformed"),
    "a scope without its document": ('{"type":"intent","n":1,"text":"x","seen":0,"scope":[{"doc":"no"}]}', "bad_scope"),
}
HELLO = '{"type":"hello"}'


@pytest.mark.parametrize("name", list(ODD))
@pytest.mark.parametrize("path", ["/ws/demo", "/ws/demo/plan"])
async def test_an_intent_that_cannot_be_taken_is_answered_and_the_next_one_is_taken(name: str, path: str) -> None:
    message, code = ODD[name]

    def framed(text: str) -> bytes | str:
        return text if path == "/ws/demo" else encode_control(text.encode())

    async with scene() as (server, _):
        socket = await raw(server, path, token=await server.token("ana"))
        await socket.send(framed(HELLO))
        await heard(socket, "welcome")
        await socket.send(framed(message))
        nack = await heard(socket, "nack")
        assert (nack["n"], nack["code"]) == (1, code)
        assert nack["reason"]
        assert nack["remedy"]
        await socket.send(framed('{"type":"intent","n":1,"kind":"do","text":"append \\"y\\" to plan","seen":0}'))
        assert (await heard(socket, "ack"))["n"] == 1
        await socket.close()


@pytest.mark.parametrize(
    "message", ['{"type":"dance"}', "[]", "7", '{"type":"seen","seq":-1}', "[" * 50_000, '{"type":"seen","seq":1e999}']
)
async def test_a_message_that_cannot_be_taken_is_answered_by_an_error_that_says_what_to_do(message: str) -> None:
    async with scene() as (server, _):
        socket = await raw(server, "/ws/demo", token=await server.token("ana"))
        await socket.send(message)
        error = await heard(socket, "error")
        await socket.send(HELLO)
        await heard(socket, "welcome")
        await socket.send(message)
        again = await heard(socket, "error")
        for one in (error, again):
            assert (one["what"], bool(one["reason"]), bool(one["remedy"])) == ("message", True, True)
        assert socket.close_code is None
        await socket.close()


async def test_a_quotation_that_was_cut_inside_an_emoji_is_taken() -> None:
    async with scene() as (server, bystander):
        await bystander.document.insert(0, "😀 and the end ")
        start, end = (one.encode() for one in place_anchors(bystander.document.document, [(0, 0), (3, -1)]))
        scope = f'[{{"doc":"plan","from":"{start}","to":"{end}","quote":"\\ud83d"}}]'
        socket = await raw(server, "/ws/demo", token=await server.token("ana"))
        await socket.send(HELLO)
        await heard(socket, "welcome")
        await socket.send(f'{{"type":"intent","n":1,"kind":"do","text":"\\ude00","seen":0,"scope":{scope}}}')
        answer = await heard(socket, "ack")
        record = next(
            row for row in await server.registry.store.rows("demo", kind="intent") if row.seq == answer["seq"]
        )
        assert "\ufffd" in record.body
        await socket.close()


async def test_what_is_refused_of_an_edit_is_said_with_its_document_and_a_remedy() -> None:
    async with scene() as (server, _):
        socket = await raw(server, "/ws/demo/plan", token=await server.token("ana"))
        await socket.send(encode_control(HELLO.encode()))
        await socket.send(encode_update(nested_arrays(100)))
        error = await heard(socket, "error")
        assert (error["what"], error["document"], error["code"]) == ("edit", "plan", "nested_too_deep")
        assert error["reason"]
        assert error["remedy"]
        await socket.close()


async def test_a_presence_that_is_too_large_is_told_once_and_shown_without_what_is() -> None:
    async with scene() as (server, _):
        ana = await raw(server, "/ws/demo/plan", token=await server.token("ana"))
        ben = await raw(server, "/ws/demo/plan", token=await server.token("ben"))
        await ana.send(encode_control(HELLO.encode()))
        for clock in (1, 2, 3):
            state: Any = {"picture": "x" * 200_000, "at": clock}
            await ana.send(encode_awareness_frame(encode_awareness([AwarenessEntry(777, clock, state)])))
        error = await heard(ana, "error")
        assert (error["what"], error["document"], error["code"]) == ("presence", "plan", "too_large")
        shown: dict[str, Any] = {}
        async with asyncio.timeout(WAIT):
            while shown.get("at") != 3:
                frame = await ben.recv()
                assert isinstance(frame, bytes)
                if frame[0] == 1 and isinstance(said := decode_frame(frame), AwarenessFrame):
                    entries = [one.state for one in decode_awareness(said.payload) if one.client == 777]
                    shown = entries[0] or {} if entries else shown
        assert shown == {"at": 3, "user": {"name": "ana", "kind": "human"}}
        await ana.send(encode_control(b'{"type":"dance"}'))
        assert (await heard(ana, "error"))["what"] == "message", "of the presence it is told once"
        await ana.close()
        await ben.close()


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
        token = await server.token("ana", expires=server.registry.clock.now() - 1)
        assert await closing(await raw(server, "/ws/demo/plan", token=token)) == 4401


async def test_revocation_closes_the_socket_within_a_second() -> None:
    async with scene() as (server, _):
        socket = await raw(server, "/ws/demo/plan", token=await server.token("mallory"))
        await socket.recv()
        await server.registry.revoke("demo", actor="mallory", token_id=None)
        async with asyncio.timeout(1):
            assert await closing(socket) == 4401


async def test_a_viewer_is_denied_and_stays() -> None:
    async with (
        scene() as (server, bystander),
        connect_document(f"{server.ws_url}/ws/demo", "plan", token=await server.token("vera", "viewer")) as viewer,
    ):
        with viewer.document.transaction() as done:
            viewer.document.insert_text(0, "mine")
        assert viewer.socket is not None
        await viewer.socket.send(encode_update(done[0].update))
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
            with pytest.raises(Refused) as raised:
                await mallory.saved()
            assert raised.value.code == "foreign_id"
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
