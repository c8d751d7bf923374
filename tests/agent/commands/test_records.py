"""`verify` and `replay` on a database: broken conditions are named, a policy is a chain, JSON or a file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import workspace.intents.steps.commit_round as committing
from agent.cli import app
from agent.commands.records import read_changes
from tests.bench.replay import lay
from tests.workspace.intents.driver import Driver
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.intent import Expect
from workspace.store.sql import SqlStore

RUNNER = CliRunner()


def stored(driver: Driver, folder: Path) -> None:
    """Put a driver's log on disk as workspace `w`."""

    async def work() -> None:
        store = SqlStore(f"sqlite:///{folder / 'folkmoot.sqlite'}")
        await store.open()
        await lay(store, driver)
        await store.close()

    asyncio.run(work())


def call(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.mark.damages_logs
def test_a_broken_condition_is_told_with_its_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    with monkeypatch.context() as patch:
        patch.setattr(committing, "unmet_expectation", lambda *args: None)
        ana = driver.ask("Ana", expects=(Expect("budget", ("price",), 5),))
        driver.set(ana, "price", 8)
        driver.wait(1)
    stored(driver, tmp_path)
    for command in ("verify", "replay"):
        code, out = call(command, "w", "--data", str(tmp_path))
        assert code == 1, out
        assert "breaks C5: budget/price is not what" in out
    assert call("replay", "w", "--to", "5", "--data", str(tmp_path))[0] == 0


def test_another_policy_is_a_chain_an_object_or_a_file(tmp_path: Path) -> None:
    driver = Driver(policy=PolicyConfig(chain=("vote", "first"), vote_quorum=1))
    seen = driver.sequencer.fold.seq
    ids = [driver.ask(name, seen=seen) for name in ("Ana", "Ben")]
    for at, id in enumerate(ids):
        driver.set(id, "price", at)
    driver.wait(0.4)
    driver.ask("Chen", "", role="commenter", kind="answer", refs=(driver.question,), value=ids[1])
    driver.wait(1)
    stored(driver, tmp_path)
    assert call("verify", "w", "--data", str(tmp_path))[0] == 0
    quorum = json.dumps({"vote_quorum": 2})
    (tmp_path / "other.json").write_text(quorum)
    for policy in (quorum, str(tmp_path / "other.json")):
        code, out = call("replay", "w", "--policy", policy, "--data", str(tmp_path))
        assert code == 0
        assert "1 decisions are the same" in out
        assert "the people would be asked" in out
    assert "0 decisions are the same" in call("replay", "w", "--policy", "first", "--data", str(tmp_path))[1]
    assert "all would be the same" in call("replay", "w", "--policy", "vote", "--data", str(tmp_path))[1]
    for wrong in ("dice", '{"quorum": 1}', '{"chain"', str(tmp_path / "none.json")):
        assert call("replay", "w", "--policy", wrong, "--data", str(tmp_path))[0] == 1


def test_a_chain_in_words_is_one_field() -> None:
    assert read_changes("priority, ask") == {"chain": ["priority", "ask"]}
