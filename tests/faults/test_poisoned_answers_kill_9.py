"""kill -9 around an answer that is poisoned: half a character, NaN, blank text, cut by its bound, a false end, "wait".

Whatever the answer and the moment: one verdict, the effect once, at most one paid call more than without the crash, and
nothing sent that the real API refuses. An answer that comes out of the archive is taken as it was the first time.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.model import reply, scripted_model, use
from tests.support.process import free_port, make_token, serve
from workspace.client import connect
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.state.replay import fold_log
from workspace.store.sql import SqlStore

WAIT = 60.0
EDIT = use("insert", document="plan", insert_line=0, text="Once.")
LONG = use("insert", document="plan", insert_line=0, text="word " * 99)
WRONG = use("str_replace", document="plan", old_str="not there", new_str="x")
DONE = use("finish", summary="Added a line.")
END = [reply(EDIT, turn=2), reply(DONE, turn=3)]
HALF = {"name": "insert", "raw": '{"document":"plan","insert_line":0,"text":"\\ud83d"}'}
NAN = {"name": "set_value", "raw": '{"document":"budget","path":["x"],"value":NaN}'}
ODD = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": " "}]
# Which replies, how many calls they take without a crash, how the instruction ends.
POISONS: dict[str, tuple[list[dict[str, Any]], int, str]] = {
    "half a character": ([reply(HALF, turn=1), *END], 3, "done"),
    "NaN": ([reply(NAN, turn=1), *END], 3, "done"),
    "blank text and thinking": ([reply(turn=1, block=ODD), *END], 3, "done"),
    "cut behind an edit": ([reply(EDIT, LONG, turn=1, cut_at=60), reply(DONE, turn=2)], 2, "done"),
    "always cut": ([reply(LONG, cut_at=60)], 3, "rejected"),
    "finish beside a failure": ([reply(WRONG, DONE, turn=1), reply(EDIT, DONE, turn=2)], 2, "done"),
    "asked to wait": ([{"when": {}, "times": 1, "error": 429, "retry_after": 1}, reply(EDIT, DONE)], 2, "done"),
}
POINTS = [(kind, "asked", 2) for kind in POISONS] + [
    ("half a character", "answered", 1), ("cut behind an edit", "answered", 1), ("always cut", "answered", 2),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "moment", "at"), POINTS)
async def test_a_crash_around_a_poisoned_answer_costs_at_most_one_call(
    kind: str, moment: str, at: int, tmp_path: Path
) -> None:
    replies, calls, state = POISONS[kind]
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
        assert model.scripted.refused == []
        assert calls <= model.scripted.count <= calls + 1
    await audit(tmp_path, intent.id, state=state, sent=model.scripted.count)


async def audit(data: Path, intent: str, *, state: str, sent: int) -> None:
    """One verdict, its effect as often as it says, every call opened and closed, and a log that verifies."""
    store = SqlStore(f"sqlite:///{data / 'folkmoot.sqlite'}")
    await store.open()
    rows, journal = await read_all(store, "demo")
    await store.close()
    assert verify(rows, journal).ok
    fold = fold_log(rows, journal)
    verdict = fold.board.entries[intent].verdict
    assert verdict is not None
    assert verdict.state == state
    assert sum(row.kind == "verdict" for row in rows) == 1
    text = fold.documents["plan"].text() if "plan" in fold.documents else ""
    assert text.count("Once.") == (1 if state == "done" else 0)
    assert not fold.usage.opened
    assert sum(line.calls for line in fold.usage.lines.values()) >= sent
