"""`folkmoot agent`: beside a running server, and without one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.commands import agent_stop as stopping
from agent.server import serving
from workspace.client import connect
from workspace.settings import Settings
from workspace.store.sqlite_file import prepare

RUNNER = CliRunner()


def call(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, ["agent", *arguments])
    return result.exit_code, " ".join(result.output.split())


async def beside(*arguments: str) -> tuple[int, str]:
    """Run a command in a thread of its own, as another process would."""
    return await asyncio.to_thread(call, *arguments)


async def test_beside_a_running_server_it_is_in_the_log_when_the_command_ends(tmp_path: Path) -> None:
    here = ("--data", str(tmp_path))
    settings = Settings(port=0, database=f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")
    async with serving(settings) as server:
        await server.registry.create("demo", name="d", actor="ana", documents={"budget": "data"})
        token = await server.registry.tokens.make("demo", actor="ana", role="editor")
        async with connect(f"{server.ws_url}/ws/demo", token=token) as room:
            code, said = await beside("stop", "-w", "demo", "--reason", "the numbers", "--actor", "Ops", *here)
            assert (code, said) == (0, "The agent is stopped in demo: it is in its log.")
            await room.until(lambda r: [stop["by"] for stop in r.stops] == ["Ops"], 10)
            intent = await room.intent("set budget.food to 5")
            async with asyncio.timeout(10):
                async for state in intent.states():
                    if state.reason == "The agent is stopped by Ops: the numbers":
                        break
            code, said = await beside("status", *here)
            assert code == 3
            assert said.startswith("demo: The agent is stopped by Ops: the numbers (record ")
            code, said = await beside("stop", "--reason", "an outage", *here)
            assert code == 0
            await room.until(lambda r: len(r.stops) == 2, 10)
            code, said = await beside("start", "-w", "demo", *here)
            assert code == 0
            assert "goes on in demo" in said
            assert "stopped on the whole server by operator: an outage" in said, "it does not go on yet, and why"
            code, said = await beside("start", *here)
            assert code == 0
            assert (await intent.verdict(20))["state"] == "done"
        assert await beside("status", *here) == (0, "The agent works.")
    result = await asyncio.to_thread(RUNNER.invoke, app, ["log", "demo", "--kind", "config", *here])
    assert "the agent is stopped, here: the numbers" in result.output
    assert "the agent goes on, on the whole server" in result.output


def test_without_a_server_it_is_written_down_and_holds_as_one_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "TAKEN_SECONDS", 0.0)
    here = ("--data", str(tmp_path))
    settings = Settings(port=0, database=f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")

    async def serve() -> tuple[bool, bool]:
        async with serving(settings) as server:
            if await server.registry.store.workspace("demo") is None:
                await server.registry.create("demo", name="d", actor="ana")
            stops = (await server.registry.room("demo")).sequencer.fold.stops.by_scope
            return "workspace" in stops, "server" in stops

    assert asyncio.run(serve()) == (False, False)
    code, said = call("stop", "-w", "demo", *here)
    assert code == 0
    assert "holds as soon as demo is opened" in said
    assert "--data" in said
    code, said = call("status", "-w", "demo", *here)
    assert code == 3
    assert "it is to stop by operator's word" in said
    assert call("stop", *here)[0] == 0
    assert asyncio.run(serve()) == (True, True)
    assert call("start", "-w", "demo", *here)[0] == 0
    assert call("start", *here)[0] == 0
    assert asyncio.run(serve()) == (False, False)
    assert call("status", *here) == (0, "The agent works.")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("stop", "--reason", "x" * 301), "at most 300"),
        (("stop", "--reason", "a\nb"), "one line"),
        (("stop", "--actor", ""), "--actor is a name"),
        (("stop", "-w", "nowhere"), "there is no workspace 'nowhere'"),
        (("start", "-w", "nowhere"), "Is --data right?"),
        (("status", "-w", "nowhere"), "there is no workspace 'nowhere'"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    prepare(tmp_path / "folkmoot.sqlite")
    code, said = call(*arguments, "--data", str(tmp_path))
    assert code == 1
    assert words in said
