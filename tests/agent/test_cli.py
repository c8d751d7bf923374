"""The command line says what is there, and what to do when it is not."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from agent.cli import app
from agent.demo.seed import seed
from agent.server import serving
from workspace.client import connect
from workspace.settings import Settings

RUNNER = CliRunner()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A database with one settled instruction."""

    async def make() -> None:
        settings = Settings(port=0, database=f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")
        async with serving(settings) as server:
            tokens = await seed(server.registry)
            async with connect(f"{server.ws_url}/ws/demo", token=tokens["Ben"]) as ben:
                await (await ben.intent("increase budget.food by 5")).verdict(20)

    asyncio.run(make())
    return tmp_path


def call(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, list(arguments))
    return result.exit_code, result.output


def test_a_log_is_read_verified_and_replayed(data: Path) -> None:
    code, out = call("log", "demo", "--data", str(data))
    assert code == 0
    assert "increase budget.food by 5" in out
    assert call("log", "demo", "--data", str(data), "--kind", "verdict")[1].count("\n") == 1
    code, out = call("verify", "demo", "--data", str(data))
    assert code == 0
    assert "states reproduced" in out
    code, now = call("replay", "demo", "--data", str(data))
    assert code == 0
    assert '"food": 425' in now
    assert '"food": 420' in call("replay", "demo", "--to", "5", "--data", str(data))[1]


@pytest.mark.damages_logs
def test_a_changed_log_does_not_verify(data: Path) -> None:
    import sqlite3

    with sqlite3.connect(data / "folkmoot.sqlite") as raw:
        raw.execute("UPDATE log SET body = replace(body, 'food', 'fool') WHERE kind = 'intent'")
    code, out = call("verify", "demo", "--data", str(data))
    assert code == 1
    assert "NOT intact" in out


GROUPS = ("agent", "documents", "people", "rights", "admin", "blobs")
LOOKING = [
    ("log", "demo"),
    ("log", "demo", "--follow"),
    ("verify", "demo"),
    ("replay", "demo"),
    ("replay", "demo", "--policy", "first"),
    ("blame", "demo", "plan"),
    ("usage", "demo"),
    ("token", "-w", "demo", "--actor", "Ana"),
    ("agent", "stop"),
    ("agent", "stop", "-w", "demo"),
    ("agent", "start"),
    ("agent", "status"),
    ("admin",),
    ("admin", "sessions"),
    ("admin", "end", "0123456789ab"),
    ("admin", "token"),
    ("admin", "noted", "backup"),
    ("documents", "list", "demo"),
    ("documents", "rename", "demo", "plan", "schedule"),
    ("documents", "archive", "demo", "plan"),
    ("documents", "delete", "demo", "plan"),
    ("documents", "restore", "demo", "plan"),
    ("people", "list", "demo"),
    ("people", "role", "demo", "Ana", "viewer"),
    ("people", "sessions", "demo"),
    ("people", "end", "demo", "Ana"),
    ("people", "rotate", "demo", "Ana"),
    ("people", "invite", "demo"),
    ("people", "invitations", "demo"),
    ("people", "revoke", "demo", "0123"),
    ("people", "access"),
    ("rights", "list", "demo"),
    ("rights", "set", "demo", "plan", "viewer", "--group", "everyone"),
    ("rights", "clear", "demo", "plan"),
    ("blobs", "list", "demo"),
    ("blobs", "export", "demo", "no-such-folder"),
    ("blobs", "verify", "demo"),
    ("doctor", "--port", "0"),
]
MAKING = {"serve", "demo", "scripted-model"}  # the last one has no database


def test_every_command_is_said_to_make_a_database_or_not() -> None:
    """Whoever adds a command that looks into a database adds it to `LOOKING`."""
    groups = {str(group.typer_instance.info.name or name): get_command(group.typer_instance)
              for group, name in zip(app.registered_groups, GROUPS, strict=True)}  # fmt: skip
    names = {name for name in get_command(app).commands if name not in groups}  # type: ignore[attr-defined]
    assert names - MAKING == {command[0] for command in LOOKING} - set(groups)
    for name, group in groups.items():
        assert set(group.commands) == {  # type: ignore[attr-defined]
            command[1] for command in LOOKING if command[0] == name and len(command) > 1
        }


@pytest.mark.parametrize("made", ["nothing", "a folder", "an empty file"])
@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
def test_what_only_looks_or_steers_makes_nothing(tmp_path: Path, command: tuple[str, ...], made: str) -> None:
    place = tmp_path / "typo"
    if made != "nothing":
        place.mkdir()
    if made == "an empty file":
        (place / "folkmoot.sqlite").touch()
    before = sorted((path, path.stat().st_size) for path in tmp_path.rglob("*"))
    code, out = call(*command, "--data", str(place))
    said = " ".join(out.split())
    if command[0] == "doctor":
        assert f"· There is no database in {place} yet" in said
        assert "`folkmoot serve` makes it" in said
    else:
        assert code == 1
        assert f"there is no database in {place}" in said
        assert "Is --data right?" in said
        assert "[database_missing]" in said
    assert sorted((path, path.stat().st_size) for path in tmp_path.rglob("*")) == before


def test_a_token_before_the_first_start_is_asked_for(tmp_path: Path) -> None:
    place = tmp_path / "new"
    code, out = call("token", "-w", "demo", "--actor", "Ana", "--data", str(place))
    assert code == 1
    assert "token --new" in out
    code, made = call("token", "-w", "demo", "--actor", "Ana", "--new", "--data", str(place))
    assert (code, made[:3]) == (0, "fm_")
    assert call("token", "-w", "demo", "--actor", "Ben", "--data", str(place))[0] == 0
    assert call("token", "-w", "demo", "--actor", "Chen", "--new", "--data", str(place))[0] == 0


@pytest.mark.parametrize(
    "wrong, named",
    [
        ({"-w": "Demo!"}, "--workspace 'Demo!'"),
        ({"--actor": ""}, "--actor ''"),
        ({"--actor": "x" * 65}, "--actor 'xxx"),
        ({"--actor": "agent"}, "'agent'"),
        ({"--role": "king"}, "--role 'king' is none of owner, editor"),
        ({"--role": "agent"}, "--role 'agent'"),
        ({"-w": "Demo!", "--role": "king"}, "--role 'king'"),
    ],
)
def test_a_token_says_what_is_wrong_and_only_that(tmp_path: Path, wrong: dict[str, str], named: str) -> None:
    given = {"-w": "demo", "--actor": "Ana", "--role": "editor", **wrong}
    code, out = call("token", "--data", str(tmp_path), *(word for pair in given.items() for word in pair))
    said = " ".join(out.split())
    assert code == 1
    assert named in said
    options = {"-w": "--workspace"}
    assert {name for name in ("--workspace", "--actor", "--role") if name in said} == {
        options.get(name, name) for name in wrong
    }


def test_mistakes_are_told_with_what_to_do(data: Path, tmp_path: Path) -> None:
    code, out = call("verify", "nowhere", "--data", str(data))
    assert code == 1
    assert "no workspace 'nowhere'" in out
    assert call("log", "x", "--kind", "dance", "--data", str(tmp_path))[0] == 1
    assert "owner, editor" in call("token", "-w", "demo", "--actor", "a", "--role", "king", "--data", str(tmp_path))[1]
    assert "mysql" in call("verify", "demo", "--database", "mysql://x")[1]
    code, token = call("token", "-w", "new", "--actor", "Zoë", "--data", str(data))
    assert code == 0
    assert token.startswith("fm_")


async def test_a_taken_port_is_explained(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agent", "serve", "--port", str(port), "--data", str(tmp_path),
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, err = await process.communicate()
    assert process.returncode == 1
    assert b"--port" in err


def test_help_loads_neither_server_nor_database() -> None:
    assert call("--help")[0] == 0
    loaded = asyncio.run(_modules_after("from agent.cli import app"))
    assert not {"sqlmodel", "uvicorn", "starlette", "pycrdt", "anthropic"} & loaded


async def _modules_after(code: str) -> set[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{code}; import sys; print(' '.join(sys.modules))", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return set(out.decode().split())
