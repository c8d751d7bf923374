"""kill -9, and nobody comes back: the next server sends what was declared and closes what had a deadline."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import httpx2

from tests.faults.test_effect_kill_9 import Receiver
from tests.support.process import free_port, make_token, serve
from tests.support.until import until
from workspace.client import connect
from workspace.store.sql import SqlStore

WAIT = 60


async def test_effect_and_deadline_are_settled_without_anybody_connecting(tmp_path: Path) -> None:
    port, receiver = free_port(), Receiver()
    listening = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    owner = await make_token(tmp_path, "owner", "owner")
    first = await serve(tmp_path, port, FOLKMOOT_PRIVATE_WEBHOOKS="1")
    second: asyncio.subprocess.Process | None = None
    try:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/in"
        receivers = {"ops": {"kind": "webhook", "address": url, "effect_class": "reversible", "keys": True}}
        api = f"http://127.0.0.1:{port}/api/workspaces/demo"
        async with httpx2.AsyncClient(headers={"authorization": f"Bearer {owner}"}) as http:
            config = {"receivers": receivers, "policy": {"ask_seconds": 4.0}}
            answer = await http.put(f"{api}/config", json=config)
            assert answer.status_code == 200, answer.text
            assert (await http.put(f"{api}/documents/values", json={"kind": "data"})).status_code == 201
        async with connect(f"ws://127.0.0.1:{port}/ws/demo", token=owner) as room:
            done = await room.intent("set values.price to 5; call ops with 5")
            assert (await done.verdict(WAIT))["state"] == "done"
            waits = await room.intent('ask "Which room?"')
            await room.question(WAIT)
            async with asyncio.timeout(WAIT):
                await receiver.arrived.wait()
            first.send_signal(signal.SIGKILL)
            await first.wait()
        receiver.silent = False
        second = await serve(tmp_path, free_port(), FOLKMOOT_PRIVATE_WEBHOOKS="1")
        store = SqlStore(f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")
        await store.open()
        await until(lambda: store.workspace("demo"), lambda row: row is not None and not row.is_busy, seconds=WAIT)
        rows = await store.rows("demo")
        await store.close()
        (effect,) = [row.body for row in rows if row.kind == "effect"]
        assert '"status":"sent"' in effect
        verdicts = [row.body for row in rows if row.kind == "verdict" and f'"{waits.id}"' in row.body]
        assert ['"no_answer"' in body for body in verdicts] == [True]
        assert len(receiver.done) == 1, "every attempt carried the same key"
    finally:
        listening.close()
        for process in (first, second):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()
