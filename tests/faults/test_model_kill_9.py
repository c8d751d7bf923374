"""kill -9 while a model is asked: from the model's own side, exactly when it is asked or has just answered.

Whatever the moment: one verdict, the effect once, at most one call more than without the crash, no call unaccounted.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.examples import every_second
from tests.support.model import reply, use
from tests.support.model_crash import EFFECT, INSTRUCTION, WAIT, audit, crashing_server, run_with_crash, verified
from tests.support.process import folkmoot
from tests.support.until import until

LOOK = use("list_documents")
EDIT = use("insert", document="plan", insert_line=0, text=EFFECT)
DONE = use("finish", summary="Added a line.")
PLAN = [reply(LOOK, turn=1), reply(EDIT, turn=2), reply(DONE, turn=3)]
FAILING = [{"when": {"turn": 2}, "times": 1, "error": 529}, *PLAN]
POINTS = [(PLAN, 3, "asked", at) for at in (1, 2, 3)] + [(PLAN, 3, "answered", at) for at in (1, 2, 3)] + [
    (FAILING, 4, "asked", 2), (FAILING, 4, "asked", 3), (FAILING, 4, "answered", 3),
]  # fmt: skip


@pytest.mark.parametrize(("replies", "calls", "moment", "at"), every_second(POINTS), ids=lambda value: str(value)[:8])
async def test_a_crash_around_a_model_call_costs_at_most_one_call(
    replies: list[dict[str, Any]], calls: int, moment: str, at: int, tmp_path: Path
) -> None:
    run = await run_with_crash(tmp_path, replies, moment=moment, at=at)
    assert calls <= run.sent <= calls + 1
    await audit(tmp_path, run, state="done")


async def test_a_server_that_dies_each_time_it_asks_gives_up_after_two(tmp_path: Path) -> None:
    async with crashing_server(tmp_path, PLAN) as server:
        scripted = server.model.scripted

        async def listen(now: str, _: object) -> None:
            if now == "asked":
                asked = scripted.count
                # It goes on with the instruction before it answers on its port.
                await until(lambda: len(server.children), lambda count: count >= asked, seconds=WAIT)
                await server.kill()

        scripted.listen = listen
        async with asyncio.timeout(WAIT), server.connect() as room:
            intent = await room.intent(INSTRUCTION, doc="plan")
            for _ in range(2):
                await server.children[-1].wait()
                await server.start()
            verdict = await intent.verdict(WAIT)
        assert (verdict["state"], verdict["code"]) == ("failed", "internal")
        assert verdict["remedy"]
        assert scripted.count == 2, "nothing is paid a third time"
    await verified(tmp_path)


async def test_the_command_line_tells_what_it_cost(tmp_path: Path) -> None:
    async with crashing_server(tmp_path, PLAN) as server:
        async with server.connect() as room:
            await (await room.intent(INSTRUCTION, doc="plan")).verdict(WAIT)
        await server.end()
        doctor = await folkmoot("doctor", "--data", str(tmp_path), ANTHROPIC_BASE_URL=server.model.url)
        told = (await doctor.communicate())[0].decode()
    assert "claude-opus-5-5 answers" in told
    usage = await folkmoot("usage", "demo", "--data", str(tmp_path))
    out = (await usage.communicate())[0].decode()
    assert "claude-haiku-5-5" in out
    assert "Routing saved $" in out
