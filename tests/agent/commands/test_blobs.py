"""`folkmoot blobs`: files are listed, exported whole and verified, and damage is told, with no server running."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import httpx2
from typer.testing import CliRunner

from agent.cli import app
from tests.support.server import running_server
from tests.workspace.http.blobs.test_routes import PNG, put, sha
from workspace.settings import Settings
from workspace.store.sql import SqlStore

RUNNER = CliRunner()


def call(*arguments: str) -> tuple[int, str]:
    result = RUNNER.invoke(app, [*arguments])
    return result.exit_code, " ".join(result.output.split())


def made(folder: Path) -> tuple[str, str]:
    """Make a workspace with two files; return the options that name its database."""

    async def make() -> None:
        store = SqlStore(f"sqlite:///{folder / 'folkmoot.sqlite'}")
        async with running_server(store=store, settings=Settings(port=0, data=str(folder))) as server:
            headers = {"authorization": f"Bearer {await server.token('ana')}"}
            async with httpx2.AsyncClient(base_url=server.url, headers=headers) as client:
                assert (await put(client, PNG, filename="boots 😀.png")).status_code == 201
                assert (await put(client, b"words", "text/plain")).status_code == 201

    asyncio.run(make())
    return "--data", str(folder)


def test_files_are_listed_with_what_they_are(tmp_path: Path) -> None:
    here = made(tmp_path)
    code, said = call("blobs", "list", "demo", *here)
    assert code == 0
    assert f"{sha(PNG)} {len(PNG):,} image/png ana (boots 😀.png)" in said
    assert f"{sha(b'words')} 5 text/plain ana" in said
    assert said.endswith(f"2 files, {len(PNG) + 5:,} bytes.")
    code, said = call("blobs", "list", "nowhere", *here)
    assert code != 0


def test_an_export_is_whole_and_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    here, target = made(tmp_path / "data"), tmp_path / "out"
    target.mkdir()
    (target / sha(PNG)).write_bytes(PNG[:100])
    (target / f"{sha(b'words')}.part").write_bytes(b"of one that was killed")
    for _ in range(2):
        code, said = call("blobs", "export", "demo", str(target), *here)
        assert (code, said.startswith("2 files are in")) == (0, True), said
    assert (target / sha(PNG)).read_bytes() == PNG
    assert (target / sha(b"words")).read_bytes() == b"words"
    listing = json.loads((target / "blobs.json").read_text())
    assert {one["id"]: one["by"][0]["filename"] for one in listing["blobs"]} == {
        sha(PNG): "boots 😀.png",
        sha(b"words"): "",
    }
    assert sorted(path.name for path in target.iterdir()) == sorted(["blobs.json", sha(PNG), sha(b"words")])
    blocked = tmp_path / "file"
    blocked.write_text("x")
    code, said = call("blobs", "export", "demo", str(blocked), *here)
    assert (code, "cannot write to" in said) == (1, True)


def test_a_damaged_file_is_told_and_not_exported(tmp_path: Path) -> None:
    here = made(tmp_path)
    assert call("blobs", "verify", "demo", *here) == (0, "demo: 2 files looked at, 0 damaged.")
    code, said = call("verify", "demo", *here)
    assert (code, said.endswith("2 files are what their ids say.")) == (0, True), said
    with sqlite3.connect(tmp_path / "folkmoot.sqlite") as raw:
        raw.execute("UPDATE blob_piece SET octets = ? WHERE octets = ?", (b"swords", b"words"))
    code, said = call("blobs", "verify", "demo", *here)
    assert (code, sha(b"words") in said, "1 damaged" in said) == (1, True, True)
    code, said = call("blobs", "export", "demo", str(tmp_path / "out"), *here)
    assert (code, sha(b"words") in said) == (1, True)
    assert not (tmp_path / "out" / sha(b"words")).exists()
    code, said = call("verify", "demo", *here)
    assert (code, sha(b"words") in said) == (1, True)
