"""`folkmoot people`: without a server, and beside one, where what ended is over within a second."""

from __future__ import annotations

import asyncio
from pathlib import Path

from typer.testing import CliRunner

from agent.cli import app
from agent.server import serving
from tests.support.until import until
from workspace.access import parse_key
from workspace.client import connect
from workspace.settings import Settings

RUNNER = CliRunner()


def call(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, ["people", *arguments])
    return result.exit_code, result.output


def token(folder: Path, name: str, *more: str) -> str:
    result = RUNNER.invoke(app, ["token", "-w", "demo", "--actor", name, "--new", "--data", str(folder), *more])
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_who_is_there_what_they_hold_and_what_was_done_is_told_without_secrets(tmp_path: Path) -> None:
    here = ("--data", str(tmp_path))
    keys = [token(tmp_path, "Ana", "--role", "owner"), token(tmp_path, "Ben"), token(tmp_path, "TV", "--read-only")]
    code, out = call("list", "demo", *here)
    assert (code, [line.split()[:2] for line in out.splitlines()]) == (
        0, [["Ana", "owner"], ["Ben", "editor"], ["TV", "viewer"]]
    )  # fmt: skip
    assert call("role", "demo", "Ben", "viewer", *here) == (0, "Ben is viewer in demo now.\n")
    code, out = call("sessions", "demo", "Ben", *here)
    assert code == 0
    assert "token (viewer, all)" in out
    code, out = call("sessions", "demo", "Nobody", *here)
    assert (code, "Nobody of this name is a member here" in out) == (1, True), out
    code, fresh = call("rotate", "demo", "Ben", "--actor", "Ops", *here)
    assert (code, fresh[:3]) == (0, "fm_")
    (id, _) = parse_key(fresh.strip(), "fm") or ("", "")
    assert id in call("sessions", "demo", *here)[1]
    assert call("end", "demo", "TV", "--key", keys[2].split("_")[1], *here)[0] == 0
    assert call("end", "demo", "Ben", *here) == (0, "Ben is no member of demo any more.\n")
    assert [line.split()[0] for line in call("list", "demo", *here)[1].splitlines()] == ["Ana"]
    code, told = call("access", "demo", *here)
    ids = [key.split("_")[1] for key in keys]
    assert [line.split("  ")[2:5] for line in told.splitlines()] == [
        ["operator", "token", f"Ana: owner, all, {ids[0]}"],
        ["operator", "token", f"Ben: editor, all, {ids[1]}"],
        ["operator", "token", f"TV: editor, read, {ids[2]}"],
        ["operator", "role", "Ben: editor to viewer"],
        ["Ops", "link", f"Ben: viewer, all, {id}"],
        ["operator", "ended", f"TV: 1: {ids[2]}"],
        ["operator", "removed", "Ben"],
    ]
    assert call("access", *here)[1] == told
    assert len(call("access", "--limit", "2", *here)[1].splitlines()) == 2
    everything = told + call("sessions", "demo", *here)[1]
    assert not any(key.split("_")[2] in everything for key in (*keys, fresh.strip()))


def test_an_invitation_is_printed_once_listed_and_taken_back(tmp_path: Path) -> None:
    here = ("--data", str(tmp_path))
    token(tmp_path, "Ana", "--role", "owner")
    code, link = call("invite", "demo", "--role", "viewer", "--uses", "3", *here)
    assert (code, link.startswith("/w/demo#invitation=fi_")) == (0, True)
    code, out = call("invitations", "demo", *here)
    id = link.split("_")[1]
    assert (code, out.startswith(f"{id}  viewer  3 of 3 left, by operator, until 20")) == (0, True)
    assert link.strip().split("_")[2] not in out + call("access", "demo", *here)[1]
    assert call("revoke", "demo", id, *here) == (0, f"{id} lets nobody into demo any more.\n")
    assert call("invitations", "demo", *here) == (0, "")
    code, out = call("revoke", "demo", id, *here)
    assert (code, "no such invitation" in out) == (1, True)
    assert call("invite", "demo", "--role", "king", *here)[0] == 1


def test_mistakes_are_told_with_what_to_do(tmp_path: Path) -> None:
    here = ("--data", str(tmp_path))
    token(tmp_path, "Ana", "--role", "owner")
    for wrong, said in (
        (("list", "nowhere"), "there is no workspace 'nowhere'"),
        (("role", "demo", "Ana", "king"), "none of owner, editor"),
        (("role", "demo", "Zoë", "editor"), "Nobody of this name is a member here"),
        (("end", "demo", "Zoë"), "Nobody of this name is a member here"),
        (("end", "demo", "Ana", "--key", "0123"), "has no token or session 0123"),
        (("end", "demo", "Ana", "--actor", " x"), "--actor is a name"),
        (("rotate", "demo", "Zoë"), "Nobody of this name is a member here"),
    ):
        code, out = call(*wrong, *here)
        assert (code, said in " ".join(out.split())) == (1, True), out


async def test_beside_a_server_what_was_taken_away_is_over_within_a_second(tmp_path: Path) -> None:
    async with serving(Settings(port=0, database=f"sqlite:///{tmp_path / 'folkmoot.sqlite'}")) as server:
        await server.registry.create("demo", name="d", actor="ana", documents={"plan": "text"})
        link = await server.registry.tokens.make("demo", actor="ben", role="editor")
        async with connect(f"{server.ws_url}/ws/demo", token=link) as _:
            code, said = await asyncio.to_thread(call, "role", "demo", "ben", "viewer", "--data", str(tmp_path))
            assert (code, said) == (0, "ben is viewer in demo now.\n")
            holds = server.registry.authority._held_in("demo")
            await until(lambda: [hold.identity.role for hold in holds] == ["viewer"], seconds=3)
            assert (await asyncio.to_thread(call, "end", "demo", "ben", "--data", str(tmp_path)))[0] == 0
            await until(lambda: all(hold.is_over for hold in holds), seconds=3)
        assert await server.registry.tokens.identify(link, "demo") is None
