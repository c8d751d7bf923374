"""What the README shows is true: its code runs, its commands exist, its words are the code's."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from agent.builtin.planner import BuiltinPlanner
from agent.cli import app
from agent.scripted.scenario import read_scenario
from tests.support.server import running_server
from workspace.intents.model.bodies import BODIES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


async def test_the_python_client_runs_as_printed(capsys: object) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)
    async with running_server(planner=BuiltinPlanner()) as server:
        await scope["main"](f"{server.ws_url}/ws/demo", await server.token("reader"))  # type: ignore[operator]
        room = await server.registry.room("demo")
        assert "See you there" in room.sequencer.fold.documents["plan"].text()
    assert "done" in capsys.readouterr().out  # type: ignore[attr-defined]
    assert (ROOT / "docs/examples/instruct.py").read_text().endswith(code), "README shows the example as it is"


def test_the_javascript_client_uses_what_the_library_has() -> None:
    (code,) = re.findall(r"```js\n(.*?)```", README, re.S)
    library = "\n".join((ROOT / "web/src/client" / name).read_text() for name in ("room.ts", "log_view.ts"))
    spoken = re.sub(r"//[^\n]*", "", code)
    for name in re.findall(r"room\.(\w+)", spoken):
        assert re.search(rf"^  (?:async )?{name}\b", library, re.M), name


def test_every_command_exists() -> None:
    runner = CliRunner()
    for command in re.findall(r"`folkmoot ([\w-]+)", README):
        result = runner.invoke(app, [command, "--help"])
        assert result.exit_code == 0, command


def test_the_glossary_names_every_kind_of_record() -> None:
    assert all(kind in README for kind in BODIES)


def test_the_scripted_model_of_the_docs_is_a_scenario() -> None:
    assert len(read_scenario(ROOT / "docs" / "scripted-model.toml").replies) == 5


def test_pictures_and_pages_are_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link
