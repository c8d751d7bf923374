"""What models have cost, a scripted one to try things offline, and a doctor that says what to do."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.server import bind, serving
from tests.support.model import reply, scripted_model, use
from tests.support.process import folkmoot
from workspace.client import connect
from workspace.settings import Settings
from workspace.store.sqlite_file import prepare

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model but the one a test sets up."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "FOLKMOOT_MODEL", "FOLKMOOT_PRICES"):
        monkeypatch.delenv(name, raising=False)


def call(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, list(arguments))
    return result.exit_code, result.output


async def planned(folder: Path) -> None:
    """Leave a log in which a model planned one instruction of Ana's."""
    replies = [reply(use("insert", document="plan", insert_line=0, text="Hi."), use("finish", summary="Wrote."))]
    async with scripted_model(replies) as model:
        settings = Settings(port=0, database=f"sqlite:///{folder / 'folkmoot.sqlite'}")
        async with serving(settings, models=model.settings()) as server:
            await server.registry.create("demo", name="Demo", actor="Ana", documents={"plan": "text"})
            token = await server.registry.tokens.make("demo", actor="Ana", role="editor")
            async with connect(f"{server.ws_url}/ws/demo", token=token) as room:
                assert (await (await room.intent("Greet them", doc="plan")).verdict(20))["state"] == "done"


def test_an_account_names_models_authors_and_verdicts(tmp_path: Path) -> None:
    asyncio.run(planned(tmp_path))
    code, out = call("usage", "demo", "--data", str(tmp_path))
    assert code == 0
    assert "claude-haiku-5-5" in out
    assert "Ana" in out
    assert "plan@1" in out
    assert "Routing saved $" in out


def test_a_workspace_that_asked_no_model_says_so(tmp_path: Path) -> None:
    call("token", "-w", "demo", "--actor", "Ana", "--new", "--data", str(tmp_path))
    code, out = call("usage", "demo", "--data", str(tmp_path))
    assert (code, out) == (0, "No model was asked in demo yet.\n")
    assert call("usage", "nowhere", "--data", str(tmp_path))[0] == 1


def test_a_doctor_tells_what_is_broken_from_what_is_only_to_be_known(tmp_path: Path) -> None:
    prepare(tmp_path / "folkmoot.sqlite")
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        _, out = call("doctor", "--data", str(tmp_path), "--port", str(port))
    assert "opens; workspaces: none yet." in out
    assert f"Cannot listen on 127.0.0.1:{port}" in out
    assert "Fine if that is Folkmoot itself" in out
    assert "No model is set up" in out
    (tmp_path / "file").write_text("in the way")
    code, out = call("doctor", "--database", f"sqlite:///{tmp_path}/file/x.sqlite", "--port", "0")
    assert code == 1
    assert "does not open" in out
    assert "Give another with --database" in out


def test_a_doctor_sends_to_what_is_written_of_a_newer_database(tmp_path: Path) -> None:
    path = tmp_path / "folkmoot.sqlite"
    prepare(path)
    with contextlib.closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE schema_version SET version = version + 1")
    code, out = call("doctor", "--database", f"sqlite:///{path}", "--port", "0")
    assert code == 1
    assert "Start the newer version" in out
    assert "See database_newer in docs/upgrading.md." in out
    assert "Give another" not in out


async def test_a_doctor_asks_each_model_once(tmp_path: Path) -> None:
    async with scripted_model([{"when": {"model": "opus"}, "error": 401}, {"text": "ready"}]) as model:
        process = await folkmoot("doctor", "--data", str(tmp_path), "--port", "0", ANTHROPIC_BASE_URL=model.url)
        out = (await process.communicate())[0].decode()
        assert [sent["model"] for sent in model.scripted.calls] == [
            "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5",
        ]  # fmt: skip
    assert process.returncode == 1
    assert "claude-haiku-5-5 answers" in out
    assert "claude-opus-5-5 does not answer" in out


def test_bad_prices_are_the_doctors_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    monkeypatch.setenv("FOLKMOOT_PRICES", str(tmp_path / "nowhere.json"))
    code, out = call("doctor", "--data", str(tmp_path), "--port", "0")
    assert code == 1
    assert "Mend or unset FOLKMOOT_PRICES" in out


async def test_a_scripted_model_serves_and_a_bad_scenario_is_told(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("[[reply]]\ntxet = 1\n")
    process = await folkmoot("scripted-model", str(bad))
    assert b"txet" in (await process.communicate())[1]
    good = tmp_path / "good.toml"
    good.write_text('[[reply]]\ntext = "hi"\n')
    process = await folkmoot("scripted-model", str(good), "--port", "0")
    assert process.stdout is not None
    try:
        assert b"with 1 replies listens on http://127.0.0.1:" in await process.stdout.readline()
    finally:
        process.terminate()
        await process.wait()
