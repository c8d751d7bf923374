"""`folkmoot demo`: a link for each of three people, and a workspace that the README's commands find afterwards."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from agent.demo.seed import PEOPLE, PLAN
from tests.support.process import folkmoot, free_port

# What looks at a workspace, as the README shows it.
LOOKING = (
    ("log", "demo"),
    ("verify", "demo"),
    ("replay", "demo"),
    ("replay", "demo", "--to", "3"),
    ("replay", "demo", "--policy", "first"),
    ("blame", "demo", "plan", "Doors open"),
    ("documents", "list", "demo"),
    ("documents", "rename", "demo", "budget", "costs"),
    ("agent", "stop", "-w", "demo"),
    ("agent", "start", "-w", "demo"),
    ("usage", "demo"),
    ("token", "--workspace", "demo", "--actor", "Dora"),
)


@asynccontextmanager
async def demo(folder: Path, *more: str) -> AsyncIterator[tuple[str, dict[str, str]]]:
    """Run the demo in a folder until the block is left; yields its address and the token of each of three people."""
    port = free_port()
    process = await folkmoot("demo", "--port", str(port), *more, cwd=folder, PYTHONUNBUFFERED="1")
    assert process.stdout is not None
    links: dict[str, str] = {}
    try:
        while len(links) < len(PEOPLE):
            line = (await process.stdout.readline()).decode()
            assert line, "it ended before it listed three people"
            if found := re.search(r"^\s+(\w+)\s+(http\S+)#token=(\S+)", line):
                links[found[1]] = found[3]
        yield f"http://127.0.0.1:{port}", links
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()


async def ended(folder: Path, *arguments: str) -> tuple[int | None, str]:
    """Run a command in a folder to its end."""
    process = await folkmoot(*arguments, cwd=folder)
    out, err = await process.communicate()
    return process.returncode, (out + err).decode()


async def test_each_of_three_people_gets_a_link_that_works_and_the_next_demo_goes_on(tmp_path: Path) -> None:
    for turn in (1, 2):
        async with demo(tmp_path) as (url, links), httpx2.AsyncClient(base_url=url) as client:
            assert list(links) == [name for name, _ in PEOPLE]
            for name, token in links.items():
                headers = {"authorization": f"Bearer {token}"}
                me = (await client.get("/api/me?ws=demo", headers=headers)).json()
                assert me["actor"] == name
                document = f"/api/workspaces/demo/documents/{'plan' if turn == 1 else 'our%20plan'}"
                plan = await client.get(document, headers=headers)
                assert plan.json()["value"] == PLAN
            if turn == 1:
                mine = {"authorization": f"Bearer {links['Ana']}"}
                await client.patch("/api/workspaces/demo/documents/plan", json={"name": "our plan"}, headers=mine)


async def test_the_commands_of_the_readme_find_what_the_demo_made(tmp_path: Path) -> None:
    async with demo(tmp_path):
        pass
    for command in LOOKING:
        code, said = await ended(tmp_path, *command)
        assert code == 0, (command, said)
    assert "verified" in (await ended(tmp_path, "verify", "demo"))[1]
    assert os.listdir(tmp_path) == ["folkmoot-data"]


async def test_whoever_serves_after_a_demo_gets_the_owners_link(tmp_path: Path) -> None:
    async with demo(tmp_path):
        pass
    process = await folkmoot("serve", "--port", str(free_port()), cwd=tmp_path, PYTHONUNBUFFERED="1")
    assert process.stdout is not None
    try:
        lines = [(await process.stdout.readline()).decode()]
        while lines[-1] and "More people" not in lines[-1]:
            lines.append((await process.stdout.readline()).decode())
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert any("Owner's link" in line and "#token=" in line for line in lines)


async def test_it_goes_where_it_is_told_to(tmp_path: Path) -> None:
    async with demo(tmp_path, "--data", "kept"):
        pass
    assert (tmp_path / "kept/folkmoot.sqlite").exists()
    assert (await ended(tmp_path, "verify", "demo", "--data", "kept"))[0] == 0


async def test_a_workspace_of_that_name_that_is_somebodys_is_left_alone(tmp_path: Path) -> None:
    await ended(tmp_path, "token", "--workspace", "demo", "--actor", "Zoe", "--new")
    before = await ended(tmp_path, "log", "demo")
    code, said = await asyncio.wait_for(ended(tmp_path, "demo", "--port", str(free_port())), 60)
    assert (code, "--data" in said) == (1, True)
    assert await ended(tmp_path, "log", "demo") == before


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    code, said = await ended(tmp_path, "demo", "--port", "1", "--host", "192.0.2.1")
    assert code == 1
    assert "Choose another with --port" in said
