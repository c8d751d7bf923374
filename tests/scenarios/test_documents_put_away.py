"""A document is renamed, archived, deleted and restored while people have it open: with stock clients and our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from agent.builtin.planner import BuiltinPlanner
from crdt.documents.document import Document
from crdt.sync.y_sync import ControlFrame, decode_frame, encode_control, encode_update
from tests.stock.test_y_websocket import stock_peer
from tests.support.http import WS, client_of
from tests.support.server import Running, running_server
from tests.support.until import until
from workspace.client.dial import offer

pytestmark = pytest.mark.stock


@asynccontextmanager
async def page(server: Running, doc: str, actor: str) -> AsyncIterator[ClientConnection]:
    """Open a document socket that speaks with its room, as the page does, and wait for its welcome."""
    token = await server.token(actor)
    async with connect(f"{server.ws_url}/ws/demo/{doc}", subprotocols=offer(token)) as socket:
        await socket.send(encode_control(msgspec.json.encode({"type": "hello"})))
        assert (await heard(socket, "welcome"))["role"] == "editor"
        yield socket


async def heard(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next control message of a type."""
    async with asyncio.timeout(20):
        while True:
            frame = await socket.recv()
            assert isinstance(frame, bytes)
            match decode_frame(frame):
                case ControlFrame(payload) if (message := msgspec.json.decode(payload))["type"] == kind:
                    return dict(message)
                case _:
                    pass


async def ended(socket: ClientConnection) -> tuple[int, str]:
    """Return the code and reason with which a socket is closed."""
    async with asyncio.timeout(20):
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


async def text_of(server: Running, doc: str) -> str:
    room = await server.registry.room("demo")
    return await room.read(lambda: room.sequencer.fold.documents[doc].text())


async def test_a_rename_ends_stock_sockets_by_code_and_lets_the_page_type_on() -> None:
    async with (
        running_server(planner=BuiltinPlanner()) as server,
        client_of(server, "olga", "owner") as owner,
        stock_peer(server, "ana") as ana,
        page(server, "plan", "ben") as ben,
    ):
        await ana.tell("insert", at=0, words="before ")
        await until(lambda: text_of(server, "plan"), lambda text: text == "before ")
        await owner.patch(f"{WS}/documents/plan", json={"name": "schedule"})
        told = await heard(ben, "document")
        assert told == {"type": "document", "do": "rename", "id": "plan", "was": "plan", "name": "schedule",
                        "actor": "olga"}  # fmt: skip
        closed: Any = await ana.until(lambda state: state["codes"])
        assert (closed["codes"], closed["wants"]) == (
            [[4411, "document_renamed: It is called schedule now."]], False
        )  # fmt: skip
        typed = Document("text", client=1_000_077)
        with typed.transaction() as done:
            typed.insert_text(0, "after ")
        await ben.send(encode_update(done[0].update))
        await until(lambda: text_of(server, "plan"), lambda text: "after " in text)
        # Another document may have the old name now: who was closed does not write into it.
        assert (await owner.put(f"{WS}/documents/plan", json={"kind": "text"})).status_code == 201
        await ana.tell("insert", at=0, words="kept by its author ")
        state: Any = await ana.tell("state")
        assert (state["connected"], state["text"].startswith("kept by its author")) == (False, True)
        assert (await owner.get(f"{WS}/documents/plan?format=text")).text == ""
        async with stock_peer(server, "cem", "schedule") as cem:
            await cem.until(lambda state: "after " in state["text"] and "before " in state["text"])
        async with connect(f"{server.ws_url}/ws/demo/_id/plan", subprotocols=offer(await server.token("dan"))) as by_id:
            assert await by_id.recv()
        assert (await owner.get(f"{WS}/verify")).json()["ok"]


@pytest.mark.parametrize(("state", "code"), [("archived", 4412), ("deleted", 4413)])
async def test_what_is_put_away_closes_every_socket_for_good_and_comes_back_whole(state: str, code: int) -> None:
    name = f"document_{state}"
    async with (
        running_server(planner=BuiltinPlanner()) as server,
        client_of(server, "olga", "owner") as owner,
        stock_peer(server, "ana") as ana,
        page(server, "plan", "ben") as ben,
        page(server, "budget", "cem") as cem,
    ):
        await ana.tell("insert", at=0, words="kept")
        await until(lambda: text_of(server, "plan"), lambda text: text == "kept")
        await owner.patch(f"{WS}/documents/plan", json={"state": state})
        for socket in (ben, cem):
            told = await heard(socket, "document")
            assert (told["do"], told["name"], told["actor"]) == (
                {"archived": "archive", "deleted": "delete"}[state], "plan", "olga"
            )  # fmt: skip
        closed_code, reason = await ended(ben)
        assert (closed_code, reason.partition(":")[0]) == (code, name)
        closed: Any = await ana.until(lambda state: state["codes"])
        assert (closed["codes"][0][0], closed["wants"]) == (code, False)
        await ana.tell("insert", at=4, words=" and more")
        await ana.tell("online")
        again: Any = await ana.until(lambda state: len(state["codes"]) > 1)
        assert (again["codes"][1][0], again["wants"], again["text"]) == (code, False, "kept and more")
        assert await text_of(server, "plan") == "kept"
        listed = [row["name"] for row in (await owner.get(f"{WS}/documents")).json()]
        assert listed == ["budget"], "a client that comes again makes nothing anew"
        await owner.patch(f"{WS}/documents/plan", json={"state": "living"})
        assert (await heard(cem, "document"))["do"] == "restore"
        await ana.tell("online")
        await until(lambda: text_of(server, "plan"), lambda text: text == "kept and more")
        assert (await owner.get(f"{WS}/verify")).json()["ok"]
