"""Whatever the command line refuses, it says what to type next: no address of HTTP, and commands that there are."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import workspace.intents.rules
import workspace.registry
from agent.cli import app
from agent.commands import agent_stop
from agent.commands.refusals import COMMANDS, remedy_of
from agent.server import serving
from workspace.errors import Refusal
from workspace.settings import Settings

RUNNER = CliRunner()
HTTP = re.compile(r"\b(?:GET|PUT|POST|PATCH|DELETE|HTTP)\b|/api/|…/")
COMMAND = re.compile(r"`folkmoot ([a-z]+(?: [a-z]+)?)")
REFUSED = (
    ("people", "role", "demo", "Nobody", "editor"),
    ("people", "end", "demo", "Nobody"),
    ("people", "end", "demo", "Ana", "--key", "none"),
    ("people", "end", "demo", "Ana"),
    ("people", "role", "demo", "Ana", "viewer"),
    ("people", "role", "demo", "Ana", "emperor"),
    ("people", "rotate", "demo", "Nobody"),
    ("people", "revoke", "demo", "none"),
    ("people", "invite", "demo", "--actor", "Ben"),
    ("rights", "set", "demo", "none", "viewer", "--group", "everyone"),
    ("rights", "set", "demo", "plan", "emperor", "--group", "everyone"),
    ("rights", "set", "demo", "plan", "viewer"),
    ("rights", "clear", "demo", "none"),
    ("documents", "rename", "demo", "none", "other"),
    ("documents", "rename", "demo", "plan", "budget"),
    ("documents", "rename", "demo", "plan", "a//b"),
    ("documents", "delete", "demo", "none"),
    ("documents", "archive", "demo", "gone"),
    ("documents", "archive", "elsewhere", "plan"),
    ("token", "--workspace", "demo", "--actor", "operator"),
)


def held(said: str) -> None:
    """Check that what is said names no address, and only commands that there are."""
    assert not HTTP.search(said), said
    for words in COMMAND.findall(said):
        assert RUNNER.invoke(app, [*words.split(), "--help"]).exit_code == 0, said


def test_no_refusal_that_is_printed_speaks_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_stop, "TAKEN_SECONDS", 0.01)

    async def make() -> None:
        async with serving(Settings(port=0, database=f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")) as server:
            documents = {"plan": "text", "budget": "data", "gone": "text"}
            await server.registry.create("demo", name="d", actor="Ana", documents=documents)
            await server.registry.tokens.make("demo", actor="Ana", role="owner")
            await server.registry.tokens.make("demo", actor="Ben", role="editor")

    asyncio.run(make())
    here = ("--data", str(tmp_path))
    assert RUNNER.invoke(app, ["documents", "delete", "demo", "gone", *here]).exit_code == 0
    for arguments in REFUSED:
        result = RUNNER.invoke(app, [*arguments, *here])
        said = " ".join(result.output.split())
        # The operator may do what the last owner may not.
        assert result.exit_code == 1 or arguments == REFUSED[3], (arguments, said)
        held(said)


def test_every_refusal_about_people_and_rules_has_a_remedy_that_can_be_typed() -> None:
    found = set[Refusal]()
    for package in (workspace.registry, workspace.intents.rules):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            found |= {one for one in vars(importlib.import_module(module.name)).values() if isinstance(one, Refusal)}
    assert found >= COMMANDS.keys()
    for refusal in found:
        held(remedy_of(refusal, "demo"))
