"""`folkmoot admin` does something itself, and has commands below it; each says what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import app

RUNNER = CliRunner()


@pytest.mark.parametrize("command", [[], ["sessions"], ["end"], ["token"], ["noted"]], ids=" ".join)
def test_every_command_says_what_it_is_for(command: list[str]) -> None:
    result = RUNNER.invoke(app, ["admin", *command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "--data" in result.output


def test_a_command_below_it_is_not_preceded_by_the_whole_server(tmp_path: Path) -> None:
    made = RUNNER.invoke(app, ["token", "-w", "demo", "--actor", "Ana", "--new", "--data", str(tmp_path)])
    assert made.exit_code == 0
    result = RUNNER.invoke(app, ["admin", "noted", "backup", "--data", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "It is written down: the last backup was made now.\n")
