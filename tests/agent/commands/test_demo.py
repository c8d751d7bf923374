"""`folkmoot demo`: a link for each of three people, and a folder that goes with the server unless one is given."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import httpx2
import pytest

from agent.demo.seed import PEOPLE, PLAN
from tests.support.process import folkmoot, free_port


@pytest.mark.parametrize("is_kept", [True, False])
async def test_each_of_three_people_gets_a_link_that_works(tmp_path: Path, is_kept: bool) -> None:
    port, inside = free_port(), tmp_path / "tmp"
    inside.mkdir()
    where = ["--data", str(tmp_path / "kept")] if is_kept else []
    process = await folkmoot("demo", "--port", str(port), *where, TMPDIR=str(inside), PYTHONUNBUFFERED="1")
    assert process.stdout is not None
    links: dict[str, str] = {}
    try:
        while len(links) < len(PEOPLE):
            line = (await process.stdout.readline()).decode()
            assert line, "it ended before it listed three people"
            if found := re.search(r"^\s+(\w+)\s+(http\S+)#token=(\S+)", line):
                links[found[1]] = found[3]
        assert list(links) == [name for name, _ in PEOPLE]
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            for name, token in links.items():
                headers = {"authorization": f"Bearer {token}"}
                me = (await client.get("/api/me?ws=demo", headers=headers)).json()
                assert me["actor"] == name
                plan = await client.get("/api/workspaces/demo/documents/plan", headers=headers)
                assert plan.json()["value"] == PLAN
    finally:
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert (tmp_path / "kept" / "demo.sqlite").exists() == is_kept
    assert list(inside.glob("folkmoot-demo-*")) == [], "what was not asked to be kept is gone"


async def test_a_taken_port_is_told(tmp_path: Path) -> None:
    process = await folkmoot("demo", "--port", "1", "--host", "192.0.2.1", "--data", str(tmp_path))
    _, err = await process.communicate()
    assert process.returncode == 1
    assert b"Choose another with --port" in err
