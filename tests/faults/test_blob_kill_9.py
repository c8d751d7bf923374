"""kill -9 within uploads: a file that was acknowledged is there whole, one that was not is not there at all."""

from __future__ import annotations

import asyncio
import hashlib
import signal
from pathlib import Path

import httpx2

from tests.support.process import folkmoot, free_port, make_token, serve
from workspace.intents.model.blobs import PIECE_BYTES
from workspace.store.sql import SqlStore

WS = "/api/workspaces/demo"
FILES = 60


def octets_of(at: int) -> bytes:
    return bytes((at + number) % 251 for number in range(1000)) * (300 + 17 * at)


def sha(octets: bytes) -> str:
    return f"sha256-{hashlib.sha256(octets).hexdigest()}"


async def bring(client: httpx2.AsyncClient, at: int, acked: set[int], half_way: asyncio.Event) -> None:
    octets = octets_of(at)
    try:
        made = await client.put(f"{WS}/blobs/{sha(octets)}", content=octets)
    except httpx2.TransportError:
        return
    if made.status_code == 201:
        acked.add(at)
    if len(acked) == FILES // 3:
        half_way.set()


async def begin_and_stop(port: int, token: str) -> asyncio.StreamWriter:
    """Send the most of a file, and no more of it."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    size = 4 * PIECE_BYTES
    head = f"PUT {WS}/blobs/{sha(bytes(size))} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    writer.write(f"{head}Content-Length: {size}\r\n\r\n".encode() + bytes(3 * PIECE_BYTES + 1))
    await writer.drain()
    return writer


async def test_an_acknowledged_file_is_whole_after_kill_9_and_no_other_is_there(tmp_path: Path) -> None:
    port, acked, half_way = free_port(), set[int](), asyncio.Event()
    token = await make_token(tmp_path, "owner", "owner")
    process = await serve(tmp_path, port, FOLKMOOT_UPLOADS_MAX="100")
    headers, url = {"authorization": f"Bearer {token}"}, f"http://127.0.0.1:{port}"
    try:
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
            stopped = await begin_and_stop(port, token)
            async with asyncio.timeout(60), asyncio.TaskGroup() as group:
                for at in range(FILES):
                    group.create_task(bring(client, at, acked, half_way))
                await half_way.wait()
                process.send_signal(signal.SIGKILL)
                await process.wait()
        stopped.close()
        assert FILES // 3 <= len(acked) < FILES
        process = await serve(tmp_path, port)
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
            assert (await client.get(f"{WS}/blobs/{sha(bytes(4 * PIECE_BYTES))}")).status_code == 404
            for at in range(FILES):
                octets = octets_of(at)
                read = await client.get(f"{WS}/blobs/{sha(octets)}")
                assert read.status_code == 200 or at not in acked, at
                assert read.status_code == 404 or read.content == octets, at
            again = await client.put(f"{WS}/blobs/{sha(octets_of(FILES))}", content=octets_of(FILES))
            assert again.status_code == 201
        checked = await folkmoot("blobs", "verify", "demo", "--data", str(tmp_path))
        out, err = await checked.communicate()
        assert checked.returncode == 0, err
        assert b"0 damaged" in out
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    store = SqlStore(f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")
    await store.open()
    left = await store.end_uploads(1e12)
    assert left >= 1, "what the killed server had under way lies there until it is swept away"
    assert await store.end_uploads(1e12) == 0
    rows = await store.blob_rows("demo")
    assert {row.sha for row in rows} >= {sha(octets_of(at)) for at in acked}
    await store.close()
