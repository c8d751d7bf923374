"""`verify` and `replay` on a database: broken conditions are named, a policy is a chain, JSON or a file."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from pathlib import Path

import msgspec
import pytest
from click.testing import Result
from typer.testing import CliRunner

import workspace.intents.steps.commit_round as committing
from agent.cli import app
from agent.commands.records import read_changes
from crdt.digest import sha256_of
from tests.bench.replay import lay
from tests.workspace.intents.driver import Driver
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.intent import Expect
from workspace.intents.model.log_format import FORMAT
from workspace.intents.model.record import Row, chain_hash, seal
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


@pytest.mark.damages_logs
@pytest.mark.parametrize("command", ["log", "verify", "replay", "blame"])
@pytest.mark.parametrize("newer", ["field", "kind", "format"])
def test_what_a_newer_version_wrote_is_refused_by_name(tmp_path: Path, command: str, newer: str) -> None:
    driver = Driver()
    driver.wait(1)
    last = driver.rows[-1]
    versions = {FORMAT: "99"} if newer == "format" else {}
    row = seal(
        ConfigBody(name="W", versions=versions),
        seq=last.seq + 1,
        epoch=last.epoch,
        at=last.at,
        actor="a",
        prev=last.hash,
    ).row
    head = {"seq": row.seq, "epoch": row.epoch, "kind": row.kind, "at": row.at, "actor": row.actor}
    if newer == "kind":
        head["kind"] = "ballot"
    text = '{"mood":"glad"}' if newer == "field" else row.body
    hashed = chain_hash(**head, sha=sha256_of(text.encode()), prev=row.prev)  # type: ignore[arg-type]
    driver.rows.append(Row(**head, body=text, prev=row.prev, hash=hashed))  # type: ignore[arg-type]
    stored(driver, tmp_path)
    arguments = ("budget", "price") if command == "blame" else ()
    code, out = call(command, "w", *arguments, "--data", str(tmp_path))
    words = {"field": "'config', has a field 'mood'", "kind": "'ballot', is of an unknown kind", "format": "format 99"}
    assert code == 1, out
    assert words[newer] in " ".join(out.split())
    assert f"record {row.seq}" in out
    assert "Traceback" not in out
    if command == "log":
        code, out = call("log", "w", "--json", "--data", str(tmp_path))
        assert (code, f'"seq":{row.seq}' in out) == (0, True), "that drops nothing"


@pytest.mark.damages_logs
@pytest.mark.damages_logs
@pytest.mark.parametrize("body", ['{"intent": 5}', "{"])
def test_a_body_that_cannot_be_read_is_named_by_its_record(tmp_path: Path, body: str) -> None:
    driver = Driver()
    driver.wait(1)
    last = driver.rows[-1]
    driver.rows.append(msgspec.structs.replace(last, seq=last.seq + 1, kind="verdict", body=body, prev=last.hash))
    stored(driver, tmp_path)
    code, out = call("log", "w", "--data", str(tmp_path))
    said = " ".join(out.split())
    assert code == 1
    assert f"record {last.seq + 1} of w, 'verdict', cannot be read" in said
    assert "folkmoot verify w" in said


@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("log", "w"), ("verify", "w"), ("token", "-w", "w", "--actor", "ana")]
)
def test_a_database_of_a_newer_version_is_refused_with_a_code_and_a_remedy(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    stored(Driver(), tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "folkmoot.sqlite")) as raw, raw:
        raw.execute("UPDATE schema_version SET version = 99")
    before = (tmp_path / "folkmoot.sqlite").read_bytes()
    code, out = call(*command, "--data", str(tmp_path))
    assert code == 1, out
    out = " ".join(out.split())
    assert "its schema is 99" in out
    assert "Traceback" not in out
    assert "docs/upgrading.md" in out
    assert "[database_newer]" in out
    assert (tmp_path / "folkmoot.sqlite").read_bytes() == before


def test_a_token_is_for_no_new_name_that_is_like_a_known_one(tmp_path: Path) -> None:
    def run(name: str, *more: str) -> Result:
        return RUNNER.invoke(app, ["token", *more, "--workspace", "demo", "--actor", name, "--data", str(tmp_path)])

    assert run("Ben", "--new").exit_code == 0
    for twin in ("ben", "BEN"):
        refused = run(twin)
        assert refused.exit_code == 1
        assert "Ben" in " ".join(refused.output.split()).removeprefix(f"--actor {twin!r}")
    assert run("Be\u034fn").exit_code == 1
    assert run("Ben").exit_code == 0


def test_a_workspace_that_a_token_makes_is_told_of(tmp_path: Path) -> None:
    here = ("--actor", "Ana", "--data", str(tmp_path))
    assert "demo" not in RUNNER.invoke(app, ["token", "--new", "--workspace", "demo", *here]).stderr
    made = RUNNER.invoke(app, ["token", "--workspace", "dmo", *here])
    assert (made.exit_code, made.stderr) == (0, "There was no workspace dmo: it is made now.\n")
    assert made.stdout.startswith("fm_")
    assert RUNNER.invoke(app, ["token", "--workspace", "dmo", *here]).stderr == ""
