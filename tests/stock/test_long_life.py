"""Documents of a long life over sockets: everybody may bring one, join, come back and find it after a kill -9.

A real server on SQLite, stock Yjs clients. `FOLKMOOT_LONG_LIFE` is the share of the full size (20,000 clients, 500,000
deleted ranges, 10 MiB of words); `make accept-long-life` runs all of it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.stock.test_relay import node
from tests.stock.test_y_websocket import StockPeer
from tests.support.long_life import of_many_bytes, of_many_clients, of_many_ranges
from tests.support.process import free_port, make_token, serve

pytestmark = pytest.mark.stock
SHARE = float(os.environ.get("FOLKMOOT_LONG_LIFE", "0.1"))
WAIT = 30 + 150 * SHARE


class Timed:
    """How long each step took, for whoever runs it at full size."""

    def __init__(self) -> None:
        self.began, self.said = time.monotonic(), list[str]()

    def step(self, name: str) -> None:
        self.said.append(f"{name} {time.monotonic() - self.began:.1f} s")
        self.began = time.monotonic()


def same_as(words: dict[str, Any], head: str) -> Callable[[dict[str, Any]], bool]:
    return lambda state: state["head"].startswith(head) and state["length"] == words["length"] and state["synced"]


@pytest.mark.parametrize("make", [of_many_clients, of_many_ranges, of_many_bytes])
async def test_everybody_may_bring_join_come_back_and_find_it_again(
    tmp_path: Path, make: Callable[[float], bytes]
) -> None:
    (tmp_path / "state").write_bytes(make(SHARE))
    data, port, timed = tmp_path / "data", free_port(), Timed()
    tokens = dict.fromkeys(("ana", "chen"), await make_token(data, "ana", "owner"))
    tokens["ben"] = await make_token(data, "ben", "editor")
    server = await serve(data, port)
    try:
        async with AsyncExitStack() as stack:

            async def join(who: str, *file: str) -> StockPeer:
                url = f"ws://127.0.0.1:{port}/ws/demo"
                return StockPeer(await stack.enter_async_context(node("elder.mjs", url, "old", tokens[who], *file)))

            async with httpx2.AsyncClient(headers={"authorization": f"Bearer {tokens['ana']}"}) as http:
                api = f"http://127.0.0.1:{port}/api/workspaces/demo/documents/old"
                assert (await http.put(api, json={"kind": "text"})).status_code == 201
                timed.began = time.monotonic()
                ana = await join("ana", str(tmp_path / "state"))
                brought = await ana.until(lambda state: state["synced"], WAIT)
                timed.step("brought")
                ben = await join("ben")
                joined = await ben.until(same_as(brought, ""), WAIT)
                timed.step("joined")
                for field in ("digest", "clients", "deleted"):
                    assert joined[field] == brought[field]
                await ana.tell("offline")
                await ben.tell("type", words="while ana was away: ")
                await ana.tell("type", words="ana alone: ")
                await ana.tell("online")
                longer = {"length": brought["length"] + len("while ana was away: ana alone: ")}
                back = await ana.until(same_as(longer, ""), WAIT)
                await ben.until(lambda state: state["digest"] == back["digest"], WAIT)
                timed.step("came back")
                server.send_signal(signal.SIGKILL)
                await server.wait()
                server = await serve(data, port)
                await ben.tell("type", words="after: ")
                longer["length"] += len("after: ")
                after = await ben.until(same_as(longer, "after: "), WAIT)
                await ana.until(lambda state: state["digest"] == after["digest"], WAIT)
                timed.step("after kill -9")
                chen = await join("chen")
                new = await chen.until(same_as(longer, "after: "), WAIT)
                timed.step("a newcomer")
                text = (await http.get(api)).json()["value"]
                timed.step("over HTTP")
            assert new["digest"] == after["digest"]
            assert new["deleted"] == after["deleted"] >= brought["deleted"]
            # Yjs counts UTF-16 units, and there is nothing else in these texts.
            assert len(text) == new["length"]
            for peer in (ana, ben, chen):
                state = await peer.tell("state")
                assert not state["waits"]
                # 1005 is the client's own, 1006 a server that was killed.
                assert set(state["codes"]) <= {0, 1000, 1005, 1006}
    finally:
        if server.returncode is None:
            server.kill()
            await server.wait()
        print(make.__name__, SHARE, "; ".join(timed.said))
