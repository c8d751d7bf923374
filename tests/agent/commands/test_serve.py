"""`folkmoot serve`: the command line goes before the environment, and the first start says how to get in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.builtin.planner import BuiltinPlanner
from agent.commands.serve import complain, greeting, port_taken, settings_of
from agent.server import bind
from tests.support.process import folkmoot
from tests.support.server import running_server
from workspace.settings import Settings


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says other things than the command line."""
    for name in ("FOLKMOOT_HOST", "FOLKMOOT_PORT", "FOLKMOOT_DATABASE", "FOLKMOOT_DATA", "FOLKMOOT_OPEN"):
        monkeypatch.delenv(name, raising=False)


def test_what_the_command_line_says_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKMOOT_PORT", "9001")
    monkeypatch.setenv("FOLKMOOT_DATABASE", "sqlite:///env.sqlite")
    assert settings_of(None, None, None, None).port == 9001
    assert settings_of(None, 9002, None, None).port == 9002
    assert settings_of(None, None, None, None).database_url == "sqlite:///env.sqlite"
    assert settings_of(None, None, "sqlite:///own.sqlite", None).database_url == "sqlite:///own.sqlite"
    assert not settings_of(None, None, None, None).is_open
    assert settings_of(None, None, None, None, is_open=True).is_open


def test_a_folder_names_the_database_in_it_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKMOOT_DATABASE", "sqlite:///env.sqlite")
    assert settings_of(None, None, None, Path("d")).database_url == "sqlite:///d/folkmoot.sqlite"
    assert settings_of(None, None, "sqlite:///x.sqlite", Path("d")).database_url == "sqlite:///x.sqlite"


def test_a_mistake_is_told_on_stderr_and_is_exit_code_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert complain("say it so.") == 1
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use") as raised:
            bind("127.0.0.1", port)
        assert port_taken(Settings(port=port), raised.value) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "folkmoot: say it so." in err
    assert "--port 0" in err


async def test_the_owners_link_is_shown_once() -> None:
    async with running_server(planner=BuiltinPlanner(), workspace=None) as server:
        lines = await greeting(server.registry, server.url)
        (link,) = [line for line in lines if "Owner's link" in line]
        token = re.search(r"#token=(\S+)", link)
        assert token is not None
        identity = await server.registry.tokens.identify(token[1], "demo")
        assert identity is not None
        assert identity.role == "owner"
        again = await greeting(server.registry, server.url)
        assert not any("token=" in line for line in again)
        assert any("builtin@1" in line for line in again)


async def test_an_open_server_says_so() -> None:
    async with running_server(settings=Settings(is_open=True), workspace=None) as server:
        assert any("Open to everybody" in line for line in await greeting(server.registry, server.url))


async def test_a_bad_environment_ends_before_anything_is_opened(tmp_path: Path) -> None:
    process = await folkmoot("serve", "--data", str(tmp_path / "d"), FOLKMOOT_PORT="never")
    _, err = await process.communicate()
    assert process.returncode == 1
    assert b"FOLKMOOT_PORT" in err
    assert not (tmp_path / "d").exists()
