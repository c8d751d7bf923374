"""A relay on loopback between a client and a server: it passes bytes on, and says to the client what it is told."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Relay:
    """An async context manager; `port` is where clients connect instead of to the server."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._clients: list[asyncio.StreamWriter] = []
        self._ways: list[asyncio.Task[None]] = []
        self.port = 0
        # Whether it takes connections, and whether it passes on what the server says.
        self.is_open, self.is_deaf = True, False

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    async def say(self, data: bytes) -> None:
        """Send bytes to every client, as if the server had sent them; clients on this loop have read them on return."""
        for client in self._clients:
            if not client.is_closing():
                client.write(data)
                await client.drain()
        for _ in range(2):  # loopback delivers at once: one pass of the loop finds the bytes, the next has read them
            await asyncio.sleep(0)

    def cut(self) -> None:
        """Cut every connection as it is, on both sides."""
        clients, self._clients = self._clients, []
        for client in clients:
            client.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            writer.transport.abort()
            return
        try:
            there, to = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:  # the server is not there
            writer.transport.abort()
            return
        self._clients.append(writer)
        self._ways += [
            asyncio.create_task(self._pass(reader, to)),
            asyncio.create_task(self._pass(there, writer, is_server=True)),
        ]

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_server: bool = False
    ) -> None:
        try:
            while data := await reader.read(1 << 16):
                if not (is_server and self.is_deaf):
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            pass  # one of the two is gone, which the other learns below
        finally:
            writer.close()
