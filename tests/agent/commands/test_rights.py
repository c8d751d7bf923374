"""`folkmoot rights`: without a server, and beside one whose people are told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.commands import agent_stop
from agent.server import serving
from workspace.client import Refused
from workspace.client.document import connect_document
from workspace.settings import Settings

RUNNER = CliRunner()
ANA = ("--person", "ana")
ALL = ("--group", "everyone")


def call(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, ["rights", *arguments])
    return result.exit_code, " ".join(result.output.split())


def settings_in(folder: Path) -> Settings:
    return Settings(port=0, database=f"sqlite:///{folder / 'folkmoot.sqlite'}")


def test_without_a_server_each_rule_is_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_stop, "TAKEN_SECONDS", 0.01)

    async def make() -> None:
        async with serving(settings_in(tmp_path)) as server:
            await server.registry.create("demo", name="d", actor="ana", documents={"budget": "data", "plan": "text"})

    asyncio.run(make())
    here = ("--data", str(tmp_path))
    assert call("list", "demo", *here) == (0, "")
    assert call("set", "demo", "plan", "viewer", *ALL, *here) == (
        0,
        "The rules of plan stand: they are in the log of demo.",
    )
    said = "The rules of plan stand: they are in the log of demo."
    assert call("set", "demo", "plan", "editor", *ANA, *here) == (0, said), "she made the workspace"
    unknown = "Note: Nobody called anna is known here, so the rule is for whoever comes by that name."
    assert call("set", "demo", "plan", "editor", "--person", "anna", *here) == (0, f"{said} {unknown}")
    assert call("clear", "demo", "plan", "--person", "anna", *here)[0] == 0
    assert call("set", "demo", "prices/", "commenter", "--group", "agent", "--actor", "Ops", *here)[0] == 0
    rules = "plan group everyone viewer plan person ana editor prices/ group agent commenter"
    assert call("list", "demo", *here) == (0, rules)
    assert call("set", "demo", "plan", "commenter", *ANA, *here)[0] == 0
    lines = RUNNER.invoke(app, ["log", "demo", "--kind", "config", *here]).output
    assert "rules of rights at plan" in " ".join(lines.split())
    assert "person ana commenter" in call("list", "demo", *here)[1], "one rule for each"
    assert RUNNER.invoke(app, ["documents", "rename", "demo", "plan", "schedule", *here]).exit_code == 0
    assert call("clear", "demo", "schedule", *ALL, *here)[0] == 0
    assert call("list", "demo", *here) == (0, "prices/ group agent commenter schedule person ana commenter")
    assert call("clear", "demo", "schedule", *here)[0] == call("clear", "demo", "prices/", *here)[0] == 0
    assert call("list", "demo", *here) == (0, "")
    assert RUNNER.invoke(app, ["verify", "demo", *here]).exit_code == 0
    assert call("clear", "demo", "prices/", *here) == (0, "No rule of prices/ stood: there is none to clear.")
    none = "No rule of schedule stood for them: there is none to clear."
    assert call("clear", "demo", "schedule", "--person", "Zoe", *here) == (0, none)
    for wrong, what in (
        (("set", "demo", "plan", "viewer", *ALL), "plan is called schedule now."),
        (("set", "demo", "nowhere", "viewer", *ALL), "There is no document nowhere"),
        (("set", "demo", "schedule", "owner", *ALL), "A rule gives one of editor, commenter, viewer."),
        (("set", "demo", "schedule", "viewer"), "Name one"),
        (("set", "demo", "schedule", "viewer", *ANA, *ALL), "Name one"),
        (("set", "demo", "schedule", "viewer", "--group", "all"), "--group is one of"),
        (("set", "demo", "schedule", "viewer", "--person", " x"), "--person is a name"),
        (("clear", "demo", "schedule", "--actor", " x"), "--actor is a name"),
        (("list", "elsewhere"), "there is no workspace 'elsewhere'"),
    ):
        code, said = call(*wrong, *here)
        assert (code, what in said) == (1, True), said


async def test_beside_a_server_the_rule_holds_when_the_command_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(settings_in(tmp_path)) as server:
        await server.registry.create("demo", name="d", actor="ana", documents={"plan": "text"})
        token = await server.registry.tokens.make("demo", actor="ana", role="editor")
        before = await server.registry.room("demo")
        code, said = await asyncio.to_thread(call, "set", "demo", "plan", "viewer", *ALL, "--data", str(tmp_path))
        assert (code, said) == (0, "The rules of plan stand: they are in the log of demo.")
        async with asyncio.timeout(20):
            await before.stopped
        said = " ".join(record.getMessage() for record in caplog.records)
        assert "not durable" not in said, "nothing has failed"
        assert "room demo is let go of" in said
        assert "nothing is lost" in said
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as ana:
            with pytest.raises(Refused) as raised:
                await ana.insert(0, "no")  # at once where it is known by now, else by the server's word
                await ana.saved()
            assert raised.value.code == "document_read_only"
            await ana.until(lambda one: one.text() == "")
        room = await server.registry.room("demo")
        assert room.sequencer.fold.documents["plan"].text() == ""
