"""`folkmoot admin`: with no server running and beside one, on a file and on PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from agent.cli import app
from agent.commands.admin import (
    COLUMNS,
    NARROW_COLUMNS,
    key_cells,
    remarks,
    server_lines,
    size_words,
    workspace_cells,
    workspaces_table,
)
from agent.server import serving
from tests.support.until import until
from workspace.access import parse_key
from workspace.client import connect
from workspace.settings import Settings

RUNNER = CliRunner()
WIDE = {"COLUMNS": "220"}


def call(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, list(arguments), env=WIDE)
    return result.exit_code, result.output


def told(*arguments: str) -> Any:
    code, out = call("admin", *arguments, "--json")
    assert code == 0, out
    return json.loads(out)


@pytest.fixture(params=["a file", "PostgreSQL"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Return the options that name a database of the test's own."""
    if request.param == "a file":
        return "--data", str(tmp_path)
    return "--database", request.getfixturevalue("postgres_url")


def test_with_no_server_running_all_is_told_that_the_database_knows(here: tuple[str, str]) -> None:
    keys = [
        call("token", "-w", ws, "--actor", actor, "--role", role, "--new", *here)[1].strip()
        for ws, actor, role in (("demo", "Ana", "owner"), ("demo", "Ben", "editor"), ("other", "Cy", "viewer"))
    ]
    code, out = call("admin", *here)
    assert code == 0
    assert "2 workspaces, 3 tokens and sessions that count" in out
    assert "Last backup: none known" in out
    assert "The agent works." in out
    (demo,) = [line.split("│") for line in out.splitlines() if "│ demo" in line]
    assert [cell.strip() for cell in demo[1:6]] == ["demo", "Ana", "2", "–", "1"]
    found = told(*here)
    assert found["server"]["database"]["kind"] == ("SQLite" if here[0] == "--data" else "PostgreSQL")
    assert found["server"]["database"]["bytes"] > 0
    assert found["server"]["uptime_s"] is None
    assert [row["measured"] for row in found["workspaces"]] == [True, True], "what nobody measured is measured here"
    assert [row["id"] for row in told("--find", "OTH", *here)["workspaces"]] == ["other"]
    assert call("admin", "noted", "backup", "to tape", "--actor", "cron", *here)[0] == 0
    assert call("agent", "stop", "--reason", "an audit", *here)[0] == 0
    out = call("admin", *here)[1]
    assert " by cron: to tape" in out
    assert "The agent is stopped on the whole server by operator since" in out
    rows = told("sessions", *here)
    assert [(row["who"], row["ws"], row["role"]) for row in rows] == [
        ("Cy", "other", "viewer"), ("Ben", "demo", "editor"), ("Ana", "demo", "owner"),
    ]  # fmt: skip
    code, out = call("admin", "sessions", "--find", "ben", *here)
    assert (code, "Ben" in out, "Ana" in out) == (0, True, False)
    assert not any(key.split("_")[2] in out for key in keys)
    id = (parse_key(keys[1], "fm") or ("",))[0]
    assert call("admin", "end", id, "--actor", "Ops", *here)[0] == 0
    assert [row["who"] for row in told("sessions", *here)] == ["Cy", "Ana"]
    assert f"Ops  ended  Ben: 1: {id}" in call("people", "access", "demo", *here)[1]


def test_the_last_token_of_the_server_stays_and_another_is_made(tmp_path: Path) -> None:
    here = ("--data", str(tmp_path))
    call("token", "-w", "demo", "--actor", "Ana", "--new", *here)
    made = [call("admin", "token", "--actor", name, *here)[1].strip() for name in ("first", "second")]
    ids = [(parse_key(key, "fm") or ("",))[0] for key in made]
    assert call("admin", "end", ids[0], *here)[0] == 0
    code, out = call("admin", "end", ids[1], *here)
    assert (code, "the last key with which somebody runs" in " ".join(out.split())) == (1, True)
    assert [(row["who"], row["ws"]) for row in told("sessions", *here)] == [("second", None), ("Ana", "demo")]


def test_mistakes_are_told_with_what_to_do(tmp_path: Path) -> None:
    here = ("--data", str(tmp_path))
    call("token", "-w", "demo", "--actor", "Ana", "--new", *here)
    for wrong, said in (
        (("end", "0123456789ab"), "See `folkmoot admin sessions`"),
        (("end", "0123456789ab", "--actor", " x"), "--actor is a name"),
        (("token", "--actor", " x"), "--actor is a name"),
        (("token", "--expires", "soon"), "is not a date like"),
        (("noted", "holiday"), "none of backup, anchor"),
        (("noted", "backup", "two\nlines"), "one line of at most"),
        (("noted", "backup", "x", "--actor", " x"), "--actor is a name"),
        (("--find", "x" * 101), "at most 100"),
        (("sessions", "--find", "x" * 101), "at most 100"),
    ):
        code, out = call("admin", *wrong, *here)
        assert (code, said in " ".join(out.split())) == (1, True), out


async def test_beside_a_server_it_tells_the_same_and_ends_keys_within_a_second(tmp_path: Path) -> None:
    here = ("--data", str(tmp_path))
    async with serving(Settings(port=0, database=f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")) as server:
        await server.registry.create("demo", name="Demo", actor="ana", documents={"plan": "text"})
        link = await server.registry.tokens.make("demo", actor="ben", role="editor")
        async with connect(f"{server.ws_url}/ws/demo", token=link) as _:
            await server.registry.tallies.look()
            found = await asyncio.to_thread(told, *here)
            (row,) = found["workspaces"]
            assert (row["name"], row["documents"]["living"], row["sockets"]) == ("Demo", 1, None)
            holds = server.registry.authority._held_in("demo")
            assert holds
            id = (parse_key(link, "fm") or ("",))[0]
            assert (await asyncio.to_thread(call, "admin", "end", id, *here))[0] == 0
            await until(lambda: all(hold.is_over for hold in holds), seconds=3)
        assert await server.registry.tokens.identify(link, "demo") is None


def test_sizes_are_read_by_people() -> None:
    said = {0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 10 << 10: "10 KiB", 3 << 19: "1.5 MiB", 5 << 50: "5120 TiB"}
    assert {size: size_words(size) for size in said} == said


def test_what_nobody_has_said_is_a_dash_and_what_is_wrong_a_line_of_its_own() -> None:
    row = {
        "id": "w", "owners": ["a"], "more_owners": True, "members": 3, "documents": None, "records": 7, "bytes": None,
        "live": None, "active": "2026", "stops": [], "order": None, "quarantined": {}, "aside": None, "measured": True,
    }  # fmt: skip
    assert workspace_cells(row) == ["w", "a, …", "3", "–", "7", "–", "–", "–", "–", "2026"]
    assert remarks(row) == []
    known = {"living": 4, "archived": 1, "deleted": 1}
    sizes = {"log": 1, "journal": 2048, "snapshots": 0}
    assert workspace_cells({**row, "documents": known, "bytes": sizes, "live": 2, "owners": [], "more_owners": False})[
        1:9
    ] == ["–", "3", "4 (+2 put away)", "7", "1 B", "2.0 KiB", "0 B", "2"]
    wrong = {
        **row, "stops": [{"by": "ana", "since": "1", "reason": "lunch"}], "quarantined": {"plan": "lost"}, "aside": 3,
        "order": {"on": True, "by": "Ops"}, "measured": False,
    }  # fmt: skip
    assert remarks(wrong) == [
        "w: the agent is stopped by ana since 1: lunch",
        "w: the agent is to stop by Ops, as soon as it is opened.",
        "w: the document plan was put aside, it cannot be read: lost",
        "w: 2 more documents were put aside.",
        "w: not all of it is measured yet.",
    ]


def test_in_eighty_columns_the_table_cuts_nothing_off_and_where_there_is_room_it_has_all() -> None:
    row = {
        "id": "product-launch-2027", "owners": ["Ana Smith", "Ben Jones", "Cy"], "more_owners": False, "members": 3,
        "documents": {"living": 4, "archived": 0, "deleted": 0}, "records": 123_456, "live": None,
        "bytes": {"log": 1, "journal": 2048, "snapshots": 0}, "active": "2026-12-01T00:33:18.123Z",
    }  # fmt: skip
    for width, names in ((80, NARROW_COLUMNS), (200, COLUMNS)):
        console = Console(width=width, soft_wrap=True, file=StringIO(), record=True)
        console.print(workspaces_table([row], width=width), markup=False)
        said = console.export_text()
        assert ("2026-12-01 00:33 " in said) == (width == 80)
        assert all(name in said for name in names)
        assert all(len(line) <= width for line in said.splitlines())
        assert "…" not in said
        assert all(word in said for word in ("product-launch-2027", "Ana", "Jones", "123456"))


def test_a_key_and_the_server_are_told_in_words() -> None:
    key = {
        "id": "x", "kind": "session", "who": "Zoë", "ws": "v", "workspaces": 3, "role": "", "scope": "all", "label": "",
        "created": "1", "used": "", "from": "", "expires": None,
    }  # fmt: skip
    assert key_cells(key) == ["x", "Zoë", "3 workspaces", "session", "1", "never", "never"]
    assert key_cells({**key, "workspaces": 1, "label": "Firefox", "used": "2", "from": "::1", "expires": 0.0})[2:] == [
        "v", "session, Firefox", "1", "2 from ::1", "1970-01-01T00:00:00.000Z",
    ]  # fmt: skip
    token = {**key, "kind": "token", "ws": None, "role": "owner", "scope": "read"}
    assert key_cells(token)[2:4] == ["the whole server", "token, owner, only reads"]
    server = {
        "version": "1", "database": {"kind": "SQLite", "bytes": 1024, "schema": 7, "log_format": 3}, "workspaces": 1,
        "keys": 2, "backup": {"at": "1", "by": "cron", "subject": "a", "detail": ""}, "anchor": None, "stopped": True,
        "stops": [{"by": "Op", "since": "1", "reason": ""}],
    }  # fmt: skip
    assert server_lines(server) == [
        "Folkmoot 1 on SQLite: 1.0 KiB, schema 7, log format 3",
        "1 workspaces, 2 tokens and sessions that count",
        "Last backup: 1 by cron: a",
        "Last anchor: none known",
        "The agent is stopped on the whole server by Op since 1.",
    ]
