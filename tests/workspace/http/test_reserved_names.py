"""Nobody takes a name that the record uses for the server, or for whoever runs it; who has one keeps it."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from agent.cli import app
from tests.support.http import WS, http, problem
from tests.support.server import running_server
from workspace.access import Claims
from workspace.registry.sign_in import name_of
from workspace.settings import Settings
from workspace.sockets.guests import open_identity

NAMES = ("agent", "operator", "Operator", "OPERATOR", "server")


@pytest.mark.parametrize("name", NAMES)
async def test_no_door_gives_such_a_name_to_anybody(name: str) -> None:
    async with http("owner") as (server, owner), httpx2.AsyncClient(base_url=server.url) as page:
        problem(await owner.post(f"{WS}/tokens", json={"actor": name, "role": "editor"}), 400, "malformed")
        problem(await owner.patch("/api/me?ws=demo", json={"name": name}), 400, "malformed")
        key = (await owner.post(f"{WS}/invitations", json={"role": "editor"})).json()["invitation"]
        joined = await page.post("/api/invitation/accept", json={"invitation": key, "name": name})
        problem(joined, 400, "malformed")
        assert joined.json()["remedy"]
        assert open_identity(name, "guest-0011aaff").actor == "guest-0011aaff"
        assert name_of(Claims("https://a.example", "1", name)) == ""


async def test_whoever_has_it_already_is_shut_out_of_nothing() -> None:
    async with running_server(settings=Settings()) as server, httpx2.AsyncClient(base_url=server.url) as client:
        mine = {"authorization": f"Bearer {await server.token('operator', 'owner')}"}
        assert (await client.get("/api/me?ws=demo", headers=mine)).json()["actor"] == "operator"
        again = await client.post(f"{WS}/tokens", json={"actor": "operator", "role": "owner"}, headers=mine)
        assert again.status_code == 201
        link = await client.post(f"{WS}/links", json={"actor": "operator"}, headers=mine)
        assert link.status_code == 201
        anew = {"authorization": f"Bearer {link.json()['token']}"}
        rule = {"places": {"plan": [{"actor": "operator", "role": "editor"}]}}
        given = await client.put(f"{WS}/rights", json=rule, headers=anew)
        assert (given.status_code, given.json()["notes"]) == (200, [])


@pytest.mark.parametrize("name", NAMES)
def test_nor_does_the_command_line(name: str, tmp_path: Path) -> None:
    arguments = ["token", "--new", "--workspace", "demo", "--actor", name, "--data", str(tmp_path)]
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 1
    assert f"--actor '{name}' is " in " ".join(refused.output.split())
