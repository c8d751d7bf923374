"""A server of its own on loopback, and schemathesis in a process of its own that asks it by its description."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agent.builtin.planner import BuiltinPlanner
from tests.support.server import Running, running_server
from workspace.settings import Settings

ROOT = Path(__file__).parent.parent.parent
PEOPLE = ("owner", "nobody")
# What is not asked: whether what fits the schema is taken (a name that is taken, a role that is the last), and what
# follows from requests one after the other, which is tried by tests that know what they do.
NOT_ASKED = "positive_data_acceptance,use_after_free,ensure_resource_availability"
SECONDS_MAX = 3_000
# `coverage` tries every bound of every field in turn, which takes minutes.
ALL_PHASES, SHORT = "examples,coverage,fuzzing", "examples,fuzzing"


@dataclass(frozen=True)
class Found:
    """What came of a round: whether schemathesis found nothing, and its report."""

    is_clean: bool
    report: str


def fuzz(who: str, *, examples: int, seed: int, only: str = "", phases: str = ALL_PHASES) -> Found:
    """Return what schemathesis finds as somebody, with so many random requests a route."""
    return asyncio.run(_fuzz(who, _command(examples=examples, seed=seed, only=only, phases=phases)))


async def _fuzz(who: str, command: list[str]) -> Found:
    # A workspace that nobody asks for a minute, while others are asked, is not to be closed meanwhile.
    async with running_server(planner=BuiltinPlanner(), settings=Settings(idle_seconds=SECONDS_MAX)) as server:
        await _fill(server)
        token = await server.token("ana", "owner", ws=None) if who == "owner" else ""
        return await asyncio.to_thread(_ask, server.url, token, command)


async def _fill(server: Running) -> None:
    """Give the workspace some people and an instruction, so that there is something to be found."""
    for actor in ("Ana", "Ben"):
        await server.token(actor, "owner")


def _command(*, examples: int, seed: int, only: str, phases: str) -> list[str]:
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run",
        "--phases", phases, "--checks", "all", "--exclude-checks", NOT_ASKED,
        "--max-examples", str(examples), "--seed", str(seed), "--request-timeout", "20",
        "--generation-database", "none", "--continue-on-failure", "--warnings", "off", "--no-color", "--no-shrink",
        "--suppress-health-check", "all", "--max-redirects", "0",
    ]  # fmt: skip
    return [*command, "--include-path-regex", only] if only else command


def _ask(url: str, token: str, command: list[str]) -> Found:
    said = ["--header", f"Authorization: Bearer {token}"] if token else []
    settings = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.api_fuzz.hooks", "PYTHONPATH": str(ROOT), "COLUMNS": "110"}
    # What it notes down for itself goes with the folder.
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*command, f"{url}/openapi.json", "--url", url, *said],
            cwd=folder,
            env=settings,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
    return Found(done.returncode == 0, done.stdout + done.stderr)
