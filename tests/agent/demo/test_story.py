"""The story that `folkmoot demo --story` acts out holds, and its exit code says so."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from agent.demo.story import StoryResult, tell


@pytest.mark.parametrize("seed", [2, 3])
async def test_every_check_of_the_story_holds(tmp_path: Path, seed: int) -> None:
    said: list[tuple[str, str]] = []
    result = await tell(tmp_path, lambda who, what: said.append((who, what)), seed_number=seed)
    assert [name for name, holds in result.checks if not holds] == []
    assert len(result.checks) >= 10
    assert {"Ana", "Ben", "Chen", "agent"} <= {who for who, _ in said}


def test_a_story_without_checks_or_with_a_broken_one_is_not_good() -> None:
    assert not StoryResult().is_good
    assert not StoryResult(checks=[("a", True), ("b", False)]).is_good


async def test_the_command_exits_with_zero() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent", "demo", "--story", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    assert "records verified" in out.decode()
