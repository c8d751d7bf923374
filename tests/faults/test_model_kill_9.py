"""kill -9 while a model is asked: from the model's own side, exactly when it is asked or has just answered.

Whatever the moment: one verdict, the effect once, at most one call more than without the crash, no call unaccounted.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.model import reply, scripted_model, use
from tests.support.process import folkmoot, free_port, make_token, serve
from workspace.client import connect
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.state.replay import fold_log
from workspace.store.sql import SqlStore

WAIT = 60.0
LOOK = use("list_documents")
EDIT = use("insert", document="plan", insert_line=0, text="Once.")
DONE = use("finish", summary="Added a line.")
PLAN = [reply(LOOK, turn=1), reply(EDIT, turn=2), reply(DONE, turn=3)]
FAILING = [{"when": {"turn": 2}, "times": 1, "error": 529}, *PLAN]
POINTS = [(PLAN, 3, "asked", at) for at in (1, 2, 3)] + [(PLAN, 3, "answered", at) for at in (1, 2, 3)] + [
    (FAILING, 4, "asked", 2), (FAILING, 4, "asked", 3), (FAILING, 4, "answered", 3),
]  # fmt: skip


@pytest.mark.parametrize(("replies", "calls", "moment", "at"), POINTS, ids=lambda value: str(value)[:8])
async def test_a_crash_around_a_model_call_costs_at_most_one_call(
    replies: list[dict[str, Any]], calls: int, moment: str, at: int, tmp_path: Path
) -> None:
    port = free_port()
    token = await make_token(tmp_path, "Ana", "editor")
    async with scripted_model(replies) as model:
        environment = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "scripted"}
        children = [await serve(tmp_path, port, **environment)]
        struck = asyncio.Event()

        async def listen(now: str, _: dict[str, Any]) -> None:
            if now == moment and model.scripted.count == at and not struck.is_set():
                struck.set()
                children[0].send_signal(signal.SIGKILL)
                await children[0].wait()

        model.scripted.listen = listen
        try:
            async with asyncio.timeout(WAIT), connect(f"ws://127.0.0.1:{port}/ws/demo", token=token) as room:
                intent = await room.intent("Add a line", doc="plan")
                await struck.wait()
                children.append(await serve(tmp_path, port, **environment))
                await room.until(lambda r: any(x["kind"] == "verdict" for x in r.records), WAIT)
            children[-1].send_signal(signal.SIGTERM)
            await asyncio.wait_for(children[-1].wait(), 10)
        finally:
            for child in children:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
        assert calls <= model.scripted.count <= calls + 1
    await audit(tmp_path, intent.id, sent=model.scripted.count)


async def test_a_server_that_dies_each_time_it_asks_gives_up_after_two(tmp_path: Path) -> None:
    port = free_port()
    token = await make_token(tmp_path, "Ana", "editor")
    async with scripted_model(PLAN) as model:
        environment = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "scripted"}
        children = [await serve(tmp_path, port, **environment)]

        async def listen(now: str, _: dict[str, Any]) -> None:
            if now == "asked":
                asked = model.scripted.count
                async with asyncio.timeout(WAIT):
                    while len(children) < asked:  # it goes on with the instruction before it answers on its port
                        await asyncio.sleep(0.01)
                children[-1].send_signal(signal.SIGKILL)
                await children[-1].wait()

        model.scripted.listen = listen
        try:
            async with asyncio.timeout(WAIT), connect(f"ws://127.0.0.1:{port}/ws/demo", token=token) as room:
                intent = await room.intent("Add a line", doc="plan")
                for _ in range(2):
                    await children[-1].wait()
                    children.append(await serve(tmp_path, port, **environment))
                verdict = await intent.verdict(WAIT)
            assert (verdict["state"], verdict["code"]) == ("failed", "internal")
            assert verdict["remedy"]
        finally:
            for child in children:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
        assert model.scripted.count == 2, "nothing is paid a third time"
    store = SqlStore(f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")
    await store.open()
    rows, journal = await read_all(store, "demo")
    await store.close()
    assert verify(rows, journal).ok


async def audit(data: Path, intent: str, *, sent: int) -> None:
    """One verdict, one effect, every call that reached the model opened and closed in the log."""
    store = SqlStore(f"sqlite:///{data / 'folkmoot.sqlite'}")
    await store.open()
    rows, journal = await read_all(store, "demo")
    await store.close()
    assert verify(rows, journal).ok
    fold = fold_log(rows, journal)
    entry = fold.board.entries[intent]
    assert entry.verdict is not None
    assert entry.verdict.state == "done"
    assert sum(row.kind == "commit" for row in rows) == 1
    assert fold.documents["plan"].text().count("Once.") == 1
    assert not fold.usage.opened
    assert sum(line.calls for line in fold.usage.lines.values()) >= sent


async def test_the_command_line_tells_what_it_cost(tmp_path: Path) -> None:
    port = free_port()
    token = await make_token(tmp_path, "Ana", "editor")
    async with scripted_model(PLAN) as model:
        child = await serve(tmp_path, port, ANTHROPIC_BASE_URL=model.url)
        try:
            async with connect(f"ws://127.0.0.1:{port}/ws/demo", token=token) as room:
                await (await room.intent("Add a line", doc="plan")).verdict(WAIT)
        finally:
            child.terminate()
            await child.wait()
        doctor = await folkmoot("doctor", "--data", str(tmp_path), ANTHROPIC_BASE_URL=model.url)
        told = (await doctor.communicate())[0].decode()
    assert "claude-opus-5-5 answers" in told
    usage = await folkmoot("usage", "demo", "--data", str(tmp_path))
    out = (await usage.communicate())[0].decode()
    assert "claude-haiku-5-5" in out
    assert "Routing saved $" in out
