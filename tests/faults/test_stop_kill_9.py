"""kill -9 while the agent is stopped: the next server stays stopped; let go on, everything is done once."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import httpx2

from tests.faults.test_effect_kill_9 import Receiver
from tests.support.process import folkmoot, free_port, make_token, serve
from workspace.client import connect
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.state.replay import fold_log
from workspace.store.sql import SqlStore

WAIT = 60


async def agent(data: Path, *arguments: str) -> str:
    process = await folkmoot("agent", *arguments, "--data", str(data))
    out, err = await process.communicate()
    assert process.returncode in (0, 3), err
    return out.decode()


async def test_a_server_that_dies_while_stopped_is_followed_by_one_that_is_stopped(tmp_path: Path) -> None:
    port, receiver = free_port(), Receiver()
    receiver.silent = False
    listening = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    owner = await make_token(tmp_path, "owner", "owner")
    private = {"FOLKMOOT_PRIVATE_WEBHOOKS": "1"}
    children = [await serve(tmp_path, port, **private)]
    try:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/in"
        receivers = {"ops": {"kind": "webhook", "address": url, "effect_class": "reversible", "keys": True}}
        api = f"http://127.0.0.1:{port}/api/workspaces/demo"
        async with httpx2.AsyncClient(headers={"authorization": f"Bearer {owner}"}) as http:
            assert (await http.put(f"{api}/config", json={"receivers": receivers})).status_code == 200
            assert (await http.put(f"{api}/documents/values", json={"kind": "data"})).status_code == 201
        async with connect(f"ws://127.0.0.1:{port}/ws/demo", token=owner) as room:
            begun = await room.intent("set values.price to 5; call ops with 5 after 2 seconds")
            await room.until(lambda r: any(x["kind"] == "intent" for x in r.records), WAIT)
            async with httpx2.AsyncClient(headers={"authorization": f"Bearer {owner}"}) as http:
                assert (await http.put(f"{api}/stop", json={"reason": "look"})).status_code == 200
            later = await room.intent("set values.rent to 3")
            await room.until(lambda r: sum(x["kind"] == "intent" for x in r.records) == 2, WAIT)
            children[-1].send_signal(signal.SIGKILL)
            await children[-1].wait()
        children.append(await serve(tmp_path, port, **private))
        async with connect(f"ws://127.0.0.1:{port}/ws/demo", token=owner) as room:
            await room.until(lambda r: [stop["reason"] for stop in r.stops] == ["look"], WAIT)
            assert "stopped by owner: look" in await agent(tmp_path, "status")
            third = await room.intent("set values.food to 1")
            async with asyncio.timeout(WAIT):
                async for state in third.states():
                    if "stopped by owner" in state.reason:
                        break
            assert not any(x["kind"] in ("plan", "commit", "effect") for x in room.records)
            assert receiver.keys == []
            assert "is in its log" in await agent(tmp_path, "start", "-w", "demo")
            await room.until(lambda r: sum(x["kind"] == "verdict" for x in r.records) == 3, WAIT)
            await room.until(lambda r: any(x["kind"] == "effect" for x in r.records), WAIT)
        assert len(receiver.keys) == 1, "it left once"
    finally:
        listening.close()
        for process in children:
            if process.returncode is None:
                process.kill()
                await process.wait()
    store = SqlStore(f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")
    await store.open()
    rows, journal = await read_all(store, "demo")
    await store.close()
    report = verify(rows, journal)
    assert report.ok, report.reason
    fold = fold_log(rows, journal)
    assert [fold.board.entries[id].state for id in (begun.id, later.id, third.id)] == ["done"] * 3
    assert fold.documents["values"].value() == {"price": 5, "rent": 3, "food": 1}
