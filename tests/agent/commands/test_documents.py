"""`folkmoot documents`: without a server, and beside one whose people are told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.commands import agent_stop
from agent.server import serving
from workspace.client.document import connect_document
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.events import Configured
from workspace.settings import Settings

RUNNER = CliRunner()


def call(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, ["documents", *arguments])
    return result.exit_code, " ".join(result.output.split())


def settings_in(folder: Path) -> Settings:
    return Settings(port=0, database=f"sqlite:///{folder / 'folkmoot.sqlite'}")


def test_without_a_server_each_act_is_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_stop, "TAKEN_SECONDS", 0.01)

    async def make() -> None:
        async with serving(settings_in(tmp_path)) as server:
            await server.registry.create("demo", name="d", actor="ana", documents={"budget": "data", "plan": "text"})

    asyncio.run(make())
    here = ("--data", str(tmp_path))
    assert call("list", "demo", *here) == (0, "budget data plan text")
    assert call("rename", "demo", "plan", "schedule", *here) == (
        0,
        "plan is renamed to schedule: it is in the log of demo.",
    )
    for do in (("delete",), ("archive",), ("rename", "other")):
        code, said = call(do[0], "demo", "plan", *do[1:], *here)
        assert (code, "plan is called schedule now." in said) == (1, True), "by a name that it has given up"
    assert call("delete", "demo", "budget", "--actor", "Ops", *here)[0] == 0
    assert call("list", "demo", *here) == (0, "schedule text (id plan)")
    code, said = call("list", "demo", "--all", *here)
    assert said.startswith("budget data deleted by Ops, 20")
    assert call("archive", "demo", "_id/plan", *here)[0] == 0
    assert call("restore", "demo", "budget", "--name", "costs", *here)[0] == 0
    assert call("list", "demo", *here) == (0, "costs data (id budget)")
    result = RUNNER.invoke(app, ["verify", "demo", *here])
    assert result.exit_code == 0
    now = RUNNER.invoke(app, ["replay", "demo", *here]).output
    assert "costs (data)" in now
    assert "schedule (text, archived)" in now
    assert "costs" not in RUNNER.invoke(app, ["replay", "demo", "--to", "3", *here]).output
    assert RUNNER.invoke(app, ["blame", "demo", "schedule", *here]).exit_code == 0
    for wrong, what in (
        (("rename", "demo", "nowhere", "x"), "There is no document nowhere"),
        (("rename", "demo", "costs", "_x"), "No document may have this name"),
        (("rename", "demo", "costs", "schedule"), "There is a document schedule already"),
        (("delete", "demo", "costs", "--actor", " x"), "--actor is a name"),
        (("list", "elsewhere"), "there is no workspace 'elsewhere'"),
    ):
        code, said = call(*wrong, *here)
        assert (code, what in said) == (1, True), said


def test_a_restore_is_of_what_was_deleted_and_never_of_what_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_stop, "TAKEN_SECONDS", 0.01)

    async def make() -> None:
        async with serving(settings_in(tmp_path)) as server:
            room = await server.registry.create("demo", name="d", actor="ana", documents={"plan": "text"})
            gone = ConfigBody(acts=(DocumentAct("delete", "plan"),), documents={})
            await room.submit(Configured("ana", gone, "owner"))
            await room.submit(Configured("ana", ConfigBody(documents={"plan/_9": "text"}), "owner"))

    asyncio.run(make())
    here = ("--data", str(tmp_path))
    code, said = call("restore", "demo", "plan", *here)
    assert (code, "There is a document plan already." in said) == (1, True)
    assert call("restore", "demo", "plan", "--name", "back", *here)[0] == 0
    assert call("list", "demo", *here) == (0, "back text (id plan) plan text (id plan/_9)")
    for more in ((), ("--name", "other")):
        code, said = call("restore", "demo", "plan", *more, *here)
        assert (code, "plan lives, and nothing that was called so is put away." in said) == (1, True)
    assert call("archive", "demo", "back", *here)[0] == 0
    code, said = call("rename", "demo", "back", "other", *here)
    assert (code, "back was archived." in said, "folkmoot documents restore demo DOC" in said) == (1, True, True)


async def test_beside_a_server_people_there_are_told_when_the_command_ends(tmp_path: Path) -> None:
    async with serving(settings_in(tmp_path)) as server:
        await server.registry.create("demo", name="d", actor="ana", documents={"plan": "text"})
        token = await server.registry.tokens.make("demo", actor="ana", role="editor")
        async with connect_document(f"{server.ws_url}/ws/demo", "plan", token=token) as ana:
            await ana.insert(0, "kept")
            await ana.saved()
            before = await server.registry.room("demo")
            await before.flush_runs()
            code, said = await asyncio.to_thread(call, "delete", "demo", "plan", "--data", str(tmp_path))
            assert (code, said) == (0, "plan is deleted: it is in the log of demo.")
            async with asyncio.timeout(20):
                await before.stopped
                await ana.until(lambda client: client.closed is not None)
        room = await server.registry.room("demo")
        fold = room.sequencer.fold
        assert (fold.listed(), fold.documents["plan"].text()) == ({}, "kept")
