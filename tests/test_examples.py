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
async def started(name: str, server: Running, folder: Path) -> AsyncIterator[Process]:
    """Run an example in another folder, as somebody does who has copied it; end it when the block is left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES[name]),
        f"{server.ws_url}/ws/demo",
        await server.token("reader"),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
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


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_says_how_it_is_run_and_needs_the_client_alone(name: str) -> None:
    text = EXAMPLES[name].read_text()
    assert f"python docs/examples/{name} " in text
    imported = {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= {"asyncio", "sys", "folkmoot"}
    assert name in Path(__file__).read_text(), "it is not run here"
