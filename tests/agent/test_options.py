"""A command leaves with the exit code of its part, which is loaded by name when it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from agent.options import run


def test_a_command_leaves_with_what_its_part_returns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        run("admin", "noted", "holiday", "", "operator", None, tmp_path)
    assert left.value.exit_code == 1
    assert "none of backup, anchor" in capsys.readouterr().err


def test_a_part_that_is_not_there_is_a_bug() -> None:
    with pytest.raises(AttributeError):
        run("admin", "nothing")
