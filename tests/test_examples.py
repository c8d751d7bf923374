"""The examples of `docs/examples` do what their first line says, each as a program of its own beside a real server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.server import Running, running_server
from workspace.client import connect

ROOT = Path(__file__).parent.parent
EXAMPLES = {path.name: path for path in (ROOT / "docs" / "examples").glob("*.py")}
SECONDS = 30.0


@asynccontextmanager
async def started(name: str, server: Running, folder: Path, link: str = "") -> AsyncIterator[Process]:
    """Run an example in another folder, as somebody does who has copied it; end it when the block is left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES[name]),
        link or f"{server.url}/w/demo#token={await server.token('reader')}",
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if link else None,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def printed(name: str, server: Running, folder: Path) -> list[str]:
    """Return the lines that an example prints until it ends, which must be well."""
    async with started(name, server, folder) as process, asyncio.timeout(SECONDS):
        out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().splitlines()


async def test_an_instruction_is_followed_to_its_verdict(tmp_path: Path) -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        lines = await printed("instruct.py", server, tmp_path)
        room = await server.registry.room("demo")
        assert "See you there" in room.sequencer.fold.documents["plan"].text()
    assert lines[-1].startswith("done")


async def test_a_document_is_edited_by_hand(tmp_path: Path) -> None:
    async with running_server() as server:
        lines = await printed("edit.py", server, tmp_path)
        room = await server.registry.room("demo")
        await room.read(lambda: None)
        assert lines[0] == "Take umbrellas."
        assert room.sequencer.fold.documents["plan"].text().startswith("Take umbrellas.\n")


async def test_the_log_is_followed(tmp_path: Path) -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        token = await server.token("writer")
        async with started("follow.py", server, tmp_path) as process, asyncio.timeout(SECONDS):
            assert process.stdout is not None
            async with connect(f"{server.ws_url}/ws/demo", token=token) as room:
                await (await room.intent('append "Late" to plan', doc="plan")).verdict()
            lines = [(await process.stdout.readline()).decode().split() for _ in range(2)]
    assert lines[0][1:3] == ["writer", "append"]
    assert lines[1][:2] == [lines[0][0], "done"]


async def test_a_bot_answers_what_is_asked_from_now_on(tmp_path: Path) -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        token = await server.token("writer")
        async with connect(f"{server.ws_url}/ws/demo", token=token) as room, asyncio.timeout(SECONDS):
            await (await room.intent("set budget.food to 1")).verdict()
            async with started("bot.py", server, tmp_path) as process:
                assert process.stdout is not None
                assert await process.stdout.readline() == b"listening\n"
                asked = await room.intent("set budget.food to 2")
                await room.until(lambda own: any(
                    record["kind"] == "verdict" and record["body"]["intent"] not in ("", asked.id)
                    and record["seq"] > asked.seq for record in own.records), SECONDS)  # fmt: skip
        opened = await server.registry.room("demo")
        assert opened.sequencer.fold.documents["plan"].text().count("writer: keep the receipts") == 1


async def test_a_script_prints_the_verdict_or_what_to_do(tmp_path: Path) -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        assert (await printed("script.py", server, tmp_path))[0].startswith("done ")
        async with (
            started("script.py", server, tmp_path, f"{server.url}/w/demo#token=fm_wrong") as process,
            asyncio.timeout(SECONDS),
        ):
            _, said = await process.communicate()
    assert (process.returncode, said.decode().startswith("unauthenticated: ")) == (1, True)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_says_how_it_is_run_and_needs_the_client_alone(name: str) -> None:
    text = EXAMPLES[name].read_text()
    assert f"python docs/examples/{name} " in text
    imported = {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= {"asyncio", "sys", "folkmoot"}
    assert name in Path(__file__).read_text(), "it is not run here"
