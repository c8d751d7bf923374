"""Servers on loopback that do everything but what a client hopes for; each ends with its block."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
WELCOME = {
    "type": "welcome", "lane": "L1", "secret": "s", "n": 0, "seq": 0, "epoch": 1, "actor": "ana", "role": "editor",
    "server": "0",
}  # fmt: skip


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[int]:
    """Serve on a free port: every connection is answered so. Yields the port."""
    tasks = set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        running = tuple(tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def http(status: str, *headers: str, body: str = "") -> Answer:
    """Answer every request in these words."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"))
        writer.write(f"{head}\r\n{body}".encode())
        await writer.drain()

    return answer


def raw(said: bytes) -> Answer:
    """Answer every request with these bytes, and close."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await writer.drain()

    return answer


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept, read, and say nothing."""
    await reader.read()


async def dribbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begin an answer and end no line of it."""
    writer.write(b"HTTP/1.1 101 Switching Prot")
    await writer.drain()
    await silent(reader, writer)


def socket(*frames: bytes, subprotocol: str | None = "folkmoot", is_cut: bool = False) -> Answer:
    """Shake hands as a WebSocket server does, send these frames, then close the line, or fall silent."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake_hands(reader, writer, subprotocol)
        writer.write(b"".join(frames))
        await writer.drain()
        if not is_cut:
            await silent(reader, writer)

    return answer


async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, subprotocol: str | None) -> None:
    """Answer the handshake."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
    chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
    writer.write(
        f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n{chosen}\r\n".encode()
    )


def framed(payload: bytes, opcode: int = 1) -> bytes:
    """Return one frame of a server: 1 is text, 2 binary, 8 a close."""
    size = len(payload)
    length = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    assert size < 1 << 16, "short ones only"
    return bytes((0x80 | opcode,)) + length + payload


def text(message: object) -> bytes:
    """Return a text frame with JSON."""
    return framed(json.dumps(message).encode())


def close(status: int, reason: str = "") -> bytes:
    """Return a close frame."""
    return framed(status.to_bytes(2, "big") + reason.encode(), opcode=8)


async def read_text(reader: asyncio.StreamReader) -> dict[str, object]:
    """Return what the next frame of a client says, as JSON; its frames are masked."""
    _, length = await reader.readexactly(2)
    size = length & 0x7F
    if size == 126:
        size = int.from_bytes(await reader.readexactly(2), "big")
    mask = await reader.readexactly(4)
    masked = await reader.readexactly(size)
    found: dict[str, object] = json.loads(bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked)))
    return found
