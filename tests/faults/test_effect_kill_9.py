"""kill -9 while an effect is on its way: begun again under the same key, so that a receiver with keys acts once."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import httpx2

from tests.support.process import free_port, make_token, serve
from workspace.client import connect

WAIT = 60


class Receiver:
    """A receiver that remembers keys. It calls `on_request` before it answers."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.done: set[str] = set()
        self.arrived = asyncio.Event()
        self.silent = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        key = head.split("idempotency-key: ")[1].split("\r\n")[0]
        self.keys.append(key)
        self.done.add(key)
        self.arrived.set()
        if not self.silent:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            await writer.drain()
            writer.close()


async def test_an_effect_cut_off_by_kill_9_is_begun_again_under_its_key(tmp_path: Path) -> None:
    port, receiver = free_port(), Receiver()
    listening = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    owner = await make_token(tmp_path, "owner", "owner")
    first = await serve(tmp_path, port, FOLKMOOT_PRIVATE_WEBHOOKS="1")
    second: asyncio.subprocess.Process | None = None
    try:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/in"
        async with httpx2.AsyncClient(headers={"authorization": f"Bearer {owner}"}) as http:
            receivers = {"ops": {"kind": "webhook", "address": url, "effect_class": "reversible", "keys": True}}
            api = f"http://127.0.0.1:{port}/api/workspaces/demo"
            answer = await http.put(f"{api}/config", json={"receivers": receivers})
            assert answer.status_code == 200, answer.text
            assert (await http.put(f"{api}/documents/values", json={"kind": "data"})).status_code == 201
            async with connect(f"ws://127.0.0.1:{port}/ws/demo", token=owner) as room:
                intent = await room.intent("set values.price to 5; call ops with 5")
                assert (await intent.verdict(WAIT))["state"] == "done"
                async with asyncio.timeout(WAIT):
                    await receiver.arrived.wait()
                first.send_signal(signal.SIGKILL)
                await first.wait()
                receiver.silent = False
                second = await serve(tmp_path, port, FOLKMOOT_PRIVATE_WEBHOOKS="1")
                await room.until(lambda r: any(one["kind"] == "effect" for one in r.records), WAIT)
                effects = (await http.get(f"{api}/effects")).json()
        assert len(receiver.keys) >= 2, "the first attempt was cut off"
        assert len(receiver.done) == 1, "every attempt carried the same key"
        assert [(effect["status"], effect["receiver"]) for effect in effects] == [("sent", "ops")]
    finally:
        listening.close()
        for process in (first, second):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()
