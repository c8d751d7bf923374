"""Who may open a socket, to what; a refusal is a close with the protocol's code."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.until import until
from tests.workspace.room.stage import Stage, stage
from workspace.settings import Settings
from workspace.sockets.credentials import SESSION_COOKIE
from workspace.sockets.endpoint import SocketEndpoint, parse_path


class Caller:
    """A client of the bare endpoint; keeps what it is sent."""

    def __init__(self, one: Stage, path: str, **more: Any) -> None:
        headers = {name.encode(): value.encode() for name, value in more.pop("headers", {}).items()}
        self.scope = {"type": "websocket", "path": path, "headers": list(headers.items()), "subprotocols": [], **more}
        self.sent: list[dict[str, Any]] = []
        self.come = asyncio.Queue[dict[str, Any]]()
        self.come.put_nowait({"type": "websocket.connect"})
        endpoint = SocketEndpoint(one.registry)
        self.task = asyncio.create_task(endpoint(self.scope, self.come.get, self.send))

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def closed(self) -> int:
        await self.task
        return int(self.sent[-1]["code"])

    async def goes(self) -> None:
        await self.come.put({"type": "websocket.disconnect"})
        await self.task


async def token(one: Stage, role: str = "editor") -> str:
    return await one.registry.tokens.make("w", actor="ana", role=role)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["subprotocol", "cookie", "query"])
async def test_a_token_is_taken_from_wherever_a_client_may_put_it(way: str) -> None:
    async with stage() as one:
        found = await token(one)
        more: dict[str, Any] = {
            "subprotocol": {"subprotocols": ["folkmoot", f"token.{found}"]},
            "cookie": {"headers": {"cookie": f"{SESSION_COOKIE}={found}", "origin": "http://h", "host": "h"}},
            "query": {"query_string": f"token={found}".encode()},
        }[way]
        caller = Caller(one, "/ws/w/plan", **more)
        await until(lambda: one.room.hub.peers)
        (peer,) = one.room.hub.peers
        assert (peer.session.identity.actor, peer.session.doc) == ("ana", "plan")
        assert caller.sent[0]["subprotocol"] == ("folkmoot" if way == "subprotocol" else None)
        await caller.goes()
        await until(lambda: not one.room.hub.peers)


@pytest.mark.parametrize(
    ("path", "code"), [("/ws/w/nowhere", 4404), ("/ws/nothing", 4401), ("/ws/W!", 4401), ("/ws/", 4401)]
)
async def test_what_is_not_there_and_what_is_not_yours_look_alike_to_a_token_of_another_place(
    path: str, code: int
) -> None:
    async with stage() as one:
        caller = Caller(one, path, query_string=f"token={await token(one)}".encode())
        assert await caller.closed() == code
        assert caller.sent[0]["type"] == "websocket.accept", "a browser sees no code of an HTTP denial"


async def test_a_page_of_another_origin_opens_nothing_whatever_it_brings() -> None:
    async with stage() as one:
        query = f"token={await token(one)}".encode()
        headers = {"origin": "https://elsewhere", "host": "here"}
        assert await Caller(one, "/ws/w/plan", query_string=query, headers=headers).closed() == 1008


async def test_on_an_open_server_anybody_is_a_guest_but_who_brings_a_wrong_token_is_not() -> None:
    async with stage(settings=Settings(is_open=True)) as one:
        caller = Caller(one, "/ws/w", query_string=b"name=Zoe")
        await until(lambda: one.room.hub.peers)
        (peer,) = one.room.hub.peers
        assert peer.session.identity.actor == "Zoe"
        await caller.goes()
        assert await Caller(one, "/ws/w", subprotocols=["token.wrong"]).closed() == 4401


async def test_a_socket_that_never_connects_is_told_nothing() -> None:
    async with stage() as one:
        caller = Caller(one, "/ws/w")
        caller.come = asyncio.Queue()
        endpoint, sent = SocketEndpoint(one.registry), list[object]()

        async def receive() -> dict[str, str]:
            return {"type": "websocket.disconnect"}

        async def send(message: object) -> None:
            sent.append(message)

        await endpoint(caller.scope, receive, send)  # type: ignore[arg-type]
        assert sent == []
        caller.task.cancel()


def test_a_path_names_a_workspace_and_perhaps_a_document_with_slashes_of_its_own() -> None:
    assert parse_path("/ws/w") == parse_path("/ws/w/") == ("w", None)
    assert parse_path("/ws/w/a/b c") == ("w", "a/b c")
