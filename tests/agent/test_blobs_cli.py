"""`folkmoot blobs` has its commands below it; each says what it is for."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from agent.cli import app

RUNNER = CliRunner()


@pytest.mark.parametrize("command", ["list", "export", "verify"])
def test_every_command_says_what_it_is_for(command: str) -> None:
    result = RUNNER.invoke(app, ["blobs", command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "--data" in result.output
