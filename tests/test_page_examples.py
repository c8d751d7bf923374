"""What the pages about people and rights show as commands runs as it stands, in the workspace that the demo makes."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.commands import agent_stop
from agent.demo.seed import seed
from agent.server import serving
from tests.support.http import WS
from workspace.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("rights.md", "people.md")
# In a block, or within a sentence; what names no workspace of the demo is a pattern, and no example.
COMMAND = re.compile(r"(?:^|`)folkmoot ([a-z]+ [a-z]+ demo(?: [^`\n]*)?)(?:`|$)", re.M)


def commands_of(page: str) -> list[str]:
    return [found.strip() for found in COMMAND.findall((DOCS / page).read_text())]


def settings_in(folder: Path) -> Settings:
    return Settings(port=0, database=f"sqlite:///{folder / 'folkmoot.sqlite'}")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_runs_in_a_fresh_demo(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_stop, "TAKEN_SECONDS", 0.01)

    async def make() -> None:
        async with serving(settings_in(tmp_path)) as server:
            await seed(server.registry)

    asyncio.run(make())
    commands = commands_of(page)
    assert len(commands) >= 5, "the page shows what can be typed"
    for command in commands:
        result = CliRunner().invoke(app, [*shlex.split(command), "--data", str(tmp_path)])
        assert result.exit_code == 0, (command, result.output)
        assert "Note:" not in result.output, (command, result.output)


async def test_the_rules_that_the_page_sends_over_http_are_taken_as_they_stand(tmp_path: Path) -> None:
    (body,) = re.findall(r"`(\{\"places\": .*?\})`", (DOCS / "rights.md").read_text())
    async with serving(settings_in(tmp_path)) as server:
        ana = {"authorization": f"Bearer {(await seed(server.registry))['Ana']}"}
        async with httpx2.AsyncClient(base_url=server.url, headers=ana) as client:
            given = await client.put(f"{WS}/rights", json=json.loads(body))
            assert (given.status_code, given.json()["notes"]) == (200, []), given.text
            assert given.json()["places"] == json.loads(body)["places"]
