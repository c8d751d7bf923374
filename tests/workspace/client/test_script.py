"""A script without asyncio does what a program with it does, and leaves no thread behind."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.bad_server import answering, http, silent
from tests.support.server import running_server
from workspace.client import Disconnected, Overdue, Refused, Unusable, connect_document_sync, connect_sync

ROOT = Path(__file__).parent.parent.parent.parent


def test_an_address_that_is_none_is_an_error_before_anything_is_opened() -> None:
    before = threading.active_count()
    with pytest.raises(Unusable), connect_sync("demo"):
        raise AssertionError("it was opened")
    assert threading.active_count() == before


async def in_a_thread(script: Callable[[str], None], role: str = "editor") -> None:
    """Run a script beside this test's server; no thread is left of it."""
    async with running_server(planner=BuiltinPlanner()) as server:
        link = f"{server.url}/w/demo#token={await server.token('ana', role)}"
        await asyncio.to_thread(script, link)
    gc.collect()
    assert not [one.name for one in threading.enumerate() if one.name.startswith("folkmoot")]


async def test_a_script_instructs_reads_writes_and_follows() -> None:
    def script(link: str) -> None:
        with connect_sync(link) as room, connect_document_sync(link, "plan") as plan:
            assert (room.actor, room.role, room.open_questions) == ("ana", "editor", {})
            plan.insert(0, "Ours. ")
            plan.saved()
            room.compose()
            intent = room.intent('append "By script" to plan', doc="plan")
            assert [state.name for state in intent.states()][-1] == "done"
            assert intent.verdict()["state"] == intent.last.name == "done"
            plan.until(lambda document: "By script" in document.text())
            assert plan.text().startswith("Ours. ")
            seqs = list[int]()
            for record in room.log():
                seqs.append(record["seq"])
                if record["kind"] == "verdict":
                    break
            assert seqs == list(range(1, seqs[-1] + 1))
            assert room.records[0]["seq"] == 1
            room.until(lambda inner: inner.seen >= seqs[-1])
            asked = room.intent('ask "Which?"; set budget.n to 1')
            room.answer(room.question()["id"], "this")
            assert asked.verdict()["state"] == "done"
            room.until(lambda inner: asked.id in inner.inbox)
            room.acknowledge([asked.id])
            assert asked.id not in room.inbox
            with pytest.raises(Refused):
                room.cancel("i999")
            with pytest.raises(Overdue):
                room.until(lambda inner: False, 0.01)
        with pytest.raises(Disconnected):
            room.intent("too late")
        with connect_document_sync(link, "budget", kind="data") as budget:
            assert budget.value() == {"n": 1}
            budget.set(("m",), 2)
            budget.edit(lambda document: None)

    await in_a_thread(script)


async def test_an_error_in_the_block_ends_it_and_comes_out_as_it_is() -> None:
    def script(link: str) -> None:
        with pytest.raises(KeyError), connect_sync(link):
            raise KeyError("mine")

    await in_a_thread(script)


async def test_what_a_viewer_writes_is_refused_as_the_document_is_left() -> None:
    def script(link: str) -> None:
        with pytest.raises(Refused) as raised, connect_document_sync(link, "plan") as plan:
            plan.insert(0, "Not mine. ")
        assert (raised.value.code, bool(raised.value.remedy)) != ("", False)

    await in_a_thread(script, role="viewer")


@pytest.mark.parametrize(("answer", "code"), [(silent, "no_answer"), (http("404 Not Found"), "not_found")])
async def test_a_server_that_is_none_is_an_error_in_time(answer: object, code: str) -> None:
    def script(link: str) -> None:
        began = time.monotonic()
        with pytest.raises(Disconnected) as raised, connect_sync(link, open_seconds=1.0):
            raise AssertionError("it was opened")
        assert raised.value.code == code
        assert time.monotonic() - began < 2.0

    async with answering(answer) as port:  # type: ignore[arg-type]
        await asyncio.to_thread(script, f"http://127.0.0.1:{port}/w/demo#token=fm_x")
    assert not [one.name for one in threading.enumerate() if one.name.startswith("folkmoot")]


WAITING = """
import sys
from folkmoot import connect_sync
with connect_sync(sys.argv[1]) as room:
    print("open", flush=True)
    room.until(lambda inner: False, 60)
"""


async def test_ctrl_c_ends_a_script_that_waits() -> None:
    async with running_server() as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WAITING, f"{server.url}/w/demo#token={await server.token('ana')}"),
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"open\n"
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            _, said = await process.communicate()
    assert said.decode().splitlines()[-1].startswith("KeyboardInterrupt")
