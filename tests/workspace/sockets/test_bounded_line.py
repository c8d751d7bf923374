"""A socket that is closing ends in a bounded time, also where nobody reads what was written before."""

from __future__ import annotations

import asyncio
import gc
import socket

import pytest
from websockets.frames import Frame, Opcode

from tests.support.server import Running, running_server
from tests.support.until import NotInTime, until
from workspace.settings import Settings
from workspace.sockets.bounded_line import BoundedLine, line_of

BACKLOG = b"\x82\x7f" + (16 << 20).to_bytes(8, "big") + bytes(16 << 20)


def open_lines() -> list[BoundedLine]:
    gc.collect()
    found = [one for one in gc.get_objects() if isinstance(one, BoundedLine)]
    return [one for one in found if not one.disconnected]


async def unread_socket(server: Running) -> tuple[socket.socket, BoundedLine]:
    """Open a socket of a client that reads nothing, and let more wait for it than the kernel takes."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, ("127.0.0.1", server.port))
    head = (
        "GET /ws/demo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: token.{await server.token('ana')}\r\n\r\n"
    )
    await loop.sock_sendall(raw, head.encode())
    (own,) = await until(open_lines)
    await until(lambda: own.handshake_complete)
    own.transport.write(BACKLOG)
    assert own.transport.get_write_buffer_size() > 1 << 20
    return raw, own


@pytest.mark.parametrize("who", ["server", "client"])
async def test_a_close_that_nobody_reads_ends_the_connection_all_the_same(who: str) -> None:
    async with running_server(settings=Settings(unread_seconds_max=1)) as server:
        raw, own = await unread_socket(server)
        if who == "client":
            frame = Frame(Opcode.CLOSE, (1000).to_bytes(2, "big")).serialize(mask=True)
            await asyncio.get_running_loop().sock_sendall(raw, frame)
        else:
            own.keepalive_timeout()
        await until(lambda: own.disconnected, seconds=6)
        raw.close()


async def test_an_open_socket_is_not_cut_by_this() -> None:
    async with running_server(settings=Settings(unread_seconds_max=1)) as server:
        raw, own = await unread_socket(server)
        with pytest.raises(NotInTime):
            await until(lambda: own.disconnected, seconds=2)
        raw.close()


def test_a_servers_sockets_have_its_setting_and_cost_no_dict() -> None:
    made = line_of(Settings(unread_seconds_max=7))
    assert (made.unread_seconds_max, BoundedLine.unread_seconds_max) == (7, 60.0)
    assert "__slots__" in vars(made)
